package telemetry

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"allhours/platform/base/db"
)

// Seconds are the buckets of our latency histograms, from a cache hit to a lost cause.
var Seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// Metrics is the registry behind /metrics. Names begin with "allhours_"; no label
// holds a tenant, a path parameter or anything else without bound.
type Metrics struct {
	*prometheus.Registry
}

// NewMetrics makes a registry that knows the process, the Go runtime and the build.
func NewMetrics(version string) *Metrics {
	m := &Metrics{prometheus.NewRegistry()}
	m.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "allhours_build_info", Help: "The running version; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	build.Set(1)
	m.MustRegister(build)
	return m
}

// Handler answers GET /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{Registry: m.Registry})
}

// Counter makes and registers a counter.
func (m *Metrics) Counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "allhours_" + name, Help: help}, labels)
	m.MustRegister(c)
	return c
}

// Histogram makes and registers a histogram of seconds.
func (m *Metrics) Histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "allhours_" + name, Help: help, Buckets: Seconds}, labels)
	m.MustRegister(h)
	return h
}

// Gauge registers a gauge that is read when asked for.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "allhours_" + name, Help: help}, read))
}

// Count registers a counter that is kept elsewhere and read when asked for.
func (m *Metrics) Count(name, help string, read func() float64) {
	m.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "allhours_" + name, Help: help}, read))
}

// Database registers the state of the connection pool and the statements sent.
func (m *Metrics) Database(d *db.DB) {
	m.Gauge("database_connections", "Open database connections.", func() float64 { return float64(d.Pool().TotalConns()) })
	m.Gauge("database_connections_busy", "Database connections in use.", func() float64 { return float64(d.Pool().AcquiredConns()) })
	m.Gauge("database_connections_max", "The most database connections this process opens.", func() float64 { return float64(d.Pool().MaxConns()) })
	m.Count("database_waits_total", "How often a connection had to be waited for.", func() float64 { return float64(d.Pool().EmptyAcquireCount()) })
	m.Count("database_statements_total", "SQL statements sent.", func() float64 { sent, _ := db.Traffic(); return float64(sent) })
	m.Count("database_round_trips_total", "Round trips to the database.", func() float64 { _, trips := db.Traffic(); return float64(trips) })
}
