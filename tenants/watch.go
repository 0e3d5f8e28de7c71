package tenants

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

const (
	watchChannel = "tenants"
	watchEvery   = 300 * time.Millisecond
	// watchTrust is how long memory may be believed after the last look. It must be under the second that is promised.
	watchTrust = 900 * time.Millisecond
	// watchBack covers transactions that commit some time after they moved the version.
	watchBack = time.Minute
)

// Watch tells this process within a second which tenants have changed: settings, people, roles, sessions, keys. Those who keep such things in memory ask Fresh
// before they believe it and forget a tenant when told. One small query each 300 ms serves all tenants; a notification only makes it sooner. While the
// query fails, or nobody runs Run, Fresh is false and everything is read from the database.
type Watch struct {
	db         *db.DB
	looked     atomic.Int64 // when the last successful look began, Unix ns
	generation atomic.Int64
	mu         sync.Mutex
	versions   map[uuid.UUID]int64
	forget     []func(tenant uuid.UUID)
}

// NewWatch makes a Watch that knows nothing until Run.
func NewWatch(d *db.DB) *Watch { return &Watch{db: d, versions: map[uuid.UUID]int64{}} }

// Each has fn called for each tenant that has changed. It must be set before Run.
func (w *Watch) Each(fn func(tenant uuid.UUID)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget = append(w.forget, fn)
}

// Fresh reports whether memory may be believed now.
func (w *Watch) Fresh() bool { return time.Now().UnixNano()-w.looked.Load() < int64(watchTrust) }

// Generation grows each time that something was forgotten. What was read from the database before it grew must not be kept.
func (w *Watch) Generation() int64 { return w.generation.Load() }

// ChangedTx moves the version of the transaction's tenant: call it in every transaction after which processes must forget what they know of it.
func (w *Watch) ChangedTx(tx *db.Tx) error {
	tenant := tx.Scope.Tenant
	if err := moveVersion(tx); err != nil {
		return err
	}
	tx.AfterCommit(func() { w.drop(tenant) })
	tx.Wake(watchChannel)
	return nil
}

// Run looks until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	now := make(chan struct{}, 1)
	go w.db.Listen(ctx, watchChannel, func() {}, func(string) {
		select {
		case now <- struct{}{}:
		default:
		}
	})
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "cannot look for changes of tenants; everything is read from the database", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-now:
		}
	}
}

func (w *Watch) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	began := time.Now()
	var changed []version
	err := w.db.InSystemTx(ctx, func(tx *db.Tx) (err error) {
		changed, err = versionsSince(tx, watchBack)
		return err
	})
	if err != nil {
		return err
	}
	seen := make(map[uuid.UUID]int64, len(changed))
	w.mu.Lock()
	var moved []uuid.UUID
	for _, c := range changed {
		seen[c.TenantID] = c.Version
		if w.versions[c.TenantID] != c.Version {
			moved = append(moved, c.TenantID)
		}
	}
	w.versions = seen
	w.mu.Unlock()
	for _, id := range moved {
		w.drop(id)
	}
	w.looked.Store(began.UnixNano())
	return nil
}

func (w *Watch) drop(tenant uuid.UUID) {
	w.generation.Add(1)
	w.mu.Lock()
	forget := w.forget
	w.mu.Unlock()
	for _, f := range forget {
		f(tenant)
	}
}

// cache keeps tenants in memory.
type cache struct {
	mu   sync.RWMutex
	byID map[uuid.UUID]Tenant
}

const cacheSize = 20_000

func (c *cache) get(id uuid.UUID, w *Watch) (Tenant, bool) {
	if !w.Fresh() {
		return Tenant{}, false
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	t, ok := c.byID[id]
	return t, ok
}

func (c *cache) put(id uuid.UUID, t Tenant, generation int64, w *Watch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.Generation() != generation {
		return
	}
	if c.byID == nil || len(c.byID) >= cacheSize {
		c.byID = map[uuid.UUID]Tenant{}
	}
	c.byID[id] = t
}

func (c *cache) forget(id uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byID, id)
}
