package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/devstack"
	"allhours/platform/base/secrets"
	"allhours/platform/orders/orderstest"
)

// childEnv makes the test binary be a server or a worker: the very processes of production, to be killed.
const childEnv = "ALLHOURS_TEST_CHILD"

func TestMain(m *testing.M) {
	parts, child := map[string]Parts{"serve": Serving, "work": Working}[os.Getenv(childEnv)]
	if !child {
		os.Exit(m.Run())
	}
	if err := runChild(parts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runChild(parts Parts) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c, err := ReadConfig()
	if err != nil {
		return err
	}
	a, err := New(ctx, c)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Start(ctx, parts); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return a.Stop()
	case err := <-a.Failed():
		return err
	}
}

// fleet is an installation of real processes on a database and a Redis of its own.
type fleet struct {
	t        *testing.T
	env      []string
	base     string // http://127.0.0.1:port
	database dbtest.Database
	client   *http.Client
}

func newFleet(t *testing.T, env ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, database: dbtest.Create(t), client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	redis := dbtest.Redis(t)
	post, err := devstack.StartMail("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(post.Stop)
	dir := t.TempDir()
	if err := secrets.MakeFile(filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "plugins"), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	f.base = "http://" + addr
	f.env = append(os.Environ(),
		"ALLHOURS_DATABASE_URL="+f.database.AppURL, "ALLHOURS_REDIS_URL="+redis.URL, "ALLHOURS_KEY_FILE="+filepath.Join(dir, "key"), "ALLHOURS_BLOB_DIR="+filepath.Join(dir, "blobs"),
		"ALLHOURS_PLUGINS_DIR="+filepath.Join(dir, "plugins"), "ALLHOURS_LISTEN="+addr, "ALLHOURS_LISTEN_INTERNAL=127.0.0.1:0", "ALLHOURS_LOG_LEVEL=ERROR", "ALLHOURS_ACCESS_LOG=none",
		"ALLHOURS_SMTP_URL="+post.SMTPURL, "ALLHOURS_SIGNUP_PLAN=unlimited", "ALLHOURS_RATE_KEY=100000", "ALLHOURS_RATE_ADDRESS=100000")
	f.env = append(f.env, env...)
	return f
}

// start runs a part and returns its process; for a server it waits until it answers.
func (f *fleet) start(part string) *exec.Cmd {
	f.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(f.env, childEnv+"="+part)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = cmd.Process.Kill(); _, _ = cmd.Process.Wait() })
	if part == "serve" {
		f.until("the gateway answers", func() bool {
			r, err := f.client.Get(f.base + "/healthz")
			if err != nil {
				return false
			}
			r.Body.Close()
			return r.StatusCode == http.StatusOK
		})
	}
	return cmd
}

// until polls for a state that other processes bring about.
func (f *fleet) until(what string, met func() bool) {
	f.t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for !met() {
		if time.Now().After(deadline) {
			f.t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// call sends JSON and decodes the answer; it returns the status, 0 where there was none.
func (f *fleet) call(method, path string, header http.Header, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, f.base+path, body)
	if err != nil {
		return 0, err
	}
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Content-Type", "application/json")
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	} else {
		req.Host = "localhost"
	}
	res, err := f.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if out != nil && res.StatusCode < 300 {
		if err := json.Unmarshal(b, out); err != nil {
			return res.StatusCode, err
		}
	}
	if res.StatusCode >= 400 {
		return res.StatusCode, errors.New(string(b))
	}
	for _, c := range res.Cookies() {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	return res.StatusCode, nil
}

func (f *fleet) must(method, path string, header http.Header, in, out any) {
	f.t.Helper()
	if status, err := f.call(method, path, header, in, out); err != nil {
		f.t.Fatalf("%s %s: %d %v", method, path, status, err)
	}
}

// shop signs a business up and gives the headers of its owner and of an API key.
func (f *fleet) shop(slug string) (tenant string, owner, key http.Header) {
	f.t.Helper()
	owner = http.Header{"X-Allhours": {"1"}, "Sec-Fetch-Site": {"same-origin"}}
	var signed struct{ Tenant struct{ ID string } }
	f.must("POST", "/api/v1/signup", owner, map[string]any{
		"business": slug, "slug": slug, "industry": "retail", "email": "owner@" + slug + ".example", "password": "quarry-9-lantern-zephyr-tide", "name": "Owner", "country": "GB", "currency": "GBP", "time_zone": "Europe/London", "language": "en",
	}, &signed)
	var made struct{ Secret string }
	f.must("POST", "/api/v1/api-keys", owner, map[string]any{"name": "load", "scopes": []string{"orders:read", "orders:write", "products:read", "inventory:read", "inventory:write"}}, &made)
	return signed.Tenant.ID, owner, http.Header{"Authorization": {"Bearer " + made.Secret}}
}

// product puts something with stock on sale.
func (f *fleet) product(owner http.Header, sku string, stock int) {
	f.t.Helper()
	var lists struct{ Items []struct{ ID string } }
	f.must("GET", "/api/v1/price-lists", owner, nil, &lists)
	f.must("POST", "/api/v1/products", owner, map[string]any{
		"title": map[string]string{"en": sku}, "status": "active", "variants": []map[string]any{{"sku": sku, "on_hand": stock, "prices": []map[string]any{{"price_list_id": lists.Items[0].ID, "min_quantity": 1, "amount": 500}}}},
	}, nil)
}

func orderOfOne(sku, email string) map[string]any {
	return map[string]any{
		"customer": map[string]string{"email": email, "name": "Load"}, "fulfilment_type": "ship", "payment": map[string]string{"method": "manual"},
		"shipping_address": map[string]any{"name": "Load", "lines": []string{"1 High Street"}, "city": "Leeds", "postal_code": "LS1 1AA", "country": "GB"}, "lines": []map[string]any{{"sku": sku, "quantity": 1}},
	}
}

func (f *fleet) count(conn *pgx.Conn, sql string, args ...any) (n int) {
	f.t.Helper()
	if err := conn.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// TestKilledUnderLoad kills the gateway and the worker ten times in the middle of load. Every order answered with 201 must be there exactly once with its stock taken,
// its event delivered and its alerts evaluated, and nothing may be half done.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	procs := map[string]*exec.Cmd{"serve": f.start("serve"), "work": f.start("work")}
	tenant, owner, key := f.shop("crash")
	const stock, buyers, kills = 1_000_000, 12, 10
	f.product(owner, "SOLID", stock)
	f.product(owner, "FEW", 33) // falls under its threshold on the way: one incident

	const each = 30 // orders per buyer
	var placed sync.Map
	var answered atomic.Int64
	step := make(chan struct{}, buyers*each) // one for each order answered
	var load sync.WaitGroup
	for b := range buyers {
		load.Go(func() {
			for n := range each {
				sku := "SOLID"
				if b == 0 {
					sku = "FEW"
				}
				header := key.Clone()
				header.Set("Idempotency-Key", fmt.Sprintf("crash-%d-%d", b, n))
				deadline := time.Now().Add(2 * time.Minute)
				for {
					var order struct {
						ID     string
						Number int64
					}
					status, err := f.call("POST", "/api/v1/orders", header, orderOfOne(sku, fmt.Sprintf("b%d-%d@example.com", b, n)), &order)
					if status == http.StatusCreated {
						placed.Store(order.ID, order.Number)
						answered.Add(1)
						step <- struct{}{}
						break
					}
					// No answer, or "try again": the same request with the same key.
					if status != 0 && status != http.StatusServiceUnavailable && status != http.StatusGatewayTimeout || time.Now().After(deadline) {
						t.Errorf("order %d of buyer %d: %d %v", n, b, status, err)
						return
					}
				}
			}
		})
	}
	for k := range kills {
		for range buyers * each / (kills + 2) {
			select {
			case <-step:
			case <-time.After(time.Minute):
				t.Fatalf("no order was answered for a minute after %d kills", k)
			}
		}
		part := []string{"serve", "work"}[k%2]
		if err := procs[part].Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = procs[part].Wait()
		procs[part] = f.start(part)
	}
	load.Wait()

	conn := f.database.Owner(t)
	f.until("everything is delivered", func() bool {
		return f.count(conn, `SELECT (SELECT count(*) FROM outbox_events WHERE published_at IS NULL AND due_at <= now()) + (SELECT count(*) FROM outbox_deliveries WHERE state = 'pending')`) == 0
	})
	for _, cmd := range procs {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("a process did not end cleanly: %v", err)
		}
	}
	want := int(answered.Load())
	if want != buyers*each {
		t.Fatalf("%d orders answered, want %d", want, buyers*each)
	}
	for what, sql := range map[string]string{
		"orders":                      `SELECT count(*) FROM orders WHERE tenant_id = $1 AND status = 'placed'`,
		"order numbers":               `SELECT count(DISTINCT number) FROM orders WHERE tenant_id = $1`,
		"stock taken":                 `SELECT sum(committed) FROM pool_levels WHERE tenant_id = $1`,
		"events":                      `SELECT count(*) FROM outbox_events WHERE tenant_id = $1 AND type = 'order.placed'`,
		"evaluations by alerts":       `SELECT count(*) FROM outbox_deliveries d JOIN outbox_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id WHERE d.tenant_id = $1 AND e.type = 'order.placed' AND d.subscriber = 'alerts' AND d.state = 'done'`,
		"customers":                   `SELECT count(DISTINCT customer_id) FROM orders WHERE tenant_id = $1`,
		"confirmations to customers":  `SELECT count(*) FROM messages WHERE tenant_id = $1 AND template = 'order.placed'`,
		"orders with lines and trail": `SELECT count(*) FROM orders o WHERE tenant_id = $1 AND EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id) AND EXISTS (SELECT 1 FROM order_events e WHERE e.order_id = o.id) AND EXISTS (SELECT 1 FROM audit_log a WHERE a.tenant_id = o.tenant_id AND a.object_id = o.id::text)`,
	} {
		if got := f.count(conn, sql, tenant); got != want {
			t.Errorf("%d %s, want %d", got, what, want)
		}
	}
	placed.Range(func(id, number any) bool {
		if n := f.count(conn, `SELECT count(*) FROM orders WHERE id = $1 AND number = $2`, id, number); n != 1 {
			t.Errorf("order %v (#%v) was answered and stands %d times", id, number, n)
		}
		return true
	})
	if n := f.count(conn, `SELECT count(*) FROM outbox_deliveries WHERE state = 'dead' AND subscriber <> 'notify'`); n != 0 {
		t.Errorf("%d deliveries were given up", n)
	}
	if n := f.count(conn, `SELECT count(*) FROM incidents WHERE kind = 'stock_low'`); n != 1 {
		t.Errorf("%d incidents of low stock, want 1", n)
	}
	orderstest.Check(t, conn)
}

// TestDrain stops the server while requests are in flight: none is cut.
func TestDrain(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	server := f.start("serve")
	_, owner, key := f.shop("drain")
	f.product(owner, "A", 1000)
	var inFlight sync.WaitGroup
	var ok, refused, cut atomic.Int64
	begun := make(chan struct{}, 400)
	for b := range 8 {
		inFlight.Go(func() {
			for n := range 50 {
				header := key.Clone()
				header.Set("Idempotency-Key", fmt.Sprintf("drain-%d-%d", b, n))
				begun <- struct{}{}
				status, err := f.call("POST", "/api/v1/orders", header, orderOfOne("A", "d@example.com"), nil)
				switch {
				case status == http.StatusCreated:
					ok.Add(1)
				case status == 0 && strings.Contains(err.Error(), "connection refused"):
					refused.Add(1)
					return
				case status == 0:
					cut.Add(1)
					t.Logf("cut: %v", err)
				default:
					t.Errorf("answered %d: %v", status, err)
				}
			}
		})
	}
	for range 40 {
		<-begun
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	inFlight.Wait()
	if cut.Load() > 0 {
		t.Errorf("%d requests were cut", cut.Load())
	}
	if ok.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d answered, %d refused: the server was not stopped in the middle of them", ok.Load(), refused.Load())
	}
	conn := f.database.Owner(t)
	if n := f.count(conn, `SELECT count(*) FROM orders`); n != int(ok.Load()) {
		t.Errorf("%d orders stand, %d were answered (%d refused, %d cut)", n, ok.Load(), refused.Load(), cut.Load())
	}
	orderstest.Check(t, conn)
}
