package outbox

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Delivery is a wake-up: which row of outbox_deliveries to look at. It proves
// nothing; a worker believes the row.
type Delivery struct {
	Tenant     uuid.UUID `json:"tenant"`
	Event      uuid.UUID `json:"event"`
	Subscriber string    `json:"subscriber"`
	Attempt    int       `json:"attempt"` // attempts made before this one
	Queue      string    `json:"-"`
	// Again is set when an earlier wake-up for the same attempt may be lost.
	Again bool `json:"-"`
}

// Relay publishes due events: it makes their deliveries and wakes workers for them,
// and again for those that nobody has confirmed in time. Many may run at once.
type Relay struct {
	db   *db.DB
	subs []Subscription
	opts Options

	// enqueue hands wake-ups to the queue.
	enqueue func(ctx context.Context, ds []Delivery) error
}

// Options are the relay's times and limits; zero means the default.
type Options struct {
	Poll        time.Duration // how often to look unasked: 500 ms
	Redrive     time.Duration // after how long a wake-up counts as lost: 30 s
	MaxAttempts int           // failures after which a delivery is dead: 12
	Batch       int           // events published at once: 200

	// Live hears each batch before it is marked as published, so that a process that dies leaves no event untold; it may hear one twice. It must come back within a second.
	Live func(context.Context, []Event)

	Waited func(time.Duration) // hears how long after its due time each delivery was first begun
}

// NewRelay checks the subscriptions: a subscriber may hear an event only once.
func NewRelay(d *db.DB, subs []Subscription, enqueue func(context.Context, []Delivery) error, o Options) (*Relay, error) {
	for i, s := range subs {
		if s.Event == "" || s.Subscriber == "" || s.Handle == nil {
			return nil, fmt.Errorf("subscription %d: event, subscriber and handler are needed", i)
		}
		if strings.Contains(strings.TrimSuffix(s.Event, "*"), "*") || strings.HasSuffix(s.Event, "*") && s.Event != "*" && !strings.HasSuffix(s.Event, ".*") {
			return nil, fmt.Errorf(`subscription of %s: event %q is none of "order.placed", "order.*" and "*"`, s.Subscriber, s.Event)
		}
		for _, o := range subs[:i] {
			if o.Subscriber == s.Subscriber && (o.hears(s.Event) || s.hears(o.Event)) {
				return nil, fmt.Errorf("subscriber %s hears %s twice", s.Subscriber, s.Event)
			}
		}
	}
	o.Poll = cmp.Or(o.Poll, 500*time.Millisecond)
	o.Redrive = cmp.Or(o.Redrive, 30*time.Second)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 12)
	o.Batch = cmp.Or(o.Batch, 200)
	if o.Live == nil {
		o.Live = func(context.Context, []Event) {}
	}
	if o.Waited == nil {
		o.Waited = func(time.Duration) {}
	}
	return &Relay{db: d, subs: slices.Clone(subs), opts: o, enqueue: enqueue}, nil
}

// Run publishes until ctx ends.
func (r *Relay) Run(ctx context.Context) {
	wake := make(chan struct{}, 1)
	poke := func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	var listening sync.WaitGroup
	listening.Go(func() { r.db.Listen(ctx, Channel, poke, func(string) { poke() }) })
	defer listening.Wait()
	poll := time.NewTicker(r.opts.Poll)
	defer poll.Stop()
	redriven := time.Time{}
	for ctx.Err() == nil {
		full, err := r.publish(ctx)
		if err == nil && time.Since(redriven) >= r.opts.Poll {
			redriven = time.Now()
			var more bool
			more, err = r.redrive(ctx)
			full = full || more
		}
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "outbox: relay failed; it tries again", "err", err)
			pause(ctx, time.Second)
			continue
		}
		if full {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-poll.C:
		}
	}
}

// publish takes a batch of due events, makes their deliveries in one transaction
// and then wakes workers. If the process dies in between, redrive wakes them.
func (r *Relay) publish(ctx context.Context) (full bool, err error) {
	var events []Event
	var ds []Delivery
	err = r.db.InSystemTx(ctx, func(tx *db.Tx) error {
		if events, err = dueEvents(tx, r.opts.Batch); err != nil || len(events) == 0 {
			return err
		}
		r.opts.Live(ctx, events)
		ds = r.deliveries(events)
		return published(tx, events, ds, tx.Now.Add(r.opts.Redrive))
	})
	if err != nil || len(events) == 0 {
		return false, err
	}
	return len(events) == r.opts.Batch, r.send(ctx, ds)
}

func (r *Relay) deliveries(events []Event) (ds []Delivery) {
	for _, e := range events {
		for _, s := range r.subs {
			if s.hears(e.Type) {
				ds = append(ds, Delivery{Tenant: e.Tenant, Event: e.ID, Subscriber: s.Subscriber, Queue: s.queue()})
			}
		}
	}
	return ds
}

// redrive wakes workers again for deliveries whose time has come: a failure's pause
// is over, or a wake-up or its worker was lost.
func (r *Relay) redrive(ctx context.Context) (full bool, err error) {
	var ds []Delivery
	err = r.db.InSystemTx(ctx, func(tx *db.Tx) error {
		ds, err = overdue(tx, tx.Now.Add(r.opts.Redrive), r.names(), r.opts.Batch)
		return err
	})
	if err != nil || len(ds) == 0 {
		return false, err
	}
	for i := range ds {
		ds[i].Again = true
		ds[i].Queue = r.subs[slices.IndexFunc(r.subs, func(s Subscription) bool { return s.Subscriber == ds[i].Subscriber })].queue()
	}
	return len(ds) == r.opts.Batch, r.send(ctx, ds)
}

// send enqueues; what the queue does not take is due again soon.
func (r *Relay) send(ctx context.Context, ds []Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	failed := r.enqueue(ctx, ds)
	if failed == nil {
		return nil
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := r.db.InSystemTx(back, func(tx *db.Tx) error { return again(tx, ds, tx.Now.Add(time.Second)) }); err != nil {
		slog.ErrorContext(ctx, "outbox: wake-ups wait for the redrive", "err", err)
	}
	return fmt.Errorf("wake workers: %w", failed)
}

// names are the subscribers this process knows; another version may know others.
func (r *Relay) names() db.Strings {
	names := make(db.Strings, 0, len(r.subs))
	for _, s := range r.subs {
		if !slices.Contains(names, s.Subscriber) {
			names = append(names, s.Subscriber)
		}
	}
	return names
}

func (s Subscription) queue() string {
	if s.Queue == "" {
		return Normal
	}
	return s.Queue
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
