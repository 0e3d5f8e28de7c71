// Package app puts the platform together: it makes every part, fills the hooks between them, and starts and stops them in order.
//
// It is the only package that knows all others. routes.go lists every route, events.go who hears of what and what comes round; nothing is wired anywhere else.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/caarlos0/env/v11"
	"github.com/redis/go-redis/v9"

	adminui "allhours/admin-ui"
	"allhours/jobs"
	"allhours/migrations"
	"allhours/platform/alerts"
	"allhours/platform/base/blob"
	"allhours/platform/base/db"
	"allhours/platform/base/secrets"
	"allhours/platform/base/telemetry"
	"allhours/platform/catalog"
	"allhours/platform/customers"
	"allhours/platform/gateway"
	"allhours/platform/insights"
	"allhours/platform/inventory"
	"allhours/platform/notify"
	"allhours/platform/orders"
	"allhours/platform/payments"
	"allhours/plugins"
	"allhours/plugins/host"
	"allhours/storefront"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/audit"
	"allhours/tenants/members"
)

// Parts are what of the platform a process runs.
type Parts struct{ Serve, Work bool }

// The ways to run a process.
var (
	Serving    = Parts{Serve: true}
	Working    = Parts{Work: true}
	Everything = Parts{Serve: true, Work: true}
)

// App is a platform in one process.
type App struct {
	config  Config
	db      *db.DB
	keys    secrets.Keys
	redis   redis.UniversalClient
	files   *blob.Store
	metrics *telemetry.Metrics

	audit     *audit.Audit
	tenants   *tenants.Tenants
	access    *access.Access
	members   *members.Members
	catalog   *catalog.Catalog
	inventory *inventory.Inventory
	customers *customers.Customers
	orders    *orders.Orders
	host      *host.Host
	plugins   *plugins.Plugins
	payments  *payments.Payments
	notify    *notify.Notify
	alerts    *alerts.Alerts
	insights  *insights.Insights
	gateway   *gateway.Gateway
	jobs      *jobs.Jobs

	closers []func() error // run in reverse by Close
	stop    context.CancelFunc
	running sync.WaitGroup
	failed  chan error
}

// New makes every part and connects to the database and Redis; nothing runs before Start. The caller closes it.
func New(ctx context.Context, c Config) (*App, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	mask := &telemetry.Mask{}
	slog.SetDefault(telemetry.NewLogger(os.Stderr, c.Telemetry, mask))
	a := &App{config: c, failed: make(chan error, 4), metrics: telemetry.NewMetrics(Version())}
	if err := a.open(ctx, mask); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// open connects and makes the parts; Close lets go of what it got to.
func (a *App) open(ctx context.Context, mask *telemetry.Mask) error {
	c := a.config
	stopTracing, err := telemetry.StartTracing(ctx, "allhours", Version())
	if err != nil {
		return err
	}
	a.onClose(func() error { return stopTracing(context.WithoutCancel(ctx)) })
	if a.keys, err = secrets.Load(c.Secrets); err != nil {
		return err
	}
	if a.files, err = blob.Open(c.Blob); err != nil {
		return err
	}
	options, err := redis.ParseURL(c.Jobs.RedisURL)
	if err != nil {
		return fmt.Errorf("ALLHOURS_REDIS_URL: %w", err)
	}
	a.redis = redis.NewClient(options)
	a.onClose(a.redis.Close)
	if a.db, err = db.Open(ctx, c.Database); err != nil {
		return err
	}
	a.onClose(func() error { a.db.Close(); return nil })
	a.metrics.Database(a.db)
	return a.assemble(mask)
}

func (a *App) onClose(fn func() error) { a.closers = append(a.closers, fn) }

// Addr is where the gateway listens.
func (a *App) Addr() string { return a.gateway.Addr() }

// Failed tells when a part has ended that should not have.
func (a *App) Failed() <-chan error { return a.failed }

// Start runs the parts until Stop. It returns when the gateway accepts connections.
func (a *App) Start(ctx context.Context, p Parts) error {
	// Parts end by Stop, in order, not by the context that asked for the start.
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	for _, follow := range []func(context.Context){a.tenants.Watch.Run, a.access.Run, a.catalog.Follow} {
		a.running.Go(func() { follow(run) })
	}
	if p.Work {
		a.running.Go(func() {
			if err := a.jobs.Run(run); err != nil {
				a.failed <- fmt.Errorf("worker: %w", err)
			}
		})
	}
	if !p.Serve {
		return nil
	}
	if err := a.gateway.Start(run); err != nil {
		stop()
		return err
	}
	go func() {
		if err := <-a.gateway.Done(); err != nil {
			a.failed <- fmt.Errorf("gateway: %w", err)
		}
	}()
	return nil
}

// Stop drains the gateway, lets running work finish and ends everything.
func (a *App) Stop() error {
	err := a.gateway.Stop(context.Background())
	if a.stop != nil {
		a.stop()
	}
	a.running.Wait()
	return err
}

// Close lets go of what New has opened, the last first. It is safe after a failed New and after Stop.
func (a *App) Close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		if err := a.closers[i](); err != nil {
			slog.Warn("close", "err", err)
		}
	}
	a.closers = nil
}

// OpenAPI gives the document of all routes, without a server or a database.
func OpenAPI() ([]byte, error) {
	a, err := describe()
	if err != nil {
		return nil, err
	}
	return a.gateway.Document()
}

// describe makes an App that has routes and nothing behind them.
func describe() (*App, error) {
	a := &App{db: &db.DB{}, redis: redis.NewClient(&redis.Options{}), metrics: telemetry.NewMetrics(Version())}
	var c gateway.Config
	if err := env.ParseWithOptions(&c, env.Options{Environment: map[string]string{}}); err != nil {
		return nil, err
	}
	g, err := gateway.New(c, a.deps(), gateway.Hooks{Authenticator: a.access})
	if err != nil {
		return nil, err
	}
	a.gateway = g
	a.routes()
	return a, nil
}

// apiVersion stands in the OpenAPI document; it is that of the paths, not of the build.
const apiVersion = "1"

func (a *App) deps() gateway.Deps {
	return gateway.Deps{
		DB: a.db, Redis: a.redis, Migrations: migrations.FS, Metrics: a.metrics.Registry, Console: adminui.Files(), Shop: storefront.Files(),
		NonceToken: adminui.NonceToken, Version: apiVersion,
	}
}
