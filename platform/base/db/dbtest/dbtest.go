// Package dbtest gives each test a real, migrated database of its own, and a real
// Redis of its own.
//
// A database is cloned from a template that is migrated once per content of the
// migration files. The cluster is the one named by ALLHOURS_TEST_DATABASE_URL
// (`allhours servers -- go test ./...` sets it), else a private one that the test
// process starts and that dies with it. Without the server programs a test
// fails with the line that installs them; it never skips.
package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"allhours/migrations"
	"allhours/platform/base/db"
	"allhours/platform/base/devstack"
)

// Database is a test's own database and how to reach it from elsewhere.
type Database struct {
	DB       *db.DB // logged in as allhours_app, as in production
	AppURL   string // the same login, for a process that the test starts
	OwnerURL string // the superuser's, for looking behind row-level security
}

// New returns a migrated, empty database that is dropped when the test ends.
func New(t testing.TB) *db.DB {
	t.Helper()
	return Create(t).DB
}

// Create is New for tests that need more than the DB.
func Create(t testing.TB) Database {
	t.Helper()
	c, err := cluster()
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	name := fmt.Sprintf("%s%d_%d", clonePrefix, os.Getpid(), c.clones.Add(1))
	if err := c.exec("CREATE DATABASE " + name + " TEMPLATE " + c.template + " STRATEGY FILE_COPY"); err != nil {
		t.Fatalf("test database: %v", err)
	}
	d := Database{AppURL: c.at(name, "allhours_app"), OwnerURL: c.at(name, "")}
	d.DB, err = db.Open(context.Background(), db.Config{URL: d.AppURL, OwnerURL: d.OwnerURL, MaxConns: 12})
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	t.Cleanup(func() {
		d.DB.Close()
		if err := c.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("test database: %v", err)
		}
	})
	return d
}

// Owner opens a superuser connection to the database, closed when the test ends.
func (d Database) Owner(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), d.OwnerURL)
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Redis starts a real server for this test alone. It keeps nothing on disk: after
// Kill and Restart it is empty.
func Redis(t testing.TB) *devstack.Redis {
	t.Helper()
	r, err := devstack.StartRedis(context.Background(), devstack.RedisOptions{Dir: t.TempDir(), RealOnly: true, Disposable: true})
	if err != nil {
		t.Fatalf("test redis: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Errorf("test redis: %v", err)
		}
	})
	return r
}

const (
	clonePrefix    = "allhours_c_"
	templatePrefix = "allhours_t_"
	// templateLock serialises the making of templates over all test processes.
	templateLock = 0x616c6c68
)

// server is the cluster this process works on.
type server struct {
	url      *url.URL
	pool     *pgxpool.Pool
	template string
	clones   atomic.Int64
}

var cluster = sync.OnceValues(func() (*server, error) {
	// Generous: other test processes may be migrating, on a slow machine.
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	address := os.Getenv(devstack.TestDatabaseEnv)
	if address == "" {
		pg, err := private(ctx)
		if err != nil {
			return nil, err
		}
		address = pg.URL
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return nil, fmt.Errorf("%s: not a postgres:// URL", devstack.TestDatabaseEnv)
	}
	c := &server{url: u}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", devstack.TestDatabaseEnv, err)
	}
	config.MaxConns = 4
	if c.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	return c, c.prepare(ctx)
})

// private starts a cluster for this process in the first folder of the user's cache
// that no other process holds, so that initdb and the template are there already
// from the second time on. It stops when the process ends.
func private(ctx context.Context) (*devstack.Postgres, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	for slot := 0; ; slot++ {
		dir := filepath.Join(cache, "allhours", "test-postgres-"+strconv.Itoa(slot))
		pg, err := devstack.StartPostgres(ctx, devstack.PostgresOptions{Dir: dir, Disposable: true, MaxConnections: 400})
		if errors.Is(err, devstack.ErrInUse) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w\n(the test cluster in %s can be deleted at any time)", err, dir)
		}
		return pg, nil
	}
}

// prepare makes the template if the migrations have changed, and drops what killed
// test runs have left.
func (c *server) prepare(ctx context.Context) error {
	sum, err := hash(migrations.FS)
	if err != nil {
		return err
	}
	c.template = templatePrefix + sum
	conn, err := c.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	defer conn.Exec(context.Background(), "SELECT pg_advisory_unlock($1)", templateLock)
	if err := c.sweep(ctx, conn.Conn()); err != nil {
		return err
	}
	var ready bool
	err = conn.QueryRow(ctx, "SELECT COALESCE(bool_or(datistemplate), false) FROM pg_database WHERE datname = $1", c.template).Scan(&ready)
	if err != nil || ready {
		return err
	}
	return c.makeTemplate(ctx)
}

func (c *server) makeTemplate(ctx context.Context) error {
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + c.template + " WITH (FORCE)", "CREATE DATABASE " + c.template} {
		if _, err := c.pool.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if _, err := db.Migrate(ctx, c.at(c.template, ""), migrations.FS); err != nil {
		return err
	}
	if pw, ok := c.url.User.Password(); ok {
		if _, err := c.pool.Exec(ctx, "ALTER ROLE allhours_app PASSWORD '"+pw+"'"); err != nil {
			return err
		}
	}
	// The mark comes last: a template without it is half made.
	_, err := c.pool.Exec(ctx, "ALTER DATABASE "+c.template+" IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

// sweep drops clones and templates that nobody has used for a while.
func (c *server) sweep(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
		SELECT datname, datistemplate FROM pg_database d
		WHERE (starts_with(datname, $1) OR starts_with(datname, $2) AND datname <> $3)
		  AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datid = d.oid)
		  AND (pg_stat_file('base/' || d.oid || '/PG_VERSION', true)).modification < now() - interval '2 hours'`,
		clonePrefix, templatePrefix, c.template)
	if err != nil {
		return err
	}
	type database struct {
		Name     string
		Template bool
	}
	old, err := pgx.CollectRows(rows, pgx.RowToStructByPos[database])
	if err != nil {
		return err
	}
	for _, d := range old {
		if d.Template {
			if _, err := conn.Exec(ctx, "ALTER DATABASE "+d.Name+" IS_TEMPLATE false"); err != nil {
				return err
			}
		}
		if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+d.Name); err != nil {
			return err
		}
	}
	return nil
}

func (c *server) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := c.pool.Exec(ctx, sql)
	return err
}

// at returns the address of another database of the cluster, and another user's if
// one is named (with the same password).
func (c *server) at(database, user string) string {
	u := *c.url
	u.Path = "/" + database
	if user != "" {
		u.User = url.User(user)
		if pw, ok := c.url.User.Password(); ok {
			u.User = url.UserPassword(user, pw)
		}
	}
	return u.String()
}

// hash is a fingerprint of the names and contents of the files.
func hash(files fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(b), b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:8]), err
}
