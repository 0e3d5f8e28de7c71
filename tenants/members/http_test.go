package members

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/redis/go-redis/v9"

	"allhours/platform/base/db/dbtest"
	"allhours/platform/gateway"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// browser is a client of the real gateway: it keeps cookies, as one host.
type browser struct {
	t       *testing.T
	url     string
	host    string
	cookies map[string]string
	header  map[string]string
}

// serve runs the gateway with our endpoints and the real authenticator.
func (w *world) serve() func(host string) *browser {
	w.t.Helper()
	o, err := redis.ParseURL(dbtest.Redis(w.t).URL)
	w.must(err)
	client := redis.NewClient(o)
	g, err := gateway.New(gateway.Config{
		Listen: "127.0.0.1:0", BaseDomain: "shops.example", DrainTimeout: 5 * time.Second, AccessLog: "none",
		AddressRate: 1e6, KeyRate: 1e6, StrictRate: 1e6, StreamsTenant: 10, StreamsAddress: 10,
	}, gateway.Deps{DB: w.base.DB, Redis: client, Version: "test"}, gateway.Hooks{Authenticator: w.access, Rate: func(string) int { return 1e6 }})
	w.must(err)
	logs := audit.New(w.base.DB, w.keys.Signer)
	route := func(method, path string, status int, a gateway.Access) gateway.Route {
		return gateway.Route{Method: method, Path: "/api/v1" + path, ID: strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(path), Tag: "t", Summary: "s", Status: status, Access: a}
	}
	gateway.Add(g, route("POST", "/signup", 201, gateway.Open), w.SignUpHTTP)
	gateway.Add(g, route("GET", "/signup/slug", 200, gateway.Open), w.tenants.SlugHTTP)
	gateway.Add(g, route("GET", "/signup/options", 200, gateway.Open), w.tenants.OptionsHTTP)
	gateway.Add(g, route("POST", "/auth/login", 200, gateway.Open), w.LoginHTTP)
	gateway.Add(g, route("POST", "/auth/logout", 204, gateway.SignedIn), w.LogoutHTTP)
	gateway.Add(g, route("POST", "/auth/password/forgot", 202, gateway.Open), w.ForgotHTTP)
	gateway.Add(g, route("POST", "/auth/password/reset", 200, gateway.Open), w.ResetHTTP)
	gateway.Add(g, route("POST", "/auth/email/confirm", 204, gateway.Open), w.ConfirmEmailHTTP)
	gateway.Add(g, route("GET", "/me", 200, gateway.SignedIn), w.MeHTTP)
	gateway.Add(g, route("PATCH", "/me", 200, gateway.SignedIn), w.ChangeMeHTTP)
	gateway.Add(g, route("POST", "/me/totp/start", 200, gateway.SignedIn), w.StartTOTPHTTP)
	gateway.Add(g, route("POST", "/me/totp/confirm", 200, gateway.SignedIn), w.ConfirmTOTPHTTP)
	gateway.Add(g, route("GET", "/me/sessions", 200, gateway.SignedIn), w.access.SessionsHTTP)
	gateway.Add(g, route("GET", "/tenant", 200, gateway.Staff("settings:read")), w.tenants.GetHTTP)
	gateway.Add(g, route("PATCH", "/tenant", 200, gateway.Staff("settings:write")), w.tenants.UpdateHTTP)
	gateway.Add(g, route("GET", "/members", 200, gateway.Staff("members:read")), w.ListHTTP)
	gateway.Add(g, route("POST", "/members/invitations", 201, gateway.Staff("members:write")), w.InviteHTTP)
	gateway.Add(g, route("GET", "/invitations/{token}", 200, gateway.Open), w.OfferHTTP)
	gateway.Add(g, route("POST", "/invitations/{token}/accept", 200, gateway.Open), w.AcceptHTTP)
	gateway.Add(g, route("PATCH", "/members/{id}", 200, gateway.Staff("members:write")), w.ChangeHTTP)
	gateway.Add(g, route("POST", "/roles/{name}", 201, gateway.Staff("roles:write")), w.access.CreateRoleHTTP)
	gateway.Add(g, route("POST", "/api-keys", 201, gateway.Staff("keys:write")), w.access.CreateKeyHTTP)
	gateway.Add(g, route("GET", "/audit", 200, gateway.Staff("audit:read")), logs.ListHTTP)
	gateway.Add(g, route("GET", "/audit/verify", 200, gateway.Staff("audit:read")), logs.VerifyHTTP)
	gateway.Add(g, route("POST", "/operator/login", 200, gateway.Open), w.access.OperatorLoginHTTP)
	gateway.Add(g, route("POST", "/operator/tenants/{id}/suspend", 200, gateway.Operator), w.tenants.SuspendHTTP)
	w.must(g.Start(w.ctx()))
	w.t.Cleanup(func() {
		_ = g.Stop(w.t.Context())
		_ = client.Close()
	})
	return func(host string) *browser {
		return &browser{t: w.t, url: "http://" + g.Addr(), host: host, cookies: map[string]string{}, header: map[string]string{"X-Allhours": "1", "Sec-Fetch-Site": "same-origin"}}
	}
}

// do sends the request and wants the status; it gives the body.
func (b *browser) do(want int, method, path string, body any) (got map[string]any) {
	b.t.Helper()
	var in io.Reader
	if body != nil {
		j, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		in = bytes.NewReader(j)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+"/api/v1"+path, in)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Host = b.host
	r.Header.Set("Content-Type", "application/json")
	for k, v := range b.header {
		r.Header.Set(k, v)
	}
	for k, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if res.StatusCode != want {
		b.t.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, want, text)
	}
	for _, c := range res.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			b.t.Errorf("%s %s: cookie %s", method, path, c)
		}
		b.cookies[c.Name] = c.Value
	}
	_ = json.Unmarshal(text, &got)
	return got
}

func (b *browser) code(want int, method, path string, body any, code string) {
	b.t.Helper()
	if got := b.do(want, method, path, body); got["code"] != code {
		b.t.Errorf("%s %s: %v, want code %s", method, path, got, code)
	}
}

type object = map[string]any

// A business signs up at the platform's own address, sets itself up, invites someone, and is suspended: through the real gateway with the real authenticator.
func TestEndpoints(t *testing.T) {
	w := newWorld(t)
	open := w.serve()
	ada := open("shops.example")
	if o := ada.do(200, "GET", "/signup/options", nil); len(o["industries"].([]any)) != 6 {
		t.Errorf("%v", o)
	}
	if s := ada.do(200, "GET", "/signup/slug?slug=alpha", nil); s["available"] != false || s["suggestion"] != "alpha-2" {
		t.Errorf("%v", s)
	}
	sign := object{"business": "Noodle Bar", "industry": "restaurant", "email": "mei@example.com", "password": password, "name": "Mei", "country": "CN", "language": "zh"}
	ada.code(422, "POST", "/signup", object{"business": "Noodles", "industry": "restaurant", "email": "mei@example.com", "password": "short", "name": "Mei", "country": "CN"}, "password.weak")
	got := ada.do(201, "POST", "/signup", sign)
	if got["shop_url"] != "http://noodle-bar.shops.example" || got["console_url"] != "http://shops.example/admin/t/noodle-bar" || got["tenant"].(object)["currency"] != "CNY" {
		t.Errorf("%v", got)
	}
	ada.code(409, "POST", "/signup", sign, "slug.taken")
	// The session tells the tenant where the host does not.
	me := ada.do(200, "GET", "/me", nil)
	if me["tenant"].(object)["slug"] != "noodle-bar" || len(me["member"].(object)["permissions"].([]any)) != 29 || me["member"].(object)["email_confirmed"] != false {
		t.Errorf("%v", me)
	}
	ada.do(200, "PATCH", "/tenant", object{"name": "Noodle Bar & Co", "order": object{"unpaid_expiry_minutes": 20, "ship_within_hours": 1}})
	ada.code(422, "PATCH", "/tenant", object{"plan": "unlimited"}, "validation_failed")

	shop := open("noodle-bar.shops.example")
	shop.code(401, "GET", "/me", nil, "auth.required")
	shop.code(401, "POST", "/auth/login", object{"email": "mei@example.com", "password": "wrong"}, "auth.invalid")
	shop.do(200, "POST", "/auth/login", object{"email": "mei@example.com", "password": password})
	if shop.cookies[access.DeviceCookie] == "" {
		t.Error("the browser will not be known at its next sign-in")
	}
	started := shop.do(200, "POST", "/me/totp/start", object{})
	code, err := totp.GenerateCode(started["secret"].(string), time.Now())
	w.must(err)
	old := shop.cookies[access.StaffCookie]
	if c := shop.do(200, "POST", "/me/totp/confirm", object{"code": code}); len(c["recovery_codes"].([]any)) != 10 || shop.cookies[access.StaffCookie] == old {
		t.Errorf("%v", c)
	}
	shop.do(200, "GET", "/me/sessions", nil)
	ada.code(401, "GET", "/me", nil, "auth.required") // signed in without the second factor
	ada.code(401, "POST", "/auth/login", object{"shop": "noodle-bar", "email": "mei@example.com", "password": password}, "auth.code_required")
	ada.code(401, "POST", "/auth/login", object{"shop": "no-such-shop", "email": "mei@example.com", "password": password}, "auth.invalid")

	shop.do(201, "POST", "/roles/runner", object{"title": object{"zh": "跑堂"}, "permissions": []string{"orders:read", "orders:write"}})
	inv := shop.do(201, "POST", "/members/invitations", object{"email": "bo@example.com", "roles": []string{"runner"}})
	tenant := got["tenant"].(object)["id"].(string)
	expires, err := time.Parse(time.RFC3339, inv["expires_at"].(string))
	w.must(err)
	token := w.Token(Invitation, parseID(t, tenant), parseID(t, inv["id"].(string)), expires)
	bo := open("shops.example")
	if o := bo.do(200, "GET", "/invitations/"+token, nil); o["shop"] != "Noodle Bar & Co" || o["invited_by"] != "Mei" {
		t.Errorf("%v", o)
	}
	bo.do(200, "POST", "/invitations/"+token+"/accept", object{"name": "Bo", "password": password})
	bo.code(422, "POST", "/invitations/"+token+"/accept", object{"name": "Bo", "password": password}, "link.invalid")
	bo.do(403, "GET", "/members", nil)
	if l := shop.do(200, "GET", "/members", nil); len(l["items"].([]any)) != 2 {
		t.Errorf("%v", l)
	}

	key := shop.do(201, "POST", "/api-keys", object{"name": "till", "scopes": []string{"members:read"}})
	till := open("shops.example")
	till.header = map[string]string{"Authorization": "Bearer " + key["secret"].(string)}
	till.do(200, "GET", "/members", nil)
	till.do(403, "GET", "/tenant", nil)

	if l := shop.do(200, "GET", "/audit?action=member.joined", nil); len(l["items"].([]any)) != 2 {
		t.Errorf("%v", l)
	}
	if v := shop.do(200, "GET", "/audit/verify", nil); v["ok"] != true || v["entries"].(float64) < 8 {
		t.Errorf("%v", v)
	}

	op, err := w.access.CreateOperator(w.ctx(), "root@example.com", "Grace", password)
	w.must(err)
	code, err = totp.GenerateCode(op.TOTP.Secret, time.Now())
	w.must(err)
	root := open("shops.example")
	shop.code(401, "POST", "/operator/tenants/"+tenant+"/suspend", object{"reason": "x"}, "auth.required")
	root.do(200, "POST", "/operator/login", object{"email": "root@example.com", "password": password, "code": code})
	root.do(200, "POST", "/operator/tenants/"+tenant+"/suspend", object{"reason": "unpaid"})
	eventually(t, 5*time.Second, func() bool {
		n, err := w.tenants.Get(w.ctx(), parseID(t, tenant))
		return err == nil && n.Status == "suspended"
	})
	var actor string
	w.must(w.owner.QueryRow(w.ctx(), `SELECT actor_kind || ' ' || actor_name FROM audit_log WHERE action = 'tenant.suspended'`).Scan(&actor))
	if actor != "operator Grace" {
		t.Errorf("suspended by %s", actor)
	}
	shop.do(202, "POST", "/auth/password/forgot", object{"email": "whoever@example.com"})
}
