// Package outbox carries what has happened to those who must act on it.
//
// Owns: events, which are rows written in the transaction of the change they tell
// of; timers, which are events due later; and deliveries, one row per event and
// subscriber, which say what has been handled. PostgreSQL is the truth: the queue
// between the relay and the workers carries wake-ups only, and may lose or repeat
// them.
//
// Promises: every committed event reaches every subscriber at least once, also
// after kill -9 of any process and after Redis has lost everything; a handler that
// confirms in its own transaction (InTx, Event.DoneTx) has its effect exactly
// once. Does not promise an order between events.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Channel is the notification channel that wakes relays. Who writes events by other
// means than Append calls db.Wake(Channel) after the commit.
const Channel = "outbox"

// Event is something that has happened to the subject.
type Event struct {
	Tenant  uuid.UUID
	ID      uuid.UUID
	Type    string // "order.placed"
	Subject string // id of the order
	Payload json.RawMessage
	Actor   db.Actor // who made it happen
	At      time.Time

	delivery Delivery
}

// Decode reads the payload into v, a pointer to the owner's payload type.
func (e Event) Decode(v any) error {
	if err := json.Unmarshal(e.Payload, v); err != nil {
		return fmt.Errorf("payload of %s %s: %w", e.Type, e.ID, err)
	}
	return nil
}

// Append records an event in the caller's transaction: it happens if that commits.
func Append(tx *db.Tx, typ, subject string, payload any) error {
	return add(tx, tx.Now, typ, subject, payload)
}

// Schedule records an event that happens at due: a timer. Its handler must look
// whether it still applies, for Cancel can come too late.
func Schedule(tx *db.Tx, due time.Time, typ, subject string, payload any) error {
	return add(tx, due, typ, subject, payload)
}

func add(tx *db.Tx, due time.Time, typ, subject string, payload any) error {
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("event %s: %w", typ, err)
	}
	tx.Queue(`INSERT INTO outbox_events (tenant_id, id, type, subject, payload, actor, due_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tx.Scope.Tenant, db.NewID(), typ, subject, string(body), db.JSON[db.Actor]{V: tx.Scope.Actor}, due.UTC(), tx.Now)
	if !due.After(tx.Now) {
		tx.Wake(Channel)
	}
	return nil
}

// Cancel drops the subject's timers of the type that have not gone off.
func Cancel(tx *db.Tx, typ, subject string) {
	tx.Queue(`DELETE FROM outbox_events WHERE tenant_id = $1 AND subject = $2 AND type = $3 AND published_at IS NULL AND due_at > created_at`, tx.Scope.Tenant, subject, typ)
}

// Handler acts on an event. Its context carries the event's tenant, as the job of
// the subscriber's name, and a deadline. It may be called again for the same event.
// An error of kind invalid, not_found, forbidden, conflict or unauthenticated ends
// the delivery; any other is tried again later, further apart each time.
type Handler func(ctx context.Context, e Event) error

// Subscription says who hears of what. A subscriber's name never changes (it is in
// the database); it may have several subscriptions whose events do not overlap.
type Subscription struct {
	Event      string // a type, "order.*" or "*"
	Subscriber string // "alerts.evaluate"
	Handle     Handler
	Queue      string        // Normal when empty
	Timeout    time.Duration // of one call; 30 s when zero
}

// The queues by which deliveries wait, each with a share of the workers of its own.
const (
	Urgent = "urgent" // somebody looks at a screen
	Normal = "normal"
	Bulk   = "bulk" // nobody waits: imports, reports
)

func (s Subscription) hears(typ string) bool {
	if prefix, wild := strings.CutSuffix(s.Event, "*"); wild {
		return strings.HasPrefix(typ, prefix)
	}
	return s.Event == typ
}

// InTx makes a handler that runs in a transaction of the event's tenant, which also
// confirms the delivery: its effect in the database happens exactly once.
func InTx(d *db.DB, handle func(tx *db.Tx, e Event) error) Handler {
	return func(ctx context.Context, e Event) error {
		return d.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
			if err := e.DoneTx(tx); err != nil {
				return err
			}
			return handle(tx, e)
		})
	}
}

// errHandled ends the second of two handlers at work on the same delivery.
var errHandled = errors.New("outbox: another worker has taken this delivery over")

// DoneTx confirms the delivery in the handler's transaction. Its error must end the
// transaction: another worker has handled the event.
func (e Event) DoneTx(tx *db.Tx) error {
	q := tx.Exec(`UPDATE outbox_deliveries SET state = 'done', done_at = ? WHERE tenant_id = ? AND event_id = ? AND subscriber = ? AND attempts = ? AND state = 'pending'`,
		tx.Now, e.Tenant, e.ID, e.delivery.Subscriber, e.delivery.Attempt)
	if q.Error != nil {
		return fmt.Errorf("confirm delivery: %w", q.Error)
	}
	if q.RowsAffected == 0 {
		return errHandled
	}
	return nil
}

// Purge forgets events published before the time, whose deliveries are all over. It
// works in steps and returns how many it has deleted.
func Purge(ctx context.Context, d *db.DB, before time.Time) (total int64, err error) {
	for {
		var n int64
		err := d.InSystemTx(ctx, func(tx *db.Tx) error {
			q := tx.Exec(`DELETE FROM outbox_events WHERE (tenant_id, id) IN (
				SELECT tenant_id, id FROM outbox_events e WHERE published_at < ?
				AND NOT EXISTS (SELECT 1 FROM outbox_deliveries d WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id AND d.state <> 'done') LIMIT 5000)`, before)
			n = q.RowsAffected
			return q.Error
		})
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}
