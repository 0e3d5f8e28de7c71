package payments_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"allhours/platform/base/fault"
	"allhours/platform/orders"
	"allhours/platform/payments"
)

func TestMissingNotificationIsLookedUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.merchant(map[string]any{"notify": "missing"})
	receipt := r.mustPlace("qr")
	r.payPage(page(receipt.Payment))
	if o := r.order(receipt.Order.ID); paid(o) {
		t.Fatal("paid without a notification")
	}
	r.later(20 * time.Second)
	r.until(receipt.Order.ID, "paid", paid)

	back := r.mustPlace("wallet")
	r.payPage(page(back.Payment))
	v, err := r.Returned(context.Background(), r.sc, back.Payment.ID)
	if err != nil || v.Status != "captured" {
		t.Errorf("after the browser's return: %+v %v", v, err)
	}
}

func TestNoAnswerIsUnknownUntilLookedUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.merchant(map[string]any{"fault": "drop"})
	receipt, err := r.place("qr", "")
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Payment.Status != "unknown" {
		t.Fatalf("a call without an answer is %s", receipt.Payment.Status)
	}
	if _, err := r.Start(context.Background(), r.sc, start(r, receipt.Order, "card", "k")); err == nil || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a second attempt while the first is unknown: %v", err)
	}
	r.merchant(map[string]any{"fault": ""})
	r.later(6 * time.Second)
	o := r.until(receipt.Order.ID, "open again", func(o orders.Order) bool { return o.Payments[0].Status == "action_required" })
	r.payPage(page(&o.Payments[0]))
	r.until(o.ID, "paid", paid)
	if n := len(r.charges()); n != 1 {
		t.Errorf("%d charges for one operation", n)
	}
}

func TestProviderDownIsAFailureNotAnUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.merchant(map[string]any{"fault": "refuse"})
	receipt, err := r.place("qr", "")
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Payment.Status != "failed" || receipt.Payment.Reason != "provider_unavailable" {
		t.Errorf("payment %+v", receipt.Payment)
	}
	if len(r.charges()) != 0 {
		t.Error("the provider has a charge")
	}
}

func TestPluginKilledAtEveryMoment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stop := make(chan struct{})
	var killer sync.WaitGroup
	kills := 0
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(rand.IntN(60)) * time.Millisecond):
			}
			if r.killPlugin() {
				kills++
				if s, err := r.plugins.Health(r.inst); err == nil && s.Crashes >= 3 { // before it is quarantined
					select {
					case <-stop:
					case <-time.After(2 * time.Second):
					}
					return
				}
			}
		}
	})
	var placed []orders.Receipt
	for i := range 12 {
		receipt, err := r.place("qr", fmt.Sprint("key", i))
		for err != nil && fault.KindOf(err) == fault.Unavailable { // the plugin is down, and we were told so: ask again under the same key
			receipt, err = r.place("qr", fmt.Sprint("key", i))
		}
		if err != nil {
			t.Fatalf("order %d: %v", i, err)
		}
		placed = append(placed, receipt)
		if receipt.Payment.NextAction != nil && i%3 != 0 {
			r.payPage(page(receipt.Payment))
		}
	}
	close(stop)
	killer.Wait()
	if kills == 0 {
		t.Fatal("the plugin was never killed")
	}
	r.later(31 * time.Minute) // all timers run out
	for i, receipt := range placed {
		o := r.until(receipt.Order.ID, "settled", func(o orders.Order) bool { return paid(o) || o.Status == orders.Expired })
		if i%3 != 0 && receipt.Payment.NextAction != nil && !paid(o) {
			t.Errorf("order %d was paid by its shopper and is %s/%s", i, o.Status, o.PaymentStatus)
		}
		if (o.PaidTotal != 0) != paid(o) || o.PaidTotal > o.Total {
			t.Errorf("order %d is %s with %d paid of %d", i, o.Status, o.PaidTotal, o.Total)
		}
	}
	seen := map[string]bool{}
	var taken int64
	for _, c := range r.charges() {
		if seen[c.Reference] {
			t.Errorf("two charges for the operation %s", c.Reference)
		}
		seen[c.Reference] = true
		taken += c.Captured - c.Refunded
	}
	if told := r.count("SELECT COALESCE(sum(paid_total - refunded_total), 0) FROM orders"); int64(told) != taken {
		t.Errorf("the provider has taken %d, the orders know of %d", taken, told)
	}
}

func TestRefundSurvivesKillsOfThePlugin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("wallet")
	r.payPage(page(receipt.Payment))
	r.until(receipt.Order.ID, "paid", paid)
	r.merchant(map[string]any{"fault": "slow:300ms"})
	done := make(chan error, 1)
	go func() {
		done <- r.Refund(context.Background(), r.sc, receipt.Order.ID, "k", payments.RefundInput{Amount: 400})
	}()
	for r.charges()[0].Refunded == 0 { // the provider has done it, and has not answered
		time.Sleep(5 * time.Millisecond)
	}
	r.killPlugin()
	if err := <-done; err != nil {
		t.Errorf("refund: %v", err)
	}
	r.merchant(map[string]any{"fault": ""})
	r.until(receipt.Order.ID, "refunded in part", func(o orders.Order) bool { return o.RefundedTotal == 400 })
	if c := r.charges()[0]; c.Refunded != 400 {
		t.Errorf("the provider has refunded %d, want 400 once", c.Refunded)
	}
}

func TestServerKilledDuringTheCall(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.merchant(map[string]any{"notify": "missing"})
	arrived, lost := r.mustPlace("qr"), r.mustPlace("qr")
	for _, receipt := range []orders.Receipt{arrived, lost} {
		r.exec("UPDATE payments SET status = 'created', provider_ref = '', next_action = NULL WHERE id = $1", receipt.Payment.ID)
		r.exec("UPDATE payment_operations SET state = 'sent', provider_ref = '' WHERE payment_id = $1", receipt.Payment.ID)
	}
	r.exec(`WITH o AS (SELECT id, gen_random_uuid() AS other FROM payment_operations WHERE payment_id = $1),
		e AS (UPDATE outbox_events SET subject = o.other::text FROM o WHERE subject = o.id::text)
		UPDATE payment_operations SET id = o.other FROM o WHERE payment_operations.id = o.id`, lost.Payment.ID) // an id that the provider never saw
	r.later(35 * time.Second)
	r.until(arrived.Order.ID, "open again", func(o orders.Order) bool { return o.Payments[0].Status == "action_required" })
	o := r.until(lost.Order.ID, "failed", func(o orders.Order) bool { return o.Payments[0].Status == "failed" })
	if o.Payments[0].Reason != "provider_unavailable" {
		t.Errorf("payment %+v", o.Payments[0])
	}
	r.payPage(page(arrived.Payment))
	r.later(2 * time.Minute)
	r.until(arrived.Order.ID, "paid", paid)
}
