package onlineretail

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/inventory"
)

func (j *job) cancellations(ctx context.Context, open func() (io.ReadCloser, error)) error {
	return j.invoices(ctx, open, true, func(ctx context.Context, all []invoice) error {
		for part := range slices.Chunk(all, 200) {
			var sum Fresh
			err := j.db.InTx(ctx, j.sc, func(tx *db.Tx) error {
				fresh, err := j.fresh(tx, part)
				if err != nil || len(fresh) == 0 {
					return err
				}
				sum, err = j.giveBack(tx, fresh)
				return err
			})
			if err != nil {
				return err
			}
			n := &j.scan.New
			n.Cancellations += sum.Cancellations
			n.MatchedUnits += sum.MatchedUnits
			n.MatchedAmount += sum.MatchedAmount
			n.ApartUnits += sum.ApartUnits
			n.ApartAmount += sum.ApartAmount
		}
		return nil
	})
}

// sale is a line of an order that goods may come back from.
type sale struct {
	OrderID  uuid.UUID
	Line     int
	SKU      string `gorm:"column:sku"`
	Price    int64
	Customer uuid.UUID
	Open     int64 // units that have not come back
	PlacedAt time.Time
}

type thing struct {
	Customer uuid.UUID `json:"c"`
	SKU      string    `json:"s"`
	Price    int64     `json:"p"`
}

// returned is what comes back from a line of an order by one cancellation.
type returned struct {
	OrderID  uuid.UUID `json:"o"`
	Line     int       `json:"n"`
	Quantity int64     `json:"q"`
	Amount   int64     `json:"a"`
	Ref      string    `json:"r"`
	At       time.Time `json:"at"`
	Event    uuid.UUID `json:"e"`
}

// giveBack takes the cancellations' goods back from the customers' latest earlier orders; the rest become cancelled orders.
func (j *job) giveBack(tx *db.Tx, all []invoice) (sum Fresh, err error) {
	open, err := j.open(tx, all)
	if err != nil {
		return sum, err
	}
	var back []returned
	var past []inventory.Past
	var apart []invoice
	for _, i := range all {
		rest := invoice{no: i.no}
		event := map[uuid.UUID]uuid.UUID{}
		for _, l := range i.lines {
			left := l.quantity
			for _, s := range open[thing{j.buyers[l.customer], l.sku, l.price}] {
				n := min(left, s.Open)
				if n == 0 || s.PlacedAt.After(l.at) {
					continue
				}
				if event[s.OrderID] == uuid.Nil {
					event[s.OrderID] = idAt(l.at)
				}
				s.Open -= n
				left -= n
				back = append(back, returned{s.OrderID, s.Line, n, n * l.price, i.no, l.at, event[s.OrderID]})
				past = append(past, inventory.Past{Level: j.variants[l.sku].level, Kind: "restock", OnHand: n, CauseKind: "order", CauseID: s.OrderID.String(), Reason: i.no, At: l.at})
			}
			sum.MatchedUnits += l.quantity - left
			sum.MatchedAmount += (l.quantity - left) * l.price
			if left > 0 {
				l.quantity = left
				rest.lines = append(rest.lines, l)
				sum.ApartUnits += left
				sum.ApartAmount += l.amount()
			}
		}
		if len(rest.lines) > 0 {
			apart = append(apart, rest)
		}
	}
	sum.Cancellations = int64(len(all))
	if err := writeReturns(tx, back); err != nil {
		return sum, err
	}
	ids, err := j.insertApart(tx, apart)
	if err != nil {
		return sum, err
	}
	for k, i := range apart {
		for sku, n := range i.units() {
			past = append(past, inventory.Past{Level: j.variants[sku].level, Kind: "restock", OnHand: n, CauseKind: "order", CauseID: ids[k].String(), Reason: i.no, At: i.at()})
		}
	}
	return sum, j.inventory.RecordTx(tx, past)
}

func (j *job) insertApart(tx *db.Tx, apart []invoice) ([]uuid.UUID, error) {
	if len(apart) == 0 {
		return nil, nil
	}
	return j.insert(tx, apart, true)
}

// open finds the lines that the cancellations may be of, the latest first.
func (j *job) open(tx *db.Tx, all []invoice) (map[thing][]*sale, error) {
	seen := map[thing]bool{}
	things := []thing{}
	for _, i := range all {
		for _, l := range i.lines {
			t := thing{j.buyers[l.customer], l.sku, l.price}
			if l.customer != "" && !seen[t] {
				seen[t] = true
				things = append(things, t)
			}
		}
	}
	var found []*sale
	// OFFSET 0 keeps the look-up of lines at "those of this order": the tables have just been filled, nobody has counted them yet, and the planner would go by the SKU.
	err := tx.Raw(`WITH w AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(?::jsonb) AS w(c uuid, s text, p bigint))
		SELECT o.id AS order_id, l.line, l.sku, l.unit_price AS price, o.customer_id AS customer, l.open, o.placed_at
		FROM orders o CROSS JOIN LATERAL (SELECT line, sku, unit_price, quantity - restocked AS open FROM order_lines x WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id AND quantity > restocked OFFSET 0) l
		JOIN w ON w.c = o.customer_id AND w.s = l.sku AND w.p = l.unit_price
		WHERE o.customer_id IN (SELECT c FROM w) AND o.channel = 'import' AND o.status <> 'cancelled'
		ORDER BY o.placed_at DESC, o.id DESC, l.line DESC`, rows(things)).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("find orders of cancellations: %w", err)
	}
	out := map[thing][]*sale{}
	for _, s := range found {
		t := thing{s.Customer, s.SKU, s.Price}
		out[t] = append(out[t], s)
	}
	return out, nil
}

func writeReturns(tx *db.Tx, back []returned) error {
	if len(back) == 0 {
		return nil
	}
	in := rows(back)
	const from = ` FROM jsonb_to_recordset(?::jsonb) AS y(o uuid, n int, q int, a bigint, r text, at timestamptz, e uuid)`
	for _, sql := range []string{
		`UPDATE order_lines l SET restocked = l.restocked + x.q, refunded = l.refunded + x.a FROM (SELECT o, n, sum(q) AS q, sum(a) AS a` + from + ` GROUP BY o, n) x WHERE l.order_id = x.o AND l.line = x.n`,
		`INSERT INTO order_events (tenant_id, order_id, id, kind, actor_kind, actor_id, data, at)
			SELECT current_tenant(), o, e, 'refunded', 'system', 'import', jsonb_build_object('imported', true, 'external_ref', min(r), 'amount', sum(a), 'lines', jsonb_agg(jsonb_build_object('line', n, 'quantity', q) ORDER BY n)), min(at)` + from + ` GROUP BY o, e`,
		`UPDATE orders o SET refunded_total = o.refunded_total + x.a, updated_at = x.at, version = o.version + 1,
				payment_status = CASE WHEN o.refunded_total + x.a >= o.total THEN 'refunded' ELSE 'partially_refunded' END,
				status = CASE WHEN whole THEN 'cancelled' ELSE o.status END, cancelled_at = CASE WHEN whole THEN x.at END, completed_at = CASE WHEN NOT whole THEN o.completed_at END,
				cancel_reason = CASE WHEN whole THEN 'cancelled by ' || x.r ELSE '' END
			FROM (SELECT o, sum(a) AS a, max(at) AS at, max(r) AS r, NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = y.o AND l.restocked < l.quantity) AS whole` + from + ` GROUP BY o) x WHERE o.id = x.o`,
	} {
		if err := tx.Exec(sql, in).Error; err != nil {
			return fmt.Errorf("write cancellations: %w", err)
		}
	}
	return nil
}
