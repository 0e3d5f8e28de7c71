package members

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/tenants"
	"allhours/tenants/access"
)

// cookies signs a browser in and makes it known for its next sign-in.
func cookies(c access.Client, o access.Opened, device string, life time.Duration) []http.Cookie {
	list := []http.Cookie{c.Cookie(access.StaffCookie, o.Token, o.Life)}
	if device != "" {
		list = append(list, c.Cookie(access.DeviceCookie, device, life))
	}
	return list
}

// SignUpInput is POST /signup.
type SignUpInput struct {
	Body struct {
		Business string `json:"business" maxLength:"200"`
		Slug     string `json:"slug,omitempty" maxLength:"100" doc:"The first part of the shop's address; made from the business's name where empty."`
		Industry string `json:"industry" maxLength:"50"`
		Email    string `json:"email" maxLength:"200"`
		Password string `json:"password" maxLength:"1000"`
		Name     string `json:"name" maxLength:"200"`
		Country  string `json:"country" maxLength:"10"`
		Currency string `json:"currency,omitempty" maxLength:"10" doc:"The country's where empty."`
		TimeZone string `json:"time_zone,omitempty" maxLength:"100" doc:"The country's where empty."`
		Language string `json:"language,omitempty" maxLength:"20" doc:"en where empty."`
	}
}

// SignUpOutput is the new shop, its owner signed in.
type SignUpOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Tenant     tenants.Tenant `json:"tenant"`
		Member     Member         `json:"member"`
		ShopURL    string         `json:"shop_url"`
		ConsoleURL string         `json:"console_url"`
	}
}

// SignUpHTTP makes a shop.
func (m *Members) SignUpHTTP(ctx context.Context, in *SignUpInput) (*SignUpOutput, error) {
	b, c := in.Body, access.ClientOf(ctx)
	got, err := m.SignUp(ctx, SignUp{
		Opening: tenants.Opening{Business: b.Business, Slug: b.Slug, Industry: b.Industry, Country: b.Country, Currency: b.Currency, TimeZone: b.TimeZone, Language: b.Language},
		Email:   b.Email, Password: b.Password, Name: b.Name,
	}, db.ScopeOf(ctx).Actor, c)
	if err != nil {
		return nil, err
	}
	out := &SignUpOutput{SetCookie: cookies(c, got.Session, got.Device, got.Life)}
	out.Body.Tenant, out.Body.Member = got.Tenant, got.Member
	out.Body.ShopURL = m.shopURL(c, got.Tenant.Slug)
	out.Body.ConsoleURL = c.BaseURL() + "/admin/t/" + got.Tenant.Slug
	return out, nil
}

// shopURL is the shop's own address, by the scheme and port that the client uses.
func (m *Members) shopURL(c access.Client, slug string) string {
	host := slug + "." + m.tenants.BaseDomain()
	if _, port, err := net.SplitHostPort(c.Host); err == nil {
		host = net.JoinHostPort(host, port)
	}
	return access.Client{Host: host, Secure: c.Secure}.BaseURL()
}

// LoginInput is POST /auth/login.
type LoginInput struct {
	Body struct {
		Shop         string `json:"shop,omitempty" maxLength:"100" doc:"The shop's slug, where the address does not name the shop."`
		Email        string `json:"email" maxLength:"200"`
		Password     string `json:"password" maxLength:"1000"`
		Code         string `json:"code,omitempty" maxLength:"20"`
		RecoveryCode string `json:"recovery_code,omitempty" maxLength:"50"`
	}
}

// LoginOutput is the member, signed in.
type LoginOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Member Member         `json:"member"`
		Tenant tenants.Tenant `json:"tenant"`
	}
}

// LoginHTTP signs a member in.
func (m *Members) LoginHTTP(ctx context.Context, in *LoginInput) (*LoginOutput, error) {
	sc, err := m.shop(ctx, in.Body.Shop)
	if err != nil {
		return nil, err
	}
	got, err := m.Login(ctx, sc, Login{Email: in.Body.Email, Password: in.Body.Password, Code: in.Body.Code, RecoveryCode: in.Body.RecoveryCode}, access.ClientOf(ctx))
	if err != nil {
		return nil, err
	}
	return signedIn(ctx, got), nil
}

func signedIn(ctx context.Context, s SignedIn) *LoginOutput {
	out := &LoginOutput{SetCookie: cookies(access.ClientOf(ctx), s.Session, s.Device, s.Life)}
	out.Body.Member, out.Body.Tenant = s.Member, s.Tenant
	return out
}

// shop gives the scope of the request's tenant, or of the named one where the host names none; without a tenant if there is none of that name.
func (m *Members) shop(ctx context.Context, slug string) (db.Scope, error) {
	sc := db.ScopeOf(ctx)
	if sc.Tenant != db.None || slug == "" {
		return sc, nil
	}
	id, err := m.tenants.BySlug(ctx, slug)
	if err != nil && !errors.Is(err, tenants.ErrNotFound) {
		return sc, err
	}
	sc.Tenant = id
	return sc, nil
}

// SignedOut takes the session's cookie away.
type SignedOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

// LogoutHTTP ends the caller's session.
func (m *Members) LogoutHTTP(ctx context.Context, _ *struct{}) (*SignedOut, error) {
	if err := m.Logout(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx)); err != nil {
		return nil, err
	}
	return &SignedOut{SetCookie: access.ClientOf(ctx).Cookie(access.StaffCookie, "", -1)}, nil
}

// ForgotInput is POST /auth/password/forgot.
type ForgotInput struct {
	Body struct {
		Shop  string `json:"shop,omitempty" maxLength:"100"`
		Email string `json:"email" maxLength:"200"`
	}
}

// ForgotHTTP has a link to reset a password mailed, if the address is a member's; the answer does not tell.
func (m *Members) ForgotHTTP(ctx context.Context, in *ForgotInput) (*struct{}, error) {
	sc, err := m.shop(ctx, in.Body.Shop)
	if err != nil {
		return nil, err
	}
	return nil, m.Forgot(ctx, sc, in.Body.Email, access.ClientOf(ctx))
}

// ResetInput is POST /auth/password/reset.
type ResetInput struct {
	Body struct {
		Token    string `json:"token" maxLength:"1000"`
		Password string `json:"password" maxLength:"1000"`
	}
}

// ResetOutput tells which shop to sign in to.
type ResetOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Slug string `json:"slug"`
		Name string `json:"name"`
	}
}

// ResetHTTP sets a new password.
func (m *Members) ResetHTTP(ctx context.Context, in *ResetInput) (*ResetOutput, error) {
	got, err := m.ResetPassword(ctx, in.Body.Token, in.Body.Password, db.ScopeOf(ctx).Actor)
	if err != nil {
		return nil, err
	}
	out := &ResetOutput{SetCookie: access.ClientOf(ctx).Cookie(access.DeviceCookie, got.Device, got.Life)}
	out.Body.Slug, out.Body.Name = got.Tenant.Slug, got.Tenant.Name
	return out, nil
}

// TokenInput is POST /auth/email/confirm.
type TokenInput struct {
	Body struct {
		Token string `json:"token" maxLength:"1000"`
	}
}

// ConfirmEmailHTTP confirms an e-mail address.
func (m *Members) ConfirmEmailHTTP(ctx context.Context, in *TokenInput) (*struct{}, error) {
	return nil, m.ConfirmEmail(ctx, in.Body.Token, db.ScopeOf(ctx).Actor)
}

// ResendHTTP mails the caller another link to confirm his address.
func (m *Members) ResendHTTP(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, m.ResendConfirmation(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx))
}

// ListOutput lists members.
type ListOutput struct {
	Body struct {
		Items []Member `json:"items" nullable:"false"`
	}
}

// ListHTTP lists members.
func (m *Members) ListHTTP(ctx context.Context, _ *struct{}) (*ListOutput, error) {
	var out ListOutput
	var err error
	out.Body.Items, err = m.List(ctx, db.ScopeOf(ctx))
	return &out, err
}

// ChangeInput is PATCH /members/{id}.
type ChangeInput struct {
	ID   uuid.UUID `path:"id"`
	Body struct {
		Roles  *[]string `json:"roles,omitempty" maxItems:"20"`
		Status *string   `json:"status,omitempty" enum:"active,disabled"`
	}
}

// MemberOutput is a member.
type MemberOutput struct{ Body Member }

// ChangeHTTP changes a member's roles or status.
func (m *Members) ChangeHTTP(ctx context.Context, in *ChangeInput) (*MemberOutput, error) {
	got, err := m.Change(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx), in.ID, Change{Roles: in.Body.Roles, Status: in.Body.Status})
	return &MemberOutput{Body: got}, err
}

// IDInput names a member or invitation.
type IDInput struct {
	ID uuid.UUID `path:"id"`
}

// RemoveHTTP ends a membership.
func (m *Members) RemoveHTTP(ctx context.Context, in *IDInput) (*struct{}, error) {
	return nil, m.Remove(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx), in.ID)
}

// InviteInput is POST /members/invitations.
type InviteInput struct {
	Body struct {
		Email    string   `json:"email" maxLength:"200"`
		Roles    []string `json:"roles" minItems:"1" maxItems:"20" nullable:"false"`
		Language string   `json:"language,omitempty" maxLength:"20" doc:"Of the mail; the shop's where empty."`
	}
}

// InvitedOutput is an invitation.
type InvitedOutput struct{ Body Invited }

// InviteHTTP invites someone.
func (m *Members) InviteHTTP(ctx context.Context, in *InviteInput) (*InvitedOutput, error) {
	got, err := m.Invite(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx), in.Body.Email, in.Body.Roles, in.Body.Language)
	return &InvitedOutput{Body: got}, err
}

// InvitationsOutput lists invitations.
type InvitationsOutput struct {
	Body struct {
		Items []Invited `json:"items" nullable:"false"`
	}
}

// InvitationsHTTP lists open invitations.
func (m *Members) InvitationsHTTP(ctx context.Context, _ *struct{}) (*InvitationsOutput, error) {
	var out InvitationsOutput
	var err error
	out.Body.Items, err = m.Invitations(ctx, db.ScopeOf(ctx))
	return &out, err
}

// UninviteHTTP takes an invitation back.
func (m *Members) UninviteHTTP(ctx context.Context, in *IDInput) (*struct{}, error) {
	return nil, m.Uninvite(ctx, db.ScopeOf(ctx), in.ID)
}

// OfferInput is GET /invitations/{token}.
type OfferInput struct {
	Token string `path:"token" maxLength:"1000"`
}

// OfferOutput is what the invitation says.
type OfferOutput struct{ Body Offer }

// OfferHTTP reads an invitation.
func (m *Members) OfferHTTP(ctx context.Context, in *OfferInput) (*OfferOutput, error) {
	got, err := m.Offer(ctx, in.Token)
	return &OfferOutput{Body: got}, err
}

// AcceptInput is POST /invitations/{token}/accept.
type AcceptInput struct {
	Token string `path:"token" maxLength:"1000"`
	Body  struct {
		Name     string `json:"name" maxLength:"200"`
		Password string `json:"password" maxLength:"1000"`
	}
}

// AcceptHTTP joins by an invitation and signs in.
func (m *Members) AcceptHTTP(ctx context.Context, in *AcceptInput) (*LoginOutput, error) {
	got, err := m.Accept(ctx, in.Token, in.Body.Name, in.Body.Password, db.ScopeOf(ctx).Actor, access.ClientOf(ctx))
	if err != nil {
		return nil, err
	}
	return signedIn(ctx, got), nil
}
