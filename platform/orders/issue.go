package orders

import (
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
)

// IssueTx issues a digital order that is paid, in the transaction that confirms the event: what was ordered leaves the house, and the order is completed. It hears order.placed, order.paid
// and order.released, whichever of them makes an order ready; one that is not ready, or has been issued, stays as it is.
func (o *Orders) IssueTx(tx *db.Tx, e outbox.Event) error {
	id, err := uuid.Parse(e.Subject)
	if err != nil {
		return fmt.Errorf("%s: subject %q: %w", e.Type, e.Subject, err)
	}
	var digital bool
	if err := tx.Raw(`SELECT EXISTS (SELECT 1 FROM orders WHERE id = ? AND fulfilment_type = 'digital')`, id).Row().Scan(&digital); err != nil || !digital {
		return err
	}
	return o.changeTx(tx, Doing{ID: id}, "issue", func(tx *db.Tx, order *Order) (bool, error) {
		settled := order.PaymentStatus == Paid || order.PaymentStatus == Overpaid
		if order.Status != Placed || !settled || order.Hold != nil {
			return false, nil
		}
		issued := false
		for i := range order.Fulfilments { // begun by staff
			if order.Fulfilments[i].Status == Unfulfilled {
				if err := o.step(tx, order, i, "issued", false); err != nil {
					return false, err
				}
				issued = true
			}
		}
		if unitsOpen(order.Lines, order.Fulfilments) == 0 {
			return issued, nil
		}
		return true, o.fulfilTx(tx, order, FulfilInput{})
	})
}
