package customers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/platform/base/secrets"
	"allhours/platform/inventory"
	"allhours/tenants"
	"allhours/tenants/access"
)

// orders is what the real orders do, as far as customers see it.
type orders struct{ erased, adopted []uuid.UUID }

func (o *orders) EraseTx(_ *db.Tx, ids []uuid.UUID) error {
	o.erased = append(o.erased, ids...)
	return nil
}

func (o *orders) AdoptTx(_ *db.Tx, guests []uuid.UUID, _ uuid.UUID) error {
	o.adopted = append(o.adopted, guests...)
	return nil
}

func (o *orders) SummaryTx(_ *db.Tx, ids []uuid.UUID) (map[uuid.UUID]Summary, error) {
	return map[uuid.UUID]Summary{ids[0]: {Orders: 3, Total: 999}}, nil
}

type shop struct {
	*Customers
	t      testing.TB
	sc     db.Scope
	orders *orders
	access *access.Access
}

func open(t testing.TB) *shop {
	t.Helper()
	d := dbtest.New(t)
	text, err := secrets.Generate()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secrets.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	a, err := access.New(d, tenants.NewWatch(d), keys)
	if err != nil {
		t.Fatal(err)
	}
	o := &orders{}
	s := &shop{Customers: New(d, a, keys.Signer, o), t: t, orders: o, access: a}
	s.sc = s.tenant("shop")
	return s
}

func (s *shop) tenant(slug string) db.Scope {
	s.t.Helper()
	sc := db.Scope{Tenant: db.NewID(), Actor: db.Actor{Kind: "member", ID: "m1"}}
	err := s.db.InTx(context.Background(), sc, func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES (?, ?, 'Shop', 'retail', 'GB', 'GBP', 'Europe/London', 'en', now(), now())`, sc.Tenant, slug).Error
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return sc
}

func (s *shop) tx(fn func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.db.InTx(context.Background(), s.sc, fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) ensure(email, name string) (id uuid.UUID) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) (err error) { id, err = s.EnsureTx(tx, email, "", name, "en"); return err })
	return id
}

const password = "correct horse battery staple 7"

func (s *shop) register(email string) SignedIn {
	s.t.Helper()
	in, err := s.Register(context.Background(), s.sc, Registration{Email: email, Password: password, Name: "Ann", Consents: map[string]bool{"marketing_email": true}}, access.Client{IP: "192.0.2.1"})
	if err != nil {
		s.t.Fatal(err)
	}
	return in
}

// token takes the link out of the newest mail that was asked for.
func (s *shop) token(kind string, id uuid.UUID) string {
	s.t.Helper()
	var l Letter
	s.tx(func(tx *db.Tx) (err error) {
		l, err = s.LetterTx(tx, LinkV1{Kind: kind, CustomerID: id, ExpiresAt: time.Now().Add(time.Hour)})
		return err
	})
	_, token, _ := strings.Cut(l.Path, "token=")
	return token
}

func TestGuestsAndAccounts(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := context.Background()
	guest := s.ensure("Ann@Example.com", "Ann")
	if again := s.ensure("ann@example.com", "Ann Smith"); again != guest {
		t.Error("the same e-mail is two guests")
	}
	if a, b := s.ensure("", "x"), s.ensure("", "x"); a == b {
		t.Error("nobody is one person")
	}
	account := s.register("ann@example.com").Customer.ID
	// An account that has not proved its address gets nothing of the guest's.
	if id := s.ensure("ann@example.com", "Ann"); id != guest {
		t.Error("an unconfirmed account was given an order")
	}
	token := s.token(EmailConfirmation, account)
	if err := s.ConfirmEmail(ctx, s.sc, token+"x"); fault.CodeOf(err) != "link.invalid" {
		t.Errorf("forged token: %v", err)
	}
	if err := s.ConfirmEmail(ctx, s.tenant("other"), token); fault.CodeOf(err) != "link.invalid" {
		t.Errorf("another shop's token: %v", err)
	}
	if err := s.ConfirmEmail(ctx, s.sc, token); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]uuid.UUID{guest}, s.orders.adopted); d != "" {
		t.Errorf("adopted: %s", d)
	}
	if id := s.ensure("ann@example.com", "Mallory"); id != account {
		t.Error("the confirmed account was not found")
	}
	if d, err := s.Get(ctx, s.sc, account); err != nil || d.Name != "Ann" || d.Orders.Orders != 3 {
		t.Errorf("%+v %v", d, err)
	}
	if _, err := s.Register(ctx, s.sc, Registration{Email: "ANN@example.com", Password: password}, access.Client{}); !errors.Is(err, errEmailTaken) {
		t.Errorf("registered twice: %v", err)
	}
}

func TestLoginAndReset(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := context.Background()
	c := s.register("ann@example.com")
	if _, err := s.Login(ctx, s.sc, "ann@example.com", "wrong", access.Client{IP: "192.0.2.9"}); !errors.Is(err, access.ErrInvalid) {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := s.Login(ctx, s.sc, "nobody@example.com", password, access.Client{IP: "192.0.2.9"}); !errors.Is(err, access.ErrInvalid) {
		t.Errorf("unknown account: %v", err)
	}
	in, err := s.Login(ctx, s.sc, "Ann@example.com", password, access.Client{IP: "192.0.2.9"})
	if err != nil {
		t.Fatal(err)
	}
	who := func(token string) (access.Identity, error) {
		return s.access.Authenticate(ctx, s.sc.Tenant, access.Credential{Kind: access.CustomerSession, Secret: token})
	}
	if id, err := who(in.Session.Token); err != nil || id.ID != c.Customer.ID || !id.Is(access.Customer) {
		t.Fatalf("%+v %v", id, err)
	}
	token := s.token(PasswordReset, c.Customer.ID)
	if err := s.ResetPassword(ctx, s.sc, token, "another long enough passphrase 9"); err != nil {
		t.Fatal(err)
	}
	if _, err := who(in.Session.Token); err == nil {
		t.Error("a session has outlived the reset")
	}
	if err := s.ResetPassword(ctx, s.sc, token, "a third long enough passphrase 9"); fault.CodeOf(err) != "link.invalid" {
		t.Errorf("the link works twice: %v", err)
	}
	if _, err := s.Login(ctx, s.sc, "ann@example.com", password, access.Client{IP: "192.0.2.9"}); !errors.Is(err, access.ErrInvalid) {
		t.Errorf("old password: %v", err)
	}
	if err := s.ForgotPassword(ctx, s.sc, "nobody@example.com"); err != nil {
		t.Errorf("tells that there is no account: %v", err)
	}
}

func TestAddressesAndConsents(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := context.Background()
	id := s.register("ann@example.com").Customer.ID
	home := AddressInput{Label: "Home", Address: inventory.Address{Lines: []string{"1 High St"}, City: "York", Country: "GB"}}
	a, err := s.AddAddress(ctx, s.sc, id, home)
	if err != nil || !a.IsDefault {
		t.Fatalf("%+v %v", a, err)
	}
	home.Label, home.IsDefault = "Work", true
	b, err := s.AddAddress(ctx, s.sc, id, home)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Me(ctx, s.sc, id)
	if err != nil || len(m.Addresses) != 2 || m.Addresses[0].ID != b.ID || m.Addresses[1].IsDefault {
		t.Fatalf("%+v %v", m, err)
	}
	if err := s.DeleteAddress(ctx, s.sc, id, b.ID); err != nil {
		t.Fatal(err)
	}
	if m, _ = s.Me(ctx, s.sc, id); !m.Addresses[0].IsDefault {
		t.Error("no default is left")
	}
	if _, err := s.AddAddress(ctx, s.sc, id, AddressInput{Address: inventory.Address{Country: "England"}}); fault.Of(err).Fields["country"].Empty() || fault.Of(err).Fields["lines"].Empty() {
		t.Errorf("%v", err)
	}
	stranger := s.register("bob@example.com").Customer.ID
	if _, err := s.ChangeAddress(ctx, s.sc, stranger, a.ID, home); !errors.Is(err, errNoAddress) {
		t.Errorf("another's address: %v", err)
	}
	for range 2 { // the same again is no news
		if _, err := s.ChangeMe(ctx, s.sc, id, Fields{Consents: map[string]bool{"marketing_email": false}}); err != nil {
			t.Fatal(err)
		}
	}
	d, err := s.Get(ctx, s.sc, id)
	if err != nil || len(d.History) != 2 || d.History[0].Granted || !d.History[1].Granted || d.Consents["marketing_email"].Granted {
		t.Errorf("%+v %v", d.History, err)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := context.Background()
	in := s.register("ann.secret@example.com")
	id := in.Customer.ID
	name, phone := "Annabel Secret", "+44 1904 000000"
	if _, err := s.ChangeMe(ctx, s.sc, id, Fields{Name: &name, Phone: &phone}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddAddress(ctx, s.sc, id, AddressInput{Address: inventory.Address{Lines: []string{"1 Secret St"}, Country: "GB"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.EraseMe(ctx, s.sc, id, "wrong", ""); !errors.Is(err, errPassword) {
		t.Fatalf("erased without the password: %v", err)
	}
	if err := s.EraseMe(ctx, s.sc, id, password, "I want it"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]uuid.UUID{id}, s.orders.erased); d != "" {
		t.Error(d)
	}
	if _, err := s.access.Authenticate(ctx, s.sc.Tenant, access.Credential{Kind: access.CustomerSession, Secret: in.Session.Token}); err == nil {
		t.Error("the session goes on")
	}
	// Nothing personal is left anywhere: not in the tables, the outbox nor the log.
	s.tx(func(tx *db.Tx) error {
		for _, table := range []string{"customers", "customer_addresses", "customer_consents", "erasures", "outbox_events", "sessions"} {
			var n int64
			if err := tx.Raw(`SELECT count(*) FROM ` + table + ` t WHERE t::text ILIKE '%secret%' OR t::text LIKE '%1904%'`).Scan(&n).Error; err != nil {
				return err
			}
			if n > 0 {
				t.Errorf("%d rows of %s still tell", n, table)
			}
		}
		return nil
	})
	if err := s.Erase(ctx, s.sc, id, "again"); err != nil {
		t.Errorf("erased twice: %v", err)
	}
	if _, err := s.ChangeMe(ctx, s.sc, id, Fields{Name: &name}); !errors.Is(err, ErrErased) {
		t.Errorf("changed after: %v", err)
	}
	// A restore brings the row back; the journal takes it away again.
	s.tx(func(tx *db.Tx) error {
		return tx.Exec(`UPDATE customers SET erased_at = NULL, name = 'Annabel Secret' WHERE id = ?`, id).Error
	})
	if n, err := s.EraseAgain(ctx, s.sc); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	page, err := s.List(ctx, s.sc, Filter{Q: "secret"})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("%+v %v", page, err)
	}
}

func TestStaffEditAndSearch(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := context.Background()
	for _, e := range []string{"ann@example.com", "bob_b@example.com", "bobXb@example.com"} {
		if _, err := s.Create(ctx, s.sc, Fields{Email: &e}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.List(ctx, s.sc, Filter{Q: "bob_b"})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	id, name, bad := page.Items[0].ID, "Bob", "not an address"
	d, err := s.Change(ctx, s.sc, id, Fields{Name: &name}, 1)
	if err != nil || d.Version != 2 || d.Name != "Bob" {
		t.Fatalf("%+v %v", d, err)
	}
	if _, err := s.Change(ctx, s.sc, id, Fields{Name: &name}, 1); !errors.Is(err, ErrChanged) {
		t.Errorf("stale: %v", err)
	}
	if _, err := s.Change(ctx, s.sc, id, Fields{Email: &bad}, 2); fault.Of(err).Fields["email"].Empty() {
		t.Errorf("bad e-mail: %v", err)
	}
	other := s.tenant("other")
	if _, err := s.Get(ctx, other, id); !errors.Is(err, ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
	if err := s.Erase(ctx, other, id, ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("another tenant erases: %v", err)
	}
	if _, err := s.AddAddress(ctx, other, id, AddressInput{Address: inventory.Address{Lines: []string{"x"}, Country: "GB"}}); !errors.Is(err, ErrNotFound) {
		t.Errorf("another tenant adds an address: %v", err)
	}
}
