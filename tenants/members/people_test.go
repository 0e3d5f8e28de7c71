package members

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants"
	"allhours/tenants/access"
)

func (w *world) change(by Member, id uuid.UUID, roles []string, status string) error {
	c := Change{}
	if roles != nil {
		c.Roles = &roles
	}
	if status != "" {
		c.Status = &status
	}
	_, err := w.Change(w.ctx(), as(w.a, by), w.id(by), id, c)
	return err
}

func TestInvitation(t *testing.T) {
	w := newWorld(t)
	in, err := w.Invite(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), " bob@example.com", []string{"clerk", "warehouse", "clerk"}, "zh")
	w.must(err)
	mail := w.links(EventInvited)
	want := LinkV1{Kind: Invitation, ID: in.ID, Email: "bob@example.com", Language: "zh", Shop: "The alpha", Slug: "alpha", InvitedBy: "Ada", ExpiresAt: in.ExpiresAt}
	if diff := cmp.Diff([]LinkV1{want}, mail); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	token := w.Token(Invitation, w.a.Tenant.ID, in.ID, in.ExpiresAt)
	offer, err := w.Offer(w.ctx(), token)
	w.must(err)
	if diff := cmp.Diff(Offer{Shop: "The alpha", Slug: "alpha", Email: "bob@example.com", Roles: []string{"clerk", "warehouse"}, Language: "zh", InvitedBy: "Ada", ExpiresAt: in.ExpiresAt}, offer); diff != "" {
		t.Error(diff)
	}
	_, err = w.Accept(w.ctx(), token, " ", password, db.Actor{}, client)
	w.code(err, "invalid")
	_, err = w.Accept(w.ctx(), token, "Bob", "bob-bob-bob", db.Actor{}, client)
	w.code(err, "password.weak")
	got, err := w.Accept(w.ctx(), token, "Bob", password, db.Actor{Via: "ui"}, client)
	w.must(err)
	if !got.Member.EmailConfirmed || !slices.Equal(got.Member.Roles, []string{"clerk", "warehouse"}) {
		t.Errorf("%+v", got.Member)
	}
	id, err := w.who(w.ctx(), got.Session.Token)
	w.must(err)
	if !w.access.Allowed(w.ctx(), id, "orders:refund") || w.access.Allowed(w.ctx(), id, "members:write") {
		t.Errorf("the new member may not what his roles say: %+v", id)
	}
	_, err = w.Accept(w.ctx(), token, "Bob", password, db.Actor{}, client)
	w.code(err, "link.invalid")
	_, err = w.Invite(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), "BOB@example.com", []string{"clerk"}, "")
	w.code(err, "member.email_taken")
}

func TestInvitationsThatDoNotCount(t *testing.T) {
	w := newWorld(t)
	c := newClock()
	w.withClock(c)
	invite := func(by Member, email string, roles ...string) (Invited, error) {
		return w.Invite(w.ctx(), as(w.a, by), w.id(by), email, roles, "")
	}
	accept := func(in Invited) error {
		_, err := w.Accept(w.ctx(), w.Token(Invitation, w.a.Tenant.ID, in.ID, in.ExpiresAt), "Bob", password, db.Actor{}, client)
		return err
	}
	for name, x := range map[string]struct {
		email string
		roles []string
		want  string
	}{
		"no address":   {"bob", []string{"clerk"}, "invalid"},
		"two":          {"bob@example.com, eve@example.com", []string{"clerk"}, "invalid"},
		"no role":      {"bob@example.com", nil, "invalid"},
		"unknown role": {"bob@example.com", []string{"boss"}, "role.unknown"},
	} {
		if _, err := invite(w.a.Member, x.email, x.roles...); fault.CodeOf(err) != x.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	older, err := invite(w.a.Member, "bob@example.com", "clerk")
	w.must(err)
	newer, err := invite(w.a.Member, "bob@example.com", "viewer")
	w.must(err)
	w.code(accept(older), "link.invalid")
	w.must(w.Uninvite(w.ctx(), scope(w.a), newer.ID))
	w.code(accept(newer), "link.invalid")
	w.code(w.Uninvite(w.ctx(), scope(w.a), newer.ID), "invitation.not_found")
	late, err := invite(w.a.Member, "bob@example.com", "clerk")
	w.must(err)
	c.pass(8 * 24 * time.Hour)
	w.code(accept(late), "link.invalid")

	mia := w.invite(w.a.Member, "mia@example.com", "manager")
	by, err := invite(mia.Member, "bob@example.com", "manager")
	w.must(err)
	w.must(w.change(w.a.Member, mia.Member.ID, []string{"viewer"}, ""))
	w.code(accept(by), "invitation.void")
	if list, err := w.Invitations(w.ctx(), scope(w.a)); err != nil || len(list) != 1 || list[0].InvitedBy != "Bob" {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = invite(mia.Member, "eve@example.com", "clerk")
	w.code(err, "access.lacks_permission")
	_, err = w.Invite(w.ctx(), scope(w.a), access.Identity{Kind: access.APIKey, ID: uuid.New(), Tenant: w.a.Tenant.ID, Roles: []string{"owner"}, Scopes: []string{"members:write"}}, "x@example.com", []string{"viewer"}, "")
	w.code(err, "invitation.needs_member")
}

func TestPlanBoundsMembersAndInvitations(t *testing.T) {
	w := newWorld(t)
	var g errgroup.Group
	codes := make(chan string, 12)
	for i := range 12 { // the plan allows five, one is the owner
		g.Go(func() error {
			_, err := w.Invite(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), fmt.Sprintf("p%d@example.com", i), []string{"viewer"}, "")
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
	if diff := cmp.Diff(map[string]int{"": 4, "plan.limit_reached": 8}, n); diff != "" {
		t.Error(diff)
	}
	_, err := w.Invite(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), "late@example.com", []string{"viewer"}, "")
	got := fault.Of(err)
	if diff := cmp.Diff(map[string]any{"metric": "users", "limit": int64(5), "used": int64(5), "plan": "free", "upgrade": "standard"}, got.Data); diff != "" {
		t.Error(diff)
	}
	_, err = w.tenants.SetPlan(w.ctx(), scope(w.a), "standard")
	w.must(err)
	_, err = w.Invite(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), "late@example.com", []string{"viewer"}, "")
	w.must(err)
}

func TestLastOwnerStays(t *testing.T) {
	w := newWorld(t)
	ada := w.a.Member
	w.code(w.change(ada, ada.ID, []string{"manager"}, ""), "member.last_owner")
	w.code(w.change(ada, ada.ID, nil, Disabled), "member.last_owner")
	w.code(w.Remove(w.ctx(), as(w.a, ada), w.id(ada), ada.ID), "member.last_owner")
	bob := w.invite(ada, "bob@example.com", "owner").Member
	w.must(w.change(ada, bob.ID, nil, Disabled)) // a disabled owner is none
	w.code(w.change(ada, ada.ID, []string{"manager"}, ""), "member.last_owner")
	w.must(w.change(ada, bob.ID, nil, Active))

	// Both give the role up at once: one of them cannot. Which, and whether they meet, is chance, hence the rounds.
	for range 20 {
		var g errgroup.Group
		codes := [2]string{}
		for i, m := range []Member{ada, bob} {
			g.Go(func() error {
				codes[i] = fault.CodeOf(w.change(m, m.ID, []string{"viewer"}, ""))
				return nil
			})
		}
		w.must(g.Wait())
		switch codes {
		case [2]string{"", "member.last_owner"}:
			w.must(w.change(bob, ada.ID, []string{"owner"}, ""))
		case [2]string{"member.last_owner", ""}:
			w.must(w.change(ada, bob.ID, []string{"owner"}, ""))
		default:
			t.Fatalf("%v", codes)
		}
	}
}

func TestNobodyReachesAboveHimself(t *testing.T) {
	w := newWorld(t)
	ada := w.a.Member
	mia := w.invite(ada, "mia@example.com", "manager").Member
	bob := w.invite(ada, "bob@example.com", "viewer").Member
	w.code(w.change(mia, mia.ID, []string{"owner"}, ""), "access.lacks_permission")
	w.code(w.change(mia, bob.ID, []string{"owner"}, ""), "access.lacks_permission")
	w.code(w.change(mia, ada.ID, []string{"viewer"}, ""), "access.lacks_permission")
	w.code(w.change(mia, ada.ID, nil, Disabled), "access.lacks_permission")
	w.code(w.Remove(w.ctx(), as(w.a, mia), w.id(mia), ada.ID), "access.lacks_permission")
	w.code(w.change(bob, bob.ID, []string{"manager"}, ""), "access.lacks_permission")
	w.must(w.change(mia, bob.ID, []string{"clerk"}, ""))
	w.code(w.change(mia, uuid.New(), []string{"clerk"}, ""), "member.not_found")
	w.code(w.change(ada, bob.ID, []string{"boss"}, ""), "role.unknown")
	w.code(w.change(ada, bob.ID, []string{}, ""), "invalid")
	w.code(w.change(ada, bob.ID, nil, "removed"), "invalid")

	role := access.Role{Name: "buyer", Title: map[string]string{"en": "Buyer"}, Permissions: []string{"inventory:write", "products:read"}}
	_, err := w.access.CreateRole(w.ctx(), scope(w.a), w.id(bob), role)
	w.code(err, "access.lacks_permission")
	_, err = w.access.CreateRole(w.ctx(), scope(w.a), w.id(mia), role)
	w.must(err)
	role.Permissions = []string{"account:write"}
	_, err = w.access.ChangeRole(w.ctx(), scope(w.a), w.id(mia), role)
	w.code(err, "access.lacks_permission")
	// What a stale identity claims does not count.
	claim := w.id(bob)
	claim.Roles = []string{"owner"}
	_, err = w.access.ChangeRole(w.ctx(), scope(w.a), claim, role)
	w.code(err, "access.lacks_permission")
}

func TestRolesOfOnesOwn(t *testing.T) {
	w := newWorld(t)
	ada, sc := w.id(w.a.Member), scope(w.a)
	make := func(name string, permissions ...string) error {
		_, err := w.access.CreateRole(w.ctx(), sc, ada, access.Role{Name: name, Title: map[string]string{"en": name}, Permissions: permissions})
		return err
	}
	w.must(make("packer", "orders:read", "orders:write"))
	w.code(make("packer", "orders:read"), "role.exists")
	w.code(make("owner", "orders:read"), "role.invalid")
	w.code(make("r:owner", "orders:read"), "role.invalid")
	w.code(make("a,owner", "orders:read"), "role.invalid")
	w.code(make("x1", "orders:fly"), "role.invalid")
	w.code(w.access.DeleteRole(w.ctx(), sc, "owner"), "role.builtin")
	w.code(w.access.DeleteRole(w.ctx(), sc, "nothing"), "role.not_found")
	pat := w.invite(w.a.Member, "pat@example.com", "packer")
	id, err := w.who(w.ctx(), pat.Session.Token)
	w.must(err)
	if !w.access.Allowed(w.ctx(), id, "orders:write") || w.access.Allowed(w.ctx(), id, "orders:refund") {
		t.Error("the role is not what it says")
	}
	w.code(w.access.DeleteRole(w.ctx(), sc, "packer"), "role.in_use")
	_, err = w.access.ChangeRole(w.ctx(), sc, ada, access.Role{Name: "packer", Title: map[string]string{"en": "Packer"}, Permissions: []string{"orders:refund"}})
	w.must(err)
	if w.access.Allowed(w.ctx(), id, "orders:write") || !w.access.Allowed(w.ctx(), id, "orders:refund") {
		t.Error("the change is not seen")
	}
	w.must(w.change(w.a.Member, pat.Member.ID, []string{"viewer"}, ""))
	w.must(w.access.DeleteRole(w.ctx(), sc, "packer"))
	list, err := w.access.Roles(w.ctx(), sc)
	w.must(err)
	if len(list) != 7 || list[0].Name != "owner" || !list[0].Builtin {
		t.Errorf("%+v", list)
	}
}

func TestRemovedMembersAreOut(t *testing.T) {
	w := newWorld(t)
	mia := w.invite(w.a.Member, "mia@example.com", "manager")
	id, err := w.who(w.ctx(), mia.Session.Token)
	w.must(err)
	key, err := w.access.CreateKey(w.ctx(), as(w.a, mia.Member), id, "till", []string{"orders:read"}, nil)
	w.must(err)
	in, err := w.Invite(w.ctx(), as(w.a, mia.Member), id, "friend@example.com", []string{"viewer"}, "")
	w.must(err)
	w.must(w.Remove(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), mia.Member.ID))
	if _, err := w.who(w.ctx(), mia.Session.Token); !unauthenticated(err) {
		t.Errorf("session: %v", err)
	}
	if _, err := w.access.Authenticate(w.ctx(), uuid.Nil, access.Credential{Kind: access.KeySecret, Secret: key.Secret}); !unauthenticated(err) {
		t.Errorf("key: %v", err)
	}
	_, err = w.Offer(w.ctx(), w.Token(Invitation, w.a.Tenant.ID, in.ID, in.ExpiresAt))
	w.code(err, "link.invalid")
	_, err = w.login(Login{Email: "mia@example.com", Password: password}, client)
	w.code(err, "auth.invalid")
	list, err := w.List(w.ctx(), scope(w.a))
	w.must(err)
	if len(list) != 1 {
		t.Errorf("%+v", list)
	}
	again := w.invite(w.a.Member, "mia@example.com", "viewer")
	if again.Member.ID == mia.Member.ID {
		t.Error("someone removed came back as the same member")
	}
}

func TestAPIKeys(t *testing.T) {
	w := newWorld(t)
	c := newClock()
	w.withClock(c)
	mia := w.invite(w.a.Member, "mia@example.com", "manager")
	id := w.id(mia.Member)
	sc := as(w.a, mia.Member)
	use := func(secret string) (access.Identity, error) {
		return w.access.Authenticate(w.ctx(), uuid.Nil, access.Credential{Kind: access.KeySecret, Secret: secret})
	}
	_, err := w.access.CreateKey(w.ctx(), sc, id, "till", []string{"orders:read", "account:write"}, nil)
	w.code(err, "access.lacks_permission")
	_, err = w.access.CreateKey(w.ctx(), sc, id, "", []string{"orders:fly"}, &c.now)
	if w.code(err, "key.invalid"); len(fault.Of(err).Fields) != 3 {
		t.Errorf("%v", err)
	}
	expires := c.now.Add(48 * time.Hour)
	key, err := w.access.CreateKey(w.ctx(), sc, id, "till", []string{"orders:write", "orders:read", "orders:read"}, &expires)
	w.must(err)
	who, err := use(key.Secret)
	w.must(err)
	if who.Kind != access.APIKey || !w.access.Allowed(w.ctx(), who, "orders:write") || w.access.Allowed(w.ctx(), who, "products:write") {
		t.Errorf("%+v", who)
	}
	_, err = w.access.CreateKey(w.ctx(), sc, who, "child", []string{"orders:read"}, nil)
	w.code(err, "key.needs_member")

	// The creator comes down: so does the key, and up again with him.
	w.must(w.change(w.a.Member, mia.Member.ID, []string{"viewer"}, ""))
	if who, err = use(key.Secret); err != nil || w.access.Allowed(w.ctx(), who, "orders:write") || !w.access.Allowed(w.ctx(), who, "orders:read") {
		t.Errorf("the key can more than its creator: %+v, %v", who, err)
	}
	_, err = w.access.RotateKey(w.ctx(), sc, id, key.ID)
	w.code(err, "access.lacks_permission")
	w.must(w.change(w.a.Member, mia.Member.ID, nil, Disabled))
	_, err = use(key.Secret)
	w.code(err, "auth.required")
	w.must(w.change(w.a.Member, mia.Member.ID, []string{"manager"}, Active))

	fresh, err := w.access.RotateKey(w.ctx(), sc, id, key.ID)
	w.must(err)
	for _, s := range []string{key.Secret, fresh.Secret} {
		if _, err := use(s); err != nil {
			t.Errorf("within the overlap: %v", err)
		}
	}
	w.access.Flush(w.ctx())
	list, err := w.access.Keys(w.ctx(), sc)
	w.must(err)
	if len(list) != 1 || list[0].LastUsedAt == nil || list[0].Prefix != fresh.Secret[:12] || fresh.Prefix == key.Prefix {
		t.Errorf("%+v", list)
	}
	c.pass(25 * time.Hour)
	_, err = use(key.Secret)
	w.code(err, "auth.required")
	_, err = use(fresh.Secret)
	w.must(err)
	c.pass(24 * time.Hour)
	_, err = use(fresh.Secret)
	w.code(err, "auth.required") // expired

	other, err := w.access.CreateKey(w.ctx(), sc, id, "till", []string{"orders:read"}, nil)
	w.must(err)
	w.must(w.access.RevokeKey(w.ctx(), sc, other.ID))
	_, err = use(other.Secret)
	w.code(err, "auth.required")
	w.code(w.access.RevokeKey(w.ctx(), sc, other.ID), "key.not_found")
}

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

// Whatever members do to each other with roles, custom roles and status, nobody ends with a permission that the one who gave it lacked, and there is always an owner.
func TestPermissionsDoNotGrow(t *testing.T) {
	w := newWorld(t)
	_, err := w.tenants.SetPlan(w.ctx(), scope(w.a), "unlimited")
	w.must(err)
	people := []Member{w.a.Member}
	for i, role := range []string{"manager", "clerk", "viewer", "support"} {
		people = append(people, w.invite(w.a.Member, fmt.Sprintf("p%d@example.com", i), role).Member)
	}
	may := func() map[uuid.UUID]access.Set {
		sets := map[uuid.UUID]access.Set{}
		w.must(w.db.InTx(w.ctx(), scope(w.a), func(tx *db.Tx) (err error) {
			for _, p := range people {
				if sets[p.ID], err = w.access.PermissionsTx(tx, w.id(p)); err != nil {
					return err
				}
			}
			return nil
		}))
		return sets
	}
	all := []string{"owner", "manager", "clerk", "warehouse", "support", "analyst", "viewer", "own-1", "own-2"}
	permissions := []string{"orders:read", "orders:refund", "members:write", "roles:write", "account:write", "settings:write", "audit:read"}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(rt, "steps") {
			by, to := rapid.SampledFrom(people).Draw(rt, "by"), rapid.SampledFrom(people).Draw(rt, "to")
			before := may()
			held := before[by.ID]
			var err error
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				err = w.change(by, to.ID, rapid.SliceOfN(rapid.SampledFrom(all), 1, 3).Draw(rt, "roles"), "")
			case 1:
				err = w.change(by, to.ID, nil, rapid.SampledFrom([]string{Active, Disabled}).Draw(rt, "status"))
			case 2, 3:
				r := access.Role{Name: rapid.SampledFrom([]string{"own-1", "own-2"}).Draw(rt, "role"), Title: map[string]string{"en": "x"}, Permissions: rapid.SliceOf(rapid.SampledFrom(permissions)).Draw(rt, "permissions")}
				if _, err = w.access.CreateRole(w.ctx(), scope(w.a), w.id(by), r); fault.CodeOf(err) == "role.exists" {
					_, err = w.access.ChangeRole(w.ctx(), scope(w.a), w.id(by), r)
				}
			}
			if err != nil && fault.KindOf(err) == fault.Internal {
				rt.Fatal(err)
			}
			owners := 0
			after := may()
			for _, p := range people {
				now := after[p.ID]
				for perm := range now {
					if !before[p.ID][perm] && !held[perm] {
						rt.Fatalf("%s got %s from %s, who has it not", p.Email, perm, by.Email)
					}
				}
				if now["account:write"] && len(now) > 20 {
					owners++
				}
			}
			if owners == 0 {
				rt.Fatal("no owner is left")
			}
		}
	})
}

// A second process sees within a second that a session ended, a role changed, a key was revoked, though it keeps them in memory.
func TestOtherProcessesNoticeWithinASecond(t *testing.T) {
	w := newWorld(t)
	d, err := db.Open(w.ctx(), db.Config{URL: w.base.AppURL, MaxConns: 6})
	w.must(err)
	t.Cleanup(d.Close)
	far := w.start(d)
	for _, n := range []node{w.node, far} {
		go n.tenants.Watch.Run(w.ctx())
		eventually(t, 5*time.Second, n.tenants.Watch.Fresh)
	}
	mia := w.invite(w.a.Member, "mia@example.com", "manager")
	key, err := w.access.CreateKey(w.ctx(), as(w.a, mia.Member), w.id(mia.Member), "till", []string{"orders:write"}, nil)
	w.must(err)
	far.recall(t, mia.Session.Token, key.Secret)

	within := func(what string, change func(), seen func() bool) {
		t.Helper()
		change()
		began := time.Now()
		eventually(t, 5*time.Second, seen)
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %s to be seen", what, took)
		}
	}
	member := func() (access.Identity, error) { return far.who(w.ctx(), mia.Session.Token) }
	byKey := func() (access.Identity, error) {
		return far.access.Authenticate(w.ctx(), uuid.Nil, access.Credential{Kind: access.KeySecret, Secret: key.Secret})
	}
	within("a role", func() { w.must(w.change(w.a.Member, mia.Member.ID, []string{"viewer"}, "")) }, func() bool {
		m, err1 := member()
		k, err2 := byKey()
		return err1 == nil && err2 == nil && !far.access.Allowed(w.ctx(), m, "orders:write") && !far.access.Allowed(w.ctx(), k, "orders:write")
	})
	far.recall(t, mia.Session.Token, key.Secret)
	within("a revoked key", func() { w.must(w.access.RevokeKey(w.ctx(), scope(w.a), key.ID)) }, func() bool {
		_, err := byKey()
		return unauthenticated(err)
	})
	far.recall(t, mia.Session.Token, "")
	within("a session that ended", func() { w.must(w.access.EndSession(w.ctx(), scope(w.a), w.id(mia.Member), mia.Session.ID)) }, func() bool {
		_, err := member()
		return unauthenticated(err)
	})
	_, err = far.tenants.Get(w.ctx(), w.a.Tenant.ID)
	w.must(err)
	within("a setting", func() {
		name := "Renamed"
		_, err := w.tenants.Update(w.ctx(), as(w.a, w.a.Member), tenants.Change{Name: &name})
		w.must(err)
	}, func() bool {
		n, err := far.tenants.Get(w.ctx(), w.a.Tenant.ID)
		return err == nil && n.Name == "Renamed"
	})
}

// recall makes the process keep the session and the key in memory, and proves that it does: the rows behind them may go without its noticing.
func (n node) recall(t *testing.T, session, key string) {
	t.Helper()
	for range 2 {
		if _, err := n.who(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		if key == "" {
			continue
		}
		if _, err := n.access.Authenticate(t.Context(), uuid.Nil, access.Credential{Kind: access.KeySecret, Secret: key}); err != nil {
			t.Fatal(err)
		}
	}
}

func eventually(t *testing.T, within time.Duration, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
	}
}

// What is in memory is believed only while the watch runs: else a process cut off from the database would let the revoked in.
func TestMemoryIsNotBelievedWithoutTheWatch(t *testing.T) {
	w := newWorld(t)
	if _, err := w.who(w.ctx(), w.a.Session.Token); err != nil {
		t.Fatal(err)
	}
	for _, behind := range []string{`UPDATE members SET status = 'disabled'`, `UPDATE members SET status = 'active'; DELETE FROM sessions`} { // not through us: no version moves
		_, err := w.owner.Exec(w.ctx(), behind)
		w.must(err)
		if _, err := w.who(w.ctx(), w.a.Session.Token); !unauthenticated(err) {
			t.Errorf("believed after %s: %v", behind, err)
		}
	}
}

// While the watch runs, memory is what answers; else the tests above would show nothing.
func TestMemoryAnswersWhileTheWatchRuns(t *testing.T) {
	w := newWorld(t)
	go w.tenants.Watch.Run(w.ctx())
	eventually(t, 5*time.Second, w.tenants.Watch.Fresh)
	eventually(t, 5*time.Second, func() bool {
		_, err := w.who(w.ctx(), w.a.Session.Token)
		w.must(err)
		return w.remembers(w.a.Session.Token)
	})
}

// remembers tries whether the process answers from memory: the row is hidden from it for a moment.
func (w *world) remembers(token string) bool {
	_, err := w.owner.Exec(w.ctx(), `UPDATE sessions SET expires_at = expires_at - interval '100 days'`)
	w.must(err)
	_, err = w.who(w.ctx(), token)
	_, back := w.owner.Exec(w.ctx(), `UPDATE sessions SET expires_at = expires_at + interval '100 days'`)
	w.must(back)
	return err == nil
}
