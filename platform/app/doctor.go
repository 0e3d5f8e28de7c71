package app

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"allhours/jobs"
	"allhours/migrations"
	"allhours/platform/base/blob"
	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/platform/notify"
	"allhours/plugins"
)

// Verdict is how a check of a deployment came out.
type Verdict int

const (
	Good     Verdict = iota
	Doubtful         // it works, but not as it should in production
	Bad              // it does not work
)

// Finding is one thing that was looked at.
type Finding struct {
	What    string
	Verdict Verdict
	Found   string
	Mend    string // what to do; empty where all is well
}

// Examine looks at the deployment that the environment describes: settings, database, Redis, keys, files, mail, plugins. It changes nothing and goes on
// after a bad finding as far as it can.
func Examine(ctx context.Context) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		c, err := ReadConfig()
		if err != nil {
			yield(Finding{"settings", Bad, err.Error(), "Correct the variable named."})
			return
		}
		if err := c.Validate(); err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				if !yield(Finding{"settings", Bad, line, "Set the variable and run `allhours doctor` again."}) {
					return
				}
			}
		} else if !yield(Finding{"settings", Good, "complete", ""}) {
			return
		}
		for _, look := range []func(context.Context, Config) []Finding{examineDatabase, examineRedis, examineKeys, examineFiles, examineMail, examinePlugins} {
			for _, f := range look(ctx, c) {
				if !yield(f) {
					return
				}
			}
		}
	}
}

func examineDatabase(ctx context.Context, c Config) (found []Finding) {
	if c.Database.URL == "" {
		return nil
	}
	d, err := db.Open(ctx, c.Database)
	if err != nil {
		return []Finding{{"database", Bad, err.Error(), "Check that PostgreSQL 15 or newer runs, that the address and password are right, and that `allhours migrate` has made the role allhours_app."}}
	}
	defer d.Close()
	conn, err := pgx.Connect(ctx, c.Database.URL)
	if err != nil {
		return []Finding{{"database", Bad, err.Error(), "Check the address in ALLHOURS_DATABASE_URL."}}
	}
	defer conn.Close(ctx)
	var version int
	var login, durable string
	var mighty bool
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, session_user, current_setting('synchronous_commit'), (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user)
		OR EXISTS (SELECT 1 FROM pg_class WHERE relname = 'tenants' AND relnamespace = 'public'::regnamespace AND pg_has_role(session_user, relowner, 'MEMBER'))`).Scan(&version, &login, &durable, &mighty); err != nil {
		return []Finding{{"database", Bad, err.Error(), "ALLHOURS_DATABASE_URL must lead to PostgreSQL 15 or newer, directly or by a pooler in session mode."}}
	}
	f := Finding{"database", Good, fmt.Sprintf("PostgreSQL %d.%d, login %s", version/10000, version%10000, login), ""}
	if version < 150000 {
		f.Verdict, f.Mend = Bad, "PostgreSQL 15 is the oldest that works."
	}
	found = append(found, f)
	if mighty {
		found = append(found, Finding{"database login", Doubtful, login + " can bypass row-level security or take it away; the server gives that up after connecting, an attacker inside it might not", "Let the server log in as allhours_app (ALTER ROLE allhours_app PASSWORD ...) and keep the owner's address in ALLHOURS_OWNER_DATABASE_URL."})
	}
	if durable == "off" {
		found = append(found, Finding{"database durability", Bad, "synchronous_commit is off: a crash loses orders that were confirmed", "ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();"})
	}
	switch pending, err := d.Pending(ctx, migrations.FS); {
	case err != nil:
		found = append(found, Finding{"schema", Bad, err.Error(), "Run `allhours migrate`."})
	case pending > 0:
		found = append(found, Finding{"schema", Bad, fmt.Sprintf("%d migrations are missing", pending), "Run `allhours migrate`."})
	default:
		found = append(found, Finding{"schema", Good, "up to date", ""})
		found = append(found, examineDeliveries(ctx, d))
	}
	return append(found, examineIsolation(ctx, conn)...)
}

// examineDeliveries looks for work that was given up.
func examineDeliveries(ctx context.Context, d *db.DB) Finding {
	switch dead, err := outbox.CountDead(ctx, d); {
	case err != nil:
		return Finding{"deliveries", Bad, err.Error(), "Run `allhours migrate`: the role allhours_system cannot read the outbox."}
	case dead > 0:
		return Finding{"deliveries", Doubtful, fmt.Sprintf("%d were given up", dead), "`allhours outbox dead` says why; mend the cause and run `allhours outbox revive`."}
	}
	return Finding{"deliveries", Good, "none was given up", ""}
}

// examineIsolation asks the catalog whether every tenant's table hides other tenants' rows.
func examineIsolation(ctx context.Context, conn *pgx.Conn) []Finding {
	rows, err := conn.Query(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`)
	if err != nil {
		return []Finding{{"tenant isolation", Bad, err.Error(), "Give the login back what PostgreSQL gives to everybody: GRANT USAGE ON SCHEMA pg_catalog TO PUBLIC."}}
	}
	open, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return []Finding{{"tenant isolation", Bad, err.Error(), "Give the login back what PostgreSQL gives to everybody: GRANT USAGE ON SCHEMA pg_catalog TO PUBLIC."}}
	}
	if len(open) > 0 {
		return []Finding{{"tenant isolation", Bad, "no row-level security on " + strings.Join(open, ", "), "Somebody changed the schema by hand: CALL tenant_table('name') as the owner."}}
	}
	return []Finding{{"tenant isolation", Good, "row-level security on every tenant's table", ""}}
}

func examineRedis(ctx context.Context, c Config) []Finding {
	if c.Jobs.RedisURL == "" {
		return nil
	}
	warnings, err := jobs.CheckRedis(ctx, c.Jobs.RedisURL)
	if err != nil {
		return []Finding{{"Redis", Bad, err.Error(), "Start Redis, or correct ALLHOURS_REDIS_URL; maxmemory-policy must be noeviction."}}
	}
	found := []Finding{{"Redis", Good, "answers and does not evict", ""}}
	for _, w := range warnings {
		found = append(found, Finding{"Redis", Doubtful, w, "Put `appendonly yes` and `maxmemory-policy noeviction` into redis.conf, or CONFIG SET them."})
	}
	return found
}

func examineKeys(_ context.Context, c Config) []Finding {
	keys, err := secrets.Load(c.Secrets)
	if err != nil {
		return []Finding{{"key", Bad, err.Error(), mendKey(c.Secrets)}}
	}
	sealed, err := keys.Box.Seal([]byte("doctor"), []byte("doctor"))
	if err == nil {
		_, err = keys.Box.Open(sealed, []byte("doctor"))
	}
	if err != nil {
		return []Finding{{"key", Bad, err.Error(), "The key does not work; restore it from its copy."}}
	}
	return []Finding{{"key", Good, "seals and opens", ""}}
}

// mendKey never says to make a new key where there is an old one: what that sealed would be lost.
func mendKey(c secrets.Config) string {
	switch about, err := os.Stat(c.KeyFile); {
	case c.Key != "" && c.KeyFile != "":
		return "Unset ALLHOURS_KEY or ALLHOURS_KEY_FILE."
	case c.Key != "":
		return "ALLHOURS_KEY is not the line that `allhours secrets generate` printed: restore it from its copy."
	case c.KeyFile != "" && err == nil && about.Mode().Perm()&0o077 != 0:
		return "chmod 600 " + c.KeyFile
	case c.KeyFile != "" && err == nil:
		return "Restore " + c.KeyFile + " from its copy, readable by the user that the server runs as. A new key would not open what the old one has sealed."
	}
	return "Restore the key from its copy. A new installation makes one: set ALLHOURS_KEY_FILE and run `allhours secrets generate`."
}

func examineFiles(ctx context.Context, c Config) []Finding {
	store, err := blob.Open(c.Blob)
	if err != nil {
		return []Finding{{"files", Bad, err.Error(), "Set ALLHOURS_BLOB_DIR, or ALLHOURS_S3_ENDPOINT, _BUCKET and the keys."}}
	}
	if err := store.Check(ctx); err != nil {
		return []Finding{{"files", Bad, err.Error(), "Let the user that the server runs as write to " + cmp.Or(c.Blob.Dir, "the bucket "+c.Blob.Bucket) + ", which must exist."}}
	}
	return []Finding{{"files", Good, "can be written and read", ""}}
}

func examineMail(ctx context.Context, c Config) []Finding {
	if c.Mail.SMTPURL == "" {
		return []Finding{{"mail", Doubtful, "no mail server is set: messages wait and then fail", "Set ALLHOURS_SMTP_URL and ALLHOURS_MAIL_FROM."}}
	}
	m, err := notify.NewMailer(c.Mail)
	if err != nil {
		return []Finding{{"mail", Bad, err.Error(), "Correct ALLHOURS_SMTP_URL."}}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.Addr())
	if err != nil {
		return []Finding{{"mail", Bad, err.Error(), "Start the mail server or correct ALLHOURS_SMTP_URL; a firewall may keep this machine from it."}}
	}
	_ = conn.Close()
	return []Finding{{"mail", Good, "the mail server answers", ""}}
}

func examinePlugins(_ context.Context, c Config) []Finding {
	switch n, err := plugins.Count(c.Plugins.Dir); {
	case err != nil:
		return []Finding{{"plugins", Bad, err.Error(), "Put the plugin there again as it was delivered, or take its folder out of " + c.Plugins.Dir + ": the server does not start with it."}}
	case n == 0:
		return []Finding{{"plugins", Doubtful, "none in " + c.Plugins.Dir, "Set ALLHOURS_PLUGINS_DIR to the folder of the plugins; without one customers can only pay by hand."}}
	default:
		return []Finding{{"plugins", Good, fmt.Sprintf("%d in %s", n, c.Plugins.Dir), ""}}
	}
}
