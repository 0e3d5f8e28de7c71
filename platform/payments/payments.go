// Package payments takes and returns the money of orders, by plugins or by hand.
//
// Owns: payments (attempts to pay an order), payment_operations (the ledger: what we asked a provider to do) and payment_events (what is known to have happened).
// Does not own: the order and its payment axis (it tells orders the sums), the plugins and their settings.
//
// Invariants: a ledger row with its own id exists before a provider is called, and that id is the provider's idempotency key for ever, so that no call can move money twice.
// No transaction is held during a call. A call without an answer is unknown, never failed: it is looked up until it is known. Events are only added, one per provider
// reference, kind and outcome; amounts are sums over them, so it does not matter in which order, by which way or how often they come. An answer over another
// amount or currency than asked for counts for nothing but an alert. Money that comes for an ended order goes back by itself.
//
// Events in: payment.lookup_due, payment.expire_due, payment.operation_due (its own timers), plugins' payment.updated and refund.updated.
// Events out: payment.pending, succeeded, failed, unknown, refunded, mismatch, orphan.
package payments

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/orders"
	"allhours/plugins"
)

// Payments does everything with money. It is orders' Payer.
type Payments struct {
	db      *db.DB
	plugins *plugins.Plugins
	orders  Orders

	mu      sync.Mutex
	methods map[methodsKey]methodsEntry
}

var _ orders.Payer = (*Payments)(nil)

// New makes Payments and has the plugins' events come to it.
func New(d *db.DB, pl *plugins.Plugins, o Orders) *Payments {
	p := &Payments{db: d, plugins: pl, orders: o, methods: map[methodsKey]methodsEntry{}}
	pl.OnEvents("payment", p.providerEventTx)
	pl.OnEvents("refund", p.providerEventTx)
	pl.OnRemove(p.guardRemovalTx)
	return p
}

// Orders is what payments needs of orders.
type Orders interface {
	// Get reads the order.
	Get(ctx context.Context, sc db.Scope, id uuid.UUID) (orders.Order, error)
	// LockTx keeps others from changing the order and tells its currency; payments takes it before its own rows.
	LockTx(tx *db.Tx, id uuid.UUID) (currency string, err error)
	// PaymentChangedTx, under the lock, takes the sums of the order's payments and tells what became of the order.
	PaymentChangedTx(tx *db.Tx, id uuid.UUID, t orders.PaymentTotals) (orders.PaymentOutcome, error)
	// RefundLinesTx notes what of the lines is paid back and gives the sum.
	RefundLinesTx(tx *db.Tx, id uuid.UUID, lines []orders.LineRefund) (int64, error)
	// RestockTx gives units back for sale.
	RestockTx(tx *db.Tx, id uuid.UUID, lines []orders.GroupLine) error
}

var (
	// ErrNotFound answers an id that is no payment of this tenant.
	ErrNotFound = fault.New(fault.NotFound, "payment.not_found", "There is no such payment.")
	// ErrMethod answers a way to pay that the shop does not offer.
	ErrMethod = fault.New(fault.Invalid, "payment.method_unknown", "This shop does not take this payment method. Choose another one.").Field("body.payment_method", "is not offered")
	// ErrPaid answers an attempt to pay what is paid.
	ErrPaid = fault.New(fault.Conflict, "payment.already_paid", "This order is paid already.")
	// ErrUnresolved answers while it is not known whether an earlier attempt has taken the money.
	ErrUnresolved = fault.New(fault.Unavailable, "payment.unresolved", "An earlier payment is still being confirmed. Try again in a minute; you will not pay twice.")
	// ErrRefund answers a refund of more than is left; the problem has "left".
	ErrRefund = fault.New(fault.Conflict, "payment.refund_too_large", "There is not so much left to refund.")
	// ErrKey answers a refund or a recorded payment without an Idempotency-Key.
	ErrKey = fault.New(fault.Invalid, "idempotency_key_required", "Send an Idempotency-Key with this request, so that it has its effect once.").Field("header.Idempotency-Key", "is required")

	errInUse = fault.New(fault.Conflict, "plugin.in_use", "Payments or refunds by this plugin are still open. Disable it, and remove it when they are settled.")
)

// life is how long a shopper has to pay once an attempt is open.
const life = 30 * time.Minute

// splitMethod reads "<installation>/<method>".
func splitMethod(method string) (installation uuid.UUID, code string, ok bool) {
	id, code, ok := strings.Cut(method, "/")
	installation, err := uuid.Parse(id)
	return installation, code, ok && err == nil && code != ""
}

// guardRemovalTx refuses to let an installation go while its secrets are still needed.
func (p *Payments) guardRemovalTx(tx *db.Tx, installation uuid.UUID) error {
	n, err := countOpen(tx, installation)
	if err == nil && n > 0 {
		err = errInUse
	}
	return err
}

// OfOrderTx gives the payments of the order, the oldest first.
func (p *Payments) OfOrderTx(tx *db.Tx, orderID uuid.UUID) ([]orders.PaymentView, error) {
	rows, err := selectPayments(tx, orderID)
	views := make([]orders.PaymentView, len(rows))
	for i := range rows {
		views[i] = rows[i].view()
	}
	return views, err
}

// Get gives a payment.
func (p *Payments) Get(ctx context.Context, sc db.Scope, id uuid.UUID) (orders.PaymentView, error) {
	pay, err := p.read(ctx, sc, id)
	if err != nil {
		return orders.PaymentView{}, err
	}
	return pay.view(), nil
}

func (p *Payments) read(ctx context.Context, sc db.Scope, id uuid.UUID) (pay *paymentRow, err error) {
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		pay, err = selectPayment(tx, id)
		return err
	})
	return pay, err
}
