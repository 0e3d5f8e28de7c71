// Package inventory is what there is to sell and who has a claim on it.
//
// Owns: locations, pools (a supply of one thing at one location), their levels, the holds of carts and orders on them, and the movements that
// explain every change. Does not own: what a variant is or which pools one unit of it uses (catalog), nor why an order wants supply (orders).
//
// Invariants: committed + reserved <= on_hand - safety + oversell_limit on every level, always (a CHECK is the last wall); a level's figures are the sums of
// its movements; reserved and committed are the sums of its open holds. Levels are locked in id order, so that no two verbs can deadlock over them.
//
// Events out: stock.changed, one per verb, with every level that it changed.
package inventory

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Inventory does everything that changes supply.
type Inventory struct {
	db *db.DB
}

// New makes an Inventory on the database.
func New(d *db.DB) *Inventory { return &Inventory{db: d} }

// Key names a supply independent of where it is: kind "stock" and the SKU for goods.
type Key struct {
	Kind string `json:"kind"` // stock, capacity, keys, unlimited
	Key  string `json:"key"`
}

// Stock is the key of the goods with this SKU.
func Stock(sku string) Key { return Key{Kind: "stock", Key: sku} }

// Level is one supply at one location, as it is now.
type Level struct {
	ID            uuid.UUID `json:"level_id"`
	LocationID    uuid.UUID `json:"location_id"`
	Kind          string    `json:"kind"`
	Key           string    `json:"sku"`
	Bucket        string    `json:"bucket,omitempty"`
	OnHand        int64     `json:"on_hand"`
	Committed     int64     `json:"committed"` // owed to placed orders
	Reserved      int64     `json:"reserved"`  // held for carts and unpaid orders
	Safety        int64     `json:"safety"`    // kept back from sale
	Incoming      int64     `json:"incoming"`
	OversellLimit int64     `json:"oversell_limit"`
	Version       int64     `json:"version"`
	UpdatedAt     time.Time `json:"updated_at"`
}

// Available is what may still be promised; never negative.
func (l Level) Available() int64 {
	return l.OnHand - l.Safety + l.OversellLimit - l.Committed - l.Reserved
}

// Owner is who holds supply: a cart or an order.
type Owner struct {
	Kind string // cart, order
	ID   uuid.UUID
}

// OrderOwner is the owner that is the order.
func OrderOwner(id uuid.UUID) Owner { return Owner{Kind: "order", ID: id} }

// CartOwner is the owner that is the cart.
func CartOwner(id uuid.UUID) Owner { return Owner{Kind: "cart", ID: id} }

// Demand is a quantity wanted of a level. The same level may come several times: the sum counts.
type Demand struct {
	Level    uuid.UUID `json:"level_id"`
	Quantity int64     `json:"quantity"`
}

// Shortage is a demand that cannot be met.
type Shortage struct {
	Level  uuid.UUID `json:"level_id"`
	Key    string    `json:"sku"`
	Wanted int64     `json:"wanted"`
	Left   int64     `json:"left"`
}

var (
	// ErrOutOfStock answers a demand above what is available; Shortages tells which.
	ErrOutOfStock = fault.New(fault.Conflict, "inventory.out_of_stock", "There is not enough of this left.")
	// ErrBelowPromised answers a change that would leave less than what carts and orders have been promised.
	ErrBelowPromised = fault.New(fault.Conflict, "inventory.below_promised", "Orders and carts hold more than this would leave. Cancel or ship them first, or allow overselling.")
	// ErrNoLevel answers an id that is no level of this tenant.
	ErrNoLevel = fault.New(fault.NotFound, "inventory.level_not_found", "There is no such stock level.")
	// ErrHeldLess answers a settlement of more than the owner holds.
	ErrHeldLess = fault.New(fault.Conflict, "inventory.held_less", "Less is held than was to be settled.")
	// ErrChanged answers a count that was taken against another figure than the present one; the problem has "current".
	ErrChanged = fault.New(fault.Conflict, "inventory.changed", "The stock has changed since you looked. Look again and repeat the count.")
	errAmount  = fault.New(fault.Invalid, "inventory.quantity_invalid", "Quantities must be above 0 and below 1,000,000,000.")
)

// maxQuantity bounds one figure, so that sums stay far from the limits of int64.
const maxQuantity = 1_000_000_000

// Shortages gives what was short when err is ErrOutOfStock.
func Shortages(err error) []Shortage {
	s, _ := fault.Of(err).Data["shortages"].([]Shortage)
	return s
}
