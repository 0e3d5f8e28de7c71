package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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
	var rows []sourceRow
	if err := tx.Raw(strings.ReplaceAll(sourcesSQL, "$1", "?"), db.JSON[[]Key]{V: keys}).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("find supply: %w", err)
	}
	return sourcesOf(rows), nil
}

type sourceRow struct {
	Kind, Key  string
	ID         uuid.UUID
	LocationID uuid.UUID
	Available  int64
}

const sourcesSQL = `WITH w AS (SELECT DISTINCT kind, key FROM jsonb_to_recordset($1::jsonb) AS w(kind text, key text))
	SELECT p.kind, p.key, l.id, p.location_id, l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved AS available
	FROM w JOIN pools p ON p.kind = w.kind AND p.key = w.key
	JOIN locations o ON o.tenant_id = p.tenant_id AND o.id = p.location_id AND o.active
	JOIN pool_levels l ON l.tenant_id = p.tenant_id AND l.pool_id = p.id AND l.bucket = ''
	ORDER BY p.kind, p.key, o.rank, o.id`

func sourcesOf(rows []sourceRow) map[Key][]Source {
	out := make(map[Key][]Source, len(rows))
	for _, r := range rows {
		k := Key{Kind: r.Kind, Key: r.Key}
		out[k] = append(out[k], Source{LevelID: r.ID, LocationID: r.LocationID, Available: r.Available})
	}
	return out
}

// Sources is SourcesTx by itself, in one round trip: every look at a cart asks.
func (v *Inventory) Sources(ctx context.Context, sc db.Scope, keys []Key) (map[Key][]Source, error) {
	wanted, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("find supply: %w", err)
	}
	var rows []sourceRow
	err = v.db.Pipeline(ctx, sc, func(b *pgx.Batch) {
		b.Queue(sourcesSQL, string(wanted)).Query(func(r pgx.Rows) (err error) {
			rows, err = pgx.CollectRows(r, pgx.RowToStructByPos[sourceRow])
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("find supply: %w", err)
	}
	return sourcesOf(rows), nil
}
