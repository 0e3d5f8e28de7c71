package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// stored is a row of orders.
type stored struct {
	Summary
	HoldReason string
	HoldOwner  string
	HoldUntil  *time.Time
}

func (s stored) summary() Summary {
	if s.HoldReason != "" {
		s.Hold = &Hold{Reason: s.HoldReason, Owner: s.HoldOwner, Until: utc(s.HoldUntil)}
	}
	for _, t := range []**time.Time{&s.ExpiresAt, &s.PlacedAt, &s.CompletedAt, &s.CancelledAt} {
		*t = utc(*t)
	}
	s.CreatedAt, s.UpdatedAt = s.CreatedAt.UTC(), s.UpdatedAt.UTC()
	return s.Summary
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

const summaryColumns = `o.*, (SELECT COALESCE(sum(l.quantity), 0) FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id) AS units`

// lockTx keeps others from changing the order until the transaction ends and reads what decides about it: its row, lines and groups.
func (o *Orders) lockTx(tx *db.Tx, id uuid.UUID) (Order, error) {
	// The lock comes first and alone: what is read in the same statement would be as old as the wait for it.
	if _, err := o.LockTx(tx, id); err != nil {
		return Order{}, err
	}
	return readOrder(tx, id, "")
}

// GetTx reads the order with all its parts.
func (o *Orders) GetTx(tx *db.Tx, id uuid.UUID) (Order, error) {
	order, err := readOrder(tx, id, historyColumns)
	if err != nil {
		return Order{}, err
	}
	if o.payer != nil {
		payments, err := o.payer.OfOrderTx(tx, id)
		if err != nil {
			return Order{}, err
		}
		order.Payments = append(order.Payments, payments...)
	}
	order.Allowed = AllowedOf(&order)
	return order, nil
}

// Get reads the order with all its parts.
func (o *Orders) Get(ctx context.Context, sc db.Scope, id uuid.UUID) (order Order, err error) {
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		order, err = o.GetTx(tx, id)
		return err
	})
	return order, err
}

const (
	partColumns = `, (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.line) FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id) AS lines,
		(SELECT jsonb_agg(to_jsonb(f) ORDER BY f.id) FROM fulfilments f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id) AS fulfilments`
	historyColumns = `, (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.version, e.at, e.id) FROM order_events e WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id) AS timeline,
		(SELECT jsonb_agg(to_jsonb(n) ORDER BY n.id) FROM order_notes n WHERE n.tenant_id = o.tenant_id AND n.order_id = o.id) AS notes`
)

// storedOrder is a row of orders with its parts as JSON, so that an order is one round trip.
type storedOrder struct {
	Row         stored `gorm:"embedded"`
	Lines       db.JSON[[]storedOrderLine]
	Fulfilments db.JSON[[]Group]
	Timeline    db.JSON[[]storedEntry]
	Notes       db.JSON[[]Note]
}

type storedOrderLine struct {
	Line
	Uses []Use `json:"uses"`
}

type storedEntry struct {
	Entry
	ActorKind string `json:"actor_kind"`
	ActorID   string `json:"actor_id"`
	ActorName string `json:"actor_name"`
}

func readOrder(tx *db.Tx, id uuid.UUID, more string) (Order, error) {
	var row storedOrder
	err := tx.Raw(`SELECT o.*`+partColumns+more+` FROM orders o WHERE o.id = ?`, id).Take(&row).Error
	if db.IsNotFound(err) {
		return Order{}, ErrNotFound
	}
	if err != nil {
		return Order{}, fmt.Errorf("read order: %w", err)
	}
	order := Order{Summary: row.Row.summary(), Lines: []Line{}, Fulfilments: []Group{}, Payments: []PaymentView{}, Timeline: []Entry{}, Notes: []Note{}}
	for _, l := range row.Lines.V {
		l.Line.Uses = l.Uses
		order.Lines = append(order.Lines, l.Line)
		order.Units += l.Quantity
	}
	for _, g := range row.Fulfilments.V {
		g.Allowed = groupMoves[g.Type][g.Status]
		g.CreatedAt, g.ShippedAt, g.DeliveredAt = g.CreatedAt.UTC(), utc(g.ShippedAt), utc(g.DeliveredAt)
		order.Fulfilments = append(order.Fulfilments, g)
	}
	for _, e := range row.Timeline.V {
		e.Entry.At, e.Entry.Actor = e.At.UTC(), EntryActor{e.ActorKind, e.ActorID, e.ActorName}
		order.Timeline = append(order.Timeline, e.Entry)
	}
	for _, n := range row.Notes.V {
		n.At = n.At.UTC()
		order.Notes = append(order.Notes, n)
	}
	return order, nil
}

// write saves what may change of an order that lockTx has read, as its next version.
func write(tx *db.Tx, order *Order) error {
	var hold Hold
	if order.Hold != nil {
		hold = *order.Hold
	}
	q := tx.Exec(`UPDATE orders SET number = ?, status = ?, payment_status = ?, fulfilment_status = ?, hold_reason = ?, hold_owner = ?, hold_until = ?, payment_method = ?, customer_id = ?,
			email = ?, phone = ?, name = ?, shipping_address = ?, tags = ?, paid_total = ?, refunded_total = ?, expires_at = ?, placed_at = ?, completed_at = ?, cancelled_at = ?,
			cancel_reason = ?, version = version + 1, updated_at = ? WHERE id = ? AND version = ?`,
		order.Number, order.Status, order.PaymentStatus, order.FulfilmentStatus, hold.Reason, hold.Owner, hold.Until, order.PaymentMethod, order.CustomerID,
		order.Email, order.Phone, order.Name, nullJSON(order.ShippingAddress), order.Tags, order.PaidTotal, order.RefundedTotal, order.ExpiresAt, order.PlacedAt, order.CompletedAt, order.CancelledAt,
		order.CancelReason, tx.Now, order.ID, order.Version)
	if q.Error != nil {
		return fmt.Errorf("write order: %w", q.Error)
	}
	if q.RowsAffected != 1 {
		return fmt.Errorf("write order %s: version %d is gone", order.ID, order.Version)
	}
	order.Version++
	order.UpdatedAt = tx.Now
	return nil
}

func nullJSON(a *Address) any {
	if a == nil {
		return nil
	}
	return db.JSON[*Address]{V: a}
}

// writeLines saves the counts of the lines.
func writeLines(tx *db.Tx, order *Order) error {
	type row struct {
		Line      int   `json:"line"`
		Fulfilled int   `json:"fulfilled"`
		Cancelled int   `json:"cancelled"`
		Restocked int   `json:"restocked"`
		Refunded  int64 `json:"refunded"`
	}
	rows := make([]row, len(order.Lines))
	for i, l := range order.Lines {
		rows[i] = row{l.Line, l.Fulfilled, l.Cancelled, l.Restocked, l.Refunded}
	}
	err := tx.Exec(`UPDATE order_lines l SET fulfilled = r.fulfilled, cancelled = r.cancelled, restocked = r.restocked, refunded = r.refunded
		FROM jsonb_to_recordset(?::jsonb) AS r(line int, fulfilled int, cancelled int, restocked int, refunded bigint)
		WHERE l.order_id = ? AND l.line = r.line`, db.JSON[[]row]{V: rows}, order.ID).Error
	if err != nil {
		return fmt.Errorf("write order lines: %w", err)
	}
	return nil
}

// tell puts an entry on the order's timeline, at the version that the order has now.
func tell(tx *db.Tx, order *Order, kind string, public bool, data map[string]any) error {
	if data == nil {
		data = map[string]any{}
	}
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("timeline: %w", err)
	}
	a := tx.Scope.Actor
	e := Entry{ID: db.NewID(), Kind: kind, At: tx.Now, Actor: EntryActor{a.Kind, a.ID, a.Name}, Data: data, Public: public, Version: order.Version}
	tx.Queue(`INSERT INTO order_events (tenant_id, order_id, id, kind, actor_kind, actor_id, actor_name, data, public, version, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		tx.Scope.Tenant, order.ID, e.ID, kind, a.Kind, a.ID, a.Name, string(body), public, order.Version, tx.Now)
	order.Timeline = append(order.Timeline, e)
	return nil
}

// nextNumber gives the order the shop's next number and counts it for the month.
func nextNumber(tx *db.Tx) (n int64, err error) {
	err = tx.Raw(`INSERT INTO order_numbers AS n (tenant_id, next, month, placed) VALUES (?, 1002, date_trunc('month', ?::timestamptz AT TIME ZONE 'UTC')::date, 1)
		ON CONFLICT (tenant_id) DO UPDATE SET next = n.next + 1, month = excluded.month, placed = CASE WHEN n.month = excluded.month THEN n.placed ELSE 0 END + 1
		RETURNING next - 1`, tx.Scope.Tenant, tx.Now).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("number order: %w", err)
	}
	return n, nil
}

// claimed looks up what the idempotency key has made.
func (o *Orders) claimed(ctx context.Context, sc db.Scope, c claim) (id uuid.UUID, found bool, err error) {
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		var hash []byte
		err := tx.Raw(`SELECT request_hash, response->>'id' FROM idempotency_keys WHERE key = ?`, c.key).Row().Scan(&hash, &id)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look up idempotency key: %w", err)
		}
		if string(hash) != string(c.hash) {
			return db.ErrKeyReused
		}
		found = true
		return nil
	})
	return id, found, err
}

// replay reads the order as it was when it was placed.
func (o *Orders) replay(ctx context.Context, sc db.Scope, id uuid.UUID) (Order, error) {
	order, err := o.Get(ctx, sc, id)
	if err != nil {
		return Order{}, err
	}
	return order.asAtPlacing(), nil
}
