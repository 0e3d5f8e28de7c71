package inventory

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Cause explains a change in its movements.
type Cause struct {
	Kind   string // order, cart, transfer, import, staff
	ID     string
	Reason string
}

func (o Owner) cause() Cause { return Cause{Kind: o.Kind, ID: o.ID.String()} }

// ReserveTx holds supply for the owner until the time given (zero: without end): all demands or, with ErrOutOfStock, none.
func (v *Inventory) ReserveTx(tx *db.Tx, owner Owner, demands []Demand, until time.Time) error {
	return v.hold(tx, owner, demands, "reserved", until)
}

// TakeTx commits supply to the owner in one step, for an order that is placed without a reservation before: all demands or, with ErrOutOfStock, none.
func (v *Inventory) TakeTx(tx *db.Tx, owner Owner, demands []Demand) error {
	return v.hold(tx, owner, demands, "committed", time.Time{})
}

func (v *Inventory) hold(tx *db.Tx, owner Owner, demands []Demand, state string, until time.Time) error {
	wanted, err := sum(demands)
	if err != nil || len(wanted) == 0 {
		return err
	}
	levels, err := lock(tx, idsOf(wanted))
	if err != nil {
		return err
	}
	var short []Shortage
	holds := make([]hold, len(wanted))
	changes := make([]change, len(wanted))
	for i, d := range wanted {
		l := levels[d.Level]
		if l.Available() < d.Quantity {
			short = append(short, Shortage{Level: l.ID, Key: l.Key, Wanted: d.Quantity, Left: l.Available()})
			continue
		}
		holds[i] = hold{ID: db.NewID(), Level: d.Level, Quantity: d.Quantity}
		if state == "reserved" {
			changes[i] = change{Level: d.Level, Kind: "reserve", Reserved: d.Quantity}
		} else {
			changes[i] = change{Level: d.Level, Kind: "commit", Committed: d.Quantity}
		}
	}
	if len(short) > 0 {
		return ErrOutOfStock.With("shortages", short)
	}
	if err := insertHolds(tx, owner, state, until, holds); err != nil {
		return err
	}
	return apply(tx, levels, changes, owner.cause())
}

// CommitTx turns what the owners have reserved into what they are owed. Owners without open reservations are no error: it may be called again.
func (v *Inventory) CommitTx(tx *db.Tx, owners ...Owner) error {
	return settle(tx, owners, nil, move{from: []string{"reserved"}, to: "committed", kind: "commit", committed: 1})
}

// ReleaseTx gives back everything that the owners hold, reserved or committed. It may be called again.
func (v *Inventory) ReleaseTx(tx *db.Tx, owners ...Owner) error {
	return settle(tx, owners, nil, release)
}

// ReleasePartTx gives back a part of what the owner holds, such as a cancelled line; ErrHeldLess when it holds less.
func (v *Inventory) ReleasePartTx(tx *db.Tx, owner Owner, demands []Demand) error {
	return settlePart(tx, owner, demands, release)
}

// ExpireTx gives back what the owners have reserved because their time is over; what is committed stays. It may be called again.
func (v *Inventory) ExpireTx(tx *db.Tx, owners ...Owner) error {
	return settle(tx, owners, nil, move{from: []string{"reserved"}, to: "expired", kind: "expire"})
}

// ConsumeTx takes everything that is committed to the owner off the shelf: it has left the house.
func (v *Inventory) ConsumeTx(tx *db.Tx, owners ...Owner) error {
	return settle(tx, owners, nil, consume)
}

// ConsumePartTx takes a part of what is committed to the owner off the shelf, such as one parcel of an order; ErrHeldLess when less is committed.
func (v *Inventory) ConsumePartTx(tx *db.Tx, owner Owner, demands []Demand) error {
	return settlePart(tx, owner, demands, consume)
}

// RestockTx puts goods that had left the house back on the shelf.
func (v *Inventory) RestockTx(tx *db.Tx, owner Owner, demands []Demand) error {
	wanted, err := sum(demands)
	if err != nil || len(wanted) == 0 {
		return err
	}
	levels, err := lock(tx, idsOf(wanted))
	if err != nil {
		return err
	}
	changes := make([]change, len(wanted))
	for i, d := range wanted {
		changes[i] = change{Level: d.Level, Kind: "restock", OnHand: d.Quantity}
	}
	return apply(tx, levels, changes, owner.cause())
}

// ReleaseExpired frees reservations whose time is over, at most limit of them, the oldest first, and tells how many it freed. The timers of carts and orders do this on
// time; this sweep is for those that were lost.
func (v *Inventory) ReleaseExpired(tx *db.Tx, limit int) (int, error) {
	owners, err := overdue(tx, limit)
	if err != nil || len(owners) == 0 {
		return 0, err
	}
	return len(owners), v.ExpireTx(tx, owners...)
}

// move says what settling does to a hold: which states it takes, which it leaves, and where the quantity goes (as factors).
type move struct {
	from      []string
	to        string
	kind      string
	onHand    int64
	committed int64
}

var (
	release = move{from: []string{"reserved", "committed"}, to: "released", kind: "release"}
	consume = move{from: []string{"committed"}, to: "consumed", kind: "ship", onHand: -1}
)

// change is what the move of q units held in state does to their level.
func (m move) change(level uuid.UUID, state string, q int64) change {
	c := change{Level: level, Kind: m.kind, OnHand: m.onHand * q, Committed: m.committed * q}
	if state == "reserved" {
		c.Reserved -= q
	} else {
		c.Committed -= q
	}
	return c
}

func settlePart(tx *db.Tx, owner Owner, demands []Demand, m move) error {
	wanted, err := sum(demands)
	if err != nil || len(wanted) == 0 {
		return err
	}
	return settle(tx, []Owner{owner}, wanted, m)
}

// settle moves the owners' holds on: all of them, or with wanted a part of the single owner's, splitting a hold where only some of it moves.
func settle(tx *db.Tx, owners []Owner, wanted []Demand, m move) error {
	held, err := lockHolds(tx, owners, m.from)
	if err != nil {
		return err
	}
	parts := whole(held)
	if wanted != nil {
		if parts, err = pick(held, wanted); err != nil {
			return err
		}
	}
	if len(parts) == 0 {
		return nil
	}
	levels, err := lock(tx, levelsOf(parts))
	if err != nil {
		return err
	}
	if err := moveHolds(tx, parts, m.to); err != nil {
		return err
	}
	byOwner := map[Owner][]change{}
	for _, p := range parts {
		o := Owner{Kind: p.OwnerKind, ID: p.OwnerID}
		byOwner[o] = append(byOwner[o], m.change(p.Level, p.State, p.Moved))
	}
	order := make([]Owner, 0, len(byOwner))
	for o := range byOwner {
		order = append(order, o)
	}
	slices.SortFunc(order, func(a, b Owner) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	var all []change
	for _, o := range order {
		for _, c := range byOwner[o] {
			c.CauseKind, c.CauseID = o.Kind, o.ID.String()
			all = append(all, c)
		}
	}
	return apply(tx, levels, all, Cause{})
}

// part is how much of a hold moves.
type part struct {
	held
	Moved int64
}

func whole(held []held) []part {
	parts := make([]part, len(held))
	for i, h := range held {
		parts[i] = part{held: h, Moved: h.Quantity}
	}
	return parts
}

// pick takes the wanted quantities from the holds, the older first.
func pick(held []held, wanted []Demand) ([]part, error) {
	var parts []part
	for _, d := range wanted {
		left := d.Quantity
		for _, h := range held {
			if h.Level != d.Level || left == 0 {
				continue
			}
			n := min(left, h.Quantity)
			parts = append(parts, part{held: h, Moved: n})
			left -= n
		}
		if left > 0 {
			return nil, ErrHeldLess.With("shortages", []Shortage{{Level: d.Level, Wanted: d.Quantity, Left: d.Quantity - left}})
		}
	}
	return parts, nil
}

func levelsOf(parts []part) []uuid.UUID {
	ids := make([]uuid.UUID, len(parts))
	for i, p := range parts {
		ids[i] = p.Level
	}
	return ids
}

// sum adds the demands up by level, in the order of the levels' ids.
func sum(demands []Demand) ([]Demand, error) {
	total := map[uuid.UUID]int64{}
	for _, d := range demands {
		if d.Quantity <= 0 || d.Quantity > maxQuantity {
			return nil, errAmount
		}
		total[d.Level] += d.Quantity
	}
	out := make([]Demand, 0, len(total))
	for l, q := range total {
		out = append(out, Demand{Level: l, Quantity: q})
	}
	slices.SortFunc(out, func(a, b Demand) int { return slices.Compare(a.Level[:], b.Level[:]) })
	return out, nil
}

func idsOf(demands []Demand) []uuid.UUID {
	ids := make([]uuid.UUID, len(demands))
	for i, d := range demands {
		ids[i] = d.Level
	}
	return ids
}
