package orders

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
)

// linkLife is how long a signed link shows its order.
const linkLife = 90 * 24 * time.Hour

// EventLinkRequested asks for the link of the order to be mailed to its e-mail address.
const EventLinkRequested = "order.link_requested"

// PublicOrder is an order as its customer sees it: nothing about staff, notes, tags or why it is on hold.
type PublicOrder struct {
	ID               uuid.UUID     `json:"id"`
	Number           *int64        `json:"number"`
	Status           string        `json:"status"`
	PaymentStatus    string        `json:"payment_status"`
	FulfilmentStatus string        `json:"fulfilment_status"`
	FulfilmentType   string        `json:"fulfilment_type"`
	OnHold           bool          `json:"on_hold"`
	PaymentMethod    string        `json:"payment_method"`
	LocationID       *uuid.UUID    `json:"location_id,omitempty"`
	Currency         string        `json:"currency"`
	Language         string        `json:"language,omitempty"`
	Email            string        `json:"email"`
	Phone            string        `json:"phone"`
	Name             string        `json:"name"`
	ShippingAddress  *Address      `json:"shipping_address,omitempty"`
	Note             string        `json:"note"`
	Subtotal         int64         `json:"subtotal"`
	DiscountTotal    int64         `json:"discount_total"`
	ShippingTotal    int64         `json:"shipping_total"`
	TaxTotal         int64         `json:"tax_total"`
	Total            int64         `json:"total"`
	PaidTotal        int64         `json:"paid_total"`
	RefundedTotal    int64         `json:"refunded_total"`
	TaxIncluded      bool          `json:"tax_included"`
	Lines            []Line        `json:"lines" nullable:"false"`
	Fulfilments      []PublicGroup `json:"fulfilments" nullable:"false"`
	Payments         []PaymentView `json:"payments" nullable:"false"`
	Timeline         []PublicEntry `json:"timeline" nullable:"false"`
	Allowed          []string      `json:"allowed" nullable:"false"`
	ExpiresAt        *time.Time    `json:"expires_at,omitempty"`
	PlacedAt         *time.Time    `json:"placed_at,omitempty"`
	CancelledAt      *time.Time    `json:"cancelled_at,omitempty"`
	CreatedAt        time.Time     `json:"created_at"`
	Version          int64         `json:"version"`
}

// PublicGroup is a parcel or a collection as its customer sees it.
type PublicGroup struct {
	Type           string      `json:"type"`
	Status         string      `json:"status"`
	Lines          []GroupLine `json:"lines" nullable:"false"`
	Carrier        string      `json:"carrier,omitempty"`
	TrackingNumber string      `json:"tracking_number,omitempty"`
	TrackingURL    string      `json:"tracking_url,omitempty"`
	TrackingStatus string      `json:"tracking_status"`
	ShippedAt      *time.Time  `json:"shipped_at,omitempty"`
	DeliveredAt    *time.Time  `json:"delivered_at,omitempty"`
}

// PublicEntry is a line of the timeline that the customer sees.
type PublicEntry struct {
	Kind string    `json:"kind"`
	At   time.Time `json:"at"`
	To   string    `json:"to,omitempty" doc:"What it changed to."`
}

// Public is the order as its customer sees it.
func (o *Order) Public() PublicOrder {
	p := PublicOrder{
		ID: o.ID, Number: o.Number, Status: o.Status, PaymentStatus: o.PaymentStatus, FulfilmentStatus: o.FulfilmentStatus, FulfilmentType: o.FulfilmentType, OnHold: o.Hold != nil,
		PaymentMethod: o.PaymentMethod, LocationID: o.LocationID, Currency: o.Currency, Language: o.Language, Email: o.Email, Phone: o.Phone, Name: o.Name, ShippingAddress: o.ShippingAddress,
		Note: o.Note, Subtotal: o.Subtotal, DiscountTotal: o.DiscountTotal, ShippingTotal: o.ShippingTotal, TaxTotal: o.TaxTotal, Total: o.Total, PaidTotal: o.PaidTotal,
		RefundedTotal: o.RefundedTotal, TaxIncluded: o.TaxIncluded, Lines: o.Lines, Payments: o.Payments, ExpiresAt: o.ExpiresAt, PlacedAt: o.PlacedAt, CancelledAt: o.CancelledAt,
		CreatedAt: o.CreatedAt, Version: o.Version, Fulfilments: []PublicGroup{}, Timeline: []PublicEntry{}, Allowed: []string{},
	}
	for _, g := range o.Fulfilments {
		p.Fulfilments = append(p.Fulfilments, PublicGroup{g.Type, g.Status, g.Lines, g.Carrier, g.TrackingNumber, g.TrackingURL, g.TrackingStatus, g.ShippedAt, g.DeliveredAt})
	}
	for _, e := range o.Timeline {
		if e.Public {
			to, _ := e.Data["to"].(string)
			p.Timeline = append(p.Timeline, PublicEntry{e.Kind, e.At, to})
		}
	}
	for _, a := range o.Allowed {
		if a == ActPay && !byHand(o.PaymentMethod) || a == ActCancel && o.shopperMayCancel() {
			p.Allowed = append(p.Allowed, a)
		}
	}
	return p
}

// shopperMayCancel: once money is there or the shop has begun, it is for the shop to cancel.
func (o *Order) shopperMayCancel() bool {
	return CanMove(o.Status, Cancelled) && o.FulfilmentStatus == Unfulfilled && o.PaidTotal == 0 && o.PaymentStatus != Authorized
}

// Token makes the token of a signed link to the order, good for 90 days from then.
func (o *Orders) Token(tenant, order uuid.UUID, from time.Time) string {
	return o.signer.Sign("order", from.Add(linkLife), tenant.String(), order.String())
}

// Owns reports whether the order is the customer's.
func (o *Orders) Owns(ctx context.Context, sc db.Scope, customer, order uuid.UUID) (owns bool, err error) {
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		return tx.Raw(`SELECT EXISTS (SELECT 1 FROM orders WHERE id = ? AND customer_id = ?)`, order, customer).Row().Scan(&owns)
	})
	return owns, err
}

// CancelByShopper cancels an order for its customer, as long as that is his to do.
func (o *Orders) CancelByShopper(ctx context.Context, sc db.Scope, id uuid.UUID) (Order, error) {
	return o.change(ctx, sc, Doing{ID: id}, "cancel", func(tx *db.Tx, order *Order) (bool, error) {
		if order.Status != Cancelled && !order.shopperMayCancel() {
			return false, refuse(order, "This order cannot be cancelled here any more. Ask the shop.")
		}
		return o.cancelTx(tx, order, CancelInput{Reason: "by the customer"})
	})
}

// PayInput opens another attempt to pay an order.
type PayInput struct {
	PaymentMethod string `json:"payment_method" minLength:"1" maxLength:"100"`
	ReturnURL     string `json:"return_url,omitempty" maxLength:"2000" format:"uri-reference"`
}

// Pay opens an attempt to pay what is still to be paid of the order.
func (o *Orders) Pay(ctx context.Context, sc db.Scope, id uuid.UUID, key string, in PayInput) (PaymentView, error) {
	order, err := o.Get(ctx, sc, id)
	if err != nil {
		return PaymentView{}, err
	}
	due := order.Total - order.PaidTotal + order.RefundedTotal
	switch {
	case Ended(order.Status) || order.Status == Completed || due <= 0:
		return PaymentView{}, refuse(&order, "There is nothing to pay for this order any more.")
	case byHand(in.PaymentMethod) || o.payer == nil:
		return PaymentView{}, errInvalid.Field("body.payment_method", "choose a method that can be paid here")
	}
	if key != "" {
		key = "order:pay:" + id.String() + ":" + key
	}
	return o.payer.Start(ctx, sc, StartPayment{OrderID: id, Method: in.PaymentMethod, Amount: due, Currency: order.Currency, Email: order.Email, ReturnURL: in.ReturnURL, Key: key})
}

// RequestLink has the link of the order with the number mailed to its e-mail address, when that is the one given; nobody learns whether it is. An order's link goes out once a minute at the
// most.
func (o *Orders) RequestLink(ctx context.Context, sc db.Scope, number int64, email string) error {
	return o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		var id uuid.UUID
		err := tx.Raw(`SELECT id FROM orders WHERE number = ? AND email <> '' AND lower(email) = ?`, number, strings.ToLower(strings.TrimSpace(email))).Row().Scan(&id)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look up order: %w", err)
		}
		var recent bool
		err = tx.Raw(`SELECT EXISTS (SELECT 1 FROM outbox_events WHERE subject = ? AND type = ? AND created_at > ?)`, id.String(), EventLinkRequested, tx.Now.Add(-time.Minute)).Row().Scan(&recent)
		if err != nil || recent {
			return err
		}
		return outbox.Append(tx, EventLinkRequested, id.String(), map[string]any{"id": id})
	})
}

// PublicSummary is an order in its customer's list.
type PublicSummary struct {
	ID               uuid.UUID  `json:"id"`
	Number           *int64     `json:"number"`
	Status           string     `json:"status"`
	PaymentStatus    string     `json:"payment_status"`
	FulfilmentStatus string     `json:"fulfilment_status"`
	FulfilmentType   string     `json:"fulfilment_type"`
	Currency         string     `json:"currency"`
	Total            int64      `json:"total"`
	Units            int        `json:"units"`
	PlacedAt         *time.Time `json:"placed_at,omitempty"`
	CreatedAt        time.Time  `json:"created_at"`
}

func (s Summary) public() PublicSummary {
	return PublicSummary{s.ID, s.Number, s.Status, s.PaymentStatus, s.FulfilmentStatus, s.FulfilmentType, s.Currency, s.Total, s.Units, s.PlacedAt, s.CreatedAt}
}
