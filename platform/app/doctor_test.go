package app

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/devstack"
	"allhours/platform/base/secrets"
)

// deployment is one that is in order, on real servers: what a test breaks in it, it mends again at its end.
type deployment struct {
	dir      string
	database dbtest.Database
	owner    *pgx.Conn
	redis    *redis.Client
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{dir: t.TempDir(), database: dbtest.Create(t)}
	d.owner = d.database.Owner(t)
	server, err := devstack.StartRedis(t.Context(), devstack.RedisOptions{Dir: t.TempDir(), RealOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	options, err := redis.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	d.redis = redis.NewClient(options)
	t.Cleanup(func() { _ = d.redis.Close() })
	post, err := devstack.StartMail("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(post.Stop)
	if err := secrets.MakeFile(d.path("key")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(d.path("plugins/one"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.path("plugins/one/plugin.json"), []byte(plugin), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"ALLHOURS_DATABASE_URL": d.database.AppURL, "ALLHOURS_REDIS_URL": server.URL, "ALLHOURS_KEY_FILE": d.path("key"), "ALLHOURS_BLOB_DIR": d.path("blobs"), "ALLHOURS_SMTP_URL": post.SMTPURL,
		"ALLHOURS_PLUGINS_DIR": d.path("plugins"), "ALLHOURS_LISTEN": "127.0.0.1:0", "ALLHOURS_LISTEN_INTERNAL": "",
	} {
		t.Setenv(name, value)
	}
	return d
}

const plugin = `{"id": "test/one", "version": "1.0.0", "kinds": ["payment"], "name": {"en": "One"}, "config_schema": {"type": "object"}, "files": [{"os": "` + runtime.GOOS + `", "arch": "` + runtime.GOARCH + `", "path": "plugin", "sha256": "00"}]}`

func (d *deployment) path(name string) string { return filepath.Join(d.dir, name) }

func (d *deployment) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := d.owner.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func examine(t *testing.T) map[string]Finding {
	t.Helper()
	found := map[string]Finding{}
	for f := range Examine(t.Context()) {
		if f.Verdict != Good && f.Mend == "" {
			t.Errorf("%s: %s: nothing is said about how to mend it", f.What, f.Found)
		}
		if had, twice := found[f.What]; !twice || had.Verdict < f.Verdict {
			found[f.What] = f
		}
	}
	return found
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestDoctor breaks one thing after another of a deployment that is in order. Each must be found, alone, with the words that mend it.
func TestDoctor(t *testing.T) {
	d := newDeployment(t)
	var database string
	if err := d.owner.QueryRow(t.Context(), "SELECT current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	d.exec(t, "ALTER DATABASE "+database+" SET synchronous_commit = on") // the cluster of the tests does without
	healthy := examine(t)
	for _, what := range []string{"settings", "database", "schema", "deliveries", "tenant isolation", "Redis", "key", "files", "mail", "plugins"} {
		if f, looked := healthy[what]; !looked || f.Verdict != Good {
			t.Errorf("%s of a deployment that is in order: %+v", what, f)
		}
	}
	setenv := func(name, value string) func(t *testing.T) {
		return func(t *testing.T) { t.Setenv(name, value) }
	}
	sql := func(broken, mended string) func(t *testing.T) {
		return func(t *testing.T) {
			d.exec(t, broken)
			t.Cleanup(func() { d.exec(t, mended) })
		}
	}
	config := func(name, broken, mended string) func(t *testing.T) {
		return func(t *testing.T) {
			if err := d.redis.ConfigSet(t.Context(), name, broken).Err(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.redis.ConfigSet(context.Background(), name, mended).Err() })
		}
	}
	write := func(name, text string, mode os.FileMode) string {
		if err := os.WriteFile(d.path(name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return d.path(name)
	}
	readOnly := d.path("read-only")
	if err := os.Mkdir(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		readOnly = "/sys/kernel" // there root cannot write either
	}
	key, err := os.ReadFile(d.path("key"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sabotage func(t *testing.T)
		what     string
		verdict  Verdict
		found    string // a part of it
		mend     string // a part of it
	}{
		"a variable is nonsense":        {setenv("ALLHOURS_WORKERS", "many"), "settings", Bad, "ALLHOURS_WORKERS", "Correct the variable"},
		"no database is named":          {setenv("ALLHOURS_DATABASE_URL", ""), "settings", Bad, "ALLHOURS_DATABASE_URL: is missing", "Set the variable"},
		"no Redis is named":             {setenv("ALLHOURS_REDIS_URL", ""), "settings", Bad, "ALLHOURS_REDIS_URL: is missing", "Set the variable"},
		"PostgreSQL is down":            {setenv("ALLHOURS_DATABASE_URL", "postgres://allhours_app@"+closedPort(t)+"/allhours"), "database", Bad, "connect", "Check that PostgreSQL 15 or newer runs"},
		"there is no such database":     {setenv("ALLHOURS_DATABASE_URL", strings.Replace(d.database.AppURL, database, "nowhere", 1)), "database", Bad, "nowhere", "allhours migrate"},
		"the owner's login":             {setenv("ALLHOURS_DATABASE_URL", d.database.OwnerURL), "database login", Doubtful, "can bypass row-level security", "ALLHOURS_OWNER_DATABASE_URL"},
		"confirmed and not on the disk": {sql("ALTER ROLE allhours_app IN DATABASE "+database+" SET synchronous_commit = off", "ALTER ROLE allhours_app IN DATABASE "+database+" RESET synchronous_commit"), "database durability", Bad, "synchronous_commit is off", "SET synchronous_commit = on"},
		"migrations are missing":        {sql("DELETE FROM goose_db_version WHERE version_id IN (8, 9)", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (8, true), (9, true)"), "schema", Bad, "2 migrations are missing", "allhours migrate"},
		"no schema":                     {sql("ALTER TABLE goose_db_version RENAME TO gone", "ALTER TABLE gone RENAME TO goose_db_version"), "schema", Bad, "goose_db_version", "allhours migrate"},
		"a table shows all tenants":     {sql("ALTER TABLE orders NO FORCE ROW LEVEL SECURITY", "ALTER TABLE orders FORCE ROW LEVEL SECURITY"), "tenant isolation", Bad, "orders", "CALL tenant_table"},
		"a delivery was given up":       {d.giveUp, "deliveries", Doubtful, "1 were given up", "allhours outbox revive"},
		"the outbox cannot be read":     {sql("REVOKE SELECT ON outbox_deliveries FROM allhours_system", "GRANT SELECT ON outbox_deliveries TO allhours_system"), "deliveries", Bad, "permission denied", "allhours migrate"},
		"Redis is down":                 {setenv("ALLHOURS_REDIS_URL", "redis://"+closedPort(t)+"/0"), "Redis", Bad, "refused", "Start Redis"},
		"Redis evicts":                  {config("maxmemory-policy", "allkeys-lru", "noeviction"), "Redis", Bad, "evicts keys", "noeviction"},
		"Redis forgets":                 {config("appendonly", "no", "yes"), "Redis", Doubtful, "keeps nothing on disk", "appendonly yes"},
		"no key":                        {setenv("ALLHOURS_KEY_FILE", ""), "key", Bad, "no encryption key", "allhours secrets generate"},
		"the key file is gone":          {setenv("ALLHOURS_KEY_FILE", d.path("nothing")), "key", Bad, "nothing", "Restore the key from its copy"},
		"others can read the key":       {setenv("ALLHOURS_KEY_FILE", write("open-key", string(key), 0o644)), "key", Bad, "open-key", "chmod 600 " + d.path("open-key")},
		"the key file holds no key":     {setenv("ALLHOURS_KEY_FILE", write("torn-key", "torn", 0o600)), "key", Bad, "", "from its copy"},
		"two keys":                      {setenv("ALLHOURS_KEY", "x"), "key", Bad, "both set", "Unset"},
		"no place for files":            {setenv("ALLHOURS_BLOB_DIR", ""), "files", Bad, "no place for files", "ALLHOURS_BLOB_DIR"},
		"a folder that cannot be made":  {setenv("ALLHOURS_BLOB_DIR", d.path("key/blobs")), "files", Bad, "not a directory", "ALLHOURS_BLOB_DIR"},
		"a folder without right to it":  {setenv("ALLHOURS_BLOB_DIR", readOnly), "files", Bad, "permission denied", "write to " + readOnly},
		"no mail server is named":       {setenv("ALLHOURS_SMTP_URL", ""), "mail", Doubtful, "no mail server is set", "ALLHOURS_SMTP_URL"},
		"the mail server's address":     {setenv("ALLHOURS_SMTP_URL", "mail.example.com"), "mail", Bad, "smtp://", "Correct ALLHOURS_SMTP_URL"},
		"the mail server is down":       {setenv("ALLHOURS_SMTP_URL", "smtp://"+closedPort(t)), "mail", Bad, "refused", "Start the mail server"},
		"a broken plugin": {func(t *testing.T) {
			if err := os.MkdirAll(d.path("broken/one"), 0o755); err != nil {
				t.Fatal(err)
			}
			write("broken/one/plugin.json", "{}", 0o600)
			t.Setenv("ALLHOURS_PLUGINS_DIR", d.path("broken"))
		}, "plugins", Bad, "broken/one", "take its folder out"},
		"no plugins": {setenv("ALLHOURS_PLUGINS_DIR", d.path("nothing")), "plugins", Doubtful, "none in", "ALLHOURS_PLUGINS_DIR"},
	} {
		t.Run(name, func(t *testing.T) {
			c.sabotage(t)
			found := examine(t)
			f := found[c.what]
			if f.Verdict != c.verdict || !strings.Contains(f.Found, c.found) || !strings.Contains(f.Mend, c.mend) {
				t.Errorf("%s: %+v; want verdict %d, found %q, mend %q", c.what, f, c.verdict, c.found, c.mend)
			}
			for what, other := range found {
				if what != c.what && other.Verdict != Good {
					t.Errorf("and for no reason %s: %+v", what, other)
				}
			}
		})
	}
	for what, f := range examine(t) {
		if f.Verdict != Good {
			t.Errorf("at the end %s is not in order: %+v", what, f)
		}
	}
}

// giveUp leaves a dead delivery behind.
func (d *deployment) giveUp(t *testing.T) {
	t.Helper()
	d.exec(t, `INSERT INTO outbox_events (tenant_id, id, type, subject, payload, due_at, created_at, published_at) VALUES (gen_random_uuid(), gen_random_uuid(), 'order.placed', 'x', '{}', now(), now(), now())`)
	d.exec(t, `INSERT INTO outbox_deliveries (tenant_id, event_id, subscriber, state, attempts, next_at, last_error) SELECT tenant_id, id, 'notify', 'dead', 12, now(), 'the mail server is gone' FROM outbox_events`)
	t.Cleanup(func() { d.exec(t, `DELETE FROM outbox_events`) })
}
