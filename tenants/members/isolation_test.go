package members

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"allhours/platform/base/db"
	"allhours/tenants/access"
)

// The same e-mail in two tenants is two members: passwords, roles, sessions and removal of one say nothing about the other.
func TestSameEmailInTwoTenants(t *testing.T) {
	w := newWorld(t)
	const other = "marble-canyon-57-otter"
	b, err := w.SignUp(w.ctx(), SignUp{Opening: opening("beta"), Email: "ada@example.com", Password: other, Name: "Ada B"}, db.Actor{}, client)
	w.must(err)
	_, err = w.Login(w.ctx(), scope(b), Login{Email: "ada@example.com", Password: password}, client)
	w.code(err, "auth.invalid")
	in, err := w.Login(w.ctx(), scope(b), Login{Email: "ada@example.com", Password: other}, client)
	w.must(err)
	if in.Member.ID == w.a.Member.ID {
		t.Error("one member in two shops")
	}
	if _, err := w.access.Authenticate(w.ctx(), w.a.Tenant.ID, access.Credential{Kind: access.StaffSession, Secret: in.Session.Token}); !unauthenticated(err) {
		t.Errorf("a session of beta at alpha's host: %v", err)
	}
}

// Whoever has whatever power in his own shop has none in another's: every function is tried with the other's ids.
func TestOtherTenantsThingsAreNotThere(t *testing.T) {
	w := newWorld(t)
	b := w.signUp("beta", "eve@example.com")
	eve := access.Identity{Kind: access.Member, ID: b.Member.ID, Name: "Eve", Tenant: b.Tenant.ID, Roles: []string{"owner"}, SessionID: b.Session.ID}
	sc := as(b, b.Member)
	bob := w.invite(w.a.Member, "bob@example.com", "viewer")
	in, err := w.Invite(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), "carol@example.com", []string{"viewer"}, "")
	w.must(err)
	key, err := w.access.CreateKey(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), "till", []string{"orders:read"}, nil)
	w.must(err)
	_, err = w.access.CreateRole(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), access.Role{Name: "packer", Title: map[string]string{"en": "P"}, Permissions: []string{"orders:read"}})
	w.must(err)
	before := w.snapshot()

	roles, status := []string{"owner"}, Disabled
	_, err = w.Change(w.ctx(), sc, eve, bob.Member.ID, Change{Roles: &roles, Status: &status})
	w.code(err, "member.not_found")
	w.code(w.Remove(w.ctx(), sc, eve, bob.Member.ID), "member.not_found")
	_, err = w.Get(w.ctx(), sc, bob.Member.ID)
	w.code(err, "member.not_found")
	w.code(w.Uninvite(w.ctx(), sc, in.ID), "invitation.not_found")
	_, err = w.Accept(w.ctx(), w.Token(Invitation, b.Tenant.ID, in.ID, in.ExpiresAt), "Eve", password, db.Actor{}, client)
	w.code(err, "link.invalid")
	w.code(w.access.EndSession(w.ctx(), sc, access.Identity{Kind: access.Member, ID: bob.Member.ID}, bob.Session.ID), "session.not_found")
	w.code(w.access.RevokeKey(w.ctx(), sc, key.ID), "key.not_found")
	_, err = w.access.RotateKey(w.ctx(), sc, eve, key.ID)
	w.code(err, "key.not_found")
	w.code(w.access.DeleteRole(w.ctx(), sc, "packer"), "role.not_found")
	_, err = w.access.ChangeRole(w.ctx(), sc, eve, access.Role{Name: "packer", Title: map[string]string{"en": "P"}})
	w.code(err, "role.not_found")
	_, err = w.Invite(w.ctx(), sc, eve, "x@example.com", []string{"packer"}, "")
	w.code(err, "role.unknown")
	// An identity of another tenant grants nothing, whatever it says of itself.
	_, err = w.Invite(w.ctx(), as(w.a, b.Member), eve, "x@example.com", []string{"viewer"}, "")
	w.code(err, "access.lacks_permission")
	_, err = w.Change(w.ctx(), as(w.a, b.Member), eve, bob.Member.ID, Change{Roles: &roles})
	w.code(err, "access.lacks_permission")
	_, err = w.Me(w.ctx(), scope(w.a), eve)
	w.code(err, "member.not_found")
	for _, kind := range []string{"members", "sessions", "keys", "invitations"} {
		var n int
		var err error
		switch kind {
		case "members":
			var l []Member
			l, err = w.List(w.ctx(), sc)
			n = len(l) - 1
		case "sessions":
			var l []access.Session
			l, err = w.access.Sessions(w.ctx(), sc, w.id(bob.Member))
			n = len(l)
		case "keys":
			var l []access.Key
			l, err = w.access.Keys(w.ctx(), sc)
			n = len(l)
		case "invitations":
			var l []Invited
			l, err = w.Invitations(w.ctx(), sc)
			n = len(l)
		}
		if err != nil || n != 0 {
			t.Errorf("%d of the other's %s, %v", n, kind, err)
		}
	}
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Errorf("alpha has changed:\n%s", diff)
	}
}

// snapshot is everything of shop a that people are made of.
func (w *world) snapshot() (list []string) {
	w.t.Helper()
	for _, table := range []string{"members", "member_roles", "roles", "invitations", "sessions", "api_keys", "audit_log"} {
		rows, err := w.owner.Query(w.ctx(), `SELECT t::text FROM `+table+` t WHERE tenant_id = $1 ORDER BY 1`, w.a.Tenant.ID)
		w.must(err)
		for rows.Next() {
			var s string
			w.must(rows.Scan(&s))
			list = append(list, table+" "+s)
		}
		w.must(rows.Err())
	}
	return list
}
