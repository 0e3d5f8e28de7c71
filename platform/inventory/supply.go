package inventory

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Source is a level that can supply a key.
type Source struct {
	LevelID    uuid.UUID
	LocationID uuid.UUID
	Available  int64
}

// SourcesTx gives for each key the levels at active locations that supply it, in the order of the locations' rank, which is the order in which
// orders take from them.
func (v *Inventory) SourcesTx(tx *db.Tx, keys []Key) (map[Key][]Source, error) {
	var rows []struct {
		Kind, Key  string
		ID         uuid.UUID
		LocationID uuid.UUID
		Available  int64
	}
	err := tx.Raw(`WITH w AS (SELECT DISTINCT kind, key FROM jsonb_to_recordset(?::jsonb) AS w(kind text, key text))
		SELECT p.kind, p.key, l.id, p.location_id, l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved AS available
		FROM w JOIN pools p ON p.kind = w.kind AND p.key = w.key
		JOIN locations o ON o.tenant_id = p.tenant_id AND o.id = p.location_id AND o.active
		JOIN pool_levels l ON l.tenant_id = p.tenant_id AND l.pool_id = p.id AND l.bucket = ''
		ORDER BY p.kind, p.key, o.rank, o.id`, db.JSON[[]Key]{V: keys}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("find supply: %w", err)
	}
	out := make(map[Key][]Source, len(keys))
	for _, r := range rows {
		k := Key{Kind: r.Kind, Key: r.Key}
		out[k] = append(out[k], Source{LevelID: r.ID, LocationID: r.LocationID, Available: r.Available})
	}
	return out, nil
}

// Sources is SourcesTx in a transaction of its own.
func (v *Inventory) Sources(ctx context.Context, sc db.Scope, keys []Key) (out map[Key][]Source, err error) {
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = v.SourcesTx(tx, keys)
		return err
	})
	return out, err
}
