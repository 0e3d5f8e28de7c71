package members

import (
	"context"
	"net/http"

	"allhours/platform/base/db"
	"allhours/tenants/access"
)

// MeOutput is GET /me.
type MeOutput struct{ Body Me }

// MeHTTP tells the caller about himself.
func (m *Members) MeHTTP(ctx context.Context, _ *struct{}) (*MeOutput, error) {
	me, err := m.Me(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx))
	return &MeOutput{Body: me}, err
}

// ChangeMeInput is PATCH /me.
type ChangeMeInput struct {
	Body struct {
		Name            *string `json:"name,omitempty" maxLength:"200"`
		Language        *string `json:"language,omitempty" maxLength:"20"`
		CurrentPassword string  `json:"current_password,omitempty" maxLength:"1000" doc:"Needed for a new password."`
		NewPassword     string  `json:"new_password,omitempty" maxLength:"1000" doc:"Ends all other sessions."`
	}
}

// ChangeMeOutput is the member; a new password brings a new session cookie.
type ChangeMeOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      Member
}

// ChangeMeHTTP changes the caller's profile.
func (m *Members) ChangeMeHTTP(ctx context.Context, in *ChangeMeInput) (*ChangeMeOutput, error) {
	b, c := in.Body, access.ClientOf(ctx)
	got, session, err := m.ChangeMe(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx), Profile{Name: b.Name, Language: b.Language, CurrentPassword: b.CurrentPassword, NewPassword: b.NewPassword}, c)
	if err != nil {
		return nil, err
	}
	out := &ChangeMeOutput{Body: got}
	if session != nil {
		out.SetCookie = cookies(c, *session, "", 0)
	}
	return out, nil
}

// StartTOTPOutput is a secret for an authenticator app.
type StartTOTPOutput struct {
	Body struct {
		Secret string `json:"secret"`
		URI    string `json:"uri" doc:"otpauth address, for a QR code."`
	}
}

// StartTOTPHTTP begins to set an authenticator app up.
func (m *Members) StartTOTPHTTP(ctx context.Context, _ *struct{}) (*StartTOTPOutput, error) {
	t, err := m.StartTOTP(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx))
	var out StartTOTPOutput
	out.Body.Secret, out.Body.URI = t.Secret, t.URI
	return &out, err
}

// ConfirmTOTPInput is POST /me/totp/confirm.
type ConfirmTOTPInput struct {
	Body struct {
		Code string `json:"code" maxLength:"20"`
	}
}

// ConfirmTOTPOutput is the recovery codes, told once.
type ConfirmTOTPOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      struct {
		RecoveryCodes []string `json:"recovery_codes" nullable:"false"`
	}
}

// ConfirmTOTPHTTP puts the app in force.
func (m *Members) ConfirmTOTPHTTP(ctx context.Context, in *ConfirmTOTPInput) (*ConfirmTOTPOutput, error) {
	codes, session, err := m.ConfirmTOTP(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx), in.Body.Code)
	if err != nil {
		return nil, err
	}
	out := &ConfirmTOTPOutput{SetCookie: cookies(access.ClientOf(ctx), session, "", 0)}
	out.Body.RecoveryCodes = codes
	return out, nil
}

// DisableTOTPInput is POST /me/totp/disable.
type DisableTOTPInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
		Code     string `json:"code" maxLength:"50" doc:"Of the app, or a recovery code."`
	}
}

// DisableTOTPHTTP switches the app off.
func (m *Members) DisableTOTPHTTP(ctx context.Context, in *DisableTOTPInput) (*struct{}, error) {
	return nil, m.DisableTOTP(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx), in.Body.Password, in.Body.Code, access.ClientOf(ctx))
}
