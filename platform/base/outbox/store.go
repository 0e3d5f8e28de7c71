package outbox

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

type eventRow struct {
	TenantID  uuid.UUID
	ID        uuid.UUID
	Type      string
	Subject   string
	Payload   json.RawMessage
	Actor     db.JSON[db.Actor]
	CreatedAt time.Time
}

// dueEvents locks the oldest events whose time has come and which no other relay
// has in hand.
func dueEvents(tx *db.Tx, limit int) ([]Event, error) {
	var rows []eventRow
	err := tx.Raw(`SELECT tenant_id, id, type, subject, payload, actor, created_at FROM outbox_events
		WHERE published_at IS NULL AND due_at <= ? ORDER BY due_at, id LIMIT ? FOR UPDATE SKIP LOCKED`, tx.Now, limit).Scan(&rows).Error
	events := make([]Event, len(rows))
	for i, r := range rows {
		events[i] = Event{Tenant: r.TenantID, ID: r.ID, Type: r.Type, Subject: r.Subject, Payload: r.Payload, Actor: r.Actor.V, At: r.CreatedAt.UTC()}
	}
	return events, err
}

// published marks the events and records who must still hear of them.
func published(tx *db.Tx, events []Event, ds []Delivery, next time.Time) error {
	tenants, ids := make(db.Strings, len(events)), make(db.Strings, len(events))
	for i, e := range events {
		tenants[i], ids[i] = e.Tenant.String(), e.ID.String()
	}
	err := tx.Exec(`UPDATE outbox_events e SET published_at = ? FROM unnest(?::uuid[], ?::uuid[]) AS p (tenant_id, id)
		WHERE e.tenant_id = p.tenant_id AND e.id = p.id`, tx.Now, tenants, ids).Error
	if err != nil || len(ds) == 0 {
		return err
	}
	t, e, s := columns(ds)
	return tx.Exec(`INSERT INTO outbox_deliveries (tenant_id, event_id, subscriber, next_at)
		SELECT d.tenant_id, d.event_id, d.subscriber, ? FROM unnest(?::uuid[], ?::uuid[], ?::text[]) AS d (tenant_id, event_id, subscriber)
		ON CONFLICT DO NOTHING`, next, t, e, s).Error
}

// overdue takes open deliveries whose time has come and puts them off till next.
func overdue(tx *db.Tx, next time.Time, known db.Strings, limit int) (ds []Delivery, err error) {
	var rows []struct {
		TenantID   uuid.UUID
		EventID    uuid.UUID
		Subscriber string
		Attempts   int
	}
	err = tx.Raw(`WITH due AS (
			SELECT tenant_id, event_id, subscriber FROM outbox_deliveries
			WHERE state = 'pending' AND next_at <= ? AND subscriber = ANY (?::text[]) ORDER BY next_at LIMIT ? FOR UPDATE SKIP LOCKED)
		UPDATE outbox_deliveries d SET next_at = ? FROM due
		WHERE d.tenant_id = due.tenant_id AND d.event_id = due.event_id AND d.subscriber = due.subscriber
		RETURNING d.tenant_id, d.event_id, d.subscriber, d.attempts`, tx.Now, known, limit, next).Scan(&rows).Error
	for _, r := range rows {
		ds = append(ds, Delivery{Tenant: r.TenantID, Event: r.EventID, Subscriber: r.Subscriber, Attempt: r.Attempts})
	}
	return ds, err
}

// again makes the deliveries due at next unless a worker has begun them meanwhile.
func again(tx *db.Tx, ds []Delivery, next time.Time) error {
	t, e, s := columns(ds)
	attempts := make([]int, len(ds))
	for i, d := range ds {
		attempts[i] = d.Attempt
	}
	b, err := json.Marshal(attempts)
	if err != nil {
		return err
	}
	return tx.Exec(`UPDATE outbox_deliveries d SET next_at = ?
		FROM unnest(?::uuid[], ?::uuid[], ?::text[], ARRAY(SELECT jsonb_array_elements_text(?::jsonb)::int)) AS q (tenant_id, event_id, subscriber, attempts)
		WHERE d.tenant_id = q.tenant_id AND d.event_id = q.event_id AND d.subscriber = q.subscriber AND d.attempts = q.attempts AND d.state = 'pending'`,
		next, t, e, s, string(b)).Error
}

func columns(ds []Delivery) (tenants, events, subscribers db.Strings) {
	for _, d := range ds {
		tenants, events, subscribers = append(tenants, d.Tenant.String()), append(events, d.Event.String()), append(subscribers, d.Subscriber)
	}
	return tenants, events, subscribers
}
