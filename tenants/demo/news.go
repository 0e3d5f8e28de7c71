package demo

import (
	"slices"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/inventory"
	"allhours/platform/orders"
	"allhours/platform/payments"
)

// news is what subscribers are to hear of at the end of the history.
type news struct {
	placed   []*orderRow
	refused  []*paymentRow
	expiring []*orderRow
}

// gather finds in the rows what is news.
func (w *world) gather() {
	n := &w.news
	refused := map[string]int{}
	for _, p := range w.rows.payments {
		if p.Status == "declined" {
			if refused[p.OrderID.String()]++; refused[p.OrderID.String()] == refusals {
				n.refused = append(n.refused, p)
			}
		}
	}
	for _, o := range w.rows.orders {
		if o.Status == orders.Draft {
			n.expiring = append(n.expiring, o)
		}
	}
	n.placed = w.repeated()
}

// refusals of one order are worth telling.
const refusals = 3

// repeated are the orders that are just like the one before them.
func (w *world) repeated() (list []*orderRow) {
	for _, id := range w.twins {
		i := slices.IndexFunc(w.rows.orders, func(o *orderRow) bool { return o.ID == id })
		list = append(list, w.rows.orders[i])
	}
	return list
}

// publish tells of what is new by the events of those whom it concerns: rules look at it, mails go out, timers run.
func (w *world) publish(tx *db.Tx) error {
	var changed inventory.StockChangedV1
	changed.Cause = "adjust"
	for _, l := range w.levels {
		changed.Levels = append(changed.Levels, inventory.LevelChange{LevelID: l.id, SKU: l.supply.key, LocationID: w.locations[l.location], Available: l.available(), OnHand: l.onHand})
	}
	if err := outbox.Append(tx, "stock.changed", tx.Scope.Tenant.String(), changed); err != nil {
		return err
	}
	for _, o := range w.news.placed {
		if err := outbox.Append(tx, orders.EventPlaced, o.ID.String(), placedV1(o, w.rows.lines)); err != nil {
			return err
		}
	}
	for _, p := range w.news.refused {
		if err := outbox.Append(tx, payments.EventFailed, p.ID.String(), failedV1(p)); err != nil {
			return err
		}
	}
	for _, o := range w.news.expiring {
		if err := outbox.Schedule(tx, *o.ExpiresAt, orders.TimerUnpaid, o.ID.String(), map[string]any{"id": o.ID}); err != nil {
			return err
		}
	}
	return nil
}
