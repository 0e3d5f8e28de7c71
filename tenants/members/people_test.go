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
	if diff := cmp.Diff(Offer{Shop: "The alpha", Slug: "alpha", Email: "bob@example.com", Roles: []string{"clerk", "warehouse"}, RoleTitles: []map[string]string{{"en": "Clerk", "zh": "店员"}, {"en": "Warehouse", "zh": "仓库"}}, Language: "zh", InvitedBy: "Ada", ExpiresAt: in.ExpiresAt}, offer); diff != "" {
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
