package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"allhours/plugins/host"
	"allhours/plugins/official/sandboxpay/provider"
	"allhours/plugins/sdk"
	"allhours/plugins/sdk/pluginv1"
)

// charges counts what the provider has under a reference, asking it directly.
func (w *world) charges(reference string) int {
	w.t.Helper()
	req, _ := http.NewRequest("GET", w.url+"/v1/payments?reference="+reference, nil)
	req.Header.Set("Authorization", "Bearer sk_test_12345678")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var found struct{ Data []json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		w.t.Fatal(err)
	}
	return len(found.Data)
}

func TestSameKeyChargesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	refs := map[string]int{}
	for range 20 {
		wg.Go(func() {
			r, err := w.pay.Authorize(context.Background(), w.request("card", key("k"), token("tok_success")))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			refs[r.GetProviderRef()]++
		})
	}
	wg.Wait()
	if len(refs) != 1 || w.charges("k") != 1 {
		t.Errorf("20 calls with one key made %d references and %d charges", len(refs), w.charges("k"))
	}
	_, err := w.pay.Authorize(context.Background(), w.request("card", key("k"), token("tok_declined")))
	if p := sdk.ProblemOf(err); p.GetClass() != sdk.UserInput || p.GetUpstreamCode() != "key_reused" {
		t.Errorf("same key, other request: %v", err)
	}
}

func TestAnswerLostAfterSuccessIsFoundByKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, fault := range []string{"drop", "error"} {
		_, err := w.pay.Authorize(context.Background(), w.request("card", key(fault), token("tok_success"), meta("sandbox_fault", fault)))
		if p := sdk.ProblemOf(err); p.GetClass() != sdk.UnknownOutcome {
			t.Fatalf("%s: %v", fault, err)
		}
		got, err := w.pay.Lookup(context.Background(), &pluginv1.LookupRequest{TxnId: fault, OriginalIdempotencyKey: fault, Kind: pluginv1.LookupRequest_PAYMENT})
		if err != nil {
			t.Fatal(err)
		}
		w.expect(got, captured, "")
	}
	_, err := w.pay.Authorize(context.Background(), w.request("card", key("refused"), meta("sandbox_fault", "refuse")))
	if p := sdk.ProblemOf(err); p.GetClass() != sdk.Upstream || !p.GetSafeToRetry() {
		t.Errorf("refused before anything was done: %v", err)
	}
	got, err := w.pay.Lookup(context.Background(), &pluginv1.LookupRequest{TxnId: "refused", OriginalIdempotencyKey: "refused"})
	if err != nil || got.GetState() != pluginv1.TxnResult_NOT_ATTEMPTED {
		t.Errorf("never arrived: %v %v", got, err)
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	paid := w.authorize(w.request("card", token("tok_success")))
	refund := func(key string, minor int64) (*pluginv1.TxnResult, error) {
		return w.pay.Refund(context.Background(), &pluginv1.RefundRequest{
			Call: &pluginv1.Call{IdempotencyKey: key}, TxnId: key, ProviderRef: paid.GetProviderRef(), Amount: &pluginv1.Money{Currency: "EUR", Minor: minor, Exponent: 2}, Reason: "wrong size",
		})
	}
	first, err := refund("r1", 1000)
	if err != nil || first.GetState() != pluginv1.TxnResult_REFUNDED || first.GetAmount().GetMinor() != 1000 {
		t.Fatalf("partial refund: %v %v", first, err)
	}
	again, err := refund("r1", 1000)
	if err != nil || again.GetProviderRef() != first.GetProviderRef() {
		t.Errorf("the same refund again: %v %v", again, err)
	}
	if _, err := refund("r2", 251); sdk.ProblemOf(err).GetUpstreamCode() != "refund_too_large" {
		t.Errorf("over-refund: %v", err)
	}
	if _, err := refund("r3", 250); err != nil {
		t.Error(err)
	}
	if got := w.lookup(paid.GetProviderRef()); got.GetRefunded().GetMinor() != 1250 {
		t.Errorf("refunded %v", got.GetRefunded())
	}
	got, err := w.pay.Lookup(context.Background(), &pluginv1.LookupRequest{OriginalIdempotencyKey: "r3", Kind: pluginv1.LookupRequest_REFUND})
	if err != nil || got.GetState() != pluginv1.TxnResult_REFUNDED || got.GetAmount().GetMinor() != 250 {
		t.Errorf("lookup of a refund: %v %v", got, err)
	}
	n := w.notices(3)
	if ev := w.handle(n[1], time.Now()).GetEvents()[0]; ev.GetType() != "refund.updated" {
		t.Errorf("notified of %v", ev)
	}
}

func TestCaptureAndVoid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	later := func(r *pluginv1.AuthorizeRequest) { r.Capture = false }
	held := w.authorize(w.request("card", key("held"), token("tok_success"), later))
	w.expect(held, pluginv1.TxnResult_AUTHORIZED, "")
	part, err := w.pay.Capture(context.Background(), &pluginv1.CaptureRequest{Call: &pluginv1.Call{IdempotencyKey: "c"}, ProviderRef: held.GetProviderRef(), Amount: &pluginv1.Money{Currency: "EUR", Minor: 1000}})
	if err != nil || part.GetState() != captured || part.GetAmount().GetMinor() != 1000 {
		t.Errorf("capture: %v %v", part, err)
	}
	if _, err := w.pay.Void(context.Background(), &pluginv1.VoidRequest{ProviderRef: held.GetProviderRef()}); sdk.ProblemOf(err).GetUpstreamCode() != "payment_state" {
		t.Errorf("void after capture: %v", err)
	}
	open := w.authorize(w.request("wallet", key("open")))
	if v, err := w.pay.Void(context.Background(), &pluginv1.VoidRequest{ProviderRef: open.GetProviderRef()}); err != nil || v.GetState() != voided {
		t.Errorf("void: %v %v", v, err)
	}
	w.form(open.GetNextActionUrl(), "action", "pay")
	w.expect(w.lookup(open.GetProviderRef()), voided, "")
}

func TestNotificationsMisbehave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := time.Now()
	w.authorize(w.request("card", key("late"), token("tok_success"), meta("sandbox_notify", "late:300ms")))
	if n := w.notices(1)[0]; n.at.Sub(began) < 300*time.Millisecond {
		t.Errorf("late notification came after %s", n.at.Sub(began))
	}
	w.authorize(w.request("card", key("double"), token("tok_success"), meta("sandbox_notify", "double")))
	twice := w.notices(3)
	if a, b := w.handle(twice[1], time.Now()), w.handle(twice[2], time.Now()); a.GetDedupeId() == "" || a.GetDedupeId() != b.GetDedupeId() {
		t.Errorf("the double has another id: %v %v", a, b)
	}
	w.authorize(w.request("card", key("missing"), token("tok_success"), meta("sandbox_notify", "missing")))
	w.merchant(map[string]any{"notify": "missing"})
	w.authorize(w.request("card", key("switched"), token("tok_success")))
	w.merchant(map[string]any{"notify": ""})
	w.mu.Lock()
	w.status = 503
	w.mu.Unlock()
	w.authorize(w.request("card", key("retried"), token("tok_success")))
	tries := w.notices(6) // the fourth refused, again, and again
	for _, n := range tries[3:] {
		if !strings.Contains(string(n.body), `"retried"`) {
			t.Errorf("a notification that should be missing came: %s", n.body)
		}
	}
	w.mu.Lock()
	w.status = 200
	w.mu.Unlock()
}

func TestForgedAndStaleNotifications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorize(w.request("card", token("tok_success")))
	n := w.notices(1)[0]
	if v := w.handle(n, time.Now()).GetVerdict(); v != pluginv1.WebhookResponse_ACCEPTED {
		t.Errorf("genuine: %s", v)
	}
	if v := w.handle(n, time.Now().Add(6*time.Minute)).GetVerdict(); v != pluginv1.WebhookResponse_STALE {
		t.Errorf("replayed 6 minutes later: %s", v)
	}
	changed := received{header: n.header.Clone(), body: []byte(strings.Replace(string(n.body), "1250", "1", 1))}
	if v := w.handle(changed, time.Now()).GetVerdict(); v != pluginv1.WebhookResponse_BAD_SIGNATURE {
		t.Errorf("changed body: %s", v)
	}
	for _, sig := range []string{"", "t=1,v1=", "v1=00", provider.Sign("another secret", time.Now(), n.body)} {
		forged := received{header: http.Header{provider.SignatureHeader: {sig}}, body: n.body}
		if v := w.handle(forged, time.Now()).GetVerdict(); v != pluginv1.WebhookResponse_BAD_SIGNATURE {
			t.Errorf("signature %q: %s", sig, v)
		}
	}
}

func TestProviderSurvivesBeingKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address := strings.TrimPrefix(w.url, "http://")
	w.mu.Lock()
	w.status = 503 // so that a notification is still owed
	w.mu.Unlock()
	paid := w.authorize(w.request("card", key("paid"), token("tok_success")))
	open := w.authorize(w.request("qr", key("open")))
	w.notices(1)
	w.killProvider()

	journal := filepath.Join(w.data, "journal")
	f, err := os.OpenFile(journal, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("deadbeef {\"payment\":{" + strings.Repeat("x", 64<<10)) // a line cut short by the crash
	f.Close()
	w.mu.Lock()
	w.status, w.received = 200, nil
	w.mu.Unlock()
	w.startProvider(address)

	w.notices(1)
	w.expect(w.lookup(paid.GetProviderRef()), captured, "")
	again := w.authorize(w.request("card", key("paid"), token("tok_success")))
	if again.GetProviderRef() != paid.GetProviderRef() || w.charges("paid") != 1 {
		t.Error("the key was forgotten")
	}
	w.form(open.GetNextActionUrl(), "action", "pay")
	w.expect(w.lookup(open.GetProviderRef()), captured, "")

	w.killProvider()
	w.startProvider(address) // what was left of the cut line does not come up again
	w.killProvider()
	raw, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(journal, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Open(provider.Config{Dir: w.data}); err == nil || !strings.Contains(err.Error(), "journal line") {
		t.Errorf("a damaged journal was opened: %v", err)
	}
}

func TestConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		key, url, class, field string
	}{
		{"sk_test_12345678", w.url, "", ""},
		{"sk_wrong", w.url, "AUTH", "secret_key"},
		{"sk_test_12345678", "http://127.0.0.1:1", "UPSTREAM", ""},
		{"sk_test_12345678", "ftp://x", "CONFIG", "base_url"},
		{"", w.url, "CONFIG", "secret_key"},
	} {
		res, err := plugins.Test(context.Background(), w.target, host.Settings{
			Config: map[string]any{"base_url": c.url}, Secrets: map[string]string{"secret_key": c.key, "webhook_secret": "12345678"},
			Egress: []string{strings.TrimPrefix(c.url, "http://")},
		})
		if err != nil {
			t.Fatal(err)
		}
		if c.class == "" {
			if !res.GetOk() || res.GetFacts()["name"] != "Shop & Co" {
				t.Errorf("good settings: %v", res)
			}
			continue
		}
		if p := res.GetProblems(); res.GetOk() || p[0].GetClass().String() != c.class || p[0].GetField() != c.field {
			t.Errorf("%q at %s: %v", c.key, c.url, res)
		}
	}
}

func TestPluginKilledInACall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.target
	own.Live = true // a process of its own: other tests share the sandbox one
	pay := pluginv1.NewPaymentClient(plugins.Conn(own))
	if _, err := pay.Lookup(context.Background(), &pluginv1.LookupRequest{TxnId: "x", OriginalIdempotencyKey: "x"}); err != nil {
		t.Fatal(err)
	}
	lost := make(chan error, 1)
	go func() {
		_, err := pay.Authorize(context.Background(), w.request("card", key("k"), token("tok_success"), meta("sandbox_fault", "slow:5s")))
		lost <- err
	}()
	for w.charges("k") == 0 { // until the provider has done it
		time.Sleep(5 * time.Millisecond)
	}
	p, err := os.FindProcess(plugins.Status(own).PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-lost; err == nil {
		t.Error("the call of a killed process succeeded")
	}
	got, err := pay.Lookup(context.Background(), &pluginv1.LookupRequest{TxnId: "k", OriginalIdempotencyKey: "k"})
	if err != nil {
		t.Fatal(err)
	}
	w.expect(got, captured, "")
	if w.charges("k") != 1 {
		t.Errorf("%d charges", w.charges("k"))
	}
}
