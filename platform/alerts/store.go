package alerts

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Bounds of one evaluation: what is over comes in the next sweep.
const (
	maxSwept    = 500
	maxCompared = 20
)

func activeTenants(tx *db.Tx) (ids []uuid.UUID, err error) {
	err = tx.Raw(`SELECT id FROM tenants WHERE status = 'active' ORDER BY id`).Scan(&ids).Error
	return ids, err
}

type ruleRow struct {
	ID                   uuid.UUID
	Kind, Name, Severity string
	Enabled              bool
	Params               db.JSON[map[string]int]
	Filter               db.JSON[Filter]
	Notify               db.JSON[Route]
	CooldownMinutes      int
	Version              int64
	CreatedAt, UpdatedAt time.Time
}

func (r ruleRow) rule() Rule {
	return Rule{
		ID: r.ID, Kind: Kind(r.Kind), Name: r.Name, Enabled: r.Enabled, Severity: r.Severity, Params: r.Params.V, Filter: r.Filter.V, Notify: r.Notify.V,
		CooldownMinutes: r.CooldownMinutes, Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

const ruleColumns = `id, kind, name, severity, enabled, params, filter, notify, cooldown_minutes, version, created_at, updated_at`

func enabledRules(tx *db.Tx, kind Kind) ([]Rule, error) {
	var rows []ruleRow
	q := tx.Raw(`SELECT `+ruleColumns+` FROM alert_rules WHERE tenant_id = ? AND enabled AND (? = '' OR kind = ?) ORDER BY id`, tx.Scope.Tenant, string(kind), string(kind))
	if err := q.Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read alert rules: %w", err)
	}
	return rulesOf(rows), nil
}

func rulesOf(rows []ruleRow) []Rule {
	out := make([]Rule, len(rows))
	for i, r := range rows {
		out[i] = r.rule()
	}
	return out
}

func listRules(tx *db.Tx, q db.PageQuery) ([]Rule, error) {
	var after uuid.UUID
	if _, err := q.After(&after); err != nil {
		return nil, err
	}
	var rows []ruleRow
	err := tx.Raw(`SELECT `+ruleColumns+` FROM alert_rules WHERE tenant_id = ? AND id > ? ORDER BY id LIMIT ?`, tx.Scope.Tenant, after, q.Size()+1).Scan(&rows).Error
	return rulesOf(rows), err
}

func ruleByID(tx *db.Tx, id uuid.UUID, lock bool) (Rule, error) {
	var row ruleRow
	sql := `SELECT ` + ruleColumns + ` FROM alert_rules WHERE tenant_id = ? AND id = ?`
	if lock {
		sql += ` FOR UPDATE`
	}
	if err := tx.Raw(sql, tx.Scope.Tenant, id).Take(&row).Error; err != nil {
		if db.IsNotFound(err) {
			return Rule{}, errNoRule
		}
		return Rule{}, err
	}
	return row.rule(), nil
}

func insertRule(tx *db.Tx, r Rule) error {
	return tx.Exec(`INSERT INTO alert_rules (tenant_id, id, kind, name, enabled, severity, params, filter, notify, cooldown_minutes, version, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Tenant, r.ID, string(r.Kind), r.Name, r.Enabled, r.Severity, db.JSON[map[string]int]{V: r.Params},
		db.JSON[Filter]{V: r.Filter}, db.JSON[Route]{V: r.Notify}, r.CooldownMinutes, r.Version, r.CreatedAt, r.UpdatedAt).Error
}

func updateRule(tx *db.Tx, r Rule) error {
	return tx.Exec(`UPDATE alert_rules SET name = ?, enabled = ?, severity = ?, params = ?, filter = ?, notify = ?, cooldown_minutes = ?, version = ?, updated_at = ? WHERE tenant_id = ? AND id = ?`,
		r.Name, r.Enabled, r.Severity, db.JSON[map[string]int]{V: r.Params}, db.JSON[Filter]{V: r.Filter}, db.JSON[Route]{V: r.Notify}, r.CooldownMinutes, r.Version, r.UpdatedAt, tx.Scope.Tenant, r.ID).Error
}

func deleteRule(tx *db.Tx, id uuid.UUID) error {
	return tx.Exec(`DELETE FROM alert_rules WHERE tenant_id = ? AND id = ?`, tx.Scope.Tenant, id).Error
}

type instanceRow struct {
	RuleID     uuid.UUID
	DedupKey   string
	State      string
	Value      float64
	IncidentID *uuid.UUID
	Since      time.Time
	FiredAt    *time.Time
}

// lockInstances makes the missing instances and locks all, in the order of their keys so that two evaluations cannot deadlock.
func lockInstances(tx *db.Tx, rule uuid.UUID, keys []string) (map[string]Instance, error) {
	err := tx.Exec(`INSERT INTO alert_instances (tenant_id, rule_id, dedup_key, state, since)
		SELECT ?, ?, k, 'ok', ? FROM unnest(?::text[]) k ORDER BY k ON CONFLICT DO NOTHING`, tx.Scope.Tenant, rule, tx.Now, db.Strings(keys)).Error
	if err != nil {
		return nil, fmt.Errorf("make alert instances: %w", err)
	}
	var rows []instanceRow
	err = tx.Raw(`SELECT rule_id, dedup_key, state, value, incident_id, since, fired_at FROM alert_instances
		WHERE tenant_id = ? AND rule_id = ? AND dedup_key = ANY(?::text[]) ORDER BY dedup_key FOR UPDATE`, tx.Scope.Tenant, rule, db.Strings(keys)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock alert instances: %w", err)
	}
	out := make(map[string]Instance, len(rows))
	for _, r := range rows {
		out[r.DedupKey] = Instance(r)
	}
	return out, nil
}

// knownKeys gives which of the keys have an instance: a key without one that is not in breach needs none.
func knownKeys(tx *db.Tx, rule uuid.UUID, keys []string) (map[string]bool, error) {
	var found []string
	err := tx.Raw(`SELECT dedup_key FROM alert_instances WHERE tenant_id = ? AND rule_id = ? AND dedup_key = ANY(?::text[])`, tx.Scope.Tenant, rule, db.Strings(keys)).Scan(&found).Error
	known := make(map[string]bool, len(found))
	for _, k := range found {
		known[k] = true
	}
	return known, err
}

func saveInstance(tx *db.Tx, in Instance) error {
	return tx.Exec(`UPDATE alert_instances SET state = ?, value = ?, incident_id = ?, since = ?, fired_at = ? WHERE tenant_id = ? AND rule_id = ? AND dedup_key = ?`,
		in.State, in.Value, in.IncidentID, in.Since, in.FiredAt, tx.Scope.Tenant, in.RuleID, in.DedupKey).Error
}

// firingSubjects gives what the firing instances of the rule are about: the part of the key after the kind.
func firingSubjects(tx *db.Tx, rule uuid.UUID) ([]string, error) {
	var keys []string
	err := tx.Raw(`SELECT dedup_key FROM alert_instances WHERE tenant_id = ? AND rule_id = ? AND state = 'firing' ORDER BY since LIMIT ?`, tx.Scope.Tenant, rule, maxSwept).Scan(&keys).Error
	for i, k := range keys {
		_, keys[i], _ = strings.Cut(k, ":")
	}
	return keys, err
}

type stockLevel struct {
	LevelID, LocationID, Location, SKU, ProductID string
	Title                                         db.JSON[map[string]string]
	OnHand, Available                             int64
	Active, Stocked                               bool
}

// stockLevels reads levels by id, or those with less than below available; the filter narrows either.
func stockLevels(tx *db.Tx, f Filter, ids []string, below *int) (rows []stockLevel, err error) {
	sql := `SELECT l.id AS level_id, p.location_id, loc.name AS location, p.key AS sku, v.product_id, pr.title, l.on_hand,
			l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved AS available,
			v.status = 'active' AND pr.status = 'active' AND loc.active AS active,
			EXISTS (SELECT 1 FROM movements m WHERE m.tenant_id = l.tenant_id AND m.level_id = l.id AND m.on_hand_delta > 0) AS stocked
		FROM pool_levels l
		JOIN pools p ON p.tenant_id = l.tenant_id AND p.id = l.pool_id AND p.kind = 'stock'
		JOIN locations loc ON loc.tenant_id = p.tenant_id AND loc.id = p.location_id
		JOIN variants v ON v.tenant_id = p.tenant_id AND v.sku = p.key
		JOIN products pr ON pr.tenant_id = v.tenant_id AND pr.id = v.product_id
		WHERE l.tenant_id = ?`
	args := []any{tx.Scope.Tenant}
	where := func(cond string, arg any) { sql, args = sql+" AND "+cond, append(args, arg) }
	if below == nil {
		where(`l.id = ANY(?::uuid[])`, db.Strings(ids))
	} else {
		where(`l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved < ? AND v.status = 'active' AND pr.status = 'active'`, *below)
	}
	if f.LocationID != nil {
		where(`p.location_id = ?`, *f.LocationID)
	}
	if len(f.SKUs) > 0 {
		where(`p.key = ANY(?::text[])`, db.Strings(f.SKUs))
	}
	if len(f.CategoryIDs) > 0 {
		where(`EXISTS (SELECT 1 FROM product_categories c WHERE c.tenant_id = v.tenant_id AND c.product_id = v.product_id AND c.category_id = ANY(?::uuid[]))`, texts(f.CategoryIDs))
	}
	where(`true ORDER BY l.id LIMIT ?`, maxSwept)
	return rows, tx.Raw(sql, args...).Scan(&rows).Error
}

func texts(ids []uuid.UUID) db.Strings {
	out := make(db.Strings, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

type order struct {
	ID, Status, PaymentStatus, PaymentMethod, FulfilmentStatus, FulfilmentType, HoldReason, Currency string
	Number                                                                                           *int64
	Total                                                                                            int64
	CreatedAt                                                                                        time.Time
	PlacedAt                                                                                         *time.Time
}

const orderColumns = `o.id, o.number, o.status, o.payment_status, o.payment_method, o.fulfilment_status, o.fulfilment_type, o.hold_reason, o.total, o.currency, o.created_at, o.placed_at`

func ordersByID(tx *db.Tx, ids []string) (rows []order, err error) {
	return rows, tx.Raw(`SELECT `+orderColumns+` FROM orders o WHERE o.tenant_id = ? AND o.id = ANY(?::uuid[])`, tx.Scope.Tenant, db.Strings(ids)).Scan(&rows).Error
}

const notFiring = ` AND NOT EXISTS (SELECT 1 FROM alert_instances i WHERE i.tenant_id = o.tenant_id AND i.rule_id = ? AND i.dedup_key = ? || o.id AND i.state = 'firing')`

func unpaidOrders(tx *db.Tx, rule uuid.UUID, before time.Time) (rows []order, err error) {
	return rows, tx.Raw(`SELECT `+orderColumns+` FROM orders o WHERE o.tenant_id = ? AND o.status IN ('draft', 'awaiting_confirmation', 'placed') AND o.payment_status IN ('unpaid', 'pending', 'failed', 'partially_paid')
		AND o.payment_method <> 'on_delivery' AND o.channel <> 'import' AND o.created_at <= ?`+notFiring+` ORDER BY o.id LIMIT ?`, tx.Scope.Tenant, before, rule, "order_unpaid:", maxSwept).Scan(&rows).Error
}

func unshippedOrders(tx *db.Tx, rule uuid.UUID, before time.Time) (rows []order, err error) {
	return rows, tx.Raw(`SELECT `+orderColumns+` FROM orders o WHERE o.tenant_id = ? AND o.status = 'placed' AND o.fulfilment_type = 'ship' AND o.hold_reason = ''
		AND o.fulfilment_status NOT IN ('fulfilled', 'shipped', 'delivered') AND o.channel <> 'import' AND o.placed_at <= ?`+notFiring+` ORDER BY o.id LIMIT ?`, tx.Scope.Tenant, before, rule, "order_unshipped:", maxSwept).Scan(&rows).Error
}

type failures struct {
	Count  int
	Reason string
	Method string
}

func failedPayments(tx *db.Tx, order string, since time.Time) (f failures, err error) {
	return f, tx.Raw(`SELECT count(*) AS count, coalesce((array_agg(reason ORDER BY updated_at DESC))[1], '') AS reason, coalesce((array_agg(method ORDER BY updated_at DESC))[1], '') AS method
		FROM payments WHERE tenant_id = ? AND order_id = ? AND status IN ('declined', 'failed') AND updated_at > ?`, tx.Scope.Tenant, order, since).Scan(&f).Error
}

const purchaseColumns = `o.id, o.number, coalesce(o.customer_id::text, '') AS customer_id, o.email, o.phone, coalesce(o.shipping_address::text, '') AS address, o.currency, o.total,
	coalesce(o.placed_at, o.created_at) AS at, o.status, (SELECT jsonb_object_agg(x.sku, x.quantity) FROM (SELECT sku, sum(quantity) AS quantity FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id GROUP BY sku) x) AS lines`

type purchaseRow struct {
	ID, CustomerID, Email, Phone, Address, Currency, Status string
	Number                                                  *int64
	Total                                                   int64
	At                                                      time.Time
	Lines                                                   []byte
}

func (r purchaseRow) purchase() (purchase, error) {
	p := purchase{ID: r.ID, Label: orderLabel(r.Number, r.ID, "en"), CustomerID: r.CustomerID, Email: r.Email, Phone: r.Phone, Address: r.Address, Currency: r.Currency, Total: r.Total, At: r.At}
	if len(r.Lines) == 0 {
		return p, nil
	}
	return p, json.Unmarshal(r.Lines, &p.Lines)
}

// purchaseByID reads an order for comparison; ended is true for one that is cancelled, expired or gone.
func purchaseByID(tx *db.Tx, id string) (p purchase, ended bool, err error) {
	var row purchaseRow
	if err := tx.Raw(`SELECT `+purchaseColumns+` FROM orders o WHERE o.tenant_id = ? AND o.id = ?`, tx.Scope.Tenant, id).Take(&row).Error; err != nil {
		if db.IsNotFound(err) {
			return p, true, nil
		}
		return p, false, err
	}
	p, err = row.purchase()
	return p, row.Status == "cancelled" || row.Status == "expired", err
}

// earlierPurchases gives the newest orders of the same buyer that were placed up to window before p.
func earlierPurchases(tx *db.Tx, p purchase, window time.Duration) ([]purchase, error) {
	var who []string
	args := []any{tx.Scope.Tenant, p.ID, p.At.Add(-window), p.At}
	if p.CustomerID != "" {
		who, args = append(who, `o.customer_id = ?`), append(args, p.CustomerID)
	}
	if p.Email != "" {
		who, args = append(who, `lower(o.email) = lower(?) AND o.email <> ''`), append(args, p.Email)
	}
	if digits(p.Phone) != "" {
		who, args = append(who, `o.phone <> '' AND regexp_replace(o.phone, '\D', '', 'g') = ?`), append(args, digits(p.Phone))
	}
	if len(who) == 0 {
		return nil, nil
	}
	var rows []purchaseRow
	err := tx.Raw(`SELECT `+purchaseColumns+` FROM orders o WHERE o.tenant_id = ? AND o.id < ? AND o.created_at >= ? AND o.created_at <= ? AND o.status IN ('placed', 'completed') AND o.channel <> 'import'
		AND (`+strings.Join(who, " OR ")+`) ORDER BY o.created_at DESC LIMIT ?`, append(args, maxCompared)...).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make([]purchase, 0, len(rows))
	for _, r := range rows {
		one, err := r.purchase()
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}
