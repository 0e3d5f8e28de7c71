package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"allhours/plugins/host"
	"allhours/plugins/host/hosttest"
	"allhours/plugins/sdk/pluginv1"
)

var (
	binary  host.Binary
	plugins *host.Host
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sandboxpay")
	if err != nil {
		panic(err)
	}
	os.Chmod(dir, 0o711)
	binary.Path = filepath.Join(dir, "plugin")
	if _, err := hosttest.Build(binary.Path, "."); err != nil {
		panic(err)
	}
	out, err := exec.Command(binary.Path, "manifest").Output()
	if err != nil {
		panic(err)
	}
	var man struct {
		ID, Version string
		Manifest    string `json:"manifest_sha256"`
		Files       []struct{ SHA256 string }
	}
	if err := json.Unmarshal(out, &man); err != nil {
		panic(err)
	}
	binary.Plugin, binary.Version, binary.SHA256, binary.ManifestSHA256 = man.ID, man.Version, man.Files[0].SHA256, man.Manifest
	if plugins, err = host.New(host.Config{RunDir: filepath.Join(dir, "run"), Private: host.Loopback}); err != nil {
		panic(err)
	}
	code := m.Run()
	plugins.Close()
	os.RemoveAll(dir)
	os.Exit(code)
}

// world is a provider process, a shop that hears its notifications, and an installation of the plugin.
type world struct {
	t        *testing.T
	data     string
	provider *exec.Cmd
	url      string
	hooks    *httptest.Server
	target   host.Target
	pay      pluginv1.PaymentClient

	mu       sync.Mutex
	received []received
	status   int // answered to notifications
}

type received struct {
	header http.Header
	body   []byte
	at     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, data: t.TempDir(), status: 200}
	w.hooks = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.received = append(w.received, received{r.Header.Clone(), body, time.Now()})
		status := w.status
		w.mu.Unlock()
		rw.WriteHeader(status)
	}))
	t.Cleanup(w.hooks.Close)
	w.startProvider("127.0.0.1:0")
	t.Cleanup(func() { w.killProvider() })
	w.merchant(map[string]any{"name": "Shop & Co", "secret_key": "sk_test_12345678", "webhook_secret": "whsec_12345678"})
	w.target = host.Target{Binary: binary, Tenant: "tenant", Installation: t.Name(), Rev: 1, Load: w.settings("sk_test_12345678")}
	w.pay = pluginv1.NewPaymentClient(plugins.Conn(w.target))
	return w
}

func (w *world) settings(key string) func(context.Context) (host.Settings, error) {
	return func(context.Context) (host.Settings, error) {
		return host.Settings{
			Config:  map[string]any{"base_url": w.url},
			Secrets: map[string]string{"secret_key": key, "webhook_secret": "whsec_12345678"}, WebhookURL: w.hooks.URL + "/hooks/x", Egress: []string{strings.TrimPrefix(w.url, "http://")},
		}, nil
	}
}

func (w *world) startProvider(listen string) {
	w.t.Helper()
	w.provider = exec.Command(binary.Path, "provider", "-listen", listen, "-data", w.data, "-admin-token", "admin", "-retry-base", "50ms")
	out, err := w.provider.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.provider.Start(); err != nil {
		w.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	w.url = strings.TrimSpace(strings.TrimPrefix(line, "ready "))
}

func (w *world) killProvider() {
	_ = w.provider.Process.Kill()
	_ = w.provider.Wait()
}

func (w *world) merchant(settings map[string]any) {
	w.t.Helper()
	raw, _ := json.Marshal(settings)
	req, _ := http.NewRequest("PUT", w.url+"/admin/merchants/shop", bytes.NewReader(raw))
	req.Header.Set("Authorization", "Bearer admin")
	w.ok(http.DefaultClient.Do(req))
}

func (w *world) ok(resp *http.Response, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode > 399 {
		raw, _ := io.ReadAll(resp.Body)
		w.t.Fatalf("%s: %s", resp.Status, raw)
	}
}

func (w *world) request(method string, change ...func(*pluginv1.AuthorizeRequest)) *pluginv1.AuthorizeRequest {
	r := &pluginv1.AuthorizeRequest{
		Call: &pluginv1.Call{IdempotencyKey: "op-" + w.t.Name()}, TxnId: "op-" + w.t.Name(), OrderId: "order", MethodCode: method, Capture: true,
		Amount: &pluginv1.Money{Currency: "EUR", Minor: 1250, Exponent: 2}, ReturnUrl: "https://shop.example/back?order=1", Description: "Order 1",
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func key(k string) func(*pluginv1.AuthorizeRequest) {
	return func(r *pluginv1.AuthorizeRequest) { r.Call.IdempotencyKey, r.TxnId = k, k }
}

func meta(k, v string) func(*pluginv1.AuthorizeRequest) {
	return func(r *pluginv1.AuthorizeRequest) { r.Metadata = map[string]string{k: v} }
}

func token(tok string) func(*pluginv1.AuthorizeRequest) {
	return func(r *pluginv1.AuthorizeRequest) { r.MethodToken = tok }
}

func (w *world) authorize(r *pluginv1.AuthorizeRequest) *pluginv1.TxnResult {
	w.t.Helper()
	res, err := w.pay.Authorize(context.Background(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

func (w *world) lookup(ref string) *pluginv1.TxnResult {
	w.t.Helper()
	res, err := w.pay.Lookup(context.Background(), &pluginv1.LookupRequest{ProviderRef: ref, Kind: pluginv1.LookupRequest_PAYMENT})
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// form posts the payer's decision and returns the status and where it leads.
func (w *world) form(page string, fields ...string) (int, string, string) {
	w.t.Helper()
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(page, v)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Location"), string(body)
}

func (w *world) payCard(page, number string) (int, string, string) {
	return w.form(page, "action", "pay", "number", number, "expiry", "12/40", "cvc", "123")
}

// notices waits for n notifications in all.
func (w *world) notices(n int) []received {
	w.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		w.mu.Lock()
		got := append([]received(nil), w.received...)
		w.mu.Unlock()
		if len(got) >= n {
			return got
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d notifications, want %d", len(got), n)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (w *world) handle(n received, at time.Time) *pluginv1.WebhookResponse {
	w.t.Helper()
	in := &pluginv1.WebhookRequest{RawBody: n.body, Method: "POST", ReceivedAt: timestamppb.New(at)}
	for k, v := range n.header {
		in.Headers = append(in.Headers, &pluginv1.Header{Name: k, Values: v})
	}
	res, err := pluginv1.NewWebhookClient(plugins.Conn(w.target)).Handle(context.Background(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

func (w *world) expect(got *pluginv1.TxnResult, state pluginv1.TxnResult_State, code string) {
	w.t.Helper()
	if got.GetState() != state || got.GetProblem().GetCode() != code {
		w.t.Errorf("state %s %s, want %s %s", got.GetState(), got.GetProblem().GetCode(), state, code)
	}
}

const (
	captured = pluginv1.TxnResult_CAPTURED
	declined = pluginv1.TxnResult_DECLINED
	action   = pluginv1.TxnResult_ACTION_REQUIRED
	voided   = pluginv1.TxnResult_VOIDED
)

func TestCards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		number string
		state  pluginv1.TxnResult_State
		code   string
	}{
		{"4242 4242 4242 4242", captured, ""},
		{"4000 0000 0000 0002", declined, "card.card_declined"},
		{"4000000000009995", declined, "card.insufficient_funds"},
	} {
		r := w.authorize(w.request("card", key(c.number)))
		w.expect(r, action, "")
		if next := r.GetNextAction().AsMap(); next["type"] != "redirect" || next["url"] != r.GetNextActionUrl() {
			t.Errorf("next action %v", next)
		}
		if status, _, body := w.payCard(r.GetNextActionUrl(), "4242424242424241"); status != 422 || !strings.Contains(body, "Check the card number") {
			t.Errorf("a wrong number: %d", status)
		}
		status, to, _ := w.payCard(r.GetNextActionUrl(), c.number)
		if status != 303 || !strings.HasPrefix(to, "https://shop.example/back?order=1&payment="+r.GetProviderRef()) {
			t.Errorf("sent to %q (%d)", to, status)
		}
		got := w.lookup(r.GetProviderRef())
		w.expect(got, c.state, c.code)
		if got.GetAmount().GetMinor() != 1250 || got.GetAmount().GetCurrency() != "EUR" || got.GetTxnId() != c.number {
			t.Errorf("answer %v", got)
		}
	}
}

func TestThreeDSecure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		answer string
		state  pluginv1.TxnResult_State
		code   string
	}{{"confirm", captured, ""}, {"refuse", declined, "card.authentication_failed"}} {
		r := w.authorize(w.request("card", key(c.answer)))
		w.payCard(r.GetNextActionUrl(), "4000000000003220")
		w.expect(w.lookup(r.GetProviderRef()), action, "")
		if status, _, _ := w.form(r.GetNextActionUrl(), "action", "confirm", "code", "999999"); status != 422 {
			t.Errorf("a wrong code: %d", status)
		}
		w.form(r.GetNextActionUrl(), "action", c.answer, "code", "123456")
		w.expect(w.lookup(r.GetProviderRef()), c.state, c.code)
	}
}

func TestQRCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.authorize(w.request("qr", key("paid")))
	next := r.GetNextAction().AsMap()
	if next["type"] != "qr" || next["expires_at"] == "" {
		t.Fatalf("next action %v", next)
	}
	w.form(next["payload"].(string), "action", "pay")
	w.form(next["payload"].(string), "action", "pay") // pressed twice
	w.expect(w.lookup(r.GetProviderRef()), captured, "")
	if res := w.handle(w.notices(1)[0], time.Now()); res.GetEvents()[0].GetTxn().GetState() != captured {
		t.Errorf("notified of %v", res)
	}

	short := w.authorize(w.request("qr", key("short"), func(r *pluginv1.AuthorizeRequest) {
		r.ExpiresAt = timestamppb.New(time.Now().Add(100 * time.Millisecond))
	}))
	n := w.notices(2)[1] // comes by itself when the code expires
	res := w.handle(n, time.Now())
	w.expect(res.GetEvents()[0].GetTxn(), voided, "card.expired")
	w.form(short.GetNextActionUrl(), "action", "pay")
	w.expect(w.lookup(short.GetProviderRef()), voided, "card.expired")
}

func TestWallet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for answer, want := range map[string]pluginv1.TxnResult_State{"pay": captured, "refuse": declined, "cancel": voided} {
		r := w.authorize(w.request("wallet", key(answer)))
		w.form(r.GetNextActionUrl(), "action", answer)
		if got := w.lookup(r.GetProviderRef()).GetState(); got != want {
			t.Errorf("%s leads to %s", answer, got)
		}
	}
}

func TestPagesSpeakBothLanguages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, method := range []string{"card", "qr", "wallet"} {
		page := w.authorize(w.request(method, key(method))).GetNextActionUrl()
		for lang, want := range map[string]string{"en": "Pay to Shop &amp; Co", "zh-CN": "付款给 Shop &amp; Co"} {
			req, _ := http.NewRequest("GET", page, nil)
			req.Header.Set("Accept-Language", lang)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if !strings.Contains(string(body), want) || !strings.Contains(string(body), "12.50 EUR") {
				t.Errorf("%s in %s lacks %q", method, lang, want)
			}
			if strings.Contains(string(body), "http://") || strings.Contains(string(body), "https://") || strings.Contains(string(body), "<script") {
				t.Errorf("%s loads something from elsewhere", method)
			}
			if strings.Contains(string(body), "no value") {
				t.Errorf("%s in %s lacks a word", method, lang)
			}
		}
	}
	resp, err := http.Get(w.url + "/p/unknown")
	if err != nil || resp.StatusCode != 404 {
		t.Errorf("unknown page: %v %v", resp.StatusCode, err)
	}
}
