package db

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// wakes sends notifications apart from the transactions they tell of, and few of them: NOTIFY takes a lock of the whole cluster at commit.
type wakes struct {
	mu      sync.Mutex
	pending map[string]bool // channels with a sender at work; true = asked again meanwhile
}

// wakeGap is the least time between two notifications of one channel by this process.
const wakeGap = 5 * time.Millisecond

// Wake notifies the listeners of the channel soon and returns at once. Calls that come while a notification is being sent are answered together by one more.
// It may be lost (a crash, a broken connection): listeners look for themselves now and then.
func (d *DB) Wake(channel string) {
	w := d.wakes
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, busy := w.pending[channel]; busy {
		w.pending[channel] = true
		return
	}
	w.pending[channel] = false
	go func() {
		for {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			if err := d.Notify(ctx, channel, ""); err != nil {
				slog.Debug("database: a wake-up was lost", "channel", channel, "err", err)
			}
			cancel()
			time.Sleep(wakeGap)
			w.mu.Lock()
			if !w.pending[channel] {
				delete(w.pending, channel)
				w.mu.Unlock()
				return
			}
			w.pending[channel] = false
			w.mu.Unlock()
		}
	}()
}

// Wake notifies the listeners of the channel once the transaction has committed.
func (tx *Tx) Wake(channel string) { tx.AfterCommit(func() { tx.db.Wake(channel) }) }

// Frozen gives the time of the clock set by WithClock, nil where the database's clock rules. Pipelines that need a time use COALESCE($1, now()) with it.
func (d *DB) Frozen() *time.Time {
	if d.clock == nil {
		return nil
	}
	now := d.clock().UTC().Truncate(time.Microsecond)
	return &now
}
