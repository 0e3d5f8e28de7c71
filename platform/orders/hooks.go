package orders

import (
	"context"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Payer is what orders needs of payments. A method is "<installation>/<method>".
type Payer interface {
	// Accepts refuses, as Invalid, a method that this shop cannot be paid by in the currency.
	Accepts(ctx context.Context, sc db.Scope, method, currency string) error
	// Start opens an attempt to pay the order, or gives again the one that the key has opened. No transaction is held. A refusal by the provider is a view with
	// status failed or declined and no error.
	Start(ctx context.Context, sc db.Scope, in StartPayment) (PaymentView, error)
	// Close makes sure that no more money can come in for the order: every open attempt is looked up and closed at its provider. Money that has come
	// meanwhile is recorded (PaymentChangedTx) before it returns. An error means that it is not known yet: try again later.
	Close(ctx context.Context, sc db.Scope, orderID uuid.UUID) error
	// ReverseTx records, in the caller's transaction, that all that was authorized or captured for the order is to be voided or refunded, and tells how much will be
	// refunded; the provider is called after the commit. Doing it twice is doing it once.
	ReverseTx(tx *db.Tx, orderID uuid.UUID, reason string) (refund int64, err error)
	// OfOrderTx gives the payments of the order, the oldest first.
	OfOrderTx(tx *db.Tx, orderID uuid.UUID) ([]PaymentView, error)
}

// StartPayment asks for an attempt to pay an order in full.
type StartPayment struct {
	OrderID   uuid.UUID
	Method    string
	Amount    int64 // minor units of Currency
	Currency  string
	Email     string
	ReturnURL string
	Key       string // idempotency key of the caller
}

// PaymentView is a payment as an order shows it.
type PaymentView struct {
	ID         uuid.UUID   `json:"id"`
	Method     string      `json:"method"`
	Status     string      `json:"status" doc:"created, pending, action_required, authorized, captured, declined, voided, expired, unknown or failed"`
	Amount     int64       `json:"amount"`
	Captured   int64       `json:"captured"`
	Refunded   int64       `json:"refunded"`
	Currency   string      `json:"currency"`
	NextAction *NextAction `json:"next_action,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	ExpiresAt  *time.Time  `json:"expires_at,omitempty"`
	CreatedAt  time.Time   `json:"created_at"`
}

// NextAction is what the shopper has to do to pay.
type NextAction struct {
	Type      string     `json:"type" enum:"redirect,qr"`
	URL       string     `json:"url,omitempty"`
	Payload   string     `json:"payload,omitempty" doc:"Text of the QR code."`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// Shop is what orders must know of the tenant.
type Shop struct {
	Currency      string
	Country       string
	Language      string
	UnpaidExpiry  time.Duration // how long an unpaid order holds its stock
	OrdersMonth   int64         // the plan's limit, 0 = none
	ConfirmOrders bool          // orders to be paid by hand, but those that the staff takes, wait for the shop's confirmation
	ByHand        []string      // the methods without a plugin that shoppers may choose: manual, on_delivery

	// What delivery costs, in minor units of Currency; goods of ShippingFreeFrom are delivered for nothing, where that is not 0.
	ShippingPrice, ShippingFreeFrom int64
}

// shipping is what it costs to bring goods of so much to the customer.
func (s Shop) shipping(fulfilment string, goods int64) int64 {
	if fulfilment != "ship" || s.ShippingFreeFrom > 0 && goods >= s.ShippingFreeFrom {
		return 0
	}
	return s.ShippingPrice
}

// ships reports whether what is to be shipped and paid in the currency has a price of delivery: there is one in the shop's own currency, or none is asked for.
func (s Shop) ships(fulfilment, currency string) bool {
	return fulfilment != "ship" || s.ShippingPrice == 0 || currency == s.Currency
}

// Shops gives the settings of a tenant; it is called for each order and must answer from memory.
type Shops func(ctx context.Context, sc db.Scope) (Shop, error)
