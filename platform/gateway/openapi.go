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
	c.Components.Headers = answerHeaders
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"apiKey":          {Type: "http", Scheme: "bearer", Description: "An API key of the shop: `Authorization: Bearer ahk_...`. It carries scopes."},
		"staffSession":    {Type: "apiKey", In: "cookie", Name: "__Host-" + access.StaffCookie, Description: "Set by login. Requests that change something also send `X-Allhours: 1`."},
		"customerSession": {Type: "apiKey", In: "cookie", Name: "__Host-" + access.CustomerCookie, Description: "Set by the shop's login."},
		"operatorSession": {Type: "apiKey", In: "cookie", Name: "__Host-" + access.OperatorCookie, Description: "Of the platform's own staff."},
		"orderLink":       {Type: "http", Scheme: "Order", Description: "The signed token of one order's link: `Authorization: Order <token>`, or `?token=`."},
	}
	return c
}

// declare writes into the document which headers the route takes and gives beside those of its types: the gateway handles them for every route.
func (r *Route) declare(op *huma.Operation) {
	text := &huma.Schema{Type: "string"}
	header := func(name, about string, required bool) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "header", Description: about, Required: required, Schema: text})
	}
	if r.Keyed || r.Keyable {
		header("Idempotency-Key", "A new random value, of 1 to 200 visible ASCII characters, for each attempt that is meant to be a new one. The same request with the same key has its effect once.", r.Keyed)
	}
	if r.Polled {
		header("If-None-Match", "The ETag of the answer that the caller has: 304 says that it is still right.", false)
		op.Responses["304"] = &huma.Response{Description: "What the caller has is still right."}
	}
	for status, answer := range op.Responses {
		give := func(name string) {
			if answer.Headers == nil {
				answer.Headers = map[string]*huma.Param{}
			}
			answer.Headers[name] = &huma.Param{Ref: "#/components/headers/" + name}
		}
		give("X-Request-Id")
		switch {
		case status == "429":
			give("Retry-After")
		case r.Polled && (status == "200" || status == "304"):
			give("ETag")
		case (r.Keyed || r.Keyable) && strings.HasPrefix(status, "2"):
			give("Idempotent-Replayed")
		}
	}
}

// answerHeaders are those that declare refers to.
var answerHeaders = map[string]*huma.Param{
	"X-Request-Id":        {Description: "Names the request in logs and in the audit log: the caller's own, if it sent a decent one.", Schema: &huma.Schema{Type: "string"}},
	"Retry-After":         {Description: "Seconds to wait.", Schema: &huma.Schema{Type: "integer"}},
	"ETag":                {Description: "Changes when the answer does.", Schema: &huma.Schema{Type: "string"}},
	"Idempotent-Replayed": {Description: "true: an earlier request with this key had the effect, and this is what it made.", Schema: &huma.Schema{Type: "string"}},
}

func operationOf(item *huma.PathItem, method string) *huma.Operation {
	return map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete}[method]
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
