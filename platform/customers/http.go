package customers

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/tenants/access"
)

type (
	// IDInput names a customer.
	IDInput struct {
		ID uuid.UUID `path:"id"`
	}
	// FieldsInput is what can be said about a customer.
	FieldsInput struct{ Body Fields }
	// ChangeInput edits a customer.
	ChangeInput struct {
		ID   uuid.UUID `path:"id"`
		Body struct {
			Fields
			Version int64 `json:"version,omitempty" doc:"The version that was read."`
		}
	}
	// EraseInput asks for the erasure of a customer.
	EraseInput struct {
		ID   uuid.UUID `path:"id"`
		Body struct {
			Reason string `json:"reason,omitempty" maxLength:"500"`
		}
	}
	// DetailOutput is a customer as staff see him.
	DetailOutput struct{ Body Detail }
	// ListOutput is a page of customers.
	ListOutput struct{ Body db.Page[Listed] }
	// MeOutput is a customer as he sees himself.
	MeOutput struct{ Body Me }
	// Empty is no answer but the status.
	Empty struct{}
)

// ListHTTP is GET /customers.
func (c *Customers) ListHTTP(ctx context.Context, in *Filter) (*ListOutput, error) {
	page, err := c.List(ctx, db.ScopeOf(ctx), *in)
	return &ListOutput{Body: page}, err
}

// GetHTTP is GET /customers/{id}.
func (c *Customers) GetHTTP(ctx context.Context, in *IDInput) (*DetailOutput, error) {
	d, err := c.Get(ctx, db.ScopeOf(ctx), in.ID)
	return &DetailOutput{Body: d}, err
}

// CreateHTTP is POST /customers.
func (c *Customers) CreateHTTP(ctx context.Context, in *FieldsInput) (*DetailOutput, error) {
	d, err := c.Create(ctx, db.ScopeOf(ctx), in.Body)
	return &DetailOutput{Body: d}, err
}

// ChangeHTTP is PATCH /customers/{id}.
func (c *Customers) ChangeHTTP(ctx context.Context, in *ChangeInput) (*DetailOutput, error) {
	d, err := c.Change(ctx, db.ScopeOf(ctx), in.ID, in.Body.Fields, in.Body.Version)
	return &DetailOutput{Body: d}, err
}

// EraseHTTP is POST /customers/{id}/erase.
func (c *Customers) EraseHTTP(ctx context.Context, in *EraseInput) (*Empty, error) {
	return &Empty{}, c.Erase(ctx, db.ScopeOf(ctx), in.ID, in.Body.Reason)
}

type (
	// RegisterInput is a new account.
	RegisterInput struct{ Body Registration }
	// LoginInput signs in.
	LoginInput struct {
		Body struct {
			Email    string `json:"email" maxLength:"254"`
			Password string `json:"password" maxLength:"200"`
		}
	}
	// SignedInOutput begins a session.
	SignedInOutput struct {
		SetCookie http.Cookie `header:"Set-Cookie"`
		Body      Me
	}
	// SignedOutOutput ends the cookie.
	SignedOutOutput struct {
		SetCookie http.Cookie `header:"Set-Cookie"`
	}
)

func (c *Customers) signedIn(ctx context.Context, in SignedIn) (*SignedInOutput, error) {
	m, err := c.Me(ctx, db.ScopeOf(ctx), in.Customer.ID)
	return &SignedInOutput{SetCookie: access.ClientOf(ctx).Cookie(access.CustomerCookie, in.Session.Token, in.Session.Life), Body: m}, err
}

// RegisterHTTP is POST /storefront/customers.
func (c *Customers) RegisterHTTP(ctx context.Context, in *RegisterInput) (*SignedInOutput, error) {
	s, err := c.Register(ctx, db.ScopeOf(ctx), in.Body, access.ClientOf(ctx))
	if err != nil {
		return nil, err
	}
	return c.signedIn(ctx, s)
}

// LoginHTTP is POST /storefront/login.
func (c *Customers) LoginHTTP(ctx context.Context, in *LoginInput) (*SignedInOutput, error) {
	s, err := c.Login(ctx, db.ScopeOf(ctx), in.Body.Email, in.Body.Password, access.ClientOf(ctx))
	if err != nil {
		return nil, err
	}
	return c.signedIn(ctx, s)
}

// LogoutHTTP is POST /storefront/logout.
func (c *Customers) LogoutHTTP(ctx context.Context, _ *struct{}) (*SignedOutOutput, error) {
	if id, err := mine(ctx); err == nil {
		if err := c.access.EndSession(ctx, db.ScopeOf(ctx), id, id.SessionID); err != nil {
			return nil, err
		}
	}
	return &SignedOutOutput{SetCookie: access.ClientOf(ctx).Cookie(access.CustomerCookie, "", -time.Second)}, nil
}

// MeHTTP is GET /storefront/me.
func (c *Customers) MeHTTP(ctx context.Context, _ *struct{}) (*MeOutput, error) {
	id, err := mine(ctx)
	if err != nil {
		return nil, err
	}
	m, err := c.Me(ctx, db.ScopeOf(ctx), id.ID)
	return &MeOutput{Body: m}, err
}

// ChangeMeHTTP is PATCH /storefront/me.
func (c *Customers) ChangeMeHTTP(ctx context.Context, in *FieldsInput) (*MeOutput, error) {
	id, err := mine(ctx)
	if err != nil {
		return nil, err
	}
	m, err := c.ChangeMe(ctx, db.ScopeOf(ctx), id.ID, in.Body)
	return &MeOutput{Body: m}, err
}

type (
	// AddressBody is an address.
	AddressBody struct{ Body AddressInput }
	// ChangeAddressInput replaces an address.
	ChangeAddressInput struct {
		ID   uuid.UUID `path:"id"`
		Body AddressInput
	}
	// AddressOutput is an address as it is kept.
	AddressOutput struct{ Body Address }
	// AddressesOutput lists addresses.
	AddressesOutput struct {
		Body struct {
			Items []Address `json:"items" nullable:"false"`
		}
	}
	// EraseMeInput asks for one's own erasure.
	EraseMeInput struct {
		Body struct {
			Password string `json:"password" maxLength:"200"`
			Reason   string `json:"reason,omitempty" maxLength:"500"`
		}
	}
	// TokenInput brings the token of a mail.
	TokenInput struct {
		Body struct {
			Token string `json:"token" maxLength:"1000"`
		}
	}
	// ForgotInput names an account.
	ForgotInput struct {
		Body struct {
			Email string `json:"email" maxLength:"254"`
		}
	}
	// ResetInput sets a new password.
	ResetInput struct {
		Body struct {
			Token    string `json:"token" maxLength:"1000"`
			Password string `json:"password" maxLength:"200"`
		}
	}
)

// AddressesHTTP is GET /storefront/me/addresses.
func (c *Customers) AddressesHTTP(ctx context.Context, _ *struct{}) (*AddressesOutput, error) {
	m, err := c.MeHTTP(ctx, nil)
	if err != nil {
		return nil, err
	}
	out := &AddressesOutput{}
	out.Body.Items = m.Body.Addresses
	return out, nil
}

// AddAddressHTTP is POST /storefront/me/addresses.
func (c *Customers) AddAddressHTTP(ctx context.Context, in *AddressBody) (*AddressOutput, error) {
	id, err := mine(ctx)
	if err != nil {
		return nil, err
	}
	a, err := c.AddAddress(ctx, db.ScopeOf(ctx), id.ID, in.Body)
	return &AddressOutput{Body: a}, err
}

// ChangeAddressHTTP is PUT /storefront/me/addresses/{id}.
func (c *Customers) ChangeAddressHTTP(ctx context.Context, in *ChangeAddressInput) (*AddressOutput, error) {
	id, err := mine(ctx)
	if err != nil {
		return nil, err
	}
	a, err := c.ChangeAddress(ctx, db.ScopeOf(ctx), id.ID, in.ID, in.Body)
	return &AddressOutput{Body: a}, err
}

// DeleteAddressHTTP is DELETE /storefront/me/addresses/{id}.
func (c *Customers) DeleteAddressHTTP(ctx context.Context, in *IDInput) (*Empty, error) {
	id, err := mine(ctx)
	if err != nil {
		return nil, err
	}
	return &Empty{}, c.DeleteAddress(ctx, db.ScopeOf(ctx), id.ID, in.ID)
}

// EraseMeHTTP is POST /storefront/me/erase.
func (c *Customers) EraseMeHTTP(ctx context.Context, in *EraseMeInput) (*SignedOutOutput, error) {
	id, err := mine(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.EraseMe(ctx, db.ScopeOf(ctx), id.ID, in.Body.Password, in.Body.Reason); err != nil {
		return nil, err
	}
	return &SignedOutOutput{SetCookie: access.ClientOf(ctx).Cookie(access.CustomerCookie, "", -time.Second)}, nil
}

// ConfirmEmailHTTP is POST /storefront/email/confirm.
func (c *Customers) ConfirmEmailHTTP(ctx context.Context, in *TokenInput) (*Empty, error) {
	return &Empty{}, c.ConfirmEmail(ctx, db.ScopeOf(ctx), in.Body.Token)
}

// ForgotPasswordHTTP is POST /storefront/password/forgot.
func (c *Customers) ForgotPasswordHTTP(ctx context.Context, in *ForgotInput) (*Empty, error) {
	return &Empty{}, c.ForgotPassword(ctx, db.ScopeOf(ctx), in.Body.Email)
}

// ResetPasswordHTTP is POST /storefront/password/reset.
func (c *Customers) ResetPasswordHTTP(ctx context.Context, in *ResetInput) (*Empty, error) {
	return &Empty{}, c.ResetPassword(ctx, db.ScopeOf(ctx), in.Body.Token, in.Body.Password)
}
