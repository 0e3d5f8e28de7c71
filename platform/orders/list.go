package orders

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Filter narrows a list of orders; lists of values are "any of", separated by commas.
type Filter struct {
	Status           string    `query:"status" json:"status,omitempty" maxLength:"200" doc:"draft, awaiting_confirmation, placed, completed, cancelled, expired; several by commas."`
	PaymentStatus    string    `query:"payment_status" json:"payment_status,omitempty" maxLength:"200"`
	FulfilmentStatus string    `query:"fulfilment_status" json:"fulfilment_status,omitempty" maxLength:"200"`
	FulfilmentType   string    `query:"fulfilment_type" json:"fulfilment_type,omitempty" maxLength:"50"`
	Channel          string    `query:"channel" json:"channel,omitempty" maxLength:"50"`
	Tag              string    `query:"tag" json:"tag,omitempty" maxLength:"50"`
	OnHold           string    `query:"on_hold" json:"on_hold,omitempty" enum:"true,false"`
	Q                string    `query:"q" json:"q,omitempty" maxLength:"200" doc:"A number, an external reference, an e-mail address, a SKU, or the beginning of a name."`
	From             time.Time `query:"from" json:"from,omitzero" doc:"Created at or after."`
	To               time.Time `query:"to" json:"to,omitzero" doc:"Created before."`
	CustomerID       string    `query:"customer_id" json:"customer_id,omitempty" format:"uuid"`
	IDs              string    `query:"ids" json:"-" maxLength:"20000" doc:"Ids, separated by commas."`
}

// ListQuery is a filter, an order and a page.
type ListQuery struct {
	Filter
	Sort string `query:"sort" enum:"-created,created,-total,total" default:"-created" doc:"With - the largest first."`
	db.PageQuery
}

// where gives the conditions of the filter, in SQL over "orders o" with their values.
func (f Filter) where() (conditions []string, args []any, err error) {
	add := func(sql string, values ...any) {
		conditions, args = append(conditions, sql), append(args, values...)
	}
	for column, list := range map[string]string{"o.status": f.Status, "o.payment_status": f.PaymentStatus, "o.fulfilment_status": f.FulfilmentStatus, "o.fulfilment_type": f.FulfilmentType, "o.channel": f.Channel} {
		if list != "" {
			add(column+" IN ?", strings.Split(list, ","))
		}
	}
	if f.Tag != "" {
		add("? = ANY (o.tags)", f.Tag)
	}
	switch f.OnHold {
	case "true":
		add("o.hold_reason <> ''")
	case "false":
		add("o.hold_reason = ''")
	}
	// Ids are the times of creation, so that the primary key finds them.
	if !f.From.IsZero() {
		add("o.id >= ?", firstID(f.From))
	}
	if !f.To.IsZero() {
		add("o.id < ?", firstID(f.To))
	}
	if f.CustomerID != "" {
		id, err := uuid.Parse(f.CustomerID)
		if err != nil {
			return nil, nil, fault.New(fault.Invalid, "filter_invalid", "The filter is not right.").Field("customer_id", "must be an id")
		}
		add("o.customer_id = ?", id)
	}
	if f.IDs != "" {
		ids := []uuid.UUID{}
		for _, text := range strings.Split(f.IDs, ",") {
			if id, err := uuid.Parse(text); err == nil {
				ids = append(ids, id)
			}
		}
		add("o.id IN ?", append(ids, uuid.Nil))
	}
	if q := strings.TrimSpace(f.Q); q != "" {
		low := strings.ToLower(q)
		found := []string{
			"SELECT id FROM orders WHERE lower(email) = ? AND email <> ''", "SELECT id FROM orders WHERE external_ref = ? AND external_ref <> ''", "SELECT order_id FROM order_lines WHERE sku = ?",
			`SELECT id FROM orders WHERE name <> '' AND lower(name) COLLATE "C" >= ? AND lower(name) COLLATE "C" < ?`,
		}
		values := []any{low, q, q, low, low + "\U0010FFFF"}
		if n, err := strconv.ParseInt(strings.TrimPrefix(q, "#"), 10, 64); err == nil {
			found, values = append(found, "SELECT id FROM orders WHERE number = ?"), append(values, n)
		}
		add("o.id IN ("+strings.Join(found, " UNION ")+")", values...)
	}
	return conditions, args, nil
}

// firstID is the smallest id of that moment.
func firstID(t time.Time) uuid.UUID {
	id := IDAt(t)
	clear(id[6:])
	return id
}

// List gives the orders of the filter, a page of them.
func (o *Orders) List(ctx context.Context, sc db.Scope, q ListQuery) (page db.Page[Summary], err error) {
	where, args, err := q.where()
	if err != nil {
		return page, err
	}
	order := "o.id DESC"
	var last uuid.UUID
	var total int64
	keys := func(s Summary) []any { return []any{s.ID} }
	switch q.Sort {
	case "", "-created", "created":
		compare := "<"
		if q.Sort == "created" {
			order, compare = "o.id", ">"
		}
		more, err := q.After(&last)
		if err != nil {
			return page, err
		}
		if more {
			where, args = append(where, "o.id "+compare+" ?"), append(args, last)
		}
	case "total", "-total":
		order = "o.total, o.id"
		compare := ">"
		if q.Sort == "-total" {
			order, compare = "o.total DESC, o.id DESC", "<"
		}
		more, err := q.After(&total, &last)
		if err != nil {
			return page, err
		}
		if more {
			where, args = append(where, "(o.total, o.id) "+compare+" (?, ?)"), append(args, total, last)
		}
		keys = func(s Summary) []any { return []any{s.Total, s.ID} }
	default:
		return page, fault.New(fault.Invalid, "filter_invalid", "The filter is not right.").Field("sort", "must be created or total, or -created or -total")
	}
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		rows, err := selectOrders(tx, where, args, order, q.Size()+1)
		page = db.PageOf(q.PageQuery, rows, keys)
		return err
	})
	return page, err
}

func selectOrders(tx *db.Tx, where []string, args []any, order string, limit int) ([]Summary, error) {
	var rows []stored
	err := tx.Raw(`SELECT `+summaryColumns+` FROM orders o WHERE `+strings.Join(append(where, "true"), " AND ")+` ORDER BY `+order+` LIMIT ?`, append(slices.Clone(args), limit)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	out := make([]Summary, len(rows))
	for i, r := range rows {
		out[i] = r.summary()
	}
	return out, nil
}

// tabs are the lists that the console counts.
var tabs = map[string]Filter{
	"unpaid":      {Status: Draft},
	"to_confirm":  {Status: AwaitingConfirmation},
	"to_fulfil":   {Status: Placed, FulfilmentStatus: Unfulfilled + "," + InProgress + "," + PartiallyFulfilled, OnHold: "false"},
	"on_hold":     {Status: Placed + "," + AwaitingConfirmation, OnHold: "true"},
	"to_complete": {Status: Placed, FulfilmentStatus: Fulfilled + "," + Delivered},
	"disputed":    {PaymentStatus: Disputed, Status: Placed + "," + Completed},
}

// countMost bounds the counts: they are for badges, and a badge that says 1000+ is enough. matchMost bounds the count of what a filter finds.
const (
	countMost = 1000
	matchMost = 10_000
)

// Counts tells how many orders are in each tab of the console, up to 1000, and how many match the filter, up to 10000.
func (o *Orders) Counts(ctx context.Context, sc db.Scope, filter Filter) (counts map[string]int, matching int, err error) {
	counts = map[string]int{}
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		for name, f := range tabs {
			if counts[name], err = countOrders(tx, f, countMost); err != nil {
				return err
			}
		}
		matching, err = countOrders(tx, filter, matchMost)
		return err
	})
	return counts, matching, err
}

func countOrders(tx *db.Tx, f Filter, most int) (n int, err error) {
	where, args, err := f.where()
	if err != nil {
		return 0, err
	}
	err = tx.Raw(`SELECT count(*) FROM (SELECT 1 FROM orders o WHERE `+strings.Join(append(where, "true"), " AND ")+` LIMIT ?) AS x`, append(args, most)...).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count orders: %w", err)
	}
	return n, nil
}
