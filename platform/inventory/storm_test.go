package inventory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// step is one thing that happens in a storm.
type step struct {
	Verb     string
	Owner    int
	A, B     int // levels
	Quantity int64
}

var verbs = []string{"reserve", "take", "commit", "release", "expire", "consume", "consume part", "release part", "restock", "adjust", "set", "configure", "transfer", "receive"}

func anyStep(owners, levels int) *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		return step{
			Verb: rapid.SampledFrom(verbs).Draw(t, "verb"), Owner: rapid.IntRange(0, owners-1).Draw(t, "owner"),
			A: rapid.IntRange(0, levels-1).Draw(t, "a"), B: rapid.IntRange(0, levels-1).Draw(t, "b"), Quantity: rapid.Int64Range(1, 6).Draw(t, "quantity"),
		}
	})
}

// storm is a shop whose goods lie at two locations.
type storm struct {
	*shop
	skus   []string
	levels []Level // of the store, then of the depot
	owners []Owner
}

func (s *shop) storm(round, skus, owners int) *storm {
	st := &storm{shop: s}
	for i := range skus {
		st.skus = append(st.skus, fmt.Sprintf("sku-%d-%d", round, i))
	}
	s.goods(st.skus...)
	for _, l := range []Location{s.store, s.depot} {
		var counts []Count
		for _, sku := range st.skus {
			counts = append(counts, Count{SKU: sku, Quantity: 5})
		}
		if err := s.Receive(context.Background(), s.sc, l.ID, counts, ""); err != nil {
			s.t.Fatal(err)
		}
		for _, sku := range st.skus {
			st.levels = append(st.levels, s.level(l.ID, sku))
		}
	}
	for range owners {
		st.owners = append(st.owners, OrderOwner(db.NewID()))
	}
	return st
}

// do runs the step; refusals that the state explains are fine.
func (s *storm) do(st step) error {
	ctx, owner := context.Background(), s.owners[st.Owner]
	a, b := s.levels[st.A], s.levels[st.B]
	both := []Demand{{a.ID, st.Quantity}, {b.ID, 1}}
	tx := func(fn func(tx *db.Tx) error) error { return s.db.InTx(ctx, s.sc, fn) }
	var err error
	switch st.Verb {
	case "reserve":
		err = tx(func(tx *db.Tx) error { return s.ReserveTx(tx, owner, both, tx.Now.Add(time.Hour)) })
	case "take":
		err = tx(func(tx *db.Tx) error { return s.TakeTx(tx, owner, both) })
	case "commit":
		err = tx(func(tx *db.Tx) error { return s.CommitTx(tx, owner) })
	case "release":
		err = tx(func(tx *db.Tx) error { return s.ReleaseTx(tx, owner, s.owners[0]) })
	case "expire":
		err = tx(func(tx *db.Tx) error { return s.ExpireTx(tx, owner, s.owners[len(s.owners)-1]) })
	case "consume":
		err = tx(func(tx *db.Tx) error { return s.ConsumeTx(tx, owner) })
	case "consume part":
		err = tx(func(tx *db.Tx) error { return s.ConsumePartTx(tx, owner, both[:1]) })
	case "release part":
		err = tx(func(tx *db.Tx) error { return s.ReleasePartTx(tx, owner, both[1:]) })
	case "restock":
		err = tx(func(tx *db.Tx) error { return s.RestockTx(tx, owner, both[:1]) })
	case "adjust":
		_, err = s.Adjust(ctx, s.sc, a.ID, st.Quantity-4+int64(st.Owner%2)*8, "storm")
	case "set":
		_, err = s.Set(ctx, s.sc, a.ID, st.Quantity+3, s.level(a.LocationID, a.Key).OnHand, "storm")
	case "configure":
		_, err = s.Configure(ctx, s.sc, a.ID, Settings{Safety: st.Quantity / 3, OversellLimit: st.Quantity / 4})
	case "transfer":
		_, err = s.Transfer(ctx, s.sc, a.LocationID, s.other(a.LocationID), []Count{{a.Key, st.Quantity}, {b.Key, 1}})
	case "receive":
		err = s.Receive(ctx, s.sc, a.LocationID, []Count{{a.Key, 1}, {a.Key, 1}, {b.Key, st.Quantity}}, "storm")
	}
	for _, fine := range []error{ErrOutOfStock, ErrBelowPromised, ErrHeldLess, ErrChanged} {
		if errors.Is(err, fine) {
			return nil
		}
	}
	if e := fault.Of(err); e != nil && e.Kind == fault.Invalid && st.Verb == "adjust" { // a delta of 0
		return nil
	}
	return err
}

func (s *storm) other(location uuid.UUID) uuid.UUID {
	if location == s.store.ID {
		return s.depot.ID
	}
	return s.store.ID
}

// check holds every level of the tenant against its CHECKs, its movements and its holds.
func (s *storm) check() error {
	var bad []string
	err := s.db.InTx(context.Background(), s.sc, func(tx *db.Tx) error {
		found, _, err := drifts(tx, nil)
		if err != nil {
			return err
		}
		for _, d := range found {
			bad = append(bad, fmt.Sprintf("drift: %+v", d))
		}
		var broken int64
		err = tx.Raw(`SELECT count(*) FROM pool_levels WHERE on_hand < 0 OR reserved < 0 OR committed < 0 OR committed + reserved > on_hand - safety + oversell_limit`).Scan(&broken).Error
		if broken > 0 {
			bad = append(bad, fmt.Sprintf("%d levels below zero", broken))
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		return fmt.Errorf("%v", bad)
	}
	return nil
}

// TestStorm runs 10,400 steps, eight buyers and staff at a time, over few levels that all want.
func TestStorm(t *testing.T) {
	t.Parallel()
	s := open(t)
	var round, steps atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		const workers, each = 8, 13
		st := s.storm(int(round.Add(1)), 3, 5)
		program := rapid.SliceOfN(rapid.SliceOfN(anyStep(len(st.owners), len(st.levels)), each, each), workers, workers).Draw(rt, "program")
		errs := make(chan error, workers*each)
		var wg sync.WaitGroup
		for _, mine := range program {
			wg.Go(func() {
				for _, x := range mine {
					steps.Add(1)
					if err := st.do(x); err != nil {
						errs <- fmt.Errorf("%+v: %w", x, err)
					}
				}
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			rt.Error(err)
		}
		if err := st.check(); err != nil {
			rt.Fatal(err)
		}
	})
	if n := steps.Load(); !t.Failed() && n < 10_000 {
		t.Errorf("only %d steps", n)
	}
	t.Logf("%d steps", steps.Load())
}

// TestVerbsAgreeWithTheModel runs one step after the other and compares the levels with a model in ten lines.
func TestVerbsAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	s := open(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		sku := fmt.Sprintf("m-%d", round)
		s.goods(sku)
		id := s.stock(sku, 10)
		m := figures{OnHand: 10}
		owner := OrderOwner(db.NewID())
		for i := range rapid.IntRange(1, 20).Draw(rt, "steps") {
			q := rapid.Int64Range(1, 7).Draw(rt, "quantity")
			verb := rapid.SampledFrom([]string{"reserve", "take", "commit", "release", "consume", "restock", "adjust"}).Draw(rt, "verb")
			free := m.OnHand - m.Reserved - m.Committed
			want := m
			legal := true
			err := s.db.InTx(context.Background(), s.sc, func(tx *db.Tx) error {
				switch verb {
				case "reserve":
					legal, want.Reserved = q <= free, m.Reserved+q
					return s.ReserveTx(tx, owner, []Demand{{id, q}}, time.Time{})
				case "take":
					legal, want.Committed = q <= free, m.Committed+q
					return s.TakeTx(tx, owner, []Demand{{id, q}})
				case "commit":
					want.Committed, want.Reserved = m.Committed+m.Reserved, 0
					return s.CommitTx(tx, owner)
				case "release":
					want.Committed, want.Reserved = 0, 0
					return s.ReleaseTx(tx, owner)
				case "consume":
					want.OnHand, want.Committed = m.OnHand-m.Committed, 0
					return s.ConsumeTx(tx, owner)
				case "restock":
					want.OnHand += q
					return s.RestockTx(tx, owner, []Demand{{id, q}})
				}
				legal, want.OnHand = q <= free, m.OnHand-q
				_, err := s.changeOne(tx, id, "", func(Level) (change, error) { return change{Level: id, Kind: "adjust", OnHand: -q}, nil })
				return err
			})
			if legal != (err == nil) {
				rt.Fatalf("step %d %s %d on %+v: %v", i, verb, q, m, err)
			}
			if legal {
				m = want
			}
			if got := s.level(s.store.ID, sku).figures(); got != m {
				rt.Fatalf("step %d %s %d: %+v, want %+v", i, verb, q, got, m)
			}
		}
	})
}
