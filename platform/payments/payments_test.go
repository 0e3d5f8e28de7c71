package payments_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/orders"
	"allhours/platform/payments"
	"allhours/plugins"
	"allhours/plugins/official/sandboxpay/provider"
)

func TestEveryMethodPays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	methods, err := r.Methods(context.Background(), r.sc, "GBP")
	if err != nil || len(methods) != 3 {
		t.Fatalf("methods %v %v", methods, err)
	}
	for method, fields := range map[string][]string{
		"card":   {"number", "4242424242424242", "expiry", "12/40", "cvc", "123"},
		"qr":     nil,
		"wallet": nil,
	} {
		receipt := r.mustPlace(method)
		if (receipt.Payment.NextAction.Type == "qr") != (method == "qr") {
			t.Errorf("%s: next action %+v", method, receipt.Payment.NextAction)
		}
		r.payPage(page(receipt.Payment), fields...)
		o := r.until(receipt.Order.ID, "paid", paid)
		if o.PaidTotal != o.Total || len(o.Payments) != 1 || o.Payments[0].Status != "captured" {
			t.Errorf("%s: paid %d of %d by %+v", method, o.PaidTotal, o.Total, o.Payments)
		}
	}
	if n := r.events("order.paid"); n != 3 {
		t.Errorf("%d order.paid", n)
	}
	if n := r.count("SELECT count(*) FROM audit_log WHERE action = 'payment.changed' AND actor_kind = 'plugin' AND after->>'status' = 'captured'"); n != 3 {
		t.Errorf("%d of 3 payments by notification are in the audit log", n)
	}
}

func TestDeclinedThenPaid(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("card")
	r.payPage(page(receipt.Payment), "number", "4000000000009995", "expiry", "12/40", "cvc", "123")
	o := r.until(receipt.Order.ID, "failed", func(o orders.Order) bool { return o.PaymentStatus == "failed" })
	if o.Status != orders.Draft || o.Payments[0].Reason != "insufficient_funds" {
		t.Errorf("order %s, payment %+v", o.Status, o.Payments[0])
	}
	again, err := r.Start(context.Background(), r.sc, start(r, o, "qr", "second"))
	if err != nil {
		t.Fatal(err)
	}
	r.payPage(page(&again))
	r.until(o.ID, "paid", paid)
	if _, err := r.Start(context.Background(), r.sc, start(r, o, "qr", "third")); !errors.Is(err, payments.ErrPaid) {
		t.Errorf("paying twice: %v", err)
	}
}

func start(r *rig, o orders.Order, method, key string) orders.StartPayment {
	return orders.StartPayment{OrderID: o.ID, Method: r.inst.ID.String() + "/" + method, Amount: o.Total, Currency: o.Currency, Key: key, ReturnURL: "https://alpha.example/back"}
}

func TestAnotherAttemptClosesTheFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("qr")
	second, err := r.Start(context.Background(), r.sc, start(r, receipt.Order, "card", "k"))
	if err != nil {
		t.Fatal(err)
	}
	if v := r.payment(receipt.Payment.ID); v.Status != "voided" {
		t.Errorf("the first attempt is %s", v.Status)
	}
	r.payPage(page(receipt.Payment)) // too late: closed
	r.payPage(page(&second), "number", "4242424242424242", "expiry", "12/40", "cvc", "123")
	o := r.until(receipt.Order.ID, "paid", paid)
	if o.PaidTotal != o.Total {
		t.Errorf("paid %d", o.PaidTotal)
	}
	// The first one paid just before the second is asked for: no second attempt.
	third := r.mustPlace("qr")
	r.merchant(map[string]any{"notify": "missing"})
	r.payPage(page(third.Payment))
	if _, err := r.Start(context.Background(), r.sc, start(r, third.Order, "card", "k")); !errors.Is(err, payments.ErrPaid) {
		t.Errorf("second attempt on a paid order: %v", err)
	}
	if o := r.order(third.Order.ID); !paid(o) {
		t.Errorf("order is %s/%s", o.Status, o.PaymentStatus)
	}
}

func TestSameKeyIsOneAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("qr")
	if err := r.Close(context.Background(), r.sc, receipt.Order.ID); err != nil {
		t.Fatal(err)
	}
	ids := sync.Map{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			v, err := r.Start(context.Background(), r.sc, start(r, receipt.Order, "qr", "same"))
			if err != nil || v.Status != "action_required" {
				t.Errorf("%+v %v", v, err)
			}
			ids.Store(v.ID, true)
		})
	}
	wg.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 1 || len(r.charges()) != 2 {
		t.Errorf("%d attempts, %d charges at the provider (one of them closed)", n, len(r.charges()))
	}
	if _, err := r.Start(context.Background(), r.sc, start(r, receipt.Order, "card", "same")); !errors.Is(err, db.ErrKeyReused) {
		t.Errorf("same key, other method: %v", err)
	}
}

// TestWebhookStorm delivers doubled, late, reordered, forged and false notifications, all at once.
func TestWebhookStorm(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	receipt := r.mustPlace("wallet")
	r.payPage(page(receipt.Payment), "notify", "double")
	genuine := r.notice()
	forge := func(old, new string, sign string) plugins.Hook {
		h := genuine
		h.Body = []byte(strings.ReplaceAll(string(genuine.Body), old, new))
		h.Header = map[string][]string{provider.SignatureHeader: {provider.Sign(sign, time.Now(), h.Body)}}
		return h
	}
	unsigned := genuine
	unsigned.Header = nil
	for name, c := range map[string]struct {
		hook   plugins.Hook
		status int
	}{
		"unsigned":         {unsigned, 401},
		"signed by others": {forge("1000", "1000", "another secret"), 401},
		"changed body":     {plugins.Hook{Path: genuine.Path, Header: genuine.Header, Body: []byte(strings.Replace(string(genuine.Body), "wallet", "qr", 1))}, 401},
	} {
		if got := r.receive(c.hook); got != c.status {
			t.Errorf("%s: answered %d, want %d", name, got, c.status)
		}
	}
	if o := r.order(receipt.Order.ID); o.PaymentStatus != orders.Pending {
		t.Fatalf("forged notifications made the order %s", o.PaymentStatus)
	}
	// Rightly signed, but over other money: it counts for nothing but an alert.
	for _, wrong := range []plugins.Hook{forge("1000", "1", webhookSecret), forge("GBP", "JPY", webhookSecret)} {
		r.receive(wrong)
	}
	if o := r.order(receipt.Order.ID); o.PaidTotal != 0 || o.Status != orders.Draft {
		t.Errorf("a wrong amount made the order %s, paid %d", o.Status, o.PaidTotal)
	}
	if n := r.events(payments.EventMismatch); n != 1 {
		t.Errorf("%d mismatches were told, want 1", n)
	}
	// The true ones: many at once, with the shopper's return among them.
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if i%4 == 0 {
				_, _ = r.Returned(context.Background(), r.sc, receipt.Payment.ID)
				return
			}
			if got := r.receive(genuine); got != 200 {
				t.Errorf("genuine: answered %d", got)
			}
		})
	}
	wg.Wait()
	o := r.until(receipt.Order.ID, "paid", paid)
	if o.PaidTotal != 1000 || r.events("order.paid") != 1 || r.events("order.placed") != 1 || r.events(payments.EventSucceeded) != 1 {
		t.Errorf("paid %d; %d paid, %d placed, %d succeeded", o.PaidTotal, r.events("order.paid"), r.events("order.placed"), r.events(payments.EventSucceeded))
	}
	if n := r.count("SELECT count(*) FROM webhook_deliveries WHERE state = 'accepted' AND dedupe_id = (SELECT dedupe_id FROM webhook_deliveries WHERE state = 'accepted' LIMIT 1)"); n != 1 {
		t.Errorf("%d accepted deliveries of one notification", n)
	}
}

func TestRefundBeforeCaptureNews(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("wallet")
	r.hold.Store(true)
	r.payPage(page(receipt.Payment))
	captured := r.notice()
	r.hold.Store(false)
	if _, err := r.Returned(context.Background(), r.sc, receipt.Payment.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.Refund(context.Background(), r.sc, receipt.Order.ID, "k", payments.RefundInput{}); err != nil {
		t.Fatal(err)
	}
	r.until(receipt.Order.ID, "refunded", refunded)
	if got := r.receive(captured); got != 200 { // the old news comes last
		t.Errorf("answered %d", got)
	}
	if o := r.order(receipt.Order.ID); !refunded(o) || o.RefundedTotal != 1000 {
		t.Errorf("order is %s", o.PaymentStatus)
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("wallet")
	r.payPage(page(receipt.Payment))
	id := receipt.Order.ID
	r.until(id, "paid", paid)
	refund := func(key string, in payments.RefundInput) error {
		return r.Refund(context.Background(), r.sc, id, key, in)
	}
	if err := refund("", payments.RefundInput{}); !errors.Is(err, payments.ErrKey) {
		t.Errorf("without a key: %v", err)
	}
	// A double click: the same key many times.
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := refund("click", payments.RefundInput{Amount: 300}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if o := r.order(id); o.RefundedTotal != 300 || o.PaymentStatus != orders.PartiallyRefunded {
		t.Errorf("refunded %d, %s", o.RefundedTotal, o.PaymentStatus)
	}
	if err := refund("much", payments.RefundInput{Amount: 701}); !errors.Is(err, payments.ErrRefund) {
		t.Errorf("more than is left: %v", err)
	}
	if err := refund("line", payments.RefundInput{Lines: []orders.LineRefund{{Line: 1, Quantity: 1, Amount: 200}}, Restock: true}); err != nil {
		t.Error(err)
	}
	if err := refund("line again", payments.RefundInput{Lines: []orders.LineRefund{{Line: 1, Amount: 900}}}); err == nil || fault.KindOf(err) != fault.Invalid {
		t.Errorf("more of a line than it cost: %v", err)
	}
	// Two people refund the rest with different keys at the same time: one wins.
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = refund(fmt.Sprint("rest", i), payments.RefundInput{}) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, payments.ErrRefund) {
			t.Error(err)
		}
	}
	if o := r.order(id); won != 1 || !refunded(o) || o.RefundedTotal != 1000 {
		t.Errorf("%d refunds of the rest; refunded %d, %s", won, o.RefundedTotal, o.PaymentStatus)
	}
	if c := r.charges()[0]; c.Refunded != 1000 {
		t.Errorf("the provider has refunded %d", c.Refunded)
	}
}

func TestCancelSendsMoneyBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("wallet")
	r.payPage(page(receipt.Payment))
	r.until(receipt.Order.ID, "paid", paid)
	for range 2 {
		if _, err := r.orders.Cancel(context.Background(), r.sc, receipt.Order.ID, orders.CancelInput{Reason: "mistake"}); err != nil {
			t.Fatal(err)
		}
	}
	r.until(receipt.Order.ID, "refunded", refunded)
	if c := r.charges()[0]; c.Refunded != 1000 {
		t.Errorf("the provider has refunded %d", c.Refunded)
	}
}

func TestMoneyAfterTheEndGoesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("qr")
	r.hold.Store(true)
	r.payPage(page(receipt.Payment))
	late := r.notice()
	r.exec("UPDATE orders SET status = 'cancelled', cancelled_at = now() WHERE id = $1", receipt.Order.ID) // as if the shop had cancelled a moment before
	r.hold.Store(false)
	if got := r.receive(late); got != 200 {
		t.Fatalf("answered %d", got)
	}
	o := r.until(receipt.Order.ID, "refunded", refunded)
	if o.Status != orders.Cancelled || r.charges()[0].Refunded != 1000 {
		t.Errorf("order %s; the provider has refunded %d", o.Status, r.charges()[0].Refunded)
	}
	if n := r.events(payments.EventOrphan); n != 1 {
		t.Errorf("%d orphans were told", n)
	}
}

func TestExpiryClosesTheAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	open, racing := r.mustPlace("qr"), r.mustPlace("qr")
	r.merchant(map[string]any{"notify": "missing"})
	r.payPage(page(racing.Payment)) // paid, and nobody has told us when the clock runs out
	r.later(21 * time.Minute)
	r.until(open.Order.ID, "expired", func(o orders.Order) bool { return o.Status == orders.Expired })
	r.until(racing.Order.ID, "paid", paid)
	r.payPage(page(open.Payment))
	for _, c := range r.charges() {
		if c.ID != "" && c.Captured > 0 && c.State != "captured" {
			t.Errorf("charge %+v", c)
		}
	}
	if o := r.order(open.Order.ID); o.PaidTotal != 0 {
		t.Error("an expired order was paid")
	}
}

func TestManualPayment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("qr")
	if err := r.Close(context.Background(), r.sc, receipt.Order.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.RecordManual(context.Background(), r.sc, receipt.Order.ID, "k", payments.ManualInput{Amount: 1000, Reference: "till 1"}); err != nil {
			t.Fatal(err)
		}
	}
	if o := r.order(receipt.Order.ID); !paid(o) || o.PaidTotal != 1000 {
		t.Fatalf("order %s/%s, paid %d", o.Status, o.PaymentStatus, o.PaidTotal)
	}
	if err := r.Refund(context.Background(), r.sc, receipt.Order.ID, "r", payments.RefundInput{}); err != nil {
		t.Fatal(err)
	}
	if o := r.order(receipt.Order.ID); !refunded(o) {
		t.Errorf("order %s", o.PaymentStatus)
	}
}

// What is left when all lines are paid back is the delivery; all of it goes back at once.
func TestRefundOfAllThatIsLeft(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	r.shop.ShippingPrice = 395
	o, err := r.orders.Place(ctx, r.sc, "k", orders.PlaceInput{
		FulfilmentType: "ship", ShippingAddress: &orders.Address{Name: "Ann", Lines: []string{"1 High Street"}, City: "Leeds", Country: "GB"}, Lines: []orders.LineInput{{SKU: "MUG", Quantity: 1}},
	})
	if err != nil || o.Order.Total != 1395 {
		t.Fatalf("%d, %v", o.Order.Total, err)
	}
	if _, err := r.RecordManual(ctx, r.sc, o.Order.ID, "paid", payments.ManualInput{Amount: 1395}); err != nil {
		t.Fatal(err)
	}
	if err := r.Refund(ctx, r.sc, o.Order.ID, "goods", payments.RefundInput{Lines: []orders.LineRefund{{Line: 1, Quantity: 1}}}); err != nil {
		t.Fatal(err)
	}
	if got := r.order(o.Order.ID); got.RefundedTotal != 1000 || got.PaymentStatus != orders.PartiallyRefunded {
		t.Errorf("the goods: %d, %s", got.RefundedTotal, got.PaymentStatus)
	}
	if err := r.Refund(ctx, r.sc, o.Order.ID, "rest", payments.RefundInput{}); err != nil {
		t.Fatal(err)
	}
	if got := r.order(o.Order.ID); got.RefundedTotal != 1395 || !refunded(got) {
		t.Errorf("all: %d, %s", got.RefundedTotal, got.PaymentStatus)
	}
}

// TestPluginKilledAtEveryMoment kills the plugin's process again and again, at any moment of paying, notifying and refunding. Nothing is lost: each order ends
// paid once or unpaid, and the provider has one charge per operation.
func TestOtherTenantsSeeNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	receipt := r.mustPlace("qr")
	other := db.Scope{Tenant: db.NewID()}
	if _, err := r.Get(context.Background(), other, receipt.Payment.ID); !errors.Is(err, payments.ErrNotFound) {
		t.Errorf("another tenant's payment: %v", err)
	}
	if _, err := r.plugins.Get(context.Background(), other, r.inst.ID); !errors.Is(err, plugins.ErrNotFound) {
		t.Errorf("another tenant's installation: %v", err)
	}
	if err := r.Accepts(context.Background(), other, r.inst.ID.String()+"/qr", "GBP"); !errors.Is(err, payments.ErrMethod) {
		t.Errorf("another tenant's method: %v", err)
	}
	if err := r.plugins.Remove(context.Background(), r.sc, r.inst.ID); fault.CodeOf(err) != "plugin.in_use" {
		t.Errorf("removed while a payment is open: %v", err)
	}
}

// TestServerKilledDuringTheCall: this process died between writing the ledger and hearing the answer. What the provider has is found; what it never heard of fails.
