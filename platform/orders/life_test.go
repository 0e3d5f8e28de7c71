package orders_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/orders"
	"allhours/platform/orders/orderstest"
)

// draft makes an order that waits for its payment.
func (s *shop) draft(t testing.TB, lines ...string) orders.Order {
	t.Helper()
	in := s.order(lines...)
	in.Payment.Method = "sandbox/card"
	r, err := s.Place(context.Background(), s.sc, uuid.NewString(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r.Order
}

func (s *shop) placed(t testing.TB, lines ...string) orders.Order {
	t.Helper()
	r, err := s.Place(context.Background(), s.sc, uuid.NewString(), s.order(lines...))
	if err != nil {
		t.Fatal(err)
	}
	return r.Order
}

// events lists the types of the outbox for the order, in their order.
func (s *shop) events(t testing.TB, id uuid.UUID) []string {
	t.Helper()
	rows, err := s.owner.Query(context.Background(), `SELECT type FROM outbox_events WHERE subject = $1 AND type <> 'stock.changed' ORDER BY created_at, type`, id.String())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var types []string
	for rows.Next() {
		var typ string
		if err := rows.Scan(&typ); err != nil {
			t.Fatal(err)
		}
		types = append(types, typ)
	}
	return types
}

func TestDraftIsPlacedByItsMoney(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"MUG": 5})
	p := &teller{}
	s.UsePayer(p)
	o := s.draft(t, "MUG:3")
	if o.Status != "draft" || o.Number != nil || o.ExpiresAt == nil || p.started != 1 || len(o.Payments) != 1 {
		t.Errorf("draft %+v", o)
	}
	if _, c, r := s.level(t, "MUG"); c != 0 || r != 3 {
		t.Errorf("a draft has committed %d and reserved %d, want 0 and 3", c, r)
	}
	if out, err := s.pay(o.ID, orders.PaymentTotals{Captured: 1000}); err != nil || out.Placed || out.PaymentStatus != orders.PartiallyPaid {
		t.Errorf("a third of the money: %+v, %v", out, err)
	}
	for i := range 2 { // the second telling changes nothing
		if out, err := s.pay(o.ID, orders.PaymentTotals{Captured: 3000}); err != nil || out.Placed != (i == 0) || out.Ended || out.Status != orders.Placed {
			t.Errorf("all the money, time %d: %+v, %v", i+1, out, err)
		}
	}
	if _, c, r := s.level(t, "MUG"); c != 3 || r != 0 {
		t.Errorf("committed %d and reserved %d, want 3 and 0", c, r)
	}
	want := []string{"order.drafted", "order.payment_changed", "order.paid", "order.payment_changed", "order.placed"}
	if d := cmp.Diff(want, s.events(t, o.ID)); d != "" {
		t.Errorf("events (the timer is gone):\n%s", d)
	}
	orderstest.Check(t, s.owner)
}

func TestUnpaidDraftExpires(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 5})
	p := &teller{}
	s.UsePayer(p)
	o := s.draft(t, "MUG:3")
	due := outbox.Event{Tenant: s.sc.Tenant, Type: orders.TimerUnpaid, Subject: o.ID.String()}
	ctx = db.WithScope(ctx, db.Job(s.sc.Tenant, "orders.expire"))
	if err := s.OnUnpaidDue(ctx, due); err != nil {
		t.Fatal(err)
	}
	if now, _ := s.Get(ctx, s.sc, o.ID); now.Status != orders.Draft {
		t.Errorf("it is %s before its time", now.Status)
	}
	s.exec(t, `UPDATE orders SET expires_at = now() - interval '1 second'`)
	p.closing = func(uuid.UUID) error { return errors.New("the provider does not answer") }
	if err := s.OnUnpaidDue(ctx, due); err != nil {
		t.Fatal(err)
	}
	if now, _ := s.Get(ctx, s.sc, o.ID); now.Status != orders.Draft {
		t.Errorf("it is %s while its payment is not known", now.Status)
	}
	if n := strings.Count(strings.Join(s.events(t, o.ID), " "), orders.TimerUnpaid); n != 2 {
		t.Errorf("%d timers, want the first and another", n)
	}
	p.closing = nil
	for range 2 {
		if err := s.OnUnpaidDue(ctx, due); err != nil {
			t.Fatal(err)
		}
	}
	if now, _ := s.Get(ctx, s.sc, o.ID); now.Status != orders.Expired || len(now.Timeline) != 2 {
		t.Errorf("%s, timeline %+v", now.Status, now.Timeline)
	}
	if h, c, r := s.level(t, "MUG"); h != 5 || c != 0 || r != 0 {
		t.Errorf("on hand %d, committed %d, reserved %d", h, c, r)
	}
	if out, err := s.pay(o.ID, orders.PaymentTotals{Captured: 3000}); err != nil || !out.Ended || out.Placed {
		t.Errorf("money for an expired order: %+v, %v", out, err)
	}
	orderstest.Check(t, s.owner)
}

// The payer and the clock at the same moment: exactly one wins, and the loser is told.
func TestPayAgainstExpiry(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 1000})
	s.UsePayer(&teller{})
	s.settings.UnpaidExpiry = time.Nanosecond
	paid, expired := 0, 0
	for range 60 {
		o := s.draft(t, "MUG")
		var out orders.PaymentOutcome
		var wg sync.WaitGroup
		wg.Go(func() {
			var err error
			if out, err = s.pay(o.ID, orders.PaymentTotals{Captured: 1000}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := s.Expire(ctx, s.sc, o.ID); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		now, err := s.Get(ctx, s.sc, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case now.Status == orders.Placed && out.Placed && !out.Ended:
			paid++
		case now.Status == orders.Expired && out.Ended && !out.Placed:
			expired++
		default:
			t.Fatalf("the order is %s, the payer heard %+v", now.Status, out)
		}
	}
	if _, c, r := s.level(t, "MUG"); c != int64(paid) || r != 0 {
		t.Errorf("%d paid, %d expired: committed %d, reserved %d", paid, expired, c, r)
	}
	orderstest.Check(t, s.owner)
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	no := false
	s := open(t, map[string]int64{"MUG": 10})
	p := &teller{}
	s.UsePayer(p)
	back, lost, unpaid := s.placed(t, "MUG:2"), s.placed(t, "MUG:2"), s.draft(t, "MUG:2")
	for range 2 {
		for _, id := range []uuid.UUID{back.ID, unpaid.ID} {
			if o, err := s.Cancel(ctx, s.sc, id, orders.CancelInput{Reason: "changed my mind"}); err != nil || o.Status != orders.Cancelled || p.reversed[id] != 1 {
				t.Errorf("%s, %v, money sent back %d times", o.Status, err, p.reversed[id])
			}
		}
	}
	if o, err := s.Cancel(ctx, s.sc, lost.ID, orders.CancelInput{Restock: &no, Refund: &no}); err != nil || o.Status != orders.Cancelled || p.reversed[lost.ID] != 0 {
		t.Errorf("%s, %v", o.Status, err)
	}
	if h, c, r := s.level(t, "MUG"); h != 8 || c != 0 || r != 0 {
		t.Errorf("on hand %d, committed %d, reserved %d; want 8 (two are written off), 0, 0", h, c, r)
	}
	sent := s.placed(t, "MUG:2")
	if _, err := s.Fulfil(ctx, s.sc, sent.ID, "", orders.FulfilInput{Lines: []orders.GroupLine{{Line: 1, Quantity: 1}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cancel(ctx, s.sc, sent.ID, orders.CancelInput{}); !errors.Is(err, orders.ErrState) {
		t.Errorf("an order that has left in part: %v", err)
	}
	orderstest.Check(t, s.owner)
}

func TestFulfil(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 10, "PEN": 10})
	o := s.placed(t, "MUG:3", "PEN:2")
	part := orders.FulfilInput{Lines: []orders.GroupLine{{Line: 1, Quantity: 2}}, Carrier: "Post", TrackingNumber: "T1"}
	for range 2 { // a double click is one parcel
		got, err := s.Fulfil(ctx, s.sc, o.ID, "click", part)
		if err != nil || got.FulfilmentStatus != orders.PartiallyFulfilled || len(got.Fulfilments) != 1 || got.Lines[0].Fulfilled != 2 {
			t.Fatalf("%+v, %v", got.Fulfilments, err)
		}
	}
	if h, c, _ := s.level(t, "MUG"); h != 8 || c != 1 {
		t.Errorf("MUG: on hand %d, committed %d; want 8, 1", h, c)
	}
	if _, err := s.Fulfil(ctx, s.sc, o.ID, "", part); fault.KindOf(err) != fault.Invalid {
		t.Errorf("more than is left: %v", err)
	}
	if _, err := s.Hold(ctx, s.sc, o.ID, orders.HoldInput{Reason: "address"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fulfil(ctx, s.sc, o.ID, "", orders.FulfilInput{}); !errors.Is(err, orders.ErrState) {
		t.Errorf("on hold: %v", err)
	}
	if _, err := s.Release(ctx, s.sc, o.ID, 0); err != nil {
		t.Fatal(err)
	}
	got, err := s.Fulfil(ctx, s.sc, o.ID, "", orders.FulfilInput{Status: "packed"})
	if err != nil || got.FulfilmentStatus != orders.PartiallyFulfilled {
		t.Fatalf("%s, %v", got.FulfilmentStatus, err)
	}
	if h, _, _ := s.level(t, "PEN"); h != 10 {
		t.Errorf("PEN: on hand %d: what is packed has not left", h)
	}
	for i, to := range []string{"shipped", "delivered"} {
		if got, err = s.Move(ctx, s.sc, o.ID, got.Fulfilments[1].ID, orders.MoveInput{To: to}); err != nil {
			t.Fatal(err)
		}
		if want := []string{orders.Fulfilled, orders.Fulfilled}[i]; got.FulfilmentStatus != want {
			t.Errorf("%s: %s", to, got.FulfilmentStatus)
		}
	}
	if _, err := s.Move(ctx, s.sc, o.ID, got.Fulfilments[1].ID, orders.MoveInput{To: "packed"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("back from delivered: %v", err)
	}
	if _, err := s.pay(o.ID, orders.PaymentTotals{Captured: 5000}); err != nil {
		t.Fatal(err)
	}
	if got, err = s.Move(ctx, s.sc, o.ID, got.Fulfilments[0].ID, orders.MoveInput{To: "delivered"}); err != nil || got.Status != orders.Completed {
		t.Errorf("paid and all delivered: %s, %v", got.Status, err)
	}
	if h, c, _ := s.level(t, "PEN"); h != 8 || c != 0 {
		t.Errorf("PEN: on hand %d, committed %d; want 8, 0", h, c)
	}
	if err := s.db.InTx(ctx, s.sc, func(tx *db.Tx) error { return s.RestockTx(tx, o.ID, []orders.GroupLine{{Line: 2, Quantity: 1}}) }); err != nil {
		t.Fatal(err)
	}
	if h, _, _ := s.level(t, "PEN"); h != 9 {
		t.Errorf("PEN: on hand %d after one came back, want 9", h)
	}
	orderstest.Check(t, s.owner)
}

func TestVersionConflictTellsWhatChanged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 10})
	o := s.placed(t, "MUG")
	if _, err := s.Hold(ctx, s.sc, o.ID, orders.HoldInput{Reason: "fraud?", Version: o.Version}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Cancel(ctx, s.sc, o.ID, orders.CancelInput{Version: o.Version})
	changed, _ := fault.Of(err).Data["changed"].([]orders.Entry)
	if !errors.Is(err, orders.ErrVersion) || len(changed) != 1 || changed[0].Kind != "held" {
		t.Errorf("%v: %+v", err, changed)
	}
}

func TestHoldEndsByItself(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"MUG": 10})
	o := s.placed(t, "MUG")
	until := time.Now().Add(time.Hour)
	ctx := db.WithScope(context.Background(), s.sc)
	if _, err := s.Hold(ctx, s.sc, o.ID, orders.HoldInput{Reason: "wait", Until: &until}); err != nil {
		t.Fatal(err)
	}
	due := outbox.Event{Type: orders.TimerHold, Subject: o.ID.String()}
	for _, at := range []string{"1 hour", "-1 second"} {
		s.exec(t, `UPDATE orders SET hold_until = now() + $1::text::interval`, at)
		if err := s.OnHoldDue(ctx, due); err != nil {
			t.Fatal(err)
		}
		now, err := s.Get(ctx, s.sc, o.ID)
		if err != nil || (now.Hold == nil) != (at == "-1 second") {
			t.Errorf("held until %s from now: %+v, %v", at, now.Hold, err)
		}
	}
}

func TestConfirmation(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 10})
	s.settings.ConfirmOrders = true
	o := s.placed(t, "MUG")
	if o.Status != orders.AwaitingConfirmation || o.Number != nil || !slices.Contains(o.Allowed, orders.ActConfirm) {
		t.Errorf("%+v", o.Summary)
	}
	orderstest.Check(t, s.owner)
	for range 2 {
		if got, err := s.Confirm(ctx, s.sc, o.ID, 0); err != nil || got.Status != orders.Placed || *got.Number != 1001 {
			t.Errorf("%s, %v", got.Status, err)
		}
	}
	if got, err := s.Confirm(ctx, s.sc, s.placed(t, "MUG").ID, 0); err != nil || *got.Number != 1002 {
		t.Errorf("the next number: %v", err)
	}
	in := s.order("MUG")
	in.Channel = "staff"
	if r, err := s.Place(ctx, s.sc, "counter", in); err != nil || r.Order.Status != orders.Placed {
		t.Errorf("an order that the staff takes is %s, %v", r.Order.Status, err)
	}
	orderstest.Check(t, s.owner)
}

func TestPlanOfTheMonth(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"MUG": 100})
	s.settings.OrdersMonth = 5
	codes := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			_, err := s.Place(context.Background(), s.sc, uuid.NewString(), s.order("MUG"))
			mu.Lock()
			defer mu.Unlock()
			codes[fault.CodeOf(err)]++
		})
	}
	wg.Wait()
	if d := cmp.Diff(map[string]int{"": 5, "plan.orders_month": 7}, codes); d != "" {
		t.Error(d)
	}
	orderstest.Check(t, s.owner)
}

func TestInputsAreCheckedAllAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"MUG": 10})
	in := s.order("MUG", "GHOST:2")
	in.Lines[0].Quantity = 0
	in.Customer.Email = "not an address"
	in.ShippingAddress = &orders.Address{Country: "gb"}
	in.Note = "a\x00b"
	_, err := s.Place(context.Background(), s.sc, "k", in)
	want := []string{
		"body.customer.email", "body.lines[0].quantity", "body.lines[1].variant_id", "body.note", "body.shipping_address.city", "body.shipping_address.country",
		"body.shipping_address.lines", "body.shipping_address.name",
	}
	got := []string{}
	for f := range fault.Of(err).Fields {
		got = append(got, f)
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What the customer sees holds nothing that is for the shop alone.
func TestPublicOrder(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 10})
	o := s.placed(t, "MUG")
	if _, err := s.Hold(ctx, s.sc, o.ID, orders.HoldInput{Reason: "SECRET-hold"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddNote(ctx, s.sc, o.ID, "SECRET-note"); err != nil {
		t.Fatal(err)
	}
	o, err := s.Tag(ctx, s.sc, o.ID, orders.TagsInput{Add: []string{"SECRET-tag"}})
	if err != nil {
		t.Fatal(err)
	}
	if body := asJSON(t, o.Public()); strings.Contains(body, "SECRET") || strings.Contains(body, "api_key") {
		t.Error(body)
	}
	if n := strings.Count(asJSON(t, o), "SECRET"); n < 4 {
		t.Errorf("staff see only %d of the secrets", n)
	}
}

func TestLinkIsMailedToTheRightAddressOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 10})
	o := s.placed(t, "MUG")
	for _, email := range []string{"eve@example.com", "ann@example.com", "ANN@example.com "} {
		if err := s.RequestLink(ctx, s.sc, *o.Number, email); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(strings.Join(s.events(t, o.ID), " "), orders.EventLinkRequested); n != 1 {
		t.Errorf("%d links, want one: not for Eve, and not twice in a minute", n)
	}
}
