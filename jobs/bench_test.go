package jobs

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/outbox"
)

func quantile(ds []time.Duration, q float64) time.Duration {
	s := slices.Sorted(slices.Values(ds))
	return s[min(int(float64(len(s))*q), len(s)-1)].Round(10 * time.Microsecond)
}

// BenchmarkDeliver writes events at a steady rate and, for throughput, as fast as
// they can be handled; it reports commit to handler start.
func BenchmarkDeliver(b *testing.B) {
	for name, rate := range map[string]int{"rate=50": 50, "rate=300": 300, "backlog": 0} {
		b.Run(name, func(b *testing.B) {
			d, r := dbtest.New(b), dbtest.Redis(b)
			var mu sync.Mutex
			var waits []time.Duration
			handled := make(chan struct{}, 1<<20)
			j, err := New(Config{r.URL, 16}, d, Work{
				Subscriptions: []outbox.Subscription{{Event: "thing.done", Subscriber: "one", Handle: func(context.Context, outbox.Event) error { handled <- struct{}{}; return nil }}},
				Outbox:        outbox.Options{Waited: func(w time.Duration) { mu.Lock(); defer mu.Unlock(); waits = append(waits, w) }},
			})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			done := make(chan struct{})
			go func() { defer close(done); _ = j.Run(ctx) }()
			sc := db.Scope{Tenant: db.NewID()}
			write := func(n int) {
				if err := d.InTx(ctx, sc, func(tx *db.Tx) error {
					for range n {
						if err := outbox.Append(tx, "thing.done", "s", struct{}{}); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					b.Error(err)
				}
			}
			write(1)
			<-handled // connections are open and statements prepared
			mu.Lock()
			waits = nil
			mu.Unlock()
			b.ResetTimer()
			if rate == 0 {
				for left := b.N; left > 0; left -= 500 {
					write(min(left, 500))
				}
			} else {
				tick := time.NewTicker(time.Second / time.Duration(rate))
				defer tick.Stop()
				for range b.N {
					<-tick.C
					write(1)
				}
			}
			for range b.N {
				<-handled
			}
			b.StopTimer()
			mu.Lock()
			for q, v := range map[string]float64{"p50": .5, "p95": .95, "p99": .99} {
				b.ReportMetric(float64(quantile(waits, v).Microseconds())/1000, q+"-ms")
			}
			mu.Unlock()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			cancel()
			<-done
		})
	}
}
