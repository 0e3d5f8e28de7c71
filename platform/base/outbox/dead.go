package outbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// DeadDelivery is a delivery that was given up: its subscriber has not handled the event and nobody tries again.
type DeadDelivery struct {
	Tenant     uuid.UUID `gorm:"column:tenant_id" json:"tenant_id"`
	Event      uuid.UUID `gorm:"column:event_id" json:"event_id"`
	Type       string    `json:"type"`
	Subject    string    `json:"subject"`
	Subscriber string    `json:"subscriber"`
	Attempts   int       `json:"attempts"`
	Reason     string    `gorm:"column:last_error" json:"reason"`
	At         time.Time `gorm:"column:created_at" json:"at"` // of the event
}

// DeadFilter narrows what is listed or revived; an empty field does not. Events holds ids of events, or types as "order.placed".
type DeadFilter struct {
	Tenant     uuid.UUID
	Subscriber string
	Events     []string
}

func (f DeadFilter) where() (sql string, args []any) {
	sql = ` d.state = 'dead'`
	if f.Tenant != uuid.Nil {
		sql, args = sql+` AND d.tenant_id = ?`, append(args, f.Tenant)
	}
	if f.Subscriber != "" {
		sql, args = sql+` AND d.subscriber = ?`, append(args, f.Subscriber)
	}
	if len(f.Events) > 0 {
		sql, args = sql+` AND (d.event_id::text = ANY (?::text[]) OR e.type = ANY (?::text[]))`, append(args, db.Strings(f.Events), db.Strings(f.Events))
	}
	return sql, args
}

const deadColumns = `d.tenant_id, d.event_id, e.type, e.subject, d.subscriber, d.attempts, d.last_error, e.created_at`

// ListDead gives up to limit dead deliveries of all tenants, the oldest event first, and where to go on: next is empty at the end.
func ListDead(ctx context.Context, d *db.DB, f DeadFilter, after string, limit int) (list []DeadDelivery, next string, err error) {
	where, args := f.where()
	if after != "" {
		event, subscriber, _ := strings.Cut(after, "/")
		id, err := uuid.Parse(event)
		if err != nil {
			return nil, "", fmt.Errorf("%q is no place to go on from: give what the list before ended with", after)
		}
		where, args = where+` AND (d.event_id, d.subscriber) > (?, ?)`, append(args, id, subscriber)
	}
	err = d.InSystemTx(ctx, func(tx *db.Tx) error {
		return tx.Raw(`SELECT `+deadColumns+` FROM outbox_deliveries d JOIN outbox_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id WHERE`+where+` ORDER BY d.event_id, d.subscriber LIMIT ?`,
			append(args, limit+1)...).Scan(&list).Error
	})
	if err != nil {
		return nil, "", fmt.Errorf("list dead deliveries: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Event.String() + "/" + list[limit-1].Subscriber
	}
	return list, next, nil
}

// CountDead counts the dead deliveries of all tenants.
func CountDead(ctx context.Context, d *db.DB) (n int64, err error) {
	err = d.InSystemTx(ctx, func(tx *db.Tx) error {
		return tx.Raw(`SELECT count(*) FROM outbox_deliveries WHERE state = 'dead'`).Row().Scan(&n)
	})
	return n, err
}

// DeadTenants lists the tenants that have dead deliveries.
func DeadTenants(ctx context.Context, d *db.DB) (ids []uuid.UUID, err error) {
	err = d.InSystemTx(ctx, func(tx *db.Tx) error {
		return tx.Raw(`SELECT DISTINCT tenant_id FROM outbox_deliveries WHERE state = 'dead' ORDER BY 1`).Scan(&ids).Error
	})
	return ids, err
}

// ReviveTx has up to limit dead deliveries of the transaction's tenant tried again, as if for the first time, and gives what they were.
func ReviveTx(tx *db.Tx, f DeadFilter, limit int) (revived []DeadDelivery, err error) {
	f.Tenant = tx.Scope.Tenant
	where, args := f.where()
	err = tx.Raw(`WITH dead AS (
			SELECT `+deadColumns+` FROM outbox_deliveries d JOIN outbox_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id WHERE`+where+`
			ORDER BY d.event_id, d.subscriber LIMIT ? FOR UPDATE OF d SKIP LOCKED)
		UPDATE outbox_deliveries d SET state = 'pending', attempts = 0, next_at = ?, last_error = '' FROM dead
		WHERE d.tenant_id = dead.tenant_id AND d.event_id = dead.event_id AND d.subscriber = dead.subscriber
		RETURNING dead.*`, append(args, limit, tx.Now)...).Scan(&revived).Error
	if err != nil {
		return nil, fmt.Errorf("revive dead deliveries: %w", err)
	}
	if len(revived) > 0 {
		tx.Wake(Channel)
	}
	return revived, nil
}
