package plugins_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/plugins"
	"allhours/plugins/host"
	"allhours/plugins/host/hosttest"
	"allhours/plugins/official/sandboxpay/provider"
	"allhours/plugins/sdk/pluginv1"
	"allhours/tenants"
)

var releases string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ahplugins")
	if err != nil {
		panic(err)
	}
	os.Chmod(dir, 0o711)
	releases = dir
	if err := hosttest.Release(dir, "sandboxpay", "allhours/plugins/official/sandboxpay"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

const (
	secretKey     = "sk_test_12345678"
	webhookSecret = "whsec_12345678"
)

type rig struct {
	*plugins.Plugins
	t       *testing.T
	db      *db.DB
	owner   *pgx.Conn
	api     *httptest.Server
	sc      db.Scope
	mu      sync.Mutex
	applied []string
	fail    error
}

func newRig(t *testing.T) *rig {
	t.Helper()
	base := dbtest.Create(t)
	r := &rig{t: t, db: base.DB, owner: base.Owner(t), sc: db.Scope{Tenant: db.NewID(), Actor: db.Actor{Kind: "member", ID: "m"}}}
	if _, err := r.owner.Exec(context.Background(), `INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, plan, created_at, updated_at)
		VALUES ($1, 'alpha', 'Alpha', 'retail', 'GB', 'GBP', 'Europe/London', 'en', 'free', now(), now())`, r.sc.Tenant); err != nil {
		t.Fatal(err)
	}
	var p *provider.Provider
	r.api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { p.Handler().ServeHTTP(w, q) }))
	p, err := provider.Open(provider.Config{Dir: t.TempDir(), PublicURL: r.api.URL, AdminToken: "admin", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(map[string]string{"secret_key": secretKey, "webhook_secret": webhookSecret})
	req, _ := http.NewRequest("PUT", r.api.URL+"/admin/merchants/shop", bytes.NewReader(raw))
	req.Header.Set("Authorization", "Bearer admin")
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	run, err := os.MkdirTemp("", "ahrun")
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(run, 0o711)
	h, err := host.New(host.Config{RunDir: run, Log: slog.New(slog.DiscardHandler), Grace: 100 * time.Millisecond, Private: host.Loopback})
	if err != nil {
		t.Fatal(err)
	}
	text, err := secrets.Generate()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secrets.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	limits := &tenants.Limits{}
	limits.Count(tenants.Plugins, plugins.CountTx)
	if r.Plugins, err = plugins.New(r.db, h, keys, limits, plugins.Config{Dir: releases, PublicURL: "https://alpha.example/"}); err != nil {
		t.Fatal(err)
	}
	r.OnEvents("payment", func(_ *db.Tx, in plugins.Installation, e *pluginv1.DomainEvent) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.fail == nil {
			r.applied = append(r.applied, e.GetSubjectRef())
		}
		return r.fail
	})
	t.Cleanup(func() { h.Close(); p.Close(); r.api.Close(); os.RemoveAll(run) })
	return r
}

func (r *rig) good() plugins.Settings {
	return plugins.Settings{Config: map[string]any{"base_url": r.api.URL}, Secrets: map[string]string{"secret_key": secretKey, "webhook_secret": webhookSecret}}
}

func (r *rig) install() plugins.Installation {
	r.t.Helper()
	in, err := r.Install(context.Background(), r.sc, "allhours/sandboxpay", r.good())
	if err != nil {
		r.t.Fatal(err)
	}
	return in
}

func (r *rig) ctx() context.Context { return db.WithScope(context.Background(), r.sc) }

func (r *rig) count(sql string, args ...any) (n int) {
	r.t.Helper()
	if err := r.owner.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestBadSettingsNameTheField(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, c := range map[string]struct {
		settings plugins.Settings
		fields   map[string]string
	}{
		"missing":          {plugins.Settings{Secrets: map[string]string{"secret_key": secretKey}}, map[string]string{"body.config.base_url": "is required", "body.secrets.webhook_secret": "is required"}},
		"wrong type":       {plugins.Settings{Config: map[string]any{"base_url": 7}, Secrets: r.good().Secrets}, map[string]string{"body.config.base_url": "must be string"}},
		"unknown":          {plugins.Settings{Config: map[string]any{"base_url": r.api.URL, "colour": "red"}, Secrets: r.good().Secrets}, map[string]string{"body.config.colour": "is no setting of this plugin"}},
		"enum":             {plugins.Settings{Config: map[string]any{"base_url": r.api.URL, "methods": []any{"cash"}}, Secrets: r.good().Secrets}, map[string]string{"body.config.methods.0": "must be one of card, qr, wallet"}},
		"short secret":     {plugins.Settings{Config: map[string]any{"base_url": r.api.URL}, Secrets: map[string]string{"secret_key": "x", "webhook_secret": webhookSecret}}, map[string]string{"body.secrets.secret_key": "must be at least 8 characters"}},
		"secret in config": {plugins.Settings{Config: map[string]any{"base_url": r.api.URL, "secret_key": secretKey}, Secrets: r.good().Secrets}, map[string]string{"body.config.secret_key": "is a secret: send it in secrets"}},
		"refused key":      {plugins.Settings{Config: map[string]any{"base_url": r.api.URL}, Secrets: map[string]string{"secret_key": "sk_of_nobody", "webhook_secret": webhookSecret}}, map[string]string{"body.secrets.secret_key": "the secret key is wrong"}},
	} {
		_, err := r.Install(context.Background(), r.sc, "allhours/sandboxpay", c.settings)
		if err == nil || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(c.fields, fault.Of(err).FieldsIn("en")); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if n := r.count("SELECT count(*) FROM plugin_installations"); n != 0 {
		t.Errorf("%d installations were saved", n)
	}
	if _, err := r.Install(context.Background(), r.sc, "acme/none", plugins.Settings{}); !errors.Is(err, plugins.ErrNotFound) {
		t.Errorf("unknown plugin: %v", err)
	}
}

func TestSecretsNeverComeBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	in := r.install()
	if n := r.count("SELECT count(*) FROM plugin_installations WHERE config::text LIKE '%' || $1 || '%' OR encode(secrets, 'escape') LIKE '%' || $1 || '%'", secretKey); n != 0 {
		t.Error("a secret lies open in the database")
	}
	if n := r.count("SELECT count(*) FROM audit_log WHERE before::text LIKE '%' || $1 || '%' OR after::text LIKE '%' || $1 || '%'", secretKey); n != 0 {
		t.Error("a secret is in the audit log")
	}
	out, err := r.CatalogHTTP(r.ctx(), nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(out.Body)
	if strings.Contains(string(raw), secretKey) || strings.Contains(string(raw), webhookSecret) {
		t.Errorf("a secret came back: %s", raw)
	}
	got := out.Body.Items[0].Installed
	want := map[string]plugins.SecretHint{"secret_key": {Set: true, Last4: "5678"}, "webhook_secret": {Set: true, Last4: "5678"}}
	if d := cmp.Diff(want, got.Secrets); d != "" {
		t.Error(d)
	}
	if !strings.HasPrefix(got.WebhookURL, "https://alpha.example/hooks/") || got.ID != in.ID {
		t.Errorf("installed %+v", got)
	}
	if d := cmp.Diff(map[string]any{"base_url": r.api.URL, "methods": []any{"card", "qr", "wallet"}}, got.Config); d != "" {
		t.Errorf("defaults: %s", d)
	}
}

func TestChangeIsTriedBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	in := r.install()
	if _, err := r.Install(context.Background(), r.sc, in.Plugin, r.good()); !errors.Is(err, plugins.ErrInstalled) {
		t.Errorf("a second installation: %v", err)
	}
	if _, err := r.Change(context.Background(), r.sc, in.ID, plugins.Change{Config: map[string]any{"base_url": "http://127.0.0.1:1"}}); !errors.Is(err, plugins.ErrTest) {
		t.Errorf("settings that do not work: %v", err)
	}
	changed, err := r.Change(context.Background(), r.sc, in.ID, plugins.Change{Config: map[string]any{"base_url": r.api.URL, "methods": []any{"qr"}}, Label: map[string]string{"en": "Pay"}})
	if err != nil || changed.Rev != 2 || r.Title(changed)["en"] != "Pay" {
		t.Fatalf("%+v %v", changed, err)
	}
	client, err := r.Payment(changed)
	if err != nil {
		t.Fatal(err)
	}
	m, err := client.Methods(context.Background(), &pluginv1.MethodsRequest{})
	if err != nil || len(m.GetMethods()) != 1 {
		t.Errorf("the plugin works by old settings: %v %v", m, err)
	}
	if _, err := r.Enable(context.Background(), r.sc, in.ID, false); err != nil {
		t.Fatal(err)
	}
	if active, err := r.Active(context.Background(), r.sc, "payment"); err != nil || len(active) != 0 {
		t.Errorf("a disabled plugin is active: %v %v", active, err)
	}
	other := db.Scope{Tenant: db.NewID()}
	if _, err := r.Change(context.Background(), other, in.ID, plugins.Change{}); !errors.Is(err, plugins.ErrNotFound) {
		t.Errorf("another tenant's installation: %v", err)
	}
	if err := r.Remove(context.Background(), r.sc, in.ID); err != nil {
		t.Fatal(err)
	}
	if n := r.count("SELECT count(*) FROM plugin_installations WHERE secrets IS NOT NULL"); n != 0 {
		t.Error("the secrets outlived the installation")
	}
	r.install() // and it may come back
}

// hook is a notification about a payment as the provider signs it.
func (r *rig) hook(in plugins.Installation, id, reference, secret string) (token string, h plugins.Hook) {
	body := fmt.Appendf(nil, `{"id":%q,"type":"payment.captured","created":"2026-01-01T00:00:00Z","data":{"payment":{"id":"pay_1","reference":%q,"amount":5,"captured":5,"currency":"GBP","state":"captured"}}}`, id, reference)
	h = plugins.Hook{Method: "POST", Header: map[string][]string{"Sandboxpay-Signature": {provider.Sign(secret, time.Now(), body)}}, Body: body}
	return strings.TrimPrefix(r.HookURL(in), "https://alpha.example/hooks/"), h
}

func (r *rig) deliveries(in plugins.Installation) (list []plugins.Delivery) {
	r.t.Helper()
	out, err := r.DeliveriesHTTP(r.ctx(), &plugins.DeliveriesInput{ID: in.ID})
	if err != nil {
		r.t.Fatal(err)
	}
	return out.Body.Items
}

func TestDeliveryHasItsEffectOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	in := r.install()
	token, genuine := r.hook(in, "ntf_1", "ref-1", webhookSecret)
	_, forged := r.hook(in, "ntf_2", "ref-2", "another secret")
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if reply, err := r.Receive(context.Background(), token, genuine); err != nil || reply.Status != 200 {
				t.Errorf("genuine: %+v %v", reply, err)
			}
		})
	}
	wg.Wait()
	if reply, err := r.Receive(context.Background(), token, forged); err != nil || reply.Status != 401 {
		t.Errorf("forged: %+v %v", reply, err)
	}
	other := []byte(token)
	other[len(other)/2] ^= 1
	for _, bad := range []string{"", "x", string(other)} {
		if _, err := r.Receive(context.Background(), bad, genuine); err == nil || fault.KindOf(err) != fault.NotFound {
			t.Errorf("token %q: %v", bad, err)
		}
	}
	states := map[string]int{}
	for _, d := range r.deliveries(in) {
		states[d.State]++
	}
	if d := cmp.Diff(map[string]int{"accepted": 1, "duplicate": 9, "refused": 1}, states); d != "" {
		t.Error(d)
	}
	if n := r.count("SELECT count(*) FROM webhook_deliveries WHERE encode(request, 'escape') LIKE '%ref-1%'"); n != 0 {
		t.Error("a delivery lies open in the database")
	}
	// The apply function may run for a double before its transaction is refused; what counts is what was committed, and here that is one.
	if n := r.count("SELECT count(*) FROM outbox_events WHERE type = $1", plugins.TimerDelivery); n != 0 {
		t.Errorf("%d timers are left", n)
	}
}

func TestDeliveryThatFailsIsHandledLater(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	in := r.install()
	token, h := r.hook(in, "ntf_1", "ref-1", webhookSecret)
	r.fail = errors.New("the database has a bad day")
	if reply, err := r.Receive(context.Background(), token, h); err != nil || reply.Status != 503 {
		t.Fatalf("%+v %v", reply, err)
	}
	if d := r.deliveries(in)[0]; d.State != "failed" || d.Attempts != 1 {
		t.Errorf("delivery %+v", d)
	}
	r.fail = nil
	id := r.deliveries(in)[0].ID
	if n := r.count("SELECT count(*) FROM outbox_events WHERE type = $1 AND subject = $2", plugins.TimerDelivery, id.String()); n != 1 {
		t.Fatalf("%d timers are set", n)
	}
	if err := r.DeliveryDue(r.ctx(), outbox.Event{Tenant: r.sc.Tenant, Subject: id.String()}); err != nil {
		t.Fatal(err)
	}
	if d := r.deliveries(in)[0]; d.State != "accepted" {
		t.Errorf("delivery %+v", d)
	}
	if _, err := r.Replay(context.Background(), r.sc, in.ID, id); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"ref-1", "ref-1"}, r.applied); d != "" {
		t.Errorf("replay: %s", d)
	}
	if _, err := r.Replay(context.Background(), r.sc, uuid.New(), id); !errors.Is(err, plugins.ErrNotFound) {
		t.Errorf("replay by another installation: %v", err)
	}
}

func TestDeliverySurvivesThePlugin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	in := r.install()
	token, h := r.hook(in, "ntf_1", "ref-1", webhookSecret)
	s, err := r.Health(in)
	if err != nil || s.State != host.Ready {
		t.Fatalf("%+v %v", s, err)
	}
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if reply, err := r.Receive(context.Background(), token, h); err != nil || reply.Status != 200 {
		t.Errorf("%+v %v", reply, err)
	}
	if d := cmp.Diff([]string{"ref-1"}, r.applied); d != "" {
		t.Error(d)
	}
}

func TestUnsoundReleaseStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ json, want string }{
		"no json":     {"{", "unexpected end"},
		"no version":  {`{"id":"a/b","kinds":["payment"],"name":{"en":"B"}}`, "version"},
		"no file":     {`{"id":"a/b","version":"1","kinds":["payment"],"name":{"en":"B"},"files":[]}`, "no file for"},
		"outside":     {`{"id":"a/b","version":"1","kinds":["payment"],"name":{"en":"B"},"files":[{"path":"../../bin/sh","sha256":"00","os":"linux","arch":"amd64"}]}`, "no file for"},
		"bad schema":  {`{"id":"a/b","version":"1","kinds":["payment"],"name":{"en":"B"},"config_schema":{"type":"objekt"},"files":[{"path":"plugin","sha256":"00","os":"linux","arch":"amd64"}]}`, "config_schema"},
		"remote $ref": {`{"id":"a/b","version":"1","kinds":["payment"],"name":{"en":"B"},"config_schema":{"$ref":"https://x.example/s.json"},"files":[{"path":"plugin","sha256":"00","os":"linux","arch":"amd64"}]}`, "config_schema"},
	} {
		dir := t.TempDir()
		os.Mkdir(filepath.Join(dir, "b"), 0o755)
		if err := os.WriteFile(filepath.Join(dir, "b", "plugin.json"), []byte(c.json), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := plugins.New(nil, nil, secrets.Keys{}, nil, plugins.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
