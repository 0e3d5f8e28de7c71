package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

var (
	errStreams  = fault.New(fault.TooMany, "live.too_many_streams", "Too many live streams are open. Close some pages.").After(30 * time.Second)
	errDraining = fault.New(fault.Unavailable, "draining", "This server is going away; connect again.").After(time.Second)
	errOrder    = fault.New(fault.NotFound, "order.not_found", "There is no such order, or its link is no longer good.")
)

// addLive puts the two streams on their routes.
func (g *Gateway) addLive() {
	g.raw(Route{
		Method: http.MethodGet, Path: "/api/v1/events", ID: "follow-events", Tag: "Live", Access: anyStaff, Streams: true, Summary: "Follow what happens in the shop",
		Description: "Server-sent events: `id` is the event's, `event` its type, `data` is {type, id, version, at, data}. `event: resync` says that some were missed: read again what is shown. A comment comes every 15 s.",
	},
		[]string{"topics", "last_event_id"}, g.staffEvents)
	g.raw(Route{
		Method: http.MethodGet, Path: "/api/v1/storefront/events", ID: "follow-shop-events", Tag: "Live", Access: Shopper, Streams: true, Summary: "Follow an order, and changes of products and stock",
		Description: "Server-sent events as of follow-events, without what is for the shop's own people. An order is followed with its signed token, or by the customer it belongs to.",
	},
		[]string{"order", "token", "last_event_id"}, g.shopEvents)
}

// raw adds a route whose handler writes by itself.
func (g *Gateway) raw(r Route, query []string, handler func(c *fiber.Ctx, ctx context.Context) error) {
	g.check(&r)
	op := &huma.Operation{
		Method: r.Method, Path: r.Path, OperationID: r.ID, Summary: r.Summary, Description: r.Description, Tags: []string{r.Tag}, Security: r.security(),
		Extensions: map[string]any{"x-access": string(r.Access)},
		Responses:  map[string]*huma.Response{"200": {Description: "A stream", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}}}},
	}
	for _, q := range query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: q, In: "query", Schema: &huma.Schema{Type: "string"}})
	}
	problem := g.api.OpenAPI().Components.Schemas.Schema(problemType, true, "Problem")
	for _, status := range r.statuses() {
		op.Responses[fmt.Sprint(status)] = &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}}
	}
	r.declare(op)
	g.api.OpenAPI().AddOperation(op)
	g.app.Add(r.Method, r.Path, func(c *fiber.Ctx) error {
		ctx, _, up, err := g.admit(c, &r)
		defer up.close()
		if err == nil {
			err = handler(c, ctx)
		}
		if err != nil {
			callOf(ctx).cancel()
			return g.fail(c, ctx, err)
		}
		return nil
	})
	g.routes = append(g.routes, r)
}

func (g *Gateway) staffEvents(c *fiber.Ctx, ctx context.Context) error {
	in := callOf(ctx)
	list, err := g.chosen(ctx, in.identity, c.Query("topics"))
	if err != nil {
		return err
	}
	return g.stream(c, ctx, g.staffWants(ctx, in.identity, list), false)
}

func (g *Gateway) shopEvents(c *fiber.Ctx, ctx context.Context) error {
	in := callOf(ctx)
	order := in.identity.OrderID
	if q := c.Query("order"); q != "" {
		id, err := uuid.Parse(q)
		if err != nil {
			return fault.New(fault.Invalid, "validation_failed", "The order's id is not one.").Field("query.order", "must be a UUID")
		}
		switch {
		case in.identity.Is(access.Customer):
			if g.hooks.OwnsOrder == nil || !g.hooks.OwnsOrder(ctx, in.identity.ID, id) {
				return errOrder
			}
			order = id
		case order != id:
			return errOrder
		}
	}
	return g.stream(c, ctx, shopWants(in.identity, order), true)
}

// stream answers with events until the client goes, its session ends, or the server drains.
func (g *Gateway) stream(c *fiber.Ctx, ctx context.Context, wants func(LiveEvent) bool, shop bool) error {
	in := callOf(ctx)
	s := &stream{queue: make(chan LiveEvent, queueLength), wants: wants, tenant: in.tenant.ID, ip: in.client.IP}
	ready, err := g.live.join(s, g.config.StreamsTenant, g.config.StreamsAddress)
	if errors.Is(err, errStreamsClosed) {
		return errDraining
	}
	if err != nil {
		return errStreams.Wrap(err)
	}
	last := c.Get("Last-Event-ID")
	if last == "" {
		last = c.Query("last_event_id")
	}
	again := g.stillLet(c, in)
	c.Set(fiber.HeaderContentType, "text/event-stream; charset=utf-8")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no")
	c.Response().ImmediateHeaderFlush = true
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() {
			if p := recover(); p != nil { // nobody else would: this is a goroutine of fasthttp's
				slog.ErrorContext(ctx, "live stream panicked", "panic", p, "stack", string(debug.Stack()))
			}
			in.cancel()
			g.live.leave(s)
			g.metrics.streams.Dec()
		}()
		g.metrics.streams.Inc()
		p := &player{w: w, shop: shop, resyncs: g.metrics.resyncs.Inc}
		if g.open(ctx, p, s, ready, last) == nil {
			g.play(ctx, p, s, again)
		}
	})
	return nil
}

// open greets the client and gives it what it has missed.
func (g *Gateway) open(ctx context.Context, p *player, s *stream, ready <-chan struct{}, last string) error {
	if err := p.write("retry: 3000\n: hello\n\n"); err != nil {
		return err
	}
	select {
	case <-ready:
	case <-time.After(time.Second): // Redis is away: the outbox is read instead
	case <-ctx.Done():
		return ctx.Err()
	}
	if last == "" {
		return p.write("event: ready\ndata: {}\n\n")
	}
	id, err := uuid.Parse(last)
	events, complete, readErr := g.live.replay(ctx, s.tenant, id)
	if err != nil || readErr != nil || !complete {
		if readErr != nil {
			slog.WarnContext(ctx, "live events: cannot replay", "err", readErr)
		}
		return p.resync()
	}
	for _, e := range events {
		if s.wants(e) {
			if err := p.event(e); err != nil {
				return err
			}
		}
	}
	return p.write("event: ready\ndata: {}\n\n")
}

// play passes events on. A shop's page hears of stock once a second: a sale would otherwise have every visitor ask again at every order.
func (g *Gateway) play(ctx context.Context, p *player, s *stream, again func() bool) {
	beat := time.NewTicker(g.config.heartbeat)
	defer beat.Stop()
	check := time.NewTicker(time.Second)
	defer check.Stop()
	var err error
	quiet := false
	for err == nil {
		select {
		case <-ctx.Done():
			return
		case <-g.live.ended:
			_ = p.write("retry: 500\n: going away\n\n")
			return
		case e := <-s.queue:
			err, quiet = p.event(e), false
		case <-beat.C:
			if quiet {
				err = p.write(": \n\n")
			}
			quiet = true
		case <-check.C:
			if !again() {
				_ = p.write("event: ended\ndata: {}\n\n")
				return
			}
			if err = p.flushStock(); err == nil && s.lagged.Load() && len(s.queue) == 0 {
				s.lagged.Store(false)
				err = p.resync()
			}
		}
	}
}

// stillLet makes a check, cheap enough for each second, that the identity the stream was opened with is still good.
func (g *Gateway) stillLet(c *fiber.Ctx, in *call) func() bool {
	r := Route{Access: anyStaff}
	if strings.HasPrefix(in.pattern, "/api/v1/storefront/") {
		r.Access = Shopper
	}
	credentials, _ := g.credentials(c, in, &r)
	if in.identity.Anonymous() {
		return func() bool { return true }
	}
	return func() bool {
		ctx, cancel := context.WithTimeout(g.life, time.Second)
		defer cancel()
		if t, err := g.directory.byID(ctx, in.tenant.ID); err == nil && t.Status != "active" {
			return false
		}
		for _, cred := range credentials {
			_, err := g.hooks.Authenticator.Authenticate(ctx, in.tenant.ID, cred)
			if err == nil || fault.KindOf(err) != fault.Unauthenticated {
				return true // a database that is away ends no stream
			}
		}
		return false
	}
}

// player writes a stream's messages: whole to the shop's own people, and to its visitors only what has changed.
type player struct {
	w       *bufio.Writer
	shop    bool
	resyncs func()
	stock   LiveEvent // the last of those whose articles wait
	skus    []string
}

func (p *player) write(s string) error {
	if _, err := p.w.WriteString(s); err != nil {
		return err
	}
	return p.w.Flush()
}

func (p *player) event(e LiveEvent) error {
	switch {
	case !p.shop:
		return p.send(e.ID, staffMessage(e))
	case e.Type != "stock.changed":
		return p.send(e.ID, shopMessage(e))
	}
	p.stock = e
	for _, sku := range articles(e.Payload) {
		if !slices.Contains(p.skus, sku) && len(p.skus) < 200 {
			p.skus = append(p.skus, sku)
		}
	}
	return nil
}

func (p *player) send(id uuid.UUID, m message) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return p.write("id: " + id.String() + "\nevent: " + m.Type + "\ndata: " + string(b) + "\n\n")
}

// flushStock names the articles gathered since the last time.
func (p *player) flushStock() error {
	if len(p.skus) == 0 {
		return nil
	}
	m := shopMessage(p.stock)
	m.ID = ""
	m.Data, _ = json.Marshal(map[string]any{"skus": p.skus})
	p.skus = nil
	return p.send(p.stock.ID, m)
}

func (p *player) resync() error {
	p.resyncs()
	return p.write("event: resync\ndata: {}\n\n")
}
