package customers

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Orders is what customers needs of orders.
type Orders interface {
	// EraseTx takes everything personal out of the customers' carts and orders (names, e-mails, phones, addresses, notes). Numbers, lines and totals stay: the law wants them kept.
	EraseTx(tx *db.Tx, customers []uuid.UUID) error
	// AdoptTx gives the orders of guests to the account that has proved to be theirs.
	AdoptTx(tx *db.Tx, guests []uuid.UUID, account uuid.UUID) error
	// SummaryTx tells what each of the customers has bought; those without an order may be left out.
	SummaryTx(tx *db.Tx, customers []uuid.UUID) (map[uuid.UUID]Summary, error)
}

// Summary is what a customer has bought: orders that were placed and not cancelled.
type Summary struct {
	Orders   int64      `json:"orders"`
	Total    int64      `json:"total" doc:"Minor units of currency."`
	Currency string     `json:"currency,omitempty"`
	LastAt   *time.Time `json:"last_at,omitempty"`
}
