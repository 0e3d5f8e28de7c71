// Package telemetry is what operators see: logs, metrics and traces.
//
// Every log record gets the request id, tenant and trace id of its context by
// itself, and no record carries a secret: values of attributes with telling names
// are masked, and so is every registered value wherever it appears. Traces are
// off unless OTEL_EXPORTER_OTLP_ENDPOINT is set.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"allhours/platform/base/db"
)

// Config says how to log.
type Config struct {
	Level  slog.Level `env:"ALLHOURS_LOG_LEVEL" envDefault:"INFO"`
	Format string     `env:"ALLHOURS_LOG_FORMAT" envDefault:"json"` // json or text
}

// Validate names the setting that is wrong.
func (c Config) Validate() error {
	if c.Format != "" && c.Format != "json" && c.Format != "text" {
		return fmt.Errorf("ALLHOURS_LOG_FORMAT: %q is neither json nor text", c.Format)
	}
	return nil
}

// NewLogger writes to w; mask may be nil when there are no values to hide.
func NewLogger(w io.Writer, c Config, mask *Mask) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Level, ReplaceAttr: mask.attr}
	var h slog.Handler = slog.NewJSONHandler(w, o)
	if c.Format == "text" {
		h = slog.NewTextHandler(w, o)
	}
	return slog.New(&handler{base: h, mask: mask})
}

type requestKey struct{}

// WithRequestID puts the id of the request on the context.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID gives the id of the request, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// handler adds what the context knows, at the top of the record whatever group
// the logger is in. slog can only add within the open group, so the handler keeps
// the groups and attributes given to it and applies them after its own.
type handler struct {
	base  slog.Handler
	mask  *Mask
	steps []func(slog.Handler) slog.Handler
}

func (h *handler) Enabled(ctx context.Context, l slog.Level) bool { return h.base.Enabled(ctx, l) }

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.then(func(b slog.Handler) slog.Handler { return b.WithAttrs(attrs) })
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.then(func(b slog.Handler) slog.Handler { return b.WithGroup(name) })
}

func (h *handler) then(step func(slog.Handler) slog.Handler) *handler {
	return &handler{h.base, h.mask, append(h.steps[:len(h.steps):len(h.steps)], step)}
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	var known []slog.Attr
	if id := RequestID(ctx); id != "" {
		known = append(known, slog.String("request_id", id))
	}
	if sc := db.ScopeOf(ctx); sc.Tenant != db.None {
		known = append(known, slog.String("tenant", sc.Tenant.String()))
	}
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		known = append(known, slog.String("trace_id", sc.TraceID().String()))
	}
	b := h.base
	if len(known) > 0 {
		b = b.WithAttrs(known)
	}
	for _, step := range h.steps {
		b = step(b)
	}
	clean := slog.NewRecord(r.Time, r.Level, h.mask.text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool { clean.AddAttrs(a); return true })
	return b.Handle(ctx, clean)
}

// Mask hides secrets. The zero Mask knows telling names only; a nil one too.
type Mask struct {
	mu     sync.RWMutex
	values []string
}

// Hide masks the value from now on, wherever it appears. Values shorter than eight
// bytes are not hidden: they would tear up ordinary words.
func (m *Mask) Hide(values ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range values {
		if len(v) >= 8 {
			m.values = append(m.values, v)
		}
	}
}

const hidden = "[hidden]"

// telling are the parts of a name that give away a secret.
var telling = []string{"password", "passwd", "secret", "token", "authorization", "cookie", "api_key", "apikey", "private_key", "recovery_code", "totp", "card_number", "cvc", "cvv"}

func (m *Mask) attr(groups []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, t := range telling {
		if strings.Contains(name, t) {
			return slog.String(a.Key, hidden)
		}
	}
	for _, g := range groups {
		for _, t := range telling {
			if strings.Contains(strings.ToLower(g), t) {
				return slog.String(a.Key, hidden)
			}
		}
	}
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, m.text(v.String()))
	case slog.KindAny:
		if s, ok := m.print(v.Any()); ok {
			return slog.String(a.Key, s)
		}
	}
	return a
}

// print replaces a value whose printed form holds a secret by that form, masked.
// Others keep their structure in JSON.
func (m *Mask) print(v any) (string, bool) {
	var s string
	switch v := v.(type) {
	case *slog.Source:
		return "", false
	case error:
		s = v.Error()
		return m.text(s), true
	default:
		s = fmt.Sprintf("%+v", v)
	}
	clean := m.text(s)
	lower := strings.ToLower(clean)
	for _, t := range telling {
		// A struct or map with a telling field: its name is followed by a colon.
		if at := strings.Index(lower, t); at >= 0 && strings.Contains(lower[at:], ":") {
			return hidden, true
		}
	}
	return clean, clean != s
}

func (m *Mask) text(s string) string {
	if m == nil {
		return s
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, v := range m.values {
		s = strings.ReplaceAll(s, v, hidden)
	}
	return s
}
