package orders_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/fault"
	"allhours/platform/orders"
	"allhours/platform/orders/orderstest"
)

// fill makes a cart of two mugs for Ann that can be ordered, and gives its token.
func (s *shop) fill(t testing.TB) (orders.Cart, string) {
	t.Helper()
	s.settings.ByHand = []string{"on_delivery"}
	_, token, err := s.NewCart(context.Background(), s.sc, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddLine(context.Background(), s.sc, token, orders.CartLineInput{VariantID: s.variants["MUG"], Quantity: 2}); err != nil {
		t.Fatal(err)
	}
	email, kind, language := "ann@example.com", "ship", "zh"
	cart, err := s.SetContact(context.Background(), s.sc, token, orders.ContactInput{Email: &email, FulfilmentType: &kind, ShippingAddress: address, Language: &language})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Cart(context.Background(), s.sc, token); err != nil || again.Language != language {
		t.Fatalf("language %q, %v", again.Language, err)
	}
	return cart, token
}

func complete(total int64, method string) orders.CompleteInput {
	return orders.CompleteInput{ExpectedTotal: &total, PaymentMethod: method}
}

func TestCart(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 3, "PEN": 0})
	cart, token := s.fill(t)
	if cart.Total != 2000 || *cart.Lines[0].Left != 3 || cart.Lines[0].Availability != "low" || len(cart.Problems) != 0 {
		t.Errorf("cart %+v", cart)
	}
	if _, err := s.Cart(ctx, s.sc, token[:len(token)-2]+"AA"); !errors.Is(err, orders.ErrCartNotFound) {
		t.Errorf("a wrong secret: %v", err)
	}
	if _, err := s.Cart(ctx, s.tenant(t, "beta"), token); !errors.Is(err, orders.ErrCartNotFound) {
		t.Errorf("the cart in another shop: %v", err)
	}
	cart, err := s.SetLines(ctx, s.sc, token, []orders.CartLineInput{{VariantID: s.variants["MUG"], Quantity: 9}, {VariantID: s.variants["PEN"], Quantity: 1}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range cart.Problems {
		got[p.Field] = p.Code
	}
	if d := cmp.Diff(map[string]string{"lines[0]": "not_enough", "lines[1]": "out_of_stock"}, got); d != "" {
		t.Errorf("several problems at once:\n%s", d)
	}
	s.exec(t, `UPDATE prices SET amount = 1500 WHERE variant_id = $1`, s.variants["MUG"])
	s.exec(t, `UPDATE products SET version = version + 1`)
	s.catalog.Forget(s.sc.Tenant)
	if cart, err = s.Cart(ctx, s.sc, token); err != nil || cart.Lines[0].UnitPrice != 1500 || cart.Lines[0].PriceChangedFrom == nil || *cart.Lines[0].PriceChangedFrom != 1000 {
		t.Errorf("a changed price: %+v, %v", cart.Lines[0], err)
	}
	if cart, err = s.SetLines(ctx, s.sc, token, []orders.CartLineInput{{VariantID: s.variants["MUG"], Quantity: 0}}); err != nil || len(cart.Lines) != 0 || cart.Problems[0].Code != "empty" {
		t.Errorf("quantity 0 empties the cart: %+v, %v", cart, err)
	}
	_, err = s.CompleteCart(ctx, s.sc, token, "k", nil, complete(0, "on_delivery"))
	if fault.CodeOf(err) != "cart.not_ready" {
		t.Errorf("an empty cart: %v", err)
	}
}

func TestManyHandsInOneCart(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"MUG": 100})
	_, token := s.fill(t)
	var added atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := s.AddLine(context.Background(), s.sc, token, orders.CartLineInput{VariantID: s.variants["MUG"], Quantity: 1})
			if err == nil {
				added.Add(1)
			} else if !errors.Is(err, orders.ErrCartChanged) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	cart, err := s.Cart(context.Background(), s.sc, token)
	if err != nil || int64(cart.Lines[0].Quantity) != 2+added.Load() || added.Load() == 0 {
		t.Errorf("%d in the cart after 2 and %d more: %v", cart.Lines[0].Quantity, added.Load(), err)
	}
}

func TestCompleteRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"MUG": 3})
	for name, c := range map[string]struct {
		do     func(token string)
		in     orders.CompleteInput
		code   string
		fields []string
	}{
		"nothing known": {in: complete(2000, ""), code: "cart.not_ready", fields: []string{"body.email", "body.fulfilment_type", "body.payment_method"}, do: func(token string) {
			s.exec(t, `UPDATE carts SET email = '', fulfilment_type = ''`)
		}},
		"a method that is not offered": {in: complete(2000, "manual"), code: "cart.not_ready", fields: []string{"body.payment_method"}},
		"no plugin":                    {in: complete(2000, "sandbox/card"), code: "order.invalid", fields: []string{"body.payment.method"}},
		"another total":                {in: complete(1999, "on_delivery"), code: "order.total_changed"},
		"no total":                     {in: orders.CompleteInput{PaymentMethod: "on_delivery"}, code: "order.total_changed"},
		"out of stock": {in: complete(9000, "on_delivery"), code: "order.out_of_stock", fields: []string{"body.lines[0].quantity"}, do: func(token string) {
			if _, err := s.SetLines(context.Background(), s.sc, token, []orders.CartLineInput{{VariantID: s.variants["MUG"], Quantity: 9}}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		_, token := s.fill(t)
		if c.do != nil {
			c.do(token)
		}
		_, err := s.CompleteCart(context.Background(), s.sc, token, name, nil, c.in)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		} else if got := slices.Sorted(maps.Keys(fault.Of(err).Fields)); !slices.Equal(got, c.fields) {
			t.Errorf("%s: fields %v, want %v", name, got, c.fields)
		}
	}
	if err := s.owner.QueryRow(context.Background(), "SELECT 1 FROM orders").Scan(new(int)); err == nil {
		t.Error("something was ordered")
	}
}

func TestCartBecomesOneOrder(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 100})
	cart, token := s.fill(t)
	var mu sync.Mutex
	ids, codes := map[uuid.UUID]int{}, map[string]int{}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			key := "mine"
			if i%2 == 1 {
				key = uuid.NewString()
			}
			r, err := s.CompleteCart(ctx, s.sc, token, key, nil, complete(cart.Total, "on_delivery"))
			mu.Lock()
			defer mu.Unlock()
			codes[fault.CodeOf(err)]++
			if err == nil {
				ids[r.Order.ID]++
			}
		})
	}
	wg.Wait()
	if len(ids) != 1 || codes[""]+codes["cart.completed"] != 20 {
		t.Errorf("orders %v, answers %v", ids, codes)
	}
	if _, c, _ := s.level(t, "MUG"); c != 2 {
		t.Errorf("committed %d, want 2", c)
	}
	if _, err := s.AddLine(ctx, s.sc, token, orders.CartLineInput{VariantID: s.variants["MUG"], Quantity: 1}); !errors.Is(err, orders.ErrCartCompleted) {
		t.Errorf("a completed cart was changed: %v", err)
	}
	orderstest.Check(t, s.owner)
}

// A request whose answer was lost is answered with its order, though the price has changed since.
func TestReplayComesBeforeTheNewTotal(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 100})
	cart, token := s.fill(t)
	first, err := s.CompleteCart(ctx, s.sc, token, "k", nil, complete(cart.Total, "on_delivery"))
	if err != nil {
		t.Fatal(err)
	}
	in := s.order("MUG")
	in.ExpectedTotal = new(int64)
	*in.ExpectedTotal = 1000
	second, err := s.Place(ctx, s.sc, "k", in)
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, `UPDATE prices SET amount = 1500`)
	s.exec(t, `UPDATE products SET version = version + 1`)
	if r, err := s.CompleteCart(ctx, s.sc, token, "k", nil, complete(cart.Total, "on_delivery")); err != nil || r.Order.ID != first.Order.ID || !r.Replayed {
		t.Errorf("the cart again: %v, %v", r.Order.ID, err)
	}
	if r, err := s.Place(ctx, s.sc, "k", in); err != nil || r.Order.ID != second.Order.ID || !r.Replayed {
		t.Errorf("the order again: %v, %v", r.Order.ID, err)
	}
	if _, err := s.Place(ctx, s.sc, "new", in); !errors.Is(err, orders.ErrTotalChanged) || fault.Of(err).Data["total"] != int64(1500) {
		t.Errorf("a new order at the old total: %v", err)
	}
}
