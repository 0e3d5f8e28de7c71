package payments_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
	"allhours/platform/orders"
	"allhours/platform/payments"
	"allhours/plugins"
	"allhours/plugins/host"
	"allhours/plugins/host/hosttest"
	"allhours/plugins/official/sandboxpay/provider"
	"allhours/tenants"
)

var pluginsDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ahpay")
	if err != nil {
		panic(err)
	}
	os.Chmod(dir, 0o711)
	pluginsDir = dir
	if err := hosttest.Release(dir, "sandboxpay", "allhours/plugins/official/sandboxpay"); err != nil {
		panic(err)
	}
	slog.SetLogLoggerLevel(slog.LevelError)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

const (
	secretKey     = "sk_test_12345678"
	webhookSecret = "whsec_12345678"
	adminToken    = "admin"
)

// rig is a shop with real orders, a plugin process, and a provider with its journal on disk.
type rig struct {
	*payments.Payments
	t         *testing.T
	orders    *orders.Orders
	plugins   *plugins.Plugins
	host      *host.Host
	provider  *provider.Provider
	api       *httptest.Server // the provider's
	front     *httptest.Server // ours: /hooks/
	db        *db.DB
	owner     *pgx.Conn
	ownerLock sync.Mutex
	sc        db.Scope
	inst      plugins.Installation
	ahead     atomic.Int64 // of the clock
	hold      atomic.Bool  // notifications are kept instead of handled
	held      chan plugins.Hook
	stop      func()
	shop      orders.Shop
}

func newRig(t *testing.T) *rig {
	t.Helper()
	base := dbtest.Create(t)
	r := &rig{t: t, owner: base.Owner(t), held: make(chan plugins.Hook, 100)}
	r.db = base.DB.WithClock(func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) })
	r.sc = db.Scope{Tenant: db.NewID(), Actor: db.Actor{Kind: "member", ID: "m", Via: "ui"}}
	r.exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES ($1, 'alpha', 'Alpha', 'retail', 'GB', 'GBP', 'Europe/London', 'en', now(), now())`, r.sc.Tenant)

	var err error
	r.api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.provider.Handler().ServeHTTP(w, q) }))
	r.front = httptest.NewServer(http.HandlerFunc(r.hook))
	quiet := slog.New(slog.DiscardHandler)
	if r.provider, err = provider.Open(provider.Config{Dir: t.TempDir(), PublicURL: r.api.URL, AdminToken: adminToken, RetryBase: 20 * time.Millisecond, Log: quiet}); err != nil {
		t.Fatal(err)
	}
	r.merchant(map[string]any{"secret_key": secretKey, "webhook_secret": webhookSecret})
	run, err := os.MkdirTemp("", "ahrun")
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(run, 0o711)
	if r.host, err = host.New(host.Config{RunDir: run, Log: quiet, Grace: 100 * time.Millisecond, Private: host.Loopback}); err != nil {
		t.Fatal(err)
	}
	keys := newKeys(t)
	limits := &tenants.Limits{}
	limits.Count(tenants.Plugins, plugins.CountTx)
	if r.plugins, err = plugins.New(r.db, r.host, keys, limits, plugins.Config{Dir: pluginsDir, PublicURL: r.front.URL}); err != nil {
		t.Fatal(err)
	}
	r.shop = orders.Shop{Currency: "GBP", Country: "GB", Language: "en", UnpaidExpiry: 20 * time.Minute}
	r.orders = orders.New(r.db, orders.Parts{
		Catalog: catalog.New(r.db, catalog.Parts{}), Inventory: inventory.New(r.db), Signer: keys.Signer,
		Shops: func(context.Context, db.Scope) (orders.Shop, error) { return r.shop, nil },
	})
	r.Payments = payments.New(r.db, r.plugins, r.orders)
	r.orders.UsePayer(r.Payments)
	r.stock("MUG", 1000, 1000)
	r.inst, err = r.plugins.Install(context.Background(), r.sc, "allhours/sandboxpay", plugins.Settings{
		Config: map[string]any{"base_url": r.api.URL}, Secrets: map[string]string{"secret_key": secretKey, "webhook_secret": webhookSecret},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.relay()
	t.Cleanup(func() {
		r.stop()
		r.provider.Close()
		r.front.Close()
		r.api.CloseClientConnections()
		r.api.Close()
		r.host.Close()
		os.RemoveAll(run)
	})
	return r
}

func newKeys(t *testing.T) secrets.Keys {
	t.Helper()
	text, err := secrets.Generate()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secrets.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// relay carries the timers, as jobs does.
func (r *rig) relay() {
	handlers := map[string]outbox.Handler{
		payments.TimerLookup: r.OnLookupDue, payments.TimerExpire: r.OnExpireDue, payments.TimerOperation: r.OnOperationDue,
		plugins.TimerDelivery: r.plugins.DeliveryDue, orders.TimerUnpaid: r.orders.OnUnpaidDue,
	}
	var subs []outbox.Subscription
	for event, h := range handlers {
		subs = append(subs, outbox.Subscription{Event: event, Subscriber: event, Handle: h})
	}
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	var relay *outbox.Relay
	relay, err := outbox.NewRelay(r.db, subs, func(_ context.Context, ds []outbox.Delivery) error {
		for _, d := range ds {
			work.Go(func() { _ = relay.Deliver(ctx, d) })
		}
		return nil
	}, outbox.Options{Poll: 20 * time.Millisecond, Redrive: time.Second})
	if err != nil {
		r.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); relay.Run(ctx) }()
	r.stop = func() { cancel(); <-done; work.Wait() }
}

// hook is our ingress, as the gateway calls it.
func (r *rig) hook(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	h := plugins.Hook{Method: q.Method, Path: q.URL.Path, Header: q.Header, Body: body, IP: q.RemoteAddr}
	if r.hold.Load() {
		r.held <- h
		return
	}
	w.WriteHeader(r.receive(h))
}

func (r *rig) receive(h plugins.Hook) int {
	reply, err := r.plugins.Receive(context.Background(), strings.TrimPrefix(h.Path, "/hooks/"), h)
	if err != nil {
		return 500
	}
	return reply.Status
}

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	r.ownerLock.Lock()
	defer r.ownerLock.Unlock()
	if _, err := r.owner.Exec(context.Background(), sql, args...); err != nil {
		r.t.Fatalf("%v\n%s", err, sql)
	}
}

func (r *rig) count(sql string, args ...any) (n int) {
	r.t.Helper()
	r.ownerLock.Lock()
	defer r.ownerLock.Unlock()
	if err := r.owner.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		r.t.Fatalf("%v\n%s", err, sql)
	}
	return n
}

// events counts the outbox events of a type that have happened.
func (r *rig) events(typ string) int {
	r.t.Helper()
	return r.count("SELECT count(*) FROM outbox_events WHERE type = $1", typ)
}

func (r *rig) stock(sku string, price, onHand int64) {
	tenant := r.sc.Tenant
	list, product, variant, location, pool, level := db.NewID(), db.NewID(), db.NewID(), db.NewID(), db.NewID(), db.NewID()
	r.exec(`INSERT INTO price_lists (tenant_id, id, name, currency, is_default, created_at, updated_at) VALUES ($1, $2, 'Retail', 'GBP', true, now(), now())`, tenant, list)
	r.exec(`INSERT INTO locations (tenant_id, id, name, rank, created_at, updated_at) VALUES ($1, $2, 'Shop', 0, now(), now())`, tenant, location)
	r.exec(`INSERT INTO products (tenant_id, id, slug, status, title, created_at, updated_at) VALUES ($1, $2, $3, 'active', '{"en": "Mug"}', now(), now())`, tenant, product, strings.ToLower(sku))
	r.exec(`INSERT INTO variants (tenant_id, id, product_id, sku, fulfilment_types, created_at, updated_at) VALUES ($1, $2, $3, $4, '{ship}', now(), now())`, tenant, variant, product, sku)
	r.exec(`INSERT INTO prices (tenant_id, price_list_id, variant_id, amount) VALUES ($1, $2, $3, $4)`, tenant, list, variant, price)
	r.exec(`INSERT INTO resource_uses (tenant_id, variant_id, kind, key) VALUES ($1, $2, 'stock', $3)`, tenant, variant, sku)
	r.exec(`INSERT INTO pools (tenant_id, id, location_id, kind, key, created_at) VALUES ($1, $2, $3, 'stock', $4, now())`, tenant, pool, location, sku)
	r.exec(`INSERT INTO pool_levels (tenant_id, id, pool_id, on_hand, updated_at) VALUES ($1, $2, $3, $4, now())`, tenant, level, pool, onHand)
	r.exec(`INSERT INTO movements (tenant_id, id, level_id, kind, on_hand_delta, at) VALUES ($1, $2, $3, 'receive', $4, now())`, tenant, db.NewID(), level, onHand)
}

func (r *rig) merchant(settings map[string]any) {
	r.t.Helper()
	raw, _ := json.Marshal(settings)
	r.admin("PUT", "/admin/merchants/shop", raw, nil)
}

func (r *rig) admin(method, path string, body []byte, out any) {
	r.t.Helper()
	req, _ := http.NewRequest(method, r.api.URL+path, bytes.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	if resp.StatusCode > 299 {
		r.t.Fatalf("%s %s: %s %s", method, path, resp.Status, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			r.t.Fatal(err)
		}
	}
}

// charge is a payment as the provider has it.
type charge struct {
	ID, Reference, State       string
	Amount, Captured, Refunded int64
	PageURL                    string `json:"page_url"`
}

func (r *rig) charges() []charge {
	r.t.Helper()
	var found struct{ Data []charge }
	r.admin("GET", "/admin/merchants/shop/payments", nil, &found)
	return found.Data
}

// place makes an order of one mug (10.00 GBP) to be paid by the method.
func (r *rig) place(method, key string) (orders.Receipt, error) {
	return r.orders.Place(context.Background(), r.sc, key, orders.PlaceInput{
		FulfilmentType: "ship", ShippingAddress: &orders.Address{Name: "Ann", Lines: []string{"1 High Street"}, City: "Leeds", PostalCode: "LS1 1AA", Country: "GB"},
		Customer: orders.CustomerInput{Email: "ann@example.com", Name: "Ann"}, Lines: []orders.LineInput{{SKU: "MUG", Quantity: 1}},
		Payment: orders.PaymentInput{Method: r.inst.ID.String() + "/" + method, ReturnURL: "https://alpha.example/back"},
	})
}

func (r *rig) mustPlace(method string) orders.Receipt {
	r.t.Helper()
	receipt, err := r.place(method, "")
	if err != nil {
		r.t.Fatal(err)
	}
	if receipt.Payment == nil || receipt.Payment.Status != "action_required" {
		r.t.Fatalf("payment %+v", receipt.Payment)
	}
	return receipt
}

// page is where the shopper pays.
func page(v *orders.PaymentView) string {
	if v.NextAction.Type == "qr" {
		return v.NextAction.Payload
	}
	return v.NextAction.URL
}

// visit posts the payer's decision at the provider.
func (r *rig) visit(page string, fields ...string) {
	r.t.Helper()
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(page, v)
	if err != nil {
		r.t.Fatal(err)
	}
	resp.Body.Close()
}

func (r *rig) payPage(page string, more ...string) {
	r.visit(page, append([]string{"action", "pay"}, more...)...)
}

func (r *rig) order(id uuid.UUID) orders.Order {
	r.t.Helper()
	o, err := r.orders.Get(context.Background(), r.sc, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return o
}

func (r *rig) payment(id uuid.UUID) orders.PaymentView {
	r.t.Helper()
	v, err := r.Get(context.Background(), r.sc, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// until polls until the order is as described.
func (r *rig) until(id uuid.UUID, what string, ok func(orders.Order) bool) orders.Order {
	r.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		o := r.order(id)
		if ok(o) {
			return o
		}
		if time.Now().After(deadline) {
			list, _ := r.OfOrder(context.Background(), r.sc, id)
			raw, _ := json.MarshalIndent(list, "", " ")
			r.t.Fatalf("order is not %s: %s/%s paid %d refunded %d\n%s", what, o.Status, o.PaymentStatus, o.PaidTotal, o.RefundedTotal, raw)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func paid(o orders.Order) bool     { return o.PaymentStatus == orders.Paid && o.Status == orders.Placed }
func refunded(o orders.Order) bool { return o.PaymentStatus == orders.Refunded }

func (r *rig) later(d time.Duration) { r.ahead.Add(int64(d)) }

// killPlugin kills the plugin's process, if it runs, and says whether it did.
func (r *rig) killPlugin() bool {
	s, err := r.plugins.Health(r.inst)
	if err != nil {
		r.t.Fatal(err)
	}
	return s.PID > 0 && syscall.Kill(s.PID, syscall.SIGKILL) == nil
}

// notice waits for a notification that is held back.
func (r *rig) notice() plugins.Hook {
	r.t.Helper()
	select {
	case h := <-r.held:
		return h
	case <-time.After(5 * time.Second):
		r.t.Fatal("no notification")
		return plugins.Hook{}
	}
}
