package orders_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/orders"
	"allhours/platform/orders/orderstest"
)

// issue lets orders hear what is told of the order, each event as often as given and all at once.
func (s *shop) issue(t testing.TB, id uuid.UUID, times int) {
	t.Helper()
	var wg sync.WaitGroup
	for _, typ := range s.events(t, id) {
		if !slices.Contains([]string{orders.EventPlaced, orders.EventPaid, orders.EventReleased}, typ) {
			continue
		}
		for range times {
			wg.Go(func() {
				err := s.db.InTx(context.Background(), db.Job(s.sc.Tenant, "orders.issue"), func(tx *db.Tx) error {
					return s.IssueTx(tx, outbox.Event{Type: typ, Subject: id.String()})
				})
				if err != nil {
					t.Errorf("%s: %v", typ, err)
				}
			})
		}
	}
	wg.Wait()
}

// A digital order that is paid, in whatever way, is issued once: its stock is consumed, it is completed, and the customer is told.
func TestDigitalOrdersAreIssued(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"KEY": 10, "GIFT": 10})
	s.exec(t, `UPDATE prices SET amount = 0 WHERE variant_id = $1`, s.variants["GIFT"])
	s.UsePayer(&teller{})
	digital := func(method string, lines ...string) orders.Order {
		t.Helper()
		in := s.order(lines...)
		in.FulfilmentType, in.ShippingAddress, in.Payment.Method = "digital", nil, method
		r, err := s.Place(ctx, s.sc, uuid.NewString(), in)
		if err != nil {
			t.Fatal(err)
		}
		return r.Order
	}
	left := func(sku string) int64 {
		onHand, _, _ := s.level(t, sku)
		return onHand
	}
	issued := func(name string, id uuid.UUID) {
		t.Helper()
		s.issue(t, id, 3)
		o, err := s.Get(ctx, s.sc, id)
		if err != nil || o.Status != orders.Completed || o.FulfilmentStatus != orders.Delivered || len(o.Fulfilments) != 1 || o.Fulfilments[0].Status != "issued" || o.Lines[0].Fulfilled != o.Lines[0].Quantity {
			t.Errorf("%s: %s, %s, %+v, %v", name, o.Status, o.FulfilmentStatus, o.Fulfilments, err)
		}
		told := slices.DeleteFunc(s.events(t, id), func(typ string) bool { return typ != orders.EventFulfilmentChanged && typ != orders.EventCompleted })
		slices.Sort(told)
		if d := cmp.Diff([]string{orders.EventCompleted, orders.EventFulfilmentChanged}, told); d != "" {
			t.Errorf("%s: told more or less than once:\n%s", name, d)
		}
	}
	waits := func(name string, id uuid.UUID) {
		t.Helper()
		s.issue(t, id, 1)
		if o, err := s.Get(ctx, s.sc, id); err != nil || len(o.Fulfilments) != 0 || o.FulfilmentStatus != orders.Unfulfilled {
			t.Errorf("%s: issued though it must wait: %+v, %v", name, o.Fulfilments, err)
		}
	}
	pay := func(o orders.Order) {
		t.Helper()
		if _, err := s.pay(o.ID, orders.PaymentTotals{Captured: o.Total}); err != nil {
			t.Fatal(err)
		}
	}

	free := digital("manual", "GIFT:2")
	issued("nothing to pay", free.ID)
	if n := left("GIFT"); n != 8 {
		t.Errorf("%d gifts left, want 8", n)
	}

	o := digital("sandbox/card", "KEY:3")
	waits("a draft", o.ID)
	pay(o)
	issued("paid by a plugin", o.ID)

	o = digital("manual", "KEY")
	waits("unpaid", o.ID)
	if _, err := s.Hold(ctx, s.sc, o.ID, orders.HoldInput{Reason: "fraud?"}); err != nil {
		t.Fatal(err)
	}
	pay(o)
	waits("held", o.ID)
	if _, err := s.Release(ctx, s.sc, o.ID, 0); err != nil {
		t.Fatal(err)
	}
	issued("paid by hand, held and released", o.ID)

	s.settings.ConfirmOrders = true
	o = digital("manual", "KEY")
	pay(o)
	waits("to be confirmed", o.ID)
	if _, err := s.Confirm(ctx, s.sc, o.ID, 0); err != nil {
		t.Fatal(err)
	}
	issued("paid before it was confirmed", o.ID)

	o = digital("manual", "KEY")
	pay(o)
	if _, err := s.Cancel(ctx, s.sc, o.ID, orders.CancelInput{}); err != nil {
		t.Fatal(err)
	}
	waits("cancelled", o.ID)
	if n := left("KEY"); n != 5 {
		t.Errorf("%d keys left, want 5", n)
	}

	// What is sent waits for people, paid or not.
	s.settings.ConfirmOrders = false
	parcel := s.placed(t, "KEY")
	pay(parcel)
	waits("a parcel", parcel.ID)
	orderstest.Check(t, s.owner)
}
