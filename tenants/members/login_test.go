package members

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"
	"golang.org/x/sync/errgroup"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

// clock is the time of a world that a test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time       { return c.now }
func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }
func newClock() *clock                { return &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func (w *world) withClock(c *clock) {
	w.keys.Signer = w.keys.Signer.WithClock(c.Now)
	w.node = w.start(w.base.DB.WithClock(c.Now))
}
func at(ip string) access.Client        { return access.Client{IP: ip, UserAgent: "test"} }
func device(d, ip string) access.Client { return access.Client{IP: ip, UserAgent: "test", Device: d} }

func (w *world) login(in Login, c access.Client) (SignedIn, error) {
	return w.Login(w.ctx(), scope(w.a), in, c)
}

// admit counts an attempt as Login does.
func (w *world) admit(email string, c access.Client) (refused error) {
	w.t.Helper()
	w.must(w.db.InTx(w.ctx(), scope(w.a), func(tx *db.Tx) error {
		r, err := byEmail(tx, email)
		w.must(err)
		_, refused = w.access.AdmitTx(tx, access.Member, email, r.ID, c)
		return nil
	}))
	return refused
}

// A guesser with as many addresses as he likes gets few guesses in all, and the owner gets in all the while: from a browser that is known, and from an address that is.
func TestLockOutCannotLockTheOwnerOut(t *testing.T) {
	w := newWorld(t)
	right, wrong := Login{Email: "ada@example.com", Password: password}, Login{Email: "ada@example.com", Password: "wrong"}
	first, err := w.login(right, at("192.0.2.1"))
	w.must(err)
	guesses, refused := 0, 0
	for i := range 120 {
		from := at(fmt.Sprintf("203.0.113.%d", i))
		var err error
		if i%10 > 0 {
			err = w.admit("ada@example.com", from) // what Login asks first; hashing takes long
		} else {
			_, err = w.login(wrong, from)
		}
		switch {
		case err == nil, unauthenticated(err):
			guesses++
		case fault.KindOf(err) == fault.TooMany:
			refused++
			if wait := fault.Of(err).RetryAfter; wait <= 0 || wait > time.Hour {
				t.Fatalf("Retry-After %s", wait)
			}
		default:
			t.Fatal(err)
		}
	}
	if guesses > 50 || refused == 0 {
		t.Errorf("%d guesses were checked, %d refused", guesses, refused)
	}
	if _, err := w.login(right, device(first.Device, "203.0.113.250")); err != nil {
		t.Errorf("the owner on his own browser at a strange address: %v", err)
	}
	if _, err := w.login(right, at("192.0.2.1")); err != nil {
		t.Errorf("the owner on a new browser at an address he has used: %v", err)
	}
	_, err = w.login(right, at("203.0.113.251"))
	w.code(err, "auth.too_many")
	_, err = w.login(right, device("forged", "203.0.113.252"))
	w.code(err, "auth.too_many")
	bob := w.invite(w.a.Member, "bob@example.com", "owner")
	if _, err := w.login(right, device(bob.Device, "203.0.113.253")); fault.CodeOf(err) != "auth.too_many" {
		t.Errorf("another member's device opens the account's own lane: %v", err)
	}
	if _, err := w.login(Login{Email: "bob@example.com", Password: password}, at("203.0.113.254")); err != nil {
		t.Errorf("another account is held up, too: %v", err)
	}
}

func TestThrottleOfOneAddressEndsInTime(t *testing.T) {
	w := newWorld(t)
	c := newClock()
	w.withClock(c)
	from := at("203.0.113.9")
	for range 5 {
		_, err := w.login(Login{Email: "ada@example.com", Password: "wrong"}, from)
		w.code(err, "auth.invalid")
	}
	_, err := w.login(Login{Email: "ada@example.com", Password: password}, from)
	w.code(err, "auth.too_many")
	c.pass(15*time.Minute + time.Second)
	_, err = w.login(Login{Email: "ada@example.com", Password: password}, from)
	w.must(err)
	for range 4 { // a success starts the count anew
		_, err := w.login(Login{Email: "ada@example.com", Password: "wrong"}, from)
		w.code(err, "auth.invalid")
	}
	_, err = w.login(Login{Email: "ada@example.com", Password: password}, from)
	w.must(err)
}

// Guesses sent together are counted as well as guesses one after the other.
func TestParallelGuessesAreCounted(t *testing.T) {
	w := newWorld(t)
	var g errgroup.Group
	checked := make(chan bool, 30)
	for range 30 {
		g.Go(func() error {
			_, err := w.login(Login{Email: "ada@example.com", Password: "wrong"}, at("203.0.113.9"))
			checked <- fault.CodeOf(err) == "auth.invalid"
			return nil
		})
	}
	w.must(g.Wait())
	close(checked)
	n := 0
	for ok := range checked {
		if ok {
			n++
		}
	}
	if n > 5 {
		t.Errorf("%d guesses of one address were checked", n)
	}
}

// The work for an unknown e-mail, a disabled member, and an unknown shop is that for a wrong password. The fastest of some tries is compared, which noise cannot lower.
func TestUnknownAccountsTakeAsLong(t *testing.T) {
	w := newWorld(t)
	eve := w.invite(w.a.Member, "eve@example.com", "viewer")
	disabled := Disabled
	_, err := w.Change(w.ctx(), as(w.a, w.a.Member), w.id(w.a.Member), eve.Member.ID, Change{Status: &disabled})
	w.must(err)
	best := map[string]time.Duration{}
	for i := range 12 { // in turns, so that all meet the same noise
		for name, c := range map[string]struct {
			sc       db.Scope
			email    string
			password string
		}{
			"wrong password":  {scope(w.a), "ada@example.com", "wrong"},
			"unknown e-mail":  {scope(w.a), "nobody@example.com", "wrong"},
			"disabled member": {scope(w.a), "eve@example.com", password},
			"unknown shop":    {db.Scope{}, "ada@example.com", password},
		} {
			began := time.Now()
			_, err := w.Login(w.ctx(), c.sc, Login{Email: c.email, Password: c.password}, at(fmt.Sprintf("198.18.%d.%d", len(name), i)))
			if took := time.Since(began); best[name] == 0 || took < best[name] {
				best[name] = took
			}
			if got := fault.Of(err); got.Code != "auth.invalid" || !got.Message.Equal(access.ErrInvalid.Message) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name, took := range best {
		if took < best["wrong password"]/3 {
			t.Errorf("%s is answered in %s, a wrong password in %s", name, took, best["wrong password"])
		}
	}
}

func TestAuthenticatorApp(t *testing.T) {
	w := newWorld(t)
	c := newClock()
	w.withClock(c)
	sc, me := as(w.a, w.a.Member), w.id(w.a.Member)
	other, err := w.login(Login{Email: "ada@example.com", Password: password}, client)
	w.must(err)
	mine, err := w.login(Login{Email: "ada@example.com", Password: password}, client)
	w.must(err)
	me.SessionID = mine.Session.ID
	_, _, err = w.ConfirmTOTP(w.ctx(), sc, me, "123456")
	w.code(err, "totp.not_started")
	started, err := w.StartTOTP(w.ctx(), sc, me)
	w.must(err)
	code := func() string {
		s, err := totp.GenerateCode(started.Secret, c.now)
		w.must(err)
		return s
	}
	if _, err := w.login(Login{Email: "ada@example.com", Password: password}, client); err != nil {
		t.Errorf("an app that is not confirmed is in force: %v", err)
	}
	_, _, err = w.ConfirmTOTP(w.ctx(), sc, me, "000000")
	w.code(err, "auth.code_invalid")
	codes, session, err := w.ConfirmTOTP(w.ctx(), sc, me, code())
	w.must(err)
	for name, token := range map[string]string{"the other browser": other.Session.Token, "this browser's old token": mine.Session.Token} {
		if _, err := w.who(w.ctx(), token); !unauthenticated(err) {
			t.Errorf("%s is still signed in: %v", name, err)
		}
	}
	if id, err := w.who(w.ctx(), session.Token); err != nil || id.SessionID != mine.Session.ID {
		t.Errorf("the new token: %+v, %v", id, err)
	}

	in := Login{Email: "ada@example.com", Password: password}
	_, err = w.login(in, client)
	w.code(err, "auth.code_required")
	in.Code = code()
	_, err = w.login(in, client)
	w.code(err, "auth.code_invalid") // it confirmed the app already
	c.pass(30 * time.Second)
	in.Code = code()
	_, err = w.login(in, client)
	w.must(err)
	_, err = w.login(in, client)
	w.code(err, "auth.code_invalid")
	_, err = w.login(Login{Email: "ada@example.com", Password: "wrong", Code: code()}, client)
	w.code(err, "auth.invalid")

	in.Code, in.RecoveryCode = "", codes[2]
	_, err = w.login(in, client)
	w.must(err)
	_, err = w.login(in, client)
	w.code(err, "auth.code_invalid")
	c.pass(time.Hour)

	me.SessionID = session.ID
	w.code(w.DisableTOTP(w.ctx(), sc, me, "wrong", codes[3], client), "auth.password_wrong")
	w.code(w.DisableTOTP(w.ctx(), sc, me, password, "000000", client), "auth.code_invalid")
	w.must(w.DisableTOTP(w.ctx(), sc, me, password, codes[3], client))
	_, err = w.login(Login{Email: "ada@example.com", Password: password}, client)
	w.must(err)
}

func TestForgottenPassword(t *testing.T) {
	w := newWorld(t)
	c := newClock()
	w.withClock(c)
	session := w.a.Session.Token
	// The question is the same event for any address, and nothing else.
	w.must(w.Forgot(w.ctx(), scope(w.a), "nobody@example.com", client))
	w.must(w.Forgot(w.ctx(), scope(w.a), "ADA@example.com", client))
	events := w.events(EventForgotten)
	if len(events) != 2 {
		t.Fatalf("%d events", len(events))
	}
	for _, e := range events {
		w.must(w.Forgotten(db.WithScope(w.ctx(), db.Job(w.a.Tenant.ID, "members.forgotten")), e))
		w.must(w.Forgotten(db.WithScope(w.ctx(), db.Job(w.a.Tenant.ID, "members.forgotten")), e)) // delivered twice
	}
	mails := w.links(EventPasswordResetRequested)
	if len(mails) != 1 || mails[0].Email != "ada@example.com" {
		t.Fatalf("mails: %+v", mails)
	}
	token := w.Token(mails[0].Kind, w.a.Tenant.ID, mails[0].ID, mails[0].ExpiresAt)
	_, err := w.ResetPassword(w.ctx(), token, "ada-the-alpha", db.Actor{})
	w.code(err, "password.weak")
	const fresh = "marble-canyon-57-otter"
	for i := range 51 { // strangers are being kept out
		_ = w.admit("ada@example.com", at(fmt.Sprintf("203.0.113.%d", i)))
	}
	out, err := w.ResetPassword(w.ctx(), token, fresh, db.Actor{})
	w.must(err)
	_, err = w.ResetPassword(w.ctx(), token, password, db.Actor{})
	w.code(err, "link.invalid")
	if _, err := w.who(w.ctx(), session); !unauthenticated(err) {
		t.Errorf("a session from before the reset lives: %v", err)
	}
	_, err = w.login(Login{Email: "ada@example.com", Password: fresh}, device(out.Device, "203.0.113.77"))
	w.must(err)
	_, err = w.login(Login{Email: "ada@example.com", Password: password}, device(out.Device, "203.0.113.77"))
	w.code(err, "auth.invalid")

	// A newer link takes the older one back; a link ends in an hour; a link of another kind or tenant is none.
	w.must(w.Forgot(w.ctx(), scope(w.a), "ada@example.com", client))
	w.must(w.Forgot(w.ctx(), scope(w.a), "ada@example.com", client))
	for _, e := range w.events(EventForgotten)[2:] {
		w.must(w.Forgotten(db.WithScope(w.ctx(), db.Job(w.a.Tenant.ID, "members.forgotten")), e))
	}
	mails = w.links(EventPasswordResetRequested)
	older, newer := mails[len(mails)-2], mails[len(mails)-1]
	_, err = w.ResetPassword(w.ctx(), w.Token(PasswordReset, w.a.Tenant.ID, older.ID, older.ExpiresAt), fresh, db.Actor{})
	w.code(err, "link.invalid")
	w.code(w.ConfirmEmail(w.ctx(), w.Token(PasswordReset, w.a.Tenant.ID, newer.ID, newer.ExpiresAt), db.Actor{}), "link.invalid")
	_, err = w.ResetPassword(w.ctx(), w.Token(PasswordReset, uuid.New(), newer.ID, newer.ExpiresAt), fresh, db.Actor{})
	w.code(err, "link.invalid")
	c.pass(61 * time.Minute)
	_, err = w.ResetPassword(w.ctx(), w.Token(PasswordReset, w.a.Tenant.ID, newer.ID, newer.ExpiresAt.Add(time.Hour)), fresh, db.Actor{})
	w.code(err, "link.invalid")
}

func TestEmailConfirmation(t *testing.T) {
	w := newWorld(t)
	mail := w.links(EventEmailConfirmationRequested)[0]
	token := w.Token(mail.Kind, w.a.Tenant.ID, mail.ID, mail.ExpiresAt)
	w.code(w.ConfirmEmail(w.ctx(), token+"x", db.Actor{}), "link.invalid")
	w.must(w.ConfirmEmail(w.ctx(), token, db.Actor{}))
	w.code(w.ConfirmEmail(w.ctx(), token, db.Actor{}), "link.invalid")
	me, err := w.Me(w.ctx(), scope(w.a), w.id(w.a.Member))
	w.must(err)
	if !me.Member.EmailConfirmed {
		t.Error("not confirmed")
	}
	w.must(w.ResendConfirmation(w.ctx(), scope(w.a), w.id(w.a.Member)))
	if n := len(w.links(EventEmailConfirmationRequested)); n != 1 {
		t.Errorf("%d mails for a confirmed address", n)
	}
}

func TestNewPasswordEndsOtherSessions(t *testing.T) {
	w := newWorld(t)
	other, err := w.login(Login{Email: "ada@example.com", Password: password}, client)
	w.must(err)
	me := w.id(w.a.Member)
	me.SessionID = w.a.Session.ID
	const fresh = "marble-canyon-57-otter"
	change := func(p Profile) (*access.Opened, error) {
		_, s, err := w.ChangeMe(w.ctx(), as(w.a, w.a.Member), me, p, client)
		return s, err
	}
	_, err = change(Profile{NewPassword: fresh})
	w.code(err, "auth.password_wrong")
	_, err = change(Profile{NewPassword: "password123", CurrentPassword: password})
	w.code(err, "password.weak")
	s, err := change(Profile{NewPassword: fresh, CurrentPassword: password})
	w.must(err)
	for _, token := range []string{other.Session.Token, w.a.Session.Token} {
		if _, err := w.who(w.ctx(), token); !unauthenticated(err) {
			t.Errorf("an old token still works: %v", err)
		}
	}
	if _, err := w.who(w.ctx(), s.Token); err != nil {
		t.Error(err)
	}
	name := "Ada  King "
	got, _, err := w.ChangeMe(w.ctx(), as(w.a, w.a.Member), me, Profile{Name: &name}, client)
	if w.must(err); got.Name != "Ada King" {
		t.Errorf("name %q", got.Name)
	}
}

func TestSessionsEndIdleAndAtLast(t *testing.T) {
	w := newWorld(t)
	c := newClock()
	w.withClock(c)
	s, err := w.login(Login{Email: "ada@example.com", Password: password}, client)
	w.must(err)
	idle, err := w.login(Login{Email: "ada@example.com", Password: password}, client)
	w.must(err)
	alive := func(token string) bool {
		_, err := w.who(w.ctx(), token)
		if err != nil && !unauthenticated(err) {
			t.Fatal(err)
		}
		w.access.Flush(w.ctx())
		return err == nil
	}
	for day := range 29 {
		if !alive(s.Session.Token) {
			t.Fatalf("ended on day %d although in use", day)
		}
		c.pass(24 * time.Hour)
	}
	if alive(idle.Session.Token) {
		t.Error("a session unused for weeks lives")
	}
	c.pass(25 * time.Hour)
	if alive(s.Session.Token) {
		t.Error("a session lives after its thirty days")
	}
	list, err := w.access.Sessions(w.ctx(), scope(w.a), w.id(w.a.Member))
	if w.must(err); len(list) != 0 {
		t.Errorf("dead sessions are listed: %+v", list)
	}
}

func TestSessionsListAndRevoke(t *testing.T) {
	w := newWorld(t)
	s, err := w.login(Login{Email: "ada@example.com", Password: password}, access.Client{IP: "192.0.2.8", UserAgent: "phone"})
	w.must(err)
	bob := w.invite(w.a.Member, "bob@example.com", "viewer")
	me, err := w.who(w.ctx(), w.a.Session.Token)
	w.must(err)
	list, err := w.access.Sessions(w.ctx(), scope(w.a), me)
	w.must(err)
	if len(list) != 2 || !slices.ContainsFunc(list, func(x access.Session) bool { return x.IP == "192.0.2.8" && x.UserAgent == "phone" && !x.Current }) ||
		!slices.ContainsFunc(list, func(x access.Session) bool { return x.Current && x.ID == w.a.Session.ID }) {
		t.Errorf("%+v", list)
	}
	w.code(w.access.EndSession(w.ctx(), scope(w.a), w.id(bob.Member), s.Session.ID), "session.not_found")
	w.must(w.access.EndSession(w.ctx(), scope(w.a), me, s.Session.ID))
	w.code(w.access.EndSession(w.ctx(), scope(w.a), me, s.Session.ID), "session.not_found")
	w.must(w.Logout(w.ctx(), scope(w.a), me))
	for _, token := range []string{s.Session.Token, w.a.Session.Token} {
		if _, err := w.who(w.ctx(), token); !unauthenticated(err) {
			t.Errorf("still signed in: %v", err)
		}
	}
}
