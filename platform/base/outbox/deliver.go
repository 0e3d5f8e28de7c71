package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Deliver is what a worker does for a wake-up: claim the row, have the subscriber
// handle the event, and record how that went. A wake-up that is out of date does
// nothing. The error says that the database did not answer; the row stays as it
// is and comes up again.
func (r *Relay) Deliver(ctx context.Context, d Delivery) error {
	timeout := r.timeout(d.Subscriber)
	if timeout == 0 {
		return nil // a newer version's subscriber
	}
	e, claimed, err := r.claim(ctx, d)
	if err != nil || !claimed {
		return err
	}
	handled := r.handle(ctx, e, timeout)
	// How it went is recorded even if we are being stopped meanwhile.
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	switch {
	case handled == nil:
		return r.confirm(record, e)
	case errors.Is(handled, errHandled):
		return nil
	case ctx.Err() != nil: // we are being stopped: the next worker takes it at once
		return r.retry(record, e, "stopped: "+handled.Error(), 0)
	case final(handled) || e.delivery.Attempt >= r.opts.MaxAttempts:
		return r.bury(record, e, handled)
	}
	wait := max(backoff(e.delivery.Attempt), fault.Of(handled).RetryAfter)
	slog.WarnContext(ctx, "outbox: a delivery failed; it will be tried again", "event", e.Type, "event_id", e.ID, "subscriber", d.Subscriber,
		"tenant", e.Tenant, "attempt", e.delivery.Attempt, "in", wait, "err", handled)
	return r.retry(record, e, handled.Error(), wait)
}

// timeout is the longest that a subscriber's handlers may take; 0 if it is unknown.
func (r *Relay) timeout(subscriber string) (t time.Duration) {
	for _, s := range r.subs {
		if s.Subscriber == subscriber {
			t = max(t, s.timeout())
		}
	}
	return t
}

func (s Subscription) timeout() time.Duration {
	if s.Timeout == 0 {
		return 30 * time.Second
	}
	return s.Timeout
}

// claim takes the delivery for this worker, in one round trip. Of several workers
// with the same wake-up one gets it.
func (r *Relay) claim(ctx context.Context, d Delivery) (e Event, claimed bool, err error) {
	var waited time.Duration
	err = r.db.Pipeline(ctx, db.Job(d.Tenant, d.Subscriber), func(b *pgx.Batch) {
		claimed = false
		b.Queue(`WITH claimed AS (
				UPDATE outbox_deliveries SET attempts = attempts + 1, next_at = COALESCE($5, now()) + $6::interval
				WHERE tenant_id = $1 AND event_id = $2 AND subscriber = $3 AND attempts = $4 AND state = 'pending'
				RETURNING tenant_id, event_id)
			SELECT e.type, e.subject, e.payload, e.actor, e.created_at, COALESCE($5, clock_timestamp()) - e.due_at
			FROM claimed c JOIN outbox_events e ON e.tenant_id = c.tenant_id AND e.id = c.event_id`,
			d.Tenant, d.Event, d.Subscriber, d.Attempt, r.db.Frozen(), r.opts.Redrive).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var payload, actor []byte
				e = Event{Tenant: d.Tenant, ID: d.Event, delivery: d}
				if err := rows.Scan(&e.Type, &e.Subject, &payload, &actor, &e.At, &waited); err != nil {
					return err
				}
				e.Payload, e.At, e.delivery.Attempt, claimed = payload, e.At.UTC(), d.Attempt+1, true
				if err := json.Unmarshal(actor, &e.Actor); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	})
	if err != nil {
		return Event{}, false, fmt.Errorf("claim delivery: %w", err)
	}
	if claimed && d.Attempt == 0 {
		r.opts.Waited(waited)
	}
	return e, claimed, nil
}

// handle calls the subscriber; a panic is its failure, not the worker's.
func (r *Relay) handle(ctx context.Context, e Event, timeout time.Duration) (err error) {
	sc := db.Job(e.Tenant, e.delivery.Subscriber)
	sc.Actor.RequestID = e.Actor.RequestID
	ctx, cancel := context.WithTimeout(db.WithScope(ctx, sc), timeout)
	defer cancel()
	go r.keep(ctx, e)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	for _, s := range r.subs {
		if s.Subscriber == e.delivery.Subscriber && s.hears(e.Type) {
			return s.Handle(ctx, e)
		}
	}
	return nil // the subscription was taken out after the event was published
}

// keep renews the claim while the handler is at work and within its time, so that a
// dead worker's deliveries come up again soon however long they may take.
func (r *Relay) keep(ctx context.Context, e Event) {
	tick := time.NewTicker(r.opts.Redrive / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := r.record(ctx, e, `next_at = COALESCE($5, now()) + $6::interval`, r.db.Frozen(), r.opts.Redrive)
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "outbox: a claim was not renewed", "event_id", e.ID, "subscriber", e.delivery.Subscriber, "err", err)
		}
	}
}

func (r *Relay) confirm(ctx context.Context, e Event) error {
	return r.record(ctx, e, `state = 'done', done_at = COALESCE($5, now())`, r.db.Frozen())
}

func (r *Relay) retry(ctx context.Context, e Event, why string, wait time.Duration) error {
	return r.record(ctx, e, `next_at = COALESCE($5, now()) + $6::interval, last_error = $7`, r.db.Frozen(), wait, cut(why))
}

// record changes the row if it is still this worker's: after DoneTx, or once another
// worker has claimed it, there is nothing to record.
func (r *Relay) record(ctx context.Context, e Event, set string, args ...any) error {
	all := append([]any{e.Tenant, e.ID, e.delivery.Subscriber, e.delivery.Attempt}, args...)
	err := r.db.Pipeline(ctx, db.Job(e.Tenant, e.delivery.Subscriber), func(b *pgx.Batch) {
		b.Queue(`UPDATE outbox_deliveries SET `+set+` WHERE tenant_id = $1 AND event_id = $2 AND subscriber = $3 AND attempts = $4 AND state = 'pending'`, all...)
	})
	if err != nil {
		return fmt.Errorf("record delivery: %w", err)
	}
	return nil
}

// DeadV1 is the payload of outbox.dead: a delivery was given up. Its subject is the
// id of the event.
type DeadV1 struct {
	Event      string `json:"event"`
	Subscriber string `json:"subscriber"`
	Attempts   int    `json:"attempts"`
	Error      string `json:"error"`
}

// bury gives the delivery up and says so by an event, once.
func (r *Relay) bury(ctx context.Context, e Event, why error) error {
	slog.ErrorContext(ctx, "outbox: a delivery was given up", "event", e.Type, "event_id", e.ID, "subscriber", e.delivery.Subscriber,
		"tenant", e.Tenant, "attempts", e.delivery.Attempt, "err", why)
	return r.db.InTx(ctx, db.Job(e.Tenant, e.delivery.Subscriber), func(tx *db.Tx) error {
		q := tx.Exec(`UPDATE outbox_deliveries SET state = 'dead', last_error = ? WHERE tenant_id = ? AND event_id = ? AND subscriber = ? AND attempts = ? AND state = 'pending'`,
			cut(why.Error()), e.Tenant, e.ID, e.delivery.Subscriber, e.delivery.Attempt)
		if q.Error != nil || q.RowsAffected == 0 || e.Type == Dead {
			return q.Error
		}
		return Append(tx, Dead, e.ID.String(), DeadV1{e.Type, e.delivery.Subscriber, e.delivery.Attempt, fault.Of(why).Message.String()})
	})
}

// Dead is the type of the event that says a delivery was given up.
const Dead = "outbox.dead"

// final tells errors that trying again does not mend.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict:
		return true
	}
	return false
}

// backoff is the pause after the n-th failure: 1 s, 2 s, 4 s ... 5 min, give or take
// a quarter.
func backoff(n int) time.Duration {
	d := min(time.Second<<min(n-1, 20), 5*time.Minute)
	return d*3/4 + rand.N(d/2)
}

func cut(s string) string {
	const most = 2000
	if len(s) > most {
		return s[:most]
	}
	return s
}
