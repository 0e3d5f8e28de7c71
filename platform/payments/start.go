package payments

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/orders"
	"allhours/plugins"
	"allhours/plugins/sdk/pluginv1"
	"allhours/tenants/audit"
)

// Start opens an attempt to pay the order. An earlier attempt that is still open is closed at its provider first; should it turn out to be paid, the answer is ErrPaid.
func (p *Payments) Start(ctx context.Context, sc db.Scope, in orders.StartPayment) (orders.PaymentView, error) {
	inst, code, err := p.chosen(ctx, sc, in.Method)
	if err != nil {
		return orders.PaymentView{}, err
	}
	client, err := p.plugins.Payment(inst)
	if err != nil {
		return orders.PaymentView{}, err
	}
	pay, op, replayed, err := p.begin(ctx, sc, in, inst)
	if errors.Is(err, errOpenAttempt) {
		if err := p.Close(ctx, sc, in.OrderID); err != nil {
			return orders.PaymentView{}, err
		}
		pay, op, replayed, err = p.begin(ctx, sc, in, inst)
	}
	if err != nil {
		return orders.PaymentView{}, err
	}
	if replayed {
		if pay, err = p.await(ctx, sc, pay); err != nil || pay.Status != statusCreated {
			return pay.view(), err
		}
	}
	pay, err = p.operate(ctx, sc, client, pay, op, func(ctx context.Context, c pluginv1.PaymentClient) (*pluginv1.TxnResult, error) {
		return c.Authorize(ctx, &pluginv1.AuthorizeRequest{
			Call: key(op), OrderId: in.OrderID.String(), TxnId: op.ID.String(), Amount: money(in.Amount, in.Currency), MethodCode: code, Capture: true,
			ReturnUrl: returnURL(in.ReturnURL, pay.ID, in.OrderID), ExpiresAt: stamp(pay.ExpiresAt), Billing: &pluginv1.Address{Email: in.Email},
		})
	})
	if err != nil {
		return orders.PaymentView{}, err
	}
	return pay.view(), nil
}

var errOpenAttempt = fault.New(fault.Conflict, "payment.open_attempt", "Another attempt to pay this order is open.")

// begin makes the payment and its ledger row, which exist before the provider hears of them.
func (p *Payments) begin(ctx context.Context, sc db.Scope, in orders.StartPayment, inst plugins.Installation) (pay *paymentRow, op *operationRow, replayed bool, err error) {
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if _, err := p.orders.LockTx(tx, in.OrderID); err != nil {
			return err
		}
		all, err := lockPayments(tx, in.OrderID)
		if err != nil {
			return err
		}
		ask := struct {
			Method, Currency string
			Amount           int64
		}{in.Method, in.Currency, in.Amount}
		var id uuid.UUID
		id, replayed, err = db.Once(tx, claim(in), ask, func() (uuid.UUID, error) {
			if err := mayPay(all); err != nil {
				return uuid.Nil, err
			}
			pay, op, err = insertAttempt(tx, in, inst)
			if err != nil {
				return uuid.Nil, err
			}
			return pay.ID, nil
		})
		if err != nil || !replayed {
			return err
		}
		if pay, err = selectPayment(tx, id); err != nil {
			return err
		}
		op, err = attemptOf(tx, pay)
		return err
	})
	return pay, op, replayed, err
}

func claim(in orders.StartPayment) string {
	if in.Key == "" {
		return ""
	}
	return "payment:start:" + in.OrderID.String() + ":" + in.Key
}

// mayPay refuses a second attempt beside an open one, and any where the money is there.
func mayPay(all []paymentRow) error {
	for _, pay := range all {
		switch {
		case open(pay.Status):
			return errOpenAttempt
		case pay.Status == statusAuthorized, pay.Captured > pay.Refunded:
			return ErrPaid
		}
	}
	return nil
}

func insertAttempt(tx *db.Tx, in orders.StartPayment, inst plugins.Installation) (pay *paymentRow, op *operationRow, err error) {
	expires := tx.Now.Add(life)
	pay = &paymentRow{
		ID: db.NewID(), OrderID: in.OrderID, InstallationID: &inst.ID, Method: in.Method, Currency: in.Currency, Amount: in.Amount, Status: statusCreated, ExpiresAt: &expires,
	}
	insertPayment(tx, pay)
	op = &operationRow{PaymentID: pay.ID, Kind: authorize, Amount: in.Amount, Currency: in.Currency, RequestKey: in.Key, State: opSent, Attempts: 1}
	insertOperation(tx, op)
	if err := outbox.Schedule(tx, tx.Now.Add(settled), TimerLookup, op.ID.String(), struct{}{}); err != nil {
		return nil, nil, err
	}
	if err := outbox.Schedule(tx, expires, TimerExpire, pay.ID.String(), struct{}{}); err != nil {
		return nil, nil, err
	}
	after := map[string]any{"order_id": in.OrderID, "method": in.Method, "amount": in.Amount, "currency": in.Currency}
	return pay, op, audit.Append(tx, audit.Entry{Action: "payment.started", ObjectType: "payment", ObjectID: pay.ID.String(), After: after})
}

// attemptOf is the authorize operation of a payment.
func attemptOf(tx *db.Tx, pay *paymentRow) (*operationRow, error) {
	var op operationRow
	err := tx.Where("tenant_id = ? AND payment_id = ? AND kind = 'authorize'", pay.TenantID, pay.ID).Take(&op).Error
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	return &op, err
}

// await waits, while the first request under a key is still with the provider, for its answer. If that request is dead, the payment comes back as it was made.
func (p *Payments) await(ctx context.Context, sc db.Scope, pay *paymentRow) (*paymentRow, error) {
	ctx, cancel := context.WithTimeout(ctx, settled)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for pay.Status == statusCreated {
		var now time.Time
		err := p.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
			now = tx.Now
			pay, err = selectPayment(tx, pay.ID)
			return err
		})
		if err != nil {
			return pay, err
		}
		if pay.Status != statusCreated || now.Sub(pay.CreatedAt) >= settled {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return pay, ErrUnresolved.Wrap(context.Cause(ctx))
		}
	}
	return pay, nil
}

// chosen finds the active installation and the method's code in it.
func (p *Payments) chosen(ctx context.Context, sc db.Scope, method string) (plugins.Installation, string, error) {
	id, code, ok := splitMethod(method)
	if !ok {
		return plugins.Installation{}, "", ErrMethod
	}
	inst, err := p.plugins.Get(ctx, sc, id)
	if errors.Is(err, plugins.ErrNotFound) || (err == nil && inst.State != "active") {
		err = ErrMethod
	}
	return inst, code, err
}

// returnURL adds to the shop's address which payment and order the browser comes back from.
func returnURL(raw string, payment, order uuid.UUID) string {
	u, err := url.Parse(raw)
	if err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Host == "" {
		return ""
	}
	q := u.Query()
	q.Set("payment", payment.String())
	q.Set("order", order.String())
	u.RawQuery = q.Encode()
	return u.String()
}
