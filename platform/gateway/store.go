package gateway

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

const tenantColumns = `t.id, t.slug, t.name, t.plan, t.status, COALESCE(t.settings->'cors_origins', '[]') AS origins, t.xmin::text AS rev`

// find looks a name of the directory up; nil if there is no such tenant.
func (d *directory) find(ctx context.Context, name string) (*Tenant, error) {
	kind, value, _ := strings.Cut(name, ":")
	query := map[string]string{
		"s": `SELECT ` + tenantColumns + ` FROM tenants t WHERE t.slug = ?`,
		"h": `SELECT ` + tenantColumns + ` FROM hosts h JOIN tenants t ON t.id = h.tenant WHERE h.host = ? AND h.verified_at IS NOT NULL`,
		"i": `SELECT ` + tenantColumns + ` FROM tenants t WHERE t.id = ?::uuid`,
	}[kind]
	var rows []struct {
		ID                            uuid.UUID
		Slug, Name, Plan, Status, Rev string
		Origins                       db.JSON[json.RawMessage]
	}
	err := d.db.InSystemTx(ctx, func(tx *db.Tx) error { return tx.Raw(query, value).Scan(&rows).Error })
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	r := rows[0]
	t := &Tenant{ID: r.ID, Slug: r.Slug, Name: r.Name, Plan: r.Plan, Status: r.Status, rev: r.Rev}
	_ = json.Unmarshal(r.Origins.V, &t.Origins) // a setting of another shape lists nobody
	return t, nil
}

// current tells the present revision of the tenants and who owns the hosts.
func (d *directory) current(ctx context.Context, ids []uuid.UUID, hosts []string) (map[uuid.UUID]string, map[string]uuid.UUID, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	text := make(db.Strings, len(ids))
	for i, id := range ids {
		text[i] = id.String()
	}
	var revs []struct {
		ID  uuid.UUID
		Rev string
	}
	var owners []struct {
		Host   string
		Tenant uuid.UUID
	}
	err := d.db.InSystemTx(ctx, func(tx *db.Tx) error {
		if err := tx.Raw(`SELECT id, xmin::text AS rev FROM tenants WHERE id = ANY(?::uuid[])`, text).Scan(&revs).Error; err != nil || len(hosts) == 0 {
			return err
		}
		return tx.Raw(`SELECT host, tenant FROM hosts WHERE host = ANY(?::text[]) AND verified_at IS NOT NULL`, db.Strings(hosts)).Scan(&owners).Error
	})
	if err != nil {
		return nil, nil, err
	}
	byID, byHost := make(map[uuid.UUID]string, len(revs)), make(map[string]uuid.UUID, len(owners))
	for _, r := range revs {
		byID[r.ID] = r.Rev
	}
	for _, o := range owners {
		byHost[o.Host] = o.Tenant
	}
	return byID, byHost, nil
}

// outboxRow is an event as it lies in the outbox.
type outboxRow struct {
	TenantID      uuid.UUID
	ID            uuid.UUID
	Type, Subject string
	Payload       db.JSON[json.RawMessage]
	CreatedAt     time.Time
}

func (r outboxRow) event() LiveEvent {
	return LiveEvent{Tenant: r.TenantID, ID: r.ID, Type: r.Type, Subject: r.Subject, Payload: r.Payload.V, At: r.CreatedAt.UTC()}
}

// recent reads what each tenant's outbox got since the time, less the overlap; at most replayMax of each. Timers that are not due stay out.
func (l *Live) recent(ctx context.Context, since map[uuid.UUID]time.Time) (map[uuid.UUID][]LiveEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var tenants, floors db.Strings
	for tenant, t := range since {
		tenants = append(tenants, tenant.String())
		floors = append(floors, floor(t.Add(-overlap)).String())
	}
	var rows []outboxRow
	err := l.db.InSystemTx(ctx, func(tx *db.Tx) error {
		return tx.Raw(`SELECT e.tenant_id, e.id, e.type, e.subject, e.payload, e.created_at
			FROM unnest(?::uuid[], ?::uuid[]) AS w(tenant, floor)
			CROSS JOIN LATERAL (SELECT * FROM outbox_events o WHERE o.tenant_id = w.tenant AND o.id >= w.floor AND o.due_at <= now() ORDER BY o.id LIMIT ?) e`,
			tenants, floors, replayMax).Scan(&rows).Error
	})
	events := map[uuid.UUID][]LiveEvent{}
	for _, r := range rows {
		events[r.TenantID] = append(events[r.TenantID], r.event())
	}
	return events, err
}

// replay reads what came after the event that a stream has seen last, less the overlap. complete is false if it is too long ago or too much, or not ours.
func (l *Live) replay(ctx context.Context, tenant, last uuid.UUID) (events []LiveEvent, complete bool, err error) {
	made, ok := madeAt(last)
	if !ok || time.Since(made) > replayAge || time.Until(made) > time.Minute {
		return nil, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var rows []outboxRow
	err = l.db.InTx(ctx, db.Scope{Tenant: tenant}, func(tx *db.Tx) error {
		return tx.Raw(`SELECT tenant_id, id, type, subject, payload, created_at FROM outbox_events
			WHERE tenant_id = ? AND id >= ? AND id <> ? AND due_at <= now() ORDER BY id LIMIT ?`, tenant, floor(made.Add(-overlap)), last, replayMax+1).Scan(&rows).Error
	})
	if err != nil || len(rows) > replayMax {
		return nil, false, err
	}
	for _, r := range rows {
		events = append(events, r.event())
	}
	return events, true, nil
}

// floor is the smallest UUIDv7 of the time.
func floor(t time.Time) uuid.UUID {
	var id uuid.UUID
	ms := t.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6], id[8] = 0x70, 0x80
	return id
}

// madeAt is the time in a UUIDv7.
func madeAt(id uuid.UUID) (time.Time, bool) {
	if id.Version() != 7 {
		return time.Time{}, false
	}
	var ms int64
	for i := range 6 {
		ms = ms<<8 | int64(id[i])
	}
	return time.UnixMilli(ms), true
}
