// Package jobs runs what happens later: deliveries of events and timers, and
// periodic sweeps.
//
// Owns: the asynq client and server, the queues and their shares, the schedule and
// its one leader. Does not own what is to be done: app/events.go lists who hears
// what. Redis carries wake-ups only; PostgreSQL knows what has been done (see
// platform/base/outbox), so Redis may be down, lose everything or repeat itself.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/base/telemetry"
)

// Config says where Redis is and how much to do at once.
type Config struct {
	RedisURL string `env:"ALLHOURS_REDIS_URL"`
	Workers  int    `env:"ALLHOURS_WORKERS" envDefault:"16"`
}

// Validate names the setting that is wrong.
func (c Config) Validate() error {
	if _, err := asynq.ParseRedisURI(c.RedisURL); err != nil {
		return errors.New("ALLHOURS_REDIS_URL: not an address like redis://:password@host:6379/0")
	}
	if c.Workers < 1 {
		return fmt.Errorf("ALLHOURS_WORKERS: %d is too few; one is the least", c.Workers)
	}
	return nil
}

// Work is what a worker process does.
type Work struct {
	Subscriptions []outbox.Subscription
	Sweeps        []Sweep
	Metrics       *telemetry.Metrics // may be nil
	Outbox        outbox.Options     // Live carries events to the screens
}

// The longest that running work may take to finish once Run is told to end. Helm's
// terminationGracePeriodSeconds is above it.
const drain = 20 * time.Second

// Jobs is a worker: a relay, a task server and a candidate for the schedule.
type Jobs struct {
	config Config
	db     *db.DB
	redis  asynq.RedisConnOpt
	queue  *queue
	relay  *outbox.Relay
	sweeps []Sweep
	meters meters
}

// New checks the work and prepares it; Run does it.
func New(c Config, d *db.DB, w Work) (*Jobs, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	conn, err := asynq.ParseRedisURI(c.RedisURL)
	if err != nil {
		return nil, err
	}
	j := &Jobs{config: c, db: d, redis: conn, queue: newQueue(conn), sweeps: append(w.Sweeps, purge(d)), meters: newMeters(w.Metrics, d)}
	if err := checkSweeps(j.sweeps); err != nil {
		return nil, err
	}
	subs := make([]outbox.Subscription, len(w.Subscriptions))
	for i, s := range w.Subscriptions {
		if _, ok := shares[s.Queue]; s.Queue != "" && !ok {
			return nil, fmt.Errorf("subscription of %s: there is no queue %q", s.Subscriber, s.Queue)
		}
		subs[i] = s
		subs[i].Handle = j.observed(s)
	}
	o := w.Outbox
	o.Waited = func(wait time.Duration) { j.meters.waited.WithLabelValues().Observe(wait.Seconds()) }
	if w.Outbox.Waited != nil {
		measured := o.Waited
		o.Waited = func(wait time.Duration) { measured(wait); w.Outbox.Waited(wait) }
	}
	j.relay, err = outbox.NewRelay(d, subs, j.queue.add, o)
	return j, err
}

// shares of the workers that each queue gets when all are full.
var shares = map[string]int{outbox.Urgent: 6, outbox.Normal: 3, outbox.Bulk: 1}

// Run works until ctx ends; then it takes nothing new, lets running work finish for
// up to 20 seconds, and returns. Work cut off then comes up again elsewhere.
// It refuses to begin on a Redis that evicts keys.
func (j *Jobs) Run(ctx context.Context) error {
	warnings, err := CheckRedis(ctx, j.config.RedisURL)
	if errors.Is(err, ErrEvicts) {
		return err
	}
	for _, w := range warnings {
		slog.WarnContext(ctx, "jobs: "+w)
	}
	if err != nil {
		slog.WarnContext(ctx, "jobs: Redis does not answer; work waits in the database until it does", "err", err)
	}
	// Running work outlives ctx by the time to drain.
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server := asynq.NewServer(j.redis, asynq.Config{
		Concurrency: j.config.Workers, Queues: shares, BaseContext: func() context.Context { return work },
		TaskCheckInterval: 10 * time.Millisecond, ShutdownTimeout: drain + 2*time.Second, Logger: logger{}, LogLevel: asynq.WarnLevel,
	})
	if err := server.Start(asynq.HandlerFunc(j.deliver)); err != nil {
		return fmt.Errorf("start workers: %w", err)
	}
	var rest sync.WaitGroup
	rest.Go(func() { j.relay.Run(ctx) })
	rest.Go(func() { j.db.Lead(ctx, "jobs.schedule", j.runSchedule) })
	<-ctx.Done()
	timer := time.AfterFunc(drain, cut)
	defer timer.Stop()
	server.Shutdown()
	rest.Wait()
	return j.queue.close()
}

func (j *Jobs) deliver(ctx context.Context, t *asynq.Task) error {
	d, err := parse(t.Payload())
	if err != nil {
		slog.ErrorContext(ctx, "jobs: a task in Redis is not ours", "type", t.Type(), "err", err)
		return nil
	}
	if err := j.relay.Deliver(ctx, d); err != nil {
		slog.ErrorContext(ctx, "jobs: the database did not answer; the delivery comes up again", "err", err)
	}
	return nil // the row in PostgreSQL knows how it went; asynq never retries
}

// observed adds the request id, a span and the metrics to a handler.
func (j *Jobs) observed(s outbox.Subscription) outbox.Handler {
	return func(ctx context.Context, e outbox.Event) (err error) {
		ctx, end := telemetry.Span(telemetry.WithRequestID(ctx, e.Actor.RequestID), s.Subscriber+" "+e.Type)
		began, result := time.Now(), "panic"
		defer func() {
			end(err)
			j.meters.deliveries.WithLabelValues(s.Subscriber, result).Inc()
			j.meters.took.WithLabelValues(s.Subscriber).Observe(time.Since(began).Seconds())
		}()
		err = s.Handle(ctx, e)
		result = "ok"
		if err != nil {
			result = fault.KindOf(err).String()
		}
		return err
	}
}

// ErrEvicts says that Redis would throw wake-ups away when it is full.
var ErrEvicts = errors.New("Redis evicts keys when its memory is full: set maxmemory-policy to noeviction")

// CheckRedis looks whether the Redis at the address is fit for the queue. What is
// merely unwise comes as warnings.
func CheckRedis(ctx context.Context, address string) (warnings []string, err error) {
	conn, err := asynq.ParseRedisURI(address)
	if err != nil {
		return nil, fmt.Errorf("ALLHOURS_REDIS_URL: %w", err)
	}
	c := conn.MakeRedisClient().(redis.UniversalClient)
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := c.Ping(ctx).Err(); err != nil {
		return nil, fmt.Errorf("Redis: %w", err)
	}
	policy, err := c.ConfigGet(ctx, "maxmemory-policy").Result()
	switch {
	case err != nil:
		return []string{"Redis does not show its settings: see to it that maxmemory-policy is noeviction and appendonly is on"}, nil
	case policy["maxmemory-policy"] != "" && policy["maxmemory-policy"] != "noeviction":
		return nil, fmt.Errorf("%w (it is %s)", ErrEvicts, policy["maxmemory-policy"])
	}
	if aof, err := c.ConfigGet(ctx, "appendonly").Result(); err == nil && aof["appendonly"] == "no" {
		warnings = append(warnings, "Redis keeps nothing on disk (appendonly no): after its restart waiting work comes up again up to half a minute late")
	}
	return warnings, nil
}

// logger passes asynq's words on.
type logger struct{}

func (logger) Debug(args ...any) { slog.Debug("asynq: " + text(args)) }
func (logger) Info(args ...any)  { slog.Info("asynq: " + text(args)) }
func (logger) Warn(args ...any)  { slog.Warn("asynq: " + text(args)) }
func (logger) Error(args ...any) { slog.Error("asynq: " + text(args)) }
func (logger) Fatal(args ...any) { slog.Error("asynq: fatal: " + text(args)) }

func text(args []any) string { return strings.TrimSpace(fmt.Sprintln(args...)) }
