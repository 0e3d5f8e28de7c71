package orders

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Address is where goods go.
type Address struct {
	Name       string   `json:"name" maxLength:"200"`
	Company    string   `json:"company,omitempty" maxLength:"200"`
	Lines      []string `json:"lines" maxItems:"4" nullable:"false"`
	City       string   `json:"city" maxLength:"100"`
	Region     string   `json:"region,omitempty" maxLength:"100"`
	PostalCode string   `json:"postal_code,omitempty" maxLength:"20"`
	Country    string   `json:"country" maxLength:"2" doc:"ISO 3166 code of two letters."`
	Phone      string   `json:"phone,omitempty" maxLength:"40"`
}

// Summary is an order without its parts, as lists show it. Amounts are minor units of Currency.
type Summary struct {
	ID               uuid.UUID  `json:"id"`
	CartID           *uuid.UUID `json:"-"`
	Number           *int64     `json:"number" doc:"Given when the order is placed."`
	ExternalRef      string     `json:"external_ref,omitempty"`
	Channel          string     `json:"channel" enum:"storefront,api,staff,import"`
	Status           string     `json:"status" enum:"draft,awaiting_confirmation,placed,completed,cancelled,expired"`
	PaymentStatus    string     `json:"payment_status"`
	FulfilmentStatus string     `json:"fulfilment_status"`
	FulfilmentType   string     `json:"fulfilment_type" enum:"ship,pickup,digital"`
	Hold             *Hold      `json:"hold,omitempty" gorm:"-"`
	PaymentMethod    string     `json:"payment_method"`
	LocationID       *uuid.UUID `json:"location_id,omitempty"`
	Currency         string     `json:"currency"`
	Language         string     `json:"language,omitempty"`
	CustomerID       *uuid.UUID `json:"customer_id,omitempty"`
	Email            string     `json:"email"`
	Phone            string     `json:"phone"`
	Name             string     `json:"name"`
	ShippingAddress  *Address   `json:"shipping_address,omitempty" gorm:"serializer:json"`
	Note             string     `json:"note"`
	Tags             db.Strings `json:"tags" nullable:"false"`
	Units            int        `json:"units" doc:"Units over all lines."`
	Subtotal         int64      `json:"subtotal"`
	DiscountTotal    int64      `json:"discount_total"`
	ShippingTotal    int64      `json:"shipping_total"`
	TaxTotal         int64      `json:"tax_total"`
	Total            int64      `json:"total"`
	PaidTotal        int64      `json:"paid_total"`
	RefundedTotal    int64      `json:"refunded_total"`
	TaxIncluded      bool       `json:"tax_included"`
	CancelReason     string     `json:"cancel_reason,omitempty"`
	ExpiresAt        *time.Time `json:"expires_at,omitempty"`
	PlacedAt         *time.Time `json:"placed_at,omitempty"`
	CompletedAt      *time.Time `json:"completed_at,omitempty"`
	CancelledAt      *time.Time `json:"cancelled_at,omitempty"`
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
	Version          int64      `json:"version"`
}

// Order is everything about an order.
type Order struct {
	Summary
	Lines       []Line        `json:"lines" nullable:"false"`
	Fulfilments []Group       `json:"fulfilments" nullable:"false"`
	Payments    []PaymentView `json:"payments" nullable:"false"`
	Timeline    []Entry       `json:"timeline" nullable:"false"`
	Notes       []Note        `json:"notes" nullable:"false"`
	Allowed     []string      `json:"allowed" nullable:"false" doc:"The actions that are legal now."`
}

// Hold keeps an order from being fulfilled.
type Hold struct {
	Reason string     `json:"reason"`
	Owner  string     `json:"owner"`
	Until  *time.Time `json:"until,omitempty"`
}

// Line is one thing ordered. Prices and titles are those of the moment of ordering.
type Line struct {
	Line      int               `json:"line"`
	VariantID *uuid.UUID        `json:"variant_id,omitempty"`
	SKU       string            `json:"sku" gorm:"column:sku"`
	Title     map[string]string `json:"title" gorm:"serializer:json"`
	Options   map[string]string `json:"options" gorm:"serializer:json"`
	Image     string            `json:"image"`
	Uses      []Use             `json:"-" gorm:"serializer:json"`
	Quantity  int               `json:"quantity"`
	UnitPrice int64             `json:"unit_price"`
	Discount  int64             `json:"discount"`
	Tax       int64             `json:"tax"`
	Total     int64             `json:"total"`
	Fulfilled int               `json:"fulfilled" doc:"Units that have left the house."`
	Cancelled int               `json:"cancelled" doc:"Units given up before they left."`
	Restocked int               `json:"restocked" doc:"Units that came back on the shelf."`
	Refunded  int64             `json:"refunded"`
}

// Use is what one unit of a line takes of a supply.
type Use struct {
	Kind     string `json:"kind"`
	Key      string `json:"key"`
	Quantity int64  `json:"quantity"`
}

// Group is a part of an order that is fulfilled together: a parcel, a collection.
type Group struct {
	ID             uuid.UUID   `json:"id"`
	Type           string      `json:"type"`
	Status         string      `json:"status"`
	LocationID     *uuid.UUID  `json:"location_id,omitempty"`
	Lines          []GroupLine `json:"lines" gorm:"serializer:json" nullable:"false"`
	Carrier        string      `json:"carrier,omitempty"`
	TrackingNumber string      `json:"tracking_number,omitempty"`
	TrackingURL    string      `gorm:"column:tracking_url" json:"tracking_url,omitempty"`
	TrackingStatus string      `json:"tracking_status"`
	ShippedAt      *time.Time  `json:"shipped_at,omitempty"`
	DeliveredAt    *time.Time  `json:"delivered_at,omitempty"`
	Allowed        []string    `json:"allowed" gorm:"-" nullable:"false" doc:"The statuses it may move to."`
	Version        int64       `json:"version"`
	CreatedAt      time.Time   `json:"created_at"`
}

// GroupLine is how much of a line is in a group.
type GroupLine struct {
	Line     int `json:"line" minimum:"1"`
	Quantity int `json:"quantity" minimum:"1"`
}

func (g Group) units() (n int) {
	for _, l := range g.Lines {
		n += l.Quantity
	}
	return n
}

// Entry is a line of the timeline.
type Entry struct {
	ID      uuid.UUID      `json:"id"`
	Kind    string         `json:"kind"`
	At      time.Time      `json:"at"`
	Actor   EntryActor     `json:"actor"`
	Data    map[string]any `json:"data,omitempty"`
	Public  bool           `json:"public" doc:"The customer sees it too."`
	Version int64          `json:"version" doc:"The order's version from then on."`
}

// EntryActor is who did it.
type EntryActor struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Note is a remark among staff.
type Note struct {
	ID     uuid.UUID `json:"id"`
	Author string    `json:"author"`
	Text   string    `json:"text"`
	At     time.Time `json:"at"`
}

// IDAt makes an order id for an order of that moment: lists go by ids.
func IDAt(t time.Time) uuid.UUID {
	id := db.NewID()
	ms := uint64(t.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id
}
