package orders

import (
	"context"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/inventory"
)

// CancelInput says why an order is cancelled and what happens to its goods and its money.
type CancelInput struct {
	Reason  string `json:"reason,omitempty" maxLength:"500"`
	Restock *bool  `json:"restock,omitempty" doc:"Put the goods back for sale; true where it is left out. False writes them off."`
	Refund  *bool  `json:"refund,omitempty" doc:"Give the money back; true where it is left out."`
	Version int64  `json:"version,omitempty" doc:"The version that you saw."`
}

func yes(b *bool) bool { return b == nil || *b }

// Cancel ends an order that has not left the house: its supply goes back (or is written off), and all its money is sent back, recorded in the same transaction. Cancelling a
// cancelled order does nothing.
func (o *Orders) Cancel(ctx context.Context, sc db.Scope, id uuid.UUID, in CancelInput) (Order, error) {
	d := Doing{ID: id, Version: in.Version}
	return o.change(ctx, sc, d, "cancel", func(tx *db.Tx, order *Order) (bool, error) { return o.cancelTx(tx, order, in) })
}

func (o *Orders) cancelTx(tx *db.Tx, order *Order, in CancelInput) (bool, error) {
	if order.Status == Cancelled {
		return false, nil
	}
	if !CanMove(order.Status, Cancelled) {
		return false, refuse(order, "Only an order that is not completed, expired or cancelled can be cancelled.")
	}
	if unitsGone(order.Lines) > 0 {
		return false, refuse(order, "A part of this order has left already. Take it back and refund it instead.")
	}
	before := axesOf(order)
	owner := inventory.OrderOwner(order.ID)
	if !yes(in.Restock) {
		// What is committed is written off; what was only reserved was never ours to write off.
		if err := o.inventory.ConsumeTx(tx, owner); err != nil {
			return false, err
		}
	}
	if err := o.inventory.ReleaseTx(tx, owner); err != nil {
		return false, err
	}
	if err := o.dropGroups(tx, order); err != nil {
		return false, err
	}
	for _, timer := range []string{TimerUnpaid, TimerHold} {
		outbox.Cancel(tx, timer, order.ID.String())
	}
	for i := range order.Lines {
		order.Lines[i].Cancelled = order.Lines[i].Quantity
	}
	if err := writeLines(tx, order); err != nil {
		return false, err
	}
	order.Status, order.CancelledAt, order.CancelReason, order.ExpiresAt, order.Hold = Cancelled, &tx.Now, in.Reason, nil, nil
	if err := o.save(tx, before, order); err != nil {
		return false, err
	}
	var refund int64
	if o.payer != nil && yes(in.Refund) {
		var err error
		if refund, err = o.payer.ReverseTx(tx, order.ID, in.Reason); err != nil {
			return false, err
		}
	}
	data := map[string]any{"from": before.status, "reason": in.Reason, "restocked": yes(in.Restock), "refund": refund}
	if err := tell(tx, order, "cancelled", true, data); err != nil {
		return false, err
	}
	return true, publish(tx, EventCancelled, order, in.Reason)
}
