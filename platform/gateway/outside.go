package gateway

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

var errNoMedia = fault.New(fault.NotFound, "media.not_found", "There is no such picture.")

// serveMedia answers with a picture. Its address holds its tenant, and its content never changes.
func (g *Gateway) serveMedia(c *fiber.Ctx) error {
	ctx, in := c.UserContext(), callOf(c.UserContext())
	in.pattern = "/media/{tenant}/{id}"
	tenant, err := uuid.Parse(c.Params("tenant"))
	if err != nil || tenant == db.None || g.hooks.Media == nil {
		return g.fail(c, ctx, errNoMedia)
	}
	id, err := uuid.Parse(c.Params("id"))
	if err != nil {
		return g.fail(c, ctx, errNoMedia)
	}
	width, err := strconv.Atoi(c.Query("w", "0"))
	if err != nil || width < 0 || width > 4096 {
		return g.fail(c, ctx, fault.New(fault.Invalid, "validation_failed", "w is a width in pixels.").Field("query.w", "must be a number from 0 to 4096"))
	}
	tag := `"` + id.String() + "-" + strconv.Itoa(width) + `"`
	if matches(c.Get(fiber.HeaderIfNoneMatch), tag) {
		return c.SendStatus(http.StatusNotModified)
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	in.tenant.ID = tenant
	m, err := g.hooks.Media(in.context(ctx), id, width)
	if err != nil {
		cancel()
		return g.fail(c, ctx, err)
	}
	c.Set(fiber.HeaderContentType, m.Type)
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set("Content-Security-Policy", filePolicy)
	c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return c.SendStream(&closing{Media: m, cancel: cancel}, int(m.Size))
}

// closing closes the picture, and ends its context, once it has been sent.
type closing struct {
	Media
	cancel context.CancelFunc
}

func (m *closing) Read(p []byte) (int, error) { return m.Body.Read(p) }

func (m *closing) Close() error {
	defer m.cancel()
	return m.Body.Close()
}

const webhookTimeout = 20 * time.Second

// serveWebhook passes a third party's request on, byte for byte.
func (g *Gateway) serveWebhook(c *fiber.Ctx) error {
	ctx, in := c.UserContext(), callOf(c.UserContext())
	in.pattern = "/hooks/{token}"
	if g.hooks.Webhook == nil || !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut}, c.Method()) {
		return fiber.ErrNotFound
	}
	rate := float64(g.config.AddressRate)
	if err := g.spend(c, ctx, bucket{key: "ah:rl:{hooks}:" + in.client.IP, name: "address", rate: rate, burst: 2 * rate}, false); err != nil {
		return g.fail(c, ctx, err)
	}
	body, err := rawBody(ctx, c)
	if err != nil {
		return g.fail(c, ctx, err)
	}
	header := http.Header{}
	for name, value := range c.Request().Header.All() {
		header.Add(string(name), string(value))
	}
	ctx, cancel := context.WithTimeout(in.context(ctx), webhookTimeout)
	defer cancel()
	reply, err := g.hooks.Webhook(ctx, c.Params("token"), Webhook{Method: c.Method(), Path: c.Path(), Query: string(c.Request().URI().QueryString()), Header: header, Body: body, IP: in.client.IP})
	if err != nil {
		return g.fail(c, ctx, err)
	}
	if reply.Status == 0 {
		reply.Status = http.StatusOK
	}
	if reply.Type == "" {
		reply.Type = "text/plain; charset=utf-8"
	}
	c.Set(fiber.HeaderContentType, reply.Type)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("Content-Security-Policy", filePolicy)
	return c.Status(reply.Status).Send(reply.Body)
}
