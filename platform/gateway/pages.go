package gateway

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"allhours/platform/base/fault"
)

// policies of the pages, as ui.md 2.7 (3) has them. The console's styles are made by scripts and carry the nonce.
const (
	consolePolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-%s'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	// docsPolicy lets RapiDoc style itself: it writes style elements into shadow roots, where no nonce reaches. The page shows our own document and nobody's input.
	docsPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
	shopPolicy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	filePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
)

// addPages puts everything on its path that is not an API route. Order matters: the shop takes what is left.
func (g *Gateway) addPages(d Deps) error {
	console, err := newSite(d.Console, "/admin/", consolePolicy, d.NonceToken)
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	docs, err := newSite(d.Console, "/admin/", docsPolicy, d.NonceToken)
	if err != nil {
		return fmt.Errorf("API reference: %w", err)
	}
	shop, err := newSite(d.Shop, "/", shopPolicy, d.NonceToken)
	if err != nil {
		return fmt.Errorf("storefront: %w", err)
	}
	g.app.Get("/healthz", g.serveHealth)
	g.app.Get("/readyz", g.serveReady)
	g.app.Get("/api/v1/openapi.json", g.serveDocument)
	g.app.Get("/api/docs", func(c *fiber.Ctx) error { return docs.page(c, "docs.html") })
	g.app.Get("/admin", func(c *fiber.Ctx) error { return c.Redirect("/admin/", http.StatusPermanentRedirect) })
	g.app.Get("/admin/*", console.serve)
	g.app.All("/hooks/:token", g.serveWebhook)
	g.app.Get("/media/:tenant/:id", g.serveMedia)
	g.pages = func(c *fiber.Ctx) error {
		if (c.Method() != http.MethodGet && c.Method() != http.MethodHead) || strings.HasPrefix(c.Path(), "/api/") {
			return fiber.ErrNotFound
		}
		return g.serveShop(c, shop)
	}
	return nil
}

// serveShop serves the storefront of the host's tenant. Its files are the same for all, so they need no tenant; its page does.
func (g *Gateway) serveShop(c *fiber.Ctx, shop *site) error {
	in := callOf(c.UserContext())
	if path.Ext(c.Path()) != "" {
		return shop.serve(c)
	}
	if g.bare(in.host) {
		return c.Redirect("/admin/", http.StatusFound)
	}
	in.pattern = "page"
	t, err := g.tenantAt(c.UserContext(), in)
	switch {
	case err == nil && t.Status == "closed":
		return g.notice(c, http.StatusGone, "This shop has closed", "It takes no orders any more. 本店已停业。")
	case err == nil:
		in.tenant = t
		return shop.serve(c)
	case fault.KindOf(err) == fault.NotFound:
		return g.notice(c, http.StatusNotFound, "No shop lives here", "Nothing is sold at "+in.host+". Check the address. 此网址没有店铺，请检查地址。")
	}
	_ = g.refusal(c.UserContext(), err) // logs it
	return g.notice(c, http.StatusServiceUnavailable, "One moment", "The shop cannot be reached just now. Try again in a minute. 暂时无法访问，请稍后再试。")
}

// notice is a page of two sentences, for when there is no shop to show.
func (g *Gateway) notice(c *fiber.Ctx, status int, title, text string) error {
	c.Set("Content-Security-Policy", filePolicy)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	return c.Status(status).SendString(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>` + html.EscapeString(title) +
		`</title><body style="font:18px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem"><h1 style="font-size:1.6rem">` + html.EscapeString(title) + `</h1><p>` + html.EscapeString(text) + `</p></body></html>`)
}

// site is a built user interface, read into memory: it is small, and an embedded file costs a copy at each reading anyway.
type site struct {
	prefix, policy, token string
	files                 map[string]*file
}

type file struct {
	plain, gzip, brotli []byte
	mime, tag           string
}

func newSite(files fs.FS, prefix, policy, token string) (*site, error) {
	s := &site{prefix: prefix, policy: policy, token: token, files: map[string]*file{}}
	if files == nil {
		return s, nil
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		switch path.Ext(name) {
		case ".br":
			s.at(strings.TrimSuffix(name, ".br")).brotli = b
		case ".gz":
			s.at(strings.TrimSuffix(name, ".gz")).gzip = b
		default:
			f := s.at(name)
			f.plain, f.mime, f.tag = b, mimeOf(name), tagOf(b)
		}
		return nil
	})
	if s.files["index.html"] == nil && s.files["placeholder.html"] != nil {
		s.files["index.html"] = s.files["placeholder.html"]
	}
	return s, err
}

func (s *site) at(name string) *file {
	f := s.files[name]
	if f == nil {
		f = &file{}
		s.files[name] = f
	}
	return f
}

// serve answers with a file, or with the page for every path that looks like one of its own. A missing path with an extension is not there.
func (s *site) serve(c *fiber.Ctx) error {
	name := strings.TrimPrefix(strings.TrimPrefix(path.Clean(c.Path()), strings.TrimSuffix(s.prefix, "/")), "/")
	if name == "index.html" || path.Ext(name) == "" {
		return s.page(c, "index.html")
	}
	f := s.files[name]
	if f == nil || f.plain == nil {
		return fiber.ErrNotFound
	}
	callOf(c.UserContext()).pattern = s.prefix + "*"
	c.Set(fiber.HeaderContentType, f.mime)
	c.Set("Content-Security-Policy", filePolicy)
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	if strings.HasPrefix(name, "assets/") {
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable") // its name changes with its content
	} else {
		c.Set(fiber.HeaderCacheControl, "no-cache")
	}
	c.Set(fiber.HeaderETag, f.tag)
	if matches(c.Get(fiber.HeaderIfNoneMatch), f.tag) {
		return c.SendStatus(http.StatusNotModified)
	}
	b := f.plain
	if f.brotli != nil || f.gzip != nil {
		c.Append(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
		switch {
		case f.brotli != nil && accepts(c, "br"):
			c.Set(fiber.HeaderContentEncoding, "br")
			b = f.brotli
		case f.gzip != nil && accepts(c, "gzip"):
			c.Set(fiber.HeaderContentEncoding, "gzip")
			b = f.gzip
		}
	}
	return c.Send(b)
}

// accepts reports whether the client takes the encoding; one it gives no weight to it does not take.
func accepts(c *fiber.Ctx, encoding string) bool {
	for part := range strings.SplitSeq(c.Get(fiber.HeaderAcceptEncoding), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == encoding {
			q, found := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			v, err := strconv.ParseFloat(q, 64)
			return !found || (err == nil && v > 0)
		}
	}
	return false
}

// page answers with one of the HTML pages, with a nonce of this answer where the page asks for one.
func (s *site) page(c *fiber.Ctx, name string) error {
	callOf(c.UserContext()).pattern = "page"
	f := s.files[name]
	if f == nil {
		return fiber.ErrNotFound
	}
	b, policy := f.plain, s.policy
	if strings.Contains(policy, "%s") {
		raw := make([]byte, 16)
		_, _ = rand.Read(raw)
		nonce := base64.RawStdEncoding.EncodeToString(raw)
		policy = fmt.Sprintf(policy, nonce)
		if s.token != "" {
			b = bytes.ReplaceAll(b, []byte(s.token), []byte(nonce))
		}
		c.Set(fiber.HeaderCacheControl, "no-store")
	} else {
		c.Set(fiber.HeaderCacheControl, "no-cache")
		c.Set(fiber.HeaderETag, f.tag)
	}
	c.Set("Content-Security-Policy", policy)
	c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	if !strings.Contains(policy, "nonce-") && matches(c.Get(fiber.HeaderIfNoneMatch), f.tag) {
		return c.SendStatus(http.StatusNotModified)
	}
	return c.Send(b)
}

func mimeOf(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".webmanifest":
		return "application/manifest+json"
	case ".map", ".json":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}
