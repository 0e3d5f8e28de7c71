package demo

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/catalog"
	"allhours/platform/orders"
)

// rows are what a history comes to. Their names in JSON are those of the columns.
type rows struct {
	customers   []*customerRow
	addresses   []*addressRow
	orders      []*orderRow
	lines       []*lineRow
	timeline    []*eventRow
	groups      []*groupRow
	notes       []*noteRow
	holds       []*holdRow
	movements   []*movementRow
	payments    []*paymentRow
	operations  []*operationRow
	moneyEvents []*moneyEventRow
}

type customerRow struct {
	ID               uuid.UUID  `json:"id"`
	Kind             string     `json:"kind"`
	Email            string     `json:"email"`
	Phone            string     `json:"phone"`
	Name             string     `json:"name"`
	Language         string     `json:"language"`
	Country          string     `json:"country"`
	PasswordHash     string     `json:"password_hash"`
	EmailConfirmedAt *time.Time `json:"email_confirmed_at"`
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
}

type addressRow struct {
	ID         uuid.UUID      `json:"id"`
	CustomerID uuid.UUID      `json:"customer_id"`
	Address    orders.Address `json:"address"`
	IsDefault  bool           `json:"is_default"`
	CreatedAt  time.Time      `json:"created_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
}

type orderRow struct {
	ID               uuid.UUID       `json:"id"`
	Number           *int64          `json:"number"`
	Channel          string          `json:"channel"`
	CustomerID       uuid.UUID       `json:"customer_id"`
	Status           string          `json:"status"`
	PaymentStatus    string          `json:"payment_status"`
	FulfilmentStatus string          `json:"fulfilment_status"`
	FulfilmentType   string          `json:"fulfilment_type"`
	HoldReason       string          `json:"hold_reason"`
	HoldOwner        string          `json:"hold_owner"`
	PaymentMethod    string          `json:"payment_method"`
	LocationID       *uuid.UUID      `json:"location_id"`
	Currency         string          `json:"currency"`
	Language         string          `json:"language"`
	Email            string          `json:"email"`
	Phone            string          `json:"phone"`
	Name             string          `json:"name"`
	ShippingAddress  *orders.Address `json:"shipping_address"`
	Note             string          `json:"note"`
	Tags             []string        `json:"tags"`
	Subtotal         int64           `json:"subtotal"`
	ShippingTotal    int64           `json:"shipping_total"`
	TaxTotal         int64           `json:"tax_total"`
	Total            int64           `json:"total"`
	TaxIncluded      bool            `json:"tax_included"`
	PaidTotal        int64           `json:"paid_total"`
	RefundedTotal    int64           `json:"refunded_total"`
	ExpiresAt        *time.Time      `json:"expires_at"`
	PlacedAt         *time.Time      `json:"placed_at"`
	CompletedAt      *time.Time      `json:"completed_at"`
	CancelledAt      *time.Time      `json:"cancelled_at"`
	CancelReason     string          `json:"cancel_reason"`
	Version          int64           `json:"version"`
	CreatedAt        time.Time       `json:"created_at"`
	UpdatedAt        time.Time       `json:"updated_at"`
}

type lineRow struct {
	OrderID   uuid.UUID         `json:"order_id"`
	Line      int               `json:"line"`
	VariantID uuid.UUID         `json:"variant_id"`
	SKU       string            `json:"sku"`
	Title     catalog.Text      `json:"title"`
	Options   map[string]string `json:"options"`
	Image     string            `json:"image"`
	Uses      []catalog.Use     `json:"uses"`
	Quantity  int               `json:"quantity"`
	UnitPrice int64             `json:"unit_price"`
	Tax       int64             `json:"tax"`
	Total     int64             `json:"total"`
	Fulfilled int               `json:"fulfilled"`
	Cancelled int               `json:"cancelled"`
	Restocked int               `json:"restocked"`
	Refunded  int64             `json:"refunded"`
}

type eventRow struct {
	OrderID   uuid.UUID      `json:"order_id"`
	ID        uuid.UUID      `json:"id"`
	Kind      string         `json:"kind"`
	ActorKind string         `json:"actor_kind"`
	ActorID   string         `json:"actor_id"`
	ActorName string         `json:"actor_name"`
	Data      map[string]any `json:"data"`
	Public    bool           `json:"public"`
	Version   int64          `json:"version"`
	At        time.Time      `json:"at"`
}

type groupRow struct {
	ID             uuid.UUID          `json:"id"`
	OrderID        uuid.UUID          `json:"order_id"`
	Type           string             `json:"type"`
	Status         string             `json:"status"`
	LocationID     *uuid.UUID         `json:"location_id"`
	Lines          []orders.GroupLine `json:"lines"`
	Carrier        string             `json:"carrier"`
	TrackingNumber string             `json:"tracking_number"`
	TrackingURL    string             `json:"tracking_url"`
	TrackingStatus string             `json:"tracking_status"`
	ShippedAt      *time.Time         `json:"shipped_at"`
	DeliveredAt    *time.Time         `json:"delivered_at"`
	Version        int64              `json:"version"`
	CreatedAt      time.Time          `json:"created_at"`
	UpdatedAt      time.Time          `json:"updated_at"`
}

type noteRow struct {
	OrderID uuid.UUID `json:"order_id"`
	ID      uuid.UUID `json:"id"`
	Author  string    `json:"author"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

type holdRow struct {
	ID        uuid.UUID  `json:"id"`
	LevelID   uuid.UUID  `json:"level_id"`
	OwnerKind string     `json:"owner_kind"`
	OwnerID   uuid.UUID  `json:"owner_id"`
	Quantity  int64      `json:"quantity"`
	State     string     `json:"state"`
	ExpiresAt *time.Time `json:"expires_at"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

type movementRow struct {
	ID        uuid.UUID `json:"id"`
	LevelID   uuid.UUID `json:"level_id"`
	Kind      string    `json:"kind"`
	OnHand    int64     `json:"on_hand_delta"`
	Reserved  int64     `json:"reserved_delta"`
	Committed int64     `json:"committed_delta"`
	CauseKind string    `json:"cause_kind"`
	CauseID   string    `json:"cause_id"`
	Reason    string    `json:"reason"`
	Actor     string    `json:"actor"`
	At        time.Time `json:"at"`
}

type paymentRow struct {
	ID             uuid.UUID  `json:"id"`
	OrderID        uuid.UUID  `json:"order_id"`
	InstallationID *uuid.UUID `json:"installation_id"`
	Method         string     `json:"method"`
	Currency       string     `json:"currency"`
	Amount         int64      `json:"amount"`
	Status         string     `json:"status"`
	Captured       int64      `json:"captured"`
	Refunded       int64      `json:"refunded"`
	ProviderRef    string     `json:"provider_ref"`
	Reason         string     `json:"reason"`
	ExpiresAt      *time.Time `json:"expires_at"`
	Version        int64      `json:"version"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`

	operation uuid.UUID // by which it was asked for
}

type operationRow struct {
	ID          uuid.UUID `json:"id"`
	PaymentID   uuid.UUID `json:"payment_id"`
	Kind        string    `json:"kind"`
	Amount      int64     `json:"amount"`
	Currency    string    `json:"currency"`
	State       string    `json:"state"`
	ProviderRef string    `json:"provider_ref"`
	Attempts    int       `json:"attempts"`
	Reason      string    `json:"reason"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

type moneyEventRow struct {
	ID          uuid.UUID `json:"id"`
	PaymentID   uuid.UUID `json:"payment_id"`
	OperationID uuid.UUID `json:"operation_id"`
	Kind        string    `json:"kind"`
	Outcome     string    `json:"outcome"`
	Amount      int64     `json:"amount"`
	Currency    string    `json:"currency"`
	ProviderRef string    `json:"provider_ref"`
	Source      string    `json:"source"`
	OccurredAt  time.Time `json:"occurred_at"`
	RecordedAt  time.Time `json:"recorded_at"`
}

// write puts the rows into the database, tells of what is new, and marks the shop as filled.
func (w *world) write(tx *db.Tx) error {
	r := &w.rows
	for _, insert := range []func() error{
		func() error { return insert(tx, "customers", r.customers) },
		func() error { return insert(tx, "customer_addresses", r.addresses) },
		func() error { return insert(tx, "orders", r.orders) },
		func() error { return insert(tx, "order_lines", r.lines) },
		func() error { return insert(tx, "order_events", r.timeline) },
		func() error { return insert(tx, "fulfilments", r.groups) },
		func() error { return insert(tx, "order_notes", r.notes) },
		func() error { return insert(tx, "holds", r.holds) },
		func() error { return insert(tx, "movements", r.movements) },
		func() error { return insert(tx, "payments", r.payments) },
		func() error { return insert(tx, "payment_operations", r.operations) },
		func() error { return insert(tx, "payment_events", r.moneyEvents) },
		func() error { return addUp(tx, w.levels) },
		func() error { return numbered(tx, r.orders) },
		func() error { return w.publish(tx) },
		func() error {
			return mark(tx, filled, map[string]any{"orders": len(r.orders), "customers": len(r.customers), "movements": len(r.movements), "payments": len(r.payments)})
		},
	} {
		if err := insert(); err != nil {
			return err
		}
	}
	tx.Wake(outbox.Channel)
	return nil
}
