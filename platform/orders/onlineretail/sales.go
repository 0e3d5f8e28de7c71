package onlineretail

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/inventory"
	"allhours/platform/orders"
)

// invoice are the lines of one number.
type invoice struct {
	no    string
	lines []line
}

func (i invoice) at() time.Time {
	at := i.lines[0].at
	for _, l := range i.lines[1:] {
		if l.at.Before(at) {
			at = l.at
		}
	}
	return at
}

func (i invoice) amount() (sum int64) {
	for _, l := range i.lines {
		sum += l.amount()
	}
	return sum
}

// invoiceLines is how many lines go into the database together.
const invoiceLines = 6000

// invoices gathers the lines of each number, also where they do not stand together, and gives them to take in batches.
func (j *job) invoices(ctx context.Context, open func() (io.ReadCloser, error), cancels bool, take func(context.Context, []invoice) error) error {
	begun := map[string]*invoice{}
	var batch []invoice
	pending := 0
	flush := func() error {
		if len(batch) == 0 {
			return ctx.Err()
		}
		err := take(ctx, batch)
		batch, pending = batch[:0], 0
		return err
	}
	err := each(open, func(l line) error {
		if l.refused != "" || l.cancels != cancels {
			return nil
		}
		i := begun[l.invoice]
		if i == nil {
			i = &invoice{no: l.invoice}
			begun[l.invoice] = i
		}
		i.lines = append(i.lines, l)
		if j.scan.last[l.invoice] != l.no {
			return nil
		}
		delete(begun, l.invoice)
		batch = append(batch, *i)
		if pending += len(i.lines); pending >= invoiceLines {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

func (j *job) sales(ctx context.Context, open func() (io.ReadCloser, error)) error {
	return j.invoices(ctx, open, false, func(ctx context.Context, all []invoice) error {
		var added int
		err := j.db.InTx(ctx, j.sc, func(tx *db.Tx) error {
			fresh, err := j.fresh(tx, all)
			if err != nil || len(fresh) == 0 {
				return err
			}
			added = len(fresh)
			return j.sell(tx, fresh)
		})
		if err == nil {
			j.scan.New.Orders += int64(added)
		}
		return err
	})
}

// fresh claims the invoices and gives those that have not been taken over before.
func (j *job) fresh(tx *db.Tx, all []invoice) ([]invoice, error) {
	numbers := make([]string, len(all))
	for i, x := range all {
		numbers[i] = x.no
	}
	claimed, err := claim(tx, Kind, numbers)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(i invoice) bool { return !slices.Contains(claimed, i.no) }), nil
}

// claim notes the references and gives those that are new.
func claim(tx *db.Tx, source string, refs []string) (fresh []string, err error) {
	err = tx.Raw(`INSERT INTO import_refs (tenant_id, source, ref, at) SELECT current_tenant(), ?, r, ? FROM unnest(?::text[]) AS r ON CONFLICT DO NOTHING RETURNING ref`, source, tx.Now, db.Strings(refs)).Scan(&fresh).Error
	if err != nil {
		return nil, fmt.Errorf("claim references: %w", err)
	}
	return fresh, nil
}

type orderRow struct {
	ID         uuid.UUID  `json:"id"`
	Number     int64      `json:"number"`
	Ref        string     `json:"ref"`
	CustomerID *uuid.UUID `json:"customer_id"`
	Name       string     `json:"name"`
	Address    any        `json:"address"`
	Total      int64      `json:"total"`
	At         time.Time  `json:"at"`
	Back       bool       `json:"back"` // all of it was given back: a cancellation that belongs to no order
	Fulfilment uuid.UUID  `json:"fulfilment"`
	Contents   any        `json:"contents"`
}

type lineRow struct {
	OrderID   uuid.UUID       `json:"o"`
	Line      int             `json:"n"`
	VariantID uuid.UUID       `json:"v"`
	SKU       string          `json:"s"`
	Title     json.RawMessage `json:"t"`
	Quantity  int64           `json:"q"`
	Price     int64           `json:"p"`
	Back      bool            `json:"b"`
}

// sell writes the orders, with the receipt of what they sell before and its leaving after.
func (j *job) sell(tx *db.Tx, sold []invoice) error {
	past := []inventory.Past{}
	received := map[string]int64{}
	for _, i := range sold {
		for _, l := range i.lines {
			received[l.sku] += l.quantity
		}
	}
	first := sold[0].at()
	for _, i := range sold {
		if i.at().Before(first) {
			first = i.at()
		}
	}
	for _, sku := range sorted(received) {
		past = append(past, inventory.Past{Level: j.variants[sku].level, Kind: "receive", OnHand: received[sku], CauseKind: "import", CauseID: j.id.String(), At: first.Add(-time.Minute)})
	}
	ids, err := j.insert(tx, sold, false)
	if err != nil {
		return err
	}
	for k, i := range sold {
		for sku, n := range i.units() {
			past = append(past, inventory.Past{Level: j.variants[sku].level, Kind: "ship", OnHand: -n, CauseKind: "order", CauseID: ids[k].String(), At: i.at()})
		}
	}
	return j.inventory.RecordTx(tx, past)
}

func (i invoice) units() map[string]int64 {
	n := map[string]int64{}
	for _, l := range i.lines {
		n[l.sku] += l.quantity
	}
	return n
}

func sorted(m map[string]int64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// insert writes orders as they are when all is over: completed, paid and delivered; back ones are cancelled, refunded and restocked.
func (j *job) insert(tx *db.Tx, all []invoice, back bool) ([]uuid.UUID, error) {
	next, err := numbers(tx, len(all))
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(all))
	heads := make([]orderRow, len(all))
	var lines []lineRow
	for k, i := range all {
		at := i.at()
		ids[k] = orders.IDAt(at)
		h := orderRow{ID: ids[k], Number: next + int64(k), Ref: i.no, Total: i.amount(), At: at, Back: back, Fulfilment: orders.IDAt(at)}
		if id, ok := j.buyers[i.lines[0].customer]; ok {
			h.CustomerID, h.Name = &id, "Customer "+i.lines[0].customer
		}
		if c := i.lines[0].country; c != "" {
			h.Address = map[string]any{"name": h.Name, "lines": []string{}, "city": "", "country": c}
		}
		var contents []map[string]int64
		for n, l := range i.lines {
			v := j.variants[l.sku]
			lines = append(lines, lineRow{OrderID: h.ID, Line: n + 1, VariantID: v.id, SKU: l.sku, Title: v.title, Quantity: l.quantity, Price: l.price, Back: back})
			contents = append(contents, map[string]int64{"line": int64(n + 1), "quantity": l.quantity})
		}
		h.Contents = contents
		heads[k] = h
	}
	return ids, insertOrders(tx, heads, lines)
}

// numbers takes n order numbers; the plan's count of the month is for orders that are placed here.
func numbers(tx *db.Tx, n int) (first int64, err error) {
	err = tx.Raw(`INSERT INTO order_numbers AS n (tenant_id, next, month) VALUES (current_tenant(), 1001 + ?, date_trunc('month', ?::timestamptz AT TIME ZONE 'UTC')::date)
		ON CONFLICT (tenant_id) DO UPDATE SET next = n.next + ? RETURNING next - ?`, n, tx.Now, n, n).Row().Scan(&first)
	if err != nil {
		return 0, fmt.Errorf("take order numbers: %w", err)
	}
	return first, nil
}

func insertOrders(tx *db.Tx, heads []orderRow, lines []lineRow) error {
	const from = ` FROM jsonb_to_recordset(?::jsonb) AS x(id uuid, number bigint, ref text, customer_id uuid, name text, address jsonb, total bigint, at timestamptz, back boolean, fulfilment uuid, contents jsonb)`
	slices.SortFunc(heads, func(a, b orderRow) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	in := rows(heads)
	for _, s := range []struct {
		sql string
		in  string
	}{
		{`INSERT INTO orders (tenant_id, id, number, external_ref, channel, customer_id, status, payment_status, fulfilment_status, fulfilment_type, payment_method, currency, language, name, shipping_address, tags,
				subtotal, total, paid_total, refunded_total, placed_at, completed_at, cancelled_at, cancel_reason, created_at, updated_at)
			SELECT current_tenant(), id, number, ref, 'import', customer_id, CASE WHEN back THEN 'cancelled' ELSE 'completed' END, CASE WHEN back THEN 'refunded' ELSE 'paid' END, 'delivered', 'ship', 'manual', 'GBP', 'en', name, address,
				CASE WHEN back THEN '{cancellation}'::text[] ELSE '{}' END, total, total, total, CASE WHEN back THEN total ELSE 0 END, at, CASE WHEN NOT back THEN at END, CASE WHEN back THEN at END,
				CASE WHEN back THEN 'cancellation of an order that is not in the file' ELSE '' END, at, at` + from, in},
		{`INSERT INTO order_lines (tenant_id, order_id, line, variant_id, sku, title, uses, quantity, unit_price, total, fulfilled, restocked, refunded)
			SELECT current_tenant(), o, n, v, s, t, jsonb_build_array(jsonb_build_object('kind', 'stock', 'key', s, 'quantity', 1)), q, p, q * p, q, CASE WHEN b THEN q ELSE 0 END, CASE WHEN b THEN q * p ELSE 0 END
			FROM jsonb_to_recordset(?::jsonb) AS x(o uuid, n int, v uuid, s text, t jsonb, q int, p bigint, b boolean)`, rows(lines)},
		{`INSERT INTO fulfilments (tenant_id, id, order_id, type, status, lines, tracking_status, shipped_at, delivered_at, created_at, updated_at)
			SELECT current_tenant(), fulfilment, id, 'ship', 'delivered', contents, 'unknown', at, at, at, at` + from, in},
		{`INSERT INTO order_events (tenant_id, order_id, id, kind, actor_kind, actor_id, data, at)
			SELECT current_tenant(), id, id, 'placed', 'system', 'import', jsonb_build_object('imported', true, 'external_ref', ref), at` + from, in},
	} {
		if err := tx.Exec(s.sql, s.in).Error; err != nil {
			return fmt.Errorf("write orders: %w", err)
		}
	}
	return nil
}

func rows(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("onlineretail: rows must be plain values: " + err.Error())
	}
	return string(b)
}

func idAt(t time.Time) uuid.UUID { return orders.IDAt(t) }
