package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// Tx is a transaction of one scope. Now is its time, UTC, the same all through.
type Tx struct {
	*gorm.DB
	Scope Scope
	Now   time.Time
	db    *DB
	conn  *conn
	after []func()
}

// AfterCommit has fn run once the transaction has committed; it never runs if it does not.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// Queue has the statement sent with the next one of the transaction, or with its commit, so that a write whose result nobody waits for costs no round trip. Its parameters are
// $1, $2 and so on. If it fails, the transaction does, with its error.
func (tx *Tx) Queue(statement string, args ...any) { tx.conn.queue.Queue(statement, args...) }

// begin opens a transaction and enters its scope in one round trip.
func (d *DB) begin(ctx context.Context, sc Scope, enter, arg string) (*Tx, error) {
	pooled, err := d.sql.Conn(ctx)
	if err != nil {
		return nil, err
	}
	tx := &Tx{Scope: sc, db: d, conn: &conn{Conn: pooled}}
	tx.conn.queue.Queue("BEGIN")
	var set string
	tx.conn.queue.Queue(enter, arg).QueryRow(func(r pgx.Row) error { return r.Scan(&set, &tx.Now) })
	if err := tx.conn.raw(func(pg *pgx.Conn) error { return pg.SendBatch(ctx, &tx.conn.queue).Close() }); err != nil {
		tx.conn.end()
		return nil, err
	}
	tx.conn.queue = pgx.Batch{}
	tx.Now = tx.Now.UTC()
	if d.clock != nil {
		tx.Now = d.clock().UTC().Truncate(time.Microsecond)
	}
	tx.DB = d.gorm.Session(&gorm.Session{Context: ctx, NewDB: true})
	tx.Statement.ConnPool = tx.conn
	return tx, nil
}

// conn is the connection of one transaction, as GORM uses it, with the statements that wait to be sent.
type conn struct {
	*sql.Conn
	queue  pgx.Batch
	failed error // of a statement that waited: the transaction is lost
	over   bool
}

func (c *conn) raw(do func(pg *pgx.Conn) error) error {
	return c.Raw(func(driver any) error { return do(driver.(*stdlib.Conn).Conn()) })
}

// send sends what waits in one round trip and gives the outcome of the last statement.
func (c *conn) send(ctx context.Context) (last pgconn.CommandTag, err error) {
	batch := c.queue
	c.queue = pgx.Batch{}
	err = c.raw(func(pg *pgx.Conn) error {
		results := pg.SendBatch(ctx, &batch)
		for i := range batch.Len() {
			if last, err = results.Exec(); err != nil {
				if i < batch.Len()-1 {
					c.failed = err
				}
				break
			}
		}
		if end := results.Close(); err == nil {
			err = end
		}
		return err
	})
	return last, err
}

func (c *conn) flush(ctx context.Context) error {
	if c.queue.Len() == 0 {
		return nil
	}
	_, err := c.send(ctx)
	if c.failed == nil {
		c.failed = err
	}
	return err
}

// ExecContext is for GORM.
func (c *conn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if c.queue.Len() == 0 {
		return c.Conn.ExecContext(ctx, query, args...)
	}
	c.queue.Queue(query, args...)
	tag, err := c.send(ctx)
	return affected(tag.RowsAffected()), err
}

type affected int64

func (n affected) RowsAffected() (int64, error) { return int64(n), nil }
func (affected) LastInsertId() (int64, error)   { return 0, errors.ErrUnsupported }

// QueryContext is for GORM.
func (c *conn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := c.flush(ctx); err != nil {
		return nil, err
	}
	return c.Conn.QueryContext(ctx, query, args...)
}

// QueryRowContext is for GORM. After a failed flush the database refuses the query; cause tells why.
func (c *conn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	_ = c.flush(ctx)
	return c.Conn.QueryRowContext(ctx, query, args...)
}

// Commit and Rollback are not for GORM: that they are there tells it that it is in a transaction already.
func (c *conn) Commit() error { return errNested }

// Rollback is like Commit.
func (c *conn) Rollback() error { return errNested }

var errNested = errors.New("db: a transaction ends by what its function returns")

// cause is the first error of the transaction: what came after a failed statement that had waited only says that the transaction is lost.
func (c *conn) cause(err error) error {
	if c.failed != nil && !errors.Is(err, c.failed) {
		return fmt.Errorf("%w (then: %w)", c.failed, err)
	}
	return err
}

func (c *conn) commit(ctx context.Context) error {
	if c.failed != nil {
		return c.failed
	}
	c.queue.Queue("COMMIT")
	tag, err := c.send(ctx)
	if err != nil {
		return err
	}
	c.over = true
	if tag.String() != "COMMIT" { // an earlier error was passed over
		return pgx.ErrTxCommitRollback
	}
	return nil
}

// end gives the connection back, without a transaction on it: one that cannot be rolled back is closed by the pool.
func (c *conn) end() {
	if !c.over {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := c.raw(func(pg *pgx.Conn) error {
			if pg.IsClosed() || pg.PgConn().TxStatus() == 'I' {
				return nil
			}
			_, err := pg.Exec(ctx, "ROLLBACK")
			return err
		}); err != nil {
			slog.Debug("database: rollback", "err", err)
		}
	}
	_ = c.Close()
}
