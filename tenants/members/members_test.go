package members

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/tenants"
	"allhours/tenants/access"
)

const password = "violet-tractor-92-nimbus"

// node is one process of an installation.
type node struct {
	*Members
	access  *access.Access
	tenants *tenants.Tenants
}

// world is an installation with a shop, a.
type world struct {
	node
	t     *testing.T
	base  dbtest.Database
	keys  secrets.Keys
	owner *pgx.Conn
	a     SignedUp
}

var client = access.Client{IP: "198.51.100.7", UserAgent: "test"}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	text, err := secrets.Generate()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secrets.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, base: dbtest.Create(t), keys: keys}
	w.owner = w.base.Owner(t)
	w.node = w.start(w.base.DB)
	w.a = w.signUp("alpha", "ada@example.com")
	return w
}

// start runs another process on the same database.
func (w *world) start(d *db.DB) node {
	w.t.Helper()
	ts := tenants.New(d, tenants.Config{BaseDomain: "shops.example"})
	a, err := access.New(d, ts.Watch, w.keys)
	if err != nil {
		w.t.Fatal(err)
	}
	return node{Members: New(d, ts, a, w.keys), access: a, tenants: ts}
}

func opening(slug string) tenants.Opening {
	return tenants.Opening{Business: "The " + slug, Slug: slug, Industry: "retail", Country: "GB"}
}

func (w *world) signUp(slug, email string) SignedUp {
	w.t.Helper()
	out, err := w.SignUp(w.ctx(), SignUp{Opening: opening(slug), Email: email, Password: password, Name: "Ada"}, db.Actor{Via: "ui"}, client)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) ctx() context.Context { return w.t.Context() }

func scope(s SignedUp) db.Scope { return db.Scope{Tenant: s.Tenant.ID} }

// as is the scope of the member of the shop.
func as(s SignedUp, m Member) db.Scope {
	return db.Scope{Tenant: s.Tenant.ID, Actor: db.Actor{Kind: "member", ID: m.ID.String(), Name: m.Name, Via: "ui"}}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) code(err error, want string) {
	w.t.Helper()
	if got := fault.CodeOf(err); got != want {
		w.t.Errorf("error %q, want %q: %v", got, want, err)
	}
}

func (n node) who(ctx context.Context, token string) (access.Identity, error) {
	return n.access.Authenticate(ctx, uuid.Nil, access.Credential{Kind: access.StaffSession, Secret: token})
}

func TestSignUpMakesAShopWithASignedInOwner(t *testing.T) {
	w := newWorld(t)
	id, err := w.who(w.ctx(), w.a.Session.Token)
	w.must(err)
	if id.ID != w.a.Member.ID || id.Tenant != w.a.Tenant.ID || !w.access.Allowed(w.ctx(), id, "account:write") {
		t.Errorf("identity %+v", id)
	}
	in, err := w.Login(w.ctx(), scope(w.a), Login{Email: " ADA@example.com ", Password: password}, client)
	w.must(err)
	if in.Session.Token == w.a.Session.Token || in.Member.ID != w.a.Member.ID || in.Tenant.Slug != "alpha" {
		t.Errorf("signed in as %+v", in)
	}
	for _, l := range []Login{{Email: "ada@example.com", Password: "x"}, {Email: "nobody@example.com", Password: password}, {Email: "ada@example.com"}} {
		_, err := w.Login(w.ctx(), scope(w.a), l, client)
		w.code(err, "auth.invalid")
	}
}

// id is the member as the gateway recognises him, without a session.
func (w *world) id(m Member) access.Identity {
	return access.Identity{Kind: access.Member, ID: m.ID, Name: m.Name, Tenant: w.a.Tenant.ID, Roles: m.Roles}
}

// invite brings someone into shop a.
func (w *world) invite(by Member, email string, roles ...string) SignedIn {
	w.t.Helper()
	in, err := w.Invite(w.ctx(), as(w.a, by), w.id(by), email, roles, "")
	w.must(err)
	out, err := w.Accept(w.ctx(), w.Token(Invitation, w.a.Tenant.ID, in.ID, in.ExpiresAt), "Bob", password, db.Actor{Via: "ui"}, client)
	w.must(err)
	return out
}

// events are the tenant's of the type, in order.
func (w *world) events(typ string) (list []outbox.Event) {
	w.t.Helper()
	rows, err := w.owner.Query(w.ctx(), `SELECT tenant_id, id, type, subject, payload FROM outbox_events WHERE tenant_id = $1 AND type = $2 ORDER BY id`, w.a.Tenant.ID, typ)
	w.must(err)
	for rows.Next() {
		var e outbox.Event
		w.must(rows.Scan(&e.Tenant, &e.ID, &e.Type, &e.Subject, &e.Payload))
		list = append(list, e)
	}
	w.must(rows.Err())
	return list
}

func (w *world) links(typ string) (list []LinkV1) {
	w.t.Helper()
	for _, e := range w.events(typ) {
		var l LinkV1
		w.must(json.Unmarshal(e.Payload, &l))
		list = append(list, l)
	}
	return list
}

func unauthenticated(err error) bool { return err != nil && fault.KindOf(err) == fault.Unauthenticated }

func parseID(t *testing.T, s string) uuid.UUID {
	t.Helper()
	id, err := uuid.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
