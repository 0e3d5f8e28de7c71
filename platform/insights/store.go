package insights

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

type tenant struct{ Currency, TimeZone string }

func tenantOf(tx *db.Tx) (t tenant, err error) {
	return t, tx.Raw(`SELECT currency, time_zone FROM tenants WHERE id = ?`, tx.Scope.Tenant).Take(&t).Error
}

const sold = ` o.tenant_id = ? AND o.currency = ? AND o.placed_at >= ? AND o.placed_at < ? AND o.status IN ('placed', 'completed')`

func figures(tx *db.Tx, currency string, from, to time.Time) (f Figures, err error) {
	args := []any{tx.Scope.Tenant, currency, from, to}
	err = tx.Raw(`SELECT count(*) AS orders, coalesce(sum(total - refunded_total), 0) AS revenue, count(DISTINCT coalesce(customer_id::text, nullif(lower(email), ''), id::text)) AS customers FROM orders o WHERE`+sold, args...).Scan(&f).Error
	if err != nil {
		return f, err
	}
	if f.Orders > 0 {
		f.Average = f.Revenue / f.Orders
	}
	if err := tx.Raw(`SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id WHERE`+sold, args...).Row().Scan(&f.Units); err != nil {
		return f, err
	}
	err = tx.Raw(`SELECT coalesce(avg((status IN ('captured', 'authorized'))::int), 1) FROM payments WHERE tenant_id = ? AND created_at >= ? AND created_at < ? AND status IN ('captured', 'authorized', 'declined', 'failed', 'expired')`,
		tx.Scope.Tenant, from, to).Row().Scan(&f.PaymentSuccess)
	return f, err
}

// series counts by the tenant's hours or days, without a gap.
func series(tx *db.Tx, t tenant, step string, from, to time.Time) (points []Point, err error) {
	err = tx.Raw(`SELECT (s.at AT TIME ZONE ?) AS at, coalesce(x.orders, 0) AS orders, coalesce(x.revenue, 0) AS revenue
		FROM generate_series(date_trunc(?, ?::timestamptz AT TIME ZONE ?), (?::timestamptz - interval '1 microsecond') AT TIME ZONE ?, ('1 ' || ?)::interval) AS s(at)
		LEFT JOIN (SELECT date_trunc(?, o.placed_at AT TIME ZONE ?) AS at, count(*) AS orders, sum(total - refunded_total) AS revenue FROM orders o WHERE`+sold+` GROUP BY 1) x ON x.at = s.at ORDER BY s.at`,
		t.TimeZone, step, from, t.TimeZone, to, t.TimeZone, step, step, t.TimeZone, tx.Scope.Tenant, t.Currency, from, to).Scan(&points).Error
	for i := range points {
		points[i].At = points[i].At.UTC()
	}
	if points == nil {
		points = []Point{}
	}
	return points, err
}

const few = 8 // how many a short list shows

func topProducts(tx *db.Tx, currency string, from, to time.Time) ([]TopProduct, error) {
	var rows []struct {
		SKU            string
		Title          db.JSON[map[string]string]
		Units, Revenue int64
	}
	err := tx.Raw(`SELECT l.sku, (array_agg(l.title ORDER BY o.placed_at DESC))[1] AS title, sum(l.quantity) AS units, sum(l.total) AS revenue
		FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id WHERE`+sold+` GROUP BY l.sku ORDER BY sum(l.total) DESC, l.sku LIMIT ?`,
		tx.Scope.Tenant, currency, from, to, few).Scan(&rows).Error
	out := make([]TopProduct, len(rows))
	for i, r := range rows {
		out[i] = TopProduct{r.SKU, r.Title.V, r.Units, r.Revenue}
	}
	return out, err
}

// lowStock lists what is at or below the threshold of the tenant's own stock rules, 5 where it has none.
func lowStock(tx *db.Tx) ([]LowStock, error) {
	var rows []struct {
		LevelID, ProductID uuid.UUID
		SKU, Location      string
		Title              db.JSON[map[string]string]
		Available          int64
	}
	err := tx.Raw(`SELECT l.id AS level_id, v.product_id, v.sku, loc.name AS location, pr.title, l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved AS available
		FROM pool_levels l JOIN pools p ON p.tenant_id = l.tenant_id AND p.id = l.pool_id AND p.kind = 'stock'
		JOIN locations loc ON loc.tenant_id = p.tenant_id AND loc.id = p.location_id
		JOIN variants v ON v.tenant_id = p.tenant_id AND v.sku = p.key AND v.status = 'active' AND v.tracked
		JOIN products pr ON pr.tenant_id = v.tenant_id AND pr.id = v.product_id AND pr.status = 'active'
		WHERE l.tenant_id = ? AND l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved <
			coalesce((SELECT max((params->>'threshold')::int) FROM alert_rules r WHERE r.tenant_id = l.tenant_id AND r.kind = 'stock_low' AND r.enabled), 5)
		ORDER BY available, v.sku LIMIT ?`, tx.Scope.Tenant, few).Scan(&rows).Error
	out := make([]LowStock, len(rows))
	for i, r := range rows {
		out[i] = LowStock{r.LevelID, r.ProductID, r.SKU, r.Title.V, r.Location, r.Available}
	}
	return out, err
}

func counts(tx *db.Tx, d *Dashboard) error {
	return tx.Raw(`SELECT (SELECT count(*) FROM incidents WHERE tenant_id = t.id AND status <> 'resolved'),
			(SELECT count(*) FROM orders WHERE tenant_id = t.id AND status = 'placed' AND fulfilment_status NOT IN ('fulfilled', 'shipped', 'delivered', 'collected', 'issued') AND hold_reason = ''),
			(SELECT count(*) FROM orders WHERE tenant_id = t.id AND status = 'placed' AND payment_status IN ('unpaid', 'pending', 'failed'))
		FROM tenants t WHERE t.id = ?`, tx.Scope.Tenant).Row().Scan(&d.OpenIncidents, &d.ToFulfil, &d.Unpaid)
}

func checklist(tx *db.Tx) ([]Step, error) {
	var product, stock, payment, category, team, order bool
	err := tx.Raw(`SELECT EXISTS (SELECT 1 FROM products WHERE tenant_id = t.id AND status = 'active'), EXISTS (SELECT 1 FROM pool_levels WHERE tenant_id = t.id AND on_hand > 0),
			EXISTS (SELECT 1 FROM plugin_installations WHERE tenant_id = t.id AND state = 'active'), EXISTS (SELECT 1 FROM categories WHERE tenant_id = t.id),
			(SELECT count(*) FROM members WHERE tenant_id = t.id AND status = 'active') > 1, EXISTS (SELECT 1 FROM orders WHERE tenant_id = t.id AND placed_at IS NOT NULL)
		FROM tenants t WHERE t.id = ?`, tx.Scope.Tenant).Row().Scan(&product, &stock, &payment, &category, &team, &order)
	return []Step{
		{"product", product, "/products"},
		{"stock", stock, "/inventory"},
		{"payment", payment, "/plugins"},
		{"category", category, "/products"},
		{"team", team, "/team"},
		{"order", order, "/orders"},
	}, err
}
