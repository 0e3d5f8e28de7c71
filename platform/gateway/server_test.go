package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/tenants/access"
)

// 64 goroutines, many tenants, few connections, callers that go away, handlers that panic: each answer is its request's tenant's, also when the handler
// looks again after others have used its connection.
func TestTenantsDoNotMix(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	var wrong atomic.Int64
	var left sync.WaitGroup // work that outlives its request
	Add(r.Gateway, Route{Method: "GET", Path: "/api/v1/mix/{name}", ID: "mix", Summary: "s", Tag: "t", Access: Public},
		func(ctx context.Context, in *struct {
			Name  string `path:"name"`
			Query string `query:"q"`
			Panic bool   `query:"panic"`
		},
		) (*whoOutput, error) {
			if in.Panic {
				panic(in.Name)
			}
			// What a handler keeps must not change when its request is over.
			left.Go(func() {
				time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
				if in.Name != in.Query || !strings.HasPrefix(access.ClientOf(ctx).Host, in.Name+".") {
					wrong.Add(1)
				}
			})
			out, err := who(ctx, nil)
			out.Body.Who = in.Name
			err2 := r.base.DB.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
				return tx.Raw(`SELECT id FROM tenants`).Row().Scan(&out.Body.Tenant)
			})
			return out, errorsFirst(err, err2)
		})
	r.start()
	var tenants [8]uuid.UUID
	for i := range tenants {
		tenants[i] = r.tenant(fmt.Sprint("shop", i))
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, MaxConnsPerHost: 16}}
	var wait sync.WaitGroup
	for range 64 {
		wait.Go(func() {
			for range 60 {
				n := rand.IntN(len(tenants))
				name := fmt.Sprint("shop", n)
				ctx, cancel := context.WithCancel(context.Background())
				if rand.IntN(10) == 0 {
					time.AfterFunc(time.Duration(rand.IntN(4))*time.Millisecond, cancel)
				}
				panics := rand.IntN(20) == 0
				req, _ := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("%s/api/v1/mix/%s?q=%s&panic=%t", r.url, name, name, panics), nil)
				req.Host = name + ".shops.test"
				res, err := client.Do(req)
				if err == nil {
					b, _ := io.ReadAll(res.Body)
					_ = res.Body.Close()
					var got whoBody
					_ = json.Unmarshal(b, &got)
					if ctx.Err() == nil && !panics && (got.Tenant != tenants[n] || got.Who != name || res.StatusCode != 200) {
						t.Errorf("asked %s, got %d %s", name, res.StatusCode, b)
					}
					if panics && ctx.Err() == nil && res.StatusCode != 500 {
						t.Errorf("panic: %d", res.StatusCode)
					}
				}
				cancel()
			}
		})
	}
	wait.Wait()
	left.Wait() // for what the handlers left running
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d strings changed after their request", n)
	}
}

func errorsFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Requests in flight and streams end well; nothing new is taken; /readyz says so first.
func TestDrain(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config, _ *Deps, _ *Hooks) { c.DrainDelay = 300 * time.Millisecond })
	entered, release := make(chan struct{}), make(chan struct{})
	Add(r.Gateway, Route{Method: "GET", Path: "/api/v1/wait", ID: "wait", Summary: "s", Tag: "t", Access: Public}, func(ctx context.Context, in *struct{}) (*whoOutput, error) {
		close(entered)
		<-release
		return who(ctx, in)
	})
	r.start()
	r.tenant("a")
	shop := "Host: a.shops.test"
	if res := r.do(ask{path: "/readyz"}); res.StatusCode != 200 || res.json["status"] != "ready" {
		t.Fatalf("readyz: %s", res.text)
	}
	stream := r.listen("/api/v1/storefront/events", shop)
	stream.want("ready")
	answered := make(chan reply, 1)
	go func() { answered <- r.do(ask{path: "/api/v1/wait", headers: []string{shop}}) }()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(context.Background()) }()
	until(t, time.Second, "readyz says no while requests are still taken", func() bool {
		res := r.do(ask{path: "/readyz"})
		return res.StatusCode == 503 && res.json["status"] == "draining"
	})
	if e := lastOf(stream); e.retry == "" {
		t.Errorf("the stream ended without a hint: %+v", e)
	}
	until(t, 2*time.Second, "no connection is taken", func() bool {
		c, err := net.Dial("tcp", r.Addr())
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	select {
	case err := <-stopped:
		t.Fatalf("stopped (%v) while a request was in flight", err)
	case res := <-answered:
		t.Fatalf("answered early: %s", res.text)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	if res := <-answered; res.StatusCode != 200 || !res.Close {
		t.Errorf("the request in flight: %d %s, Connection: close %t", res.StatusCode, res.text, res.Close)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func lastOf(l *listener) (last sse) {
	for {
		select {
		case e, ok := <-l.events:
			if !ok {
				return last
			}
			last = e
		case <-time.After(5 * time.Second):
			return last
		}
	}
}

// A handler that does not finish sees its context end, and Stop does not wait for ever.
func TestDrainGivesUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config, _ *Deps, _ *Hooks) { c.DrainTimeout = 200 * time.Millisecond })
	entered, left := make(chan struct{}), make(chan error, 1)
	Add(r.Gateway, Route{Method: "GET", Path: "/api/v1/hang", ID: "hang", Summary: "s", Tag: "t", Access: Open, Timeout: time.Minute}, func(ctx context.Context, _ *struct{}) (*whoOutput, error) {
		close(entered)
		<-ctx.Done()
		left <- ctx.Err()
		return nil, ctx.Err()
	})
	r.start()
	go func() { _, _ = plain.Get(r.url + "/api/v1/hang") }()
	<-entered
	began := time.Now()
	if err := r.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second || <-left == nil {
		t.Errorf("took %s", took)
	}
}

// A connection at hand on which nothing was ever asked, as browsers keep them, does not hold up the drain.
func TestDrainDoesNotWaitForSilence(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config, _ *Deps, _ *Hooks) { c.DrainTimeout = time.Minute }).start()
	silent, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	r.do(ask{path: "/healthz"}) // the one before it has been accepted
	began := time.Now()
	if err := r.Stop(context.Background()); err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("took %s: %v", time.Since(began), err)
	}
	_ = silent.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := silent.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(_ *Config, d *Deps, h *Hooks) {
		h.Checks = []Check{{Name: "plugins", Run: func(context.Context) error { return errBroken }}}
	}).start()
	res := r.do(ask{path: "/readyz"})
	if want := `{"checks":{"database":"ok","plugins":"failed","redis":"ok"},"status":"not ready"}`; res.StatusCode != 503 || res.text != want {
		t.Errorf("%d %s", res.StatusCode, res.text)
	}
	if res := r.do(ask{path: "/healthz"}); res.StatusCode != 200 {
		t.Errorf("healthz: %d", res.StatusCode)
	}
	if res := r.do(ask{path: "/metrics"}); res.StatusCode != 404 && res.StatusCode != 302 {
		t.Errorf("metrics are public: %d", res.StatusCode)
	}
	inside, err := http.Get("http://" + r.InternalAddr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Body.Close()
	if b, _ := io.ReadAll(inside.Body); !strings.Contains(string(b), `allhours_http_requests_total{method="GET",route="/readyz",status="503"} 1`) {
		t.Errorf("metrics: %.2000s", b)
	}
}

// Redis away: requests are answered, as fast as before, attempts at strict routes are few, and the process stays ready.
func TestWithoutRedis(t *testing.T) {
	t.Parallel()
	base, server := dbtest.Create(t), dbtest.Redis(t)
	r := rigOn(t, base, server.URL, nil).routes()
	Add(r.Gateway, Route{Method: "POST", Path: "/api/v1/login", ID: "login", Summary: "s", Tag: "t", Access: Open, Strict: true}, who)
	r.start()
	r.tenant("a")
	server.Kill()
	began, refused := time.Now(), 0
	for range 50 {
		if res := r.do(ask{path: "/api/v1/get/public", headers: []string{"Host: a.shops.test"}}); res.StatusCode != 200 {
			t.Errorf("read: %d %s", res.StatusCode, res.text)
		}
		if res := r.do(ask{method: "POST", path: "/api/v1/login"}); res.StatusCode == 429 {
			refused++
		}
	}
	if took := time.Since(began); took > 5*time.Second || refused < 40 {
		t.Errorf("50 reads and logins took %s, %d logins were refused", took, refused)
	}
	if res := r.do(ask{path: "/readyz"}); res.StatusCode != 200 || !strings.Contains(res.text, `"redis":"failed"`) {
		t.Errorf("readyz: %d %s", res.StatusCode, res.text)
	}
}

func TestETag(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	version := atomic.Int64{}
	Add(r.Gateway, Route{Method: "GET", Path: "/api/v1/polled", ID: "polled", Summary: "s", Tag: "t", Access: Public, Polled: true}, func(context.Context, *struct{}) (*makeOutput, error) {
		out := &makeOutput{}
		out.Body.Name = fmt.Sprint(version.Load())
		return out, nil
	})
	Add(r.Gateway, Route{Method: "POST", Path: "/api/v1/replay", ID: "replay", Summary: "s", Tag: "t", Access: Public, Keyed: true}, func(ctx context.Context, _ *struct{}) (*makeOutput, error) {
		db.AttemptOf(ctx).Replayed = db.AttemptOf(ctx).Key == "again"
		return &makeOutput{}, nil
	})
	r.start()
	r.tenant("a")
	shop := "Host: a.shops.test"
	first := r.do(ask{path: "/api/v1/polled", headers: []string{shop}})
	tag := first.Header.Get("ETag")
	if !strings.HasPrefix(tag, `"`) || first.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("ETag %q, Cache-Control %q", tag, first.Header.Get("Cache-Control"))
	}
	if res := r.do(ask{path: "/api/v1/polled", headers: []string{shop, `If-None-Match: "x", W/` + tag}}); res.StatusCode != 304 || res.text != "" || res.Header.Get("ETag") != tag {
		t.Errorf("unchanged: %d %q", res.StatusCode, res.text)
	}
	version.Add(1)
	if res := r.do(ask{path: "/api/v1/polled", headers: []string{shop, "If-None-Match: " + tag}}); res.StatusCode != 200 || res.Header.Get("ETag") == tag {
		t.Errorf("changed: %d", res.StatusCode)
	}
	if res := r.do(ask{method: "POST", path: "/api/v1/replay", headers: []string{shop}}); res.StatusCode != 422 || res.code() != "idempotency_key_required" {
		t.Errorf("no key: %s", res.text)
	}
	for key, want := range map[string]string{"new": "", "again": "true"} {
		if res := r.do(ask{method: "POST", path: "/api/v1/replay", headers: []string{shop, "Idempotency-Key: " + key}}); res.StatusCode != 200 || res.Header.Get("Idempotent-Replayed") != want || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("key %s: %d %v", key, res.StatusCode, res.Header)
		}
	}
}

// Uploads are bounded, stay out of memory, and come only from those who may.
func TestUpload(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	type form struct {
		File huma.FormFile `form:"file" required:"true"`
		Kind string        `form:"kind"`
	}
	Add(r.Gateway, Route{Method: "POST", Path: "/api/v1/upload", ID: "upload", Summary: "s", Tag: "t", Access: Staff("imports:write"), Body: 3 << 20}, func(_ context.Context, in *struct {
		RawBody huma.MultipartFormFiles[form]
	},
	) (*makeOutput, error) {
		f := in.RawBody.Data()
		b, err := io.ReadAll(f.File)
		out := &makeOutput{}
		out.Body.Name = fmt.Sprintf("%s %s %d", f.Kind, f.File.Filename, len(b))
		return out, err
	})
	r.start()
	a := r.tenant("a")
	r.auth.add(access.KeySecret, "key", access.Identity{Kind: access.APIKey, ID: db.NewID(), Tenant: a, Scopes: []string{"imports:write"}})
	send := func(size int, key string) reply {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		_ = w.WriteField("kind", "products")
		f, _ := w.CreateFormFile("file", "a.csv")
		_, _ = f.Write(bytes.Repeat([]byte("x"), size))
		_ = w.Close()
		return r.do(ask{method: "POST", path: "/api/v1/upload", body: body.String(), headers: []string{"Content-Type: " + w.FormDataContentType(), "Authorization: Bearer " + key}})
	}
	if res := send(2<<20, "key"); res.StatusCode != 200 || res.json["name"] != "products a.csv 2097152" {
		t.Errorf("2 MiB: %d %s", res.StatusCode, res.text)
	}
	if res := send(4<<20, "key"); res.StatusCode != 413 || res.json["limit"] != float64(3<<20) {
		t.Errorf("4 MiB: %d %s", res.StatusCode, res.text)
	}
	if res := send(100, "stranger"); res.StatusCode != 401 {
		t.Errorf("stranger: %d", res.StatusCode)
	}
	if res := r.do(ask{method: "POST", path: "/api/v1/upload", body: "{}", headers: []string{"Authorization: Bearer key"}}); res.StatusCode != 422 || res.code() != "validation_failed" {
		t.Errorf("not a form: %d %s", res.StatusCode, res.text)
	}
}
