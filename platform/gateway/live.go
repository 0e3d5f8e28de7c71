package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
)

// LiveEvent is an event of the outbox on its way to the browsers.
type LiveEvent struct {
	Tenant  uuid.UUID       `json:"tenant"`
	ID      uuid.UUID       `json:"id"`
	Type    string          `json:"type"`
	Subject string          `json:"subject"`
	Payload json.RawMessage `json:"payload"`
	At      time.Time       `json:"at"`
}

// Live carries events to the streams of all serve processes. Events travel by Redis pub/sub, one channel a tenant, heard only by processes that have a
// stream of that tenant. When Redis does not carry them, streams are fed from outbox_events: a process that cannot hear Redis looks there each second,
// and a publisher that cannot speak to Redis says so by NOTIFY. An event may come twice (clients tell by its id), and a stream that has missed
// some is told to read everything again (resync). It promises no more than that: what is true is what GET answers.
type Live struct {
	db    *db.DB
	redis redis.UniversalClient
	sub   *redis.PubSub

	following sync.Mutex // held while the list of channels changes; before mu

	mu     sync.Mutex
	rooms  map[uuid.UUID]*room
	ips    map[string]int
	closed bool
	ended  chan struct{}

	hearing   atomic.Bool  // Redis answers on our subscription
	heardLast atomic.Int64 // Unix milliseconds of the last sign of life
}

// room is the streams of one tenant in this process.
type room struct {
	streams map[*stream]struct{}
	ready   chan struct{} // closed once Redis has confirmed the subscription
	since   time.Time     // events made before then have been seen
	polled  map[uuid.UUID]bool
}

// stream is one connection's queue. A queue that is full means that the client is slow: it loses events and is told so.
type stream struct {
	queue  chan LiveEvent
	lagged atomic.Bool
	wants  func(LiveEvent) bool
	tenant uuid.UUID
	ip     string
}

const (
	queueLength = 64
	liveChannel = "ah:live:"
	liveNotify  = "allhours_live"
	pollEvery   = time.Second
	overlap     = 5 * time.Second // a transaction may commit this much later than its events were made
	replayMax   = 300
	replayAge   = 15 * time.Minute
)

// NewLive makes the hub. A process that only hands events in needs nothing more of it than Publish.
func NewLive(d *db.DB, r redis.UniversalClient) *Live {
	return &Live{db: d, redis: r, rooms: map[uuid.UUID]*room{}, ips: map[string]int{}, ended: make(chan struct{})}
}

// Publish hands the events to Redis; where it does not take them, browsers are fed from the database. It is back within half a second.
func (l *Live) Publish(ctx context.Context, events []outbox.Event) {
	quick, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	_, err := l.redis.Pipelined(quick, func(p redis.Pipeliner) error {
		for _, e := range events {
			b, err := json.Marshal(LiveEvent{Tenant: e.Tenant, ID: e.ID, Type: e.Type, Subject: e.Subject, Payload: e.Payload, At: e.At})
			if err != nil {
				return err
			}
			p.Publish(quick, liveChannel+e.Tenant.String(), b)
		}
		return nil
	})
	if err == nil || ctx.Err() != nil {
		return
	}
	slog.WarnContext(ctx, "live events: Redis does not take them; browsers are fed from the database", "err", err)
	l.db.Wake(liveNotify)
}

// run hears Redis and the database until ctx ends.
func (l *Live) run(ctx context.Context) {
	l.mu.Lock()
	l.sub = l.redis.Subscribe(ctx, liveChannel+"all")
	var waiting []uuid.UUID
	for tenant := range l.rooms {
		waiting = append(waiting, tenant)
	}
	l.mu.Unlock()
	for _, tenant := range waiting {
		l.follow(tenant)
	}
	wake := make(chan struct{}, 1)
	nudge := func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	var wait sync.WaitGroup
	wait.Go(func() { l.hear(ctx, nudge) })
	wait.Go(func() { l.db.Listen(ctx, liveNotify, nudge, func(string) { nudge() }) })
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		forced := false
		select {
		case <-ctx.Done():
		case <-wake:
			forced = true
		case <-tick.C:
		}
		switch {
		case ctx.Err() != nil:
		case forced || !l.hearing.Load():
			l.poll(ctx)
		default:
			l.caughtUp(time.Now())
		}
	}
	_ = l.sub.Close()
	wait.Wait()
}

// hear takes what Redis publishes. The subscription heals itself; after a break the gap is read from the database.
func (l *Live) hear(ctx context.Context, nudge func()) {
	for ctx.Err() == nil {
		m, err := l.sub.ReceiveTimeout(ctx, 2*time.Second)
		var late net.Error
		if errors.As(err, &late) && late.Timeout() && l.hearing.Load() {
			if time.Since(time.UnixMilli(l.heardLast.Load())) < 5*time.Second {
				_ = l.sub.Ping(ctx) // its pong is the sign of life
				continue
			}
			err = errors.New("no sign of life from Redis")
		}
		if err != nil {
			if l.hearing.Swap(false) && ctx.Err() == nil {
				slog.WarnContext(ctx, "live events: Redis is not heard; looking in the database each second", "err", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
			}
			_ = l.sub.Ping(ctx) // connects again
			continue
		}
		l.heardLast.Store(time.Now().UnixMilli())
		if !l.hearing.Swap(true) {
			nudge()
		}
		switch m := m.(type) {
		case *redis.Subscription:
			l.confirm(m.Channel)
		case *redis.Message:
			var e LiveEvent
			if json.Unmarshal([]byte(m.Payload), &e) == nil && m.Channel == liveChannel+e.Tenant.String() {
				l.deliver(e)
			}
		}
	}
}

func (l *Live) confirm(channel string) {
	tenant, err := uuid.Parse(strings.TrimPrefix(channel, liveChannel))
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.rooms[tenant]; r != nil {
		select {
		case <-r.ready:
		default:
			close(r.ready)
		}
	}
}

// deliver puts the event in the queues of the tenant's streams that want it.
func (l *Live) deliver(e LiveEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rooms[e.Tenant]
	if r == nil {
		return
	}
	for s := range r.streams {
		s.offer(e)
	}
}

func (s *stream) offer(e LiveEvent) {
	if s.lagged.Load() || !s.wants(e) {
		return
	}
	select {
	case s.queue <- e:
	default:
		s.lagged.Store(true)
	}
}

// poll reads from the outbox what the rooms have not had from Redis.
func (l *Live) poll(ctx context.Context) {
	began := time.Now()
	l.mu.Lock()
	since := map[uuid.UUID]time.Time{}
	for tenant, r := range l.rooms {
		since[tenant] = r.since
	}
	l.mu.Unlock()
	if len(since) == 0 {
		return
	}
	events, err := l.recent(ctx, since)
	if err != nil {
		if ctx.Err() == nil {
			slog.WarnContext(ctx, "live events: cannot read the outbox", "err", err)
		}
		return
	}
	for tenant := range since {
		l.handOut(tenant, events[tenant], began)
	}
}

// caughtUp notes that Redis has brought everything up to now.
func (l *Live) caughtUp(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rooms {
		r.since, r.polled = now, nil
	}
}

// handOut gives a room what has been read for it, without what it was given the time before.
func (l *Live) handOut(tenant uuid.UUID, events []LiveEvent, began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rooms[tenant]
	if r == nil {
		return
	}
	had := r.polled
	r.polled, r.since = map[uuid.UUID]bool{}, began
	for _, e := range events {
		r.polled[e.ID] = true
	}
	for s := range r.streams {
		if len(events) >= replayMax {
			s.lagged.Store(true)
			continue
		}
		for _, e := range events {
			if !had[e.ID] {
				s.offer(e)
			}
		}
	}
}

var (
	errStreamsClosed  = errors.New("draining")
	errStreamsTenant  = errors.New("too many streams of the tenant")
	errStreamsAddress = errors.New("too many streams of the address")
)

// join opens a queue in the tenant's room; leave it again with leave. ready is closed once nothing more can be missed.
func (l *Live) join(s *stream, perTenant, perAddress int) (ready <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rooms[s.tenant]
	switch {
	case l.closed:
		return nil, errStreamsClosed
	case r != nil && len(r.streams) >= perTenant:
		return nil, errStreamsTenant
	case l.ips[s.ip] >= perAddress:
		return nil, errStreamsAddress
	}
	if r == nil {
		r = &room{streams: map[*stream]struct{}{}, ready: make(chan struct{}), since: time.Now()}
		l.rooms[s.tenant] = r
		go l.follow(s.tenant)
	}
	r.streams[s] = struct{}{}
	l.ips[s.ip]++
	return r.ready, nil
}

func (l *Live) leave(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ips[s.ip]--; l.ips[s.ip] <= 0 {
		delete(l.ips, s.ip)
	}
	r := l.rooms[s.tenant]
	if r == nil {
		return
	}
	delete(r.streams, s)
	if len(r.streams) == 0 {
		delete(l.rooms, s.tenant)
		go l.follow(s.tenant)
	}
}

// follow hears the tenant's channel if it has streams, and stops if it has none. One at a time, so that what is done last fits what is so.
func (l *Live) follow(tenant uuid.UUID) {
	l.following.Lock()
	defer l.following.Unlock()
	l.mu.Lock()
	sub, r := l.sub, l.rooms[tenant]
	l.mu.Unlock()
	if sub == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	// An error needs no care: the subscription keeps the list of its channels and sends it when it connects again.
	if r != nil {
		_ = sub.Subscribe(ctx, liveChannel+tenant.String())
	} else {
		_ = sub.Unsubscribe(ctx, liveChannel+tenant.String())
	}
}

// close ends every stream and takes no more.
func (l *Live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		close(l.ended)
	}
}
