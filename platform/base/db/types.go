package db

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Strings is a text[] column.
type Strings []string

var arrays = pgtype.NewMap()

// Scan reads a text[] as PostgreSQL prints it.
func (s *Strings) Scan(src any) error {
	if src == nil {
		*s = nil
		return nil
	}
	return arrays.SQLScanner((*[]string)(s)).Scan(src)
}

// Value writes the array as PostgreSQL reads it; nil is the empty array.
func (s Strings) Value() (driver.Value, error) {
	if s == nil {
		return "{}", nil
	}
	b, err := arrays.Encode(pgtype.TextArrayOID, pgtype.TextFormatCode, []string(s), nil)
	return string(b), err
}

// JSON is a jsonb column that holds a T.
type JSON[T any] struct{ V T }

// Scan reads the column; NULL leaves the zero T.
func (j *JSON[T]) Scan(src any) error {
	switch s := src.(type) {
	case nil:
		var zero T
		j.V = zero
		return nil
	case []byte:
		return json.Unmarshal(s, &j.V)
	case string:
		return json.Unmarshal([]byte(s), &j.V)
	}
	return fmt.Errorf("db: cannot read %T as JSON", src)
}

// Value writes the T as JSON text.
func (j JSON[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.V)
	return string(b), err
}

var statements, trips atomic.Int64

// Traffic tells how many statements and round trips this process has sent to the database; bench divides them by orders.
func Traffic() (sent, roundTrip int64) { return statements.Load(), trips.Load() }

type roundTrips struct{}

func (roundTrips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	statements.Add(1)
	trips.Add(1)
	return ctx
}
func (roundTrips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (roundTrips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	statements.Add(int64(d.Batch.Len()))
	trips.Add(1)
	return ctx
}
func (roundTrips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (roundTrips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}
