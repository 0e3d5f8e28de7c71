package customers

import (
	"time"

	"github.com/google/uuid"
)

// Events about customers; their subject is the customer's id.
const (
	EventCreated       = "customer.created"
	EventChanged       = "customer.changed"
	EventErased        = "customer.erased"
	EventLinkRequested = "customer.link_requested"
)

// ChangedV1 is the payload of customer.created, customer.changed and customer.erased. It has nothing personal, so that erasing need not look for it.
type ChangedV1 struct {
	ID      uuid.UUID `json:"id"`
	Kind    string    `json:"kind"`
	Version int64     `json:"version"`
}

// Kinds of links in mails.
const (
	EmailConfirmation = "email_confirmation"
	PasswordReset     = "password_reset"
)

// LinkV1 is the payload of customer.link_requested: a mail with the path that Customers.LinkTx makes is to go to the customer. It holds neither token nor address.
type LinkV1 struct {
	Kind       string    `json:"kind"` // email_confirmation, password_reset
	CustomerID uuid.UUID `json:"customer_id"`
	ExpiresAt  time.Time `json:"expires_at"`
}
