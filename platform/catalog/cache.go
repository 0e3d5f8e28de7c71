package catalog

import (
	"container/list"
	"sync"
	"time"

	"github.com/google/uuid"
)

// cache keeps the most recently used values of all tenants, at most max of them. A value is found only in the generation of its tenant in which its loading
// began: forget starts a new generation, so that a value read before a change and stored after it is never served.
type cache[K comparable, V any] struct {
	mu    sync.Mutex
	max   int
	epoch uint64
	gens  map[uuid.UUID]uint64
	items map[slot[K]]*list.Element
	order *list.List // front: most recently used
}

type slot[K comparable] struct {
	tenant uuid.UUID
	key    K
}

type entry[K comparable, V any] struct {
	slot   slot[K]
	gen    generation
	until  time.Time
	stored V
}

type generation struct{ epoch, tenant uint64 }

func newCache[K comparable, V any](most int) *cache[K, V] {
	return &cache[K, V]{max: most, gens: map[uuid.UUID]uint64{}, items: map[slot[K]]*list.Element{}, order: list.New()}
}

// generation is asked for before loading and given back to put.
func (c *cache[K, V]) generation(tenant uuid.UUID) generation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return generation{c.epoch, c.gens[tenant]}
}

func (c *cache[K, V]) get(tenant uuid.UUID, key K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[slot[K]{tenant, key}]
	if !ok {
		return v, false
	}
	it := e.Value.(*entry[K, V])
	if it.gen != (generation{c.epoch, c.gens[tenant]}) || !time.Now().Before(it.until) {
		c.drop(e)
		return v, false
	}
	c.order.MoveToFront(e)
	return it.stored, true
}

func (c *cache[K, V]) put(tenant uuid.UUID, gen generation, key K, v V, ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := slot[K]{tenant, key}
	if e, ok := c.items[s]; ok {
		c.drop(e)
	}
	c.items[s] = c.order.PushFront(&entry[K, V]{slot: s, gen: gen, until: time.Now().Add(ttl), stored: v})
	for len(c.items) > c.max {
		c.drop(c.order.Back())
	}
}

func (c *cache[K, V]) drop(e *list.Element) {
	delete(c.items, e.Value.(*entry[K, V]).slot)
	c.order.Remove(e)
}

func (c *cache[K, V]) forget(tenant uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gens[tenant]++
}

func (c *cache[K, V]) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	clear(c.gens)
	clear(c.items)
	c.order.Init()
}

// life is how long something may be kept: long while the changes of other processes are heard of, a second otherwise.
func (c *Catalog) life() time.Duration {
	if c.following.Load() {
		return 30 * time.Second
	}
	return time.Second
}
