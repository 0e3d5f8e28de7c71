package members

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// Login is what a member shows to sign in.
type Login struct {
	Email        string
	Password     string
	Code         string // of an authenticator app
	RecoveryCode string // in its place
}

// SignedIn is a member with his new session.
type SignedIn struct {
	Tenant  tenants.Tenant
	Member  Member
	Session access.Opened
	Device  string // value of the device cookie
	Life    time.Duration
}

// Login signs a member in. In an unknown shop (tenant is uuid.Nil), for an unknown e-mail and for a wrong password it does the same work and answers access.ErrInvalid.
func (m *Members) Login(ctx context.Context, sc db.Scope, in Login, c access.Client) (out SignedIn, err error) {
	if sc.Tenant == uuid.Nil {
		if _, err := m.access.VerifyPassword(ctx, "", in.Password); err != nil {
			return out, err
		}
		return out, access.ErrInvalid
	}
	var r memberRow
	var attempt access.Attempt
	var refused error
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		if r, err = byEmail(tx, in.Email); err != nil {
			return err
		}
		attempt, refused = m.access.AdmitTx(tx, access.Member, in.Email, r.ID, c)
		return nil // the count stays also when it refuses
	})
	if err != nil || refused != nil {
		return out, either(err, refused)
	}
	ok, err := m.access.VerifyPassword(ctx, r.PasswordHash, in.Password)
	if err != nil {
		return out, either(m.undo(ctx, sc, attempt), err)
	}
	if !ok || r.Status != Active {
		return out, access.ErrInvalid
	}
	if r.TotpEnabledAt != nil && in.Code == "" && in.RecoveryCode == "" {
		return out, either(m.undo(ctx, sc, attempt), access.ErrCodeRequired)
	}
	as := sc.As(db.Actor{Kind: access.Member, ID: r.ID.String(), Name: r.Name, Via: sc.Actor.Via, RequestID: sc.Actor.RequestID})
	err = m.db.InTx(ctx, as, func(tx *db.Tx) error {
		now, err := one(tx, r.ID, true)
		if err != nil || now.Status != Active || now.PasswordHash != r.PasswordHash {
			return either(ignoreMissing(err), access.ErrInvalid) // changed meanwhile
		}
		if err := m.secondFactor(tx, now, in); err != nil {
			return err
		}
		if err := m.access.SucceededTx(tx, attempt); err != nil {
			return err
		}
		if out.Session, err = m.access.OpenSession(tx, access.Member, r.ID, r.Name, c); err != nil {
			return err
		}
		if out.Tenant, err = tenants.GetTx(tx); err != nil {
			return err
		}
		out.Member = now.member()
		out.Device, out.Life = m.access.DeviceCookie(sc, access.Member, r.ID, tx.Now)
		return audit.Append(tx, audit.Entry{Action: "member.signed_in", ObjectType: "member", ObjectID: r.ID.String(), After: map[string]string{"ip": c.IP, "user_agent": c.UserAgent, "session": out.Session.ID.String()}})
	})
	return out, err
}

func (m *Members) undo(ctx context.Context, sc db.Scope, at access.Attempt) error {
	return m.db.InTx(ctx, sc, func(tx *db.Tx) error { return m.access.UndoTx(tx, at) })
}

// secondFactor checks the code of a member who has an authenticator app; r is locked.
func (m *Members) secondFactor(tx *db.Tx, r memberRow, in Login) error {
	if r.TotpEnabledAt == nil {
		return nil
	}
	if in.RecoveryCode != "" {
		used, err := useRecoveryCode(tx, r.ID, access.RecoveryHash(tx.Scope.Tenant, r.ID, in.RecoveryCode))
		if err != nil {
			return err
		}
		if !used {
			return access.ErrCodeInvalid
		}
		return audit.Append(tx, audit.Entry{Action: "member.recovery_used", ObjectType: "member", ObjectID: r.ID.String()})
	}
	step, ok, err := m.access.CheckTOTP(tx.Scope.Tenant, r.ID, r.TotpSecret, in.Code, tx.Now, r.TotpStep)
	if err != nil {
		return err
	}
	if !ok {
		return access.ErrCodeInvalid
	}
	return setStep(tx, r.ID, step)
}

// Logout ends the identity's session.
func (m *Members) Logout(ctx context.Context, sc db.Scope, id access.Identity) error {
	return m.access.EndSession(ctx, sc, id, id.SessionID)
}

func either(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func ignoreMissing(err error) error {
	if db.IsNotFound(err) || errors.Is(err, errNotFound) {
		return nil
	}
	return err
}
