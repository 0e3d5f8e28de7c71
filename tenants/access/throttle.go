package access

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// The throttle makes guessing slow without giving anyone a means to lock others out. Where a sign-in comes from decides what it is counted by:
//   - a browser that has signed in to this account before (device cookie): by that device alone;
//   - an address that has a session of this account: by account and address;
//   - anywhere else: by account and address, by address over all accounts, and by account over all such addresses.
//
// So a guesser with many addresses uses up what strangers may try on the account, while the owner still gets in from a browser or address that is known.
type rule struct {
	key    string
	most   int
	window time.Duration
}

const (
	mostFrom     = 5  // failures of one account from one address
	mostAddress  = 50 // failures from one address
	mostStranger = 50 // failures of one account from strange addresses
	mostDevice   = 10 // failures of one account from a device or address that it knows
	mostMails    = 10 // links mailed for strangers at one address
	window       = 15 * time.Minute
	windowLong   = time.Hour
)

// Attempt is a sign-in that has been admitted and counted as a failure until it succeeds.
type Attempt struct {
	rules  []rule
	device string
}

// AdmitTx counts an attempt to sign in to the account, which need not exist (subject is uuid.Nil then), and refuses it with a time to wait if there were too many. The caller
// commits also when it is refused, and calls Succeeded or Undo afterwards, in another transaction.
func (a *Access) AdmitTx(tx *db.Tx, kind, account string, subject uuid.UUID, c Client) (Attempt, error) {
	at := Attempt{device: a.device(tx.Scope.Tenant, kind, subject, c.Device)}
	known, err := hasSessionFrom(tx, kind, subject, network(c.IP))
	if err != nil {
		return at, fmt.Errorf("look for known addresses: %w", err)
	}
	at.rules = rules(kind, account, at.device, known && subject != uuid.Nil, network(c.IP))
	for _, r := range at.rules {
		failures, since, err := countFailure(tx, "login_throttle", r)
		if err != nil {
			return at, fmt.Errorf("count sign-ins: %w", err)
		}
		if failures > r.most {
			return at, tooMany(since.Add(r.window).Sub(tx.Now))
		}
	}
	return at, nil
}

func rules(kind, account, device string, known bool, address string) []rule {
	who := kind + ":" + digest(account)
	switch {
	case device != "":
		return []rule{{"device:" + device, mostDevice, window}}
	case known:
		return []rule{{"known:" + who + ":" + address, mostDevice, window}}
	}
	return []rule{{"from:" + who + ":" + address, mostFrom, window}, {"address:" + address, mostAddress, window}, {"strangers:" + who, mostStranger, windowLong}}
}

// AdmitMailTx counts a request of a stranger that makes us send a mail, and refuses too many from one address.
func (a *Access) AdmitMailTx(tx *db.Tx, c Client) error {
	r := rule{"mail:" + network(c.IP), mostMails, window}
	failures, since, err := countFailure(tx, "login_throttle", r)
	if err != nil {
		return fmt.Errorf("count mails: %w", err)
	}
	if failures > r.most {
		return tooMany(since.Add(r.window).Sub(tx.Now))
	}
	return nil
}

func tooMany(wait time.Duration) error {
	wait = max(wait.Round(time.Second), time.Second)
	return fault.New(fault.TooMany, "auth.too_many", "Too many attempts to sign in. Wait %s, or reset your password.", plainDuration(wait)).After(wait)
}

func plainDuration(d time.Duration) fault.Text {
	if m := int(d.Minutes() + 0.99); m > 1 {
		return fault.T("%d minutes", m)
	}
	return fault.T("a minute")
}

// SucceededTx takes the attempt back and forgets the failures of whom it was.
func (a *Access) SucceededTx(tx *db.Tx, at Attempt) error {
	if err := a.UndoTx(tx, at); err != nil || len(at.rules) == 0 {
		return err
	}
	return clearFailures(tx, "login_throttle", at.rules[0].key)
}

// UndoTx takes the attempt back: it was no failure.
func (a *Access) UndoTx(tx *db.Tx, at Attempt) error {
	for _, r := range at.rules {
		if err := uncountFailure(tx, "login_throttle", r.key); err != nil {
			return fmt.Errorf("count sign-ins: %w", err)
		}
	}
	return nil
}

// DeviceCookie gives the value of the cookie by which a browser that has signed in is known at its next sign-in. It gives no access.
func (a *Access) DeviceCookie(sc db.Scope, kind string, subject uuid.UUID, now time.Time) (value string, life time.Duration) {
	return a.signer.Sign("device", now.Add(deviceCookieLife), sc.Tenant.String(), kind, subject.String(), db.NewID().String()), deviceCookieLife
}

// device is the id of the device if its cookie is of this account, else empty.
func (a *Access) device(tenant uuid.UUID, kind string, subject uuid.UUID, cookie string) string {
	parts, err := a.signer.Verify("device", cookie)
	if err != nil || len(parts) != 4 || parts[0] != tenant.String() || parts[1] != kind || parts[2] != subject.String() || subject == uuid.Nil {
		return ""
	}
	return parts[3]
}

// digest keeps e-mail addresses of people who are not ours out of the table.
func digest(account string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(account))))
	return base64.RawURLEncoding.EncodeToString(sum[:15])
}
