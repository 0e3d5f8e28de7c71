package orders

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/money"
)

var exportHeader = []string{
	"number", "id", "created_at", "placed_at", "status", "payment_status", "fulfilment_status", "channel", "email", "name", "phone", "city", "postal_code", "country",
	"currency", "subtotal", "discount", "shipping", "tax", "total", "paid", "refunded", "tags", "line", "sku", "title", "quantity", "unit_price", "line_total", "fulfilled",
}

// Export writes the orders of the filter as CSV, the newest first, one line per order line. It reads a few hundred orders at a time, whatever their number.
func (o *Orders) Export(ctx context.Context, sc db.Scope, f Filter, to io.Writer) error {
	w := csv.NewWriter(to)
	if err := w.Write(exportHeader); err != nil {
		return err
	}
	q := ListQuery{Filter: f, PageQuery: db.PageQuery{Limit: 100}}
	for {
		page, err := o.List(ctx, sc, q)
		if err != nil {
			return err
		}
		if err := o.exportPage(ctx, sc, page.Items, w); err != nil {
			return err
		}
		if w.Flush(); w.Error() != nil || page.NextCursor == "" {
			return w.Error()
		}
		q.Cursor = page.NextCursor
	}
}

func (o *Orders) exportPage(ctx context.Context, sc db.Scope, page []Summary, w *csv.Writer) error {
	if len(page) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(page))
	for i, s := range page {
		ids[i] = s.ID
	}
	type row struct {
		OrderID uuid.UUID
		Line
	}
	var rows []row
	err := o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		return tx.Raw(`SELECT order_id, line, sku, title, quantity, unit_price, total, fulfilled FROM order_lines WHERE order_id IN ? ORDER BY order_id, line`, ids).Scan(&rows).Error
	})
	if err != nil {
		return fmt.Errorf("export order lines: %w", err)
	}
	lines := map[uuid.UUID][]Line{}
	for _, r := range rows {
		lines[r.OrderID] = append(lines[r.OrderID], r.Line)
	}
	for _, s := range page {
		for _, l := range lines[s.ID] {
			if err := w.Write(exportLine(s, l)); err != nil {
				return err
			}
		}
	}
	return nil
}

func exportLine(s Summary, l Line) []string {
	number, placed := "", ""
	if s.Number != nil {
		number = strconv.FormatInt(*s.Number, 10)
	}
	if s.PlacedAt != nil {
		placed = s.PlacedAt.Format(time.RFC3339)
	}
	var to Address
	if s.ShippingAddress != nil {
		to = *s.ShippingAddress
	}
	amount := func(n int64) string { return money.Money{Amount: n, Currency: s.Currency}.Format() }
	title := l.Title[s.Language]
	if title == "" {
		title = l.Title["en"]
	}
	fields := []string{
		number, s.ID.String(), s.CreatedAt.Format(time.RFC3339), placed, s.Status, s.PaymentStatus, s.FulfilmentStatus, s.Channel, s.Email, s.Name, s.Phone, to.City, to.PostalCode, to.Country,
		s.Currency, amount(s.Subtotal), amount(s.DiscountTotal), amount(s.ShippingTotal), amount(s.TaxTotal), amount(s.Total), amount(s.PaidTotal), amount(s.RefundedTotal), strings.Join(s.Tags, " "), strconv.Itoa(l.Line), l.SKU, title, strconv.Itoa(l.Quantity),
		amount(l.UnitPrice), amount(l.Total), strconv.Itoa(l.Fulfilled),
	}
	for i, f := range fields {
		fields[i] = plain(f)
	}
	return fields
}

// plain keeps a spreadsheet from taking text for a formula.
func plain(f string) string {
	if f != "" && strings.ContainsRune("=+-@\t\r", rune(f[0])) {
		if _, err := strconv.ParseFloat(f, 64); err != nil {
			return "'" + f
		}
	}
	return f
}
