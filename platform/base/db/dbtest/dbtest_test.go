package dbtest

import (
	"testing"
	"testing/fstest"

	"github.com/redis/go-redis/v9"

	"allhours/platform/base/db"
)

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	a, b := Create(t), Create(t)
	if _, err := a.Owner(t).Exec(t.Context(), "CREATE TABLE mine (n int)"); err != nil {
		t.Fatal(err)
	}
	var found int
	err := b.Owner(t).QueryRow(t.Context(), "SELECT count(*) FROM pg_class WHERE relname = 'mine'").Scan(&found)
	if err != nil || found != 0 {
		t.Errorf("the other database sees %d tables, %v", found, err)
	}
}

func TestLoggedInAsTheApp(t *testing.T) {
	t.Parallel()
	d := New(t)
	var who, login string
	err := d.InTx(t.Context(), db.Scope{Tenant: db.NewID()}, func(tx *db.Tx) error {
		return tx.Raw("SELECT current_user, session_user").Row().Scan(&who, &login)
	})
	if err != nil || who != "allhours_app" || login != "allhours_app" {
		t.Errorf("works as %q logged in as %q (%v), want allhours_app", who, login, err)
	}
}

func TestDatabaseIsDroppedAtTheEnd(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("inner", func(t *testing.T) {
		if err := Create(t).Owner(t).QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
			t.Fatal(err)
		}
	})
	var left int
	if err := Create(t).Owner(t).QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname = $1", name).Scan(&left); err != nil || left != 0 {
		t.Errorf("%s is still there (%v)", name, err)
	}
}

func TestRedisIsReal(t *testing.T) {
	t.Parallel()
	r := Redis(t)
	o, err := redis.ParseURL(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	if r.InProcess || c.Ping(t.Context()).Err() != nil {
		t.Error("want a redis-server that answers")
	}
}

func TestHashSeesNamesAndContents(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, files := range map[string]fstest.MapFS{
		"one":     {"1.sql": {Data: []byte("a")}},
		"content": {"1.sql": {Data: []byte("b")}},
		"name":    {"2.sql": {Data: []byte("a")}},
		"two":     {"1.sql": {Data: []byte("a")}, "2.sql": {Data: nil}},
	} {
		h, err := hash(files)
		if err != nil {
			t.Fatal(err)
		}
		if other, dup := seen[h]; dup {
			t.Errorf("%s and %s have the same hash", name, other)
		}
		seen[h] = name
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		b.Run("", func(b *testing.B) { New(b) })
	}
}
