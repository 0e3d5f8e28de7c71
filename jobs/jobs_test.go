package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/devstack"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/base/telemetry"
)

// TestMain lets the test binary be the worker that gets killed.
func TestMain(m *testing.M) {
	if url := os.Getenv("JOBS_TEST_DATABASE"); url != "" {
		d, err := db.Open(context.Background(), db.Config{URL: url, MaxConns: 6})
		if err == nil {
			var j *Jobs
			if j, err = New(Config{os.Getenv("JOBS_TEST_REDIS"), 4}, d, Work{Subscriptions: effects(d), Outbox: quick}); err == nil {
				err = j.Run(context.Background())
			}
		}
		panic(err)
	}
	os.Exit(m.Run())
}

var quick = outbox.Options{Redrive: 500 * time.Millisecond, Poll: 50 * time.Millisecond}

// effects has two subscribers that write down each event they handle, slowly enough
// to be killed in the middle.
func effects(d *db.DB) []outbox.Subscription {
	note := func(name string) outbox.Subscription {
		return outbox.Subscription{Event: "thing.done", Subscriber: name, Handle: outbox.InTx(d, func(tx *db.Tx, e outbox.Event) error {
			return tx.Exec(`INSERT INTO effects SELECT ?, gen_random_uuid(), ?, ? FROM pg_sleep(0.01)`, e.Tenant, e.ID, name).Error
		})}
	}
	return []outbox.Subscription{note("one"), note("two")}
}

// rig is a database and a Redis to run workers on.
type rig struct {
	t      *testing.T
	base   dbtest.Database
	redis  *devstack.Redis
	client *redis.Client
	sc     db.Scope
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, base: dbtest.Create(t), redis: dbtest.Redis(t), sc: db.Scope{Tenant: db.NewID()}}
	_, err := r.base.Owner(t).Exec(t.Context(), `
		CREATE TABLE effects (tenant_id uuid, id uuid, event_id uuid, subscriber text, PRIMARY KEY (tenant_id, id));
		CALL tenant_table('effects')`)
	if err != nil {
		t.Fatal(err)
	}
	o, err := redis.ParseURL(r.redis.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.client = redis.NewClient(o)
	t.Cleanup(func() { r.client.Close() })
	return r
}

// work runs a worker in this process until the test ends or stop is called.
func (r *rig) work(w Work) (stop func()) {
	r.t.Helper()
	if w.Outbox.Redrive == 0 {
		w.Outbox = outbox.Options{Redrive: quick.Redrive, Poll: quick.Poll, Live: w.Outbox.Live, Waited: w.Outbox.Waited}
	}
	j, err := New(Config{r.redis.URL, 8}, r.base.DB, w)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- j.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	r.t.Cleanup(stop)
	return stop
}

// spawn runs a worker in a process of its own.
func (r *rig) spawn() *exec.Cmd {
	r.t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "JOBS_TEST_DATABASE="+r.base.AppURL, "JOBS_TEST_REDIS="+r.redis.URL)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
		if r.t.Failed() {
			r.t.Logf("worker %d:\n%s", c.Process.Pid, out.String())
		}
	})
	return c
}

func (r *rig) append(n int) {
	r.t.Helper()
	err := r.base.DB.InTx(r.t.Context(), r.sc, func(tx *db.Tx) error {
		for range n {
			if err := outbox.Append(tx, "thing.done", db.NewID().String(), struct{}{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) count(sql string) (n int) {
	r.t.Helper()
	err := r.base.DB.InTx(r.t.Context(), r.sc, func(tx *db.Tx) error { return tx.Raw(sql).Row().Scan(&n) })
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// until polls with a deadline.
func (r *rig) until(what string, met func() bool) {
	r.t.Helper()
	for end := time.Now().Add(60 * time.Second); !met(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("never: %s", what)
		}
	}
}

// settled waits until every event is handled and checks that each had its effect
// once per subscriber.
func (r *rig) settled(events int) {
	r.t.Helper()
	r.until("all handled", func() bool {
		return r.count(`SELECT count(*) FROM outbox_deliveries WHERE state = 'done'`) == 2*events
	})
	if n := r.count(`SELECT count(*) FROM effects`); n != 2*events {
		r.t.Errorf("%d effects of %d deliveries", n, 2*events)
	}
	if n := r.count(`SELECT count(*) FROM (SELECT 1 FROM effects GROUP BY event_id, subscriber HAVING count(*) > 1) x`); n != 0 {
		r.t.Errorf("%d deliveries had more than one effect", n)
	}
}

// TestKilledWorkers kills workers with kill -9 and empties Redis while they work.
func TestKilledWorkers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	workers := []*exec.Cmd{r.spawn(), r.spawn()}
	events := 0
	for round := range 4 {
		r.append(60)
		events += 60
		sofar := events*2 - 100 // this round is half done
		r.until("some handled", func() bool { return r.count(`SELECT count(*) FROM effects`) >= sofar })
		victim := round % 2
		workers[victim].Process.Kill()
		workers[victim].Wait()
		if round%2 == 1 {
			r.client.FlushAll(t.Context())
		}
		workers[victim] = r.spawn()
	}
	r.settled(events)
	again := r.count(`SELECT count(*) FROM outbox_deliveries WHERE attempts > 1`)
	t.Logf("%d events, %d deliveries needed a second worker", events, again)
}

// TestRedisLosesEverything crashes a Redis that keeps nothing on disk.
func TestRedisLosesEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.work(Work{Subscriptions: effects(r.base.DB)})
	r.append(100)
	r.until("some handled", func() bool { return r.count(`SELECT count(*) FROM effects`) > 20 })
	r.redis.Kill()
	r.append(50)
	if err := r.redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.settled(150)
}

// TestTaskThatNobodyRuns has asynq hold a task of the same id that it will never
// run, as a worker does that dies between taking it and claiming its row.
func TestTaskThatNobodyRuns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stop := r.work(Work{Subscriptions: effects(r.base.DB)})
	r.append(1)
	r.settled(1)
	stop()

	conn, _ := asynq.ParseRedisURI(r.redis.URL)
	q := newQueue(conn)
	defer q.close()
	d := outbox.Delivery{Tenant: r.sc.Tenant, Event: uuid.New(), Subscriber: "one", Queue: outbox.Normal}
	size := func() int {
		pending, err := q.inspector.ListPendingTasks(outbox.Normal)
		if err != nil {
			t.Fatal(err)
		}
		return len(pending)
	}
	for range 2 {
		if err := q.add(t.Context(), []outbox.Delivery{d}); err != nil {
			t.Fatal(err)
		}
	}
	again := d
	again.Again = true
	if err := q.add(t.Context(), []outbox.Delivery{again}); err != nil || size() != 1 {
		t.Fatalf("%d tasks wait, %v; one was in line already", size(), err)
	}
	if err := q.inspector.ArchiveTask(outbox.Normal, fmt.Sprintf("%s:one:0", d.Event)); err != nil {
		t.Fatal(err)
	}
	if err := q.add(t.Context(), []outbox.Delivery{d}); err != nil || size() != 0 {
		t.Fatalf("%d tasks wait, %v", size(), err)
	}
	if err := q.add(t.Context(), []outbox.Delivery{again}); err != nil || size() != 1 {
		t.Fatalf("%d tasks wait, %v; the stuck one hides it", size(), err)
	}
}

func TestForgedTasksDoNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.work(Work{Subscriptions: effects(r.base.DB)})
	conn, _ := asynq.ParseRedisURI(r.redis.URL)
	c := asynq.NewClient(conn)
	defer c.Close()
	for _, payload := range []string{"", "{}", "[]", `{"tenant":"x"}`, fmt.Sprintf(`{"tenant":%q,"event":%q,"subscriber":"one"}`, r.sc.Tenant, uuid.New())} {
		if _, err := c.Enqueue(asynq.NewTask("deliver", []byte(payload)), asynq.Queue(outbox.Urgent)); err != nil {
			t.Fatal(err)
		}
	}
	r.append(1)
	r.settled(1)
}

func TestRunningWorkFinishes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	stop := r.work(Work{Subscriptions: []outbox.Subscription{{Event: "thing.done", Subscriber: "slow", Handle: func(ctx context.Context, _ outbox.Event) error {
		close(begun)
		select {
		case <-finish:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}}, Outbox: outbox.Options{Redrive: time.Minute, Poll: time.Second}})
	r.append(1)
	<-begun
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	select {
	case <-stopped:
		t.Error("stopped with work running")
	case <-time.After(300 * time.Millisecond):
	}
	close(finish)
	<-stopped
	if n := r.count(`SELECT count(*) FROM outbox_deliveries WHERE state = 'done' AND attempts = 1`); n != 1 {
		t.Errorf("%d deliveries done", n)
	}
}

func TestScheduleHasOneLeader(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var atWork, runs atomic.Int32
	sweep := func(stopped *atomic.Bool) Work {
		return Work{Sweeps: []Sweep{
			{Name: "count", Every: 100 * time.Millisecond, Run: func(ctx context.Context) error {
				if atWork.Add(1) > 1 {
					t.Error("two processes sweep at once")
				}
				defer atWork.Add(-1)
				if stopped.Load() {
					t.Error("a stopped process sweeps")
				}
				runs.Add(1)
				time.Sleep(time.Duration(rand.IntN(50)) * time.Millisecond)
				return nil
			}},
			{Name: "broken", Every: 100 * time.Millisecond, Run: func(context.Context) error { panic("oh") }},
		}}
	}
	var first, second atomic.Bool
	stopFirst := r.work(sweep(&first))
	r.work(sweep(&second))
	r.until("sweeps run", func() bool { return runs.Load() >= 5 })
	stopFirst()
	first.Store(true)
	before := runs.Load()
	r.until("the other takes over", func() bool { return runs.Load() >= before+3 })
}

func TestRedisThatEvictsIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if w, err := CheckRedis(t.Context(), r.redis.URL); err != nil || len(w) != 1 || !strings.Contains(w[0], "appendonly") {
		t.Errorf("a Redis without disk: %q, %v", w, err)
	}
	r.client.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru")
	if _, err := CheckRedis(t.Context(), r.redis.URL); !errors.Is(err, ErrEvicts) {
		t.Errorf("check: %v", err)
	}
	j, err := New(Config{r.redis.URL, 1}, r.base.DB, Work{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Run(t.Context()); !errors.Is(err, ErrEvicts) {
		t.Errorf("run: %v", err)
	}
	r.redis.Kill()
	if _, err := CheckRedis(t.Context(), r.redis.URL); err == nil {
		t.Error("no Redis and no error")
	}
}

func TestHandlersAreObserved(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, id := telemetry.NewMetrics("test"), make(chan string, 10)
	r.work(Work{Metrics: m, Subscriptions: []outbox.Subscription{
		{Event: "thing.done", Subscriber: "one", Queue: outbox.Urgent, Handle: func(ctx context.Context, _ outbox.Event) error { id <- telemetry.RequestID(ctx); return nil }},
		{Event: "thing.done", Subscriber: "bad", Queue: outbox.Bulk, Handle: func(context.Context, outbox.Event) error { return fault.New(fault.Conflict, "x.y", "No.") }},
	}})
	r.sc.Actor.RequestID = "req-7"
	r.append(1)
	if got := <-id; got != "req-7" {
		t.Errorf("request id %q", got)
	}
	r.until("both over", func() bool {
		return r.count(`SELECT count(*) FROM outbox_deliveries WHERE state = 'done' AND subscriber = 'one' OR state = 'dead' AND subscriber = 'bad'`) == 2
	})
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`allhours_deliveries_total{result="ok",subscriber="one"} 1`, `allhours_deliveries_total{result="conflict",subscriber="bad"} 1`,
		`allhours_delivery_wait_seconds_count 2`, `allhours_outbox_oldest_seconds 0`,
	} {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("no %s in the metrics", line)
		}
	}
}

func TestWorkIsChecked(t *testing.T) {
	t.Parallel()
	run := func(context.Context) error { return nil }
	handle := func(context.Context, outbox.Event) error { return nil }
	for name, c := range map[string]struct {
		config Config
		work   Work
	}{
		"address": {config: Config{"http://x", 1}},
		"workers": {config: Config{"redis://x", 0}},
		"period":  {config: Config{"redis://x", 1}, work: Work{Sweeps: []Sweep{{Name: "a", Run: run}}}},
		"twice":   {config: Config{"redis://x", 1}, work: Work{Sweeps: []Sweep{{Name: "a", Every: time.Hour, Run: run}, {Name: "a", Every: time.Hour, Run: run}}}},
		"queue":   {config: Config{"redis://x", 1}, work: Work{Subscriptions: []outbox.Subscription{{Event: "a", Subscriber: "s", Queue: "vip", Handle: handle}}}},
		"pattern": {config: Config{"redis://x", 1}, work: Work{Subscriptions: []outbox.Subscription{{Event: "a*", Subscriber: "s", Handle: handle}}}},
	} {
		if _, err := New(c.config, nil, c.work); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestLatency measures commit to handler; it asserts nothing about time.
func TestLatency(t *testing.T) {
	r := newRig(t)
	var mu sync.Mutex
	var waits []time.Duration
	heard := make(chan struct{}, 1000)
	r.work(Work{
		Subscriptions: []outbox.Subscription{{Event: "thing.done", Subscriber: "one", Handle: func(context.Context, outbox.Event) error { heard <- struct{}{}; return nil }}},
		Outbox:        outbox.Options{Waited: func(d time.Duration) { mu.Lock(); defer mu.Unlock(); waits = append(waits, d) }},
	})
	const n = 100
	for range n {
		r.append(1)
		<-heard
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("commit to handler start, one at a time: p50 %v p95 %v p99 %v", quantile(waits, .5), quantile(waits, .95), quantile(waits, .99))
	if len(waits) != n {
		t.Errorf("%d measured", len(waits))
	}
}
