package orders

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"allhours/platform/base/db"
)

const (
	batchMost  = 64               // orders in one transaction
	linesMost  = 1000             // of these orders
	waitMost   = 2000             // orders that may wait for one tenant
	flights    = 6                // tenants whose orders are being placed at the same time
	flightTime = 10 * time.Second // for one transaction

	// After a flight of so many the next one is held for as many as there were, for so long at the most: those who have just been answered are about to come back, and an order
	// costs the less the more of them share a transaction.
	crowd      = 4
	gatherTime = 3 * time.Millisecond
)

// queue is group commit: the orders of a tenant that arrive while a placing transaction of that tenant is under way wait and go together in the next one. A lone order goes at
// once; only in a crowd does a flight wait for others, see gatherTime. Tenants take turns, a batch each, so that a flash sale at one does not starve the others.
type queue struct {
	flush   func(context.Context, db.Scope, []*placing) ([]outcome, error)
	turns   chan struct{}
	mu      sync.Mutex
	tenants map[uuid.UUID]*line
}

// line is what waits of one tenant; it exists while a flight of the tenant is under way.
type line struct {
	waiting []*waiter
	wanted  int           // to be waiting before the next flight goes
	full    chan struct{} // so many are; holds one signal
}

type waiter struct {
	p     *placing
	taken atomic.Bool // by a flight, or by giving up: whoever sets it first
	done  chan struct{}
	out   outcome
	err   error
}

func newQueue(flush func(context.Context, db.Scope, []*placing) ([]outcome, error)) *queue {
	return &queue{flush: flush, turns: make(chan struct{}, flights), tenants: map[uuid.UUID]*line{}}
}

// place has the order placed with whatever else waits and returns its own outcome. When ctx ends before its turn has come the order is not placed.
func (q *queue) place(ctx context.Context, sc db.Scope, p *placing) (outcome, error) {
	w := &waiter{p: p, done: make(chan struct{})}
	q.mu.Lock()
	l, flying := q.tenants[sc.Tenant]
	if !flying {
		l = &line{full: make(chan struct{}, 1)}
		q.tenants[sc.Tenant] = l
	}
	if len(l.waiting) >= waitMost {
		q.mu.Unlock()
		return outcome{}, ErrBusy.After(time.Second)
	}
	l.waiting = append(l.waiting, w)
	if len(l.waiting) == l.wanted {
		l.full <- struct{}{}
	}
	q.mu.Unlock()
	if !flying {
		go q.fly(sc.Tenant, l)
	}
	select {
	case <-w.done:
		return w.out, w.err
	case <-ctx.Done():
	}
	if w.taken.CompareAndSwap(false, true) {
		return outcome{}, ErrBusy.After(time.Second).Wrap(context.Cause(ctx))
	}
	<-w.done // it is being placed: the answer is near and true
	return w.out, w.err
}

// fly places what waits for the tenant, batch by batch, until nothing does.
func (q *queue) fly(tenant uuid.UUID, l *line) {
	for {
		q.turns <- struct{}{}
		batch := q.board(tenant, l)
		if batch == nil {
			<-q.turns
			return
		}
		q.send(tenant, batch)
		<-q.turns
		q.gather(l, len(batch))
	}
}

// gather waits, in a crowd, for as many orders as were under way or waiting when the last flight of so many ended.
func (q *queue) gather(l *line, flown int) {
	if flown < crowd {
		return
	}
	q.mu.Lock()
	l.wanted = min(len(l.waiting)+flown, batchMost)
	enough := len(l.waiting) >= l.wanted
	q.mu.Unlock()
	if !enough {
		timer := time.NewTimer(gatherTime)
		select {
		case <-l.full:
		case <-timer.C:
		}
		timer.Stop()
	}
	q.mu.Lock()
	l.wanted = 0
	select {
	case <-l.full:
	default:
	}
	q.mu.Unlock()
}

// board takes the next batch off the line; nil ends the flight. Two orders under the same key or from the same cart never go together: the later one must see the earlier.
func (q *queue) board(tenant uuid.UUID, l *line) []*waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	var batch, later []*waiter
	keys, carts := map[string]bool{}, map[uuid.UUID]bool{}
	lines := 0
	for i, w := range l.waiting {
		if len(batch) == batchMost || lines > linesMost {
			later = append(later, l.waiting[i:]...)
			break
		}
		key, cart := w.p.claim.key, w.p.row.CartID
		if key != "" && keys[key] || cart != nil && carts[*cart] {
			later = append(later, w)
			continue
		}
		if !w.taken.CompareAndSwap(false, true) {
			continue // gave up
		}
		keys[key] = true
		if cart != nil {
			carts[*cart] = true
		}
		batch, lines = append(batch, w), lines+len(w.p.row.Lines)
	}
	l.waiting = later
	if len(batch) == 0 {
		delete(q.tenants, tenant)
		return nil
	}
	return batch
}

// send places the batch. If the database refuses the transaction the orders go one by one, so that the one at fault fails alone.
func (q *queue) send(tenant uuid.UUID, batch []*waiter) {
	ctx, cancel := context.WithTimeout(context.Background(), flightTime)
	defer cancel()
	orders := make([]*placing, len(batch))
	for i, w := range batch {
		orders[i] = w.p
	}
	outs, err := q.flush(ctx, db.Scope{Tenant: tenant}, orders)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && len(batch) > 1 {
		for _, w := range batch {
			q.send(tenant, []*waiter{w})
		}
		return
	}
	for i, w := range batch {
		if w.err = err; err == nil {
			w.out = outs[i]
		}
		close(w.done)
	}
}
