package access

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// SessionsOutput lists sessions.
type SessionsOutput struct {
	Body struct {
		Items []Session `json:"items" nullable:"false"`
	}
}

// SessionsHTTP lists the caller's sessions.
func (a *Access) SessionsHTTP(ctx context.Context, _ *struct{}) (*SessionsOutput, error) {
	var out SessionsOutput
	var err error
	out.Body.Items, err = a.Sessions(ctx, db.ScopeOf(ctx), IdentityOf(ctx))
	return &out, err
}

// IDInput names a thing.
type IDInput struct {
	ID uuid.UUID `path:"id"`
}

// EndSessionHTTP ends one of the caller's sessions.
func (a *Access) EndSessionHTTP(ctx context.Context, in *IDInput) (*struct{}, error) {
	return nil, a.EndSession(ctx, db.ScopeOf(ctx), IdentityOf(ctx), in.ID)
}

// RolesOutput lists roles.
type RolesOutput struct {
	Body struct {
		Items []Role `json:"items" nullable:"false"`
	}
}

// RolesHTTP lists the shared roles and the tenant's own.
func (a *Access) RolesHTTP(ctx context.Context, _ *struct{}) (*RolesOutput, error) {
	var out RolesOutput
	var err error
	out.Body.Items, err = a.Roles(ctx, db.ScopeOf(ctx))
	return &out, err
}

// PermissionsOutput lists permissions.
type PermissionsOutput struct {
	Body struct {
		Items []Permission `json:"items" nullable:"false"`
	}
}

// PermissionsHTTP lists all permissions there are.
func (a *Access) PermissionsHTTP(context.Context, *struct{}) (*PermissionsOutput, error) {
	var out PermissionsOutput
	out.Body.Items = permissions
	return &out, nil
}

// RoleInput is POST and PUT /roles/{name}.
type RoleInput struct {
	Name string `path:"name" maxLength:"40"`
	Body struct {
		Title       map[string]string `json:"title" doc:"By language."`
		Permissions []string          `json:"permissions" maxItems:"100" nullable:"false"`
	}
}

func (in *RoleInput) role() Role {
	return Role{Name: in.Name, Title: in.Body.Title, Permissions: in.Body.Permissions}
}

// RoleOutput is a role.
type RoleOutput struct{ Body Role }

// CreateRoleHTTP makes a role.
func (a *Access) CreateRoleHTTP(ctx context.Context, in *RoleInput) (*RoleOutput, error) {
	r, err := a.CreateRole(ctx, db.ScopeOf(ctx), IdentityOf(ctx), in.role())
	return &RoleOutput{Body: r}, err
}

// ChangeRoleHTTP changes a role.
func (a *Access) ChangeRoleHTTP(ctx context.Context, in *RoleInput) (*RoleOutput, error) {
	r, err := a.ChangeRole(ctx, db.ScopeOf(ctx), IdentityOf(ctx), in.role())
	return &RoleOutput{Body: r}, err
}

// RoleNameInput names a role.
type RoleNameInput struct {
	Name string `path:"name" maxLength:"40"`
}

// DeleteRoleHTTP deletes a role.
func (a *Access) DeleteRoleHTTP(ctx context.Context, in *RoleNameInput) (*struct{}, error) {
	return nil, a.DeleteRole(ctx, db.ScopeOf(ctx), in.Name)
}

// KeysOutput lists keys.
type KeysOutput struct {
	Body struct {
		Items []Key `json:"items" nullable:"false"`
	}
}

// KeysHTTP lists API keys.
func (a *Access) KeysHTTP(ctx context.Context, _ *struct{}) (*KeysOutput, error) {
	var out KeysOutput
	var err error
	out.Body.Items, err = a.Keys(ctx, db.ScopeOf(ctx))
	return &out, err
}

// CreateKeyInput is POST /api-keys.
type CreateKeyInput struct {
	Body struct {
		Name      string     `json:"name" maxLength:"100"`
		Scopes    []string   `json:"scopes" minItems:"1" maxItems:"100" nullable:"false" doc:"Permissions; you must have each of them."`
		ExpiresAt *time.Time `json:"expires_at,omitempty"`
	}
}

// NewKeyOutput is a key with its secret.
type NewKeyOutput struct{ Body NewKey }

// CreateKeyHTTP makes an API key.
func (a *Access) CreateKeyHTTP(ctx context.Context, in *CreateKeyInput) (*NewKeyOutput, error) {
	k, err := a.CreateKey(ctx, db.ScopeOf(ctx), IdentityOf(ctx), in.Body.Name, in.Body.Scopes, in.Body.ExpiresAt)
	return &NewKeyOutput{Body: k}, err
}

// RotateKeyHTTP gives an API key a new secret.
func (a *Access) RotateKeyHTTP(ctx context.Context, in *IDInput) (*NewKeyOutput, error) {
	k, err := a.RotateKey(ctx, db.ScopeOf(ctx), IdentityOf(ctx), in.ID)
	return &NewKeyOutput{Body: k}, err
}

// RevokeKeyHTTP ends an API key.
func (a *Access) RevokeKeyHTTP(ctx context.Context, in *IDInput) (*struct{}, error) {
	return nil, a.RevokeKey(ctx, db.ScopeOf(ctx), in.ID)
}

// OperatorLoginInput is POST /operator/login.
type OperatorLoginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"200"`
		Password string `json:"password" maxLength:"200"`
		Code     string `json:"code,omitempty" maxLength:"20"`
	}
}

// OperatorLoginOutput is the operator, signed in.
type OperatorLoginOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Operator OperatorAccount `json:"operator"`
	}
}

// OperatorLoginHTTP signs an operator in.
func (a *Access) OperatorLoginHTTP(ctx context.Context, in *OperatorLoginInput) (*OperatorLoginOutput, error) {
	c := ClientOf(ctx)
	o, who, err := a.OperatorLogin(ctx, in.Body.Email, in.Body.Password, in.Body.Code, c)
	if err != nil {
		return nil, err
	}
	out := &OperatorLoginOutput{SetCookie: c.Cookie(OperatorCookie, o.Token, o.Life)}
	out.Body.Operator = who
	return out, nil
}

// OperatorLogoutOutput takes the cookie away.
type OperatorLogoutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

// OperatorLogoutHTTP ends the operator's session.
func (a *Access) OperatorLogoutHTTP(ctx context.Context, _ *struct{}) (*OperatorLogoutOutput, error) {
	return &OperatorLogoutOutput{SetCookie: ClientOf(ctx).Cookie(OperatorCookie, "", -1)}, a.OperatorLogout(ctx, IdentityOf(ctx))
}
