package gateway

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/valyala/fasthttp"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/tenants/access"
)

// BenchmarkRequest is what a request costs before and after its handler: admission by API key, all limits, the answer.
func BenchmarkRequest(b *testing.B) {
	base := dbtest.Create(b)
	o, _ := redis.ParseURL(dbtest.Redis(b).URL)
	client := redis.NewClient(o)
	defer client.Close()
	auth := &fakeAuth{known: map[string]access.Identity{}}
	g, err := New(testConfig(), Deps{DB: base.DB, Redis: client, Version: "bench"}, Hooks{Authenticator: auth, Rate: func(string) int { return 1_000_000 }})
	if err != nil {
		b.Fatal(err)
	}
	Add(g, Route{Method: "GET", Path: "/api/v1/staff", ID: "staff", Summary: "s", Tag: "t", Access: Staff("orders:read"), Polled: true}, who)
	if err := g.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	defer g.Stop(context.Background())
	tenant := db.NewID()
	if _, err := base.Owner(b).Exec(context.Background(), `INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES ($1, 'a', 'a', 'retail', 'GB', 'GBP', 'UTC', 'en', now(), now())`, tenant); err != nil {
		b.Fatal(err)
	}
	auth.add(access.KeySecret, "key", access.Identity{Kind: access.APIKey, ID: db.NewID(), Tenant: tenant, Scopes: []string{"orders:read"}})
	c := &fasthttp.HostClient{Addr: g.Addr(), MaxConns: 64}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			req.SetRequestURI("http://a.shops.test/api/v1/staff")
			req.Header.Set("Authorization", "Bearer key")
			if err := c.Do(req, res); err != nil || res.StatusCode() != 200 {
				b.Errorf("%d %v %s", res.StatusCode(), err, res.Body())
			}
			fasthttp.ReleaseRequest(req)
			fasthttp.ReleaseResponse(res)
		}
	})
}
