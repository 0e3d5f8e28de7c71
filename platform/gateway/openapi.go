package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"allhours/tenants/access"
)

// humaConfig is huma without its own documents, docs page and schema links: the gateway serves those.
func humaConfig(version string) huma.Config {
	c := huma.DefaultConfig("Allhours", version)
	c.CreateHooks = nil // the only one is the schema-link transformer: a Link header and $schema in every answer
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Info.Description = "Orders, products, stock, customers and payments of a shop. The tenant follows from the host (slug.<base domain> or the shop's own domain) or from the session or API key. " +
		"Money is in minor units. Lists are paged by `cursor`. Refusals are problem documents (RFC 9457) whose `code` is stable. " +
		"Requests that place, pay or refund take an `Idempotency-Key`."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"apiKey":          {Type: "http", Scheme: "bearer", Description: "An API key of the shop: `Authorization: Bearer ahk_...`. It carries scopes."},
		"staffSession":    {Type: "apiKey", In: "cookie", Name: "__Host-" + access.StaffCookie, Description: "Set by login. Requests that change something also send `X-Allhours: 1`."},
		"customerSession": {Type: "apiKey", In: "cookie", Name: "__Host-" + access.CustomerCookie, Description: "Set by the shop's login."},
		"operatorSession": {Type: "apiKey", In: "cookie", Name: "__Host-" + access.OperatorCookie, Description: "Of the platform's own staff."},
		"orderLink":       {Type: "http", Scheme: "Order", Description: "The signed token of one order's link: `Authorization: Order <token>`, or `?token=`."},
	}
	return c
}

// Document is the OpenAPI 3.1 document of the routes added so far.
func (g *Gateway) Document() ([]byte, error) {
	b, err := json.MarshalIndent(g.api.OpenAPI(), "", " ")
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	return append(b, '\n'), nil
}

func (g *Gateway) serveDocument(c *fiber.Ctx) error {
	callOf(c.UserContext()).pattern = "/api/v1/openapi.json"
	b := g.spec.Load()
	if b == nil {
		doc, err := g.Document()
		if err != nil {
			return err
		}
		b = &doc
		g.spec.Store(b)
	}
	c.Set(fiber.HeaderContentType, "application/json")
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	return c.Status(http.StatusOK).Send(*b)
}
