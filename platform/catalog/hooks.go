package catalog

import (
	"context"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Stock is the supply of a variant as a product is written: a level for it at the first location and, with OnHand, what lies there.
type Stock struct {
	Kind   string
	Key    string
	OnHand *int64
}

// Supplier keeps the levels of what is sold. inventory fills it.
type Supplier interface {
	// SupplyTx makes sure that each key has a level at the first active location, and counts it to OnHand where that is given.
	SupplyTx(tx *db.Tx, stock []Stock) error
	// RenameTx lets the supply of a SKU go on under another.
	RenameTx(tx *db.Tx, from, to string) error
}

// Location is a place that customers may come to.
type Location struct {
	ID      uuid.UUID `json:"id"`
	Name    string    `json:"name"`
	Address any       `json:"address"`
}

// PaymentMethod is a way to pay that the shop offers.
type PaymentMethod struct {
	ID    string `json:"id" doc:"What POST .../complete takes as payment_method."`
	Label Text   `json:"label"`
	Kind  string `json:"kind" enum:"redirect,qr,manual"`
}

// Front tells the storefront what the catalog does not own.
type Front interface {
	PaymentMethods(ctx context.Context, sc db.Scope) ([]PaymentMethod, error)
}
