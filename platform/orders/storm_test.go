package orders_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/inventory"
	"allhours/platform/orders"
	"allhours/platform/orders/orderstest"
)

// teller is a payment plugin that does as it is told: nothing comes in unless the test sends it.
type teller struct {
	mu       sync.Mutex
	started  int
	reversed map[uuid.UUID]int
	closing  func(id uuid.UUID) error
}

func (p *teller) Accepts(_ context.Context, _ db.Scope, method, _ string) error {
	if method != "sandbox/card" {
		return fault.New(fault.Invalid, "payment.method_unknown", "no").Field("body.payment.method", "unknown")
	}
	return nil
}

func (p *teller) Start(_ context.Context, _ db.Scope, in orders.StartPayment) (orders.PaymentView, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started++
	return orders.PaymentView{ID: in.OrderID, Method: in.Method, Status: "action_required", Amount: in.Amount, Currency: in.Currency}, nil
}

func (p *teller) Close(_ context.Context, _ db.Scope, id uuid.UUID) error {
	if p.closing != nil {
		return p.closing(id)
	}
	return nil
}

func (p *teller) ReverseTx(_ *db.Tx, id uuid.UUID, _ string) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reversed == nil {
		p.reversed = map[uuid.UUID]int{}
	}
	p.reversed[id]++
	return 0, nil
}

func (p *teller) OfOrderTx(*db.Tx, uuid.UUID) ([]orders.PaymentView, error) { return nil, nil }

// pay sends all the money of the order in.
func (s *shop) pay(id uuid.UUID, totals orders.PaymentTotals) (out orders.PaymentOutcome, err error) {
	err = s.db.InTx(context.Background(), s.sc, func(tx *db.Tx) error {
		if _, err := s.LockTx(tx, id); err != nil {
			return err
		}
		out, err = s.PaymentChangedTx(tx, id, totals)
		return err
	})
	return out, err
}

// In the storm, buyers, payers, the clock and the staff all act at once on the same few goods. Whatever the order of things, the invariants hold.
func TestStorm(t *testing.T) {
	const rounds, workers, steps = 50, 8, 26 // 10,400 steps
	s := open(t, map[string]int64{"A": 300, "B": 300, "C": 40})
	s.UsePayer(&teller{})
	for _, sku := range []string{"A", "B", "C"} { // something to spill over to
		if err := s.inventory.Receive(context.Background(), s.sc, s.locations[1], []inventory.Count{{SKU: sku, Quantity: 20}}, "storm"); err != nil {
			t.Fatal(err)
		}
	}
	second := s.build2(t) // another process
	w := &weather{shop: s, also: second}
	w.readLevels(t)
	began := time.Now()
	// rapid draws the programs; each runs on all workers at once against the same shop.
	round := rapid.Custom(func(t *rapid.T) [][]step {
		program := make([][]step, workers)
		for i := range program {
			program[i] = rapid.SliceOfN(rapid.Custom(drawStep), steps, steps).Draw(t, "steps")
		}
		return program
	})
	for n := range rounds {
		program := round.Example(n)
		var wg sync.WaitGroup
		for _, steps := range program {
			wg.Go(func() {
				for _, st := range steps {
					w.do(t, st)
				}
			})
		}
		wg.Wait()
		if n%5 == 4 || n == rounds-1 {
			orderstest.Check(t, s.owner)
		}
		if t.Failed() {
			t.Fatalf("in round %d", n)
		}
	}
	t.Logf("%d steps in %v: %d placed, %d drafted, %d paid, %d short, %d cancelled, %d expired, %d sent, %d moved", w.done.Load(), time.Since(began).Round(time.Millisecond),
		w.placed.Load(), w.drafted.Load(), w.paid.Load(), w.short.Load(), w.cancelled.Load(), w.expired.Load(), w.sent.Load(), w.moved.Load())
	for name, n := range map[string]*atomic.Int64{"placed": &w.placed, "paid": &w.paid, "short": &w.short, "cancelled": &w.cancelled, "expired": &w.expired, "sent": &w.sent, "moved": &w.moved} {
		if n.Load() < 20 {
			t.Errorf("the storm has hardly %s anything (%d): it tests little", name, n.Load())
		}
	}
}

type step struct {
	Verb     string
	A, B, C  int // quantities
	Pick     int
	Delta    int
	Yes      bool
	Location int
}

func drawStep(t *rapid.T) step {
	return step{
		Verb: rapid.SampledFrom([]string{"place", "place", "place", "draft", "draft", "pay", "expire", "cancel", "cancel", "fulfil", "adjust", "transfer", "move"}).Draw(t, "verb"),
		A:    rapid.IntRange(0, 4).Draw(t, "a"), B: rapid.IntRange(0, 4).Draw(t, "b"), C: rapid.IntRange(0, 2).Draw(t, "c"),
		Pick: rapid.IntRange(0, 1000).Draw(t, "pick"), Delta: rapid.IntRange(-5, 25).Draw(t, "delta"), Yes: rapid.Bool().Draw(t, "yes"), Location: rapid.IntRange(-1, 1).Draw(t, "location"),
	}
}

type weather struct {
	*shop
	also   *shop
	levels []uuid.UUID
	mu     sync.Mutex
	ids    []uuid.UUID

	done, placed, drafted, paid, short, cancelled, expired, sent, moved, key atomic.Int64
}

func (w *weather) readLevels(t *testing.T) {
	rows, err := w.owner.Query(context.Background(), "SELECT id FROM pool_levels")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		w.levels = append(w.levels, id)
	}
}

// some picks one of the latest orders.
func (w *weather) some(pick int) (uuid.UUID, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	recent := w.ids[max(0, len(w.ids)-60):]
	if len(recent) == 0 {
		return uuid.UUID{}, false
	}
	return recent[pick%len(recent)], true
}

func (w *weather) do(t *testing.T, st step) {
	ctx := context.Background()
	w.done.Add(1)
	at := w.shop
	if st.Pick%3 == 0 {
		at = w.also
	}
	count := func(n *atomic.Int64, err error) {
		switch {
		case err == nil:
			n.Add(1)
		case fault.CodeOf(err) == "order.out_of_stock" || fault.CodeOf(err) == "inventory.below_promised":
			w.short.Add(1)
		case fault.KindOf(err) == fault.Internal:
			t.Errorf("%+v: %v", st, err)
		}
	}
	id, any := w.some(st.Pick)
	switch st.Verb {
	case "place", "draft":
		in := w.order()
		for sku, n := range map[string]int{"A": st.A, "B": st.B, "C": st.C} {
			if n > 0 {
				in.Lines = append(in.Lines, orders.LineInput{SKU: sku, Quantity: n})
			}
		}
		if len(in.Lines) == 0 {
			return
		}
		if st.Location >= 0 {
			in.FulfilmentType, in.LocationID = "pickup", &w.locations[st.Location]
		}
		n := &w.placed
		if st.Verb == "draft" {
			in.Payment.Method, n = "sandbox/card", &w.drafted
		}
		r, err := at.Place(ctx, w.sc, fmt.Sprint("storm-", w.key.Add(1)), in)
		count(n, err)
		if err == nil {
			w.mu.Lock()
			w.ids = append(w.ids, r.Order.ID)
			w.mu.Unlock()
		}
	case "pay":
		if any {
			o, err := at.Get(ctx, w.sc, id)
			if err != nil {
				t.Error(err)
				return
			}
			out, err := at.pay(id, orders.PaymentTotals{Captured: o.Total})
			if err != nil || out.Placed {
				count(&w.paid, err)
			}
		}
	case "expire":
		if any {
			w.expire(t, at, id)
		}
	case "cancel":
		if any {
			o, err := at.Cancel(ctx, w.sc, id, orders.CancelInput{Restock: &st.Yes})
			if err != nil || o.Status == orders.Cancelled {
				count(&w.cancelled, err)
			}
		}
	case "fulfil":
		if any {
			_, err := at.Fulfil(ctx, w.sc, id, "", orders.FulfilInput{})
			count(&w.sent, err)
		}
	case "adjust":
		_, err := at.inventory.Adjust(ctx, w.sc, w.levels[st.Pick%len(w.levels)], int64(st.Delta), "storm")
		if st.Delta != 0 {
			count(&w.moved, err)
		}
	case "transfer":
		from := st.Pick % 2
		_, err := at.inventory.Transfer(ctx, w.sc, w.locations[from], w.locations[1-from], []inventory.Count{{SKU: []string{"A", "B", "C"}[st.Pick%3], Quantity: int64(st.A + 1)}})
		count(&w.moved, err)
	case "move":
		if any {
			o, err := at.Get(ctx, w.sc, id)
			if err == nil && len(o.Fulfilments) > 0 {
				g := o.Fulfilments[st.Pick%len(o.Fulfilments)]
				if len(g.Allowed) > 0 {
					_, err = at.Move(ctx, w.sc, id, g.ID, orders.MoveInput{To: g.Allowed[st.Pick%len(g.Allowed)]})
				}
			}
			count(&w.moved, err)
		}
	}
}

// expire lets the clock strike for a draft.
func (w *weather) expire(t *testing.T, at *shop, id uuid.UUID) {
	err := w.db.InTx(context.Background(), w.sc, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE orders SET expires_at = now() WHERE id = ? AND status = 'draft'`, id).Error
	})
	if err == nil {
		err = at.Expire(context.Background(), w.sc, id)
	}
	if err != nil {
		t.Error(err)
		return
	}
	o, err := at.Get(context.Background(), w.sc, id)
	if err != nil {
		t.Error(err)
	} else if o.Status == orders.Expired {
		w.expired.Add(1)
	}
}

// build2 is the same shop in another process: it shares nothing but the database.
func (s *shop) build2(t testing.TB) *shop {
	c := *s
	c.build(s.db, signer(t))
	c.UsePayer(&teller{})
	return &c
}
