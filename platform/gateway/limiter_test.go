package gateway

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/tenants/access"
)

// limiters makes several processes' limiters on one Redis.
func limiters(t *testing.T, url string, n int) (list []*limiter) {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRetries, o.DialTimeout = -1, 100*time.Millisecond
	for range n {
		c := redis.NewClient(o)
		t.Cleanup(func() { _ = c.Close() })
		list = append(list, newLimiter(c, time.Now))
	}
	return list
}

// All processes together never give out more than the bucket holds, and not much less.
func TestLimitIsOneForAllProcesses(t *testing.T) {
	t.Parallel()
	ls := limiters(t, dbtest.Redis(t).URL, 2)
	for _, strict := range []bool{false, true} {
		b := bucket{key: fmt.Sprint("{x}:", strict), rate: 200, burst: 100, strict: strict}
		var given atomic.Int64
		var wait sync.WaitGroup
		began := time.Now()
		for i := range 16 {
			wait.Go(func() {
				for time.Since(began) < 1500*time.Millisecond {
					if ls[i%2].take(t.Context(), b).ok {
						given.Add(1)
					} else {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
		wait.Wait()
		most := b.burst + b.rate*time.Since(began).Seconds() + 1
		if n := float64(given.Load()); n > most || n < 0.6*most {
			t.Errorf("strict %t: gave %.0f, the bucket held %.0f", strict, n, most)
		}
	}
}

// Without Redis each process counts for itself: no door is open, none is shut, and few attempts are left at strict ones.
func TestLimitWithoutRedis(t *testing.T) {
	t.Parallel()
	server := dbtest.Redis(t)
	l := limiters(t, server.URL, 1)[0]
	server.Kill()
	give := func(b bucket) (n int) {
		for range 1000 {
			if v := l.take(t.Context(), b); v.ok {
				n++
			} else if v.wait <= 0 {
				t.Error("refused without saying until when")
			}
		}
		return n
	}
	began := time.Now()
	if n := give(bucket{key: "{a}", rate: 10, burst: 100}); n < 100 || n > 130 {
		t.Errorf("a bucket of 100 gave %d", n)
	}
	if n := give(bucket{key: "{b}", rate: 0.3, burst: 20, strict: true}); n < 1 || n > 6 {
		t.Errorf("a strict bucket of 20 gave %d", n)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("2,000 decisions without Redis took %s", took)
	}
	if err := server.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
	until(t, 5*time.Second, "Redis counts again", func() bool {
		l.take(t.Context(), bucket{key: "{c}", rate: 1000, burst: 1000, strict: true})
		n, _ := l.redis.Exists(t.Context(), "{c}").Result()
		return n == 1
	})
}

// The bucket of one process alone never gives more than it holds, whatever the times between requests are.
func TestOwnBucket(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := bucket{rate: rapid.Float64Range(0.1, 500).Draw(t, "rate"), burst: float64(rapid.IntRange(1, 200).Draw(t, "burst"))}
		h, now, begin, given := &holding{}, time.Unix(1, 0), time.Unix(1, 0), 0
		for range rapid.IntRange(1, 300).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "ms")) * time.Millisecond)
			v := h.own(b, now)
			if v.ok {
				given++
			} else if later := h.own(b, now.Add(v.wait+time.Millisecond)); !later.ok {
				t.Fatalf("said to wait %s, and refused then", v.wait)
			} else {
				now, given = now.Add(v.wait+time.Millisecond), given+1
			}
		}
		if most := b.burst + b.rate*now.Sub(begin).Seconds() + 1e-6; float64(given) > most {
			t.Fatalf("gave %d of %.2f", given, most)
		}
	})
}

func TestLimitsOnRoutes(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config, _ *Deps, h *Hooks) {
		c.AddressRate, c.KeyRate, c.StrictRate = 5, 1, 3
		h.Rate = func(plan string) int { return 4 }
	}).routes()
	Add(r.Gateway, Route{Method: "POST", Path: "/api/v1/login", ID: "login", Summary: "s", Tag: "t", Access: Open, Strict: true, Account: "email"}, who)
	r.start()
	a := r.tenant("a")
	r.auth.add(access.KeySecret, "key", access.Identity{Kind: access.APIKey, ID: db.NewID(), Tenant: a, Scopes: []string{"orders:read"}})
	ask429 := func(what string, n int, a ask, limit string) {
		t.Helper()
		for i := range 100 {
			res := r.do(a)
			if res.StatusCode != 429 {
				continue
			}
			if i < n || res.json["limit"] != limit || res.code() != "rate_limited" || res.Header.Get("Retry-After") == "" || res.Header.Get("RateLimit-Limit") == "" {
				t.Errorf("%s: the %d. request: %s %v", what, i+1, res.text, res.Header)
			}
			return
		}
		t.Errorf("%s: never refused", what)
	}
	ask429("key", 2, ask{path: "/api/v1/get/staff", headers: []string{"Authorization: Bearer key"}}, "key")
	ask429("tenant", 6, ask{path: "/api/v1/get/public", headers: []string{"Host: a.shops.test"}}, "tenant")
	ask429("address without a tenant", 10, ask{path: "/api/v1/get/open"}, "address")
	ask429("login", 3, ask{method: "POST", path: "/api/v1/login", body: `{"email":"a@b.c"}`}, "address")
	ask429("guessing keys", 60, ask{path: "/api/v1/get/staff", headers: []string{"Authorization: Bearer guess"}}, "credential")
}

// One account is counted across addresses.
func TestAccountLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config, _ *Deps, _ *Hooks) { c.TrustedProxies = []string{"127.0.0.1"} })
	Add(r.Gateway, Route{Method: "POST", Path: "/api/v1/login", ID: "login", Summary: "s", Tag: "t", Access: Open, Strict: true, Account: "email"}, who)
	r.start()
	try := func(i int, email string) reply {
		return r.do(ask{method: "POST", path: "/api/v1/login", body: `{"shop":"s","email":"` + email + `"}`, headers: []string{fmt.Sprintf("X-Forwarded-For: 10.0.%d.%d", i/250, i%250)}})
	}
	for i := range 60 {
		if res := try(i, " A@b.C "); res.StatusCode != 200 {
			t.Fatalf("attempt %d: %s", i, res.text)
		}
	}
	refused := 0
	for i := range 20 {
		if res := try(100+i, "a@b.c"); res.StatusCode == 429 && res.json["limit"] == "account" {
			refused++
		}
	}
	if refused < 15 {
		t.Errorf("%d of 20 further attempts were refused", refused)
	}
	if res := try(200, "other@b.c"); res.StatusCode != 200 {
		t.Errorf("another account: %s", res.text)
	}
	if keys, _ := r.redis.Keys(t.Context(), "*@*").Result(); len(keys) > 0 {
		t.Errorf("accounts are named in Redis: %v", keys)
	}
}
