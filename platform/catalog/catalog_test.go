package catalog

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
)

// shop is a tenant and a catalog, for tests.
type shop struct {
	*Catalog
	t  testing.TB
	sc db.Scope
}

func open(t testing.TB) *shop {
	t.Helper()
	return openOn(t, dbtest.New(t))
}

func openOn(t testing.TB, d *db.DB) *shop {
	t.Helper()
	s := &shop{Catalog: New(d, Parts{}), t: t, sc: db.Scope{Tenant: db.NewID(), Actor: db.Actor{Kind: "member", ID: "m1", Name: "Ann"}}}
	s.exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES (?, ?, 'Shop', 'retail', 'GB', 'GBP', 'Europe/London', 'en', now(), now())`,
		s.sc.Tenant, "shop-"+s.sc.Tenant.String())
	return s
}

// price makes the shop's price list.
func (s *shop) list() uuid.UUID {
	s.t.Helper()
	l, err := s.AddPriceList(context.Background(), s.sc, PriceListInput{Name: "Standard", Currency: "GBP", TaxIncluded: true, Default: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return l.ID
}

func (s *shop) create(in ProductInput) Product {
	s.t.Helper()
	p, err := s.Create(context.Background(), s.sc, in)
	if err != nil {
		s.t.Fatalf("create: %v", err)
	}
	return p
}

func (s *shop) exec(sql string, args ...any) {
	s.t.Helper()
	err := s.db.InTx(context.Background(), s.sc, func(tx *db.Tx) error { return tx.Exec(sql, args...).Error })
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestSellablesFollowOtherProcesses(t *testing.T) {
	t.Parallel()
	s := open(t)
	p, v, l := db.NewID(), db.NewID(), db.NewID()
	s.exec(`INSERT INTO products (tenant_id, id, slug, status, title, created_at, updated_at) VALUES (current_tenant(), ?, 'mug', 'active', '{"en":"Mug"}', now(), now())`, p)
	s.exec(`INSERT INTO variants (tenant_id, id, product_id, sku, options, created_at, updated_at) VALUES (current_tenant(), ?, ?, 'MUG-1', '{"Size":"L"}', now(), now())`, v, p)
	s.exec(`INSERT INTO resource_uses (tenant_id, variant_id, kind, key) VALUES (current_tenant(), ?, 'stock', 'MUG-1')`, v)
	s.exec(`INSERT INTO price_lists (tenant_id, id, name, currency, is_default, created_at, updated_at) VALUES (current_tenant(), ?, 'Retail', 'GBP', true, now(), now())`, l)
	s.exec(`INSERT INTO prices (tenant_id, price_list_id, variant_id, min_quantity, amount) VALUES (current_tenant(), ?, ?, 1, 500), (current_tenant(), ?, ?, 10, 450)`, l, v, l, v)

	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	go s.Follow(ctx)
	eventually(t, func() bool { return s.following.Load() })

	get := func() Sellable {
		t.Helper()
		m, err := s.Sellables(ctx, s.sc, []uuid.UUID{v, db.NewID()}, "GBP")
		if err != nil || len(m) != 1 {
			t.Fatalf("%v %v", m, err)
		}
		return m[v]
	}
	want := Sellable{
		VariantID: v, ProductID: p, Version: 1, SKU: "MUG-1", Slug: "mug", Title: Text{"en": "Mug"}, Options: map[string]string{"Size": "L"}, Type: "physical", TaxClass: "standard",
		ProductStatus: "active", VariantStatus: "active", QuantityMin: 1, QuantityStep: 1, FulfilmentTypes: []string{"ship", "pickup"}, Tracked: true,
		Uses: []Use{{"stock", "MUG-1", 1}}, TaxIncluded: true, Currency: "GBP", Tiers: []Tier{{1, 500}, {10, 450}},
	}
	if d := cmp.Diff(want, get()); d != "" {
		t.Fatal(d)
	}
	bySKU, err := s.SellablesBySKU(ctx, s.sc, []string{"MUG-1", "NONE"}, "GBP")
	if err != nil || cmp.Diff(map[string]Sellable{"MUG-1": want}, bySKU) != "" {
		t.Errorf("by SKU: %v %v", bySKU, err)
	}
	if in, err := s.Sellables(ctx, s.sc, []uuid.UUID{v}, "EUR"); err != nil || in[v].OnSale() {
		t.Errorf("without a price in the currency: %+v %v", in[v], err)
	}
	// Behind the catalog's back nothing is noticed ...
	s.exec(`UPDATE prices SET amount = 600 WHERE min_quantity = 1`)
	if got := get().Tiers[0].Amount; got != 500 {
		t.Fatalf("not cached: %d", got)
	}
	// ... and with the notification it is, within a second.
	s.exec(`SELECT pg_notify(?, ?)`, channel, s.sc.Tenant.String())
	start := time.Now()
	eventually(t, func() bool { return get().Tiers[0].Amount == 600 })
	if d := time.Since(start); d > time.Second {
		t.Errorf("took %s", d)
	}
	// Another tenant sees nothing.
	other := openOn(t, s.db)
	if m, err := s.Sellables(ctx, other.sc, []uuid.UUID{v}, "GBP"); err != nil || len(m) != 0 {
		t.Errorf("another tenant got %v %v", m, err)
	}
}

func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("did not happen in 10 s")
		}
	}
}

func TestPriceAt(t *testing.T) {
	t.Parallel()
	tiers := []Tier{{10, 450}, {1, 500}, {100, 400}}
	for quantity, want := range map[int]int64{1: 500, 9: 500, 10: 450, 99: 450, 100: 400, 5000: 400} {
		if got, ok := PriceAt(tiers, quantity); !ok || got != want {
			t.Errorf("%d: %d, want %d", quantity, got, want)
		}
	}
	if _, ok := PriceAt(tiers[:1], 9); ok {
		t.Error("a price below the first tier")
	}
}
