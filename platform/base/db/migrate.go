package db

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings the schema to the newest of the files, under an advisory lock, so that several processes may start at once. Statements give up after 5 s
// of waiting for a table lock rather than stop the traffic behind them. It returns the versions applied.
func Migrate(ctx context.Context, ownerURL string, files fs.FS) ([]int64, error) {
	p, closeDB, err := provider(ownerURL, files)
	if err != nil {
		return nil, err
	}
	defer closeDB()
	results, err := p.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	applied := make([]int64, len(results))
	for i, r := range results {
		applied[i] = r.Source.Version
	}
	return applied, nil
}

// Pending tells how many of the files have not been applied.
func (d *DB) Pending(ctx context.Context, files fs.FS) (int, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, err
	}
	var applied int
	err = d.pool.QueryRow(ctx, "SELECT count(DISTINCT version_id) FROM goose_db_version WHERE is_applied AND version_id > 0").Scan(&applied)
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return max(0, len(names)-applied), nil
}

func provider(url string, files fs.FS) (*goose.Provider, func(), error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, nil, fmt.Errorf("database address: %w", err)
	}
	c.RuntimeParams["lock_timeout"] = "5000"
	c.RuntimeParams["application_name"] = "allhours migrate"
	conn := stdlib.OpenDB(*c)
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, nil, err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, conn, files, goose.WithSessionLocker(locker))
	if err != nil {
		_ = conn.Close()
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, func() { _ = p.Close() }, nil
}
