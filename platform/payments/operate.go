package payments

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/plugins/host"
	"allhours/plugins/sdk"
	"allhours/plugins/sdk/pluginv1"
)

// call asks the provider to do an operation.
type call func(ctx context.Context, c pluginv1.PaymentClient) (*pluginv1.TxnResult, error)

// operate calls the provider and records the answer. If there was none, it looks the operation up at once; if the provider has never heard of it, it is sent once
// more, under the same key. What is unknown then is left to the timers.
func (p *Payments) operate(ctx context.Context, sc db.Scope, client pluginv1.PaymentClient, pay *paymentRow, op *operationRow, do call) (*paymentRow, error) {
	// The shopper may go away; the money does not.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settled-2*time.Second)
	defer cancel()
	v := judge(do(ctx, client))
	source := byCall
	if v.state == pluginv1.TxnResult_UNKNOWN {
		slog.WarnContext(ctx, "payments: no answer from the provider", "operation", op.ID, "kind", op.Kind, "payment", pay.ID, "err", v.err)
		if found := judge(p.find(ctx, client, pay, op)); found.state == pluginv1.TxnResult_NOT_ATTEMPTED && !found.retry {
			v = judge(do(ctx, client))
		} else if found.err == nil {
			v, source = found, byLookup
		}
	}
	return p.apply(ctx, sc, op.ID, v, source)
}

// byHand is the answer to an operation on money that no provider holds: staff give it back themselves.
func byHand(op *operationRow) verdict {
	state := pluginv1.TxnResult_REFUNDED
	if op.Kind == void {
		state = pluginv1.TxnResult_VOIDED
	}
	return verdict{state: state, result: &pluginv1.TxnResult{State: state, ProviderRef: op.ID.String(), Amount: money(op.Amount, op.Currency)}}
}

// find looks an operation up by whatever is known of it.
func (p *Payments) find(ctx context.Context, client pluginv1.PaymentClient, pay *paymentRow, op *operationRow) (*pluginv1.TxnResult, error) {
	in := &pluginv1.LookupRequest{TxnId: op.ID.String(), OriginalIdempotencyKey: op.ID.String(), Kind: pluginv1.LookupRequest_PAYMENT}
	if op.Kind == refund {
		in.Kind, in.ProviderRef = pluginv1.LookupRequest_REFUND, op.ProviderRef
	} else {
		in.ProviderRef = pay.ProviderRef
	}
	return client.Lookup(ctx, in)
}

func (p *Payments) client(ctx context.Context, sc db.Scope, pay *paymentRow) (pluginv1.PaymentClient, error) {
	in, err := p.plugins.Get(ctx, sc, *pay.InstallationID)
	if err != nil {
		return nil, err
	}
	return p.plugins.Payment(in)
}

func money(amount int64, currency string) *pluginv1.Money {
	return &pluginv1.Money{Currency: currency, Minor: amount, Exponent: sdk.Exponent(currency)}
}

func key(op *operationRow) *pluginv1.Call { return &pluginv1.Call{IdempotencyKey: op.ID.String()} }

// request is the call of an operation that follows up on a payment.
func request(pay *paymentRow, op *operationRow) call {
	return func(ctx context.Context, c pluginv1.PaymentClient) (*pluginv1.TxnResult, error) {
		switch op.Kind {
		case capture:
			return c.Capture(ctx, &pluginv1.CaptureRequest{Call: key(op), TxnId: op.ID.String(), ProviderRef: pay.ProviderRef, Amount: money(op.Amount, op.Currency), Final: true})
		case void:
			return c.Void(ctx, &pluginv1.VoidRequest{Call: key(op), TxnId: op.ID.String(), ProviderRef: pay.ProviderRef})
		default:
			return c.Refund(ctx, &pluginv1.RefundRequest{Call: key(op), TxnId: op.ID.String(), ProviderRef: pay.ProviderRef, Amount: money(op.Amount, op.Currency), Reason: op.Reason})
		}
	}
}

// run does an operation that is in the ledger and not over. One that may have been sent before is looked up first.
func (p *Payments) run(ctx context.Context, sc db.Scope, id uuid.UUID) error {
	pay, op, fresh, err := p.take(ctx, sc, id)
	if err != nil || op.final() {
		return err
	}
	if !fresh || pay.InstallationID == nil {
		return p.lookup(ctx, sc, id, byLookup)
	}
	client, err := p.client(ctx, sc, pay)
	if err != nil {
		_, err = p.apply(ctx, sc, id, judge(nil, fmt.Errorf("%w: %w", host.ErrNotSent, err)), byCall)
		return err
	}
	_, err = p.operate(ctx, sc, client, pay, op, request(pay, op))
	return err
}

// take marks a new operation as sent, and sets the timer that sees to it if this process dies.
func (p *Payments) take(ctx context.Context, sc db.Scope, id uuid.UUID) (pay *paymentRow, op *operationRow, fresh bool, err error) {
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		b, err := p.openBook(tx, id)
		if err != nil {
			return err
		}
		pay, op, fresh = b.pay, b.op, b.op.State == opCreated
		if !fresh {
			return nil
		}
		op.State = opSent
		op.Attempts++
		updateOperation(tx, op)
		return outbox.Schedule(tx, tx.Now.Add(settled), TimerLookup, id.String(), struct{}{})
	})
	return pay, op, fresh, err
}

// lookup asks the provider what became of an operation and records it.
func (p *Payments) lookup(ctx context.Context, sc db.Scope, id uuid.UUID, source string) error {
	var pay *paymentRow
	var op *operationRow
	err := p.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		if op, err = selectOperation(tx, id); err == nil {
			pay, err = selectPayment(tx, op.PaymentID)
		}
		return err
	})
	if err != nil || op.final() {
		return err
	}
	if pay.InstallationID == nil {
		_, err := p.apply(ctx, sc, id, byHand(op), byStaff)
		return err
	}
	client, err := p.client(ctx, sc, pay)
	if err != nil {
		return err
	}
	v := judge(p.find(ctx, client, pay, op))
	if v.err != nil {
		v.state, v.retry, v.fault = pluginv1.TxnResult_UNKNOWN, false, false // the question had no answer: nothing is known of the operation
	}
	if op.Kind == void && v.state == pluginv1.TxnResult_ACTION_REQUIRED {
		v.state = pluginv1.TxnResult_NOT_ATTEMPTED // it is still open: close it again
	}
	_, err = p.apply(ctx, sc, id, v, source)
	return err
}

// OnLookupDue is the handler of TimerLookup.
func (p *Payments) OnLookupDue(ctx context.Context, e outbox.Event) error {
	id, err := subject(e)
	if err != nil {
		return err
	}
	return p.lookup(ctx, db.ScopeOf(ctx), id, byLookup)
}

// OnOperationDue is the handler of TimerOperation.
func (p *Payments) OnOperationDue(ctx context.Context, e outbox.Event) error {
	id, err := subject(e)
	if err != nil {
		return err
	}
	return p.run(ctx, db.ScopeOf(ctx), id)
}

// OnExpireDue is the handler of TimerExpire: the shopper's time is over.
func (p *Payments) OnExpireDue(ctx context.Context, e outbox.Event) error {
	id, err := subject(e)
	if err != nil {
		return err
	}
	pay, err := p.read(ctx, db.ScopeOf(ctx), id)
	if err != nil || !open(pay.Status) {
		return err
	}
	return p.close(ctx, db.ScopeOf(ctx), pay)
}

func subject(e outbox.Event) (uuid.UUID, error) {
	id, err := uuid.Parse(e.Subject)
	if err != nil {
		return id, fault.New(fault.Invalid, "payment.timer", "The subject of %s is no id.", e.Type).Wrap(err)
	}
	return id, nil
}

func stamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}
