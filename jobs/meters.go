package jobs

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/base/telemetry"
)

type meters struct {
	deliveries, sweeps  *prometheus.CounterVec
	took, waited, swept *prometheus.HistogramVec
}

func newMeters(m *telemetry.Metrics, d *db.DB) meters {
	if m == nil {
		m = telemetry.NewMetrics("")
	}
	m.Gauge("outbox_oldest_seconds", "How long the oldest due event or delivery has waited.", func() float64 { return oldest(d) })
	m.Gauge("outbox_dead_deliveries", "Deliveries that were given up and wait for `allhours outbox revive`.", func() float64 { return dead(d) })
	return meters{
		deliveries: m.Counter("deliveries_total", "Events handled, by subscriber and result.", "subscriber", "result"),
		took:       m.Histogram("delivery_seconds", "Time a subscriber took to handle an event.", "subscriber"),
		waited:     m.Histogram("delivery_wait_seconds", "Time from an event's due time to its first handling."),
		sweeps:     m.Counter("sweeps_total", "Periodic sweeps, by result.", "sweep", "result"),
		swept:      m.Histogram("sweep_seconds", "Time a periodic sweep took.", "sweep"),
	}
}

// oldest is NaN when the database does not answer.
func oldest(d *db.DB) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var age float64
	err := d.InSystemTx(ctx, func(tx *db.Tx) error {
		return tx.Raw(`SELECT GREATEST(0, EXTRACT(epoch FROM now() - LEAST(
			(SELECT min(due_at) FROM outbox_events WHERE published_at IS NULL),
			(SELECT min(next_at) FROM outbox_deliveries WHERE state = 'pending'), now())))`).Row().Scan(&age)
	})
	if err != nil {
		return math.NaN()
	}
	return age
}

// dead is NaN when the database does not answer.
func dead(d *db.DB) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	n, err := outbox.CountDead(ctx, d)
	if err != nil {
		return math.NaN()
	}
	return float64(n)
}
