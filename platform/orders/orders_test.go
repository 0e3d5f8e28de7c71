package orders_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/secrets"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
	"allhours/platform/orders"
)

// shop is a tenant with goods in a database of its own.
type shop struct {
	*orders.Orders
	db        *db.DB
	owner     *pgx.Conn
	catalog   *catalog.Catalog
	inventory *inventory.Inventory
	sc        db.Scope
	settings  *orders.Shop
	locations []uuid.UUID
	variants  map[string]uuid.UUID
}

func signer(t testing.TB) *secrets.Signer {
	text, err := secrets.Generate()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secrets.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys.Signer
}

// open makes a shop with two locations and the SKUs with so much stock at the first.
func open(t testing.TB, stock map[string]int64) *shop {
	t.Helper()
	base := dbtest.Create(t)
	s := &shop{db: base.DB, owner: base.Owner(t)}
	s.settings = &orders.Shop{Currency: "GBP", Country: "GB", Language: "en", UnpaidExpiry: 30 * time.Minute}
	s.sc = s.tenant(t, "alpha")
	s.build(base.DB, signer(t))
	s.locations = []uuid.UUID{s.location(t, "Shop", 0), s.location(t, "Warehouse", 1)}
	s.variants = map[string]uuid.UUID{}
	for sku, n := range stock {
		s.sell(t, sku, 1000, map[uuid.UUID]int64{s.locations[0]: n})
	}
	return s
}

func (s *shop) build(d *db.DB, sign *secrets.Signer) {
	s.catalog, s.inventory = catalog.New(d, catalog.Parts{}), inventory.New(d)
	s.Orders = orders.New(d, orders.Parts{Catalog: s.catalog, Inventory: s.inventory, Signer: sign, Shops: func(context.Context, db.Scope) (orders.Shop, error) { return *s.settings, nil }})
}

func (s *shop) tenant(t testing.TB, slug string) db.Scope {
	t.Helper()
	id := db.NewID()
	s.exec(t, `INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES ($1, $2, $2, 'retail', 'GB', 'GBP', 'Europe/London', 'en', now(), now())`, id, slug)
	return db.Scope{Tenant: id, Actor: db.Actor{Kind: "api_key", ID: "test", Via: "api"}}
}

func (s *shop) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := s.owner.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
}

func (s *shop) location(t testing.TB, name string, rank int) uuid.UUID {
	t.Helper()
	id := db.NewID()
	s.exec(t, `INSERT INTO locations (tenant_id, id, name, rank, created_at, updated_at) VALUES ($1, $2, $3, $4, now(), now())`, s.sc.Tenant, id, name, rank)
	return id
}

// sell puts a product of one variant with a price and stock into the shop.
func (s *shop) sell(t testing.TB, sku string, price int64, stock map[uuid.UUID]int64) uuid.UUID {
	t.Helper()
	product, variant := db.NewID(), db.NewID()
	tenant := s.sc.Tenant
	s.exec(t, `INSERT INTO price_lists (tenant_id, id, name, currency, is_default, created_at, updated_at) VALUES ($1, $2, 'Retail', 'GBP', true, now(), now()) ON CONFLICT DO NOTHING`, tenant, db.NewID())
	s.exec(t, `INSERT INTO products (tenant_id, id, slug, status, title, created_at, updated_at) VALUES ($1, $2, $3, 'active', jsonb_build_object('en', $4::text), now(), now())`, tenant, product, strings.ToLower(sku), sku)
	s.exec(t, `INSERT INTO variants (tenant_id, id, product_id, sku, fulfilment_types, created_at, updated_at) VALUES ($1, $2, $3, $4, '{ship,pickup,digital}', now(), now())`, tenant, variant, product, sku)
	s.exec(t, `INSERT INTO prices (tenant_id, price_list_id, variant_id, amount) SELECT $1, id, $2, $3 FROM price_lists WHERE tenant_id = $1 AND currency = 'GBP'`, tenant, variant, price)
	s.exec(t, `INSERT INTO resource_uses (tenant_id, variant_id, kind, key) VALUES ($1, $2, 'stock', $3)`, tenant, variant, sku)
	for location, n := range stock {
		pool, level := db.NewID(), db.NewID()
		s.exec(t, `INSERT INTO pools (tenant_id, id, location_id, kind, key, created_at) VALUES ($1, $2, $3, 'stock', $4, now())`, tenant, pool, location, sku)
		s.exec(t, `INSERT INTO pool_levels (tenant_id, id, pool_id, on_hand, updated_at) VALUES ($1, $2, $3, $4, now())`, tenant, level, pool, n)
		if n > 0 {
			s.exec(t, `INSERT INTO movements (tenant_id, id, level_id, kind, on_hand_delta, at) VALUES ($1, $2, $3, 'receive', $4, now())`, tenant, db.NewID(), level, n)
		}
	}
	s.variants[sku] = variant
	return variant
}

// order is an order by hand for so many of each SKU: "A:2", "B".
func (s *shop) order(lines ...string) orders.PlaceInput {
	in := orders.PlaceInput{FulfilmentType: "ship", ShippingAddress: address, Customer: orders.CustomerInput{Email: "ann@example.com", Name: "Ann"}}
	for _, l := range lines {
		sku, n := l, 1
		if at := strings.IndexByte(l, ':'); at > 0 {
			sku = l[:at]
			fmt.Sscan(l[at+1:], &n)
		}
		in.Lines = append(in.Lines, orders.LineInput{SKU: sku, Quantity: n})
	}
	return in
}

var address = &orders.Address{Name: "Ann", Lines: []string{"1 High Street"}, City: "Leeds", PostalCode: "LS1 1AA", Country: "GB"}

// level gives what is on hand, committed and reserved of the SKU, over all locations.
func (s *shop) level(t testing.TB, sku string) (onHand, committed, reserved int64) {
	t.Helper()
	err := s.owner.QueryRow(context.Background(), `SELECT sum(l.on_hand), sum(l.committed), sum(l.reserved) FROM pool_levels l JOIN pools p ON p.tenant_id = l.tenant_id AND p.id = l.pool_id
		WHERE p.tenant_id = $1 AND p.key = $2`, s.sc.Tenant, sku).Scan(&onHand, &committed, &reserved)
	if err != nil {
		t.Fatal(err)
	}
	return onHand, committed, reserved
}

func mustParse(t testing.TB, body string) uuid.UUID {
	t.Helper()
	var o orders.Order
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		t.Fatal(err)
	}
	return o.ID
}
