package gateway

import (
	"context"
	_ "embed"
	"hash/maphash"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// bucket is a token bucket that all processes share through Redis.
type bucket struct {
	key    string  // with a {hash tag}, so that a cluster keeps one tenant's together
	name   string  // for the metrics and the answer: tenant, key, address, account
	rate   float64 // tokens a second
	burst  float64 // tokens at most
	strict bool    // each token is taken singly, and without Redis there are far fewer
}

// verdict is what came of taking a token. wait is how long to the next one where ok is false.
type verdict struct {
	ok        bool
	limit     float64
	remaining float64
	wait      time.Duration
}

//go:embed limiter.lua
var limiterScript string

// limiter hands out the tokens. A process takes them from Redis a tenth of a second's worth at a time and spends them here, so that most requests cost
// no round trip; what it has taken and not spent within a second is lost, so all processes together never give out more than the bucket holds.
// Without Redis each process keeps buckets of its own: never an open door, never an outage.
type limiter struct {
	redis  redis.UniversalClient
	script *redis.Script
	now    func() time.Time
	seed   maphash.Seed
	shards [64]shard
	down   atomic.Int64 // until when Redis is not asked, as Unix nanoseconds
}

type shard struct {
	mu    sync.Mutex
	held  map[string]*holding
	swept time.Time
}

// holding is what this process knows of a bucket.
type holding struct {
	mu      sync.Mutex
	tokens  float64   // taken from Redis and not spent
	until   time.Time // when they are lost
	refused time.Time // Redis said that there are none before then
	left    float64   // in Redis, when last asked
	local   float64   // of the bucket that this process keeps without Redis
	filled  time.Time // when local was last reckoned
	used    atomic.Int64
}

func newLimiter(r redis.UniversalClient, now func() time.Time) *limiter {
	return &limiter{redis: r, script: redis.NewScript(limiterScript), now: now, seed: maphash.MakeSeed()}
}

const (
	leaseTime     = time.Second
	redisPatience = 200 * time.Millisecond
	redisRest     = time.Second
	// strictShare is what is left of a strict bucket in a process that has no Redis to count with the others.
	strictShare = 0.25
)

// take takes one token of the bucket.
func (l *limiter) take(ctx context.Context, b bucket) verdict {
	h := l.holding(b.key)
	h.mu.Lock()
	defer h.mu.Unlock()
	now := l.now()
	h.used.Store(now.UnixNano())
	if now.Before(h.refused) {
		return verdict{limit: b.burst, wait: h.refused.Sub(now)}
	}
	if h.tokens >= 1 && now.Before(h.until) {
		h.tokens--
		return verdict{ok: true, limit: b.burst, remaining: h.left + h.tokens}
	}
	if now.UnixNano() < l.down.Load() {
		return h.own(b, now)
	}
	want := 1.0
	if !b.strict {
		want = max(1, math.Floor(min(b.rate/10, b.burst/4)))
	}
	granted, left, wait, err := l.ask(ctx, b, want)
	if err != nil {
		if l.down.Swap(now.Add(redisRest).UnixNano()) < now.UnixNano() {
			slog.WarnContext(ctx, "rate limits: Redis does not answer; this process counts for itself", "err", err)
		}
		return h.own(b, now)
	}
	h.left = left
	if granted < 1 {
		h.tokens, h.refused = 0, now.Add(wait)
		return verdict{limit: b.burst, wait: wait}
	}
	h.tokens, h.until = granted-1, now.Add(leaseTime)
	return verdict{ok: true, limit: b.burst, remaining: left + h.tokens}
}

// ask takes up to want tokens from Redis.
func (l *limiter) ask(ctx context.Context, b bucket, want float64) (granted, left float64, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisPatience)
	defer cancel()
	r, err := l.script.Run(ctx, l.redis, []string{b.key}, b.rate, b.burst, want).Int64Slice()
	if err != nil || len(r) != 3 {
		return 0, 0, 0, err
	}
	return float64(r[0]), float64(r[1]), time.Duration(r[2]) * time.Millisecond, nil
}

// own takes a token from the bucket of this process alone.
func (h *holding) own(b bucket, now time.Time) verdict {
	rate, burst := b.rate, b.burst
	if b.strict {
		rate, burst = rate*strictShare, max(1, burst*strictShare)
	}
	if h.filled.IsZero() {
		h.local = burst
	} else {
		h.local = min(burst, h.local+now.Sub(h.filled).Seconds()*rate)
	}
	h.filled = now
	if h.local < 1 {
		return verdict{limit: burst, wait: time.Duration((1 - h.local) / rate * float64(time.Second))}
	}
	h.local--
	return verdict{ok: true, limit: burst, remaining: h.local}
}

func (l *limiter) holding(key string) *holding {
	s := &l.shards[maphash.String(l.seed, key)%uint64(len(l.shards))]
	now := l.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = map[string]*holding{}
	}
	if len(s.held) > 1000 && now.Sub(s.swept) > time.Second {
		s.sweep(now)
	}
	h := s.held[key]
	if h == nil {
		h = &holding{}
		h.used.Store(now.UnixNano())
		s.held[key] = h
	}
	return h
}

// sweep forgets buckets that have not been asked for: after a minute, or after a few seconds when there are very many.
func (s *shard) sweep(now time.Time) {
	s.swept = now
	idle := time.Minute
	if len(s.held) > 4000 {
		idle = 3 * time.Second
	}
	for key, h := range s.held {
		if now.UnixNano()-h.used.Load() > int64(idle) {
			delete(s.held, key)
		}
	}
}
