package orders

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
)

// Events of orders. The subject is the order's id.
const (
	EventDrafted           = "order.drafted"
	EventPlaced            = "order.placed"
	EventPaid              = "order.paid"
	EventPaymentChanged    = "order.payment_changed"
	EventFulfilmentChanged = "order.fulfilment_changed"
	EventHeld              = "order.held"
	EventReleased          = "order.released"
	EventCompleted         = "order.completed"
	EventCancelled         = "order.cancelled"
	EventExpired           = "order.expired"
	EventRefunded          = "order.refunded"
	EventNoteAdded         = "order.note_added"
	EventChanged           = "order.changed"
	TimerUnpaid            = "order.unpaid_due"
	TimerHold              = "order.hold_due"
)

// PlacedV1 is the payload of order.drafted and order.placed. It names nobody: who wants to know the customer reads the order.
type PlacedV1 struct {
	ID             uuid.UUID    `json:"id"`
	Number         *int64       `json:"number"`
	Status         string       `json:"status"`
	PaymentStatus  string       `json:"payment_status"`
	Channel        string       `json:"channel"`
	FulfilmentType string       `json:"fulfilment_type"`
	PaymentMethod  string       `json:"payment_method"`
	CustomerID     *uuid.UUID   `json:"customer_id,omitempty"`
	Currency       string       `json:"currency"`
	Total          int64        `json:"total"`
	Lines          []PlacedLine `json:"lines"`
	At             time.Time    `json:"at"`
}

// PlacedLine is a line of PlacedV1.
type PlacedLine struct {
	VariantID *uuid.UUID `json:"variant_id,omitempty"`
	SKU       string     `json:"sku"`
	Quantity  int        `json:"quantity"`
}

// ChangedV1 is the payload of every other event: where the order stands after the change. By CustomerID the live streams know whose order it is.
type ChangedV1 struct {
	ID               uuid.UUID  `json:"id"`
	Number           *int64     `json:"number"`
	Status           string     `json:"status"`
	PaymentStatus    string     `json:"payment_status"`
	FulfilmentStatus string     `json:"fulfilment_status"`
	OnHold           bool       `json:"on_hold"`
	CustomerID       *uuid.UUID `json:"customer_id,omitempty"`
	Currency         string     `json:"currency"`
	Total            int64      `json:"total"`
	PaidTotal        int64      `json:"paid_total"`
	RefundedTotal    int64      `json:"refunded_total"`
	Version          int64      `json:"version"`
	Reason           string     `json:"reason,omitempty"`
	At               time.Time  `json:"at"`
}

func placedV1(o *Order) PlacedV1 {
	e := PlacedV1{
		ID: o.ID, Number: o.Number, Status: o.Status, PaymentStatus: o.PaymentStatus, Channel: o.Channel, FulfilmentType: o.FulfilmentType, PaymentMethod: o.PaymentMethod,
		CustomerID: o.CustomerID, Currency: o.Currency, Total: o.Total, Lines: make([]PlacedLine, len(o.Lines)),
	}
	for i, l := range o.Lines {
		e.Lines[i] = PlacedLine{l.VariantID, l.SKU, l.Quantity}
	}
	return e
}

// publish appends the event of a change to the outbox.
func publish(tx *db.Tx, typ string, o *Order, reason string) error {
	if typ == EventPlaced {
		e := placedV1(o)
		e.At = tx.Now
		return outbox.Append(tx, typ, o.ID.String(), e)
	}
	return outbox.Append(tx, typ, o.ID.String(), ChangedV1{
		ID: o.ID, Number: o.Number, Status: o.Status, PaymentStatus: o.PaymentStatus, FulfilmentStatus: o.FulfilmentStatus, OnHold: o.Hold != nil, CustomerID: o.CustomerID, Currency: o.Currency,
		Total: o.Total, PaidTotal: o.PaidTotal, RefundedTotal: o.RefundedTotal, Version: o.Version, Reason: reason, At: tx.Now,
	})
}
