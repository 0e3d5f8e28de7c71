// Package orderstest checks, in SQL and over all tenants, what must be true of orders and their supply after any storm and any crash.
package orderstest

import (
	"context"
	_ "embed"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

//go:embed invariants.sql
var invariants string

// Findings gives a line for everything that is not as it must be; none means that all is well. conn belongs to the owner of the database, and nothing may be
// under way.
func Findings(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, invariants)
	if err != nil {
		return nil, fmt.Errorf("check invariants: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Check fails the test for every finding.
func Check(t testing.TB, conn *pgx.Conn) {
	t.Helper()
	findings, err := Findings(context.Background(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range findings {
		if i == 20 {
			t.Errorf("... and %d more", len(findings)-i)
			return
		}
		t.Error(f)
	}
}
