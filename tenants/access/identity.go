package access

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Identity is who makes a request. The zero Identity is nobody.
type Identity struct {
	Kind      string // member, customer, guest, api_key, operator; "" is anonymous
	ID        uuid.UUID
	Name      string
	Tenant    uuid.UUID // None for an operator
	Roles     []string  // of a member
	Scopes    []string  // of an API key: the permissions it carries
	SessionID uuid.UUID
	OrderID   uuid.UUID // of a guest with a signed order link: the one order he may see
}

// Kinds of identity.
const (
	Member   = "member"
	Customer = "customer"
	Guest    = "guest"
	APIKey   = "api_key"
	Operator = "operator"
)

// Anonymous reports whether nobody has been recognised.
func (i Identity) Anonymous() bool { return i.Kind == "" }

// Is reports whether the identity is of one of the kinds.
func (i Identity) Is(kinds ...string) bool { return slices.Contains(kinds, i.Kind) }

// Actor is the identity as it stands in the audit log and in events.
func (i Identity) Actor(requestID string) db.Actor {
	a := db.Actor{Kind: i.Kind, Name: i.Name, Via: "ui", RequestID: requestID}
	if i.ID != uuid.Nil {
		a.ID = i.ID.String()
	}
	switch i.Kind {
	case "":
		a.Kind = Guest
	case APIKey:
		a.Via = "api"
	}
	return a
}

type identityKey struct{}

// WithIdentity puts the identity on the context; the gateway does so for each request.
func WithIdentity(ctx context.Context, i Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, i)
}

// IdentityOf gives the identity of the context; anonymous where there is none.
func IdentityOf(ctx context.Context) Identity {
	i, _ := ctx.Value(identityKey{}).(Identity)
	return i
}

// Credential is what a request shows to be recognised.
type Credential struct {
	Kind   CredentialKind
	Secret string
	Client Client
}

// CredentialKind says what sort of secret it is and so where it is looked up.
type CredentialKind string

// Kinds of credential.
const (
	StaffSession    CredentialKind = "staff_session"
	CustomerSession CredentialKind = "customer_session"
	OperatorSession CredentialKind = "operator_session"
	KeySecret       CredentialKind = "api_key"
	OrderToken      CredentialKind = "order_token"
)
