package gateway

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	limited  *prometheus.CounterVec
	panics   prometheus.Counter
	streams  prometheus.Gauge
	resyncs  prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "allhours_http_requests_total", Help: "Requests answered."}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "allhours_http_request_seconds", Help: "Time to the answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15},
		}, []string{"route"}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "allhours_http_limited_total", Help: "Requests refused with 429, by limit."}, []string{"limit"}),
		panics:  prometheus.NewCounter(prometheus.CounterOpts{Name: "allhours_http_panics_total", Help: "Handlers that panicked."}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "allhours_live_streams", Help: "Live streams open."}),
		resyncs: prometheus.NewCounter(prometheus.CounterOpts{Name: "allhours_live_resyncs_total", Help: "Live streams told to read everything again."}),
	}
	r.MustRegister(m.requests, m.seconds, m.limited, m.panics, m.streams, m.resyncs)
	return m
}
