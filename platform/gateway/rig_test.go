package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

// rig is a gateway on a real port, with a real database and Redis.
type rig struct {
	*Gateway
	t     *testing.T
	url   string
	base  dbtest.Database
	redis redis.UniversalClient
	auth  *fakeAuth
}

// fakeAuth knows credentials by their secret; what it allows is in the scopes of the identity.
type fakeAuth struct {
	mu    sync.Mutex
	known map[string]access.Identity
}

func (f *fakeAuth) Authenticate(_ context.Context, _ uuid.UUID, c access.Credential) (access.Identity, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id, ok := f.known[string(c.Kind)+":"+c.Secret]
	if !ok {
		return id, fault.New(fault.Unauthenticated, "auth.unknown", "no")
	}
	return id, nil
}

func (f *fakeAuth) Allowed(_ context.Context, id access.Identity, permission string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range id.Scopes {
		if s == permission && !f.forbidden(permission) {
			return true
		}
	}
	return false
}

func (f *fakeAuth) forbidden(p string) bool { _, ok := f.known["forbidden:"+p]; return ok }

func (f *fakeAuth) add(kind access.CredentialKind, secret string, id access.Identity) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known[string(kind)+":"+secret] = id
}

func (f *fakeAuth) drop(kind access.CredentialKind, secret string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, string(kind)+":"+secret)
}

func testConfig() Config {
	return Config{
		Listen: "127.0.0.1:0", Internal: "127.0.0.1:0", BaseDomain: "shops.test", DrainTimeout: 5 * time.Second, AccessLog: "none",
		AddressRate: 100_000, KeyRate: 100_000, StrictRate: 20, StreamsTenant: 100, StreamsAddress: 100,
	}
}

var testShop = fstest.MapFS{
	"index.html":            {Data: []byte("<!doctype html><title>shop</title>")},
	"assets/app-1a2b.js":    {Data: []byte("console.log(1)")},
	"assets/app-1a2b.js.br": {Data: []byte("brotli")},
	"assets/app-1a2b.js.gz": {Data: []byte("gzip")},
	"sw.js":                 {Data: []byte("self")},
}

var testConsole = fstest.MapFS{
	"index.html": {Data: []byte(`<!doctype html><meta name="csp-nonce" content="__NONCE__"><title>console</title>`)},
	"docs.html":  {Data: []byte(`<!doctype html><meta name="csp-nonce" content="__NONCE__"><title>docs</title>`)},
}

// newRig makes a gateway that is not started; change what the test needs, then start it.
func newRig(t *testing.T, change func(*Config, *Deps, *Hooks)) *rig {
	t.Helper()
	return rigOn(t, dbtest.Create(t), dbtest.Redis(t).URL, change)
}

func rigOn(t *testing.T, base dbtest.Database, redisURL string, change func(*Config, *Deps, *Hooks)) *rig {
	t.Helper()
	o, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRetries = -1
	r := &rig{t: t, base: base, redis: redis.NewClient(o), auth: &fakeAuth{known: map[string]access.Identity{}}}
	t.Cleanup(func() { _ = r.redis.Close() })
	c, d, h := testConfig(), Deps{DB: base.DB, Redis: r.redis, Shop: testShop, Console: testConsole, NonceToken: "__NONCE__", Version: "test"}, Hooks{Authenticator: r.auth, Rate: func(string) int { return 100_000 }}
	if change != nil {
		change(&c, &d, &h)
	}
	if r.Gateway, err = New(c, d, h); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) start() *rig {
	r.t.Helper()
	if err := r.Start(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := r.Stop(context.Background()); err != nil {
			r.t.Error(err)
		}
	})
	r.url = "http://" + r.Addr()
	return r
}

// tenant opens a shop.
func (r *rig) tenant(slug string) uuid.UUID {
	r.t.Helper()
	id := db.NewID()
	r.sql(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES ($1, $2, $2, 'retail', 'GB', 'GBP', 'UTC', 'en', now(), now())`, id, slug)
	return id
}

func (r *rig) sql(query string, args ...any) {
	r.t.Helper()
	if _, err := r.base.Owner(r.t).Exec(context.Background(), query, args...); err != nil {
		r.t.Fatal(err)
	}
}

// ask is one request; headers are "Name: value". Without a Host header it goes to the bare base domain.
type ask struct {
	method, path, body string
	headers            []string
}

type reply struct {
	*http.Response
	text string
	json map[string]any
}

func (r *rig) do(a ask) reply {
	r.t.Helper()
	if a.method == "" {
		a.method = "GET"
	}
	req, err := http.NewRequest(a.method, r.url+a.path, strings.NewReader(a.body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Host = "shops.test"
	if a.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range a.headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	res, err := plain.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	out := reply{Response: res, text: string(b)}
	_ = json.Unmarshal(b, &out.json)
	return out
}

var plain = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 20 * time.Second}

func (a reply) code() string { s, _ := a.json["code"].(string); return s }

// until polls for something that becomes true.
func until(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %s: %s", within, what)
}

// TestMain also sees to it that stopped gateways leave nothing running.
func TestMain(m *testing.M) {
	status := m.Run()
	for end := time.Now().Add(3 * time.Second); status == 0; time.Sleep(20 * time.Millisecond) {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		left := strings.Count(string(stacks), "allhours/platform/gateway.(") + strings.Count(string(stacks), "fasthttp.(*Server)")
		if left == 0 {
			break
		}
		if time.Now().After(end) {
			fmt.Printf("goroutines are left:\n%s\n", stacks)
			status = 1
		}
	}
	os.Exit(status)
}
