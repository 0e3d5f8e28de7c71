// Package orders is what was agreed with a customer and what became of it.
//
// Owns: carts, orders and their lines, fulfilment groups, timelines, notes, order numbers, saved views; the four axes of an order (lifecycle, payment, fulfilment, hold)
// and their tables of moves. Does not own: prices (catalog), supply (inventory), money (payments; it tells orders by PaymentChangedTx), who the customer is (customers).
//
// Invariants: an order is a snapshot: lines, prices and totals never change after it is made. It holds its supply from the moment it exists until it is cancelled, expires or
// leaves the house. One cart becomes at most one order; one idempotency key makes at most one; a number is given at placed and never twice. Each axis moves only along its table.
//
// Events in: order.unpaid_due, order.hold_due (its own timers). Events out: order.drafted, placed, paid, payment_changed, fulfilment_changed, held, released, completed,
// cancelled, expired, note_added, changed.
package orders

import (
	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/secrets"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
	"allhours/tenants/access"
)

// Orders does everything with carts and orders. One per process: orders of a tenant that arrive together are placed together.
type Orders struct {
	db        *db.DB
	catalog   *catalog.Catalog
	inventory *inventory.Inventory
	signer    *secrets.Signer
	access    *access.Access
	shops     Shops
	payer     Payer
	queue     *queue
}

// Parts are what Orders works with beside the database.
type Parts struct {
	Catalog   *catalog.Catalog
	Inventory *inventory.Inventory
	Signer    *secrets.Signer
	Access    *access.Access // asked what a caller may do where a route serves several permissions; nil lets pass what the route has let in
	Shops     Shops
}

// New makes Orders. UsePayer must follow before orders can be paid through plugins.
func New(d *db.DB, p Parts) *Orders {
	o := &Orders{db: d, catalog: p.Catalog, inventory: p.Inventory, signer: p.Signer, access: p.Access, shops: p.Shops}
	o.queue = newQueue(o.flush)
	return o
}

// UsePayer fills the hook that payments, which is built on orders, answers.
func (o *Orders) UsePayer(p Payer) { o.payer = p }

var (
	// ErrNotFound answers an id that is no order of this tenant.
	ErrNotFound = fault.New(fault.NotFound, "order.not_found", "There is no such order.")
	// ErrOutOfStock answers an order for more than there is; the problem has "lines": [{sku, wanted, left}].
	ErrOutOfStock = fault.New(fault.Conflict, "order.out_of_stock", "Not everything is in stock in the quantity you want. Lower the quantities named and try again.")
	// ErrTotalChanged answers an expected_total that is not the total any more; the problem has "total".
	ErrTotalChanged = fault.New(fault.Conflict, "order.total_changed", "Prices have changed since you looked. Check the new total and confirm again.")
	// ErrCartChanged answers a cart that changed while it was being completed.
	ErrCartChanged = fault.New(fault.Conflict, "cart.changed", "The cart was changed meanwhile. Look at it again and confirm.")
	// ErrCartCompleted answers a cart that has become an order; the problem has "order_id".
	ErrCartCompleted = fault.New(fault.Conflict, "cart.completed", "This cart has been ordered already.")
	// ErrPlanOrders answers when the plan's orders of the month are used up.
	ErrPlanOrders = fault.New(fault.Conflict, "plan.orders_month", "This shop has taken all the orders that its plan allows this month. A larger plan in the settings lifts the limit.")
	// ErrBusy answers when more orders wait for this shop than can be placed in time.
	ErrBusy = fault.New(fault.Unavailable, "order.busy", "Too many orders at this moment. Send the same request with the same Idempotency-Key again in a second.")
	// ErrOutcomeUnknown answers when the database broke off while the order was being placed.
	ErrOutcomeUnknown = fault.New(fault.Unavailable, "order.outcome_unknown", "It is not known whether the order was placed. Send the same request with the same Idempotency-Key again: it cannot be placed twice.")
	// ErrVersion answers a change made on an old version; the problem has "current" and "changed".
	ErrVersion = fault.New(fault.Conflict, "version_conflict", "The order was changed meanwhile. Look at what changed and decide again.")
	// ErrState answers an action that the order's state does not allow; the problem has "status" and "allowed".
	ErrState = fault.New(fault.Conflict, "order.not_allowed_now", "The order is not in a state for that.")

	errExternalRef = fault.New(fault.Conflict, "order.external_ref_taken", "Another order has this external_ref already.").Field("body.external_ref", "taken")
	errInvalid     = fault.New(fault.Invalid, "order.invalid", "Something about the order is not right. See the fields.")
)
