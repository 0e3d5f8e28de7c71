package members

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants"
)

func TestSlugRaceHasOneWinner(t *testing.T) {
	w := newWorld(t)
	var g errgroup.Group
	codes := make(chan string, 8)
	for i := range 8 {
		g.Go(func() error {
			_, err := w.SignUp(w.ctx(), SignUp{Opening: opening("omega"), Email: fmt.Sprintf("o%d@example.com", i), Password: password, Name: "O"}, db.Actor{}, client)
			codes <- fault.CodeOf(err)
			return nil
		})
	}
	w.must(g.Wait())
	close(codes)
	n := map[string]int{}
	for c := range codes {
		n[c]++
	}
	if diff := cmp.Diff(map[string]int{"": 1, "slug.taken": 7}, n); diff != "" {
		t.Error(diff)
	}
	var members int
	w.must(w.owner.QueryRow(w.ctx(), `SELECT count(*) FROM members WHERE email LIKE 'o%@example.com'`).Scan(&members))
	if members != 1 {
		t.Errorf("%d members of shops that there are not", members)
	}
}

func TestSignUpSaysEverythingThatIsWrong(t *testing.T) {
	w := newWorld(t)
	_, err := w.SignUp(w.ctx(), SignUp{
		Opening: tenants.Opening{Business: " ", Slug: "WWW", Industry: "mining", Country: "Britain", Currency: "QQQ", TimeZone: "Mars/Base", Language: "klingon!"},
		Email:   "ada", Password: "short", Name: "",
	}, db.Actor{}, client)
	got := fault.Of(err)
	if got.Kind != fault.Invalid {
		t.Fatal(err)
	}
	var fields []string
	for f := range got.Fields {
		fields = append(fields, f)
	}
	slices.Sort(fields)
	if diff := cmp.Diff([]string{"business", "country", "currency", "email", "industry", "language", "languages[0]", "name", "password", "slug", "time_zone"}, fields); diff != "" {
		t.Error(diff)
	}
}

type failing struct{}

func (failing) Provision(*db.Tx, tenants.Tenant, tenants.Preset) error { return fmt.Errorf("no shelf") }

func TestSignUpIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	w.tenants.Provision(failing{})
	_, err := w.SignUp(w.ctx(), SignUp{Opening: opening("broken"), Email: "x@example.com", Password: password, Name: "X"}, db.Actor{}, client)
	w.code(err, "internal")
	for _, table := range []string{"tenants", "members", "sessions", "outbox_events", "audit_log", "one_time_tokens", "tenant_versions"} {
		var n int
		column := map[bool]string{true: "id", false: "tenant_id"}[table == "tenants"]
		w.must(w.owner.QueryRow(w.ctx(), `SELECT count(*) FROM `+table+` WHERE `+column+` <> $1`, w.a.Tenant.ID).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}
