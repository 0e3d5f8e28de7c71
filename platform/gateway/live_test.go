package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/outbox"
	"allhours/tenants/access"
)

// listener is one browser's stream.
type listener struct {
	t      *testing.T
	res    *http.Response
	events chan sse
}

type sse struct{ id, event, data, retry string }

// listen opens a stream and waits until nothing can be missed.
func (r *rig) listen(path string, headers ...string) *listener {
	r.t.Helper()
	l := r.connect(path, headers...)
	if l.res.StatusCode != 200 {
		r.t.Fatalf("GET %s: %d", path, l.res.StatusCode)
	}
	return l
}

func (r *rig) connect(path string, headers ...string) *listener {
	r.t.Helper()
	req, _ := http.NewRequestWithContext(r.t.Context(), "GET", r.url+path, nil)
	req.Host = "shops.test"
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	res, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	l := &listener{t: r.t, res: res, events: make(chan sse, 10_000)}
	r.t.Cleanup(func() { _ = res.Body.Close() })
	go func() {
		defer close(l.events)
		var e sse
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.event = value
			case "data":
				e.data = value
			case "retry":
				e.retry = value
			case "":
				if lines.Text() == "" && e != (sse{}) {
					l.events <- e
					e = sse{}
				}
			}
		}
	}()
	return l
}

// next waits for the next event that is not the greeting.
func (l *listener) next() sse {
	l.t.Helper()
	for {
		select {
		case e, ok := <-l.events:
			if !ok {
				return sse{event: "closed"}
			}
			if e.event != "" {
				return e
			}
		case <-time.After(8 * time.Second):
			l.t.Fatal("no event within 8 s")
		}
	}
}

func (l *listener) want(event string) sse {
	l.t.Helper()
	e := l.next()
	if e.event != event {
		l.t.Fatalf("got %+v, want event %s", e, event)
	}
	return e
}

// happen records events as a domain does; it returns them as the relay hands them on.
func happen(t *testing.T, d *db.DB, tenant uuid.UUID, typ, subject string, payload any) outbox.Event {
	t.Helper()
	var e outbox.Event
	err := d.InTx(context.Background(), db.Scope{Tenant: tenant}, func(tx *db.Tx) error {
		if err := outbox.Append(tx, typ, subject, payload); err != nil {
			return err
		}
		var row outboxRow
		err := tx.Raw(`SELECT tenant_id, id, type, subject, payload, created_at FROM outbox_events WHERE tenant_id = ? ORDER BY id DESC LIMIT 1`, tenant).Scan(&row).Error
		e = outbox.Event{Tenant: tenant, ID: row.ID, Type: typ, Subject: subject, Payload: row.Payload.V, At: row.CreatedAt}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (r *rig) happens(tenant uuid.UUID, typ, subject string, payload any) outbox.Event {
	r.t.Helper()
	e := happen(r.t, r.base.DB, tenant, typ, subject, payload)
	r.Live().Publish(r.t.Context(), []outbox.Event{e})
	return e
}

// staff makes a member who may do what is listed; it returns his cookie header.
func (r *rig) staff(tenant uuid.UUID, name string, scopes ...string) string {
	r.auth.add(access.StaffSession, name, access.Identity{Kind: access.Member, ID: db.NewID(), Tenant: tenant, Scopes: scopes})
	return "Cookie: " + access.StaffCookie + "=" + name
}

func TestLiveFilters(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(_ *Config, _ *Deps, h *Hooks) {
		h.OwnsOrder = func(_ context.Context, customer, order uuid.UUID) bool { return customer[0] == order[0] }
	}).start()
	a, b := r.tenant("a"), r.tenant("b")
	order, other := db.NewID(), uuid.UUID{9, 9}
	me := db.NewID()
	r.auth.add(access.StaffSession, "me", access.Identity{Kind: access.Member, ID: me, Tenant: a, Scopes: []string{"orders:read"}})
	r.auth.add(access.OrderToken, "link", access.Identity{Kind: access.Guest, Tenant: a, OrderID: order})
	customer := db.NewID()
	r.auth.add(access.CustomerSession, "cust", access.Identity{Kind: access.Customer, ID: customer, Tenant: a})
	r.auth.add(access.CustomerSession, "else", access.Identity{Kind: access.Customer, ID: db.NewID(), Tenant: a})
	shop := "Host: a.shops.test"

	member := r.listen("/api/v1/events", "Cookie: "+access.StaffCookie+"=me")
	stockOnly := r.listen("/api/v1/events?topics=stock", r.staff(a, "clerk", "orders:read", "inventory:read"))
	foreign := r.listen("/api/v1/events", r.staff(b, "foreign", "orders:read", "inventory:read"))
	guest := r.listen("/api/v1/storefront/events?order="+order.String()+"&token=link", shop)
	visitor := r.listen("/api/v1/storefront/events", shop)
	signedIn := r.listen("/api/v1/storefront/events", shop, "Cookie: "+access.CustomerCookie+"=cust")
	stranger := r.listen("/api/v1/storefront/events", shop, "Cookie: "+access.CustomerCookie+"=else")
	for _, l := range []*listener{member, stockOnly, foreign, guest, visitor, signedIn, stranger} {
		l.want("ready")
	}
	r.happens(a, "order.placed", order.String(), map[string]any{"note": "staff only", "version": 3})
	r.happens(a, "order.note_added", order.String(), map[string]any{"text": "internal"})
	r.happens(a, "order.placed", other.String(), map[string]any{"customer_id": customer})
	for _, change := range []string{"order.paid", "order.fulfilment_changed", "order.note_added", "order.refunded"} {
		r.happens(a, change, other.String(), map[string]any{"customer_id": customer, "version": 4})
	}
	r.happens(a, "order.unpaid_due", order.String(), map[string]any{})
	r.happens(a, "payment.succeeded", db.NewID().String(), map[string]any{"order_id": order})
	r.happens(a, "notification.created", db.NewID().String(), map[string]any{"member_id": db.NewID()})
	r.happens(a, "notification.created", db.NewID().String(), map[string]any{"member_id": me})
	r.happens(a, "stock.changed", "s1", []map[string]any{{"sku": "cup", "on_hand": 7}, {"sku": "cup"}})
	r.happens(a, "stock.changed", "s2", []map[string]any{{"sku": "pot", "on_hand": 8}})
	r.happens(b, "order.placed", "end", map[string]any{})
	last := r.happens(a, "product.changed", "end", map[string]any{"cost": 5})

	var first message
	if e := member.want("order.placed"); json.Unmarshal([]byte(e.data), &first) != nil || first.ID != order.String() || first.Version != 3 || !strings.Contains(string(first.Data), "staff only") {
		t.Errorf("member got %+v", e)
	}
	member.want("order.note_added")
	for _, next := range []string{"order.placed", "order.paid", "order.fulfilment_changed", "order.note_added", "order.refunded"} {
		member.want(next)
	}
	if e := member.want("notification.created"); !strings.Contains(e.data, me.String()) {
		t.Errorf("another member's notification: %+v", e)
	}
	stockOnly.want("stock.changed")
	stockOnly.want("stock.changed")
	if e := foreign.want("order.placed"); !strings.Contains(e.data, `"id":"end"`) {
		t.Errorf("tenant b got %+v", e)
	}
	if e := guest.want("order.placed"); !strings.Contains(e.data, order.String()) || strings.Contains(e.data, "staff only") {
		t.Errorf("guest got %+v", e)
	}
	guest.want("payment.succeeded")
	if e := signedIn.want("order.placed"); !strings.Contains(e.data, other.String()) {
		t.Errorf("customer got %+v", e)
	}
	for _, change := range []string{"order.paid", "order.fulfilment_changed", "order.refunded"} {
		if e := signedIn.want(change); !strings.Contains(e.data, other.String()) || !strings.Contains(e.data, `"version":4`) || strings.Contains(e.data, customer.String()) {
			t.Errorf("customer got %+v", e)
		}
	}
	for _, l := range []*listener{guest, visitor, signedIn, stranger} {
		if e := l.want("product.changed"); strings.Contains(e.data, "cost") || e.id != last.ID.String() {
			t.Errorf("product.changed: %+v", e)
		}
		if e := l.want("stock.changed"); !strings.Contains(e.data, `"data":{"skus":["cup","pot"]}`) || strings.Contains(e.data, "on_hand") {
			t.Errorf("stock.changed: %+v", e)
		}
	}
	for _, c := range []struct {
		path, header string
		status       int
	}{
		{"/api/v1/events", shop, 401},
		{"/api/v1/events?topics=nonsense", "Cookie: " + access.StaffCookie + "=me", 422},
		{"/api/v1/events?topics=stock", "Cookie: " + access.StaffCookie + "=me", 403},
		{"/api/v1/storefront/events?order=" + order.String(), shop, 404},
		{"/api/v1/storefront/events?order=" + other.String() + "&token=link", shop, 404},
		{"/api/v1/storefront/events?token=forged", shop, 401},
	} {
		if got := r.connect(c.path, shop, c.header); got.res.StatusCode != c.status {
			t.Errorf("%s with %s: %d, want %d", c.path, c.header, got.res.StatusCode, c.status)
		}
	}
	req := r.do(ask{path: "/api/v1/storefront/events?order=" + other.String(), headers: []string{shop, "Cookie: " + access.CustomerCookie + "=cust"}})
	if req.StatusCode != 404 {
		t.Errorf("another customer's order: %d", req.StatusCode)
	}
}

func TestLiveResume(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).start()
	a := r.tenant("a")
	cookie := r.staff(a, "s", "orders:read")
	var made []outbox.Event
	for i := range 5 {
		made = append(made, happen(t, r.base.DB, a, "order.placed", fmt.Sprint(i), map[string]any{}))
	}
	for name, header := range map[string]string{"header": "Last-Event-ID: " + made[2].ID.String(), "query": ""} {
		path := "/api/v1/events"
		if header == "" {
			path, header = path+"?last_event_id="+made[2].ID.String(), "X-Nothing: x"
		}
		l := r.listen(path, cookie, header)
		seen := map[string]int{}
		for e := l.next(); e.event != "ready"; e = l.next() {
			seen[e.id]++
		}
		if seen[made[3].ID.String()] != 1 || seen[made[4].ID.String()] != 1 || seen[made[2].ID.String()] != 0 {
			t.Errorf("%s: after the third of five came %v", name, seen)
		}
	}
	old := floor(time.Now().Add(-time.Hour))
	for name, id := range map[string]string{"too old": old.String(), "not an id": "zzz", "not made by time": uuid.NewString()} {
		r.listen("/api/v1/events", cookie, "Last-Event-ID: "+id).want("resync")
		_ = name
	}
	for i := range replayMax + 5 {
		happen(t, r.base.DB, a, "order.paid", fmt.Sprint(i), map[string]any{})
	}
	r.listen("/api/v1/events", cookie, "Last-Event-ID: "+made[0].ID.String()).want("resync")
}

// Two serve processes and a worker, that is three hubs on one Redis and one database; then Redis dies.
func TestLiveAcrossProcesses(t *testing.T) {
	t.Parallel()
	base, server := dbtest.Create(t), dbtest.Redis(t)
	one, two := rigOn(t, base, server.URL, nil).start(), rigOn(t, base, server.URL, nil).start()
	a := one.tenant("a")
	worker := NewLive(base.DB, one.redis)
	l1 := one.listen("/api/v1/events", one.staff(a, "s", "orders:read"))
	l2 := two.listen("/api/v1/events", two.staff(a, "s", "orders:read"))
	l1.want("ready")
	l2.want("ready")

	began := time.Now()
	worker.Publish(t.Context(), []outbox.Event{happen(t, base.DB, a, "order.placed", "by redis", map[string]any{})})
	for _, l := range []*listener{l1, l2} {
		if e := l.want("order.placed"); !strings.Contains(e.data, "by redis") {
			t.Fatalf("got %+v", e)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %s", took)
	}
	server.Kill()
	worker.Publish(t.Context(), []outbox.Event{happen(t, base.DB, a, "order.placed", "by database", map[string]any{})})
	for _, l := range []*listener{l1, l2} {
		for {
			if e := l.want("order.placed"); strings.Contains(e.data, "by database") {
				break // what came before may come again: clients tell by the id
			}
		}
	}
	if err := server.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
	until(t, 10*time.Second, "Redis is heard again", func() bool { return one.live.hearing.Load() && two.live.hearing.Load() })
	worker.Publish(t.Context(), []outbox.Event{happen(t, base.DB, a, "order.placed", "by redis again", map[string]any{})})
	for _, l := range []*listener{l1, l2} {
		for {
			if e := l.want("order.placed"); strings.Contains(e.data, "by redis again") {
				break
			}
		}
	}
}

// A session that ends, and a member who loses the permission, hear no more.
func TestLiveEndsWithTheSession(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).start()
	a := r.tenant("a")
	l := r.listen("/api/v1/events?topics=orders,stock", r.staff(a, "s", "orders:read", "inventory:read"))
	l.want("ready")
	r.auth.add("forbidden", "orders:read", access.Identity{})
	r.happens(a, "order.placed", "1", map[string]any{})
	r.happens(a, "stock.changed", "2", map[string]any{})
	l.want("stock.changed")
	r.auth.drop(access.StaffSession, "s")
	l.want("ended")
	l.want("closed")
	until(t, 3*time.Second, "the room is empty", func() bool {
		r.live.mu.Lock()
		defer r.live.mu.Unlock()
		return len(r.live.rooms) == 0 && len(r.live.ips) == 0
	})
}

func TestLiveSlowClientIsToldToResync(t *testing.T) {
	t.Parallel()
	s := &stream{queue: make(chan LiveEvent, queueLength), wants: func(LiveEvent) bool { return true }}
	for range queueLength + 10 {
		s.offer(LiveEvent{})
	}
	if !s.lagged.Load() || len(s.queue) != queueLength {
		t.Fatalf("lagged %t, queue %d", s.lagged.Load(), len(s.queue))
	}
	r := newRig(t, nil).start()
	a := r.tenant("a")
	l := r.listen("/api/v1/events", r.staff(a, "s", "orders:read"))
	l.want("ready")
	big := strings.Repeat("x", 32<<10)
	until(t, 20*time.Second, "the stream is told to resync", func() bool { // nobody reads: the socket fills, then the queue
		for range 200 {
			r.live.deliver(LiveEvent{Tenant: a, ID: db.NewID(), Type: "order.placed", Subject: "1", Payload: json.RawMessage(`"` + big + `"`)})
		}
		for len(l.events) > 0 {
			if e := <-l.events; e.event == "resync" {
				return true
			}
		}
		return false
	})
}

func TestLiveHeartbeat(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config, _ *Deps, _ *Hooks) { c.heartbeat = 30 * time.Millisecond }).start()
	r.tenant("a")
	req, _ := http.NewRequestWithContext(t.Context(), "GET", r.url+"/api/v1/storefront/events", nil)
	req.Host = "a.shops.test"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	beats := 0
	for lines := bufio.NewScanner(res.Body); beats < 3 && lines.Scan(); {
		if lines.Text() == ": " {
			beats++
		}
	}
	if h := res.Header; beats < 3 || h.Get("Content-Type") != "text/event-stream; charset=utf-8" || h.Get("Cache-Control") != "no-store" || h.Get("X-Accel-Buffering") != "no" {
		t.Errorf("%d beats, %v", beats, h)
	}
}

func TestLiveLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config, _ *Deps, _ *Hooks) { c.StreamsAddress = 2 }).start()
	r.tenant("a")
	shop := "Host: a.shops.test"
	first := r.listen("/api/v1/storefront/events", shop)
	first.want("ready")
	r.listen("/api/v1/storefront/events", shop).want("ready")
	if l := r.connect("/api/v1/storefront/events", shop); l.res.StatusCode != 429 || l.res.Header.Get("Retry-After") == "" {
		t.Errorf("third stream of one address: %d", l.res.StatusCode)
	}
}
