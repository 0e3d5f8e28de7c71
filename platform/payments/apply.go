package payments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/orders"
	"allhours/plugins/sdk/pluginv1"
	"allhours/tenants/audit"
)

// Sources of what is known: in which way it came.
const (
	byCall    = "call"
	byWebhook = "webhook"
	byReturn  = "return"
	byLookup  = "lookup"
	byStaff   = "staff"
)

// settled is how long after a call was begun its request can no longer be on its way: only then does "never heard of it" mean that it was not done.
const settled = 30 * time.Second // calls are cut off before, see operate

// book is a payment and one of its operations, with the order and all its payments locked.
type book struct {
	tx  *db.Tx
	all []paymentRow // of the order
	pay *paymentRow  // one of all
	op  *operationRow
	was string // state of op before
	// orphan: there is no such order
	orphan bool
}

// openBook locks the order first and its payments then, as everybody does.
func (p *Payments) openBook(tx *db.Tx, operation uuid.UUID) (*book, error) {
	payment, order, err := whose(tx, operation)
	if err != nil {
		return nil, err
	}
	b := &book{tx: tx}
	if _, err := p.orders.LockTx(tx, order); errors.Is(err, orders.ErrNotFound) {
		b.orphan = true
	} else if err != nil {
		return nil, err
	}
	if b.all, err = lockPayments(tx, order); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(b.all, func(r paymentRow) bool { return r.ID == payment })
	b.pay = &b.all[i]
	if b.op, err = selectOperation(tx, operation); err != nil {
		return nil, err
	}
	b.was = b.op.State
	return b, nil
}

// apply is applyTx in a transaction of its own.
func (p *Payments) apply(ctx context.Context, sc db.Scope, operation uuid.UUID, v verdict, source string) (pay *paymentRow, err error) {
	err = p.db.InTx(context.WithoutCancel(ctx), sc, func(tx *db.Tx) error {
		pay, err = p.applyTx(tx, operation, v, source)
		return err
	})
	return pay, err
}

// applyTx records what a call, a notification, the shopper's return or a look-up says of an operation. They may come in any order and any number of times: the sums
// come out the same, and what has been done is not done again.
func (p *Payments) applyTx(tx *db.Tx, operation uuid.UUID, v verdict, source string) (*paymentRow, error) {
	b, err := p.openBook(tx, operation)
	if err != nil {
		return nil, err
	}
	before := *b.pay
	if source == byLookup {
		b.op.Lookups++
	}
	isNew, err := b.note(v, source)
	if err != nil {
		return nil, err
	}
	updateOperation(tx, b.op)
	if err := p.settle(b, &before, v, isNew, source); err != nil {
		return nil, err
	}
	return b.pay, b.setTimer()
}

// note adds the event that the verdict is about, if it is new, and moves the operation.
func (b *book) note(v verdict, source string) (isNew bool, err error) {
	kind, outcome := eventKind(b.op.Kind, v)
	if kind != "" && outcome == succeeded && kind != void {
		if !matches(v.result.GetAmount(), b.expected(kind), b.op.Currency) {
			return false, b.mismatch(v)
		}
	}
	if kind != "" {
		e := &eventRow{
			PaymentID: b.pay.ID, OperationID: &b.op.ID, Kind: kind, Outcome: outcome, Amount: b.expected(kind), Currency: b.op.Currency,
			ProviderRef: v.result.GetProviderRef(), Source: source, OccurredAt: b.tx.Now,
		}
		if isNew, err = insertEvent(b.tx, e); err != nil {
			return false, fmt.Errorf("record payment event: %w", err)
		}
	}
	b.moveOperation(v)
	b.think(v, source)
	return isNew, nil
}

// expected is the amount that an event of the kind must be over.
func (b *book) expected(kind string) int64 {
	if kind == b.op.Kind || b.op.Kind == authorize {
		return b.op.Amount
	}
	return b.pay.Amount
}

// eventKind is what a verdict on an operation says has happened, if anything.
func eventKind(operation string, v verdict) (kind, outcome string) {
	switch v.state {
	case pluginv1.TxnResult_AUTHORIZED:
		return authorize, succeeded
	case pluginv1.TxnResult_CAPTURED:
		return capture, succeeded
	case pluginv1.TxnResult_VOIDED:
		return void, succeeded
	case pluginv1.TxnResult_REFUNDED:
		return refund, succeeded
	case pluginv1.TxnResult_DECLINED:
		if operation == authorize && !v.fault {
			return authorize, failed
		}
	}
	return "", ""
}

// mismatch: the provider speaks of other money than we asked for. It counts for nothing until somebody, or a later look-up, clears it up.
func (b *book) mismatch(v verdict) error {
	const reason = "amount_mismatch"
	if b.op.Reason == reason || b.op.final() {
		return nil
	}
	b.op.State, b.op.Reason = opUnknown, reason
	if open(b.pay.Status) {
		b.pay.Status, b.pay.Reason = statusUnknown, reason
	}
	got := v.result.GetAmount()
	return outbox.Append(b.tx, EventMismatch, b.pay.ID.String(), MismatchV1{changedV1(b.tx, b.pay, b.op.Kind), got.GetMinor(), got.GetCurrency()})
}

// done says which state of the provider's ends an operation well.
var done = map[string][]pluginv1.TxnResult_State{
	authorize: {pluginv1.TxnResult_AUTHORIZED, pluginv1.TxnResult_CAPTURED},
	capture:   {pluginv1.TxnResult_CAPTURED},
	void:      {pluginv1.TxnResult_VOIDED},
	refund:    {pluginv1.TxnResult_REFUNDED},
}

// moveOperation moves the ledger row. Success beats failure, and both beat not knowing.
func (b *book) moveOperation(v verdict) {
	if v.reason != "" {
		b.op.Reason = v.reason
	}
	if ref := v.result.GetProviderRef(); ref != "" && b.op.ProviderRef == "" {
		b.op.ProviderRef = ref
	}
	switch {
	case slices.Contains(done[b.op.Kind], v.state):
		b.op.State, b.op.Reason = opSucceeded, ""
	case b.op.State == opSucceeded:
	case v.state == pluginv1.TxnResult_DECLINED, v.state == pluginv1.TxnResult_VOIDED && b.op.Kind != refund, v.state == pluginv1.TxnResult_CAPTURED && b.op.Kind == void:
		b.op.State = opFailed
	case b.op.State == opFailed:
	case v.state == pluginv1.TxnResult_NOT_ATTEMPTED && b.op.Kind != authorize:
		b.op.State = opCreated // it will be sent again, under the same key
	case v.state == pluginv1.TxnResult_NOT_ATTEMPTED:
		if v.retry || b.tx.Now.Sub(b.op.CreatedAt) >= settled {
			b.op.State, b.op.Reason = opFailed, "provider_unavailable"
		} else {
			b.op.State = opUnknown
		}
	case v.state == pluginv1.TxnResult_UNKNOWN:
		b.op.State = opUnknown
	default:
		b.op.State = opSent
	}
}

// think sets the payment's state as far as it is not a matter of facts.
func (b *book) think(v verdict, source string) {
	if ref := v.result.GetProviderRef(); b.op.Kind == authorize && ref != "" && b.pay.ProviderRef == "" {
		b.pay.ProviderRef = ref
	}
	if next := nextAction(v.result); next != nil && b.op.Kind != refund {
		b.pay.NextAction.V = next
	}
	if b.op.Kind != authorize {
		return
	}
	asked := source == byLookup || source == byReturn
	switch {
	case v.state == pluginv1.TxnResult_ACTION_REQUIRED:
		b.pay.Status, b.pay.Reason = statusAction, ""
	case v.state == pluginv1.TxnResult_PENDING:
		b.pay.Status, b.pay.Reason = statusPending, ""
	case b.op.State == opFailed:
		b.pay.Status, b.pay.Reason = statusFailed, b.op.Reason
	case b.op.State == opUnknown && asked && open(b.pay.Status) && b.pay.Status != statusCreated:
		// the question had no answer; what was known stays
	case b.op.State == opUnknown:
		b.pay.Status, b.pay.Reason = statusUnknown, v.reason
	}
}

// settle adds up what is known, tells the order, and sends back money that came for an order that has ended.
func (p *Payments) settle(b *book, before *paymentRow, v verdict, isNew bool, source string) error {
	all, err := selectSums(b.tx, b.all)
	if err != nil {
		return err
	}
	s := all[b.pay.ID]
	b.pay.Captured, b.pay.Refunded = s.Captured, s.Refunded
	b.pay.Status = s.status(b.pay.Status, b.op.Reason)
	if b.pay.Status == statusCaptured || b.pay.Status == statusAuthorized {
		b.pay.Reason = ""
	}
	changed := b.pay.Status != before.Status || b.pay.Captured != before.Captured || b.pay.Refunded != before.Refunded
	if changed || b.pay.ProviderRef != before.ProviderRef || b.pay.Reason != before.Reason || b.pay.NextAction.V != before.NextAction.V {
		updatePayment(b.tx, b.pay)
		if err := b.log(before, source); err != nil {
			return err
		}
	}
	if err := b.announce(before); err != nil {
		return err
	}
	moneyIn := isNew && (v.state == pluginv1.TxnResult_CAPTURED || v.state == pluginv1.TxnResult_AUTHORIZED)
	if b.orphan {
		if moneyIn {
			return publish(b.tx, EventOrphan, b.pay, b.op.Kind)
		}
		return nil
	}
	if !changed {
		return nil
	}
	return p.tellOrder(b.tx, b.all, all, b.pay, b.op.Kind, moneyIn)
}

// tellOrder tells the order what its payments come to. Money that has come in by pay for an order that has ended goes back.
func (p *Payments) tellOrder(tx *db.Tx, all []paymentRow, s map[uuid.UUID]sums, pay *paymentRow, operation string, moneyIn bool) error {
	outcome, err := p.orders.PaymentChangedTx(tx, pay.OrderID, totals(all, s))
	if err != nil || !outcome.Ended || !moneyIn {
		return err
	}
	late := *pay
	late.Reason = "order_ended"
	if err := publish(tx, EventOrphan, &late, operation); err != nil {
		return err
	}
	_, err = p.reverse(tx, all, "order_ended")
	return err
}

// log puts the change into the audit log.
func (b *book) log(before *paymentRow, source string) error {
	state := func(r *paymentRow) map[string]any {
		return map[string]any{"status": r.Status, "captured": r.Captured, "refunded": r.Refunded, "reason": r.Reason, "provider_ref": r.ProviderRef}
	}
	after := state(b.pay)
	after["source"], after["operation"] = source, b.op.ID
	return audit.Append(b.tx, audit.Entry{Action: "payment.changed", ObjectType: "payment", ObjectID: b.pay.ID.String(), Before: state(before), After: after})
}

// announce publishes what has changed.
func (b *book) announce(before *paymentRow) error {
	if b.pay.Status != before.Status {
		if err := publish(b.tx, eventOf(b.pay.Status), b.pay, b.op.Kind); err != nil {
			return err
		}
	}
	if b.pay.Refunded > before.Refunded {
		return publish(b.tx, EventRefunded, b.pay, refund)
	}
	if b.op.Kind == refund && b.op.State == opFailed && b.was != opFailed {
		failure := *b.pay
		failure.Reason = b.op.Reason
		return publish(b.tx, EventFailed, &failure, refund)
	}
	return nil
}

// setTimer sets when the operation is to be looked at next; none if it is over.
func (b *book) setTimer() error {
	id := b.op.ID.String()
	if b.op.Kind == authorize && !open(b.pay.Status) {
		outbox.Cancel(b.tx, TimerExpire, b.pay.ID.String())
	}
	outbox.Cancel(b.tx, TimerLookup, id)
	if b.op.final() {
		return nil
	}
	age := b.tx.Now.Sub(b.op.CreatedAt)
	pending := b.pay.Status == statusAction || b.pay.Status == statusPending
	if age >= giveUpAfter {
		last := changedV1(b.tx, b.pay, b.op.Kind)
		last.Final = true
		return outbox.Append(b.tx, EventUnknown, b.pay.ID.String(), last)
	}
	timer := TimerLookup
	if b.op.State == opCreated {
		timer = TimerOperation
	}
	return outbox.Schedule(b.tx, b.tx.Now.Add(nextLook(age, pending)), timer, id, struct{}{})
}

func nextAction(r *pluginv1.TxnResult) *orders.NextAction {
	m := r.GetNextAction().AsMap()
	typ, _ := m["type"].(string)
	if typ != "redirect" && typ != "qr" {
		return nil
	}
	next := &orders.NextAction{Type: typ}
	next.URL, _ = m["url"].(string)
	next.Payload, _ = m["payload"].(string)
	if s, _ := m["expires_at"].(string); s != "" {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			t = t.UTC()
			next.ExpiresAt = &t
		}
	}
	return next
}
