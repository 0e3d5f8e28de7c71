package migrations_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"allhours/migrations"
	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
)

// TestOpenShopsGetTheRuleOfDoubts migrates a database with shops in it from the release before, as an owner who is no superuser: row-level security holds for him too.
func TestOpenShopsGetTheRuleOfDoubts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cluster := dbtest.Create(t)
	admin := cluster.Owner(t)
	name := fmt.Sprintf("allhours_m_%d", os.Getpid())
	for _, sql := range []string{`CREATE ROLE ` + name + ` LOGIN CREATEROLE`, `CREATE DATABASE ` + name + ` OWNER ` + name} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	t.Cleanup(func() {
		for _, sql := range []string{`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`, `DROP OWNED BY ` + name, `DROP ROLE ` + name} {
			if _, err := admin.Exec(ctx, sql); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
	})
	asOwner, asAdmin := at(t, cluster.OwnerURL, name, name), at(t, cluster.OwnerURL, name, "")
	before := fstest.MapFS{}
	entries, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range entries {
		if file < "00013" {
			text, err := fs.ReadFile(migrations.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			before[file] = &fstest.MapFile{Data: text}
		}
	}
	if _, err := db.Migrate(ctx, asOwner, before); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, asAdmin)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for slug, language := range map[string]string{"mugs": "en", "cha": "zh", "gone": "en"} {
		status := map[bool]string{true: "closed", false: "active"}[slug == "gone"]
		if _, err := conn.Exec(ctx, `INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, status, created_at, updated_at) VALUES (gen_random_uuid(), $1, $1, 'retail', 'GB', 'GBP', 'UTC', $2, $3, now(), now())`, slug, language, status); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Migrate(ctx, asOwner, migrations.FS); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(ctx, `SELECT t.slug || ' ' || r.kind || ' ' || r.name || ' ' || r.severity || ' ' || r.enabled || ' ' || (r.notify->>'channels') || ' ' || (SELECT count(*) FROM audit_log a WHERE a.tenant_id = t.id AND a.action = 'alert_rule.created' AND a.object_id = r.id::text)
		FROM alert_rules r JOIN tenants t ON t.id = r.tenant_id ORDER BY t.slug`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`cha payment_doubt 款项需人工核对 critical true ["in_app", "email"] 1`, `mugs payment_doubt Money needs a person critical true ["in_app", "email"] 1`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("rules:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var open int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_class WHERE relname IN ('tenants', 'alert_rules', 'audit_log') AND NOT (relrowsecurity AND relforcerowsecurity)`).Scan(&open); err != nil || open > 0 {
		t.Errorf("%d tables were left without forced row-level security (%v)", open, err)
	}
}

// at is the address of the database, for the user given or the same one.
func at(t *testing.T, address, database, user string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	if user != "" {
		u.User = url.User(user)
	}
	return u.String()
}
