package inventory

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Adjust adds delta, which may be negative, to what is on hand. The reason is kept.
func (v *Inventory) Adjust(ctx context.Context, sc db.Scope, level uuid.UUID, delta int64, reason string) (after Level, err error) {
	if delta == 0 || delta < -maxQuantity || delta > maxQuantity {
		return Level{}, errAmount.Field("delta", "must be between -1,000,000,000 and 1,000,000,000 and not 0")
	}
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		after, err = v.changeOne(tx, level, reason, func(l Level) (change, error) {
			if l.OnHand+delta > maxQuantity {
				return change{}, errAmount.Field("delta", "would put more than 1,000,000,000 on hand")
			}
			return change{Level: level, Kind: "adjust", OnHand: delta}, nil
		})
		return err
	})
	return after, err
}

// Set records a count: on hand becomes onHand if it still is expected, else ErrChanged with the present level as "current". A count that
// finds what was expected is kept as a movement of 0.
func (v *Inventory) Set(ctx context.Context, sc db.Scope, level uuid.UUID, onHand, expected int64, reason string) (after Level, err error) {
	if onHand < 0 || onHand > maxQuantity {
		return Level{}, errAmount.Field("on_hand", "must be between 0 and 1,000,000,000")
	}
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		after, err = v.changeOne(tx, level, reason, func(l Level) (change, error) {
			if l.OnHand != expected {
				return change{}, ErrChanged.With("current", ViewOf(l))
			}
			return change{Level: level, Kind: "count", OnHand: onHand - l.OnHand}, nil
		})
		return err
	})
	return after, err
}

func (v *Inventory) changeOne(tx *db.Tx, level uuid.UUID, reason string, decide func(Level) (change, error)) (Level, error) {
	levels, err := lock(tx, []uuid.UUID{level})
	if err != nil {
		return Level{}, err
	}
	c, err := decide(levels[level])
	if err != nil {
		return Level{}, err
	}
	if err := apply(tx, levels, []change{c}, Cause{Kind: "staff", Reason: reason}); err != nil {
		return Level{}, err
	}
	after, err := lock(tx, []uuid.UUID{level})
	if err != nil {
		return Level{}, err
	}
	return after[level], journal(tx, "inventory."+c.Kind, level, levels[level], after[level])
}

// Settings are what a tenant decides about a level.
type Settings struct {
	Safety        int64 `json:"safety" minimum:"0" maximum:"1000000000" doc:"Kept back from sale."`
	OversellLimit int64 `json:"oversell_limit" minimum:"0" maximum:"1000000000" doc:"How many more than there are may be promised."`
	Incoming      int64 `json:"incoming" minimum:"0" maximum:"1000000000" doc:"Ordered from suppliers and not here yet."`
}

// Configure changes the settings of a level; ErrBelowPromised when what is promised would no longer be covered.
func (v *Inventory) Configure(ctx context.Context, sc db.Scope, level uuid.UUID, s Settings) (after Level, err error) {
	if s.Safety < 0 || s.OversellLimit < 0 || s.Incoming < 0 || max(s.Safety, s.OversellLimit, s.Incoming) > maxQuantity {
		return Level{}, errAmount
	}
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		levels, err := lock(tx, []uuid.UUID{level})
		if err != nil {
			return err
		}
		if err := configure(tx, level, s); err != nil {
			return err
		}
		now, err := lock(tx, []uuid.UUID{level})
		if err != nil {
			return err
		}
		after = now[level]
		err = publish(tx, level.String(), StockChangedV1{Cause: "settings", Levels: []LevelChange{{LevelID: level, SKU: after.Key, LocationID: after.LocationID, Available: after.Available(), OnHand: after.OnHand}}})
		if err != nil {
			return err
		}
		return journal(tx, "inventory.configure", level, levels[level], after)
	})
	return after, err
}

// Count is a quantity of goods with a SKU.
type Count struct {
	SKU      string `json:"sku" minLength:"1" maxLength:"100"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"1000000000"`
}

// Receive puts goods on the shelf of the location, which need not have held them before. Expected goods (incoming) go down by as much.
func (v *Inventory) Receive(ctx context.Context, sc db.Scope, location uuid.UUID, counts []Count, reason string) error {
	return v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		return v.ReceiveTx(tx, location, counts, Cause{Kind: "staff", Reason: reason})
	})
}

// ReceiveTx is Receive for a caller's transaction, with any cause.
func (v *Inventory) ReceiveTx(tx *db.Tx, location uuid.UUID, counts []Count, cause Cause) error {
	ids, err := v.levelsFor(tx, location, counts)
	if err != nil || len(counts) == 0 {
		return err
	}
	demands := make([]Demand, len(counts))
	for i, c := range counts {
		demands[i] = Demand{Level: ids[Stock(c.SKU)], Quantity: c.Quantity}
	}
	wanted, err := sum(demands)
	if err != nil {
		return err
	}
	levels, err := lock(tx, idsOf(wanted))
	if err != nil {
		return err
	}
	changes := make([]change, len(wanted))
	for i, d := range wanted {
		changes[i] = change{Level: d.Level, Kind: "receive", OnHand: d.Quantity, Incoming: -d.Quantity}
	}
	if err := apply(tx, levels, changes, cause); err != nil {
		return err
	}
	return journal(tx, "inventory.receive", location, nil, counts)
}

// Transfer moves goods from one location to another, all or nothing; both are changed in one transaction. It returns the id that the movements carry.
func (v *Inventory) Transfer(ctx context.Context, sc db.Scope, from, to uuid.UUID, counts []Count) (uuid.UUID, error) {
	if from == to {
		return uuid.Nil, fault.New(fault.Invalid, "inventory.transfer_same", "Choose two different locations.").Field("to_location_id", "is the same as from_location_id")
	}
	id := db.NewID()
	return id, v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		source, err := v.levelsFor(tx, from, counts)
		if err != nil {
			return err
		}
		target, err := v.levelsFor(tx, to, counts)
		if err != nil {
			return err
		}
		var demands []Demand
		for _, c := range counts {
			demands = append(demands, Demand{Level: source[Stock(c.SKU)], Quantity: c.Quantity}, Demand{Level: target[Stock(c.SKU)], Quantity: c.Quantity})
		}
		wanted, err := sum(demands)
		if err != nil {
			return err
		}
		levels, err := lock(tx, idsOf(wanted))
		if err != nil {
			return err
		}
		var short []Shortage
		changes := make([]change, len(wanted))
		for i, d := range wanted {
			l := levels[d.Level]
			if l.LocationID == to {
				changes[i] = change{Level: d.Level, Kind: "transfer_in", OnHand: d.Quantity}
				continue
			}
			// What may leave is what is there and promised to nobody; the safety stock may move too.
			if left := min(l.OnHand, l.OnHand+l.OversellLimit-l.Committed-l.Reserved); left < d.Quantity {
				short = append(short, Shortage{Level: l.ID, Key: l.Key, Wanted: d.Quantity, Left: max(0, left)})
			}
			changes[i] = change{Level: d.Level, Kind: "transfer_out", OnHand: -d.Quantity}
		}
		if len(short) > 0 {
			return ErrOutOfStock.With("shortages", short)
		}
		if err := apply(tx, levels, changes, Cause{Kind: "transfer", ID: id.String()}); err != nil {
			return err
		}
		return journal(tx, "inventory.transfer", id, nil, map[string]any{"from": from, "to": to, "lines": counts})
	})
}

// levelsFor finds the levels of the SKUs at the location and makes those that are missing; unknown SKUs and locations are refused by name.
func (v *Inventory) levelsFor(tx *db.Tx, location uuid.UUID, counts []Count) (map[Key]uuid.UUID, error) {
	keys := make([]Key, len(counts))
	skus := make([]string, len(counts))
	for i, c := range counts {
		keys[i], skus[i] = Stock(c.SKU), c.SKU
	}
	if missing, err := unknownSKUs(tx, skus); err != nil {
		return nil, err
	} else if len(missing) > 0 {
		e := fault.New(fault.Invalid, "inventory.sku_unknown", "There is no product with the SKU %s.", strings.Join(missing, ", "))
		for i, s := range skus {
			for _, m := range missing {
				if s == m {
					e = e.Field(fmt.Sprintf("lines[%d].sku", i), "unknown")
				}
			}
		}
		return nil, e
	}
	return v.EnsureTx(tx, location, keys)
}
