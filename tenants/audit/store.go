package audit

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

func insert(tx *db.Tx, e Entry, before, after []byte) {
	a := tx.Scope.Actor
	tx.Queue(`INSERT INTO audit_log (tenant_id, id, at, actor_kind, actor_id, actor_name, via, request_id, action, object_type, object_id, before, after)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		tx.Scope.Tenant, db.NewID(), tx.Now, a.Kind, a.ID, a.Name, a.Via, a.RequestID, e.Action, e.ObjectType, e.ObjectID, text(before), text(after))
}

func text(b []byte) *string {
	if b == nil {
		return nil
	}
	s := string(b)
	return &s
}

// row is an entry in the table; before and after are jsonb as PostgreSQL prints it, which is the same for the same value.
type row struct {
	ID         uuid.UUID
	At         time.Time
	ActorKind  string
	ActorID    string
	ActorName  string
	Via        string
	RequestID  string
	Action     string
	ObjectType string
	ObjectID   string
	Before     *string
	After      *string
	Sealed     bool
}

const columns = `l.id, l.at, l.actor_kind, l.actor_id, l.actor_name, l.via, l.request_id, l.action, l.object_type, l.object_id, l.before::text AS before, l.after::text AS after`

func (r row) record() Record {
	return Record{
		ID: r.ID, At: r.At.UTC(), Actor: Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName}, Via: r.Via, Action: r.Action,
		ObjectType: r.ObjectType, ObjectID: r.ObjectID, Before: raw(r.Before), After: raw(r.After), RequestID: r.RequestID, Sealed: r.Sealed,
	}
}

func raw(s *string) any {
	if s == nil {
		return nil
	}
	return json.RawMessage(*s)
}

func list(tx *db.Tx, f Filter, q db.PageQuery) ([]row, error) {
	var last uuid.UUID
	paged, err := q.After(&last)
	if err != nil {
		return nil, err
	}
	where, args := []string{"l.tenant_id = ?"}, []any{tx.Scope.Tenant}
	and := func(on bool, sql string, values ...any) {
		if on {
			where, args = append(where, sql), append(args, values...)
		}
	}
	and(paged, "l.id < ?", last)
	and(f.Actor != "", "(l.actor_id = ? OR l.actor_kind = ?)", f.Actor, f.Actor)
	and(f.ObjectType != "", "l.object_type = ?", f.ObjectType)
	and(f.ObjectID != "", "l.object_id = ?", f.ObjectID)
	and(f.Action != "" && !strings.HasSuffix(f.Action, "."), "l.action = ?", f.Action)
	and(strings.HasSuffix(f.Action, "."), "starts_with(l.action, ?)", f.Action)
	and(!f.From.IsZero(), "l.at >= ?", f.From)
	and(!f.To.IsZero(), "l.at < ?", f.To)
	var rows []row
	err = tx.Raw(`SELECT `+columns+`, EXISTS (SELECT 1 FROM audit_chain c WHERE c.tenant_id = l.tenant_id AND c.entry_id = l.id) AS sealed
		FROM audit_log l WHERE `+strings.Join(where, " AND ")+` ORDER BY l.id DESC LIMIT ?`, append(args, q.Size()+1)...).Scan(&rows).Error
	return rows, err
}

// unsealedTenants are those whose newest entry is newer than what their chain seals.
func unsealedTenants(tx *db.Tx) (ids []uuid.UUID, err error) {
	err = tx.Raw(`SELECT t.id FROM tenants t WHERE EXISTS (SELECT 1 FROM audit_log l WHERE l.tenant_id = t.id AND l.id >
		COALESCE((SELECT c.entry_id FROM audit_chain c WHERE c.tenant_id = t.id ORDER BY c.entry_id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000'))`).Scan(&ids).Error
	return ids, err
}

func lockChain(tx *db.Tx) error {
	return tx.Exec(`SELECT pg_advisory_xact_lock(hashtextextended('audit:' || ?, 0))`, tx.Scope.Tenant.String()).Error
}

func headOf(tx *db.Tx) (sealHead, error) {
	h := sealHead{tenant: tx.Scope.Tenant, hash: genesis(tx.Scope.Tenant)}
	var l link
	err := tx.Raw(`SELECT seq, hash, entry_id FROM audit_chain WHERE tenant_id = ? ORDER BY seq DESC LIMIT 1`, tx.Scope.Tenant).Scan(&l).Error
	if err != nil || l.Seq == 0 {
		return h, err
	}
	h.seq, h.hash = l.Seq, l.Hash
	err = tx.Raw(`SELECT entry_id FROM audit_chain WHERE tenant_id = ? ORDER BY entry_id DESC LIMIT 1`, tx.Scope.Tenant).Row().Scan(&h.newest)
	return h, err
}

const notSealed = `NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.tenant_id = l.tenant_id AND c.entry_id = l.id)`

func unsealed(tx *db.Tx, from uuid.UUID) (rows []row, err error) {
	err = tx.Raw(`SELECT `+columns+` FROM audit_log l WHERE l.tenant_id = ? AND l.id >= ? AND `+notSealed+` ORDER BY l.id LIMIT ?`,
		tx.Scope.Tenant, from, sealBatch).Scan(&rows).Error
	return rows, err
}

func unsealedBefore(tx *db.Tx, to uuid.UUID) (ids []uuid.UUID, err error) {
	err = tx.Raw(`SELECT l.id FROM audit_log l WHERE l.tenant_id = ? AND l.id < ? AND `+notSealed+` ORDER BY l.id LIMIT ?`,
		tx.Scope.Tenant, to, maxFindings).Scan(&ids).Error
	return ids, err
}

// link is one place of the chain.
type link struct {
	Seq     int64
	EntryID uuid.UUID
	Hash    []byte
}

func insertLinks(tx *db.Tx, links []link) error {
	values, args := make([]string, len(links)), make([]any, 0, 5*len(links))
	for i, l := range links {
		values[i] = "(?, ?, ?, ?, ?)"
		args = append(args, tx.Scope.Tenant, l.Seq, l.EntryID, l.Hash, tx.Now)
	}
	return tx.Exec(`INSERT INTO audit_chain (tenant_id, seq, entry_id, hash, sealed_at) VALUES `+strings.Join(values, ", "), args...).Error
}

type checkpoint struct {
	Seq       int64
	Signature string
}

func insertCheckpoint(tx *db.Tx, seq int64, signature string) error {
	return tx.Exec(`INSERT INTO audit_checkpoints (tenant_id, seq, signature, at) VALUES (?, ?, ?, ?)`, tx.Scope.Tenant, seq, signature, tx.Now).Error
}

func checkpointsOf(tx *db.Tx) (cs []checkpoint, err error) {
	err = tx.Raw(`SELECT seq, signature FROM audit_checkpoints WHERE tenant_id = ? ORDER BY seq`, tx.Scope.Tenant).Scan(&cs).Error
	return cs, err
}

// sealed is a link with its entry, nil where that is gone.
type sealed struct {
	link
	Entry *row
}

// eachLink gives the chain's links to fn in order.
func eachLink(tx *db.Tx, fn func(sealed)) error {
	for after := int64(0); ; {
		var rows []struct {
			Seq   int64
			Entry uuid.UUID
			Hash  []byte
			Found bool
			Row   row `gorm:"embedded"`
		}
		err := tx.Raw(`SELECT c.seq, c.entry_id AS entry, c.hash, l.id IS NOT NULL AS found, COALESCE(l.id, c.entry_id) AS id, COALESCE(l.at, c.sealed_at) AS at,
			COALESCE(l.actor_kind, '') AS actor_kind, COALESCE(l.actor_id, '') AS actor_id, COALESCE(l.actor_name, '') AS actor_name, COALESCE(l.via, '') AS via,
			COALESCE(l.request_id, '') AS request_id, COALESCE(l.action, '') AS action, COALESCE(l.object_type, '') AS object_type, COALESCE(l.object_id, '') AS object_id,
			l.before::text AS before, l.after::text AS after
			FROM audit_chain c LEFT JOIN audit_log l ON l.tenant_id = c.tenant_id AND l.id = c.entry_id
			WHERE c.tenant_id = ? AND c.seq > ? ORDER BY c.seq LIMIT 2000`, tx.Scope.Tenant, after).Scan(&rows).Error
		if err != nil {
			return err
		}
		for _, r := range rows {
			s := sealed{link: link{Seq: r.Seq, EntryID: r.Entry, Hash: r.Hash}}
			if r.Found {
				s.Entry = &r.Row
			}
			fn(s)
			after = r.Seq
		}
		if len(rows) < 2000 {
			return nil
		}
	}
}
