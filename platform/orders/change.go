package orders

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/tenants/audit"
)

// Doing names one change of one order by somebody.
type Doing struct {
	ID      uuid.UUID
	Version int64  // the version that the change was decided on, 0 = whichever
	Key     string // idempotency key, "" = none
	Request any    // what the key stands for
}

// change locks the order, lets do change it and its parts, and returns it as it is then. do reports false when there is nothing to do, which is a success. The audit log gets the
// order's axes before and after. Under a key that has made this change before, nothing is done again.
func (o *Orders) change(ctx context.Context, sc db.Scope, d Doing, action string, do func(tx *db.Tx, order *Order) (bool, error)) (order Order, err error) {
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		key := d.Key
		if key != "" {
			key = action + ":" + sc.Actor.Kind + ":" + sc.Actor.ID + ":" + key
		}
		_, replayed, err := db.Once(tx, key, []any{d.ID, d.Request}, func() (uuid.UUID, error) {
			return d.ID, o.changeTx(tx, d, action, do)
		})
		if err != nil {
			return err
		}
		db.AttemptOf(ctx).Replayed = replayed
		order, err = o.GetTx(tx, d.ID)
		return err
	})
	return order, err
}

func (o *Orders) changeTx(tx *db.Tx, d Doing, action string, do func(tx *db.Tx, order *Order) (bool, error)) error {
	order, err := o.lockTx(tx, d.ID)
	if err != nil {
		return err
	}
	if d.Version != 0 && d.Version != order.Version {
		return o.versionConflict(tx, d)
	}
	before := stateOf(&order)
	changed, err := do(tx, &order)
	if err != nil || !changed {
		return err
	}
	return audit.Append(tx, audit.Entry{Action: "order." + action, ObjectType: "order", ObjectID: order.ID.String(), Before: before, After: stateOf(&order)})
}

// save writes the order with the axes it has been given, which must be moves of the tables, and completes it when there is nothing left to do.
func (o *Orders) save(tx *db.Tx, before axes, order *Order) error {
	order.FulfilmentStatus = FulfilmentStatusOf(order.Lines, order.Fulfilments)
	settled := order.PaymentStatus == Paid || order.PaymentStatus == Overpaid
	finish := order.Status == Placed && settled && order.FulfilmentStatus == Delivered && order.Hold == nil
	if finish {
		order.Status, order.CompletedAt = Completed, &tx.Now
	}
	if err := before.leadsTo(axesOf(order)); err != nil {
		return err
	}
	if err := write(tx, order); err != nil {
		return err
	}
	if finish {
		if err := tell(tx, order, "completed", true, nil); err != nil {
			return err
		}
		return publish(tx, EventCompleted, order, "")
	}
	return nil
}

// axes are the states of an order that have tables of moves.
type axes struct{ status, payment string }

func axesOf(o *Order) axes { return axes{o.Status, o.PaymentStatus} }

// leadsTo refuses what the tables do not allow. Completing straight after placing, in one change, is two moves.
func (a axes) leadsTo(b axes) error {
	if a.status != b.status && !CanMove(a.status, b.status) && (b.status != Completed || !CanMove(a.status, Placed)) {
		return fmt.Errorf("order must not move from %s to %s", a.status, b.status)
	}
	if a.payment != b.payment && !slices.Contains(paymentMoves[a.payment], b.payment) {
		return fmt.Errorf("payment of an order must not move from %s to %s", a.payment, b.payment)
	}
	return nil
}

// state is an order as the audit log shows it.
type state struct {
	Status           string   `json:"status"`
	PaymentStatus    string   `json:"payment_status"`
	FulfilmentStatus string   `json:"fulfilment_status"`
	Hold             *Hold    `json:"hold,omitempty"`
	Tags             []string `json:"tags,omitempty"`
	PaidTotal        int64    `json:"paid_total"`
	RefundedTotal    int64    `json:"refunded_total"`
	Version          int64    `json:"version"`
}

func stateOf(o *Order) state {
	return state{o.Status, o.PaymentStatus, o.FulfilmentStatus, o.Hold, slices.Clone(o.Tags), o.PaidTotal, o.RefundedTotal, o.Version}
}

// versionConflict tells what has happened to the order since the version that was decided on.
func (o *Orders) versionConflict(tx *db.Tx, d Doing) error {
	order, err := o.GetTx(tx, d.ID)
	if err != nil {
		return err
	}
	changed := []Entry{}
	for _, e := range order.Timeline {
		if e.Version > d.Version {
			changed = append(changed, e)
		}
	}
	return ErrVersion.With("current", order.Version).With("changed", changed)
}

// refuse answers an action that the order's state does not allow.
func refuse(order *Order, format string, args ...any) error {
	return ErrState.Saying(format, args...).With("status", order.Status).With("payment_status", order.PaymentStatus).With("fulfilment_status", order.FulfilmentStatus).With("allowed", AllowedOf(order))
}
