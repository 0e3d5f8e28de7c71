package members

import (
	"context"
	"errors"
	"fmt"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// Me is a member with his tenant and what he may do there.
type Me struct {
	Member Self           `json:"member"`
	Tenant tenants.Tenant `json:"tenant"`
}

// Self is a member as he sees himself.
type Self struct {
	Member
	Permissions []string `json:"permissions" nullable:"false"`
}

// Me tells a member about himself.
func (m *Members) Me(ctx context.Context, sc db.Scope, id access.Identity) (me Me, err error) {
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := one(tx, id.ID, false)
		if err != nil {
			return err
		}
		may, err := m.access.PermissionsTx(tx, id)
		if err != nil {
			return err
		}
		me.Member = Self{Member: r.member(), Permissions: may.Sorted()}
		me.Tenant, err = tenants.GetTx(tx)
		return err
	})
	return me, err
}

// Profile is a change of a member by himself; nil and empty members stay as they are. A new password needs the current one.
type Profile struct {
	Name            *string
	Language        *string
	CurrentPassword string
	NewPassword     string
}

// ChangeMe changes the member's profile. A new password ends his other sessions and gives this one another token, which is returned.
func (m *Members) ChangeMe(ctx context.Context, sc db.Scope, id access.Identity, p Profile, c access.Client) (out Member, session *access.Opened, err error) {
	wrong, name := errInvalid, ""
	if p.Name != nil {
		name, wrong = cleanName(wrong, *p.Name)
	}
	if p.Language != nil && (len(*p.Language) < 2 || len(*p.Language) > 20) {
		wrong = wrong.Field("language", "a language, as en or zh")
	}
	if err := failed(wrong); err != nil {
		return out, nil, err
	}
	stored := ""
	var attempt access.Attempt
	if p.NewPassword != "" {
		if stored, attempt, err = m.newPassword(ctx, sc, id, p, c); err != nil {
			return out, nil, err
		}
	}
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		before, err := one(tx, id.ID, true)
		if err != nil {
			return err
		}
		after := before
		if p.Name != nil {
			after.Name = name
		}
		if p.Language != nil {
			after.Language = *p.Language
		}
		if stored != "" {
			after.PasswordHash = stored
			if err := m.access.SucceededTx(tx, attempt); err != nil {
				return err
			}
			opened, err := m.renewTx(tx, id)
			if err != nil {
				return err
			}
			session = &opened
			if err := audit.Append(tx, audit.Entry{Action: "member.password_changed", ObjectType: "member", ObjectID: id.ID.String()}); err != nil {
				return err
			}
		}
		out = after.member()
		return m.saveTx(tx, before, after, EventChanged, "member.profile_changed")
	})
	return out, session, err
}

func (m *Members) newPassword(ctx context.Context, sc db.Scope, id access.Identity, p Profile, c access.Client) (stored string, at access.Attempt, err error) {
	r, at, err := m.prove(ctx, sc, id, p.CurrentPassword, c)
	if err != nil {
		return "", at, err
	}
	if err := access.CheckPassword(p.NewPassword, r.Email, r.Name); err != nil {
		weak := fault.Of(err)
		return "", at, either(m.undo(ctx, sc, at), &fault.Error{Kind: weak.Kind, Code: weak.Code, Message: weak.Message, Fields: map[string]fault.Text{"new_password": weak.Fields["password"]}})
	}
	stored, err = m.access.HashPassword(ctx, p.NewPassword)
	return stored, at, err
}

// prove asks a signed-in member for his password once more. It counts as a failed sign-in until the attempt has succeeded.
func (m *Members) prove(ctx context.Context, sc db.Scope, id access.Identity, password string, c access.Client) (r memberRow, at access.Attempt, err error) {
	var refused error
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		if r, err = one(tx, id.ID, false); err != nil {
			return err
		}
		at, refused = m.access.AdmitTx(tx, access.Member, r.Email, r.ID, c)
		return nil
	})
	if err = either(err, refused); err != nil {
		return r, at, err
	}
	ok, err := m.access.VerifyPassword(ctx, r.PasswordHash, password)
	if err != nil {
		return r, at, either(m.undo(ctx, sc, at), err)
	}
	if !ok {
		return r, at, fault.New(fault.Forbidden, "auth.password_wrong", "This is not your current password.").Field("current_password", "not right")
	}
	return r, at, nil
}

// renewTx ends the member's other sessions and gives this one a new token.
func (m *Members) renewTx(tx *db.Tx, id access.Identity) (access.Opened, error) {
	if _, err := m.access.EndSessionsTx(tx, access.Member, id.ID, id.SessionID); err != nil {
		return access.Opened{}, err
	}
	return m.access.RotateSessionTx(tx, id)
}

var (
	errTOTPOn  = fault.New(fault.Conflict, "totp.enabled", "An authenticator app is set up already. Switch it off first.")
	errTOTPOff = fault.New(fault.Conflict, "totp.not_started", "No authenticator app is being set up.")
)

// StartTOTP makes a secret for an authenticator app. It is in force once ConfirmTOTP has seen a code.
func (m *Members) StartTOTP(ctx context.Context, sc db.Scope, id access.Identity) (t access.TOTP, err error) {
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := one(tx, id.ID, true)
		if err != nil {
			return err
		}
		if r.TotpEnabledAt != nil {
			return errTOTPOn
		}
		shop, err := tenants.GetTx(tx)
		if err != nil {
			return err
		}
		if t, err = m.access.NewTOTP(sc.Tenant, r.ID, shop.Name, r.Email); err != nil {
			return err
		}
		r.TotpSecret, r.TotpStep = t.Sealed, 0
		return update(tx, r)
	})
	return t, err
}

// ConfirmTOTP puts the app in force, gives the recovery codes, and leaves the member signed in here only, under a new token.
func (m *Members) ConfirmTOTP(ctx context.Context, sc db.Scope, id access.Identity, code string) (codes []string, session access.Opened, err error) {
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := one(tx, id.ID, true)
		if err != nil {
			return err
		}
		if r.TotpEnabledAt != nil {
			return errTOTPOn
		}
		if r.TotpSecret == nil {
			return errTOTPOff
		}
		step, ok, err := m.access.CheckTOTP(sc.Tenant, r.ID, r.TotpSecret, code, tx.Now, r.TotpStep)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Invalid, "auth.code_invalid", "This code is not right. Check that the clock of your phone is, and enter the next one.").Field("code", "not right")
		}
		var hashes [][]byte
		codes, hashes = access.NewRecoveryCodes(sc.Tenant, r.ID)
		if err := replaceRecoveryCodes(tx, r.ID, hashes); err != nil {
			return fmt.Errorf("confirm authenticator: %w", err)
		}
		r.TotpEnabledAt, r.TotpStep = &tx.Now, step
		if err := update(tx, r); err != nil {
			return fmt.Errorf("confirm authenticator: %w", err)
		}
		if session, err = m.renewTx(tx, id); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "member.totp_enabled", ObjectType: "member", ObjectID: r.ID.String()})
	})
	return codes, session, err
}

// DisableTOTP switches the app off, for who knows the password and has a code of it or a recovery code.
func (m *Members) DisableTOTP(ctx context.Context, sc db.Scope, id access.Identity, password, code string, c access.Client) error {
	_, attempt, err := m.prove(ctx, sc, id, password, c)
	if err != nil {
		return err
	}
	return m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := one(tx, id.ID, true)
		if err != nil || r.TotpEnabledAt == nil {
			return err
		}
		in := Login{Code: code}
		if len(code) > 8 {
			in = Login{RecoveryCode: code}
		}
		if err := m.secondFactor(tx, r, in); errors.Is(err, access.ErrCodeInvalid) {
			return fault.New(fault.Invalid, "auth.code_invalid", "This code is not right, or has been used.").Field("code", "not right")
		} else if err != nil {
			return err
		}
		if err := m.access.SucceededTx(tx, attempt); err != nil {
			return err
		}
		r.TotpSecret, r.TotpEnabledAt, r.TotpStep = nil, nil, 0
		if err := update(tx, r); err != nil {
			return fmt.Errorf("switch authenticator off: %w", err)
		}
		if err := replaceRecoveryCodes(tx, r.ID, nil); err != nil {
			return fmt.Errorf("switch authenticator off: %w", err)
		}
		return audit.Append(tx, audit.Entry{Action: "member.totp_disabled", ObjectType: "member", ObjectID: r.ID.String()})
	})
}
