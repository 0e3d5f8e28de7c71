package gateway

import (
	"context"
	"io"
	"net/http"

	"github.com/google/uuid"

	"allhours/tenants/access"
)

// Authenticator recognises who asks and says what they may do. tenants/access fills it.
type Authenticator interface {
	// Authenticate finds the identity behind the credential. tenant is the one that the host names, or none: the credential then tells it.
	// An error of kind Unauthenticated means that the credential is unknown, expired or revoked.
	Authenticate(ctx context.Context, tenant uuid.UUID, c access.Credential) (access.Identity, error)
	// Allowed tells whether the identity has the permission ("orders:read") in its tenant. In doubt it is false.
	Allowed(ctx context.Context, id access.Identity, permission string) bool
}

// Hooks are the parts of a request that other packages handle; app fills them. Only Authenticator is needed.
type Hooks struct {
	Authenticator Authenticator
	Rate          func(plan string) int // requests a second of a tenant on the plan; 100 where nil or 0
	Media         MediaFunc
	Webhook       WebhookFunc
	OwnsOrder     func(ctx context.Context, customer, order uuid.UUID) bool // in the scope's tenant; no customer follows an order where nil
	Checks        []Check                                                   // of /readyz, beside the database and Redis
}

// MediaFunc opens a picture of the scope's tenant, at most width pixels wide; 0 is its own width.
type MediaFunc func(ctx context.Context, id uuid.UUID, width int) (Media, error)

// Media is an opened file; the gateway closes it. Its content never changes under one id.
type Media struct {
	Type string
	Size int64 // -1 if not known
	Body io.ReadCloser
}

// WebhookFunc handles what a third party sends to /hooks/{token}. There is no tenant on the context: the token tells it.
type WebhookFunc func(ctx context.Context, token string, in Webhook) (WebhookReply, error)

// Webhook is a request of a third party, byte for byte as it came: signatures are computed over it.
type Webhook struct {
	Method string
	Path   string
	Query  string
	Header http.Header
	Body   []byte
	IP     string
}

// WebhookReply is what the third party wants to hear.
type WebhookReply struct {
	Status int // 200 where 0
	Type   string
	Body   []byte
}

// Check is one line of /readyz; an error means that this process should get no requests.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}
