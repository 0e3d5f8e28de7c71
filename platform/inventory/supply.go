package inventory

import (
	"context"
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
	kinds, names := columns(keys)
	if err := tx.Raw(strings.NewReplacer("$1", "?", "$2", "?").Replace(sourcesSQL), db.Strings(kinds), db.Strings(names)).Scan(&rows).Error; err != nil {
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

// OFFSET 0 keeps the planner from going through all pools of the shop to find a few: it guesses that a shop has few.
const sourcesSQL = `SELECT w.kind, w.key, l.id, p.location_id, l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved AS available
	FROM unnest($1::text[], $2::text[]) AS w(kind, key)
	CROSS JOIN LATERAL (SELECT p.tenant_id, p.id, p.location_id FROM pools p WHERE p.kind = w.kind AND p.key = w.key OFFSET 0) p
	JOIN locations o ON o.tenant_id = p.tenant_id AND o.id = p.location_id AND o.active
	JOIN pool_levels l ON l.tenant_id = p.tenant_id AND l.pool_id = p.id AND l.bucket = ''
	ORDER BY w.kind, w.key, o.rank, o.id`

// columns gives the kinds and the keys, each pair once.
func columns(keys []Key) (kinds, names []string) {
	seen := map[Key]bool{}
	kinds, names = []string{}, []string{}
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			kinds, names = append(kinds, k.Kind), append(names, k.Key)
		}
	}
	return kinds, names
}

func sourcesOf(rows []sourceRow) map[Key][]Source {
	out := make(map[Key][]Source, len(rows))
	for _, r := range rows {
		k := Key{Kind: r.Kind, Key: r.Key}
		out[k] = append(out[k], Source{LevelID: r.ID, LocationID: r.LocationID, Available: r.Available})
	}
	return out
}

// Sources is SourcesTx by itself, in one round trip.
func (v *Inventory) Sources(ctx context.Context, sc db.Scope, keys []Key) (sources map[Key][]Source, err error) {
	if err := v.db.Pipeline(ctx, sc, func(b *pgx.Batch) { QueueSources(b, keys, &sources) }); err != nil {
		return nil, fmt.Errorf("find supply: %w", err)
	}
	return sources, nil
}

// QueueSources has the batch ask for the sources along with what else it does: every change of a cart asks.
func QueueSources(b *pgx.Batch, keys []Key, sources *map[Key][]Source) {
	kinds, names := columns(keys)
	b.Queue(sourcesSQL, kinds, names).Query(func(r pgx.Rows) error {
		rows, err := pgx.CollectRows(r, pgx.RowToStructByPos[sourceRow])
		*sources = sourcesOf(rows)
		return err
	})
}
