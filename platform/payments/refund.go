package payments

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/orders"
	"allhours/tenants/audit"
)

// RefundInput says what of an order is paid back: an amount, or lines; all that is left where neither is given.
type RefundInput struct {
	Amount  int64               `json:"amount,omitempty" minimum:"1" doc:"Minor units of the order's currency."`
	Lines   []orders.LineRefund `json:"lines,omitempty" maxItems:"500"`
	Reason  string              `json:"reason,omitempty" maxLength:"500"`
	Restock bool                `json:"restock,omitempty" doc:"Put the units of the lines back for sale."`
}

// Refund pays money of an order back, from the payments it came by. It is decided under a lock and in the ledger before a provider hears of it; the same key is the same refund.
func (p *Payments) Refund(ctx context.Context, sc db.Scope, orderID uuid.UUID, requestKey string, in RefundInput) error {
	if requestKey == "" {
		return ErrKey
	}
	if in.Amount != 0 && len(in.Lines) > 0 {
		return fault.New(fault.Invalid, "payment.refund_invalid", "Give an amount or lines, not both.").Field("body.lines", "excludes amount")
	}
	if in.Restock && len(in.Lines) == 0 {
		return fault.New(fault.Invalid, "payment.refund_invalid", "To restock, say which lines.").Field("body.restock", "needs lines")
	}
	var ids []uuid.UUID
	err := p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if _, err := p.orders.LockTx(tx, orderID); err != nil {
			return err
		}
		var replayed bool
		var err error
		ids, replayed, err = db.Once(tx, "payment:refund:"+orderID.String()+":"+requestKey, in, func() ([]uuid.UUID, error) {
			return p.orderRefunds(tx, orderID, in)
		})
		db.AttemptOf(ctx).Replayed = replayed
		return err
	})
	for _, id := range ids {
		if err == nil {
			err = p.run(ctx, sc, id)
		}
	}
	return err
}

// orderRefunds puts the refunds into the ledger: from the oldest payment on, no more than is left of each.
func (p *Payments) orderRefunds(tx *db.Tx, orderID uuid.UUID, in RefundInput) (ids []uuid.UUID, err error) {
	all, err := lockPayments(tx, orderID)
	if err != nil {
		return nil, err
	}
	left, err := leftOf(tx, all)
	if err != nil {
		return nil, err
	}
	var total int64
	for _, l := range left {
		total += l
	}
	amount := in.Amount
	if len(in.Lines) > 0 {
		if amount, err = p.refundLines(tx, orderID, in); err != nil {
			return nil, err
		}
	} else if amount == 0 {
		amount = total
	}
	if amount == 0 || amount > total {
		return nil, ErrRefund.With("left", total).Field("body.amount", "is more than is left")
	}
	after := map[string]any{"amount": amount, "reason": in.Reason, "lines": in.Lines, "restock": in.Restock}
	if err := audit.Append(tx, audit.Entry{Action: "order.refunded", ObjectType: "order", ObjectID: orderID.String(), After: after}); err != nil {
		return nil, err
	}
	for i := range all {
		part := min(amount, left[i])
		if part == 0 {
			continue
		}
		amount -= part
		op := &operationRow{PaymentID: all[i].ID, Kind: refund, Amount: part, Currency: all[i].Currency, State: opCreated, Reason: in.Reason}
		if err := orderTx(tx, op, tx.Now.Add(settled)); err != nil {
			return nil, err
		}
		ids = append(ids, op.ID)
	}
	return ids, nil
}

func (p *Payments) refundLines(tx *db.Tx, orderID uuid.UUID, in RefundInput) (int64, error) {
	amount, err := p.orders.RefundLinesTx(tx, orderID, in.Lines)
	if err != nil || !in.Restock {
		return amount, err
	}
	var goods []orders.GroupLine
	for _, l := range in.Lines {
		if l.Quantity > 0 {
			goods = append(goods, orders.GroupLine{Line: l.Line, Quantity: l.Quantity})
		}
	}
	return amount, p.orders.RestockTx(tx, orderID, goods)
}

// leftOf is what of each payment is neither paid back nor on the way back.
func leftOf(tx *db.Tx, all []paymentRow) ([]int64, error) {
	left := make([]int64, len(all))
	for i, pay := range all {
		var ordered int64
		err := tx.Raw(`SELECT COALESCE(sum(amount), 0) FROM payment_operations WHERE tenant_id = ? AND payment_id = ? AND kind = 'refund' AND state NOT IN ('succeeded','failed')`,
			pay.TenantID, pay.ID).Row().Scan(&ordered)
		if err != nil {
			return nil, err
		}
		left[i] = max(0, pay.Captured-pay.Refunded-ordered)
	}
	return left, nil
}

// ReverseTx has all money of the order go back: what is captured is refunded, what is authorized or open is voided. The caller holds the order's lock.
func (p *Payments) ReverseTx(tx *db.Tx, orderID uuid.UUID, reason string) (int64, error) {
	all, err := lockPayments(tx, orderID)
	if err != nil {
		return 0, err
	}
	return p.reverse(tx, all, reason)
}

func (p *Payments) reverse(tx *db.Tx, all []paymentRow, reason string) (sum int64, err error) {
	left, err := leftOf(tx, all)
	if err != nil {
		return 0, err
	}
	for i := range all {
		pay := &all[i]
		switch {
		case left[i] > 0:
			op := &operationRow{PaymentID: pay.ID, Kind: refund, Amount: left[i], Currency: pay.Currency, State: opCreated, Reason: reason}
			err = orderTx(tx, op, tx.Now)
			sum += left[i]
		case pay.Status == statusAuthorized:
			_, err = voidTx(tx, pay, tx.Now)
		case open(pay.Status):
			err = outbox.Schedule(tx, tx.Now, TimerExpire, pay.ID.String(), struct{}{})
		}
		if err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// ManualInput is money that staff took: cash, a bank transfer.
type ManualInput struct {
	Amount    int64  `json:"amount" minimum:"1" doc:"Minor units of the currency."`
	Currency  string `json:"currency,omitempty" minLength:"3" maxLength:"3" doc:"The order's where it is left out."`
	Reference string `json:"reference,omitempty" maxLength:"200" doc:"Receipt or transfer number."`
}

// RecordManual records money that came by no plugin.
func (p *Payments) RecordManual(ctx context.Context, sc db.Scope, orderID uuid.UUID, requestKey string, in ManualInput) (orders.PaymentView, error) {
	if requestKey == "" {
		return orders.PaymentView{}, ErrKey
	}
	var pay *paymentRow
	err := p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		currency, err := p.orders.LockTx(tx, orderID)
		if err != nil {
			return err
		}
		if in.Currency != "" && in.Currency != currency {
			return fault.New(fault.Invalid, "payment.currency", "The order is in %s.", currency).Field("body.currency", "must be %s", currency)
		}
		id, replayed, err := db.Once(tx, "payment:manual:"+orderID.String()+":"+requestKey, in, func() (uuid.UUID, error) {
			if pay, err = p.recordTx(tx, orderID, currency, in); err != nil {
				return uuid.Nil, err
			}
			return pay.ID, nil
		})
		if err != nil {
			return err
		}
		db.AttemptOf(ctx).Replayed = replayed
		if replayed {
			pay, err = selectPayment(tx, id)
		}
		return err
	})
	return pay.viewOr(err)
}

func (p *Payments) recordTx(tx *db.Tx, orderID uuid.UUID, currency string, in ManualInput) (*paymentRow, error) {
	all, err := lockPayments(tx, orderID)
	if err != nil {
		return nil, err
	}
	s, err := selectSums(tx, all)
	if err != nil {
		return nil, err
	}
	id := db.NewID()
	pay := &paymentRow{
		ID: id, OrderID: orderID, Method: "manual", Currency: currency, Amount: in.Amount, Captured: in.Amount, Status: statusCaptured, ProviderRef: id.String(),
	}
	op := &operationRow{PaymentID: id, Kind: authorize, Amount: in.Amount, Currency: currency, State: opSucceeded, Attempts: 1, ProviderRef: id.String()}
	insertPayment(tx, pay)
	insertOperation(tx, op)
	came := &eventRow{PaymentID: id, OperationID: &op.ID, Kind: capture, Outcome: succeeded, Amount: in.Amount, Currency: currency, ProviderRef: id.String(), Source: byStaff, OccurredAt: tx.Now}
	if _, err := insertEvent(tx, came); err != nil {
		return nil, fmt.Errorf("record payment event: %w", err)
	}
	after := map[string]any{"order_id": orderID, "amount": in.Amount, "reference": in.Reference}
	if err := audit.Append(tx, audit.Entry{Action: "payment.recorded", ObjectType: "payment", ObjectID: id.String(), After: after}); err != nil {
		return nil, err
	}
	if err := publish(tx, EventSucceeded, pay, authorize); err != nil {
		return nil, err
	}
	s[id] = sums{Captured: in.Amount}
	return pay, p.tellOrder(tx, append(all, *pay), s, pay, authorize, true)
}
