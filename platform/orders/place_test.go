package orders_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/orders"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"MUG": 10, "PEN": 10})
	r, err := s.Place(context.Background(), s.sc, "k1", s.order("MUG:2", "PEN"))
	if err != nil {
		t.Fatal(err)
	}
	o := r.Order
	if o.Status != "placed" || o.Total != 3000 || *o.Number != 1001 || o.PaymentStatus != "unpaid" || len(o.Timeline) != 1 {
		t.Errorf("placed %+v", o)
	}
	if h, c, _ := s.level(t, "MUG"); h != 10 || c != 2 {
		t.Errorf("MUG: on hand %d, committed %d", h, c)
	}
	stored, err := s.Get(context.Background(), s.sc, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(asJSON(t, o), asJSON(t, stored)); d != "" {
		t.Errorf("the answer differs from what is stored:\n%s", d)
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOneLeftAndAHundredBuyers(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"LAST": 1, "PLENTY": 1000})
	var wg sync.WaitGroup
	codes := make([]string, 100)
	for i := range codes {
		wg.Go(func() {
			_, err := s.Place(context.Background(), s.sc, fmt.Sprint("buyer-", i), s.order("PLENTY", "LAST"))
			codes[i] = fault.CodeOf(err)
		})
	}
	wg.Wait()
	got := map[string]int{}
	for _, c := range codes {
		got[c]++
	}
	if d := cmp.Diff(map[string]int{"": 1, "order.out_of_stock": 99}, got); d != "" {
		t.Error(d)
	}
	if h, c, r := s.level(t, "PLENTY"); h != 1000 || c != 1 || r != 0 {
		t.Errorf("PLENTY: on hand %d, committed %d, reserved %d: who went without has taken something", h, c, r)
	}
	var keys int
	s.owner.QueryRow(context.Background(), "SELECT count(*) FROM idempotency_keys").Scan(&keys)
	if keys != 1 {
		t.Errorf("%d idempotency keys are left, want the winner's", keys)
	}
}

func TestSameKeyInParallelIsOneOrder(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"MUG": 100})
	other := s.tenant(t, "beta")
	bodies := make([]string, 50)
	var wg sync.WaitGroup
	for i := range bodies {
		wg.Go(func() {
			r, err := s.Place(context.Background(), s.sc, "same", s.order("MUG:2"))
			if err != nil {
				t.Error(err)
			}
			bodies[i] = asJSON(t, r.Order)
		})
	}
	wg.Wait()
	for _, b := range bodies {
		if d := cmp.Diff(bodies[0], b); d != "" {
			t.Fatalf("bodies differ:\n%s", d)
		}
	}
	if _, c, _ := s.level(t, "MUG"); c != 2 {
		t.Errorf("committed %d, want 2", c)
	}
	if _, err := s.Place(context.Background(), s.sc, "same", s.order("MUG:3")); !errors.Is(err, db.ErrKeyReused) {
		t.Errorf("another body under the key: %v", err)
	}
	if _, err := s.Place(context.Background(), other, "same", s.order("MUG:2")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("another tenant has no MUG: %v", err)
	}
	if _, err := s.Cancel(context.Background(), s.sc, mustParse(t, bodies[0]), orders.CancelInput{Reason: "changed my mind"}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Place(context.Background(), s.sc, "same", s.order("MUG:2"))
	if err != nil || !r.Replayed {
		t.Fatalf("replayed %v, %v", r.Replayed, err)
	}
	if d := cmp.Diff(bodies[0], asJSON(t, r.Order)); d != "" {
		t.Errorf("the replay of a cancelled order differs:\n%s", d)
	}
}

func TestSeveralLocations(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	s.sell(t, "MUG", 1000, map[uuid.UUID]int64{s.locations[0]: 3, s.locations[1]: 5})
	at := func() [2]int64 {
		var out [2]int64
		for i, l := range s.locations {
			err := s.owner.QueryRow(context.Background(), `SELECT l.committed FROM pool_levels l JOIN pools p ON p.tenant_id = l.tenant_id AND p.id = l.pool_id WHERE p.location_id = $1`, l).Scan(&out[i])
			if err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	for _, c := range []struct {
		name  string
		place string
		at    int // located at the second one
		code  string
		want  [2]int64
	}{
		{"the first by rank", "MUG:2", -1, "", [2]int64{2, 0}},
		{"the first with enough", "MUG:2", -1, "", [2]int64{2, 2}},
		{"its own", "MUG:1", 1, "", [2]int64{2, 3}},
		{"the first has too few for a located need", "MUG:2", 0, "order.out_of_stock", [2]int64{2, 3}},
		{"its own has too few", "MUG:3", 1, "order.out_of_stock", [2]int64{2, 3}},
		{"more than there is", "MUG:4", -1, "order.out_of_stock", [2]int64{2, 3}},
		{"several together", "MUG:3", -1, "", [2]int64{3, 5}},
		{"nothing left", "MUG:1", -1, "order.out_of_stock", [2]int64{3, 5}},
	} {
		in := s.order(c.place)
		if c.at >= 0 {
			in.FulfilmentType, in.LocationID, in.ShippingAddress = "pickup", &s.locations[c.at], nil
		}
		_, err := s.Place(context.Background(), s.sc, c.name, in)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := at(); got != c.want {
			t.Errorf("%s: committed %v, want %v", c.name, got, c.want)
		}
	}
}
