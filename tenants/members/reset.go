package members

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// EventForgotten asks for a link to reset a password; it is handled by Members.Forgotten. Its subject is nobody's: whether the address is known is found out only then.
const EventForgotten = "member.password_forgotten"

// ForgottenV1 is the payload of member.password_forgotten.
type ForgottenV1 struct {
	Email string `json:"email"`
}

// mailsEach is how many links of a kind one member gets within an hour.
const mailsEach = 5

// Forgot has a link mailed to the address if it is a member's. It does not look: the same work is done, and the same answer given, for any address.
func (m *Members) Forgot(ctx context.Context, sc db.Scope, email string, c access.Client) error {
	if sc.Tenant == uuid.Nil {
		return nil
	}
	email, wrong := cleanEmail(errInvalid, "email", email)
	if err := failed(wrong); err != nil {
		return err
	}
	var refused error
	err := m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if refused = m.access.AdmitMailTx(tx, c); refused != nil {
			return nil //nolint:nilerr // the refusal is answered; the count of attempts must commit
		}
		return outbox.Append(tx, EventForgotten, tx.Scope.Tenant.String(), ForgottenV1{Email: email})
	})
	return either(err, refused)
}

// Forgotten handles member.password_forgotten: it writes the link's token down, under the event's id so that it does so once, and has it mailed.
func (m *Members) Forgotten(ctx context.Context, e outbox.Event) error {
	var in ForgottenV1
	if err := json.Unmarshal(e.Payload, &in); err != nil {
		return fmt.Errorf("read %s: %w", e.Type, err)
	}
	return m.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		r, err := byEmail(tx, in.Email)
		if err != nil || r.ID == uuid.Nil || r.Status != Active {
			return err
		}
		if done, err := tokenExists(tx, e.ID); err != nil || done {
			return err
		}
		if n, err := recentTokens(tx, PasswordReset, r.ID, tx.Now.Add(-time.Hour)); err != nil || n >= mailsEach {
			return err
		}
		t, err := tenants.GetTx(tx)
		if err != nil {
			return err
		}
		return m.sendLink(tx, t, PasswordReset, e.ID, r, resetLife)
	})
}

// Reset is what resetting a password gives: a browser that is known at the next sign-in, also while strangers are being kept out.
type Reset struct {
	Tenant tenants.Tenant
	Device string
	Life   time.Duration
}

// ResetPassword sets a new password for who holds the token and signs him out everywhere. The authenticator app stays in force.
func (m *Members) ResetPassword(ctx context.Context, token, password string, actor db.Actor) (out Reset, err error) {
	tenant, id, err := m.read(PasswordReset, token)
	if err != nil {
		return out, err
	}
	sc := db.Scope{Tenant: tenant, Actor: actor}
	var about memberRow
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if about, err = tokenHolder(tx, PasswordReset, id); err != nil {
			return err
		}
		out.Tenant, err = tenants.GetTx(tx)
		return err
	})
	if err != nil {
		return out, err
	}
	if err := access.CheckPassword(password, about.Email, about.Name, out.Tenant.Name, out.Tenant.Slug); err != nil {
		return out, err
	}
	stored, err := m.access.HashPassword(ctx, password)
	if err != nil {
		return out, err
	}
	sc.Actor = db.Actor{Kind: access.Member, ID: about.ID.String(), Name: about.Name, Via: actor.Via, RequestID: actor.RequestID}
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		used, err := useToken(tx, PasswordReset, id)
		if err != nil {
			return err
		}
		r, err := one(tx, used.MemberID, true)
		if err != nil || r.Status != Active {
			return errLink.Wrap(err)
		}
		r.PasswordHash = stored
		if r.EmailConfirmedAt == nil {
			r.EmailConfirmedAt = &tx.Now
		}
		if err := update(tx, r); err != nil {
			return fmt.Errorf("reset password: %w", err)
		}
		if err := retireTokens(tx, PasswordReset, r.ID); err != nil {
			return fmt.Errorf("reset password: %w", err)
		}
		if _, err := m.access.EndSessionsTx(tx, access.Member, r.ID, uuid.Nil); err != nil {
			return err
		}
		out.Device, out.Life = m.access.DeviceCookie(sc, access.Member, r.ID, tx.Now)
		return audit.Append(tx, audit.Entry{Action: "member.password_reset", ObjectType: "member", ObjectID: r.ID.String()})
	})
	return out, err
}

// ConfirmEmail notes that who holds the token reads mail sent to the member's address.
func (m *Members) ConfirmEmail(ctx context.Context, token string, actor db.Actor) error {
	tenant, id, err := m.read(EmailConfirmation, token)
	if err != nil {
		return err
	}
	return m.db.InTx(ctx, db.Scope{Tenant: tenant, Actor: actor}, func(tx *db.Tx) error {
		used, err := useToken(tx, EmailConfirmation, id)
		if err != nil {
			return err
		}
		r, err := one(tx, used.MemberID, true)
		if err != nil || r.Email != used.Email {
			return errLink.Wrap(err)
		}
		r.EmailConfirmedAt = &tx.Now
		if err := update(tx, r); err != nil {
			return fmt.Errorf("confirm e-mail: %w", err)
		}
		return audit.Append(tx, audit.Entry{Action: "member.email_confirmed", ObjectType: "member", ObjectID: r.ID.String()})
	})
}

// ResendConfirmation mails the member another link to confirm his address, if he has not yet.
func (m *Members) ResendConfirmation(ctx context.Context, sc db.Scope, id access.Identity) error {
	return m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := one(tx, id.ID, true)
		if err != nil || r.EmailConfirmedAt != nil {
			return err
		}
		if n, err := recentTokens(tx, EmailConfirmation, r.ID, tx.Now.Add(-time.Hour)); err != nil || n >= mailsEach {
			return err
		}
		t, err := tenants.GetTx(tx)
		if err != nil {
			return err
		}
		return m.sendLink(tx, t, EmailConfirmation, db.NewID(), r, confirmLife)
	})
}
