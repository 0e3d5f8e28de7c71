package orders

import (
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/inventory"
)

// PaymentOutcome tells payments what became of the order.
type PaymentOutcome struct {
	Status        string
	PaymentStatus string
	Ended         bool // cancelled or expired: money that is there must go back
	Placed        bool // this change has placed the order
}

// PaymentChangedTx sets what the payments of the order come to, in the transaction that recorded it and has taken LockTx; telling the same again changes nothing. A draft that the money covers is
// placed: its holds are committed, it gets its number, and its events go out. Whether it is paid or expires is decided by who locks the order first; the loser learns it here.
func (o *Orders) PaymentChangedTx(tx *db.Tx, orderID uuid.UUID, totals PaymentTotals) (PaymentOutcome, error) {
	order, err := readOrder(tx, orderID, "")
	if err != nil {
		return PaymentOutcome{}, err
	}
	before := axesOf(&order)
	status := PaymentStatusOf(order.Total, totals)
	place := order.Status == Draft && totals.Covers(order.Total) && !totals.Disputed
	if status != order.PaymentStatus || totals.Captured != order.PaidTotal || totals.Refunded != order.RefundedTotal || place {
		refunded := totals.Refunded - order.RefundedTotal
		order.PaymentStatus, order.PaidTotal, order.RefundedTotal = status, totals.Captured, totals.Refunded
		if place {
			err = o.finalize(tx, before, &order)
		} else {
			err = o.save(tx, before, &order)
		}
		if err != nil {
			return PaymentOutcome{}, err
		}
		if err := o.tellPayment(tx, before, &order, refunded); err != nil {
			return PaymentOutcome{}, err
		}
	}
	return PaymentOutcome{Status: order.Status, PaymentStatus: order.PaymentStatus, Ended: Ended(order.Status), Placed: place}, nil
}

// finalize places a draft or a confirmed order: FINALIZE of the three phases.
func (o *Orders) finalize(tx *db.Tx, before axes, order *Order) error {
	if err := o.inventory.CommitTx(tx, inventory.OrderOwner(order.ID)); err != nil {
		return err
	}
	number, err := nextNumber(tx)
	if err != nil {
		return err
	}
	order.Number, order.Status, order.PlacedAt, order.ExpiresAt = &number, Placed, &tx.Now, nil
	outbox.Cancel(tx, TimerUnpaid, order.ID.String())
	if err := o.save(tx, before, order); err != nil {
		return err
	}
	if err := tell(tx, order, "placed", true, nil); err != nil {
		return err
	}
	return publish(tx, EventPlaced, order, "")
}

func (o *Orders) tellPayment(tx *db.Tx, before axes, order *Order, refunded int64) error {
	if before.payment != order.PaymentStatus || refunded != 0 {
		data := map[string]any{"from": before.payment, "to": order.PaymentStatus, "paid_total": order.PaidTotal, "refunded_total": order.RefundedTotal}
		if err := tell(tx, order, "payment_changed", true, data); err != nil {
			return err
		}
	}
	if err := publish(tx, EventPaymentChanged, order, ""); err != nil {
		return err
	}
	wasPaid := before.payment == Paid || before.payment == Overpaid
	if !wasPaid && (order.PaymentStatus == Paid || order.PaymentStatus == Overpaid) {
		if err := publish(tx, EventPaid, order, ""); err != nil {
			return err
		}
	}
	if refunded > 0 {
		return publish(tx, EventRefunded, order, "")
	}
	return nil
}
