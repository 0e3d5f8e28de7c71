package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
)

// rig is a relay whose queue is a goroutine per wake-up.
type rig struct {
	t      *testing.T
	db     *db.DB
	tenant uuid.UUID
	relay  *outbox.Relay
	lose   atomic.Bool       // the queue takes wake-ups and forgets them
	down   atomic.Bool       // the queue refuses wake-ups
	twice  bool              // the queue delivers everything twice
	heard  chan outbox.Event // what the handlers got
	live   chan outbox.Event // what went to the screens
}

func newRig(t *testing.T, o outbox.Options, subs func(r *rig) []outbox.Subscription) *rig {
	r := &rig{t: t, db: dbtest.New(t), tenant: db.NewID(), heard: make(chan outbox.Event, 1000), live: make(chan outbox.Event, 1000)}
	if subs == nil {
		subs = func(r *rig) []outbox.Subscription {
			return []outbox.Subscription{{Event: "thing.*", Subscriber: "test", Handle: r.hear}}
		}
	}
	o.Live = r.tell
	if o.Redrive == 0 {
		o.Redrive = 300 * time.Millisecond
	}
	if o.Poll == 0 {
		o.Poll = 20 * time.Millisecond
	}
	var err error
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	r.relay, err = outbox.NewRelay(r.db, subs(r), func(_ context.Context, ds []outbox.Delivery) error {
		if r.down.Load() {
			return errors.New("connection refused")
		}
		for _, d := range ds {
			copies := 1
			if r.twice {
				copies = 2
			}
			for range copies {
				if !r.lose.Load() {
					work.Go(func() {
						if err := r.relay.Deliver(ctx, d); err != nil && ctx.Err() == nil {
							t.Error(err)
						}
					})
				}
			}
		}
		return nil
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); r.relay.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; work.Wait() })
	return r
}

func (r *rig) hear(_ context.Context, e outbox.Event) error { r.heard <- e; return nil }

// do runs fn in a transaction of the rig's tenant.
func (r *rig) do(fn func(tx *db.Tx) error) {
	r.t.Helper()
	sc := db.Scope{Tenant: r.tenant, Actor: db.Actor{Kind: "member", ID: "m1", RequestID: "req-1"}}
	if err := r.db.InTx(r.t.Context(), sc, fn); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) append(typ, subject string) {
	r.t.Helper()
	r.do(func(tx *db.Tx) error { return outbox.Append(tx, typ, subject, map[string]int{"n": 1}) })
}

func (r *rig) tell(_ context.Context, events []outbox.Event) {
	for _, e := range events {
		r.live <- e
	}
}

func receive[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
	}
	return v
}

// states waits until the deliveries' states are the wanted ones, as "subscriber state attempts".
func (r *rig) states(want ...string) {
	r.t.Helper()
	var got []string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		r.do(func(tx *db.Tx) error {
			got = nil
			return tx.Raw(`SELECT subscriber || ' ' || state || ' ' || attempts FROM outbox_deliveries ORDER BY 1`).Scan(&got).Error
		})
		if cmp.Equal(want, got) {
			return
		}
	}
	r.t.Fatalf("deliveries: %s", cmp.Diff(want, got))
}

func TestEventReachesHandlerAndScreens(t *testing.T) {
	t.Parallel()
	var sc db.Scope
	r := newRig(t, outbox.Options{}, func(r *rig) []outbox.Subscription {
		return []outbox.Subscription{
			{Event: "thing.done", Subscriber: "one", Handle: func(ctx context.Context, e outbox.Event) error {
				sc = db.ScopeOf(ctx)
				return r.hear(ctx, e)
			}},
			{Event: "*", Subscriber: "all", Handle: r.hear},
			{Event: "thing.other", Subscriber: "one", Handle: r.hear},
			{Event: "thingy.*", Subscriber: "none", Handle: r.hear},
		}
	})
	r.append("thing.done", "s1")
	e := receive(t, r.heard)
	receive(t, r.heard)
	if e.Type != "thing.done" || e.Subject != "s1" || e.Tenant != r.tenant || e.Actor.ID != "m1" || time.Since(e.At) > time.Minute {
		t.Errorf("heard %+v", e)
	}
	var payload struct{ N int }
	if err := e.Decode(&payload); err != nil || payload.N != 1 {
		t.Errorf("payload %s: %v", e.Payload, err)
	}
	r.states("all done 1", "one done 1")
	if sc.Tenant != r.tenant || sc.Actor != (db.Actor{Kind: "job", ID: "one", Via: "job", RequestID: "req-1"}) {
		t.Errorf("handled as %+v", sc)
	}
	if l := receive(t, r.live); l.ID != e.ID {
		t.Errorf("screens got %v", l)
	}
}

func TestRolledBackEventNeverHappens(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{}, nil)
	err := r.db.InTx(t.Context(), db.Scope{Tenant: r.tenant}, func(tx *db.Tx) error {
		if err := outbox.Append(tx, "thing.lost", "s", nil); err != nil {
			return err
		}
		return errors.New("no")
	})
	if err == nil {
		t.Fatal("want the error")
	}
	r.append("thing.kept", "s")
	if e := receive(t, r.live); e.Type != "thing.kept" {
		t.Errorf("published %s", e.Type)
	}
}

func TestLostWakeUpsAreRepeated(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{}, nil)
	r.lose.Store(true)
	r.append("thing.done", "s")
	receive(t, r.live)
	r.lose.Store(false)
	receive(t, r.heard)
	r.states("test done 1")
}

// TestCommitWakesRelays has a relay that would look by itself only tomorrow. Many
// commits close together share few notifications; the last one must not be lost.
func TestCommitWakesRelays(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{Poll: 24 * time.Hour, Redrive: 24 * time.Hour}, nil)
	r.append("thing.done", "first")
	receive(t, r.heard)
	for range 20 {
		var writers sync.WaitGroup
		for i := range 8 {
			writers.Go(func() { r.append("thing.done", fmt.Sprint(i)) })
		}
		writers.Wait()
		for range 8 {
			receive(t, r.heard)
		}
	}
}

func TestQueueDownAndBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{Redrive: time.Hour}, nil)
	r.down.Store(true)
	r.append("thing.done", "s")
	receive(t, r.live)
	r.down.Store(false)
	receive(t, r.heard)
	r.states("test done 1")
}

func TestRepeatedWakeUpsHaveOneEffect(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{Redrive: time.Hour}, nil)
	r.twice = true
	for i := range 20 {
		r.append("thing.done", fmt.Sprint(i))
	}
	seen := map[string]bool{}
	for range 20 {
		e := receive(t, r.heard)
		if seen[e.Subject] {
			t.Errorf("%s handled twice", e.Subject)
		}
		seen[e.Subject] = true
	}
	r.states(strings.Split(strings.Repeat("test done 1,", 20), ",")[:20]...)
}

// TestSlowWorkerIsFencedOff has a worker outlive its lease: the next one takes
// over, and the first one's transaction is refused.
func TestSlowWorkerIsFencedOff(t *testing.T) {
	t.Parallel()
	slow, firstErr := make(chan struct{}), make(chan error, 1)
	var calls atomic.Int32
	r := newRig(t, outbox.Options{Redrive: 100 * time.Millisecond}, func(r *rig) []outbox.Subscription {
		confirm := outbox.InTx(r.db, func(tx *db.Tx, e outbox.Event) error { r.heard <- e; return nil })
		return []outbox.Subscription{{Event: "thing.*", Subscriber: "test", Timeout: 100 * time.Millisecond, Handle: func(ctx context.Context, e outbox.Event) error {
			if calls.Add(1) > 1 {
				return confirm(ctx, e)
			}
			<-slow // deaf to its deadline
			firstErr <- confirm(context.WithoutCancel(ctx), e)
			return nil
		}}}
	})
	r.append("thing.done", "s")
	receive(t, r.heard)
	r.states("test done 2")
	close(slow)
	if err := receive(t, firstErr); err == nil {
		t.Error("the worker that lost its lease confirmed too")
	}
	if len(r.heard) != 0 {
		t.Error("two effects")
	}
}

// TestCrashAfterCommit has the handler's transaction commit and everything after it
// fail, as when the worker is killed at that moment.
func TestCrashAfterCommit(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{Redrive: 100 * time.Millisecond}, func(r *rig) []outbox.Subscription {
		inTx := outbox.InTx(r.db, func(tx *db.Tx, e outbox.Event) error { return outbox.Append(tx, "effect", e.ID.String(), nil) })
		return []outbox.Subscription{{Event: "thing.*", Subscriber: "test", Handle: func(ctx context.Context, e outbox.Event) error {
			return errors.Join(inTx(ctx, e), errors.New("killed"))
		}}}
	})
	r.append("thing.done", "s")
	r.states("test done 1")
	// A second effect would follow the redrive; give it one to follow.
	r.append("thing.done", "later")
	r.states("test done 1", "test done 1")
	var effects int
	r.do(func(tx *db.Tx) error {
		return tx.Raw(`SELECT count(*) FROM outbox_events WHERE type = 'effect'`).Row().Scan(&effects)
	})
	if effects != 2 {
		t.Errorf("%d effects of 2 events", effects)
	}
}

// TestLongHandlerKeepsItsClaim has a handler take many times the redrive time.
func TestLongHandlerKeepsItsClaim(t *testing.T) {
	t.Parallel()
	redrive, calls := 300*time.Millisecond, make(chan struct{}, 10)
	release := make(chan struct{})
	r := newRig(t, outbox.Options{Redrive: redrive}, func(r *rig) []outbox.Subscription {
		return []outbox.Subscription{{Event: "thing.*", Subscriber: "test", Handle: func(context.Context, outbox.Event) error {
			calls <- struct{}{}
			<-release
			return nil
		}}}
	})
	r.append("thing.done", "s")
	receive(t, calls)
	select {
	case <-calls:
		t.Error("called again while at work")
	case <-time.After(4 * redrive):
	}
	close(release)
	r.states("test done 1")
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail  error
		panic bool
		limit int
		want  string
	}{
		"passing":            {fail: errors.New("dial tcp"), limit: 12, want: "test done 2"},
		"panic":              {panic: true, limit: 12, want: "test done 2"},
		"unavailable":        {fail: fault.New(fault.Unavailable, "x.down", "Down."), limit: 12, want: "test done 2"},
		"invalid":            {fail: fault.New(fault.Invalid, "x.bad", "Bad."), limit: 12, want: "test dead 1"},
		"not found":          {fail: fmt.Errorf("get: %w", fault.New(fault.NotFound, "x.gone", "Gone.")), limit: 12, want: "test dead 1"},
		"too often":          {fail: errors.New("dial tcp"), limit: 1, want: "test dead 1"},
		"conflict":           {fail: fault.New(fault.Conflict, "x.state", "State."), limit: 12, want: "test dead 1"},
		"forbidden":          {fail: fault.New(fault.Forbidden, "x.no", "No."), limit: 12, want: "test dead 1"},
		"too many, at first": {fail: fault.New(fault.TooMany, "x.slow", "Slow."), limit: 12, want: "test done 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			r := newRig(t, outbox.Options{MaxAttempts: c.limit}, func(r *rig) []outbox.Subscription {
				return []outbox.Subscription{{Event: "thing.*", Subscriber: "test", Handle: func(context.Context, outbox.Event) error {
					switch {
					case calls.Add(1) > 1:
						return nil
					case c.panic:
						panic("oh")
					}
					return c.fail
				}}}
			})
			r.append("thing.done", "s")
			r.states(c.want)
			e := receive(t, r.live)
			if !strings.Contains(c.want, "dead") {
				return
			}
			var v outbox.DeadV1
			dead := receive(t, r.live)
			if err := dead.Decode(&v); err != nil || dead.Type != outbox.Dead || dead.Subject != e.ID.String() || v.Subscriber != "test" || v.Event != "thing.done" {
				t.Errorf("signal %+v %+v, %v", dead, v, err)
			}
		})
	}
}

func TestTimers(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{}, nil)
	r.do(func(tx *db.Tx) error {
		return errors.Join(
			outbox.Schedule(tx, tx.Now.Add(150*time.Millisecond), "thing.due", "kept", nil),
			outbox.Schedule(tx, tx.Now.Add(100*time.Millisecond), "thing.due", "cancelled", nil),
			outbox.Schedule(tx, tx.Now.Add(50*time.Millisecond), "thing.other", "cancelled", nil),
			outbox.Schedule(tx, tx.Now.Add(time.Hour), "thing.due", "later", nil),
			outbox.Append(tx, "thing.due", "cancelled", "an event of the same name is no timer"))
	})
	r.do(func(tx *db.Tx) error { outbox.Cancel(tx, "thing.due", "cancelled"); return nil })
	var got []string
	for range 3 {
		e := receive(t, r.heard)
		got = append(got, e.Type+" "+e.Subject)
	}
	if diff := cmp.Diff([]string{"thing.due cancelled", "thing.other cancelled", "thing.due kept"}, got); diff != "" {
		t.Error(diff)
	}
}

// A relay that dies while it publishes has told of the events or has left them to the next one: told before they are marked, none is lost between the two.
func TestNoEventIsLostBetweenTellingAndMarking(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if err := d.InTx(t.Context(), db.Scope{Tenant: db.NewID()}, func(tx *db.Tx) error { return outbox.Append(tx, "thing.done", "s", nil) }); err != nil {
		t.Fatal(err)
	}
	subs := []outbox.Subscription{{Event: "*", Subscriber: "test", Handle: func(context.Context, outbox.Event) error { return nil }}}
	for _, life := range []string{"the one that dies", "the next one"} {
		ctx, die := context.WithCancel(t.Context())
		told := make(chan outbox.Event, 10)
		relay, err := outbox.NewRelay(d, subs, func(context.Context, []outbox.Delivery) error { return nil }, outbox.Options{Live: func(_ context.Context, events []outbox.Event) {
			told <- events[0]
			die()
		}})
		if err != nil {
			t.Fatal(err)
		}
		relay.Run(ctx)
		select {
		case e := <-told:
			if e.Subject != "s" {
				t.Errorf("%s told of %+v", life, e)
			}
		default:
			t.Errorf("%s told of nothing", life)
		}
	}
}

func TestTimersFollowTheTestClock(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{}, nil)
	r.do(func(tx *db.Tx) error { return outbox.Schedule(tx, tx.Now.Add(time.Hour), "thing.due", "s", nil) })
	later := r.db.WithClock(func() time.Time { return time.Now().Add(61 * time.Minute) })
	relay, err := outbox.NewRelay(later, []outbox.Subscription{{Event: "*", Subscriber: "later", Handle: r.hear}},
		func(ctx context.Context, ds []outbox.Delivery) error { return nil }, outbox.Options{Live: r.tell})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); relay.Run(ctx) }()
	if e := receive(t, r.live); e.Subject != "s" {
		t.Errorf("got %+v", e)
	}
	cancel()
	<-done
}

func TestSeveralRelaysPublishEachEventOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{Batch: 7, Redrive: time.Hour}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var relays sync.WaitGroup
	for range 3 {
		other, err := outbox.NewRelay(r.db, []outbox.Subscription{{Event: "thing.*", Subscriber: "test", Handle: r.hear}},
			func(ctx context.Context, ds []outbox.Delivery) error {
				for _, d := range ds {
					if err := r.relay.Deliver(ctx, d); err != nil {
						return err
					}
				}
				return nil
			}, outbox.Options{Batch: 5, Redrive: time.Hour, Live: r.tell})
		if err != nil {
			t.Fatal(err)
		}
		relays.Go(func() { other.Run(ctx) })
	}
	r.do(func(tx *db.Tx) error {
		for i := range 200 {
			if err := outbox.Append(tx, "thing.done", fmt.Sprint(i), nil); err != nil {
				return err
			}
		}
		return nil
	})
	for range 200 {
		receive(t, r.heard)
	}
	cancel()
	relays.Wait()
	if len(r.live) != 200 || len(r.heard) != 0 {
		t.Errorf("%d published, %d handled too often", len(r.live), len(r.heard))
	}
}

func TestPurgeKeepsWhatIsOpen(t *testing.T) {
	t.Parallel()
	r := newRig(t, outbox.Options{}, func(r *rig) []outbox.Subscription {
		return []outbox.Subscription{{Event: "thing.*", Subscriber: "test", Handle: func(_ context.Context, e outbox.Event) error {
			if e.Subject == "bad" {
				return fault.New(fault.Invalid, "bad", "Bad.")
			}
			return nil
		}}}
	})
	r.append("thing.done", "good")
	r.append("thing.done", "bad")
	r.states("test dead 1", "test done 1")
	r.do(func(tx *db.Tx) error { return outbox.Schedule(tx, tx.Now.Add(time.Hour), "thing.due", "later", nil) })
	for range 3 {
		receive(t, r.live) // good, bad, and the signal that bad is dead
	}
	n, err := outbox.Purge(t.Context(), r.db, time.Now().Add(time.Minute))
	if err != nil || n != 2 {
		t.Errorf("purged %d, %v; want good and the signal", n, err)
	}
	r.states("test dead 1")
}

func TestSubscriptionsAreChecked(t *testing.T) {
	t.Parallel()
	h := func(context.Context, outbox.Event) error { return nil }
	for name, subs := range map[string][]outbox.Subscription{
		"no handler": {{Event: "a", Subscriber: "s"}},
		"no name":    {{Event: "a", Handle: h}},
		"pattern":    {{Event: "a*", Subscriber: "s", Handle: h}},
		"middle":     {{Event: "a.*.b", Subscriber: "s", Handle: h}},
		"same twice": {{Event: "a.b", Subscriber: "s", Handle: h}, {Event: "a.b", Subscriber: "s", Handle: h}},
		"overlap":    {{Event: "a.*", Subscriber: "s", Handle: h}, {Event: "a.b", Subscriber: "s", Handle: h}},
		"all":        {{Event: "a.b", Subscriber: "s", Handle: h}, {Event: "*", Subscriber: "s", Handle: h}},
	} {
		if _, err := outbox.NewRelay(nil, subs, nil, outbox.Options{}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
