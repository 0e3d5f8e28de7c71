package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

func TestPages(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).start()
	r.tenant("a")
	r.tenant("gone")
	r.sql(`UPDATE tenants SET status = 'closed' WHERE slug = 'gone'`)
	shop := "Host: a.shops.test"
	for _, c := range []struct {
		path     string
		headers  []string
		status   int
		has      string
		header   string // "Name: value" of the answer
		encoding string
	}{
		{"/", []string{shop}, 200, "<title>shop", "Cache-Control: no-cache", ""},
		{"/p/tea-pot", []string{shop}, 200, "<title>shop", "Content-Type: text/html; charset=utf-8", ""},
		{"/index.html", []string{shop}, 200, "<title>shop", "", ""},
		{"/missing.js", []string{shop}, 404, "route_not_found", "", ""},
		{"/p/x.png", []string{shop}, 404, "route_not_found", "", ""},
		{"/assets/app-1a2b.js", []string{shop}, 200, "console.log", "Cache-Control: public, max-age=31536000, immutable", ""},
		{"/assets/app-1a2b.js", []string{shop, "Accept-Encoding: gzip, br"}, 200, "brotli", "Vary: Accept-Encoding", "br"},
		{"/assets/app-1a2b.js", []string{shop, "Accept-Encoding: gzip, br;q=0"}, 200, "gzip", "", "gzip"},
		{"/assets/../index.html", []string{shop}, 200, "<title>shop", "", ""},
		{"/sw.js", []string{shop}, 200, "self", "Cache-Control: no-cache", ""},
		{"/", nil, 302, "", "Location: /admin/", ""},
		{"/", []string{"Host: nobody.shops.test"}, 404, "No shop lives here", "Content-Type: text/html; charset=utf-8", ""},
		{"/", []string{"Host: gone.shops.test"}, 410, "has closed", "", ""},
		{"/admin", nil, 308, "", "Location: /admin/", ""},
		{"/admin/", nil, 200, "<title>console", "Cache-Control: no-store", ""},
		{"/admin/t/a/orders", []string{shop}, 200, "<title>console", "", ""},
		{"/admin/nothing.css", nil, 404, "route_not_found", "", ""},
		{"/api/docs", nil, 200, "<title>docs", "", ""},
		{"/api/v1/none", []string{shop}, 404, "route_not_found", "", ""},
	} {
		res := r.do(ask{path: c.path, headers: append([]string{"Accept-Encoding: identity"}, c.headers...)})
		name, value, _ := strings.Cut(c.header, ": ")
		if res.StatusCode != c.status || !strings.Contains(res.text, c.has) || res.Header.Get(name) != value || res.Header.Get("Content-Encoding") != c.encoding {
			t.Errorf("%s %v: %d %q %v", c.path, c.headers, res.StatusCode, res.text, res.Header)
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", c.path, res.Header)
		}
	}
	one, two := r.do(ask{path: "/admin/"}), r.do(ask{path: "/admin/"})
	for _, res := range []reply{one, two} {
		_, rest, _ := strings.Cut(res.text, `content="`)
		nonce, _, _ := strings.Cut(rest, `"`)
		if len(nonce) < 16 || !strings.Contains(res.Header.Get("Content-Security-Policy"), "'nonce-"+nonce+"'") {
			t.Errorf("nonce %q, policy %s", nonce, res.Header.Get("Content-Security-Policy"))
		}
	}
	if one.text == two.text {
		t.Error("two answers have one nonce")
	}
	if p := r.do(ask{path: "/", headers: []string{shop}}).Header.Get("Content-Security-Policy"); strings.Contains(p, "unsafe") || !strings.Contains(p, "default-src 'self'") {
		t.Errorf("policy of the shop: %s", p)
	}
	if tag := r.do(ask{path: "/", headers: []string{shop}}).Header.Get("ETag"); r.do(ask{path: "/", headers: []string{shop, "If-None-Match: " + tag}}).StatusCode != 304 {
		t.Errorf("the page's tag %q is not honoured", tag)
	}
}

func TestMediaAndWebhooks(t *testing.T) {
	t.Parallel()
	tenant, picture := db.NewID(), db.NewID()
	closed := make(chan struct{}, 10)
	var hook Webhook
	r := newRig(t, func(_ *Config, _ *Deps, h *Hooks) {
		h.Media = func(ctx context.Context, id uuid.UUID, width int) (Media, error) {
			if db.ScopeOf(ctx).Tenant != tenant || id != picture {
				return Media{}, fault.New(fault.NotFound, "media.not_found", "No.")
			}
			return Media{Type: "image/webp", Size: -1, Body: closer{strings.NewReader(strings.Repeat("x", width)), closed}}, nil
		}
		h.Webhook = func(ctx context.Context, token string, in Webhook) (WebhookReply, error) {
			if token != "good" {
				return WebhookReply{}, fault.New(fault.NotFound, "hook.unknown", "No.")
			}
			hook = in
			return WebhookReply{Status: 202, Body: []byte("success")}, nil
		}
	}).start()
	at := "/media/" + tenant.String() + "/" + picture.String()
	res := r.do(ask{path: at + "?w=400"})
	if res.StatusCode != 200 || len(res.text) != 400 || res.Header.Get("Content-Type") != "image/webp" || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		t.Fatalf("picture: %d %v", res.StatusCode, res.Header)
	}
	until(t, 3*time.Second, "the picture is closed", func() bool { return len(closed) == 1 })
	if again := r.do(ask{path: at + "?w=400", headers: []string{"If-None-Match: " + res.Header.Get("ETag")}}); again.StatusCode != 304 {
		t.Errorf("unchanged picture: %d", again.StatusCode)
	}
	for path, status := range map[string]int{"/media/" + db.NewID().String() + "/" + picture.String(): 404, "/media/zz/zz": 404, at + "?w=-1": 422, at + "?w=99999": 422} {
		if res := r.do(ask{path: path}); res.StatusCode != status {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	body := "\x1f\x8b not really gzip {\"a\": 1}\n"
	got := r.do(ask{method: "POST", path: "/hooks/good?x=%20y", body: body, headers: []string{"Content-Encoding: gzip", "Wechatpay-Signature: s=="}})
	if got.StatusCode != 202 || got.text != "success" || string(hook.Body) != body || hook.Query != "x=%20y" || hook.Header.Get("Wechatpay-Signature") != "s==" || hook.Method != "POST" {
		t.Errorf("webhook: %d %s, %+v", got.StatusCode, got.text, hook)
	}
	for _, c := range []struct {
		ask
		status int
	}{
		{ask{method: "POST", path: "/hooks/bad", body: "{}"}, 404},
		{ask{method: "DELETE", path: "/hooks/good"}, 404},
		{ask{method: "POST", path: "/hooks/good", body: strings.Repeat("x", 1<<20+1)}, 413},
	} {
		if res := r.do(c.ask); res.StatusCode != c.status {
			t.Errorf("%s %s: %d", c.method, c.path, res.StatusCode)
		}
	}
}

type closer struct {
	io.Reader
	closed chan struct{}
}

func (c closer) Close() error { c.closed <- struct{}{}; return nil }

// The document is one that generators can read: every reference leads somewhere, every operation has what a page shows, and its access.
func TestDocument(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).routes().start()
	res := r.do(ask{path: "/api/v1/openapi.json"})
	if res.StatusCode != 200 || res.json["openapi"] != "3.1.0" {
		t.Fatalf("%d %.200s", res.StatusCode, res.text)
	}
	if strings.Contains(res.text, "$schema") {
		t.Error("huma's schema links are in")
	}
	var ids []string
	operations := map[string]map[string]any{}
	for path, item := range res.json["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			o := op.(map[string]any)
			operations[strings.ToUpper(method)+" "+path] = o
			ids = append(ids, o["operationId"].(string))
		}
	}
	for _, route := range r.Routes() {
		o := operations[route.Method+" "+route.Path]
		switch {
		case o == nil:
			t.Errorf("%s %s is not in the document", route.Method, route.Path)
			continue
		case o["x-access"] != string(route.Access) || o["security"] == nil || o["summary"] == "" || len(o["tags"].([]any)) != 1:
			t.Errorf("%s: %v", route.ID, o)
		}
		for _, status := range route.statuses() {
			response, _ := json.Marshal(o["responses"].(map[string]any)[jsonText(status)])
			if !bytes.Contains(response, []byte(`"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}`)) {
				t.Errorf("%s: response %d is %s", route.ID, status, response)
			}
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) || len(ids) != len(r.Routes()) {
		t.Errorf("%d ids, %d routes", len(ids), len(r.Routes()))
	}
	schemes := res.json["components"].(map[string]any)["securitySchemes"].(map[string]any)
	references(t, res.json, res.json, schemes)
}

func jsonText(v any) string { b, _ := json.Marshal(v); return string(b) }

// references walks the document and looks each $ref and each security scheme up.
func references(t *testing.T, doc map[string]any, at any, schemes map[string]any) {
	switch v := at.(type) {
	case []any:
		for _, e := range v {
			references(t, doc, e, schemes)
		}
	case map[string]any:
		for key, e := range v {
			if list, ok := e.([]any); ok && key == "security" {
				for _, s := range list {
					for name := range s.(map[string]any) {
						if schemes[name] == nil {
							t.Errorf("no security scheme %s", name)
						}
					}
				}
			}
			if ref, ok := e.(string); ok && key == "$ref" {
				var target any = doc
				for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					m, _ := target.(map[string]any)
					target = m[part]
				}
				if target == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			references(t, doc, e, schemes)
		}
	}
}

// Types of one name in several packages, and bodies without a name, do not stop the start and do not take one another's place.
func TestSchemaNames(t *testing.T) {
	t.Parallel()
	name := schemaNames()
	type Problem struct{ X int }
	type Page[T any] struct{ Items []T }
	for _, c := range []struct {
		v    any
		want string
	}{
		{whoBody{}, "WhoBody"},
		{&whoBody{}, "WhoBody"},
		{Problem{}, "Problem"},
		{fault.Error{}, "Error"},
		{Page[fault.Error]{}, "PageError"},
		{huma.ErrorModel{}, "ErrorModel"},
		{struct{ A int }{}, "In"},
		{struct{ B int }{}, "In2"},
		{struct{ A int }{}, "In"},
	} {
		if got := name(reflect.TypeOf(c.v), "In"); got != c.want {
			t.Errorf("%T: %s, want %s", c.v, got, c.want)
		}
	}
	if got := name(reflect.TypeFor[db.Page[fault.Error]](), ""); got != "DbPageError" {
		t.Errorf("another package's page of errors: %s", got)
	}
}

// A route that is not complete stops the start.
func TestIncompleteRoutesPanic(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).routes()
	good := Route{Method: http.MethodGet, Path: "/api/v1/good", ID: "good", Summary: "s", Tag: "t", Access: Public}
	for name, spoil := range map[string]func(*Route){
		"has no Access":     func(r *Route) { r.Access = "" },
		"is not one":        func(r *Route) { r.Access = "everyone" },
		"is not one ":       func(r *Route) { r.Access = Staff("orders") },
		"needs an ID":       func(r *Route) { r.ID = "" },
		"is not under":      func(r *Route) { r.Path = "/good" },
		"but not a GET":     func(r *Route) { r.Method, r.Polled = "POST", true },
		"changes nothing":   func(r *Route) { r.Keyed = true },
		"is there already":  func(r *Route) { r.ID = "get-open" },
		"is there already ": func(r *Route) { r.Path = "/api/v1/get/open" },
	} {
		route := good
		spoil(&route)
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.Contains(said, strings.TrimSpace(name)) {
					t.Errorf("%+v: said %q, want %q", route, said, name)
				}
			}()
			Add(r.Gateway, route, who)
		}()
	}
	Add(r.Gateway, good, who)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	bad := Config{BaseDomain: "http://x", PublicURL: "ftp://x", TrustedProxies: []string{"x"}, AccessLog: "some"}
	err := bad.Validate()
	for _, name := range []string{"BASE_DOMAIN", "PUBLIC_URL", "TRUSTED_PROXIES", "ACCESS_LOG", "RATE_ADDRESS", "DRAIN_TIMEOUT"} {
		if err == nil || !strings.Contains(err.Error(), "ALLHOURS_"+name) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
	good := testConfig()
	good.PublicURL = "https://shops.test:8443"
	if err := good.Validate(); err != nil || good.ShopURL("tea") != "https://tea.shops.test:8443" || good.BaseURL() != "https://shops.test:8443" {
		t.Errorf("%v %s", err, good.ShopURL("tea"))
	}
	var read Config
	if err := env.ParseWithOptions(&read, env.Options{Environment: map[string]string{"ALLHOURS_TRUSTED_PROXIES": "10.0.0.0/8,127.0.0.1", "ALLHOURS_DRAIN_TIMEOUT": "3s"}}); err != nil || read.Validate() != nil || len(read.proxies) != 2 || read.DrainTimeout != 3*time.Second || read.BaseDomain != "localhost" {
		t.Errorf("from the environment: %+v %v", read, err)
	}
	good = testConfig()
	good.Listen, good.BaseDomain = ":8080", "Localhost"
	if err := good.Validate(); err != nil || good.ShopURL("tea") != "http://tea.localhost:8080" {
		t.Errorf("%v %s", err, good.ShopURL("tea"))
	}
}
