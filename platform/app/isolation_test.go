package app

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/gateway"
)

// targets says, for each route that names something by its path, which of the other tenant's things to name and what to send. A route that is not here fails the test:
// who adds one must say how it is to be attacked.
var targets = map[string]struct {
	ids  map[string]string // path parameter -> what of tenant A
	body any
}{
	"cancel-order":            {ids: ids("order"), body: map[string]any{"reason": "x", "restock": true, "refund": true}},
	"confirm-order":           {ids: ids("order"), body: map[string]any{}},
	"hold-order":              {ids: ids("order"), body: map[string]any{"reason": "x"}},
	"release-order":           {ids: ids("order"), body: map[string]any{}},
	"complete-order":          {ids: ids("order"), body: map[string]any{}},
	"fulfil-order":            {ids: ids("order"), body: map[string]any{}},
	"move-fulfilment":         {ids: map[string]string{"id": "order", "fid": "fulfilment"}, body: map[string]any{"to": "shipped"}},
	"note-order":              {ids: ids("order"), body: map[string]any{"text": "x"}},
	"tag-order":               {ids: ids("order"), body: map[string]any{"add": []string{"x"}}},
	"get-order":               {ids: ids("order")},
	"list-payments":           {ids: ids("order")},
	"refund-order":            {ids: ids("order"), body: map[string]any{"amount": 100, "reason": "x"}},
	"record-payment":          {ids: ids("order"), body: map[string]any{"amount": 100, "reference": "x"}},
	"check-payment":           {ids: ids("payment"), body: map[string]any{}},
	"delete-saved-view":       {ids: ids("view")},
	"get-product":             {ids: ids("product")},
	"change-product":          {ids: ids("product"), body: map[string]any{"title": map[string]string{"en": "x"}, "variants": []any{}, "version": 1}},
	"archive-product":         {ids: ids("product")},
	"change-media":            {ids: ids("media"), body: map[string]any{"alt": map[string]string{"en": "x"}}},
	"delete-media":            {ids: ids("media")},
	"change-category":         {ids: ids("category"), body: map[string]any{"slug": "x", "title": map[string]string{"en": "x"}, "version": 1}},
	"delete-category":         {ids: ids("category")},
	"change-price-list":       {ids: ids("price_list"), body: map[string]any{"name": "x", "currency": "GBP", "tax_included": true, "default": true, "version": 1}},
	"get-import":              {ids: ids("import")},
	"list-import-refusals":    {ids: ids("import")},
	"cancel-import":           {ids: ids("import"), body: map[string]any{}},
	"adjust-level":            {ids: ids("level"), body: map[string]any{"delta": 1, "reason": "x"}},
	"set-level":               {ids: ids("level"), body: map[string]any{"on_hand": 1, "expected_on_hand": 10, "reason": "x"}},
	"configure-level":         {ids: ids("level"), body: map[string]any{"safety": 0, "oversell_limit": 0, "incoming": 0}},
	"change-location":         {ids: ids("location"), body: map[string]any{"name": "x", "kind": "store", "active": true, "version": 1}},
	"get-customer":            {ids: ids("customer")},
	"change-customer":         {ids: ids("customer"), body: map[string]any{"name": "x", "version": 1}},
	"erase-customer":          {ids: ids("customer"), body: map[string]any{"reason": "x"}},
	"change-member":           {ids: ids("member"), body: map[string]any{"status": "disabled"}},
	"remove-member":           {ids: ids("member")},
	"revoke-invitation":       {ids: ids("invitation")},
	"change-role":             {ids: map[string]string{"name": "role"}, body: map[string]any{"title": map[string]string{"en": "x"}, "permissions": []string{"orders:read"}}},
	"delete-role":             {ids: map[string]string{"name": "role"}},
	"rotate-key":              {ids: ids("key"), body: map[string]any{}},
	"revoke-key":              {ids: ids("key")},
	"end-session":             {ids: ids("session")},
	"verify-host":             {ids: map[string]string{"host": "host"}, body: map[string]any{}},
	"remove-host":             {ids: map[string]string{"host": "host"}},
	"get-alert-rule":          {ids: ids("alert_rule")},
	"change-alert-rule":       {ids: ids("alert_rule"), body: map[string]any{"kind": "stock_low", "version": 1}},
	"delete-alert-rule":       {ids: ids("alert_rule")},
	"get-incident":            {ids: ids("incident")},
	"acknowledge-incident":    {ids: ids("incident"), body: map[string]any{}},
	"resolve-incident":        {ids: ids("incident"), body: map[string]any{}},
	"assign-incident":         {ids: ids("incident"), body: map[string]any{}},
	"note-incident":           {ids: ids("incident"), body: map[string]any{"note": "x"}},
	"redeliver-message":       {ids: ids("message"), body: map[string]any{}},
	"configure-plugin":        {ids: ids("installation"), body: map[string]any{}},
	"remove-plugin":           {ids: ids("installation")},
	"test-plugin":             {ids: ids("installation"), body: map[string]any{}},
	"enable-plugin":           {ids: ids("installation"), body: map[string]any{}},
	"disable-plugin":          {ids: ids("installation"), body: map[string]any{}},
	"get-plugin-health":       {ids: ids("installation")},
	"list-webhook-deliveries": {ids: ids("installation")},
	"replay-webhook-delivery": {ids: map[string]string{"id": "installation", "delivery": "delivery"}, body: map[string]any{}},
	"get-my-order":            {ids: ids("order")},
	"pay-my-order":            {ids: ids("order"), body: map[string]any{"payment_method": "on_delivery"}},
	"cancel-my-order":         {ids: ids("order"), body: map[string]any{}},
	"get-my-payment":          {ids: ids("payment")},
	"return-from-payment":     {ids: ids("payment"), body: map[string]any{}},
	"change-my-address":       {ids: ids("address"), body: map[string]any{"name": "x", "lines": []string{"1"}, "city": "x", "country": "GB"}},
	"delete-my-address":       {ids: ids("address")},
}

// harmless names by their path nothing that belongs to a tenant, or are guarded otherwise.
var harmless = []string{
	"get-shop-product",                     // by slug, at the shop's own host
	"get-plugin",                           // the catalog is everybody's
	"read-invitation", "accept-invitation", // by a signed token
	"create-role",                                                            // makes a role of one's own
	"upload-product-media",                                                   // multipart: below
	"operator-suspend-tenant", "operator-resume-tenant", "operator-set-plan", // operators only
}

func ids(what string) map[string]string { return map[string]string{"id": what} }

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// TestNoRouteCrossesTenants walks all routes as the owner of tenant B with the ids of tenant A's things, and with API key and shopper of B where they may.
// Each must answer as for an id that does not exist, and nothing of A may have changed.
func TestNoRouteCrossesTenants(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start("serve")
	tenantA, ownerA, _ := f.shop("alpha")
	_, ownerB, _ := f.shop("beta")
	conn := f.database.Owner(t)
	victim := plant(t, f, conn, tenantA, ownerA)
	shopperB := f.shopper("beta")
	before := fingerprint(t, conn, tenantA)
	routes := routesOf(t)
	for _, r := range routes {
		if !strings.Contains(r.Path, "{") || slices.Contains(harmless, r.ID) {
			continue
		}
		target, known := targets[r.ID]
		if !known {
			t.Errorf("%s (%s %s): say in targets how to attack it", r.ID, r.Method, r.Path)
			continue
		}
		as := ownerB
		if strings.Contains(r.Path, "/storefront/") {
			as = shopperB
		}
		answers := map[string]string{}
		for _, which := range []string{"foreign", "absent"} {
			var asked []string
			path := parameter.ReplaceAllStringFunc(r.Path, func(p string) string {
				what := target.ids[strings.Trim(p, "{}")]
				name := victim[what]
				if name == "" {
					t.Errorf("%s: nothing of tenant A was planted for %q", r.ID, what)
				}
				if which == "absent" {
					name = map[string]string{"role": "no-such-role", "host": "no-such.example.org"}[what]
				}
				if name == "" {
					name = uuid.NewString()
				}
				asked = append(asked, name)
				return name
			})
			header := as.Clone()
			if r.Keyed {
				header.Set("Idempotency-Key", uuid.NewString())
			}
			status, err := f.call(r.Method, path, header, target.body, nil)
			if status != http.StatusNotFound {
				t.Errorf("%s with an id that is %s: %d %v, want 404", r.ID, which, status, err)
				continue
			}
			answers[which] = requestID.ReplaceAllString(err.Error(), "")
			for _, name := range asked { // an answer may repeat what was asked for
				answers[which] = strings.ReplaceAll(answers[which], name, "")
			}
		}
		if answers["foreign"] != answers["absent"] {
			t.Errorf("%s tells a foreign id from an absent one:\n%s\n%s", r.ID, answers["foreign"], answers["absent"])
		}
	}
	if after := fingerprint(t, conn, tenantA); after != before {
		t.Errorf("tenant A's data have changed:\n%s\n%s", before, after)
	}
}

var requestID = regexp.MustCompile(`"(request_id|instance)":"[^"]*",?`)

// routesOf lists all routes, without a server.
func routesOf(t *testing.T) []gateway.Route {
	t.Helper()
	a, err := describe()
	if err != nil {
		t.Fatal(err)
	}
	return a.gateway.Routes()
}

// TestEveryRouteIsGuarded asks for every route that is not open without credentials: it must be refused as unauthenticated.
func TestEveryRouteIsGuarded(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start("serve")
	f.shop("alpha")
	open := 0
	for _, r := range routesOf(t) {
		if r.Access == gateway.Open || r.Access == gateway.Public || r.Access == gateway.Shopper {
			open++
			continue
		}
		path := parameter.ReplaceAllString(r.Path, uuid.NewString())
		header := http.Header{"X-Allhours": {"1"}, "Sec-Fetch-Site": {"same-origin"}, "Host": {"alpha.localhost"}, "Idempotency-Key": {uuid.NewString()}}
		if status, err := f.call(r.Method, path, header, map[string]any{}, nil); status != http.StatusUnauthorized {
			t.Errorf("%s %s answers %d to nobody: %v", r.Method, r.Path, status, err)
		}
	}
	t.Logf("%d routes are open to everybody", open)
}

// shopper is a customer of the shop who has an account and is signed in.
func (f *fleet) shopper(slug string) http.Header {
	f.t.Helper()
	h := http.Header{"X-Allhours": {"1"}, "Sec-Fetch-Site": {"same-origin"}, "Host": {slug + ".localhost"}}
	f.must("POST", "/api/v1/storefront/customers", h, map[string]any{"email": "shopper@" + slug + ".example", "password": "quarry-9-lantern-zephyr-tide", "name": "Shopper", "language": "en"}, nil)
	if _, err := f.call("GET", "/api/v1/storefront/me", h, nil, nil); err != nil {
		f.must("POST", "/api/v1/storefront/login", h, map[string]any{"email": "shopper@" + slug + ".example", "password": "quarry-9-lantern-zephyr-tide"}, nil)
	}
	return h
}

// plant gives tenant A one of everything and returns the ids.
func plant(t *testing.T, f *fleet, conn *pgx.Conn, tenant string, owner http.Header) map[string]string {
	t.Helper()
	f.product(owner, "PLANTED", 10)
	var order struct {
		ID         string
		CustomerID string `json:"customer_id"`
	}
	header := owner.Clone()
	header.Set("Idempotency-Key", "plant")
	f.must("POST", "/api/v1/orders", header, orderOfOne("PLANTED", "planted@example.com"), &order)
	var category, view, invitation, key struct{ ID string }
	f.must("POST", "/api/v1/categories", owner, map[string]any{"slug": "planted", "title": map[string]string{"en": "Planted"}}, &category)
	f.must("POST", "/api/v1/saved-views", owner, map[string]any{"page": "orders", "name": "Planted", "query": map[string]any{"status": "placed"}}, &view)
	f.must("POST", "/api/v1/members/invitations", owner, map[string]any{"email": "new@example.com", "roles": []string{"clerk"}, "language": "en"}, &invitation)
	f.must("POST", "/api/v1/api-keys", owner, map[string]any{"name": "planted", "scopes": []string{"orders:read"}}, &key)
	f.must("POST", "/api/v1/roles/planted", owner, map[string]any{"title": map[string]string{"en": "Planted"}, "permissions": []string{"orders:read"}}, nil)
	shopper := f.shopper("alpha")
	var address struct{ ID string }
	f.must("POST", "/api/v1/storefront/me/addresses", shopper, map[string]any{"name": "A", "lines": []string{"1"}, "city": "Leeds", "postal_code": "LS1 1AA", "country": "GB"}, &address)
	v := map[string]string{
		"order": order.ID, "category": category.ID, "view": view.ID, "invitation": invitation.ID, "key": key.ID, "role": "planted", "host": "shop.alpha.example", "address": address.ID,
	}
	ctx := context.Background()
	for what, insert := range map[string]string{
		"media":        `INSERT INTO media (tenant_id, id, blob_key, mime, width, height, bytes, created_at) VALUES ($1, $2, 'x/media/x', 'image/png', 1, 1, 1, now())`,
		"import":       `INSERT INTO imports (tenant_id, id, kind, status, created_at, updated_at) VALUES ($1, $2, 'products', 'running', now(), now())`,
		"incident":     `INSERT INTO incidents (tenant_id, id, number, kind, dedup_key, severity, status, title, summary, subject_type, subject_id, subject_label, opened_at, updated_at) VALUES ($1, $2, 99, 'stock_low', 'x', 'info', 'open', '{}', '{}', 'variant', 'x', 'x', now(), now())`,
		"message":      `INSERT INTO messages (tenant_id, id, channel, recipient, template, language, subject, content, dedup_key, state, created_at) VALUES ($1, $2, 'email', 'a@example.com', 'x', 'en', 'x', '', 'planted', 'failed', now())`,
		"installation": `INSERT INTO plugin_installations (tenant_id, id, plugin, version, created_at, updated_at) VALUES ($1, $2, 'allhours/sandboxpay', '1.0.0', now(), now())`,
	} {
		id := uuid.NewString()
		if _, err := conn.Exec(ctx, insert, tenant, id); err != nil {
			t.Fatalf("plant %s: %v", what, err)
		}
		v[what] = id
	}
	for what, insert := range map[string]string{
		"payment":    `INSERT INTO payments (tenant_id, id, order_id, method, currency, amount, status, created_at, updated_at) VALUES ($1, $2, $3, 'card', 'GBP', 100, 'pending', now(), now())`,
		"fulfilment": `INSERT INTO fulfilments (tenant_id, id, order_id, type, status, lines, created_at, updated_at) VALUES ($1, $2, $3, 'ship', 'allocated', '[]', now(), now())`,
	} {
		id := uuid.NewString()
		if _, err := conn.Exec(ctx, insert, tenant, id, order.ID); err != nil {
			t.Fatalf("plant %s: %v", what, err)
		}
		v[what] = id
	}
	v["delivery"] = uuid.NewString()
	if _, err := conn.Exec(ctx, `INSERT INTO webhook_deliveries (tenant_id, id, installation_id, request, state, received_at) VALUES ($1, $2, $3, '', 'received', now())`, tenant, v["delivery"], v["installation"]); err != nil {
		t.Fatal(err)
	}
	for what, query := range map[string]string{
		"product": `SELECT id FROM products WHERE tenant_id = $1 LIMIT 1`, "price_list": `SELECT id FROM price_lists WHERE tenant_id = $1 LIMIT 1`, "level": `SELECT id FROM pool_levels WHERE tenant_id = $1 LIMIT 1`,
		"location": `SELECT id FROM locations WHERE tenant_id = $1 LIMIT 1`, "customer": `SELECT id FROM customers WHERE tenant_id = $1 LIMIT 1`, "member": `SELECT id FROM members WHERE tenant_id = $1 LIMIT 1`,
		"session": `SELECT id FROM sessions WHERE tenant_id = $1 LIMIT 1`, "alert_rule": `SELECT id FROM alert_rules WHERE tenant_id = $1 AND kind = 'stock_low' LIMIT 1`,
	} {
		var id uuid.UUID
		if err := conn.QueryRow(ctx, query, tenant).Scan(&id); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		v[what] = id.String()
	}
	return v
}

// fingerprint sums up every row of the tenant, but for what its own people's visits write.
func fingerprint(t *testing.T, conn *pgx.Conn, tenant string) string {
	t.Helper()
	ctx := context.Background()
	rows, err := conn.Query(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'
		AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AND c.relname NOT IN ('sessions', 'api_keys', 'audit_chain', 'tenant_versions') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var sums strings.Builder
	for _, table := range tables {
		var sum string
		query := fmt.Sprintf(`SELECT count(*) || ':' || coalesce(md5(string_agg(x::text, '|' ORDER BY x::text)), '') FROM %s x WHERE tenant_id = $1`, pgx.Identifier{table}.Sanitize())
		if err := conn.QueryRow(ctx, query, tenant).Scan(&sum); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		fmt.Fprintf(&sums, "%s=%s ", table, sum)
	}
	return sums.String()
}
