package db_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
)

// claims tells which idempotency keys the tenant has; the table stands for any.
func claims(t *testing.T, d *db.DB, sc db.Scope) (keys []string) {
	t.Helper()
	if err := d.InTx(t.Context(), sc, func(tx *db.Tx) error {
		return tx.Raw("SELECT key FROM idempotency_keys ORDER BY key").Scan(&keys).Error
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}

func queueClaim(tx *db.Tx, key string) {
	tx.Queue("INSERT INTO idempotency_keys (tenant_id, key, request_hash, created_at) VALUES ($1, $2, '', $3)", tx.Scope.Tenant, key, tx.Now)
}

// What is queued is there for the next statement, be it a query or a write, and after the commit.
func TestQueuedStatementsGoInOrder(t *testing.T) {
	t.Parallel()
	d, sc := dbtest.New(t), db.Scope{Tenant: db.NewID()}
	err := d.InTx(t.Context(), sc, func(tx *db.Tx) error {
		queueClaim(tx, "a")
		queueClaim(tx, "b")
		var n int
		if err := tx.Raw("SELECT count(*) FROM idempotency_keys").Row().Scan(&n); err != nil || n != 2 {
			t.Errorf("a query sees %d of 2 rows that were queued (%v)", n, err)
		}
		queueClaim(tx, "c")
		q := tx.Exec("UPDATE idempotency_keys SET response = '{}'")
		if q.Error != nil || q.RowsAffected != 3 {
			t.Errorf("a write after a queued one changed %d of 3 rows (%v)", q.RowsAffected, q.Error)
		}
		queueClaim(tx, "d")
		return nil
	})
	if got := fmt.Sprint(claims(t, d, sc)); err != nil || got != "[a b c d]" {
		t.Errorf("committed %s, %v", got, err)
	}
}

// A queued statement that fails takes the transaction with it, with its own error, wherever it shows.
func TestQueuedStatementFails(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	ways := map[string]func(tx *db.Tx) error{
		"at the commit": func(*db.Tx) error { return nil },
		"before a query whose error is passed over": func(tx *db.Tx) error {
			var n int
			_ = tx.Raw("SELECT 1").Row().Scan(&n)
			return nil
		},
		"before a write": func(tx *db.Tx) error { return tx.Exec("UPDATE idempotency_keys SET response = '{}'").Error },
		"before another error": func(tx *db.Tx) error {
			var n int
			return errors.Join(errors.New("mine"), tx.Raw("SELECT 1").Row().Scan(&n))
		},
	}
	for name, then := range ways {
		sc := db.Scope{Tenant: db.NewID()}
		told := false
		err := d.InTx(t.Context(), sc, func(tx *db.Tx) error {
			tx.AfterCommit(func() { told = true })
			queueClaim(tx, "a")
			queueClaim(tx, "a")
			queueClaim(tx, "b")
			return then(tx)
		})
		if !db.Violates(err, "idempotency_keys_pkey") || told {
			t.Errorf("%s: %v, told of a commit: %v", name, err, told)
		}
		if got := claims(t, d, sc); len(got) != 0 {
			t.Errorf("%s: %v stayed", name, got)
		}
	}
}

// The error of the statement that was asked for, and not of one that waited, is its caller's: he may go back to a savepoint.
func TestOwnErrorAfterQueuedOnes(t *testing.T) {
	t.Parallel()
	d, sc := dbtest.New(t), db.Scope{Tenant: db.NewID()}
	err := d.InTx(t.Context(), sc, func(tx *db.Tx) error {
		queueClaim(tx, "a")
		if err := tx.SavePoint("s").Error; err != nil {
			return err
		}
		queueClaim(tx, "lost")
		err := tx.Exec("INSERT INTO idempotency_keys (tenant_id, key, request_hash, created_at) VALUES (?, 'a', '', ?)", sc.Tenant, tx.Now).Error
		if !db.Violates(err, "idempotency_keys_pkey") {
			t.Errorf("the second a: %v", err)
		}
		return tx.RollbackTo("s").Error
	})
	if got := fmt.Sprint(claims(t, d, sc)); err != nil || got != "[a]" {
		t.Errorf("committed %s, %v", got, err)
	}
}

// A connection comes back from a failed, a panicking and a cancelled transaction fit for the next one: without a tenant, and without a transaction.
func TestConnectionsComeBackClean(t *testing.T) {
	t.Parallel()
	d, sc := dbtest.New(t), db.Scope{Tenant: db.NewID()}
	for range 50 {
		_ = d.InTx(t.Context(), sc, func(tx *db.Tx) error { queueClaim(tx, "x"); return errors.New("no") })
		func() {
			defer func() { _ = recover() }()
			_ = d.InTx(t.Context(), sc, func(tx *db.Tx) error { queueClaim(tx, "x"); panic("oh") })
		}()
		ctx, cancel := context.WithCancel(t.Context())
		_ = d.InTx(ctx, sc, func(tx *db.Tx) error {
			queueClaim(tx, "x")
			cancel()
			return tx.Exec("SELECT pg_sleep(10)").Error
		})
	}
	if got := claims(t, d, sc); len(got) != 0 {
		t.Errorf("%v was committed", got)
	}
	if held := d.Pool().AcquiredConns(); held != 0 {
		t.Errorf("%d connections are held", held)
	}
	var tenant string
	if err := d.InSystemTx(t.Context(), func(tx *db.Tx) error {
		return tx.Raw("SELECT COALESCE(current_setting('app.tenant_id', true), '')").Row().Scan(&tenant)
	}); err != nil || tenant != "" {
		t.Errorf("a system transaction is in tenant %q (%v)", tenant, err)
	}
}

// A transaction that a statement has broken does not commit in silence, whoever passes the error over.
func TestPassedOverErrorDoesNotCommit(t *testing.T) {
	t.Parallel()
	d, sc := dbtest.New(t), db.Scope{Tenant: db.NewID()}
	err := d.InTx(t.Context(), sc, func(tx *db.Tx) error {
		queueClaim(tx, "a")
		tx.Exec("SELECT 1 / 0")
		return nil
	})
	if err == nil || len(claims(t, d, sc)) != 0 {
		t.Errorf("committed after an error: %v", err)
	}
}

// A deadlock's victim runs again, queued statements and all.
func TestRetriesWithWhatWasQueued(t *testing.T) {
	t.Parallel()
	d, sc := dbtest.New(t), db.Scope{Tenant: db.NewID()}
	tries := 0
	err := d.InTx(t.Context(), sc, func(tx *db.Tx) error {
		tries++
		queueClaim(tx, "a")
		if tries == 1 {
			return &pgconn.PgError{Code: "40P01"}
		}
		return nil
	})
	if got := fmt.Sprint(claims(t, d, sc)); err != nil || tries != 2 || got != "[a]" {
		t.Errorf("%d tries, committed %s, %v", tries, got, err)
	}
}

// Ids travel in binary, alone, in arrays and as NULL.
func TestUUIDsTravel(t *testing.T) {
	t.Parallel()
	d, sc := dbtest.New(t), db.Scope{Tenant: db.NewID()}
	id := db.NewID()
	var back uuid.UUID
	var none *uuid.UUID
	var in bool
	err := d.InTx(t.Context(), sc, func(tx *db.Tx) error {
		tx.Queue("SELECT set_config('app.test', $1::uuid::text, true)", id)
		return tx.Raw("SELECT current_setting('app.test')::uuid, ?::uuid, ?::uuid = ANY (?::uuid[])", none, id, db.Strings{id.String()}).Row().Scan(&back, &none, &in)
	})
	if err != nil || back != id || none != nil || !in {
		t.Errorf("%s became %s, NULL %v, in its array: %v (%v)", id, back, none, in, err)
	}
}
