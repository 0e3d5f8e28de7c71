package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"math"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

var errSlowDown = fault.New(fault.TooMany, "rate_limited", "Too many requests. Wait as long as Retry-After says.")

// spend takes a token and says no with 429 where there is none.
func (g *Gateway) spend(c *fiber.Ctx, ctx context.Context, b bucket, show bool) error {
	v := g.limits.take(ctx, b)
	if show || !v.ok {
		c.Set("RateLimit-Limit", strconv.Itoa(int(v.limit)))
		c.Set("RateLimit-Remaining", strconv.Itoa(max(0, int(v.remaining))))
		c.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(v.wait.Seconds()))))
	}
	if v.ok {
		return nil
	}
	g.metrics.limited.WithLabelValues(b.name).Inc()
	return errSlowDown.With("limit", b.name).After(max(time.Second, v.wait))
}

// slowAddress counts what one address sends without a key, before anything is looked up for it; attempts at strict routes have their own, short count.
func (g *Gateway) slowAddress(c *fiber.Ctx, ctx context.Context, in *call, r *Route, credentials []access.Credential) error {
	if r.Strict {
		return g.spend(c, ctx, bucket{key: "ah:rl:{" + in.client.IP + "}:strict", name: "address", rate: float64(g.config.StrictRate) / 60, burst: float64(g.config.StrictRate), strict: true}, true)
	}
	for _, cred := range credentials {
		if cred.Kind == access.KeySecret {
			return g.failing(c, in)
		}
	}
	rate := float64(g.config.AddressRate)
	return g.spend(c, ctx, bucket{key: "ah:rl:{" + in.tenant.ID.String() + "}:a:" + in.client.IP, name: "address", rate: rate, burst: 2 * rate}, false)
}

// failures is how many wrong keys and links an address may show.
func failures(ip string) bucket {
	return bucket{key: "ah:rl:{" + ip + "}:bad", name: "credential", rate: 1, burst: 60, strict: true}
}

// slowFailure counts a credential that was not one.
func (g *Gateway) slowFailure(c *fiber.Ctx, ctx context.Context, in *call) error {
	return g.spend(c, ctx, failures(in.client.IP), false)
}

// failing refuses addresses that have shown too many wrong credentials, without looking at the next one.
func (g *Gateway) failing(c *fiber.Ctx, in *call) error {
	h := g.limits.holding(failures(in.client.IP).key)
	h.mu.Lock()
	wait := h.refused.Sub(g.limits.now())
	h.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	g.metrics.limited.WithLabelValues("credential").Inc()
	return errSlowDown.With("limit", "credential").After(max(time.Second, wait))
}

// slow counts a request on its tenant's plan and on its key.
func (g *Gateway) slow(c *fiber.Ctx, ctx context.Context, in *call) error {
	if in.tenant.ID == db.None {
		return nil
	}
	tag := "ah:rl:{" + in.tenant.ID.String() + "}:"
	if in.identity.Kind == access.APIKey {
		rate := float64(g.config.KeyRate)
		if err := g.spend(c, ctx, bucket{key: tag + "k:" + in.identity.ID.String(), name: "key", rate: rate, burst: 2 * rate}, true); err != nil {
			return err
		}
	}
	rate := float64(g.hooks.Rate(in.tenant.Plan))
	if rate <= 0 {
		rate = 100
	}
	return g.spend(c, ctx, bucket{key: tag + "t", name: "tenant", rate: rate, burst: 2 * rate}, false)
}

// guard counts attempts at one account, whoever makes them; one address alone cannot use it up and so keep the owner out. The name is only kept as a hash.
func (g *Gateway) guard(c *fiber.Ctx, ctx context.Context, in *call, r *Route, body []byte) error {
	name := account(body, r.Account)
	if name == "" {
		return nil
	}
	where := in.tenant.ID.String()
	if in.tenant.ID == db.None {
		where = account(body, "shop")
	}
	sum := sha256.Sum256([]byte(where + "\x00" + name))
	key := base64.RawURLEncoding.EncodeToString(sum[:12])
	return g.spend(c, ctx, bucket{key: "ah:rl:{" + key + "}:account", name: "account", rate: 0.5, burst: 60, strict: true}, true)
}
