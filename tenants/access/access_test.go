package access

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/platform/base/secrets"
	"allhours/tenants"
)

func newKeys(t testing.TB) secrets.Keys {
	t.Helper()
	text, err := secrets.Generate()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secrets.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func newAccess(t testing.TB, d *db.DB) *Access {
	t.Helper()
	a, err := New(d, tenants.NewWatch(d), newKeys(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// shop puts a tenant into the database.
func shop(t testing.TB, owner *pgx.Conn, slug string) uuid.UUID {
	t.Helper()
	id := db.NewID()
	_, err := owner.Exec(context.Background(), `INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES ($1, $2, $2, 'retail', 'GB', 'GBP', 'Europe/London', 'en', now(), now())`, id, slug)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// person puts a member into the tenant.
func person(t testing.TB, owner *pgx.Conn, tenant uuid.UUID, roles ...string) uuid.UUID {
	t.Helper()
	id := db.NewID()
	_, err := owner.Exec(context.Background(), `INSERT INTO members (tenant_id, id, email, name, password_hash, created_at, updated_at) VALUES ($1, $2, $3, 'Ada', '', now(), now())`, tenant, id, id.String()+"@example.com")
	for _, r := range roles {
		if err == nil {
			_, err = owner.Exec(context.Background(), `INSERT INTO member_roles VALUES ($1, $2, $3)`, tenant, id, r)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// The matrix is written out here, apart from the code: both directions count.
func TestRoleMatrix(t *testing.T) {
	t.Parallel()
	a := newAccess(t, dbtest.New(t))
	const (
		o, m, c, w, s, n, v = "owner", "manager", "clerk", "warehouse", "support", "analyst", "viewer"
	)
	matrix := map[string][]string{
		"orders:read":     {o, m, c, w, s, n, v},
		"orders:write":    {o, m, c, w},
		"orders:cancel":   {o, m, c},
		"orders:refund":   {o, m, c, s},
		"products:read":   {o, m, c, w, s, n, v},
		"products:write":  {o, m},
		"inventory:read":  {o, m, c, w, n, v},
		"inventory:write": {o, m, w},
		"customers:read":  {o, m, c, s, n},
		"customers:write": {o, m, s},
		"customers:erase": {o, m, s},
		"payments:read":   {o, m, c, s, n},
		"payments:write":  {o, m, c},
		"plugins:read":    {o, m, n},
		"plugins:write":   {o, m},
		"alerts:read":     {o, m, c, w, s, n},
		"alerts:write":    {o, m},
		"incidents:write": {o, m, c, w, s},
		"members:read":    {o, m, n},
		"members:write":   {o, m},
		"roles:write":     {o, m},
		"keys:read":       {o, m, n},
		"keys:write":      {o, m},
		"audit:read":      {o, m, n},
		"settings:read":   {o, m, n},
		"settings:write":  {o, m},
		"account:write":   {o},
		"reports:read":    {o, m, n},
		"imports:write":   {o, m},
	}
	if len(matrix) != len(permissions) {
		t.Errorf("%d permissions in the matrix, %d in the code", len(matrix), len(permissions))
	}
	tenant := uuid.New()
	for _, p := range permissions {
		var may []string
		for _, r := range []string{o, m, c, w, s, n, v} {
			if a.Allowed(t.Context(), Identity{Kind: Member, ID: uuid.New(), Tenant: tenant, Roles: []string{r}}, p.Name) {
				may = append(may, r)
			}
		}
		if diff := cmp.Diff(matrix[p.Name], may); diff != "" {
			t.Errorf("%s (-matrix +code):\n%s", p.Name, diff)
		}
	}
}

func TestNobodyElseIsAllowed(t *testing.T) {
	t.Parallel()
	a := newAccess(t, dbtest.New(t))
	tenant, owner := uuid.New(), []string{Owner}
	for name, id := range map[string]Identity{
		"anonymous":            {},
		"customer with a role": {Kind: Customer, ID: uuid.New(), Tenant: tenant, Roles: owner},
		"guest":                {Kind: Guest, Tenant: tenant, OrderID: uuid.New(), Roles: owner},
		"operator":             {Kind: Operator, ID: uuid.New(), Roles: owner},
		"member without roles": {Kind: Member, ID: uuid.New(), Tenant: tenant},
		"member of no tenant":  {Kind: Member, ID: uuid.New(), Roles: owner},
		"unknown role":         {Kind: Member, ID: uuid.New(), Tenant: tenant, Roles: []string{"boss"}},
		"typed role":           {Kind: Member, ID: uuid.New(), Tenant: tenant, Roles: []string{"r:owner", "r:r:owner", "*", ""}},
		"named like a role":    {Kind: Member, ID: uuid.New(), Name: "r:owner", Tenant: tenant, Roles: []string{"boss"}},
		"key without scopes":   {Kind: APIKey, ID: uuid.New(), Tenant: tenant, Roles: owner},
		"key, other scope":     {Kind: APIKey, ID: uuid.New(), Tenant: tenant, Roles: owner, Scopes: []string{"orders:write"}},
		"key, weak creator":    {Kind: APIKey, ID: uuid.New(), Tenant: tenant, Roles: []string{Warehouse}, Scopes: []string{"customers:read"}},
		"unknown kind":         {Kind: "robot", ID: uuid.New(), Tenant: tenant, Roles: owner},
	} {
		for _, p := range []string{"customers:read", "orders:read", "*", "", "orders:*", "nonsense:read"} {
			if name == "key, weak creator" && p != "customers:read" {
				continue
			}
			if a.Allowed(t.Context(), id, p) {
				t.Errorf("%s may %q", name, p)
			}
		}
	}
	if a.Allowed(t.Context(), Identity{Kind: Member, ID: uuid.New(), Tenant: tenant, Roles: owner}, "nonsense:read") {
		t.Error("an owner may what does not exist")
	}
}

// A database that cannot be asked is a denial, also where yesterday's answer was yes.
func TestErrorIsADenial(t *testing.T) {
	t.Parallel()
	d := dbtest.Create(t)
	owner := d.Owner(t)
	tenant := shop(t, owner, "a")
	if _, err := owner.Exec(t.Context(), `INSERT INTO roles (tenant_id, name, title, permissions, created_at, updated_at) VALUES ($1, 'packer', '{"en": "Packer"}', '{orders:read}', now(), now()), ($1, 'owner', '{"en": "x"}', '{audit:read}', now(), now())`, tenant); err != nil {
		t.Fatal(err)
	}
	a := newAccess(t, d.DB)
	id := Identity{Kind: Member, ID: uuid.New(), Tenant: tenant, Roles: []string{"packer"}}
	if !a.Allowed(t.Context(), id, "orders:read") || a.Allowed(t.Context(), id, "orders:write") {
		t.Error("a role of the tenant's own is not what it says")
	}
	other := id
	other.Tenant = shop(t, owner, "b")
	if a.Allowed(t.Context(), other, "orders:read") {
		t.Error("the role works in another tenant")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if a.Allowed(gone, id, "orders:read") {
		t.Error("allowed without having asked")
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	tenant := uuid.New()
	token, h := mint(keyPrefix, tenant)
	of, got, ok := parse(keyPrefix, token)
	if !ok || of != tenant || got != h || len(token) != len(keyPrefix)+64 || !strings.HasPrefix(token, shown(token)) {
		t.Errorf("%s: %v %v %v", token, of, got == h, ok)
	}
	for _, bad := range []string{"", "ahk_", token[:len(token)-1], token + "A", strings.Replace(token, "ahk_", "ahs_", 1), "ahk_" + strings.Repeat("=", 64), "ahk_" + strings.Repeat("\x00", 64)} {
		if _, _, ok := parse(keyPrefix, bad); ok {
			t.Errorf("%q is taken for a token", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	token, _ := mint(memberPrefix, uuid.New())
	f.Add(token)
	f.Fuzz(func(t *testing.T, s string) {
		tenant, h, ok := parse(memberPrefix, s)
		if again, h2, ok2 := parse(memberPrefix, s); ok != ok2 || tenant != again || h != h2 {
			t.Error("not the same twice")
		}
	})
}

func TestTOTPCodeWorksOnceAndForItsOwner(t *testing.T) {
	t.Parallel()
	a := newAccess(t, dbtest.New(t))
	tenant, subject, now := uuid.New(), uuid.New(), time.Date(2026, 11, 22, 12, 0, 10, 0, time.UTC)
	made, err := a.NewTOTP(tenant, subject, "Noodle: House", "ada@example.com")
	if err != nil || !strings.HasPrefix(made.URI, "otpauth://totp/") || strings.Contains(string(made.Sealed), made.Secret) {
		t.Fatalf("%+v, %v", made, err)
	}
	code := func(at time.Time) string {
		c, err := totp.GenerateCode(made.Secret, at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	check := func(code string, at time.Time, last int64) (int64, bool) {
		t.Helper()
		step, ok, err := a.CheckTOTP(tenant, subject, made.Sealed, code, at, last)
		if err != nil {
			t.Fatal(err)
		}
		return step, ok
	}
	step, ok := check(code(now), now, 0)
	if !ok {
		t.Fatal("the right code is refused")
	}
	if _, ok := check(code(now), now.Add(time.Second), step); ok {
		t.Error("a code works twice")
	}
	if _, ok := check(code(now.Add(-30*time.Second)), now, step); ok {
		t.Error("an older code works after a newer one")
	}
	for _, off := range []time.Duration{-30 * time.Second, 30 * time.Second} {
		if _, ok := check(code(now.Add(off)), now, 0); !ok {
			t.Errorf("a clock %s off is not forgiven", off)
		}
	}
	for _, off := range []time.Duration{-60 * time.Second, 60 * time.Second, time.Hour} {
		if _, ok := check(code(now.Add(off)), now, 0); ok {
			t.Errorf("a clock %s off is forgiven", off)
		}
	}
	for _, bad := range []string{"", "000000", "12345", "1234567", "abcdef"} {
		if _, ok := check(bad, now, 0); ok && bad != code(now) {
			t.Errorf("%q works", bad)
		}
	}
	if _, _, err := a.CheckTOTP(tenant, uuid.New(), made.Sealed, code(now), now, 0); err == nil {
		t.Error("the sealed secret opens in another's row")
	}
}

func TestRecoveryCodesAreBoundToTheirOwner(t *testing.T) {
	t.Parallel()
	tenant, ada, bob := uuid.New(), uuid.New(), uuid.New()
	codes, hashes := NewRecoveryCodes(tenant, ada)
	if len(codes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != 10 {
		t.Fatalf("%v", codes)
	}
	if typed := strings.ToUpper(strings.ReplaceAll(codes[3], "-", " ")); string(RecoveryHash(tenant, ada, typed)) != string(hashes[3]) {
		t.Errorf("%q is not recognised", typed)
	}
	if string(RecoveryHash(tenant, bob, codes[3])) == string(hashes[3]) || string(RecoveryHash(uuid.New(), ada, codes[3])) == string(hashes[3]) {
		t.Error("the code has the same hash for someone else")
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"198.51.100.7": "198.51.100.7", "::ffff:198.51.100.7": "198.51.100.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "unknown", "x": "unknown",
	} {
		if got := network(ip); got != want {
			t.Errorf("network(%q) = %q, want %q", ip, got, want)
		}
	}
}

func TestOrderLinkShowsOneOrder(t *testing.T) {
	t.Parallel()
	a := newAccess(t, dbtest.New(t))
	tenant, order, other := uuid.New(), uuid.New(), uuid.New()
	token := a.OrderToken(tenant, order, time.Now().Add(time.Hour))
	id, err := a.Authenticate(t.Context(), uuid.Nil, Credential{Kind: OrderToken, Secret: token})
	if diff := cmp.Diff(Identity{Kind: Guest, Tenant: tenant, OrderID: order}, id); diff != "" || err != nil {
		t.Error(diff, err)
	}
	expired := a.OrderToken(tenant, order, time.Now().Add(-time.Hour))
	for name, c := range map[string]struct {
		tenant uuid.UUID
		token  string
	}{"another tenant": {other, token}, "expired": {tenant, expired}, "other purpose": {tenant, a.signer.Sign("device", time.Time{}, tenant.String(), order.String())}, "nothing": {tenant, ""}} {
		if _, err := a.Authenticate(t.Context(), c.tenant, Credential{Kind: OrderToken, Secret: c.token}); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOperatorsSignInWithACode(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	d := dbtest.New(t).WithClock(func() time.Time { return now })
	a := newAccess(t, d)
	const password = "violet-tractor-92-nimbus"
	n, err := a.CreateOperator(t.Context(), "Root@example.com", "Grace", password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.CreateOperator(t.Context(), "root@EXAMPLE.com", "Eve", password); fault.CodeOf(err) != "operator.exists" {
		t.Errorf("a second account of the address: %v", err)
	}
	if _, err := a.CreateOperator(t.Context(), "x@example.com", "Eve", "short"); fault.CodeOf(err) != "password.weak" {
		t.Errorf("a weak password: %v", err)
	}
	code := func() string {
		c, err := totp.GenerateCode(n.TOTP.Secret, now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	login := func(email, password, code, ip string) (Opened, string) {
		o, _, err := a.OperatorLogin(t.Context(), email, password, code, Client{IP: ip})
		return o, fault.CodeOf(err)
	}
	for _, c := range []struct{ email, password, code, want string }{
		{"root@example.com", "wrong", "", "auth.invalid"},
		{"nobody@example.com", password, "", "auth.invalid"},
		{"root@example.com", password, "", "auth.code_required"},
		{"root@example.com", password, "000000", "auth.code_invalid"},
	} {
		if _, got := login(c.email, c.password, c.code, "192.0.2.1"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	o, got := login(" root@example.com", password, code(), "192.0.2.1")
	if got != "" {
		o, got = login("root@example.com", password, code(), "192.0.2.1")
	}
	if got != "" {
		t.Fatal(got)
	}
	if _, got := login("root@example.com", password, code(), "192.0.2.1"); got != "auth.code_invalid" {
		t.Errorf("the code works twice: %q", got)
	}
	who := func() error {
		id, err := a.Authenticate(t.Context(), uuid.Nil, Credential{Kind: OperatorSession, Secret: o.Token})
		if err == nil && (id.Kind != Operator || id.Name != "Grace" || id.Tenant != uuid.Nil) {
			t.Errorf("%+v", id)
		}
		return err
	}
	if err := who(); err != nil {
		t.Error(err)
	}
	now = now.Add(50 * time.Minute)
	if err := who(); err != nil {
		t.Error("in use: ", err)
	}
	now = now.Add(61 * time.Minute)
	if err := who(); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("an hour idle: %v", err)
	}
	for i := range 6 {
		_, got = login("root@example.com", "wrong", "", "203.0.113.9")
		if want := map[bool]string{true: "auth.invalid", false: "auth.too_many"}[i < 5]; got != want {
			t.Errorf("attempt %d: %s, want %s", i, got, want)
		}
	}
	if err := d.InTx(t.Context(), db.Scope{Tenant: uuid.New()}, func(tx *db.Tx) error { return tx.Exec(`SELECT * FROM operators`).Error }); err == nil {
		t.Error("a tenant's transaction sees operators")
	}
}
