package tenants_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
)

// audits are queries over the catalog of the whole migrated schema; each row is a hole in the wall between tenants.
var audits = map[string]string{
	"tenant's table without forced row-level security": `
		SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind IN ('r','p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
		  AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)`,
	"table without row-level security that the app may use": `
		SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind IN ('r','p') AND NOT c.relrowsecurity AND c.relname <> 'goose_db_version'
		  AND has_table_privilege('allhours_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')`,
	"tenant's table whose policy for the app is not the one on app.tenant_id": `
		SELECT p.tablename || ' ' || p.policyname FROM pg_policies p WHERE p.schemaname = 'public' AND ('allhours_app' = ANY(p.roles) OR 'public' = ANY(p.roles))
		  AND NOT (p.cmd = 'ALL' AND p.permissive = 'PERMISSIVE' AND p.policyname = 'tenant' AND p.qual IS NOT DISTINCT FROM p.with_check
		    AND p.qual IN ('(tenant_id = (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid)', '(id = current_tenant())', '(tenant = current_tenant())'))`,
	"tenant's table without a policy": `
		SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind IN ('r','p') AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)
		  AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)`,
	"tenant_id that may be null": `
		SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE n.nspname = 'public' AND c.relkind IN ('r','p') AND a.attname = 'tenant_id' AND NOT a.attisdropped AND NOT a.attnotnull`,
	"view not run as its user": `
		SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind = 'v' AND NOT coalesce(c.reloptions::text[] && ARRAY['security_invoker=true','security_invoker=on'], false)`,
	"materialized view": `SELECT matviewname FROM pg_matviews WHERE schemaname = 'public'`,
	"function run as its owner": `
		SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' AND p.prosecdef`,
	"key that does not begin with tenant_id": `
		SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'tenant_id'
		WHERE n.nspname = 'public' AND i.indisunique AND i.indkey[0] <> a.attnum`,
	"foreign key without tenant_id": `
		SELECT k.conname FROM pg_constraint k WHERE k.contype = 'f' AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id')
		  AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id' AND a.attnum = k.conkey[1])`,
	"foreign key whose tenant_id is not the other's": `
		SELECT k.conname FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid <> 'tenants'::regclass
		  AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attname = 'tenant_id')
		  AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attname = 'tenant_id' AND a.attnum = k.confkey[1])`,
	"thing owned by a role that the server works as": `
		SELECT c.relname FROM pg_class c WHERE pg_get_userbyid(c.relowner) LIKE 'allhours%'
		UNION ALL SELECT p.proname FROM pg_proc p WHERE pg_get_userbyid(p.proowner) LIKE 'allhours%'
		UNION ALL SELECT nspname FROM pg_namespace WHERE pg_get_userbyid(nspowner) LIKE 'allhours%'`,
	"role that is too strong": `
		SELECT rolname FROM pg_roles WHERE rolname LIKE 'allhours%' AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)`,
	"right to create things": `
		SELECT r FROM unnest(ARRAY['allhours_app','allhours_system']) AS r WHERE has_schema_privilege(r, 'public', 'CREATE')`,
	"log that the app may change": `
		SELECT t FROM unnest(ARRAY['audit_log','audit_chain','audit_checkpoints','movements','order_events','payment_events']) AS t WHERE has_table_privilege('allhours_app', t, 'UPDATE, DELETE, TRUNCATE')`,
	"people that a tenant's transaction may see": `
		SELECT t FROM unnest(ARRAY['operators','operator_sessions','operator_throttle']) AS t WHERE has_table_privilege('allhours_app', t, 'SELECT, INSERT, UPDATE, DELETE')`,
}

// systemSees is every column that the system role may read over all tenants: the directory, the outbox and what tells that there is work, and nothing else.
var systemSees = []string{
	"audit_chain(entry_id,tenant_id)", "audit_log(id,tenant_id)", "hosts", "operator_sessions", "operator_throttle", "operators",
	"outbox_deliveries", "outbox_events", "tenant_versions", "tenants",
}

func TestNoHoleBetweenTenants(t *testing.T) {
	t.Parallel()
	owner := dbtest.Create(t).Owner(t)
	for what, query := range audits {
		for _, found := range strings_(t, owner, query) {
			t.Errorf("%s: %s", what, found)
		}
	}
	sees := strings_(t, owner, `
		SELECT c.relname || CASE WHEN has_table_privilege('allhours_system', c.oid, 'SELECT') THEN '' ELSE '(' || string_agg(a.attname, ',' ORDER BY a.attname) || ')' END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE n.nspname = 'public' AND c.relkind IN ('r','p','v') AND has_column_privilege('allhours_system', c.oid, a.attnum, 'SELECT')
		GROUP BY c.relname, c.oid ORDER BY 1`)
	if diff := cmp.Diff(systemSees, sees); diff != "" {
		t.Errorf("what the system role sees over all tenants has changed; is it no tenant's data? (-listed +found)\n%s", diff)
	}
}

// Each audit must find the hole that it is for: here they are, one by one.
func TestAuditsFindPlantedHoles(t *testing.T) {
	t.Parallel()
	for what, plant := range map[string]string{
		"tenant's table without forced row-level security":                        `CREATE TABLE hole (tenant_id uuid NOT NULL); ALTER TABLE hole ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON hole TO allhours_system USING (true)`,
		"table without row-level security that the app may use":                   `CREATE TABLE hole (x int); GRANT SELECT ON hole TO allhours_app`,
		"tenant's table whose policy for the app is not the one on app.tenant_id": `CREATE POLICY hole ON members TO allhours_app USING (true)`,
		"tenant's table without a policy":                                         `CREATE TABLE hole (tenant_id uuid NOT NULL); ALTER TABLE hole ENABLE ROW LEVEL SECURITY; ALTER TABLE hole FORCE ROW LEVEL SECURITY`,
		"tenant_id that may be null":                                              `CREATE TABLE hole (tenant_id uuid); CALL tenant_table('hole')`,
		"view not run as its user":                                                `CREATE VIEW hole AS SELECT * FROM members`,
		"materialized view":                                                       `CREATE MATERIALIZED VIEW hole AS SELECT * FROM members`,
		"function run as its owner":                                               `CREATE FUNCTION hole() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM members'`,
		"key that does not begin with tenant_id":                                  `CREATE UNIQUE INDEX hole ON members (lower(email), tenant_id)`,
		"foreign key without tenant_id":                                           `ALTER TABLE hosts ADD UNIQUE (tenant); ALTER TABLE members ADD CONSTRAINT hole FOREIGN KEY (id) REFERENCES hosts (tenant)`,
		"foreign key whose tenant_id is not the other's":                          `CREATE TABLE hole (a uuid, b uuid, FOREIGN KEY (a, b) REFERENCES members (id, tenant_id)); `,
		"thing owned by a role that the server works as":                          `CREATE TABLE hole (x int); GRANT CREATE ON SCHEMA public TO allhours_app; ALTER TABLE hole OWNER TO allhours_app`,
		"right to create things":                                                  `GRANT CREATE ON SCHEMA public TO allhours_app`,
		"log that the app may change":                                             `GRANT UPDATE ON audit_log TO allhours_app`,
		"people that a tenant's transaction may see":                              `GRANT SELECT ON operators TO allhours_app`,
	} {
		t.Run(what, func(t *testing.T) {
			owner := dbtest.Create(t).Owner(t)
			if what == "foreign key whose tenant_id is not the other's" {
				plant = `ALTER TABLE members ADD UNIQUE (id, tenant_id); ` + plant
			}
			if _, err := owner.Exec(t.Context(), plant); err != nil {
				t.Fatal(err)
			}
			if len(strings_(t, owner, audits[what])) == 0 {
				t.Errorf("the audit is blind to: %s", plant)
			}
		})
	}
}

func strings_(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return found
}

// In every tenant's table a row of a is planted; b, nobody, and whoever comes after a commit see none, and can neither take, change nor delete it.
func TestEveryTableHidesOtherTenantsRows(t *testing.T) {
	t.Parallel()
	d := dbtest.Create(t)
	owner := d.Owner(t)
	tables := strings_(t, owner, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE n.nspname = 'public' AND c.relkind IN ('r','p') AND a.attname = 'tenant_id' AND NOT a.attisdropped ORDER BY 1`)
	if len(tables) < 30 {
		t.Fatalf("only %d tables have a tenant_id: %v", len(tables), tables)
	}
	// Rows go in behind all checks, so that this test need not know the tables.
	if _, err := owner.Exec(t.Context(), `SET session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	a, b := uuid.New(), uuid.New()
	for _, table := range tables {
		plant(t, owner, table, a)
	}
	for who, tenant := range map[string]uuid.UUID{"another tenant": b, "nobody": uuid.Max} {
		for _, table := range tables {
			err := d.DB.InTx(t.Context(), db.Scope{Tenant: tenant}, func(tx *db.Tx) error {
				if who == "nobody" {
					if err := tx.Exec(`SELECT set_config('app.tenant_id', '', true)`).Error; err != nil {
						return err
					}
				}
				var n int
				if err := tx.Raw(`SELECT count(*) FROM ` + table).Row().Scan(&n); err != nil || n > 0 {
					return fmt.Errorf("sees %d rows: %w", n, err)
				}
				for _, change := range []string{`UPDATE ` + table + ` SET tenant_id = tenant_id`, `DELETE FROM ` + table} {
					if err := tx.SavePoint("s").Error; err != nil {
						return err
					}
					if q := tx.Exec(change); q.Error == nil && q.RowsAffected > 0 {
						return fmt.Errorf("%s changed %d rows", change, q.RowsAffected)
					}
					if err := tx.RollbackTo("s").Error; err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("%s in %s: %v", who, table, err)
			}
		}
	}
	for _, table := range tables {
		err := d.DB.InTx(t.Context(), db.Scope{Tenant: a}, func(tx *db.Tx) error {
			var n int
			if err := tx.Raw(`SELECT count(*) FROM ` + table).Row().Scan(&n); err != nil || n != 1 {
				return fmt.Errorf("sees %d rows of its own, or this test shows nothing: %w", n, err)
			}
			return nil
		})
		if err != nil {
			t.Errorf("the tenant itself in %s: %v", table, err)
		}
		// Nor can b put a row into a.
		err = d.DB.InTx(t.Context(), db.Scope{Tenant: b}, func(tx *db.Tx) error {
			return tx.Exec(`INSERT INTO ` + table + ` (tenant_id) VALUES ('` + a.String() + `')`).Error
		})
		if err == nil || !(strings.Contains(err.Error(), "row-level security") || strings.Contains(err.Error(), "42501")) {
			t.Errorf("another tenant's INSERT into %s: %v", table, err)
		}
	}
}

// plant puts one row into the table, with something in each column that must not be null.
func plant(t *testing.T, owner *pgx.Conn, table string, tenant uuid.UUID) {
	t.Helper()
	type column struct{ Name, Kind string }
	rows, err := owner.Query(t.Context(), `SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a
		WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef AND a.attgenerated = '' AND a.attidentity = ''`, table)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	if err != nil {
		t.Fatal(err)
	}
	checks := strings_(t, owner, `SELECT conname FROM pg_constraint WHERE conrelid = '`+table+`'::regclass AND contype = 'c'`)
	for _, c := range checks {
		if _, err := owner.Exec(t.Context(), `ALTER TABLE `+table+` DROP CONSTRAINT `+pgx.Identifier{c}.Sanitize()); err != nil {
			t.Fatal(err)
		}
	}
	some := map[string]string{
		"uuid": "gen_random_uuid()", "text": "'x'", "jsonb": "'{}'", "bytea": `'\x00'`, "timestamp with time zone": "now()", "date": "now()::date", "boolean": "true",
		"integer": "1", "bigint": "1", "smallint": "1", "numeric": "1", "double precision": "1", "text[]": "'{}'", "uuid[]": "'{}'",
	}
	var names, values []string
	for _, c := range columns {
		names = append(names, c.Name)
		switch v, ok := some[c.Kind]; {
		case c.Name == "tenant_id":
			values = append(values, "'"+tenant.String()+"'")
		case ok:
			values = append(values, v)
		default:
			t.Fatalf("%s.%s: this test has no value of type %s", table, c.Name, c.Kind)
		}
	}
	if !slices.Contains(names, "tenant_id") {
		t.Fatalf("%s: no tenant_id among %v", table, names)
	}
	if _, err := owner.Exec(t.Context(), `INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(values, ", ")+`)`); err != nil {
		t.Fatalf("%s: %v", table, err)
	}
}
