package audit

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/platform/base/secrets"
)

// world is a database with two tenants and their logs.
type world struct {
	*Audit
	t     *testing.T
	db    *db.DB
	owner *pgx.Conn
	a, b  db.Scope
}

func newWorld(t *testing.T) world {
	t.Helper()
	t.Parallel()
	d := dbtest.Create(t)
	w := world{t: t, db: d.DB, owner: d.Owner(t), Audit: New(d.DB, newSigner(t))}
	w.a, w.b = w.tenant("a"), w.tenant("b")
	return w
}

func newSigner(t *testing.T) *secrets.Signer {
	t.Helper()
	text, err := secrets.Generate()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secrets.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys.Signer
}

func (w world) tenant(slug string) db.Scope {
	id := db.NewID()
	w.behind(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES ($1, $2, $2, 'retail', 'GB', 'GBP', 'Europe/London', 'en', now(), now())`, id, slug)
	return db.Scope{Tenant: id, Actor: db.Actor{Kind: "member", ID: "m1", Name: "Ada", Via: "ui", RequestID: "r1"}}
}

// behind runs SQL as the owner of the database, for whom row-level security is no wall.
func (w world) behind(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.owner.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w world) write(sc db.Scope, n int) {
	w.t.Helper()
	for i := range n {
		err := w.db.InTx(w.t.Context(), sc, func(tx *db.Tx) error {
			return Append(tx, Entry{Action: "thing.changed", ObjectType: "thing", ObjectID: fmt.Sprint(i), Before: map[string]any{"n": i}, After: map[string]any{"n": i + 1}})
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w world) seal() {
	w.t.Helper()
	if err := w.Seal(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) report(sc db.Scope, anchor string) Report {
	w.t.Helper()
	r, err := w.Verify(w.t.Context(), sc, anchor)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w world) links(sc db.Scope) []uuid.UUID {
	w.t.Helper()
	rows, err := w.owner.Query(w.t.Context(), `SELECT entry_id FROM audit_chain WHERE tenant_id = $1 ORDER BY seq`, sc.Tenant)
	if err != nil {
		w.t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		w.t.Fatal(err)
	}
	return ids
}

func TestTamperingIsFoundAndNamed(t *testing.T) {
	type found struct {
		Kind string
		Seq  int64
	}
	for name, c := range map[string]struct {
		tamper func(w world, ids []uuid.UUID)
		want   []found
	}{
		"nothing": {func(world, []uuid.UUID) {}, nil},
		"edit after": {func(w world, ids []uuid.UUID) {
			w.behind(`UPDATE audit_log SET after = '{"n": 99}' WHERE id = $1`, ids[4])
		}, []found{{"edited", 5}}},
		"edit actor": {func(w world, ids []uuid.UUID) {
			w.behind(`UPDATE audit_log SET actor_name = 'Eve' WHERE id = $1`, ids[0])
		}, []found{{"edited", 1}}},
		"move text between columns": {func(w world, ids []uuid.UUID) {
			w.behind(`UPDATE audit_log SET action = 'thing.change', object_type = 'dthing' WHERE id = $1`, ids[2])
		}, []found{{"edited", 3}}},
		"null for empty": {func(w world, ids []uuid.UUID) { w.behind(`UPDATE audit_log SET before = NULL WHERE id = $1`, ids[1]) }, []found{{"edited", 2}}},
		"delete entry":   {func(w world, ids []uuid.UUID) { w.behind(`DELETE FROM audit_log WHERE id = $1`, ids[6]) }, []found{{"deleted", 7}}},
		"delete entry and link": {func(w world, ids []uuid.UUID) {
			w.behind(`DELETE FROM audit_log WHERE id = $1`, ids[6])
			w.behind(`DELETE FROM audit_chain WHERE entry_id = $1`, ids[6])
		}, []found{{"unlinked", 7}, {"edited", 8}}},
		"insert into the past": {func(w world, ids []uuid.UUID) {
			w.behind(`INSERT INTO audit_log SELECT tenant_id, $2, at - interval '1 day', actor_kind, actor_id, actor_name, via, request_id, 'forged', object_type, object_id, before, after FROM audit_log WHERE id = $1`, ids[3], earlier(ids[3], 24*time.Hour))
		}, []found{{"inserted", 0}}},
		"swap two": {func(w world, ids []uuid.UUID) {
			w.behind(`UPDATE audit_chain SET entry_id = $2 WHERE entry_id = $1`, ids[2], uuid.Max)
			w.behind(`UPDATE audit_chain SET entry_id = $2 WHERE entry_id = $1`, ids[7], ids[2])
			w.behind(`UPDATE audit_chain SET entry_id = $2 WHERE entry_id = $1`, uuid.Max, ids[7])
		}, []found{{"reordered", 3}, {"reordered", 8}}},
		"cut the links' end": {func(w world, ids []uuid.UUID) {
			w.behind(`DELETE FROM audit_log WHERE id = ANY($1)`, ids[8:])
			w.behind(`DELETE FROM audit_chain WHERE entry_id = ANY($1)`, ids[8:])
		}, []found{{"truncated", 9}}},
		"forge a checkpoint": {func(w world, ids []uuid.UUID) {
			w.behind(`UPDATE audit_checkpoints SET signature = $1 WHERE seq = 10`, newSigner(w.t).Sign("audit.head", time.Time{}, w.a.Tenant.String(), "10", "00"))
		}, []found{{"forged", 10}}},
		"make the chain anew": {func(w world, ids []uuid.UUID) {
			w.behind(`UPDATE audit_log SET actor_name = 'Eve' WHERE id = $1`, ids[5])
			w.behind(`CREATE TABLE kept AS SELECT * FROM audit_checkpoints`)
			w.behind(`DELETE FROM audit_checkpoints`)
			w.behind(`DELETE FROM audit_chain WHERE tenant_id = $1`, w.a.Tenant)
			w.seal() // as a forger with the code but without the key would
			w.behind(`DELETE FROM audit_checkpoints`)
			w.behind(`INSERT INTO audit_checkpoints SELECT * FROM kept`)
		}, []found{{"rewritten", 10}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write(w.a, 10)
			w.write(w.b, 3)
			w.seal()
			c.tamper(w, w.links(w.a))
			r := w.report(w.a, "")
			var got []found
			for _, f := range r.Findings {
				got = append(got, found{f.Kind, f.Seq})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if r.OK != (len(c.want) == 0) {
				t.Errorf("OK = %v", r.OK)
			}
			if other := w.report(w.b, ""); !other.OK || other.Entries != 3 {
				t.Errorf("the other tenant's log: %+v", other)
			}
		})
	}
}

func TestAnchorFindsACutWithItsCheckpoints(t *testing.T) {
	w := newWorld(t)
	w.write(w.a, 5)
	kept := w.report(w.a, "").Head
	w.behind(`DELETE FROM audit_checkpoints`)
	w.behind(`DELETE FROM audit_chain WHERE seq > 3`)
	w.behind(`DELETE FROM audit_log WHERE object_id IN ('3', '4')`)
	if r := w.report(w.a, ""); !r.OK {
		t.Errorf("without the anchor the cut cannot be seen, yet: %+v", r)
	}
	r := w.report(w.a, kept)
	if r.OK || len(r.Findings) != 1 || r.Findings[0].Kind != "truncated" {
		t.Errorf("with the anchor: %+v", r)
	}
	if _, err := w.Verify(t.Context(), w.b, kept); fault.CodeOf(err) != "audit.anchor_invalid" {
		t.Errorf("another tenant's anchor: %v", err)
	}
}

func TestTheAppCanOnlyAppend(t *testing.T) {
	w := newWorld(t)
	w.write(w.a, 1)
	w.seal()
	for _, sql := range []string{
		`UPDATE audit_log SET action = 'x'`, `DELETE FROM audit_log`, `TRUNCATE audit_log`,
		`UPDATE audit_chain SET hash = ''`, `DELETE FROM audit_chain`, `UPDATE audit_checkpoints SET seq = 0`, `DELETE FROM audit_checkpoints`,
	} {
		if err := w.db.InTx(t.Context(), w.a, func(tx *db.Tx) error { return tx.Exec(sql).Error }); err == nil {
			t.Errorf("%s is allowed", sql)
		}
		if err := w.db.InSystemTx(t.Context(), func(tx *db.Tx) error { return tx.Exec(sql).Error }); err == nil {
			t.Errorf("%s is allowed to the system role", sql)
		}
	}
	err := w.db.InSystemTx(t.Context(), func(tx *db.Tx) error { return tx.Exec(`SELECT after FROM audit_log`).Error })
	if err == nil {
		t.Error("the system role reads what is in entries")
	}
}

func TestSealersDoNotCollide(t *testing.T) {
	w := newWorld(t)
	w.write(w.a, 40)
	var g errgroup.Group
	for range 8 {
		g.Go(func() error { return w.Seal(context.WithoutCancel(t.Context())) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if r := w.report(w.a, ""); !r.OK || r.Entries != 40 {
		t.Errorf("%+v", r)
	}
}

// An entry whose transaction commits after newer ones have been sealed joins the chain behind them.
func TestSlowTransactionsAreSealedLater(t *testing.T) {
	w := newWorld(t)
	began, finish, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- w.db.InTx(context.WithoutCancel(t.Context()), w.a, func(tx *db.Tx) error {
			err := Append(tx, Entry{Action: "slow", ObjectType: "thing", ObjectID: "s"})
			close(began)
			<-finish
			return err
		})
	}()
	<-began
	w.write(w.a, 2)
	w.seal()
	close(finish)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if r := w.report(w.a, ""); !r.OK || r.Entries != 3 {
		t.Errorf("%+v", r)
	}
	ids := w.links(w.a)
	if slices.IsSortedFunc(ids, func(a, b uuid.UUID) int { return cmpIDs(a, b) }) {
		t.Error("the slow entry should be out of the order of ids, or this test shows nothing")
	}
}

func cmpIDs(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }

func TestListFiltersAndStaysInTheTenant(t *testing.T) {
	w := newWorld(t)
	w.write(w.a, 3)
	w.write(w.b, 2)
	w.seal()
	err := w.db.InTx(t.Context(), w.a.As(db.Actor{Kind: "job", ID: "sweep", Via: "job"}), func(tx *db.Tx) error {
		return Append(tx, Entry{Action: "thing.swept", ObjectType: "thing", ObjectID: "1"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		f    Filter
		want []string
	}{
		"all":          {Filter{}, []string{"thing.swept 1", "thing.changed 2", "thing.changed 1", "thing.changed 0"}},
		"object":       {Filter{ObjectType: "thing", ObjectID: "1"}, []string{"thing.swept 1", "thing.changed 1"}},
		"action":       {Filter{Action: "thing.swept"}, []string{"thing.swept 1"}},
		"actions of":   {Filter{Action: "thing.", ObjectID: "0"}, []string{"thing.changed 0"}},
		"actor":        {Filter{Actor: "sweep"}, []string{"thing.swept 1"}},
		"kind":         {Filter{Actor: "job"}, []string{"thing.swept 1"}},
		"in the past":  {Filter{To: time.Now().Add(-time.Hour)}, nil},
		"not a prefix": {Filter{Action: "thing"}, nil},
	} {
		var got []string
		for q := (db.PageQuery{Limit: 2}); ; {
			p, err := w.List(t.Context(), w.a, c.f, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Items {
				got = append(got, r.Action+" "+r.ObjectID)
				if r.Sealed != (r.Action != "thing.swept") {
					t.Errorf("%s %s: sealed = %v", r.Action, r.ObjectID, r.Sealed)
				}
			}
			if q.Cursor = p.NextCursor; q.Cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSecretsAreNotKept(t *testing.T) {
	t.Parallel()
	got, err := redacted(map[string]any{
		"name": "Ada", "password": "hunter2", "totp_enabled": true, "api_key_secret": "x", "nested": []any{map[string]any{"Token": "t", "amount": 12345678901234567}},
		"password_hash": "", "nul": "a\x00b", "password_changed": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"api_key_secret":"[redacted]","name":"Ada","nested":[{"Token":"[redacted]","amount":12345678901234567}],"nul":"a�b","password":"[redacted]","password_changed":true,"password_hash":"","totp_enabled":true}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if got, err := redacted((*Entry)(nil)); got != nil || err != nil {
		t.Errorf("a nil pointer: %s, %v", got, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	e := row{ID: db.NewID(), At: time.Now(), ActorKind: "member", Action: "a", ObjectType: "b", ObjectID: "c"}
	h := genesis(e.ID)
	for b.Loop() {
		h = e.hash(e.ID, h)
	}
}
