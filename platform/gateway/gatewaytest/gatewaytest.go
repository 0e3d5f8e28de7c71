// Package gatewaytest runs a domain's endpoints behind the real gateway, on a real port, database and Redis, from a table of scenarios.
//
// Callers are made up (who they are and what they may do is what the scenario says), so that a domain's test needs neither sign-up nor login; everything
// else is as in production.
//
//	s := gatewaytest.New(t, d, func(g *gateway.Gateway) { gateway.Add(g, route, orders.GetHTTP) })
//	a := s.Tenant(t, "a")
//	s.Run(t, []gatewaytest.Case{
//		{Name: "another tenant's", As: s.Member(s.Tenant(t, "b"), "orders:read"), Path: "/api/v1/orders/" + id, Want: 404, Code: "order.not_found"},
//	})
//	s.Guarded(t)
package gatewaytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/platform/gateway"
	"allhours/tenants/access"
)

// BaseDomain is where the shops of the tests live: slug.shops.test.
const BaseDomain = "shops.test"

// Server is a gateway with the routes under test.
type Server struct {
	Gateway *gateway.Gateway
	URL     string
	db      *db.DB
	callers *callers
	slugs   map[uuid.UUID]string
}

// New starts a gateway on the database; register adds the routes. It ends with the test.
func New(t testing.TB, d *db.DB, register func(g *gateway.Gateway)) *Server {
	t.Helper()
	o, err := redis.ParseURL(dbtest.Redis(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(o)
	s := &Server{db: d, callers: &callers{known: map[string]access.Identity{}}, slugs: map[uuid.UUID]string{}}
	s.Gateway, err = gateway.New(gateway.Config{
		Listen: "127.0.0.1:0", BaseDomain: BaseDomain, DrainTimeout: 5 * time.Second, AccessLog: "none",
		AddressRate: 1e6, KeyRate: 1e6, StrictRate: 1e6, StreamsTenant: 1000, StreamsAddress: 1000,
	}, gateway.Deps{DB: d, Redis: client, Version: "test"}, gateway.Hooks{Authenticator: s.callers, Rate: func(string) int { return 1e6 }})
	if err != nil {
		t.Fatal(err)
	}
	register(s.Gateway)
	if err := s.Gateway.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Gateway.Stop(context.Background()); err != nil {
			t.Errorf("gateway: %v", err)
		}
		_ = client.Close()
	})
	s.URL = "http://" + s.Gateway.Addr()
	return s
}

// Tenant opens a shop at slug.shops.test.
func (s *Server) Tenant(t testing.TB, slug string) uuid.UUID {
	t.Helper()
	id := db.NewID()
	err := s.db.InTx(context.Background(), db.Scope{Tenant: id}, func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES (?, ?, ?, 'retail', 'GB', 'GBP', 'UTC', 'en', ?, ?)`, id, slug, slug, tx.Now, tx.Now).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	s.slugs[id] = slug
	return id
}

// At tells the server the slug of a tenant that the test has made itself.
func (s *Server) At(tenant uuid.UUID, slug string) { s.slugs[tenant] = slug }

// Caller is who makes a request, and at which shop. The zero Caller is nobody at no shop.
type Caller struct {
	Identity access.Identity
	host     string
	header   [2]string
}

// Anonymous is a visitor of the tenant's shop.
func (s *Server) Anonymous(tenant uuid.UUID) Caller {
	return Caller{host: s.host(tenant)}
}

// Member is a member of the tenant who has signed in and has the permissions.
func (s *Server) Member(tenant uuid.UUID, permissions ...string) Caller {
	return s.Caller(tenant, access.Identity{Kind: access.Member, ID: db.NewID(), Name: "Mei", Scopes: permissions, SessionID: db.NewID()})
}

// Key is an API key of the tenant with the scopes.
func (s *Server) Key(tenant uuid.UUID, scopes ...string) Caller {
	return s.Caller(tenant, access.Identity{Kind: access.APIKey, ID: db.NewID(), Name: "key", Scopes: scopes})
}

// Customer is a customer who has signed in at the tenant's shop.
func (s *Server) Customer(tenant, customer uuid.UUID) Caller {
	return s.Caller(tenant, access.Identity{Kind: access.Customer, ID: customer, SessionID: db.NewID()})
}

// Guest holds the signed link of one order.
func (s *Server) Guest(tenant, order uuid.UUID) Caller {
	return s.Caller(tenant, access.Identity{Kind: access.Guest, OrderID: order})
}

// Operator is one of the platform's own staff.
func (s *Server) Operator() Caller {
	return s.Caller(db.None, access.Identity{Kind: access.Operator, ID: db.NewID(), Name: "operator"})
}

// Caller makes the identity known, as if it had signed in.
func (s *Server) Caller(tenant uuid.UUID, id access.Identity) Caller {
	id.Tenant = tenant
	secret := uuid.NewString()
	c := Caller{Identity: id, host: s.host(tenant)}
	kind := access.StaffSession
	switch id.Kind {
	case access.APIKey:
		kind, c.header = access.KeySecret, [2]string{"Authorization", "Bearer " + secret}
	case access.Guest:
		kind, c.header = access.OrderToken, [2]string{"Authorization", "Order " + secret}
	case access.Customer:
		kind, c.header = access.CustomerSession, [2]string{"Cookie", access.CustomerCookie + "=" + secret}
	case access.Operator:
		kind, c.header = access.OperatorSession, [2]string{"Cookie", access.OperatorCookie + "=" + secret}
	default:
		c.header = [2]string{"Cookie", access.StaffCookie + "=" + secret}
	}
	s.callers.add(kind, secret, id)
	return c
}

func (s *Server) host(tenant uuid.UUID) string {
	if slug := s.slugs[tenant]; slug != "" {
		return slug + "." + BaseDomain
	}
	return BaseDomain
}

// Case is one request and what must come of it. What is left empty is not looked at, but for Want, which is 200 then.
type Case struct {
	Name   string
	As     Caller
	Method string // GET
	Path   string
	Body   any               // a string or []byte goes as it is, anything else as JSON
	Header map[string]string // beside what the caller brings
	Key    string            // Idempotency-Key
	Want   int               // status
	Code   string            // of the problem
	Fields []string          // that the problem blames, all of them
	Has    []string          // parts of the answer
	Hasnt  []string          // what the answer must not hold
	Check  func(t *testing.T, a Answer)
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Into reads the JSON body.
func (a Answer) Into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		t.Fatalf("answer %s: %v", a.Body, err)
	}
}

// Run makes the requests, one after the other.
func (s *Server) Run(t *testing.T, cases []Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			a := s.Do(t, c)
			if c.Check != nil {
				c.Check(t, a)
			}
		})
	}
}

// Do makes one request and compares.
func (s *Server) Do(t testing.TB, c Case) Answer {
	t.Helper()
	a := s.send(t, c)
	want := c.Want
	if want == 0 {
		want = http.StatusOK
	}
	if a.Status != want {
		t.Errorf("%s %s: status %d, want %d: %s", c.Method, c.Path, a.Status, want, a.Body)
	}
	var p gateway.Problem
	_ = json.Unmarshal(a.Body, &p)
	if c.Code != "" && p.Code != c.Code {
		t.Errorf("%s %s: code %q, want %q: %s", c.Method, c.Path, p.Code, c.Code, a.Body)
	}
	if c.Fields != nil {
		got := []string{}
		for _, e := range p.Errors {
			got = append(got, e.Field)
		}
		slices.Sort(got)
		if wanted := slices.Sorted(slices.Values(c.Fields)); !slices.Equal(got, wanted) {
			t.Errorf("%s %s: blames %v, want %v", c.Method, c.Path, got, wanted)
		}
	}
	for _, part := range c.Has {
		if !bytes.Contains(a.Body, []byte(part)) {
			t.Errorf("%s %s: %q is not in %s", c.Method, c.Path, part, a.Body)
		}
	}
	for _, part := range c.Hasnt {
		if bytes.Contains(a.Body, []byte(part)) {
			t.Errorf("%s %s: %q is in %s", c.Method, c.Path, part, a.Body)
		}
	}
	return a
}

func (s *Server) send(t testing.TB, c Case) Answer {
	t.Helper()
	var body []byte
	switch b := c.Body.(type) {
	case nil:
	case string:
		body = []byte(b)
	case []byte:
		body = b
	default:
		var err error
		if body, err = json.Marshal(b); err != nil {
			t.Fatal(err)
		}
	}
	method := c.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequest(method, s.URL+c.Path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = c.As.host
	if req.Host == "" {
		req.Host = BaseDomain
	}
	if c.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-Allhours", "1") // as our own pages do
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if c.As.header[0] != "" {
		req.Header.Set(c.As.header[0], c.As.header[1])
	}
	if c.Key != "" {
		req.Header.Set("Idempotency-Key", c.Key)
	}
	for name, value := range c.Header {
		if value == "" {
			req.Header.Del(name)
		} else {
			req.Header.Set(name, value)
		}
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{res.StatusCode, res.Header, b}
}

var client = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// Guarded asserts for every route added that it refuses whom its Access shuts out: nobody, a member or key without the permission, and customers.
func (s *Server) Guarded(t *testing.T) {
	t.Helper()
	a := s.Tenant(t, "guarded"+fmt.Sprint(len(s.slugs)))
	callers := map[string]Caller{"nobody": s.Anonymous(a), "member without permissions": s.Member(a), "key without scopes": s.Key(a), "customer": s.Customer(a, db.NewID()), "nobody, no shop": {}}
	for _, r := range s.Gateway.Routes() {
		path := parameter.ReplaceAllString(r.Path, url.PathEscape(uuid.NewString()))
		for name, caller := range callers {
			want := refusal(r.Access, name)
			if want == 0 {
				continue
			}
			if got := s.send(t, Case{As: caller, Method: r.Method, Path: path, Body: "{}", Key: "k"}); got.Status != want {
				t.Errorf("%s %s (%s) as %s: %d, want %d: %s", r.Method, r.Path, r.Access, name, got.Status, want, got.Body)
			}
		}
	}
}

// refusal is the status with which the access refuses the caller; 0 where it need not.
func refusal(a gateway.Access, caller string) int {
	_, staff := a.Permission()
	switch {
	case staff && strings.Contains(caller, "without"):
		return http.StatusForbidden
	case staff:
		return http.StatusUnauthorized
	case a == gateway.SignedIn && caller != "member without permissions", a == gateway.Operator:
		return http.StatusUnauthorized
	case a == gateway.Customer && caller == "nobody, no shop":
		return http.StatusUnprocessableEntity
	case a == gateway.Customer && caller != "customer":
		return http.StatusUnauthorized
	case (a == gateway.Public || a == gateway.Shopper) && caller == "nobody, no shop":
		return http.StatusUnprocessableEntity
	}
	return 0
}

// callers recognises those that the test has made up.
type callers struct {
	mu    sync.Mutex
	known map[string]access.Identity
}

func (c *callers) add(kind access.CredentialKind, secret string, id access.Identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[string(kind)+secret] = id
}

func (c *callers) Authenticate(_ context.Context, _ uuid.UUID, cred access.Credential) (access.Identity, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok := c.known[string(cred.Kind)+cred.Secret]
	if !ok {
		return id, fault.New(fault.Unauthenticated, "auth.unknown", "Nobody has this credential.")
	}
	return id, nil
}

func (c *callers) Allowed(_ context.Context, id access.Identity, permission string) bool {
	return slices.Contains(id.Scopes, permission)
}
