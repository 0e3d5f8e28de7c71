package tenants

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/text/currency"
	"pgregory.net/rapid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
)

// zone is a DNS of the test's own.
type zone map[string][]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if r, ok := z[name]; ok {
		return r, nil
	}
	return nil, errors.New("no such name")
}

type world struct {
	*Tenants
	t     *testing.T
	dns   zone
	owner *pgx.Conn
	a, b  db.Scope
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	d := dbtest.Create(t)
	w := &world{t: t, dns: zone{}, owner: d.Owner(t)}
	w.Tenants = New(d.DB, Config{BaseDomain: "shops.example"}).WithResolver(w.dns)
	w.a, w.b = w.create("alpha"), w.create("beta")
	return w
}

func (w *world) create(slug string) db.Scope {
	w.t.Helper()
	n, p, err := w.Prepare(Opening{Business: slug, Slug: slug, Industry: "retail", Country: "GB"})
	w.must(err)
	sc := db.Scope{Tenant: n.ID, Actor: db.Actor{Kind: "member", ID: "m", Via: "ui"}}
	w.must(w.db.InTx(w.ctx(), sc, func(tx *db.Tx) error {
		_, err := w.CreateTx(tx, n, p)
		return err
	}))
	return sc
}

func (w *world) ctx() context.Context { return w.t.Context() }

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

func TestSlugs(t *testing.T) {
	w := newWorld(t)
	for slug, want := range map[string]Availability{
		"gamma":                 {Available: true},
		"a-1":                   {Available: true},
		"alpha":                 {Reason: "slug.taken", Suggestion: "alpha-2"},
		"admin":                 {Reason: "slug.reserved", Suggestion: "admin-2"},
		"www":                   {Reason: "slug.reserved", Suggestion: "www-2"},
		"ab":                    {Reason: "slug.invalid", Suggestion: "ab-2"},
		"-x-":                   {Reason: "slug.invalid", Suggestion: "x-2"},
		"a--b":                  {Reason: "slug.invalid", Suggestion: "a-b"},
		"xn--caf-dma":           {Reason: "slug.invalid", Suggestion: "xn-caf-dma"},
		"Gamma":                 {Reason: "slug.invalid", Suggestion: "gamma"},
		"Café Zoë & Söhne":      {Reason: "slug.invalid", Suggestion: "cafe-zoe-sohne"},
		"shop.example":          {Reason: "slug.invalid", Suggestion: "shop-example"},
		"面馆":                    {Reason: "slug.invalid"},
		strings.Repeat("a", 41): {Reason: "slug.invalid", Suggestion: strings.Repeat("a", 37)},
		"":                      {Reason: "slug.invalid"},
	} {
		got, err := w.Available(w.ctx(), slug)
		w.must(err)
		got.Message = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", slug, diff)
		}
	}
}

// Whatever a business is called, its slug can be part of a host name and can be made into one that is allowed.
func TestSlugsAreHostNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Slugify(rapid.String().Draw(t, "name"))
		if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Contains(s, "--") || strings.HasPrefix(s, "-") || strings.HasSuffix(s, "-") || len(s) > 38 {
			t.Fatalf("%q", s)
		}
		if s != "" && Slugify(s) != s {
			t.Fatalf("%q becomes %q", s, Slugify(s))
		}
		if s != "" && checkSlug(s+"-2") != nil {
			t.Fatalf("%q-2 is refused", s)
		}
	})
}

// What ships with the program must be right, for nobody checks it later.
func TestPresetsAndCountries(t *testing.T) {
	t.Parallel()
	kinds := map[string][]string{
		"stock_low": {"threshold", "hysteresis"}, "payment_failed": {"count", "window_minutes"}, "payment_doubt": {}, "order_unpaid": {"minutes"}, "order_unshipped": {"hours"}, "order_duplicate": {"window_minutes", "score"},
	}
	both := func(what string, texts map[string]string) {
		t.Helper()
		if texts["en"] == "" || texts["zh"] == "" {
			t.Errorf("%s is not in en and zh: %v", what, texts)
		}
	}
	if diff := cmp.Diff([]string{"retail", "restaurant", "hospitality", "services", "wholesale", "digital"}, industries()); diff != "" {
		t.Error(diff)
	}
	for _, p := range presets {
		both(p.ID, p.Title)
		both(p.ID+" description", p.Description)
		both(p.ID+" location", p.Location.Name)
		if !slices.Contains([]string{"store", "warehouse", "kitchen", "property", "virtual"}, p.Location.Kind) || len(p.ProductTypes) == 0 || len(p.FulfilmentTypes) == 0 || len(p.Categories) == 0 {
			t.Errorf("%s lacks something: %+v", p.ID, p)
		}
		for _, f := range p.FulfilmentTypes {
			if !slices.Contains([]string{"ship", "pickup", "digital"}, f) {
				t.Errorf("%s: fulfilment %q", p.ID, f)
			}
		}
		for _, f := range p.ProductTypes {
			if !slices.Contains([]string{"physical", "digital", "food", "stay", "service"}, f) {
				t.Errorf("%s: product type %q", p.ID, f)
			}
		}
		for _, c := range p.Categories {
			both(p.ID+" "+c.Slug, c.Title)
			if Slugify(c.Slug) != c.Slug {
				t.Errorf("%s: category %q", p.ID, c.Slug)
			}
		}
		for _, r := range p.Rules {
			both(p.ID+" "+r.Kind, r.Name)
			for _, param := range kinds[r.Kind] {
				if !strings.Contains(string(r.Params), `"`+param+`"`) {
					t.Errorf("%s: rule %q lacks %s", p.ID, r.Kind, param)
				}
			}
			if kinds[r.Kind] == nil || len(r.Channels) == 0 || len(r.Roles) == 0 || !slices.Contains([]string{"info", "warning", "critical"}, r.Severity) {
				t.Errorf("%s: rule %+v", p.ID, r)
			}
		}
	}
	for _, c := range countries {
		both(c.Code, c.Title)
		n := Tenant{Name: "x", Country: c.Code, Currency: c.Currency, TimeZone: c.TimeZone, Language: "en", Settings: Settings{}.filled()}
		if err := n.check(); err != nil {
			t.Errorf("%s: %v", c.Code, err)
		}
		if region, err := currency.ParseISO(c.Currency); err != nil || region.String() != c.Currency || c.TaxBasisPoints < 0 || c.TaxBasisPoints > 3000 {
			t.Errorf("%+v", c)
		}
	}
	for _, l := range options.TimeZones {
		if !isTimeZone(l) {
			t.Errorf("time zone %q", l)
		}
	}
	for _, l := range options.Languages {
		if !isLanguage(l) {
			t.Errorf("language %q", l)
		}
	}
	for _, p := range plans {
		for _, m := range metrics {
			if _, ok := p.Limits[m]; !ok {
				t.Errorf("plan %s says nothing of %s", p.Name, m)
			}
		}
	}
}

func TestSettings(t *testing.T) {
	w := newWorld(t)
	before, err := w.Get(w.ctx(), w.a.Tenant)
	w.must(err)
	if before.Settings.Order.UnpaidExpiryMinutes != 30 || before.Currency != "GBP" || before.TimeZone != "Europe/London" || !slices.Equal(before.Languages, []string{"en"}) {
		t.Errorf("a new shop: %+v", before)
	}
	text := func(s string) *string { return &s }
	list := func(s ...string) *[]string { return &s }
	for name, c := range map[string]struct {
		change Change
		field  string
	}{
		"empty name":         {Change{Name: text(" ")}, "name"},
		"long name":          {Change{Name: text(strings.Repeat("x", 101))}, "name"},
		"small currency":     {Change{Currency: text("gbp")}, "currency"},
		"no currency":        {Change{Currency: text("XYZ")}, "currency"},
		"time zone":          {Change{TimeZone: text("Local")}, "time_zone"},
		"path as time zone":  {Change{TimeZone: text("../../etc/passwd")}, "time_zone"},
		"language":           {Change{Language: text("english")}, "language"},
		"a language twice":   {Change{Languages: list("en", "zh", "zh")}, "languages[2]"},
		"origin with a path": {Change{CORSOrigins: list("https://ok.example", "https://x.example/y")}, "cors_origins[1]"},
		"origin by http":     {Change{CORSOrigins: list("http://x.example")}, "cors_origins[0]"},
		"any origin":         {Change{CORSOrigins: list("*")}, "cors_origins[0]"},
		"null origin":        {Change{CORSOrigins: list("null")}, "cors_origins[0]"},
		"color":              {Change{Branding: &Branding{Color: "red; background: url(x)"}}, "branding.color"},
		"no time to pay":     {Change{Order: &Ordering{UnpaidExpiryMinutes: 1, ShipWithinHours: 24}}, "order.unpaid_expiry_minutes"},
		"no time to ship":    {Change{Order: &Ordering{UnpaidExpiryMinutes: 30}}, "order.ship_within_hours"},
		"barter":             {Change{Order: &Ordering{UnpaidExpiryMinutes: 30, ShipWithinHours: 24, HandPayments: []string{"barter"}}}, "order.hand_payments[0]"},
		"a payment twice":    {Change{Order: &Ordering{UnpaidExpiryMinutes: 30, ShipWithinHours: 24, HandPayments: []string{"on_delivery", "on_delivery"}}}, "order.hand_payments[1]"},
		"transfer to where":  {Change{Order: &Ordering{UnpaidExpiryMinutes: 30, ShipWithinHours: 24, HandPayments: []string{"manual"}, TransferInstructions: map[string]string{"en": " "}}}, "order.transfer_instructions"},
		"long instructions":  {Change{Order: &Ordering{UnpaidExpiryMinutes: 30, ShipWithinHours: 24, TransferInstructions: map[string]string{"zh": strings.Repeat("账", 2001)}}}, "order.transfer_instructions.zh"},
		"paid to take it":    {Change{Order: &Ordering{UnpaidExpiryMinutes: 30, ShipWithinHours: 24, ShippingPrice: -1}}, "order.shipping_price"},
		"huge threshold":     {Change{Order: &Ordering{UnpaidExpiryMinutes: 30, ShipWithinHours: 24, ShippingFreeFrom: 1 << 60}}, "order.shipping_free_from"},
		"contact":            {Change{Contact: &Contact{Email: "x"}}, "contact.email"},
	} {
		_, err := w.Update(w.ctx(), w.a, c.change)
		if got := fault.Of(err); err == nil || got.Kind != fault.Invalid || got.Fields[c.field].Empty() {
			t.Errorf("%s: %v", name, err)
		}
	}
	after, err := w.Update(w.ctx(), w.a, Change{
		Name: text("Alpha & Söhne"), Language: text("zh"), Languages: list("en", "zh", "pt-BR"), CORSOrigins: list("https://www.alpha.example", "http://localhost:5173"),
		Branding: &Branding{Color: "#1A7f5a"}, Order: &Ordering{UnpaidExpiryMinutes: 60, ShipWithinHours: 24}, Contact: &Contact{Email: "hi@alpha.example"}, Version: before.Version,
	})
	w.must(err)
	got, err := w.Get(w.ctx(), w.a.Tenant)
	w.must(err)
	if diff := cmp.Diff(after, got); diff != "" || got.Settings.Order.UnpaidExpiryMinutes != 60 || got.Version != before.Version+1 {
		t.Errorf("%s %+v", diff, got)
	}
	_, err = w.Update(w.ctx(), w.a, Change{Name: text("Mine"), Version: before.Version})
	w.code(err, "version_conflict")
	if other, err := w.Get(w.ctx(), w.b.Tenant); err != nil || other.Name != "beta" {
		t.Errorf("the other tenant: %+v, %v", other, err)
	}

	if o := got.Settings.Order; o.ConfirmOrders || !slices.Equal(o.HandPayments, []string{OnDelivery}) || o.ShippingPrice != 0 {
		t.Errorf("what is left out: %+v", o)
	}
	none := Ordering{
		UnpaidExpiryMinutes: 30, ShipWithinHours: 24, ConfirmOrders: true, HandPayments: []string{}, TransferInstructions: map[string]string{"en": " IBAN GB00 ", "zh": ""}, ShippingPrice: 395, ShippingFreeFrom: 4000,
	}
	after, err = w.Update(w.ctx(), w.a, Change{Order: &none})
	w.must(err)
	none.TransferInstructions = map[string]string{"en": "IBAN GB00"}
	if got, err = w.Get(w.ctx(), w.a.Tenant); err != nil || cmp.Diff(none, got.Settings.Order) != "" || cmp.Diff(after, got) != "" {
		t.Errorf("%s, %v", cmp.Diff(none, got.Settings.Order), err)
	}

	logo, pictures := uuid.New(), []uuid.UUID{}
	w.HasPicture(func(_ *db.Tx, id uuid.UUID) (bool, error) { return slices.Contains(pictures, id), nil })
	_, err = w.Update(w.ctx(), w.a, Change{Branding: &Branding{LogoMediaID: &logo}})
	if fault.Of(err).Fields["branding.logo_media_id"].Empty() {
		t.Errorf("a logo that is no picture of the shop: %v", err)
	}
	pictures = append(pictures, logo)
	_, err = w.Update(w.ctx(), w.a, Change{Branding: &Branding{LogoMediaID: &logo}})
	w.must(err)

	sold := false
	w.HasOrders(func(*db.Tx) (bool, error) { return sold, nil })
	_, err = w.Update(w.ctx(), w.a, Change{Currency: text("EUR")})
	w.must(err)
	sold = true
	_, err = w.Update(w.ctx(), w.a, Change{Currency: text("USD")})
	w.code(err, "tenant.currency_fixed")
	_, err = w.Update(w.ctx(), w.a, Change{Currency: text("EUR")})
	w.must(err)
}

func TestSuspendResumeClose(t *testing.T) {
	w := newWorld(t)
	status := func(want string) func(Tenant, error) {
		return func(n Tenant, err error) {
			t.Helper()
			w.must(err)
			now, err := w.Get(w.ctx(), w.a.Tenant)
			if w.must(err); n.Status != want || now.Status != want {
				t.Errorf("%s, %s, want %s", n.Status, now.Status, want)
			}
		}
	}
	_, err := w.Suspend(w.ctx(), w.a, " ")
	w.code(err, "invalid")
	status(Suspended)(w.Suspend(w.ctx(), w.a, "unpaid bills"))
	status(Suspended)(w.Suspend(w.ctx(), w.a, "unpaid bills"))
	status(Active)(w.Resume(w.ctx(), w.a, "paid"))
	_, err = w.Close(w.ctx(), w.a, "beta")
	w.code(err, "invalid")
	status(Closed)(w.Close(w.ctx(), w.a, "alpha"))
	status(Closed)(w.Close(w.ctx(), w.a, "alpha"))
	_, err = w.Resume(w.ctx(), w.a, "please")
	w.code(err, "tenant.state")
	_, err = w.Suspend(w.ctx(), db.Scope{Tenant: uuid.New()}, "why")
	w.code(err, "tenant.not_found")
	if got, err := w.Available(w.ctx(), "alpha"); err != nil || got.Available {
		t.Errorf("a closed shop's address is given away: %+v, %v", got, err)
	}
	var actions []string
	w.must(w.owner.QueryRow(w.ctx(), `SELECT array_agg(action ORDER BY id) FROM audit_log WHERE tenant_id = $1`, w.a.Tenant).Scan(&actions))
	want := []string{"tenant.signed_up", "tenant.state_reason", "tenant.suspended", "tenant.state_reason", "tenant.resumed", "tenant.closed"}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Error(diff)
	}
	var events int
	w.must(w.owner.QueryRow(w.ctx(), `SELECT count(*) FROM outbox_events WHERE tenant_id = $1 AND type = 'tenant.changed'`, w.a.Tenant).Scan(&events))
	if events != 3 {
		t.Errorf("%d events of 3 changes", events)
	}
}

// Adding at the same time never passes a limit, and the answer says what to do.
func TestLimitsHoldUnderRace(t *testing.T) {
	w := newWorld(t)
	_, err := w.owner.Exec(w.ctx(), `CREATE TABLE things (tenant_id uuid NOT NULL, n serial); GRANT ALL ON things TO allhours_app; GRANT ALL ON things_n_seq TO allhours_app`)
	w.must(err)
	w.Limits.Count(Plugins, func(tx *db.Tx) (n int64, err error) {
		err = tx.Raw(`SELECT count(*) FROM things WHERE tenant_id = ?`, tx.Scope.Tenant).Row().Scan(&n)
		return n, err
	})
	var g errgroup.Group
	for range 10 {
		for _, sc := range []db.Scope{w.a, w.b} {
			g.Go(func() error {
				err := w.db.InTx(w.ctx(), sc, func(tx *db.Tx) error {
					if err := w.Limits.Check(tx, Plugins, 1); err != nil {
						return err
					}
					return tx.Exec(`INSERT INTO things (tenant_id) VALUES (?)`, sc.Tenant).Error
				})
				if err != nil && !errors.Is(err, ErrLimit) {
					return err
				}
				return nil
			})
		}
	}
	w.must(g.Wait())
	for _, sc := range []db.Scope{w.a, w.b} {
		w.must(w.db.InTx(w.ctx(), sc, func(tx *db.Tx) error {
			u, err := w.Limits.Usage(tx)
			if u.Used[Plugins] != 3 || u.Limits[Plugins] != 3 || u.Plan != "free" {
				t.Errorf("%+v", u)
			}
			err = errors.Join(err, nil)
			limit := fault.Of(w.Limits.Check(tx, Plugins, 1))
			if limit.Code != "plan.limit_reached" || limit.Data["upgrade"] != "standard" || limit.Data["used"] != int64(3) || !strings.Contains(limit.Message.String(), "allows 3 installed plugins") {
				t.Errorf("%+v", limit)
			}
			return err
		}))
	}
	_, err = w.SetPlan(w.ctx(), w.a, "gold")
	w.code(err, "plan.unknown")
	_, err = w.SetPlan(w.ctx(), w.a, "unlimited")
	w.must(err)
	w.must(w.db.InTx(w.ctx(), w.a, func(tx *db.Tx) error { return w.Limits.Check(tx, Plugins, 1_000_000) }))
	if Limit("no such plan", Plugins) != 3 {
		t.Error("an unknown plan is not held to the smallest")
	}
}

func TestOwnDomains(t *testing.T) {
	w := newWorld(t)
	for _, bad := range []string{"", "localhost", "x.shops.example", "shops.example", "1.2.3.4", "a..b.com", "-a.com", "a.com/x", "a.com:80", "*.a.com", strings.Repeat("a.", 130) + "com", "münchen"} {
		if _, err := w.AddHost(w.ctx(), w.a, bad); fault.CodeOf(err) != "host.invalid" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	h, err := w.AddHost(w.ctx(), w.a, " Shop.Example.COM. ")
	w.must(err)
	if h.Host != "shop.example.com" || h.Verified || h.Record.Name != "_allhours.shop.example.com" || !strings.HasPrefix(h.Record.Value, "allhours-verify=") {
		t.Fatalf("%+v", h)
	}
	again, err := w.AddHost(w.ctx(), w.a, "shop.example.com")
	if w.must(err); again.Record.Value != h.Record.Value {
		t.Error("adding twice makes another proof")
	}
	// A claim blocks nobody, and its proof proves nothing for another.
	theirs, err := w.AddHost(w.ctx(), w.b, "shop.example.com")
	if w.must(err); theirs.Record.Value == h.Record.Value {
		t.Error("two tenants have one proof")
	}
	_, err = w.VerifyHost(w.ctx(), w.a, "shop.example.com")
	w.code(err, "host.unproven")
	w.dns[h.Record.Name] = []string{"v=spf1", theirs.Record.Value}
	_, err = w.VerifyHost(w.ctx(), w.a, "shop.example.com")
	w.code(err, "host.unproven")
	w.dns[h.Record.Name] = []string{"v=spf1", h.Record.Value}
	got, err := w.VerifyHost(w.ctx(), w.a, "shop.example.com")
	if w.must(err); !got.Verified {
		t.Errorf("%+v", got)
	}
	w.dns[h.Record.Name] = []string{theirs.Record.Value}
	_, err = w.VerifyHost(w.ctx(), w.b, "shop.example.com")
	w.code(err, "host.taken")
	_, err = w.VerifyHost(w.ctx(), w.b, "other.example.com")
	w.code(err, "host.not_found")
	w.code(w.RemoveHost(w.ctx(), w.b, "nothing.example.com"), "host.not_found")
	w.must(w.RemoveHost(w.ctx(), w.b, "shop.example.com")) // its claim, not the other's host
	list, err := w.Hosts(w.ctx(), w.a)
	if w.must(err); len(list) != 1 || !list[0].Verified {
		t.Errorf("%+v", list)
	}
	w.must(w.RemoveHost(w.ctx(), w.a, "shop.example.com"))
	unicode, err := w.AddHost(w.ctx(), w.a, "Bücher.example")
	if w.must(err); unicode.Host != "xn--bcher-kva.example" {
		t.Errorf("%+v", unicode)
	}
}

func TestDirectoryForOperators(t *testing.T) {
	w := newWorld(t)
	for i := range 4 {
		w.create(fmt.Sprintf("noodle-%d", i))
	}
	var got []string
	for q := (db.PageQuery{Limit: 2}); ; {
		p, err := w.List(w.ctx(), "NOODLE", q)
		w.must(err)
		for _, n := range p.Items {
			got = append(got, n.Slug)
		}
		if q.Cursor = p.NextCursor; q.Cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"noodle-0", "noodle-1", "noodle-2", "noodle-3"}, got); diff != "" {
		t.Error(diff)
	}
	ids, err := w.IDs(w.ctx())
	if w.must(err); len(ids) != 6 {
		t.Errorf("%d tenants", len(ids))
	}
	if id, err := w.BySlug(w.ctx(), "beta"); err != nil || id != w.b.Tenant {
		t.Errorf("%s, %v", id, err)
	}
	_, err = w.BySlug(w.ctx(), "nobody")
	w.code(err, "tenant.not_found")
}

// A change that is read while it is being forgotten must not come to stay in memory.
func TestStaleReadIsNotKept(t *testing.T) {
	w := newWorld(t)
	w.Watch.looked.Store(time.Now().Add(time.Hour).UnixNano()) // as if Run looked all the time
	old, err := w.Get(w.ctx(), w.a.Tenant)
	w.must(err)
	generation := w.Watch.Generation()
	name := "New"
	_, err = w.Update(w.ctx(), w.a, Change{Name: &name})
	w.must(err)
	w.known.put(w.a.Tenant, old, generation, w.Watch) // the reader that began before the change
	if got, err := w.Get(w.ctx(), w.a.Tenant); err != nil || got.Name != "New" {
		t.Errorf("%+v, %v", got, err)
	}
}
