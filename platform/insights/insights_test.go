package insights

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
)

func TestPeriodsBeginAtTheTenantsMidnight(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 30, 0, 30, 0, 0, paris) // the day after the clocks went forward
	for _, c := range []struct{ span, from, before, step string }{
		{"today", "2026-03-29T22:00:00Z", "2026-03-28T23:00:00Z", "hour"},
		{"7d", "2026-03-23T23:00:00Z", "2026-03-16T23:00:00Z", "day"},
	} {
		from, before, step := period(c.span, now)
		if got := from.UTC().Format(time.RFC3339); got != c.from {
			t.Errorf("%s begins at %s, want %s", c.span, got, c.from)
		}
		if got := before.UTC().Format(time.RFC3339); got != c.before || step != c.step {
			t.Errorf("the period before %s begins at %s by the %s, want %s by the %s", c.span, got, step, c.before, c.step)
		}
	}
}

func TestDashboardCountsWhatWasSold(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 10, 15, 0, 0, 0, time.UTC)
	d := dbtest.New(t).WithClock(func() time.Time { return now })
	sc := db.Scope{Tenant: db.NewID()}
	err := d.InTx(t.Context(), sc, func(tx *db.Tx) error {
		if err := tx.Exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES (?, 's', 'S', 'retail', 'GB', 'GBP', 'Asia/Shanghai', 'en', now(), now())`, sc.Tenant).Error; err != nil {
			return err
		}
		for i, o := range []struct {
			at               time.Time
			status, currency string
			total, refunded  int64
		}{
			{now.Add(-time.Hour), "placed", "GBP", 1000, 0},
			{now.Add(-2 * time.Hour), "completed", "GBP", 3000, 500},
			{now.Add(-3 * time.Hour), "cancelled", "GBP", 9000, 0},
			{now.Add(-3 * time.Hour), "placed", "EUR", 9000, 0},
			{now.Add(-25 * time.Hour), "placed", "GBP", 700, 0},              // yesterday, before this hour
			{now.Add(-24*time.Hour + time.Minute), "placed", "GBP", 7000, 0}, // yesterday, after it
			{now.Add(-23 * time.Hour / 2), "placed", "GBP", 50, 0},
		} {
			id := db.NewID()
			if err := tx.Exec(`INSERT INTO orders (tenant_id, id, number, status, fulfilment_type, currency, subtotal, total, refunded_total, placed_at, created_at, updated_at) VALUES (?, ?, ?, ?, 'ship', ?, ?, ?, ?, ?, ?, ?)`,
				sc.Tenant, id, i+1, o.status, o.currency, o.total, o.total, o.refunded, o.at, o.at, o.at).Error; err != nil {
				return err
			}
			if err := tx.Exec(`INSERT INTO order_lines (tenant_id, order_id, line, sku, title, quantity, unit_price, total) VALUES (?, ?, 1, 'A', '{"en":"A"}', 2, 1, ?)`, sc.Tenant, id, o.total).Error; err != nil {
				return err
			}
		}
		got, err := dashboard(tx, "today")
		if err != nil {
			return err
		}
		want := Figures{Orders: 3, Revenue: 3550, Average: 1183, Units: 6, Customers: 3, PaymentSuccess: 1}
		if got.Current != want {
			t.Errorf("today: %+v, want %+v", got.Current, want)
		}
		// It is 23:00 in Shanghai: the order of 11.5 hours ago was today at 11:30.
		if got.Previous.Orders != 1 || got.Previous.Revenue != 700 {
			t.Errorf("yesterday: %+v", got.Previous)
		}
		var orders, revenue int64
		for _, p := range got.Series {
			orders, revenue = orders+p.Orders, revenue+p.Revenue
		}
		if len(got.Series) != 23 || orders != 3 || revenue != 3550 {
			t.Errorf("series of %d hours with %d orders and %d", len(got.Series), orders, revenue)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A shop in Shanghai, looked at on its Wednesday at 23:00. Every figure is told from the one that a careless query would give.
func TestDashboardTellsWhatIsSo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 10, 15, 0, 0, 0, time.UTC)
	midnight := time.Date(2026, 6, 9, 16, 0, 0, 0, time.UTC)
	d := dbtest.New(t).WithClock(func() time.Time { return now })
	sc := db.Scope{Tenant: db.NewID()}
	var today, week Dashboard
	err := d.InTx(t.Context(), sc, func(tx *db.Tx) error {
		exec := func(sql string, args ...any) {
			t.Helper()
			if err := tx.Exec(sql, args...).Error; err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES (?, 's', 'S', 'retail', 'CN', 'CNY', 'Asia/Shanghai', 'zh', now(), now())`, sc.Tenant)
		exec(`INSERT INTO members (tenant_id, id, email, name, password_hash, created_at, updated_at) VALUES (?, ?, 'o@example.com', 'O', 'x', now(), now())`, sc.Tenant, db.NewID())
		n := 0
		order := func(at time.Time, sku string, quantity, total int64, email, sets string) {
			n++
			id := db.NewID()
			exec(`INSERT INTO orders (tenant_id, id, number, status, fulfilment_type, currency, email, payment_status, subtotal, total, placed_at, created_at, updated_at) VALUES (?, ?, ?, 'placed', 'ship', 'CNY', ?, 'paid', ?, ?, ?, ?, ?)`, sc.Tenant, id, n, email, total, total, at, at, at)
			exec(`INSERT INTO order_lines (tenant_id, order_id, line, sku, title, quantity, unit_price, total) VALUES (?, ?, 1, ?, '{"en":"A"}', ?, 1, ?)`, sc.Tenant, id, sku, quantity, total)
			if sets != "" {
				exec(`UPDATE orders SET `+sets+` WHERE id = ?`, id)
			}
		}
		order(midnight, "CUP", 3, 300, "Ann@example.com", "")                                                          // the first moment of the day
		order(midnight.Add(90*time.Minute), "POT", 1, 900, "ann@example.com", "hold_reason = 'check'")                 // the same buyer
		order(now.Add(-time.Minute), "CUP", 2, 200, "bob@example.com", "payment_status = 'failed'")                    // in the last hour
		order(midnight.Add(-time.Hour), "CUP", 5, 500, "", "fulfilment_status = 'shipped', payment_status = 'unpaid'") // yesterday's last hour
		order(midnight.AddDate(0, 0, -6), "CUP", 1, 100, "", "status = 'completed'")                                   // the first moment of the week
		order(midnight.AddDate(0, 0, -6).Add(-time.Second), "CUP", 1, 70, "", "status = 'completed'")                  // the last of the week before
		order(now.Add(-2*time.Hour), "CUP", 7, 700, "", "status = 'draft', placed_at = NULL, payment_status = 'unpaid'")
		for status, at := range map[string]time.Time{"captured": now.Add(-time.Hour), "authorized": now.Add(-2 * time.Hour), "declined": now.Add(-3 * time.Hour), "expired": now.Add(-3 * time.Hour), "pending": now.Add(-time.Minute), "failed": midnight.Add(-time.Minute)} {
			exec(`INSERT INTO payments (tenant_id, id, order_id, method, currency, amount, status, created_at, updated_at) VALUES (?, ?, ?, 'card', 'CNY', 100, ?, ?, ?)`, sc.Tenant, db.NewID(), db.NewID(), status, at, at)
		}
		location, product := db.NewID(), db.NewID()
		exec(`INSERT INTO locations (tenant_id, id, name, created_at, updated_at) VALUES (?, ?, 'Store', now(), now())`, sc.Tenant, location)
		exec(`INSERT INTO products (tenant_id, id, slug, status, title, created_at, updated_at) VALUES (?, ?, 'cup', 'active', '{"en":"Cup"}', now(), now())`, sc.Tenant, product)
		for sku, level := range map[string][2]int64{"LOW": {9, 3}, "ENOUGH": {9, 1}, "GONE": {2, 2}} { // on hand, committed
			pool := db.NewID()
			exec(`INSERT INTO variants (tenant_id, id, product_id, sku, created_at, updated_at) VALUES (?, ?, ?, ?, now(), now())`, sc.Tenant, db.NewID(), product, sku)
			exec(`INSERT INTO pools (tenant_id, id, location_id, kind, key, created_at) VALUES (?, ?, ?, 'stock', ?, now())`, sc.Tenant, pool, location, sku)
			exec(`INSERT INTO pool_levels (tenant_id, id, pool_id, on_hand, committed, updated_at) VALUES (?, ?, ?, ?, ?, now())`, sc.Tenant, pool, pool, level[0], level[1])
		}
		for threshold, enabled := range map[string]bool{"3": true, "7": true, "100": false} {
			exec(`INSERT INTO alert_rules (tenant_id, id, kind, name, enabled, severity, params, created_at, updated_at) VALUES (?, ?, 'stock_low', 'r', ?, 'info', jsonb_build_object('threshold', ?::int), now(), now())`, sc.Tenant, db.NewID(), enabled, threshold)
		}
		for i, status := range []string{"open", "acknowledged", "resolved"} {
			exec(`INSERT INTO incidents (tenant_id, id, number, kind, dedup_key, severity, status, title, summary, subject_type, subject_id, subject_label, opened_at, updated_at) VALUES (?, ?, ?, 'stock_low', ?, 'info', ?, '{}', '{}', 'variant', 'x', 'x', now(), now())`, sc.Tenant, db.NewID(), i, status, status)
		}
		var err error
		if today, err = dashboard(tx, "today"); err != nil {
			return err
		}
		week, err = dashboard(tx, "7d")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Figures{Orders: 3, Revenue: 1400, Average: 466, Units: 6, Customers: 2, PaymentSuccess: 0.5}); today.Current != want {
		t.Errorf("today: %+v, want %+v", today.Current, want)
	}
	if week.Current.Orders != 5 || week.Current.Revenue != 2000 || week.Previous.Orders != 0 { // the week before is counted to its Wednesday, 23:00
		t.Errorf("week: %+v, before it %+v", week.Current, week.Previous)
	}
	if today.Previous.Orders != 0 || !today.From.Equal(midnight) {
		t.Errorf("yesterday until this hour: %+v; today began at %s", today.Previous, today.From)
	}
	for what, c := range map[string]struct {
		series []Point
		want   []Point // those with orders
	}{
		"hours of today":          {today.Series, []Point{{midnight, 1, 300}, {midnight.Add(time.Hour), 1, 900}, {midnight.Add(22 * time.Hour), 1, 200}}},
		"hours of yesterday":      {today.Previously, []Point{{midnight.Add(-time.Hour), 1, 500}}},
		"days of the week":        {week.Series, []Point{{midnight.AddDate(0, 0, -6), 1, 100}, {midnight.AddDate(0, 0, -1), 1, 500}, {midnight, 3, 1400}}},
		"days of the week before": {week.Previously, []Point{{midnight.AddDate(0, 0, -7), 1, 70}}},
	} {
		got := slices.DeleteFunc(slices.Clone(c.series), func(p Point) bool { return p.Orders == 0 })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
	}
	if len(today.Series) != 23 || len(today.Previously) != 24 || len(week.Series) != 7 || len(week.Previously) != 7 {
		t.Errorf("series of %d and %d hours, %d and %d days", len(today.Series), len(today.Previously), len(week.Series), len(week.Previously))
	}
	var top []string
	for _, p := range week.TopProducts {
		top = append(top, fmt.Sprintf("%s %d %d", p.SKU, p.Units, p.Revenue))
	}
	if fmt.Sprint(top) != "[CUP 11 1100 POT 1 900]" {
		t.Errorf("what sells best: %v", top)
	}
	var low []string
	for _, l := range today.LowStock {
		low = append(low, fmt.Sprintf("%s %d %s", l.SKU, l.Available, l.Location))
	}
	if fmt.Sprint(low) != "[GONE 0 Store LOW 6 Store]" {
		t.Errorf("low: %v", low)
	}
	if today.OpenIncidents != 2 || today.ToFulfil != 2 || today.Unpaid != 2 {
		t.Errorf("%d open incidents, %d orders to fulfil, %d unpaid; want 2 of each", today.OpenIncidents, today.ToFulfil, today.Unpaid)
	}
	var done []string
	for _, s := range today.Checklist {
		if s.Done {
			done = append(done, s.ID)
		}
	}
	if fmt.Sprint(done) != "[product stock order]" {
		t.Errorf("done: %v", done)
	}
}
