package inventory

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/catalog"
)

func TestTransferIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := open(t, "mug", "cup")
	s.stock("mug", 5)
	cup := s.stock("cup", 5)
	s.tx(func(tx *db.Tx) error { return s.TakeTx(tx, OrderOwner(db.NewID()), []Demand{{cup, 4}}) })
	ctx := context.Background()
	_, err := s.Transfer(ctx, s.sc, s.store.ID, s.depot.ID, []Count{{"mug", 3}, {"cup", 2}})
	if d := cmp.Diff([]Shortage{{cup, "cup", 2, 1}}, Shortages(err)); !errors.Is(err, ErrOutOfStock) || d != "" {
		t.Fatal(err, d)
	}
	if got := s.level(s.store.ID, "mug").OnHand + 10*s.level(s.depot.ID, "mug").OnHand; got != 5 {
		t.Errorf("a refused transfer moved mugs: %d", got)
	}
	id, err := s.Transfer(ctx, s.sc, s.store.ID, s.depot.ID, []Count{{"mug", 3}, {"cup", 1}, {"mug", 1}})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := s.level(s.store.ID, "mug").OnHand, s.level(s.depot.ID, "mug").OnHand; a != 1 || b != 4 {
		t.Errorf("mugs: %d here and %d there", a, b)
	}
	page, err := s.Movements(ctx, s.sc, MovementFilter{CauseID: id.String()})
	if err != nil || len(page.Items) != 4 {
		t.Errorf("movements: %+v %v", page, err)
	}
	for name, err := range map[string]error{
		"same place":    second(s.Transfer(ctx, s.sc, s.store.ID, s.store.ID, []Count{{"mug", 1}})),
		"unknown place": second(s.Transfer(ctx, s.sc, s.store.ID, db.NewID(), []Count{{"mug", 1}})),
		"unknown sku":   second(s.Transfer(ctx, s.sc, s.store.ID, s.depot.ID, []Count{{"jug", 1}})),
		"nothing":       second(s.Transfer(ctx, s.sc, s.store.ID, s.depot.ID, []Count{{"mug", 0}})),
	} {
		if k := fault.KindOf(err); err == nil || k == fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestTransfersBackAndForth would deadlock, or lose goods, if levels were not taken in one order.
func TestTransfersBackAndForth(t *testing.T) {
	t.Parallel()
	s := open(t, "a", "b", "c")
	lines := []Count{{"a", 1}, {"b", 1}, {"c", 1}}
	for _, l := range []uuid.UUID{s.store.ID, s.depot.ID} {
		if err := s.Receive(context.Background(), s.sc, l, []Count{{"a", 50}, {"b", 50}, {"c", 50}}, ""); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 40 {
		from, to := s.store.ID, s.depot.ID
		if i%2 == 1 {
			from, to = to, from
		}
		wg.Go(func() {
			if _, err := s.Transfer(context.Background(), s.sc, from, to, lines); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, sku := range []string{"a", "b", "c"} {
		if a, b := s.level(s.store.ID, sku).OnHand, s.level(s.depot.ID, sku).OnHand; a != 50 || b != 50 {
			t.Errorf("%s: %d and %d", sku, a, b)
		}
	}
}

func TestCountIsComparedAndSet(t *testing.T) {
	t.Parallel()
	s := open(t, "mug")
	mug := s.stock("mug", 10)
	ctx := context.Background()
	if _, err := s.Set(ctx, s.sc, mug, 7, 9, "count"); !errors.Is(err, ErrChanged) || fault.Of(err).Data["current"].(View).OnHand != 10 {
		t.Fatalf("stale count: %v", err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.Set(ctx, s.sc, mug, 20+int64(i), 10, "count") })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrChanged) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d counts against the same figure won", won)
	}
	s.tx(func(tx *db.Tx) error { return s.TakeTx(tx, OrderOwner(db.NewID()), []Demand{{mug, 20}}) })
	l := s.level(s.store.ID, "mug")
	if _, err := s.Set(ctx, s.sc, mug, 19, l.OnHand, "count"); !errors.Is(err, ErrBelowPromised) {
		t.Errorf("count below what is owed: %v", err)
	}
	if _, err := s.Configure(ctx, s.sc, mug, Settings{Safety: l.OnHand}); !errors.Is(err, ErrBelowPromised) {
		t.Errorf("safety stock over what is owed: %v", err)
	}
	if _, err := s.Configure(ctx, s.sc, mug, Settings{OversellLimit: 3}); err != nil {
		t.Error(err)
	}
	s.tx(func(tx *db.Tx) error { return s.TakeTx(tx, OrderOwner(db.NewID()), []Demand{{mug, l.OnHand - 20 + 3}}) })
}

func TestExpiredReservationsAreSwept(t *testing.T) {
	t.Parallel()
	s := open(t, "mug")
	mug := s.stock("mug", 10)
	old, fresh, paid := OrderOwner(db.NewID()), CartOwner(db.NewID()), OrderOwner(db.NewID())
	s.tx(func(tx *db.Tx) error {
		for o, until := range map[Owner]time.Time{old: tx.Now.Add(-time.Second), fresh: tx.Now.Add(time.Hour), paid: tx.Now.Add(-time.Second)} {
			if err := s.ReserveTx(tx, o, []Demand{{mug, 2}}, until); err != nil {
				return err
			}
		}
		return s.CommitTx(tx, paid)
	})
	for i, want := range []int{1, 0} {
		s.tx(func(tx *db.Tx) error {
			n, err := s.ReleaseExpired(tx, 10)
			if n != want {
				t.Errorf("sweep %d freed %d", i, n)
			}
			return err
		})
	}
	if got := s.level(s.store.ID, "mug").figures(); got != (figures{10, 2, 2}) {
		t.Errorf("%+v", got)
	}
}

func TestReconcileAndRepair(t *testing.T) {
	t.Parallel()
	s := open(t, "mug", "cup", "jug")
	mug, cup, jug := s.stock("mug", 10), s.stock("cup", 10), s.stock("jug", 10)
	s.tx(func(tx *db.Tx) error {
		return s.TakeTx(tx, OrderOwner(db.NewID()), []Demand{{mug, 4}, {cup, 2}, {jug, 9}})
	})
	ctx := context.Background()
	if last, err := s.LastReconciliation(ctx, s.sc); last != nil || err != nil {
		t.Errorf("before the first check: %+v %v", last, err)
	}
	clean, err := s.Reconcile(ctx, s.sc, false, false)
	if err != nil || clean.Checked != 3 || clean.Drifted != 0 {
		t.Fatalf("%+v %v", clean, err)
	}
	last, err := s.LastReconciliation(ctx, s.sc)
	if err != nil || cmp.Diff(&clean, last) != "" {
		t.Error(cmp.Diff(&clean, last), err)
	}
	// Someone writes past the verbs: a wrong figure, a lost hold, and one that cannot be made good without a count.
	s.tx(func(tx *db.Tx) error {
		for _, sql := range []string{
			`UPDATE pool_levels SET on_hand = 99 WHERE id = '` + mug.String() + `'`,
			`DELETE FROM holds WHERE level_id = '` + cup.String() + `'`,
			`INSERT INTO movements (tenant_id, id, level_id, kind, on_hand_delta, at) VALUES (current_tenant(), gen_random_uuid(), '` + jug.String() + `', 'adjust', -5, now())`,
		} {
			if err := tx.Exec(sql).Error; err != nil {
				return err
			}
		}
		return nil
	})
	dry, err := s.Reconcile(ctx, s.sc, true, true)
	if err != nil || dry.Drifted != 3 || dry.Repaired != 2 {
		t.Fatalf("%+v %v", dry, err)
	}
	if s.level(s.store.ID, "mug").OnHand != 99 {
		t.Error("a dry run repaired")
	}
	done, err := s.Reconcile(ctx, s.sc, true, false)
	if err != nil || done.Repaired != 2 {
		t.Fatalf("%+v %v", done, err)
	}
	if got := s.level(s.store.ID, "mug").figures(); got != (figures{10, 0, 4}) {
		t.Errorf("mug %+v", got)
	}
	if got := s.level(s.store.ID, "cup").figures(); got != (figures{10, 0, 0}) {
		t.Errorf("cup %+v", got)
	}
	after, err := s.Reconcile(ctx, s.sc, false, false)
	if err != nil || after.Drifted != 1 || after.Findings[0].SKU != "jug" {
		t.Errorf("%+v %v", after, err)
	}
}

func TestInventoryOfAnotherTenant(t *testing.T) {
	t.Parallel()
	a := open(t, "mug")
	mug := a.stock("mug", 10)
	b := newTenant(t, a.db, "other")
	ctx := context.Background()
	for name, err := range map[string]error{
		"adjust":    second(a.Adjust(ctx, b, mug, 1, "")),
		"set":       second(a.Set(ctx, b, mug, 1, 10, "")),
		"configure": second(a.Configure(ctx, b, mug, Settings{})),
		"location":  second(a.ChangeLocation(ctx, b, a.store.ID, LocationInput{Name: "Mine", Version: 1})),
		"hold":      a.db.InTx(ctx, b, func(tx *db.Tx) error { return a.TakeTx(tx, OrderOwner(db.NewID()), []Demand{{mug, 1}}) }),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	page, err := a.Levels(ctx, b, LevelFilter{})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("%+v %v", page, err)
	}
}

func TestLevelsAreListed(t *testing.T) {
	t.Parallel()
	s := open(t, "b", "a", "c")
	s.stock("a", 20)
	s.stock("b", 3)
	s.stock("c", 1)
	s.tx(func(tx *db.Tx) error {
		return s.TakeTx(tx, OrderOwner(db.NewID()), []Demand{{s.level(s.store.ID, "c").ID, 1}})
	})
	list := func(f LevelFilter) (skus []string) {
		t.Helper()
		for {
			page, err := s.Levels(context.Background(), s.sc, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page.Items {
				skus = append(skus, l.Key)
			}
			if f.Cursor = page.NextCursor; f.Cursor == "" {
				return skus
			}
		}
	}
	for name, c := range map[string]struct {
		f    LevelFilter
		want []string
	}{
		"all, one by one": {LevelFilter{PageQuery: db.PageQuery{Limit: 1}}, []string{"a", "b", "c"}},
		"low":             {LevelFilter{State: "low"}, []string{"b", "c"}},
		"out":             {LevelFilter{State: "out"}, []string{"c"}},
		"by sku":          {LevelFilter{Q: "B"}, []string{"b"}},
		"elsewhere":       {LevelFilter{Location: s.depot.ID}, nil},
	} {
		if d := cmp.Diff(c.want, list(c.f)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestProductsBringTheirSupply(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := catalog.New(s.db, catalog.Parts{Supplier: s.Inventory})
	ctx := context.Background()
	n := int64(12)
	p, err := c.Create(ctx, s.sc, catalog.ProductInput{Title: catalog.Text{"en": "Mug"}, Variants: []catalog.VariantInput{{SKU: "MUG", OnHand: &n}}})
	if err != nil || p.Variants[0].Stock.Available != 12 {
		t.Fatalf("%+v %v", p.Variants, err)
	}
	in := p.Input()
	in.Variants[0].SKU = "MUG-BLUE"
	p, err = c.Change(ctx, s.sc, p.ID, in)
	if err != nil || p.Variants[0].Stock.OnHand != 12 {
		t.Fatalf("after the SKU has changed: %+v %v", p.Variants, err)
	}
	if got := s.level(s.store.ID, "MUG-BLUE").OnHand; got != 12 {
		t.Errorf("level: %d", got)
	}
	// What a second location has counts too; a closed one does not.
	if err := s.Receive(ctx, s.sc, s.depot.ID, []Count{{"MUG-BLUE", 3}}, ""); err != nil {
		t.Fatal(err)
	}
	if p, _ = c.Get(ctx, s.sc, p.ID); p.Variants[0].Stock.Available != 15 {
		t.Errorf("over two locations: %+v", p.Variants[0].Stock)
	}
	if _, err := s.ChangeLocation(ctx, s.sc, s.depot.ID, LocationInput{Name: "Depot", Kind: "warehouse", Version: 1}); err != nil {
		t.Fatal(err)
	}
	if p, _ = c.Get(ctx, s.sc, p.ID); p.Variants[0].Stock.Available != 12 {
		t.Errorf("with one closed: %+v", p.Variants[0].Stock)
	}
}
