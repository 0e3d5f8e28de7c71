// Package db is the one way to the database.
//
// Owns: the connection pool, transactions bound to a tenant (InTx, Pipeline) or to none (InSystemTx), idempotency (Once), cursor paging and migrations.
// Invariant: no statement runs without a scope. A tenant transaction works as role allhours_app with app.tenant_id set, so that row-level security hides
// every other tenant's rows even where a WHERE is forgotten; a system transaction works as role allhours_system, which sees the directory of
// tenants and the outbox and no tenant's data.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Config is where the database is. URL may log in as allhours_app (production) or as an owner (development): the server works as allhours_app either way.
type Config struct {
	URL      string `env:"ALLHOURS_DATABASE_URL"`
	OwnerURL string `env:"ALLHOURS_OWNER_DATABASE_URL"` // for migrate; URL where empty
	MaxConns int32  `env:"ALLHOURS_DATABASE_CONNS" envDefault:"12"`
}

// Owner gives the address that may change the schema.
func (c Config) Owner() string {
	if c.OwnerURL != "" {
		return c.OwnerURL
	}
	return c.URL
}

// DB hands out transactions and nothing else.
type DB struct {
	pool  *pgxpool.Pool
	sql   *sql.DB // pool, as GORM uses it
	gorm  *gorm.DB
	clock func() time.Time
	wakes *wakes
}

// Open connects and proves that the pool answers. The caller closes it.
func Open(ctx context.Context, c Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("ALLHOURS_DATABASE_URL: %w", err)
	}
	if c.MaxConns > 0 {
		pc.MaxConns = c.MaxConns
	}
	pc.MaxConnIdleTime = 5 * time.Minute
	pc.ConnConfig.RuntimeParams["application_name"] = "allhours"
	pc.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "60000"
	pc.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pc.ConnConfig.Tracer = roundTrips{}
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())
		_, err := conn.Exec(ctx, "SET ROLE allhours_app")
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	shared := stdlib.OpenDBFromPool(pool)
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: shared}), &gorm.Config{
		SkipDefaultTransaction: true,
		// TranslateError stays off: it would drop the constraint's name, which the owning package turns into its code.
		Logger: slow{logger.NewSlogLogger(slog.Default(), logger.Config{SlowThreshold: slowFrom, LogLevel: logger.Warn, ParameterizedQueries: true})},
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open GORM: %w", err)
	}
	return &DB{pool: pool, sql: shared, gorm: g, wakes: &wakes{pending: map[string]bool{}}}, nil
}

// slow logs slow statements only: an error goes up to the edge, which logs it once.
type slow struct{ logger.Interface }

func (l slow) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	if time.Since(begin) >= slowFrom { // GORM would print the statement first and look at the time then
		l.Interface.Trace(ctx, begin, statement, nil)
	}
}

const slowFrom = 500 * time.Millisecond

// WithClock returns a DB whose transactions take Now from the clock and not from the database server; for tests.
func (d *DB) WithClock(clock func() time.Time) *DB {
	c := *d
	c.clock = clock
	return &c
}

// Close ends every connection; open transactions fail.
func (d *DB) Close() {
	_ = d.sql.Close()
	d.pool.Close()
}

// Ping proves that a connection answers.
func (d *DB) Ping(ctx context.Context) error { return d.pool.Ping(ctx) }

// Pool gives the statistics of the pool.
func (d *DB) Pool() *pgxpool.Stat { return d.pool.Stat() }

// InTx runs fn in a transaction of the scope's tenant and commits if it returns nil. fn may run again after a serialization failure or a deadlock: it must
// have no effect outside the transaction. An empty tenant is refused.
func (d *DB) InTx(ctx context.Context, sc Scope, fn func(tx *Tx) error) error {
	if sc.Tenant == None {
		return errNoTenant
	}
	return d.inTx(ctx, sc, "SELECT set_config('app.tenant_id', $1, true), now()", sc.Tenant.String(), fn)
}

// InSystemTx runs fn in a transaction that sees the directory of tenants and the outbox but no tenant's rows.
func (d *DB) InSystemTx(ctx context.Context, fn func(tx *Tx) error) error {
	return d.inTx(ctx, Scope{Actor: Actor{Kind: "system"}}, "SELECT set_config('role', $1, true), now()", "allhours_system", fn)
}

var errNoTenant = errors.New("db: transaction without a tenant")

const maxTries = 5

func (d *DB) inTx(ctx context.Context, sc Scope, begin, arg string, fn func(tx *Tx) error) error {
	for try := 1; ; try++ {
		err := d.once(ctx, sc, begin, arg, fn)
		if err == nil || try == maxTries || !retryable(err) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

func (d *DB) once(ctx context.Context, sc Scope, begin, arg string, fn func(tx *Tx) error) error {
	tx, err := d.begin(ctx, sc, begin, arg)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.conn.end()
	if err := fn(tx); err != nil {
		return tx.conn.cause(err)
	}
	if err := tx.conn.commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// Pipeline sends what queue puts into the batch in one round trip, as one transaction of the scope's tenant. Results come through the callbacks of
// the queued queries. It is for hot paths: each query keeps one plan for all parameters, for the planner, which cannot know that a query comes back thousands of times a
// second, would plan some of them anew each time, at several times what running them costs. queue may run again after a deadlock.
func (d *DB) Pipeline(ctx context.Context, sc Scope, queue func(b *pgx.Batch)) error {
	if sc.Tenant == None {
		return errNoTenant
	}
	for try := 1; ; try++ {
		b := &pgx.Batch{}
		b.Queue("SELECT set_config('app.tenant_id', $1, true), set_config('plan_cache_mode', 'force_generic_plan', true)", sc.Tenant.String())
		queue(b)
		err := d.pool.SendBatch(ctx, b).Close()
		if err == nil || try == maxTries || !retryable(err) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// Listen waits for notifications on the channel and calls fn for each, until ctx ends. It holds one connection of the pool and connects again after an error.
// ready is called each time that listening has begun: what happened before it must be looked up.
func (d *DB) Listen(ctx context.Context, channel string, ready func(), fn func(payload string)) {
	for try := maxTries; ctx.Err() == nil; try = min(try+1, maxTries+7) {
		err := d.listen(ctx, channel, func() { try = maxTries; ready() }, fn)
		if ctx.Err() != nil {
			return
		}
		slog.WarnContext(ctx, "database: listening was interrupted", "channel", channel, "err", err)
		if pause(ctx, try) != nil {
			return
		}
	}
}

func (d *DB) listen(ctx context.Context, channel string, ready func(), fn func(string)) error {
	pooled, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	conn := pooled.Hijack() // a listening connection must not go back to the pool
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	ready()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		fn(n.Payload)
	}
}

// Notify wakes the listeners of the channel. It is a transaction of its own: NOTIFY takes a lock of the whole cluster at commit and must not sit in a hot one.
func (d *DB) Notify(ctx context.Context, channel, payload string) error {
	_, err := d.pool.Exec(ctx, "SELECT pg_notify($1, $2)", channel, payload)
	return err
}

// Lead runs fn while this process holds the advisory lock of the name, on one process of the cluster at a time; it waits for its turn and
// returns when ctx ends. fn gets a context that ends when the lock's connection is lost.
func (d *DB) Lead(ctx context.Context, name string, fn func(ctx context.Context)) {
	for ctx.Err() == nil {
		if err := d.lead(ctx, name, fn); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "database: leadership was interrupted", "name", name, "err", err)
		}
		if pause(ctx, maxTries) != nil {
			return
		}
	}
}

func (d *DB) lead(ctx context.Context, name string, fn func(context.Context)) error {
	pooled, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	conn := pooled.Hijack()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	var won bool
	for !won {
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtext($1))", name).Scan(&won); err != nil {
			return err
		}
		if !won && pauseFor(ctx, 2*time.Second) != nil {
			return nil
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); fn(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		select {
		case <-done:
			return nil
		case <-time.After(5 * time.Second):
			if err := conn.Ping(ctx); err != nil {
				return err
			}
		}
	}
}

func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func pause(ctx context.Context, try int) error {
	return pauseFor(ctx, time.Duration(1<<try)*time.Millisecond*time.Duration(5+rand.IntN(10))/5)
}

func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// Violates reports whether err breaks the named constraint or unique index.
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}

// IsNotFound reports whether err says that a single row was looked for and is not there.
func IsNotFound(err error) bool {
	return errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows)
}
