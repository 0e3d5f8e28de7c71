package gateway

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
)

func (g *Gateway) ownChecks(d Deps) []Check {
	checks := []Check{
		{Name: "database", Run: d.DB.Ping},
		{Name: "redis", Run: func(ctx context.Context) error { return d.Redis.Ping(ctx).Err() }},
	}
	if d.Migrations != nil {
		checks = append(checks, Check{Name: "migrations", Run: func(ctx context.Context) error {
			n, err := d.DB.Pending(ctx, d.Migrations)
			if err == nil && n > 0 {
				err = fmt.Errorf("%d not applied: run allhours migrate", n)
			}
			return err
		}})
	}
	return checks
}

// optional names the checks whose failure leaves the process able to serve: without Redis, limits and live events go on by themselves.
var optional = map[string]bool{"redis": true}

// serveReady answers whether this process should get requests, and how each thing it depends on is. Reasons stay out of it: they go to the log of the
// dependency's user and may name hosts.
func (g *Gateway) serveReady(c *fiber.Ctx) error {
	in := callOf(c.UserContext())
	in.pattern, in.probe = "/readyz", true
	ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
	defer cancel()
	results := make([]string, len(g.readiness))
	var wait sync.WaitGroup
	for i, check := range g.readiness {
		wait.Go(func() {
			results[i] = "ok"
			if err := check.Run(ctx); err != nil {
				results[i] = "failed"
				if check.Name == "migrations" {
					results[i] = err.Error()
				}
			}
		})
	}
	wait.Wait()
	status, ready := http.StatusOK, !g.draining.Load()
	body := map[string]string{}
	for i, check := range g.readiness {
		body[check.Name] = results[i]
		ready = ready && (results[i] == "ok" || optional[check.Name])
	}
	state := "ready"
	if g.draining.Load() {
		state = "draining"
	} else if !ready {
		state = "not ready"
	}
	if !ready {
		status = http.StatusServiceUnavailable
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(status).JSON(map[string]any{"status": state, "checks": body})
}

func (g *Gateway) serveHealth(c *fiber.Ctx) error {
	in := callOf(c.UserContext())
	in.pattern, in.probe = "/healthz", true
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.JSON(map[string]string{"status": "ok"})
}
