package demo_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/alerts"
	"allhours/platform/base/blob"
	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/platform/catalog"
	"allhours/platform/customers"
	"allhours/platform/inventory"
	"allhours/platform/notify"
	"allhours/platform/orders"
	"allhours/platform/payments"
	"allhours/plugins"
	"allhours/plugins/host"
	"allhours/plugins/host/hosttest"
	"allhours/plugins/official/sandboxpay/provider"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/demo"
	"allhours/tenants/members"
)

var pluginDir string

// TestMain builds the payment plugin as `make build` does.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ahdemo")
	check(err)
	check(os.Chmod(dir, 0o711)) // plugins run as another user where we are root
	pluginDir = dir
	check(hosttest.Release(dir, "sandboxpay", "allhours/plugins/official/sandboxpay"))
	slog.SetLogLoggerLevel(slog.LevelError)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// rig is an installation put together as app does.
type rig struct {
	demo.Parts
	t         *testing.T
	members   *members.Members
	customers *customers.Customers
	orders    *orders.Orders
	payments  *payments.Payments
	alerts    *alerts.Alerts
	owner     *pgx.Conn
	dir       string // of the provider's journal
}

func newRig(t *testing.T) *rig {
	t.Helper()
	base := dbtest.Create(t)
	r := &rig{t: t, owner: base.Owner(t), dir: t.TempDir()}
	text, err := secrets.Generate()
	r.must(err)
	keys, err := secrets.Parse(text)
	r.must(err)
	files, err := blob.Open(blob.Config{Dir: t.TempDir()})
	r.must(err)
	d := base.DB
	r.DB = d
	r.Tenants = tenants.New(d, tenants.Config{BaseDomain: "localhost", Plan: "free"})
	r.Access, err = access.New(d, r.Tenants.Watch, keys)
	r.must(err)
	r.members = members.New(d, r.Tenants, r.Access, keys)
	r.Inventory = inventory.New(d)
	r.Catalog = catalog.New(d, catalog.Parts{Files: files, Limits: r.Tenants.Limits, Supplier: r.Inventory})
	r.orders = orders.New(d, orders.Parts{Catalog: r.Catalog, Inventory: r.Inventory, Signer: keys.Signer, Shops: func(context.Context, db.Scope) (orders.Shop, error) { return orders.Shop{}, nil }})
	r.customers = customers.New(d, r.Access, keys.Signer, r.orders)
	run, err := os.MkdirTemp("", "ahrun")
	r.must(err)
	r.must(os.Chmod(run, 0o711))
	h, err := host.New(host.Config{RunDir: run, Log: slog.New(slog.DiscardHandler), Grace: 100 * time.Millisecond, Private: host.Loopback})
	r.must(err)
	t.Cleanup(func() { h.Close(); os.RemoveAll(run) })
	r.Tenants.Limits.Count(tenants.Products, catalog.CountTx)
	r.Tenants.Limits.Count(tenants.Plugins, plugins.CountTx)
	r.Plugins, err = plugins.New(d, h, keys, r.Tenants.Limits, plugins.Config{Dir: pluginDir, PublicURL: "http://localhost:1"})
	r.must(err)
	r.payments = payments.New(d, r.Plugins, r.orders)
	r.orders.UsePayer(r.payments)
	mailer, err := notify.NewMailer(notify.MailConfig{SMTPURL: "smtp://127.0.0.1:1"})
	r.must(err)
	r.alerts = alerts.New(d, notify.New(d, notify.Parts{Box: keys.Box, Members: r.members, Access: r.Access, Customers: r.customers, Mailer: mailer, URLs: notify.URLs{Shop: func(slug string) string { return "http://" + slug }}}))
	r.Tenants.Provision(r.Catalog, r.Inventory, r.alerts)
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// startProvider runs the payment company at another address each time, with the same memory.
func (r *rig) startProvider() (stop func()) {
	r.t.Helper()
	var p *provider.Provider
	server := httptest.NewUnstartedServer(nil)
	p, err := provider.Open(provider.Config{Dir: r.dir, PublicURL: "http://" + server.Listener.Addr().String(), AdminToken: "admin", Log: slog.New(slog.DiscardHandler)})
	r.must(err)
	server.Config.Handler = p.Handler()
	server.Start()
	r.Provider = demo.Provider{URL: server.URL, AdminToken: "admin"}
	return func() {
		server.CloseClientConnections()
		server.Close()
		r.must(p.Close())
	}
}

func (r *rig) tenant(slug string) uuid.UUID {
	r.t.Helper()
	id, err := r.Tenants.BySlug(r.t.Context(), slug)
	r.must(err)
	return id
}

func (r *rig) count(query string, args ...any) (n int) {
	r.t.Helper()
	if err := r.owner.QueryRow(r.t.Context(), query, args...).Scan(&n); err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// hear has the alerts hear every event that there is for them, as the relay would.
func (r *rig) hear() {
	r.t.Helper()
	found, err := r.owner.Query(r.t.Context(), `SELECT tenant_id, id, type, subject, payload, created_at FROM outbox_events WHERE due_at <= now() ORDER BY id`)
	r.must(err)
	events, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (e outbox.Event, err error) {
		var payload json.RawMessage
		err = row.Scan(&e.Tenant, &e.ID, &e.Type, &e.Subject, &payload, &e.At)
		e.Payload = payload
		return e, err
	})
	r.must(err)
	for _, e := range events {
		for _, s := range r.alerts.Subscriptions() {
			if s.Event == e.Type {
				r.must(s.Handle(db.WithScope(r.t.Context(), db.Job(e.Tenant, s.Subscriber)), e))
			}
		}
	}
	r.must(r.alerts.Sweep(r.t.Context()))
}

func uuidOf(s string) uuid.UUID { return uuid.MustParse(s) }
