// Package gateway is the one door: every request of the platform comes in here.
//
// Owns: the HTTP server, which tenant a request belongs to, who is recognised and what he may do, limits, how failures are answered, the OpenAPI document,
// live events, and the embedded pages. Does not own: what a route does (handlers live in their domain's http.go), sessions and keys (tenants/access).
// Invariants: a handler runs only after its route's Access has been checked; it gets a plain context, never Fiber's, whose strings are reused;
// a refusal is a Problem; the cause of a failure is logged once, here, and never shown.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Gateway is the server of one process.
type Gateway struct {
	config    Config
	db        *db.DB
	hooks     Hooks
	app       *fiber.App
	api       huma.API
	routes    []Route
	directory *directory
	limits    *limiter
	live      *Live
	metrics   *metrics
	registry  *prometheus.Registry
	readiness []Check
	pages     fiber.Handler // for what no route takes
	spec      atomic.Pointer[[]byte]

	server   server
	life     context.Context // ends when requests in flight must give up
	kill     context.CancelFunc
	draining atomic.Bool
}

// Deps are what the gateway works with. Metrics may be nil.
type Deps struct {
	DB         *db.DB
	Redis      redis.UniversalClient
	Migrations fs.FS
	Metrics    *prometheus.Registry
	Console    fs.FS  // the built admin-ui
	Shop       fs.FS  // the built storefront
	NonceToken string // stands in the pages where a nonce goes
	Version    string
}

// New puts the gateway together; Add routes, then Start it.
func New(c Config, d Deps, h Hooks) (*Gateway, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if d.DB == nil || d.Redis == nil || h.Authenticator == nil {
		return nil, errors.New("gateway: needs DB, Redis and an Authenticator")
	}
	if d.Metrics == nil {
		d.Metrics = prometheus.NewRegistry()
	}
	if h.Rate == nil {
		h.Rate = func(string) int { return 0 }
	}
	teachHuma()
	g := &Gateway{config: c, db: d.DB, hooks: h, registry: d.Metrics}
	g.life, g.kill = context.WithCancel(context.Background())
	g.metrics = newMetrics(d.Metrics)
	g.directory = newDirectory(d.DB)
	g.limits = newLimiter(d.Redis, time.Now)
	g.live = NewLive(d.DB, d.Redis)
	g.readiness = append(g.ownChecks(d), h.Checks...)
	g.app = fiber.New(fiber.Config{
		Immutable:                    true, // else strings change under the handler's feet: see reliability.md, finding 1
		CaseSensitive:                true,
		StrictRouting:                true,
		StreamRequestBody:            true, // bodies are read by us, after the request has been let in, up to the route's limit
		BodyLimit:                    defaultBody,
		DisablePreParseMultipartForm: true,
		DisableStartupMessage:        true,
		ReadBufferSize:               16 << 10, // the headers at most
		ReadTimeout:                  30 * time.Second,
		IdleTimeout:                  75 * time.Second,
		ErrorHandler:                 g.onError,
	})
	g.app.Server().CloseOnShutdown = true
	g.app.Server().HeaderReceived = g.allowTime
	g.app.Server().Handler = g.knownVerb(g.app.Server().Handler)
	g.app.Use(g.outer)
	g.api = humafiber.New(g.app, humaConfig(d.Version))
	g.addLive()
	if err := g.addPages(d); err != nil {
		return nil, fmt.Errorf("gateway: pages: %w", err)
	}
	return g, nil
}

// Live gives the hub of live events: the relay publishes through it.
func (g *Gateway) Live() *Live { return g.live }

// refusal logs the cause of a failure, once, and makes the answer.
func (g *Gateway) refusal(ctx context.Context, err error) *Problem {
	p := problemOf(ctx, err)
	if c := callOf(ctx); c != nil {
		c.code = p.Code
	}
	if p.Status >= http.StatusInternalServerError {
		slog.ErrorContext(ctx, "request failed", "code", p.Code, "err", err)
	}
	return p
}

// fail answers with the problem of err.
func (g *Gateway) fail(c *fiber.Ctx, ctx context.Context, err error) error {
	p := g.refusal(ctx, err)
	for name, values := range p.headers {
		for _, v := range values {
			c.Append(name, v)
		}
	}
	b, err := p.MarshalJSON()
	if err != nil {
		return err
	}
	c.Response().ResetBody()
	c.Set(fiber.HeaderContentType, "application/problem+json")
	c.Status(p.Status)
	return c.Send(b)
}

// onError answers what Fiber and fasthttp themselves refuse: unknown routes, headers too large, slow requests.
func (g *Gateway) onError(c *fiber.Ctx, err error) error {
	ctx := c.UserContext()
	var fe *fiber.Error
	if errors.As(err, &fe) {
		detail, ok := fiberDetails[fe.Code]
		if !ok {
			detail = fault.T("The request is not one this server understands.")
		}
		return g.fail(c, ctx, httpProblem(ctx, fe.Code, detail))
	}
	return g.fail(c, ctx, err)
}

var fiberDetails = map[int]fault.Text{
	http.StatusNotFound:                    fault.T("There is nothing at this address. GET /api/v1/openapi.json lists what there is."),
	http.StatusMethodNotAllowed:            fault.T("This address does not take the method; see Allow."),
	http.StatusRequestTimeout:              fault.T("The request did not arrive in time. Send it again."),
	http.StatusRequestEntityTooLarge:       fault.T("The request body is too large."),
	http.StatusRequestHeaderFieldsTooLarge: fault.T("The request line and headers are larger than 16 KiB. Send fewer cookies or a shorter address."),
}
