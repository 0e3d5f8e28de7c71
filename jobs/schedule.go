package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
)

// Sweep is work that comes round: it looks for what is to be done and does it.
// One process of the cluster runs the sweeps; each runs soon after that process
// took over and then every so often, never twice at once. A sweep that leaves its
// leader's hands may be cut short and run again by the next.
type Sweep struct {
	Name    string
	Every   time.Duration
	Timeout time.Duration // Every, at most 10 minutes, when zero
	Run     func(ctx context.Context) error
}

func checkSweeps(sweeps []Sweep) error {
	seen := map[string]bool{}
	for _, s := range sweeps {
		if s.Name == "" || s.Every < 100*time.Millisecond || s.Run == nil {
			return fmt.Errorf("sweep %q: a name, a period of 100 ms at least and what to run are needed", s.Name)
		}
		if seen[s.Name] {
			return fmt.Errorf("sweep %s is there twice", s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

// purge keeps a month of handled events for questions and for screens that resume.
func purge(d *db.DB) Sweep {
	return Sweep{Name: "outbox.purge", Every: 6 * time.Hour, Run: func(ctx context.Context) error {
		n, err := outbox.Purge(ctx, d, time.Now().AddDate(0, 0, -30))
		if n > 0 {
			slog.InfoContext(ctx, "jobs: old events were purged", "events", n)
		}
		return err
	}}
}

// runSchedule is the leader's work.
func (j *Jobs) runSchedule(ctx context.Context) {
	slog.InfoContext(ctx, "jobs: this process runs the schedule", "sweeps", len(j.sweeps))
	var sweeps sync.WaitGroup
	for i, s := range j.sweeps {
		sweeps.Go(func() {
			// The first runs come one after another, not all at once.
			next := time.NewTimer(min(s.Every, time.Duration(i+1)*time.Second))
			defer next.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-next.C:
				}
				j.sweep(ctx, s)
				next.Reset(s.Every)
			}
		})
	}
	sweeps.Wait()
}

func (j *Jobs) sweep(ctx context.Context, s Sweep) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = min(s.Every, 10*time.Minute)
	}
	sweep, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began, result := time.Now(), "ok"
	err := safely(sweep, s.Run)
	if err != nil && ctx.Err() == nil {
		result = "failed"
		slog.ErrorContext(ctx, "jobs: a sweep failed; it comes round again", "sweep", s.Name, "in", s.Every, "err", err)
	}
	j.meters.sweeps.WithLabelValues(s.Name, result).Inc()
	j.meters.swept.WithLabelValues(s.Name).Observe(time.Since(began).Seconds())
}

func safely(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx)
}
