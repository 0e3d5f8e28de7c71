package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

// who may use what: every Access with every identity.
func TestAccess(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).routes().start()
	a, b := r.tenant("a"), r.tenant("b")
	r.auth.add(access.StaffSession, "may", access.Identity{Kind: access.Member, ID: db.NewID(), Tenant: a, Scopes: []string{"orders:read"}})
	r.auth.add(access.StaffSession, "maynot", access.Identity{Kind: access.Member, ID: db.NewID(), Tenant: a})
	r.auth.add(access.StaffSession, "other", access.Identity{Kind: access.Member, ID: db.NewID(), Tenant: b, Scopes: []string{"orders:read"}})
	r.auth.add(access.KeySecret, "key", access.Identity{Kind: access.APIKey, ID: db.NewID(), Tenant: a, Scopes: []string{"orders:read"}})
	r.auth.add(access.KeySecret, "weak", access.Identity{Kind: access.APIKey, ID: db.NewID(), Tenant: a})
	r.auth.add(access.CustomerSession, "cust", access.Identity{Kind: access.Customer, ID: db.NewID(), Tenant: a})
	r.auth.add(access.OrderToken, "link", access.Identity{Kind: access.Guest, Tenant: a, OrderID: db.NewID()})
	r.auth.add(access.OperatorSession, "op", access.Identity{Kind: access.Operator, ID: db.NewID()})

	shop, bare := "Host: a.shops.test", "Host: shops.test"
	cookie := func(name, value string) string { return "Cookie: " + name + "=" + value }
	callers := map[string][]string{
		"nobody at shop":      {shop},
		"nobody at base":      {bare},
		"member at shop":      {shop, cookie(access.StaffCookie, "may")},
		"member at base":      {bare, cookie(access.StaffCookie, "may")},
		"weak member":         {shop, cookie(access.StaffCookie, "maynot")},
		"other's member":      {shop, cookie(access.StaffCookie, "other")},
		"ended member":        {shop, cookie(access.StaffCookie, "ended")},
		"key at base":         {bare, "Authorization: Bearer key"},
		"key at shop":         {shop, "Authorization: Bearer key"},
		"key at other shop":   {"Host: b.shops.test", "Authorization: Bearer key"},
		"weak key":            {shop, "Authorization: Bearer weak"},
		"customer":            {shop, cookie(access.CustomerCookie, "cust")},
		"ended customer":      {shop, cookie(access.CustomerCookie, "ended")},
		"link":                {shop, "Authorization: Order link"},
		"operator":            {bare, cookie(access.OperatorCookie, "op")},
		"staff's as customer": {shop, cookie(access.CustomerCookie, "may")},
	}
	want := map[string]string{ // open public shopper customer staff member operator
		"nobody at shop":      "200/ 200/ 200/ 401 401 401 401",
		"nobody at base":      "200/ 422 422 422 401 401 401",
		"member at shop":      "200/member 200/ 200/ 401 200/member 200/member 401",
		"member at base":      "200/member 422 422 422 200/member 200/member 401",
		"weak member":         "200/member 200/ 200/ 401 403 200/member 401",
		"other's member":      "200/ 200/ 200/ 401 401 401 401",
		"ended member":        "200/ 200/ 200/ 401 401 401 401",
		"key at base":         "200/ 200/api_key 200/api_key 422 200/api_key 401 401",
		"key at shop":         "200/ 200/api_key 200/api_key 401 200/api_key 401 401",
		"key at other shop":   "200/ 401 401 401 401 401 401",
		"weak key":            "200/ 200/api_key 200/api_key 401 403 401 401",
		"customer":            "200/ 200/ 200/customer 200/customer 401 401 401",
		"ended customer":      "200/ 200/ 200/ 401 401 401 401",
		"link":                "200/ 200/ 200/guest 401 401 401 401",
		"operator":            "200/ 422 422 422 401 401 200/operator",
		"staff's as customer": "200/ 200/ 200/ 401 401 401 401",
	}
	for name, headers := range callers {
		var got []string
		for _, route := range strings.Fields("open public shopper customer staff member operator") {
			res := r.do(ask{path: "/api/v1/get/" + route, headers: headers})
			s := fmt.Sprint(res.StatusCode)
			if res.StatusCode == 200 {
				s += "/" + res.json["who"].(string)
				tenant := res.json["tenant"].(string)
				if route != "open" && route != "operator" && tenant != a.String() && name != "key at other shop" {
					t.Errorf("%s at %s: tenant %s", name, route, tenant)
				}
			}
			got = append(got, s)
		}
		if strings.Join(got, " ") != want[name] {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, " "), want[name])
		}
	}
	if res := r.do(ask{path: "/api/v1/get/shopper?token=link", headers: []string{shop}}); res.json["who"] != "guest" {
		t.Errorf("link in the query: %s", res.text)
	}
}

func TestCrossSite(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).routes().start()
	a := r.tenant("a")
	r.tenant("b")
	r.sql(`UPDATE tenants SET settings = '{"cors_origins":["https://friend.example"]}' WHERE slug = 'a'`)
	r.auth.add(access.StaffSession, "m", access.Identity{Kind: access.Member, ID: db.NewID(), Tenant: a, Scopes: []string{"orders:read"}})
	r.auth.add(access.KeySecret, "key", access.Identity{Kind: access.APIKey, ID: db.NewID(), Tenant: a, Scopes: []string{"orders:read"}})
	cookie, ours := "Cookie: "+access.StaffCookie+"=m", "X-Allhours: 1"
	for _, c := range []struct {
		name, route string
		headers     []string
		status      int
	}{
		{"our page", "staff", []string{cookie, ours, "Sec-Fetch-Site: same-origin", "Origin: http://a.shops.test"}, 200},
		{"typed by hand", "staff", []string{cookie, ours, "Sec-Fetch-Site: none"}, 200},
		{"old browser, our page", "staff", []string{cookie, ours, "Origin: http://a.shops.test"}, 200},
		{"a form elsewhere", "staff", []string{cookie, "Sec-Fetch-Site: cross-site", "Origin: http://evil.example"}, 403},
		{"a script elsewhere", "staff", []string{cookie, ours, "Sec-Fetch-Site: cross-site"}, 403},
		{"a sibling shop", "staff", []string{cookie, ours, "Sec-Fetch-Site: same-site", "Origin: http://b.shops.test"}, 403},
		{"a sibling, no origin", "staff", []string{cookie, ours, "Sec-Fetch-Site: same-site"}, 403},
		{"a sibling, old browser", "staff", []string{cookie, ours, "Origin: http://b.shops.test"}, 403},
		{"a form of our own page", "staff", []string{cookie, "Sec-Fetch-Site: same-origin"}, 403},
		{"sandboxed page", "staff", []string{cookie, ours, "Origin: null"}, 403},
		{"neither header", "staff", []string{cookie, ours}, 403},
		{"same-origin but another origin", "staff", []string{cookie, ours, "Sec-Fetch-Site: same-origin", "Origin: https://evil.example"}, 403},
		{"program with key", "staff", []string{"Authorization: Bearer key"}, 200},
		{"program with key, from a page", "staff", []string{"Authorization: Bearer key", "Origin: https://friend.example", "Sec-Fetch-Site: cross-site"}, 200},
		{"visitor's first post", "shopper", []string{ours, "Sec-Fetch-Site: same-origin"}, 200},
		{"visitor elsewhere", "shopper", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"sign-up by program", "open", nil, 200},
		{"sign-up from elsewhere", "open", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"login over a session", "open", []string{cookie, "Sec-Fetch-Site: same-origin"}, 403},
		{"public, listed origin", "public", []string{"Origin: https://friend.example", "Sec-Fetch-Site: cross-site"}, 200},
		{"public, other origin", "public", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, 403},
	} {
		res := r.do(ask{method: "POST", path: "/api/v1/post/" + c.route, headers: append([]string{"Host: a.shops.test"}, c.headers...)})
		if res.StatusCode != c.status || (c.status == 403 && res.code() != "csrf_refused") {
			t.Errorf("%s: %d %s, want %d", c.name, res.StatusCode, res.code(), c.status)
		}
	}
	for origin, yes := range map[string]bool{"https://friend.example": true, "https://evil.example": false, "http://b.shops.test": false} {
		res := r.do(ask{method: "OPTIONS", path: "/api/v1/post/staff", headers: []string{"Host: a.shops.test", "Origin: " + origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: x-allhours"}})
		if got := res.Header.Get("Access-Control-Allow-Origin") == origin; got != yes || res.StatusCode != 204 {
			t.Errorf("preflight from %s: %d %v", origin, res.StatusCode, res.Header)
		}
		if res.Header.Get("Access-Control-Allow-Credentials") != "" || strings.Contains(strings.ToLower(res.Header.Get("Access-Control-Allow-Headers")), "x-allhours") {
			t.Errorf("preflight allows cookies or our header: %v", res.Header)
		}
	}
	if res := r.do(ask{path: "/api/v1/get/public", headers: []string{"Host: b.shops.test", "Origin: https://friend.example"}}); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("an origin of tenant a may read tenant b")
	}
}

// What changes in the directory is seen within a second, for a name of every sort.
func TestTenantChangesAreSeen(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).routes().start()
	a := r.tenant("a")
	r.sql(`INSERT INTO hosts (host, tenant, verified_at, created_at) VALUES ('shop.example', $1, now(), now()), ('unproved.example', $1, NULL, now())`, a)
	r.auth.add(access.KeySecret, "key", access.Identity{Kind: access.APIKey, ID: db.NewID(), Tenant: a, Scopes: []string{"orders:read"}})
	get := func(host string) string {
		res := r.do(ask{path: "/api/v1/get/public", headers: []string{"Host: " + host, "Authorization: Bearer key"}})
		return fmt.Sprint(res.StatusCode, " ", res.code())
	}
	for host, want := range map[string]string{
		"a.shops.test": "200 ", "A.Shops.Test:8080": "200 ", "a.shops.test.": "200 ", "shop.example": "200 ", "shop.example:443": "200 ", "shops.test": "200 ",
		"unproved.example": "404 tenant.unknown_host", "new.shops.test": "404 tenant.unknown_host", "127.0.0.1": "200 ",
	} {
		if got := get(host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
	seen := func(what, host, want string) {
		t.Helper()
		until(t, time.Second+200*time.Millisecond, what, func() bool { return get(host) == want })
	}
	r.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, a)
	seen("suspended by name", "a.shops.test", "403 tenant.suspended")
	seen("suspended by own domain", "shop.example", "403 tenant.suspended")
	seen("suspended by key", "shops.test", "403 tenant.suspended")
	r.sql(`UPDATE tenants SET status = 'active' WHERE id = $1`, a)
	seen("active again", "a.shops.test", "200 ")
	r.sql(`DELETE FROM hosts WHERE host = 'shop.example'`)
	seen("own domain taken away", "shop.example", "404 tenant.unknown_host")
	r.sql(`UPDATE tenants SET slug = 'new' WHERE id = $1`, a)
	seen("renamed, old name", "a.shops.test", "404 tenant.unknown_host")
	seen("renamed, new name", "new.shops.test", "200 ")
	r.sql(`UPDATE tenants SET status = 'closed' WHERE id = $1`, a)
	seen("closed", "new.shops.test", "404 tenant.closed")
}

func TestDirectoryIsBounded(t *testing.T) {
	t.Parallel()
	d := &directory{names: map[string]*entry{}}
	for i := range directorySize + 1 {
		d.names[fmt.Sprint(i)] = &entry{used: time.Unix(int64(i), 0)}
	}
	d.shrink()
	if n := len(d.names); n > directorySize/2+1 || d.names[fmt.Sprint(directorySize)] == nil || d.names["0"] != nil {
		t.Errorf("%d names are left, newest kept: %t", n, d.names[fmt.Sprint(directorySize)] != nil)
	}
}

// A proxy is believed only if it is trusted, and then only as far as the chain of trusted ones goes.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		trusted         []string
		headers         []string
		ip, host, https string
	}{
		{"no proxy", nil, []string{"X-Forwarded-For: 9.9.9.9", "X-Forwarded-Host: b.shops.test", "X-Forwarded-Proto: https"}, "127.0.0.1", "a", ""},
		{"trusted", []string{"127.0.0.0/8"}, []string{"X-Forwarded-For: 9.9.9.9", "X-Forwarded-Host: b.shops.test", "X-Forwarded-Proto: https"}, "9.9.9.9", "b", "yes"},
		{"invented head", []string{"127.0.0.1", "10.0.0.0/8"}, []string{"X-Forwarded-For: 1.1.1.1, 9.9.9.9, 10.2.3.4"}, "9.9.9.9", "a", ""},
		{"nonsense", []string{"127.0.0.1"}, []string{"X-Forwarded-For: zz"}, "127.0.0.1", "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(g *Config, _ *Deps, _ *Hooks) { g.TrustedProxies = c.trusted }).routes().start()
			tenants := map[string]string{"a": r.tenant("a").String(), "b": r.tenant("b").String()}
			res := r.do(ask{path: "/api/v1/get/public", headers: append([]string{"Host: a.shops.test"}, c.headers...)})
			if res.json["ip"] != c.ip || res.json["tenant"] != tenants[c.host] || (res.Header.Get("Strict-Transport-Security") != "") != (c.https != "") {
				t.Errorf("%s %v", res.text, res.Header)
			}
		})
	}
}

// What arrives on the wire and is no decent request.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).routes().start()
	r.tenant("a")
	head := "Host: a.shops.test\r\nContent-Type: application/json\r\n"
	for _, c := range []struct{ name, send, status, code string }{
		{"declared too large", "POST /api/v1/things/x HTTP/1.1\r\n" + head + "Content-Length: 50000000\r\n\r\n" + strings.Repeat(" ", 8<<10), "413", "body_too_large"},
		{"chunked too large", "POST /api/v1/things/x HTTP/1.1\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("10000\r\n"+strings.Repeat(" ", 1<<16)+"\r\n", 17) + "0\r\n\r\n", "413", "body_too_large"},
		{"long address", "GET /api/v1/get/open?" + strings.Repeat("q", 17<<10) + " HTTP/1.1\r\n" + head + "\r\n", "431", "headers_too_large"},
		{"broken escape", "GET /api/v1/fail/%zz HTTP/1.1\r\n" + head + "\r\n", "400", "request_malformed"},
		{"no request at all", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400", "request_malformed"},
		{"null in the host", "GET /api/v1/get/public HTTP/1.1\r\nHost: a\x00.shops.test\r\n\r\n", "400", "request_malformed"},
		{"unknown verb", "BREW /api/v1/get/open HTTP/1.1\r\n" + head + "\r\n", "405", "method_not_allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", r.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			go func() { _, _ = io.WriteString(conn, c.send) }()
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(res.Body)
			if !strings.HasPrefix(res.Status, c.status) || !strings.Contains(string(b), `"code":"`+c.code+`"`) {
				t.Errorf("%s %s, want %s %s", res.Status, b, c.status, c.code)
			}
		})
	}
	if res := r.do(ask{method: "POST", path: "/api/v1/things/%E9%BA%BA?size=2", headers: []string{"Host: a.shops.test"}, body: `{"email":"a@b.cd","lines":[{"quantity":1}]}`}); res.StatusCode != 201 || res.json["name"] != "麺" {
		t.Errorf("path parameter: %d %s", res.StatusCode, res.text)
	}
	res := r.do(ask{method: "POST", path: "/api/v1/post/public", headers: []string{"Host: a.shops.test", "Idempotency-Key: k-1", "X-Request-Id: caller-0001"}})
	if res.json["key"] != "k-1" || res.json["actor"] != "guest/caller-0001" || res.Header.Get("X-Request-Id") != "caller-0001" {
		t.Errorf("key and request id: %s", res.text)
	}
}

// While the database is away, known shops stay known and unknown ones are "try again", not "no such shop".
func TestDirectoryWithoutDatabase(t *testing.T) {
	t.Parallel()
	base := dbtest.Create(t)
	own, err := db.Open(t.Context(), db.Config{URL: base.AppURL, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, base: base}
	r.tenant("a")
	d := newDirectory(own)
	if _, err := d.bySlug(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	own.Close()
	if err := d.refresh(t.Context()); err == nil {
		t.Error("looked for changes in a closed database")
	}
	if got, err := d.bySlug(t.Context(), "a"); err != nil || got.Slug != "a" {
		t.Errorf("known: %+v %v", got, err)
	}
	if _, err := d.bySlug(t.Context(), "b"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("unknown: %v", err)
	}
}
