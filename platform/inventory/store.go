package inventory

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/tenants/audit"
)

// change is one movement to be: what it adds to its level.
type change struct {
	ID        uuid.UUID `json:"id"`
	Level     uuid.UUID `json:"level"`
	Kind      string    `json:"kind"`
	OnHand    int64     `json:"on_hand"`
	Reserved  int64     `json:"reserved"`
	Committed int64     `json:"committed"`
	Incoming  int64     `json:"incoming"`
	CauseKind string    `json:"cause_kind"`
	CauseID   string    `json:"cause_id"`
}

type hold struct {
	ID       uuid.UUID `json:"id"`
	Level    uuid.UUID `json:"level"`
	Quantity int64     `json:"quantity"`
}

type held struct {
	ID        uuid.UUID `gorm:"column:id"`
	Level     uuid.UUID `gorm:"column:level_id"`
	OwnerKind string
	OwnerID   uuid.UUID
	State     string
	Quantity  int64
}

const levelColumns = `l.id, p.location_id, p.kind, p.key, l.bucket, l.on_hand, l.committed, l.reserved, l.safety, l.incoming, l.oversell_limit, l.version, l.updated_at`

// lock locks the levels in id order and returns them; ErrNoLevel if one of them is not there.
func lock(tx *db.Tx, ids []uuid.UUID) (map[uuid.UUID]Level, error) {
	var rows []Level
	err := tx.Raw(`SELECT `+levelColumns+` FROM pool_levels l JOIN pools p ON p.tenant_id = l.tenant_id AND p.id = l.pool_id
		WHERE l.id IN ? ORDER BY l.id FOR UPDATE OF l`, ids).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock levels: %w", err)
	}
	levels := make(map[uuid.UUID]Level, len(rows))
	for _, l := range rows {
		levels[l.ID] = l
	}
	for _, id := range ids {
		if _, ok := levels[id]; !ok {
			return nil, ErrNoLevel.With("level_id", id)
		}
	}
	return levels, nil
}

// apply adds the changes to their levels, which are locked, writes the movements and publishes stock.changed.
func apply(tx *db.Tx, levels map[uuid.UUID]Level, changes []change, cause Cause) error {
	for i := range changes {
		changes[i].ID = db.NewID()
		if changes[i].CauseKind == "" {
			changes[i].CauseKind, changes[i].CauseID = cause.Kind, cause.ID
		}
	}
	var after []Level
	err := tx.Raw(`WITH c AS MATERIALIZED (
			SELECT * FROM jsonb_to_recordset(?::jsonb) AS c(id uuid, level uuid, kind text, on_hand bigint, reserved bigint, committed bigint, incoming bigint, cause_kind text, cause_id text)),
		m AS (INSERT INTO movements (tenant_id, id, level_id, kind, on_hand_delta, reserved_delta, committed_delta, cause_kind, cause_id, reason, actor, at)
			SELECT current_tenant(), id, level, kind, on_hand, reserved, committed, cause_kind, cause_id, ?, ?, ? FROM c),
		s AS (SELECT level, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(committed) AS committed, sum(incoming) AS incoming FROM c GROUP BY level)
		UPDATE pool_levels l SET on_hand = l.on_hand + s.on_hand, reserved = l.reserved + s.reserved, committed = l.committed + s.committed,
			incoming = greatest(0, l.incoming + s.incoming), version = l.version + 1, updated_at = ?
		FROM s WHERE l.id = s.level
		RETURNING l.id, l.on_hand, l.committed, l.reserved, l.safety, l.oversell_limit`,
		db.JSON[[]change]{V: changes}, cause.Reason, actor(tx.Scope.Actor), tx.Now, tx.Now).Scan(&after).Error
	switch {
	case db.Violates(err, "pool_levels_never_oversold"), db.Violates(err, "pool_levels_on_hand_check"):
		return ErrBelowPromised.Wrap(err)
	case err != nil:
		return fmt.Errorf("change levels: %w", err)
	}
	event := StockChangedV1{Levels: make([]LevelChange, len(after)), Cause: changes[0].Kind}
	for i, l := range after {
		event.Levels[i] = LevelChange{LevelID: l.ID, SKU: levels[l.ID].Key, LocationID: levels[l.ID].LocationID, Available: l.Available(), OnHand: l.OnHand}
	}
	subject := cause.ID
	if subject == "" {
		subject = changes[0].CauseID
	}
	return publish(tx, subject, event)
}

func actor(a db.Actor) string {
	if a.ID == "" {
		return a.Kind
	}
	return a.Kind + ":" + a.ID
}

func insertHolds(tx *db.Tx, owner Owner, state string, until time.Time, holds []hold) error {
	var expires *time.Time
	if !until.IsZero() {
		expires = &until
	}
	err := tx.Exec(`INSERT INTO holds (tenant_id, id, level_id, owner_kind, owner_id, quantity, state, expires_at, created_at, updated_at)
		SELECT current_tenant(), id, level, ?, ?, quantity, ?, ?, ?, ? FROM jsonb_to_recordset(?::jsonb) AS h(id uuid, level uuid, quantity bigint)`,
		owner.Kind, owner.ID, state, expires, tx.Now, tx.Now, db.JSON[[]hold]{V: holds}).Error
	if err != nil {
		return fmt.Errorf("hold supply: %w", err)
	}
	return nil
}

// lockHolds locks the owners' holds in the states. Holds are locked before levels, never after.
func lockHolds(tx *db.Tx, owners []Owner, states []string) ([]held, error) {
	ids := make([]uuid.UUID, len(owners))
	for i, o := range owners {
		ids[i] = o.ID
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []held
	err := tx.Raw(`SELECT id, level_id, owner_kind, owner_id, state, quantity FROM holds
		WHERE owner_id IN ? AND state IN ? ORDER BY level_id, id FOR UPDATE`, ids, states).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock holds: %w", err)
	}
	return rows, nil
}

// moveHolds puts the parts into the state; what of a hold does not move goes on as a hold of its own.
func moveHolds(tx *db.Tx, parts []part, to string) error {
	type row struct {
		ID   uuid.UUID `json:"id"`
		Rest uuid.UUID `json:"rest"`
		N    int64     `json:"n"`
	}
	rows := make([]row, len(parts))
	for i, p := range parts {
		rows[i] = row{ID: p.ID, Rest: db.NewID(), N: p.Moved}
	}
	err := tx.Exec(`WITH d AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(?::jsonb) AS d(id uuid, rest uuid, n bigint)),
		r AS (INSERT INTO holds (tenant_id, id, level_id, owner_kind, owner_id, quantity, state, expires_at, created_at, updated_at)
			SELECT h.tenant_id, d.rest, h.level_id, h.owner_kind, h.owner_id, h.quantity - d.n, h.state, h.expires_at, h.created_at, ?
			FROM d JOIN holds h ON h.id = d.id WHERE h.quantity > d.n)
		UPDATE holds h SET state = ?, quantity = d.n, updated_at = ?, expires_at = NULL FROM d WHERE h.id = d.id`,
		db.JSON[[]row]{V: rows}, tx.Now, to, tx.Now).Error
	if err != nil {
		return fmt.Errorf("settle holds: %w", err)
	}
	return nil
}

func overdue(tx *db.Tx, limit int) ([]Owner, error) {
	var owners []Owner
	err := tx.Raw(`SELECT owner_kind AS kind, owner_id AS id FROM holds WHERE state = 'reserved' AND expires_at < ?
		GROUP BY 1, 2 ORDER BY min(expires_at) LIMIT ?`, tx.Now, limit).Scan(&owners).Error
	if err != nil {
		return nil, fmt.Errorf("find expired holds: %w", err)
	}
	return owners, nil
}

// publish puts the event into the outbox.
func publish(tx *db.Tx, subject string, e StockChangedV1) error {
	return outbox.Append(tx, "stock.changed", subject, e)
}

func configure(tx *db.Tx, level uuid.UUID, s Settings) error {
	err := tx.Exec(`UPDATE pool_levels SET safety = ?, oversell_limit = ?, incoming = ?, version = version + 1, updated_at = ? WHERE id = ?`,
		s.Safety, s.OversellLimit, s.Incoming, tx.Now, level).Error
	if db.Violates(err, "pool_levels_never_oversold") {
		return ErrBelowPromised.Wrap(err)
	}
	return err
}

// EnsureTx gives the levels of the keys at the location and makes those that are missing, empty.
func (v *Inventory) EnsureTx(tx *db.Tx, location uuid.UUID, keys []Key) (map[Key]uuid.UUID, error) {
	type row struct {
		Pool  uuid.UUID `json:"pool"`
		Level uuid.UUID `json:"level"`
		Key
	}
	seen := map[Key]bool{}
	var rows []row
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			rows = append(rows, row{Pool: db.NewID(), Level: db.NewID(), Key: k})
		}
	}
	if len(rows) == 0 {
		return map[Key]uuid.UUID{}, nil
	}
	const wanted = `WITH w AS (SELECT * FROM jsonb_to_recordset(?::jsonb) AS w(pool uuid, level uuid, kind text, key text)) `
	in := db.JSON[[]row]{V: rows}
	err := tx.Exec(wanted+`INSERT INTO pools (tenant_id, id, location_id, kind, key, created_at) SELECT current_tenant(), pool, ?, kind, key, ? FROM w ORDER BY kind, key
		ON CONFLICT ON CONSTRAINT pools_key DO NOTHING`, in, location, tx.Now).Error
	if db.Violates(err, "pools_tenant_id_location_id_fkey") {
		return nil, errNoLocation
	}
	if err != nil {
		return nil, fmt.Errorf("make pools: %w", err)
	}
	err = tx.Exec(wanted+`INSERT INTO pool_levels (tenant_id, id, pool_id, updated_at) SELECT current_tenant(), w.level, p.id, ? FROM w JOIN pools p ON p.kind = w.kind AND p.key = w.key AND p.location_id = ?
		ON CONFLICT ON CONSTRAINT pool_levels_bucket_key DO NOTHING`, in, tx.Now, location).Error
	if err != nil {
		return nil, fmt.Errorf("make levels: %w", err)
	}
	var found []struct {
		ID   uuid.UUID
		Kind string
		Key  string
	}
	err = tx.Raw(wanted+`SELECT l.id, p.kind, p.key FROM w JOIN pools p ON p.kind = w.kind AND p.key = w.key AND p.location_id = ?
		JOIN pool_levels l ON l.tenant_id = p.tenant_id AND l.pool_id = p.id AND l.bucket = ''`, in, location).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("find levels: %w", err)
	}
	out := make(map[Key]uuid.UUID, len(found))
	for _, f := range found {
		out[Key{Kind: f.Kind, Key: f.Key}] = f.ID
	}
	return out, nil
}

// unknownSKUs gives those of the SKUs that no variant has.
func unknownSKUs(tx *db.Tx, skus []string) ([]string, error) {
	var missing []string
	err := tx.Raw(`SELECT DISTINCT s FROM unnest(?::text[]) AS s WHERE NOT EXISTS (SELECT 1 FROM variants v WHERE v.sku = s) ORDER BY s`, db.Strings(skus)).Scan(&missing).Error
	if err != nil {
		return nil, fmt.Errorf("look SKUs up: %w", err)
	}
	return missing, nil
}

// journal appends the change to the audit log.
func journal(tx *db.Tx, action string, object uuid.UUID, before, after any) error {
	return audit.Append(tx, audit.Entry{Action: action, ObjectType: "inventory", ObjectID: object.String(), Before: before, After: after})
}
