package insights

import (
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
