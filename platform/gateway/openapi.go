package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"allhours/tenants/access"
)

// humaConfig is huma without its own documents, docs page and schema links: the gateway serves those.
func humaConfig(version string) huma.Config {
	c := huma.DefaultConfig("Allhours", version)
	c.CreateHooks = nil // the only one is the schema-link transformer: a Link header and $schema in every answer
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaNames())
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

// schemaNames gives each type a name of its own: its Go name; where another package has a type of that name, with the package before it; else with a number.
func schemaNames() func(reflect.Type, string) string {
	taken, names := map[string]reflect.Type{}, map[reflect.Type]string{}
	return func(t reflect.Type, hint string) string {
		name := huma.DefaultSchemaNamer(t, hint)
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return name
		}
		if known, ok := names[t]; ok {
			return known
		}
		plain := name
		if pkg := path.Base(t.PkgPath()); taken[name] != nil && t.PkgPath() != "" {
			plain = strings.ToUpper(pkg[:1]) + pkg[1:] + name
			name = plain
		}
		for n := 2; taken[name] != nil; n++ {
			name = plain + strconv.Itoa(n)
		}
		taken[name], names[t] = t, name
		return name
	}
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
