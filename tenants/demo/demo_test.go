package demo_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"allhours/platform/base/db"
	"allhours/platform/orders"
	"allhours/platform/payments"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/demo"
	"allhours/tenants/members"
)

// One seeding serves all that only looks at its result.
func TestSeed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stop := r.startProvider()
	var out bytes.Buffer
	began := time.Now()
	logins, err := demo.Seed(t.Context(), r.Parts, &out)
	r.must(err)
	t.Logf("seeded in %v\n%s", time.Since(began), out.String())
	if n := strings.Count(out.String(), "\n"); n != 3 {
		t.Errorf("progress has %d lines, want 3", n)
	}

	t.Run("invariants", func(t *testing.T) { r.t = t; invariants(r) })
	t.Run("logins", func(t *testing.T) { r.t = t; signIn(r, logins) })
	t.Run("alive", func(t *testing.T) { r.t = t; alive(r) })
	t.Run("alerts", func(t *testing.T) { r.t = t; incidents(r) })
	t.Run("the past can be refunded", func(t *testing.T) { r.t = t; refundPast(r) })
	t.Run("again", func(t *testing.T) {
		r.t = t
		before := sizes(r)
		began := time.Now()
		again, err := demo.Seed(t.Context(), r.Parts, &out)
		r.must(err)
		t.Logf("second start in %v", time.Since(began))
		if d := cmp.Diff(logins, again); d != "" {
			t.Errorf("other logins: %s", d)
		}
		if d := cmp.Diff(before, sizes(r)); d != "" {
			t.Errorf("the second start changed something: %s", d)
		}
	})
	stop()
	t.Run("provider moved", func(t *testing.T) {
		r.t = t
		stop := r.startProvider()
		defer stop()
		_, err := demo.Seed(t.Context(), r.Parts, &out)
		r.must(err)
		if n := r.count(`SELECT count(*) FROM plugin_installations WHERE config->>'base_url' = $1`, r.Provider.URL); n != 3 {
			t.Errorf("%d installations go to the new address, want 3", n)
		}
	})
}

func sizes(r *rig) map[string]int {
	n := map[string]int{}
	for _, table := range []string{"tenants", "members", "products", "media", "customers", "orders", "order_lines", "movements", "payments", "plugin_installations", "audit_log", "outbox_events"} {
		n[table] = r.count(`SELECT count(*) FROM ` + table)
	}
	return n
}

// invariants are questions that must find nothing.
func invariants(r *rig) {
	_, err := r.owner.Exec(r.t.Context(), `ANALYZE`)
	r.must(err)
	for name, query := range map[string]string{
		"total is not that of the lines":            `SELECT count(*) FROM orders o WHERE total <> shipping_total + (SELECT sum(total) FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id) + CASE WHEN tax_included THEN 0 ELSE tax_total END`,
		"line is not price by quantity":             `SELECT count(*) FROM order_lines WHERE total <> unit_price * quantity - discount`,
		"tax is not that of the lines":              `SELECT count(*) FROM orders o WHERE tax_total - (SELECT sum(tax) FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id) <> round(shipping_total / 6.0)`,
		"delivery is not what the shop asks for":    `SELECT count(*) FROM orders o JOIN tenants t ON t.id = o.tenant_id WHERE shipping_total <> CASE WHEN t.slug = 'gifts' AND fulfilment_type = 'ship' AND subtotal < 4000 THEN 395 ELSE 0 END`,
		"paid is not the sum of the money events":   `SELECT count(*) FROM orders o WHERE paid_total <> (SELECT coalesce(sum(e.amount), 0) FROM payments p JOIN payment_events e ON e.tenant_id = p.tenant_id AND e.payment_id = p.id WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND e.kind = 'capture' AND e.outcome = 'succeeded')`,
		"refunded is not the sum of the events":     `SELECT count(*) FROM orders o WHERE refunded_total <> (SELECT coalesce(sum(e.amount), 0) FROM payments p JOIN payment_events e ON e.tenant_id = p.tenant_id AND e.payment_id = p.id WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND e.kind = 'refund' AND e.outcome = 'succeeded')`,
		"payments do not add up to the order":       `SELECT count(*) FROM orders o WHERE (paid_total, refunded_total) <> (SELECT coalesce(sum(captured), 0), coalesce(sum(refunded), 0) FROM payments p WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id)`,
		"completed and not paid or not there":       `SELECT count(*) FROM orders WHERE status = 'completed' AND (payment_status NOT IN ('paid', 'partially_refunded', 'refunded') OR fulfilment_status <> 'delivered' OR completed_at IS NULL)`,
		"placed without a number, or the reverse":   `SELECT count(*) FROM orders WHERE (number IS NULL) <> (placed_at IS NULL)`,
		"numbers do not rise with the time":         `SELECT count(*) FROM (SELECT placed_at, lag(placed_at) OVER (PARTITION BY tenant_id ORDER BY number) AS before FROM orders WHERE number IS NOT NULL) x WHERE placed_at < before`,
		"the next number is taken":                  `SELECT count(*) FROM order_numbers n JOIN orders o ON o.tenant_id = n.tenant_id AND o.number >= n.next`,
		"something happens in the future":           `SELECT (SELECT count(*) FROM orders WHERE updated_at > now()) + (SELECT count(*) FROM order_events WHERE at > now()) + (SELECT count(*) FROM movements WHERE at > now()) + (SELECT count(*) FROM payments WHERE updated_at > now())`,
		"timeline and order differ in version":      `SELECT count(*) FROM orders o WHERE version <> (SELECT max(version) FROM order_events e WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id)`,
		"timeline runs backwards":                   `SELECT count(*) FROM (SELECT at, lag(at) OVER (PARTITION BY order_id ORDER BY version, at, id) AS before FROM order_events) x WHERE at < before`,
		"the customer is unknown":                   `SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM customers c WHERE c.tenant_id = o.tenant_id AND c.id = o.customer_id AND c.email = o.email)`,
		"a shipped order has no tracking number":    `SELECT count(*) FROM fulfilments WHERE status IN ('shipped', 'delivered') AND (tracking_number = '' OR carrier = '')`,
		"fulfilled units without a parcel":          `SELECT count(*) FROM order_lines l WHERE fulfilled > 0 AND NOT EXISTS (SELECT 1 FROM fulfilments f WHERE f.tenant_id = l.tenant_id AND f.order_id = l.order_id AND f.status IN ('shipped', 'delivered', 'collected', 'issued'))`,
		"an unshipped order holds too little":       `SELECT count(*) FROM orders o JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id WHERE o.status = 'placed' AND l.fulfilled = 0 AND l.uses <> '[]' AND NOT EXISTS (SELECT 1 FROM holds h JOIN pool_levels v ON v.tenant_id = h.tenant_id AND v.id = h.level_id JOIN pools p ON p.tenant_id = v.tenant_id AND p.id = v.pool_id WHERE h.tenant_id = o.tenant_id AND h.owner_id = o.id AND h.state = 'committed' AND p.key = l.uses->0->>'key' AND h.quantity >= l.quantity)`,
		"stock was below what was promised, once":   `SELECT count(*) FROM (SELECT sum(on_hand_delta - reserved_delta - committed_delta) OVER w AS free, sum(on_hand_delta) OVER w AS on_hand FROM movements WINDOW w AS (PARTITION BY level_id ORDER BY at RANGE UNBOUNDED PRECEDING)) x WHERE free < 0 OR on_hand < 0`,
		"an import, which alerts would not look at": `SELECT count(*) FROM orders WHERE channel = 'import'`,
		"an order of a plugin that is not there":    `SELECT count(*) FROM payments p WHERE installation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM plugin_installations i WHERE i.id = p.installation_id)`,
		"a product without texts in both":           `SELECT count(*) FROM products WHERE coalesce(title->>'en', '') = '' OR coalesce(title->>'zh', '') = '' OR coalesce(description->>'en', '') = '' OR coalesce(description->>'zh', '') = ''`,
	} {
		if n := r.count(query); n != 0 {
			r.t.Errorf("%s: %d", name, n)
		}
	}
	for _, slug := range []string{"gifts", "mianguan", "seaview"} {
		sc := db.Scope{Tenant: r.tenant(slug)}
		found, err := r.Inventory.Reconcile(r.t.Context(), sc, false, true)
		r.must(err)
		if found.Drifted != 0 || found.Checked == 0 {
			r.t.Errorf("%s: %d of %d levels drift: %+v", slug, found.Drifted, found.Checked, found.Findings)
		}
		// What orders says of itself must be what was written.
		r.must(r.DB.InTx(r.t.Context(), sc, func(tx *db.Tx) error {
			var ids []string
			if err := tx.Raw(`SELECT id FROM orders ORDER BY id DESC`).Scan(&ids).Error; err != nil {
				return err
			}
			for i, id := range ids {
				if i%7 != 0 {
					continue
				}
				o, err := r.orders.GetTx(tx, uuidOf(id))
				if err != nil {
					return err
				}
				if want := orders.FulfilmentStatusOf(o.Lines, o.Fulfilments); o.FulfilmentStatus != want {
					r.t.Errorf("%s: fulfilment is %s, must be %s", id, o.FulfilmentStatus, want)
				}
				t := orders.PaymentTotals{Captured: o.PaidTotal, Refunded: o.RefundedTotal, Failed: o.PaymentStatus == orders.Failed}
				if want := orders.PaymentStatusOf(o.Total, t); o.PaymentStatus != want {
					r.t.Errorf("%s: payment is %s, must be %s", id, o.PaymentStatus, want)
				}
			}
			return nil
		}))
	}
}

func signIn(r *rig, logins []demo.Login) {
	roles := map[string]bool{}
	for _, l := range logins {
		sc := db.Scope{Tenant: r.tenant(l.Slug)}
		client := access.Client{IP: "127.0.0.1"}
		if l.Roles[0] == "customer" {
			_, err := r.customers.Login(r.t.Context(), sc, l.Email, demo.Password, client)
			if err != nil {
				r.t.Errorf("%s: %v", l.Email, err)
			}
			continue
		}
		in, err := r.members.Login(r.t.Context(), sc, members.Login{Email: l.Email, Password: demo.Password}, client)
		if err != nil {
			r.t.Errorf("%s: %v", l.Email, err)
			continue
		}
		if d := cmp.Diff(l.Roles, in.Member.Roles); d != "" || !in.Member.EmailConfirmed {
			r.t.Errorf("%s: confirmed %t, roles %s", l.Email, in.Member.EmailConfirmed, d)
		}
		for _, role := range l.Roles {
			roles[role] = true
		}
	}
	for _, role := range []string{"owner", "manager", "clerk", "warehouse", "support", "analyst", "viewer"} {
		if !roles[role] {
			r.t.Errorf("nobody is %s", role)
		}
	}
	if err := access.CheckPassword(demo.Password, "owner@gifts.example", "Harriet Lyle", "Lantern & Loom", "gifts"); err != nil {
		r.t.Error(err)
	}
}

// alive: every period of the dashboard has something to show.
func alive(r *rig) {
	for slug, least := range map[string]int{"gifts": 300, "mianguan": 400, "seaview": 80} {
		id := r.tenant(slug)
		for since, n := range map[string]int{"60 days": least, "7 days": least / 20, "24 hours": 2} {
			if got := r.count(`SELECT count(*) FROM orders WHERE tenant_id = $1 AND placed_at > now() - $2::interval`, id, since); got < n {
				r.t.Errorf("%s: %d orders in %s, want %d at least", slug, got, since, n)
			}
		}
		if n := r.count(`SELECT count(DISTINCT status) FROM orders WHERE tenant_id = $1`, id); n < 4 {
			r.t.Errorf("%s: orders are in %d states only", slug, n)
		}
		if n := r.count(`SELECT count(*) FROM customers WHERE tenant_id = $1`, id); n < 30 {
			r.t.Errorf("%s: %d customers", slug, n)
		}
	}
	if n := r.count(`SELECT count(*) FROM media`); n != 63 {
		r.t.Errorf("%d pictures, want all 63", n)
	}
}

// incidents are opened by the rules, from the events of the seed and a sweep.
func incidents(r *rig) {
	r.hear()
	for slug, kinds := range map[string][]string{
		"gifts": {"stock_low", "payment_failed", "order_unpaid", "order_unshipped", "order_duplicate"}, "mianguan": {"stock_low", "payment_failed", "order_duplicate"}, "seaview": {"stock_low", "payment_failed"},
	} {
		for _, kind := range kinds {
			if n := r.count(`SELECT count(*) FROM incidents WHERE tenant_id = $1 AND kind = $2 AND status = 'open'`, r.tenant(slug), kind); n == 0 {
				r.t.Errorf("%s: no %s incident", slug, kind)
			}
		}
	}
	for slug, want := range map[string]int{"gifts": 3, "mianguan": 2, "seaview": 1} {
		if n := r.count(`SELECT count(*) FROM incidents WHERE tenant_id = $1 AND kind = 'stock_low'`, r.tenant(slug)); n != want {
			r.t.Errorf("%s: %d stocks are low, want %d", slug, n, want)
		}
	}
	if n := r.count(`SELECT count(*) FROM incidents`); n > 20 {
		r.t.Errorf("%d incidents: nobody would look at so many", n)
	}
}

// refundPast refunds an order of the past through the plugin: its provider must know the payment.
func refundPast(r *rig) {
	sc := db.Scope{Tenant: r.tenant("gifts"), Actor: db.Actor{Kind: "member", ID: "m", Name: "Ann"}}
	var id string
	r.must(r.owner.QueryRow(r.t.Context(), `SELECT id FROM orders WHERE tenant_id = $1 AND status = 'completed' AND payment_status = 'paid' AND payment_method LIKE '%/card' ORDER BY id LIMIT 1`, sc.Tenant).Scan(&id))
	r.must(r.payments.Refund(r.t.Context(), sc, uuidOf(id), "k", payments.RefundInput{Amount: 50, Reason: "a gift"}))
	o, err := r.orders.Get(r.t.Context(), sc, uuidOf(id))
	r.must(err)
	if o.RefundedTotal != 50 || o.PaymentStatus != orders.PartiallyRefunded {
		r.t.Errorf("refunded %d, payment is %s", o.RefundedTotal, o.PaymentStatus)
	}
}

// A start that dies on the way is finished by the next, with nothing twice.
func TestKilledSeedIsFinished(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	plug := r.Plugins
	stop := r.startProvider()
	stop() // the shop is opened, then its provider does not answer
	if _, err := demo.Seed(t.Context(), r.Parts, &bytes.Buffer{}); err == nil {
		t.Fatal("seeded without a provider")
	}
	if n := r.count(`SELECT count(*) FROM products`); n != 36 {
		t.Fatalf("%d products after the first start", n)
	}
	r.Plugins = nil // paid by hand, so that it goes on without
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := demo.Seed(ctx, r.Parts, cancelOn{cancel}); err == nil { // dies after the first shop
		t.Fatal("seeded in spite of the end")
	}
	first := r.count(`SELECT count(*) FROM orders`)
	_, err := demo.Seed(t.Context(), r.Parts, &bytes.Buffer{})
	r.must(err)
	if n := r.count(`SELECT count(*) FROM orders WHERE tenant_id = $1`, r.tenant("gifts")); n != first {
		t.Errorf("gifts had %d orders and has %d", first, n)
	}
	if n := r.count(`SELECT count(*) FROM tenants`); n != 3 {
		t.Errorf("%d shops", n)
	}
	if n := r.count(`SELECT count(*) FROM media`); n != 63 {
		t.Errorf("%d pictures, want 63", n)
	}
	r.Plugins = plug
	invariants(r)
}

type cancelOn struct{ cancel context.CancelFunc }

func (c cancelOn) Write(b []byte) (int, error) { c.cancel(); return len(b), nil }

// A real business at the address of a demo shop is left alone.
func TestForeignShopIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	in := members.SignUp{Opening: tenants.Opening{Business: "Real Gifts", Slug: "gifts", Industry: "retail", Country: "GB"}, Email: "ann@example.com", Name: "Ann", Password: "correct sparrow lantern"}
	_, err := r.members.SignUp(t.Context(), in, db.Actor{}, access.Client{})
	r.must(err)
	before := sizes(r)
	if _, err := demo.Seed(t.Context(), r.Parts, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "gifts") {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff(before, sizes(r)); d != "" {
		t.Errorf("something was changed: %s", d)
	}
}
