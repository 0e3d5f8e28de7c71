package inventory

import (
	"cmp"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/catalog"
	"allhours/tenants"
)

// Provision gives a new shop its first location.
func (v *Inventory) Provision(tx *db.Tx, t tenants.Tenant, p tenants.Preset) error {
	name := cmp.Or(tenants.In(p.Location.Name, t.Language), t.Name)
	_, err := v.AddLocationTx(tx, LocationInput{Name: name, Kind: cmp.Or(p.Location.Kind, "store"), TimeZone: t.TimeZone, Address: Address{Country: t.Country}, Active: true})
	return err
}

// FirstLocationTx gives the active location that comes first: where new goods lie unless told otherwise. uuid.Nil where there is none.
func FirstLocationTx(tx *db.Tx) (uuid.UUID, error) {
	var ids []uuid.UUID
	if err := tx.Raw(`SELECT id FROM locations WHERE active ORDER BY rank, id LIMIT 1`).Scan(&ids).Error; err != nil || len(ids) == 0 {
		return uuid.Nil, err
	}
	return ids[0], nil
}

var errNowhere = fault.New(fault.Conflict, "inventory.no_location", "There is no active location that the stock could lie at. Add one first.")

// SupplyTx is catalog.Supplier: each key has a level at the first active location, and where OnHand is given that many are counted there.
func (v *Inventory) SupplyTx(tx *db.Tx, stock []catalog.Stock) error {
	location, err := FirstLocationTx(tx)
	if err != nil {
		return fmt.Errorf("find location: %w", err)
	}
	keys := make([]Key, 0, len(stock))
	counts := map[Key]int64{}
	for _, s := range stock {
		k := Key{Kind: s.Kind, Key: s.Key}
		keys = append(keys, k)
		if s.OnHand != nil {
			counts[k] = *s.OnHand
		}
	}
	if location == uuid.Nil {
		if len(counts) > 0 {
			return errNowhere
		}
		return nil
	}
	ids, err := v.EnsureTx(tx, location, keys)
	if err != nil || len(counts) == 0 {
		return err
	}
	wanted := make([]uuid.UUID, 0, len(counts))
	for k := range counts {
		wanted = append(wanted, ids[k])
	}
	levels, err := lock(tx, wanted)
	if err != nil {
		return err
	}
	var changes []change
	for k, n := range counts {
		if delta := n - levels[ids[k]].OnHand; delta != 0 {
			changes = append(changes, change{Level: ids[k], Kind: "count", OnHand: delta})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return apply(tx, levels, changes, Cause{Kind: "product", Reason: "written with the product"})
}

// RenameTx is catalog.Supplier: the supply of a SKU goes on under another.
func (v *Inventory) RenameTx(tx *db.Tx, from, to string) error {
	err := tx.Exec(`UPDATE pools SET key = ? WHERE kind = 'stock' AND key = ?`, to, from).Error
	if db.Violates(err, "pools_key") {
		return fault.New(fault.Conflict, "inventory.sku_in_use", "There is stock under the SKU %s already. Choose another.", to).Field("variants", "one of the SKUs has stock of its own")
	}
	if err != nil {
		return fmt.Errorf("rename supply: %w", err)
	}
	return nil
}
