package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/telemetry"
	"allhours/tenants/access"
)

// outer goes around every request: its id, its client, recovery from panics, the log, metrics and trace, and the headers that all answers carry.
func (g *Gateway) outer(c *fiber.Ctx) (err error) {
	in := &call{id: requestID(c), start: time.Now(), pattern: "other"}
	in.client, in.host = g.client(c)
	c.Set("X-Request-Id", in.id)
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	c.Set("X-Frame-Options", "DENY")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	if in.client.Secure {
		c.Set("Strict-Transport-Security", "max-age=31536000")
	}
	ctx := context.WithValue(g.life, callKey{}, in)
	ctx = telemetry.WithRequestID(ctx, in.id)
	ctx = db.WithScope(ctx, db.Scope{Actor: db.Actor{RequestID: in.id}})
	ctx = fault.WithWish(ctx, strings.Clone(c.Get(fiber.HeaderAcceptLanguage)))
	ctx, span := g.trace(ctx, c)
	c.SetUserContext(ctx)
	defer func() {
		if p := recover(); p != nil {
			g.metrics.panics.Inc()
			if in.cancel != nil {
				in.cancel()
			}
			err = g.fail(c, c.UserContext(), fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
		g.account(c, ctx, in, span)
	}()
	if _, err := url.ParseRequestURI(string(c.Request().Header.RequestURI())); err != nil {
		return g.fail(c, ctx, httpProblem(ctx, http.StatusBadRequest, fault.T("The address is not a valid one.")))
	}
	if c.Method() == http.MethodOptions && strings.HasPrefix(c.Path(), "/api/") {
		return g.preflight(c)
	}
	err = c.Next()
	if isNotFound(err) {
		err = g.pages(c)
	}
	if err != nil {
		return g.onError(c, err)
	}
	return nil
}

func isNotFound(err error) bool {
	var fe *fiber.Error
	return errors.As(err, &fe) && fe.Code == http.StatusNotFound
}

// account ends the request's span and writes its line in the log and the metrics.
func (g *Gateway) account(c *fiber.Ctx, ctx context.Context, in *call, span trace.Span) {
	if in.cancel != nil && !in.streams {
		in.cancel()
	}
	status, took := c.Response().StatusCode(), time.Since(in.start)
	g.metrics.requests.WithLabelValues(c.Method(), in.pattern, strconv.Itoa(status)).Inc()
	g.metrics.seconds.WithLabelValues(in.pattern).Observe(took.Seconds())
	if span.IsRecording() {
		span.SetName(c.Method() + " " + in.pattern)
		span.SetAttributes(attribute.Int("http.response.status_code", status), attribute.String("http.route", in.pattern), attribute.String("tenant.id", in.tenant.ID.String()))
		if status >= 500 {
			span.SetStatus(codes.Error, in.code)
		}
	}
	span.End()
	if g.config.AccessLog == "none" || (g.config.AccessLog == "errors" && status < 400) || (in.probe && status < 400) {
		return
	}
	slog.LogAttrs(c.UserContext(), slog.LevelInfo, "request", slog.String("method", c.Method()), slog.String("route", in.pattern),
		slog.Int("status", status), slog.String("code", in.code), slog.Duration("took", took), slog.String("shop", in.tenant.Slug),
		slog.String("who", in.identity.Kind), slog.String("ip", in.client.IP))
}

var tracer = otel.Tracer("allhours/gateway")

func (g *Gateway) trace(ctx context.Context, c *fiber.Ctx) (context.Context, trace.Span) {
	ctx = otel.GetTextMapPropagator().Extract(ctx, headers{c})
	return tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
}

// headers lets the propagator read the request's headers.
type headers struct{ c *fiber.Ctx }

var _ propagation.TextMapCarrier = headers{}

func (h headers) Get(key string) string { return h.c.Get(key) }
func (h headers) Set(string, string)    {}
func (h headers) Keys() []string        { return nil }

// requestID takes over the caller's id if it is a decent one.
func requestID(c *fiber.Ctx) string {
	id := c.Get("X-Request-Id")
	strange := func(r rune) bool {
		letter, digit := (r|0x20) >= 'a' && (r|0x20) <= 'z', r >= '0' && r <= '9'
		return !letter && !digit && r != '-' && r != '_'
	}
	if len(id) < 8 || len(id) > 64 || strings.ContainsFunc(id, strange) {
		return uuid.NewString()
	}
	return id
}

// client tells who is at the other end. X-Forwarded-* counts only from a trusted proxy; the client's address is then the last one in the chain that is not
// such a proxy itself, for everything before it may be invented.
func (g *Gateway) client(c *fiber.Ctx) (access.Client, string) {
	remote, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	remote = remote.Unmap()
	host, secure := string(c.Request().Header.Host()), c.Context().IsTLS() || (len(g.config.proxies) == 0 && strings.HasPrefix(g.config.PublicURL, "https:"))
	if g.trusted(remote) {
		chain := strings.Split(c.Get("X-Forwarded-For"), ",")
		for i := len(chain) - 1; i >= 0; i-- {
			a, err := netip.ParseAddr(strings.TrimSpace(chain[i]))
			if err != nil {
				break
			}
			if remote = a.Unmap(); !g.trusted(remote) {
				break
			}
		}
		if h := c.Get("X-Forwarded-Host"); h != "" {
			host = h
		}
		secure = strings.EqualFold(c.Get("X-Forwarded-Proto"), "https")
	}
	host = strings.ToLower(host)
	who := access.Client{IP: remote.String(), UserAgent: c.Get("User-Agent"), Host: host, Secure: secure}
	who.Cart, who.Device = c.Cookies(who.CookieName(access.CartCookie)), c.Cookies(who.CookieName(access.DeviceCookie))
	return who, bareHost(host)
}

func (g *Gateway) trusted(a netip.Addr) bool {
	for _, p := range g.config.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// bareHost takes the port and the root's dot off.
func bareHost(h string) string {
	if strings.HasPrefix(h, "[") {
		return strings.TrimPrefix(h[:max(0, strings.IndexByte(h, ']'))], "[")
	}
	if i := strings.LastIndexByte(h, ':'); i >= 0 {
		h = h[:i]
	}
	return strings.TrimSuffix(h, ".")
}

// knownVerb answers requests whose method Fiber would refuse in its own words, before any of our own.
func (g *Gateway) knownVerb(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(rc *fasthttp.RequestCtx) {
		if slices.Contains(fiber.DefaultMethods, string(rc.Method())) {
			next(rc)
			return
		}
		b, _ := httpProblem(g.life, http.StatusMethodNotAllowed, fiberDetails[http.StatusMethodNotAllowed]).MarshalJSON()
		rc.SetConnectionClose()
		rc.SetContentType("application/problem+json")
		rc.SetStatusCode(http.StatusMethodNotAllowed)
		rc.SetBody(b)
	}
}

// allowTime gives uploads longer to arrive than other requests. Called by fasthttp once the headers are in.
func (g *Gateway) allowTime(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if n := h.ContentLength(); n > defaultBody || n == -1 {
		return fasthttp.RequestConfig{ReadTimeout: 2 * time.Minute, MaxRequestBodySize: defaultBody}
	}
	return fasthttp.RequestConfig{ReadTimeout: 30 * time.Second, MaxRequestBodySize: defaultBody}
}

// finish completes what a handler has answered: the replay mark, caching and, on polled routes, the entity tag.
func (g *Gateway) finish(c *fiber.Ctx, ctx context.Context, r *Route) {
	in := callOf(ctx)
	if in.attempt.Replayed {
		c.Set("Idempotent-Replayed", "true")
	}
	if len(c.Response().Header.Peek(fiber.HeaderCacheControl)) > 0 {
		return
	}
	switch {
	case !r.Polled || c.Response().StatusCode() != http.StatusOK:
		c.Set(fiber.HeaderCacheControl, "no-store")
		return
	case r.Access == Public:
		c.Set(fiber.HeaderCacheControl, "no-cache")
	default:
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
	}
	tag := tagOf(c.Response().Body())
	c.Set(fiber.HeaderETag, tag)
	if matches(c.Get(fiber.HeaderIfNoneMatch), tag) {
		c.Response().ResetBody()
		c.Response().Header.Del(fiber.HeaderContentType)
		c.Status(http.StatusNotModified)
	}
}

// tagOf is the strong entity tag of the content.
func tagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// matches reports whether an If-None-Match header names the tag.
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}
