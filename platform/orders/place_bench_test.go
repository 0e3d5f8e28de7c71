package orders_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"allhours/platform/base/db"
)

// BenchmarkPlace places orders of two lines, many SKUs, from so many callers at once.
func BenchmarkPlace(b *testing.B) {
	stock := map[string]int64{}
	for i := range 500 {
		stock[fmt.Sprint("SKU-", i)] = 1_000_000_000
	}
	s := open(b, stock)
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			var n atomic.Int64
			sent, trips := db.Traffic()
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for n.Add(1) <= int64(b.N) {
						in := s.order(fmt.Sprint("SKU-", rand.IntN(250)), fmt.Sprint("SKU-", 250+rand.IntN(250)))
						if _, err := s.Place(context.Background(), s.sc, db.NewID().String(), in); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			sent2, trips2 := db.Traffic()
			b.ReportMetric(float64(sent2-sent)/float64(b.N), "stmts/order")
			b.ReportMetric(float64(trips2-trips)/float64(b.N), "trips/order")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
