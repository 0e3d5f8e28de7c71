package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
)

// logged runs do with a JSON logger and returns its records.
func logged(t *testing.T, mask *Mask, do func(l *slog.Logger)) []map[string]any {
	t.Helper()
	var b bytes.Buffer
	do(NewLogger(&b, Config{}, mask))
	var records []map[string]any
	for d := json.NewDecoder(&b); d.More(); {
		var r map[string]any
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		delete(r, "time")
		delete(r, "level")
		records = append(records, r)
	}
	return records
}

func TestRecordsKnowTheirRequest(t *testing.T) {
	t.Parallel()
	tenant := db.NewID()
	ctx := WithRequestID(db.WithScope(t.Context(), db.Scope{Tenant: tenant}), "req-1")
	ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}}))
	got := logged(t, nil, func(l *slog.Logger) {
		l.With("a", 1).WithGroup("g").With("b", 2).InfoContext(ctx, "hello", "c", 3)
		l.Info("outside")
	})
	want := []map[string]any{
		{
			"msg": "hello", "request_id": "req-1", "tenant": tenant.String(), "trace_id": "01000000000000000000000000000000",
			"a": 1.0, "g": map[string]any{"b": 2.0, "c": 3.0},
		},
		{"msg": "outside"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if RequestID(t.Context()) != "" {
		t.Error("a request id out of nowhere")
	}
}

func TestSecretsAreNotLogged(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	type login struct{ Email, Password string }
	for name, do := range map[string]func(l *slog.Logger){
		"attribute":        func(l *slog.Logger) { l.Info("m", "new_password", "other") },
		"header":           func(l *slog.Logger) { l.Info("m", "Authorization", "other") },
		"group":            func(l *slog.Logger) { l.WithGroup("cookies").Info("m", "session", "other") },
		"group attribute":  func(l *slog.Logger) { l.Info("m", slog.Group("g", "api_key", "other")) },
		"with":             func(l *slog.Logger) { l.With("token", "other").Info("m") },
		"struct":           func(l *slog.Logger) { l.Info("m", "input", login{"a@b.c", "other"}) },
		"headers":          func(l *slog.Logger) { l.Info("m", "h", http.Header{"Set-Cookie": {"other"}}) },
		"value in text":    func(l *slog.Logger) { l.Info("m", "url", "https://x?k="+secret) },
		"value in message": func(l *slog.Logger) { l.Info("got " + secret) },
		"value in error":   func(l *slog.Logger) { l.Info("m", "err", errors.New("dial "+secret)) },
		"value in struct":  func(l *slog.Logger) { l.Info("m", "v", struct{ DSN string }{"x:" + secret}) },
		"value in list":    func(l *slog.Logger) { l.Info("m", "v", []string{secret}) },
		"value in with":    func(l *slog.Logger) { l.With("v", secret).Info("m") },
	} {
		for _, format := range []string{"json", "text"} {
			var b bytes.Buffer
			mask := &Mask{}
			mask.Hide(secret, "m") // "m" is too short to hide
			do(NewLogger(&b, Config{Format: format}, mask))
			if out := b.String(); strings.Contains(out, secret) || strings.Contains(out, "other") || !strings.Contains(out, hidden) {
				t.Errorf("%s as %s: %s", name, format, out)
			}
		}
	}
}

func TestOrdinaryValuesStay(t *testing.T) {
	t.Parallel()
	got := logged(t, &Mask{}, func(l *slog.Logger) {
		l.Info("m", "order", map[string]any{"lines": []int{1, 2}}, "err", errors.New("out of stock"), "key", "sku-1")
	})
	want := []map[string]any{{"msg": "m", "order": map[string]any{"lines": []any{1.0, 2.0}}, "err": "out of stock", "key": "sku-1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := NewMetrics("1.2.3")
	m.Database(dbtest.New(t))
	m.Counter("orders_total", "Orders placed.", "channel").WithLabelValues("web").Inc()
	m.Histogram("place_seconds", "Time to place.").WithLabelValues().Observe(.02)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`allhours_build_info{go=`, `version="1.2.3"} 1`, `allhours_orders_total{channel="web"} 1`, `allhours_place_seconds_bucket{le="0.025"} 1`,
		`allhours_database_connections_max 12`, "go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("no %q in /metrics", line)
		}
	}
}

func TestTracesGoToTheCollector(t *testing.T) {
	if stop, err := StartTracing(t.Context(), "allhours", "test"); err != nil || stop(t.Context()) != nil {
		t.Fatalf("off by default: %v", err)
	}
	_, end := Span(t.Context(), "unseen")
	end(nil)

	bodies := make(chan []byte, 4)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies <- b
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	before := otel.GetTracerProvider()
	defer otel.SetTracerProvider(before)
	stop, err := StartTracing(t.Context(), "allhours", "test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := Span(t.Context(), "orders.Place")
	logs := logged(t, nil, func(l *slog.Logger) { l.InfoContext(ctx, "inside") })
	end(errors.New("out of stock"))
	if err := stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	body := <-bodies
	for _, part := range []string{"orders.Place", "out of stock", "service.name"} {
		if !bytes.Contains(body, []byte(part)) {
			t.Errorf("no %q in what the collector got", part)
		}
	}
	if id, _ := logs[0]["trace_id"].(string); len(id) != 32 {
		t.Errorf("trace id in the log: %q", id)
	}
}
