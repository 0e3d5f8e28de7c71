package inventory

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
)

// shop is a tenant with goods, for tests.
type shop struct {
	*Inventory
	t     testing.TB
	sc    db.Scope
	store Location
	depot Location
}

func open(t testing.TB, skus ...string) *shop {
	t.Helper()
	s := &shop{Inventory: New(dbtest.New(t)), t: t}
	s.sc = newTenant(t, s.db, "shop-"+db.NewID().String())
	s.goods(skus...)
	var err error
	if s.store, err = s.AddLocation(context.Background(), s.sc, LocationInput{Name: "Store", Kind: "store", Active: true}); err != nil {
		t.Fatal(err)
	}
	if s.depot, err = s.AddLocation(context.Background(), s.sc, LocationInput{Name: "Depot", Kind: "warehouse", Active: true, Rank: 1}); err != nil {
		t.Fatal(err)
	}
	return s
}

func newTenant(t testing.TB, d *db.DB, slug string) db.Scope {
	t.Helper()
	sc := db.Scope{Tenant: db.NewID(), Actor: db.Actor{Kind: "member", ID: "m1", Name: "Ann"}}
	err := d.InTx(context.Background(), sc, func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES (?, ?, 'Shop', 'retail', 'GB', 'GBP', 'Europe/London', 'en', ?, ?)`,
			sc.Tenant, slug, tx.Now, tx.Now).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// goods makes one product with a variant for each SKU.
func (s *shop) goods(skus ...string) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		for _, sku := range skus {
			id := db.NewID()
			if err := tx.Exec(`INSERT INTO products (tenant_id, id, slug, title, created_at, updated_at) VALUES (current_tenant(), ?, ?, '{"en":"Thing"}', now(), now())`, id, "p-"+sku).Error; err != nil {
				return err
			}
			if err := tx.Exec(`INSERT INTO variants (tenant_id, id, product_id, sku, created_at, updated_at) VALUES (current_tenant(), ?, ?, ?, now(), now())`, id, id, sku).Error; err != nil {
				return err
			}
			if err := tx.Exec(`INSERT INTO resource_uses (tenant_id, variant_id, kind, key) VALUES (current_tenant(), ?, 'stock', ?)`, id, sku).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *shop) tx(fn func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.db.InTx(context.Background(), s.sc, fn); err != nil {
		s.t.Fatal(err)
	}
}

// stock receives goods into the store and gives their level.
func (s *shop) stock(sku string, n int64) uuid.UUID {
	s.t.Helper()
	if err := s.Receive(context.Background(), s.sc, s.store.ID, []Count{{SKU: sku, Quantity: n}}, "delivery"); err != nil {
		s.t.Fatal(err)
	}
	return s.level(s.store.ID, sku).ID
}

func (s *shop) level(location uuid.UUID, sku string) (l Level) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		ids, err := s.EnsureTx(tx, location, []Key{Stock(sku)})
		if err != nil {
			return err
		}
		levels, err := lock(tx, []uuid.UUID{ids[Stock(sku)]})
		l = levels[ids[Stock(sku)]]
		return err
	})
	return l
}

type figures struct{ OnHand, Reserved, Committed int64 }

func (l Level) figures() figures { return figures{l.OnHand, l.Reserved, l.Committed} }

func TestLifeOfAHold(t *testing.T) {
	t.Parallel()
	s := open(t, "mug")
	mug := s.stock("mug", 10)
	order := OrderOwner(db.NewID())
	steps := []struct {
		name string
		do   func(tx *db.Tx) error
		want figures
	}{
		{"reserve the same level twice", func(tx *db.Tx) error { return s.ReserveTx(tx, order, []Demand{{mug, 3}, {mug, 2}}, time.Time{}) }, figures{10, 5, 0}},
		{"commit", func(tx *db.Tx) error { return s.CommitTx(tx, order) }, figures{10, 0, 5}},
		{"commit again", func(tx *db.Tx) error { return s.CommitTx(tx, order) }, figures{10, 0, 5}},
		{"expire leaves the committed", func(tx *db.Tx) error { return s.ExpireTx(tx, order) }, figures{10, 0, 5}},
		{"ship a part", func(tx *db.Tx) error { return s.ConsumePartTx(tx, order, []Demand{{mug, 2}}) }, figures{8, 0, 3}},
		{"cancel a part", func(tx *db.Tx) error { return s.ReleasePartTx(tx, order, []Demand{{mug, 1}}) }, figures{8, 0, 2}},
		{"ship the rest", func(tx *db.Tx) error { return s.ConsumeTx(tx, order) }, figures{6, 0, 0}},
		{"ship again", func(tx *db.Tx) error { return s.ConsumeTx(tx, order) }, figures{6, 0, 0}},
		{"release has nothing left", func(tx *db.Tx) error { return s.ReleaseTx(tx, order) }, figures{6, 0, 0}},
		{"goods come back", func(tx *db.Tx) error { return s.RestockTx(tx, order, []Demand{{mug, 4}}) }, figures{10, 0, 0}},
		{"take at once", func(tx *db.Tx) error { return s.TakeTx(tx, order, []Demand{{mug, 10}}) }, figures{10, 0, 10}},
		{"release", func(tx *db.Tx) error { return s.ReleaseTx(tx, order) }, figures{10, 0, 0}},
	}
	for _, step := range steps {
		s.tx(step.do)
		if got := s.level(s.store.ID, "mug").figures(); got != step.want {
			t.Fatalf("%s: %+v, want %+v", step.name, got, step.want)
		}
	}
}

func TestShortagesNameEveryLevel(t *testing.T) {
	t.Parallel()
	s := open(t, "mug", "cup", "jug")
	mug, cup, jug := s.stock("mug", 2), s.stock("cup", 1), s.stock("jug", 9)
	err := s.db.InTx(context.Background(), s.sc, func(tx *db.Tx) error {
		return s.ReserveTx(tx, OrderOwner(db.NewID()), []Demand{{mug, 3}, {cup, 2}, {jug, 1}}, time.Time{})
	})
	if !errors.Is(err, ErrOutOfStock) {
		t.Fatalf("got %v", err)
	}
	got := map[string]Shortage{}
	for _, x := range Shortages(err) {
		got[x.Key] = x
	}
	want := map[string]Shortage{"mug": {mug, "mug", 3, 2}, "cup": {cup, "cup", 2, 1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := s.level(s.store.ID, "jug").figures(); got != (figures{9, 0, 0}) {
		t.Errorf("a refused reservation left %+v", got)
	}
}

func TestHundredBuyersOfTheLastUnit(t *testing.T) {
	t.Parallel()
	s := open(t, "mug")
	mug := s.stock("mug", 1)
	var won, lost atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			err := s.db.InTx(context.Background(), s.sc, func(tx *db.Tx) error {
				return s.TakeTx(tx, OrderOwner(db.NewID()), []Demand{{mug, 1}})
			})
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, ErrOutOfStock):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 99 {
		t.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
}
