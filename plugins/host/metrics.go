package host

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/status"

	"allhours/plugins/sdk"
)

type metrics struct {
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inflight *prometheus.GaugeVec
	restarts *prometheus.CounterVec
	state    *prometheus.GaugeVec
	egress   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	breaker  *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	who := []string{"plugin", "version"}
	m := &metrics{
		calls:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "plugin_call_total", Help: "Calls to plugins by outcome."}, append(who, "method", "class")),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "plugin_call_seconds", Help: "How long calls to plugins took.", Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25}}, append(who, "method")),
		inflight: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "plugin_inflight", Help: "Calls to plugins in flight."}, who),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "plugin_restarts_total", Help: "Starts of a plugin's process after its death."}, who),
		state:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "plugin_state", Help: "1 for the state that a plugin's process is in."}, append(who, "mode", "state")),
		egress:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "plugin_egress_bytes_total", Help: "Bytes that plugins exchanged with the hosts they declared."}, append(who, "host", "direction")),
		refused:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "plugin_egress_refused_total", Help: "Destinations that plugins asked for and were not let to."}, append(who, "reason")),
		breaker:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "plugin_breaker_total", Help: "Moves of the circuit breakers of installations' methods, by the state they led to."}, append(who, "method", "to")),
	}
	if reg != nil {
		reg.MustRegister(m.calls, m.seconds, m.inflight, m.restarts, m.state, m.egress, m.refused, m.breaker)
	}
	return m
}

func (m *metrics) begin(b Binary, method string) func(error) {
	start := time.Now()
	name := shortName(method)
	m.inflight.WithLabelValues(b.Plugin, b.Version).Inc()
	return func(err error) {
		m.inflight.WithLabelValues(b.Plugin, b.Version).Dec()
		m.seconds.WithLabelValues(b.Plugin, b.Version, name).Observe(time.Since(start).Seconds())
		m.calls.WithLabelValues(b.Plugin, b.Version, name, classOf(err)).Inc()
	}
}

func classOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrNotSent):
		return "not_sent"
	}
	if p := sdk.ProblemOf(err); p != nil {
		return p.GetClass().String()
	}
	return status.Code(err).String()
}
