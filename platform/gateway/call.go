package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

// call is what the gateway knows of a request while it goes through.
type call struct {
	id       string
	start    time.Time
	client   access.Client
	host     string // without port
	pattern  string // the route's path, for logs and metrics
	tenant   Tenant
	identity access.Identity
	attempt  db.Attempt
	code     string // of the problem it was refused with
	streams  bool
	probe    bool // a health check: not worth a line in the log
	cancel   context.CancelFunc
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// context puts what the handler may know on ctx.
func (c *call) context(ctx context.Context) context.Context {
	ctx = db.WithScope(ctx, db.Scope{Tenant: c.tenant.ID, Actor: c.identity.Actor(c.id)})
	ctx = access.WithIdentity(ctx, c.identity)
	ctx = access.WithClient(ctx, c.client)
	return db.WithAttempt(ctx, &c.attempt)
}

// exchange is huma's view of a request that has been let in. It replaces what the adapter takes straight from Fiber where that is not safe: an address
// that cannot be parsed, path parameters that are still escaped, a body without a limit.
type exchange struct {
	humaContext
	ctx    context.Context
	fiber  *fiber.Ctx
	body   []byte
	upload *upload
}

type humaContext = huma.Context

func (e *exchange) Unwrap() huma.Context            { return e.humaContext }
func (e *exchange) Context() context.Context        { return e.ctx }
func (e *exchange) SetReadDeadline(time.Time) error { return nil } // admit keeps the time
func (e *exchange) BodyReader() io.Reader           { return bytes.NewReader(e.body) }
func (e *exchange) URL() url.URL                    { return address(e.fiber) }

// AppendHeader adds a line: Fiber would put it behind a comma in the line that is there, and of two cookies the second would be lost.
func (e *exchange) AppendHeader(name, value string) { e.fiber.Response().Header.Add(name, value) }

func (e *exchange) Param(name string) string {
	raw := e.humaContext.Param(name)
	if plain, err := url.PathUnescape(raw); err == nil {
		return plain
	}
	return raw
}

func address(c *fiber.Ctx) url.URL {
	u, err := url.ParseRequestURI(string(c.Request().Header.RequestURI()))
	if err != nil {
		return url.URL{Path: c.Path()}
	}
	return *u
}

// GetMultipartForm reads an upload: what is larger than 1 MiB goes to a temporary file, which is gone when the request ends.
func (e *exchange) GetMultipartForm() (*multipart.Form, error) {
	if e.upload == nil {
		return nil, errors.New("send it as multipart/form-data")
	}
	if e.upload.form != nil {
		return e.upload.form, nil
	}
	form, err := multipart.NewReader(e.upload.body, e.upload.boundary).ReadForm(1 << 20)
	if err != nil {
		return nil, e.upload.explain(err)
	}
	e.upload.form = form
	return form, nil
}

// upload is a multipart body that is still on the wire.
type upload struct {
	body     *limited
	boundary string
	form     *multipart.Form
}

func (u *upload) explain(err error) error {
	if u.body.over {
		return fmt.Errorf("the upload is larger than %d bytes", u.body.limit)
	}
	return err
}

func (u *upload) close() {
	if u != nil && u.form != nil {
		_ = u.form.RemoveAll()
	}
}

// limited reads at most limit bytes and fails at the next.
type limited struct {
	from  io.Reader
	limit int64
	read  int64
	over  bool
}

var errTooLarge = errors.New("body too large")

func (l *limited) Read(p []byte) (int, error) {
	if l.over {
		return 0, errTooLarge
	}
	n, err := l.from.Read(p)
	if l.read += int64(n); l.read > l.limit {
		l.over = true
		return 0, errTooLarge
	}
	return n, err
}

// readBody takes in the body up to the limit. Multipart bodies stay on the wire until the handler's input asks for them.
func readBody(ctx context.Context, c *fiber.Ctx, limit int64) ([]byte, *upload, error) {
	length := c.Request().Header.ContentLength()
	stream := c.Request().BodyStream()
	if stream == nil || length == 0 {
		return nil, nil, nil
	}
	if enc := c.Get(fiber.HeaderContentEncoding); enc != "" && enc != "identity" {
		return nil, nil, httpProblem(ctx, http.StatusUnsupportedMediaType, fault.T("Send the body without Content-Encoding."))
	}
	from := &limited{from: stream, limit: limit}
	if kind, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err == nil && kind == "multipart/form-data" {
		return nil, &upload{body: from, boundary: params["boundary"]}, nil
	}
	body, err := from.all(ctx, c, length)
	return body, nil, err
}

// rawBody takes in a body as it came, encoded or not.
func rawBody(ctx context.Context, c *fiber.Ctx) ([]byte, error) {
	length := c.Request().Header.ContentLength()
	if length > defaultBody {
		swallow(c, length)
		return nil, tooLarge(ctx, defaultBody)
	}
	stream := c.Request().BodyStream()
	if stream == nil || length == 0 {
		return nil, nil
	}
	return (&limited{from: stream, limit: defaultBody}).all(ctx, c, length)
}

// all reads to the end.
func (l *limited) all(ctx context.Context, c *fiber.Ctx, length int) ([]byte, error) {
	var buf bytes.Buffer
	if length > 0 {
		buf.Grow(length + bytes.MinRead)
	}
	_, err := buf.ReadFrom(l)
	if err == nil {
		return buf.Bytes(), nil
	}
	c.Context().SetConnectionClose() // what is left on the wire is not the next request
	var slow net.Error
	switch {
	case l.over:
		return nil, tooLarge(ctx, l.limit)
	case errors.As(err, &slow) && slow.Timeout():
		return nil, httpProblem(ctx, http.StatusRequestTimeout, fiberDetails[http.StatusRequestTimeout])
	}
	return nil, httpProblem(ctx, http.StatusBadRequest, fault.T("The request body broke off before its end. Send it again."))
}

// swallowMax is how much of a body that is too large is still taken off the wire.
const swallowMax = 16 << 20

// swallow lets the client finish sending what will be refused: most clients only listen when they have, and a connection closed under them shows them a
// broken line and not the reason. What is larger still gets the broken line.
func swallow(c *fiber.Ctx, length int) {
	c.Context().SetConnectionClose()
	if stream := c.Request().BodyStream(); stream != nil && length <= swallowMax {
		_, _ = io.Copy(io.Discard, stream)
	}
}

func tooLarge(ctx context.Context, limit int64) *Problem {
	p := httpProblem(ctx, http.StatusRequestEntityTooLarge, fault.T("The request body is larger than the %d bytes that this address takes.", limit))
	p.extra = map[string]any{"limit": limit}
	return p
}

// admitHuma lets a request through to a typed handler, or answers it.
func (g *Gateway) admitHuma(r *Route) func(huma.Context, func(huma.Context)) {
	return func(h huma.Context, next func(huma.Context)) {
		c := humafiber.Unwrap(h)
		ctx, body, up, err := g.admit(c, r)
		defer up.close()
		if err != nil {
			_ = g.fail(c, ctx, err)
			return
		}
		next(&exchange{humaContext: h, ctx: ctx, fiber: c, body: body, upload: up})
		g.finish(c, ctx, r)
	}
}
