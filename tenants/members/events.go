package members

import (
	"time"

	"github.com/google/uuid"
)

// Events about members; their subject is the member's id, of member.invited the invitation's.
const (
	EventInvited                    = "member.invited"
	EventJoined                     = "member.joined"
	EventChanged                    = "member.changed"
	EventRemoved                    = "member.removed"
	EventPasswordResetRequested     = "member.password_reset_requested"
	EventEmailConfirmationRequested = "member.email_confirmation_requested"
)

// LinkV1 is the payload of member.invited, member.password_reset_requested and member.email_confirmation_requested. It holds no token: who sends the mail
// makes it with Members.Token(Kind, tenant, ID, ExpiresAt), so that a copy of the outbox opens nothing.
type LinkV1 struct {
	Kind      string    `json:"kind"` // invitation, password_reset, email_confirmation: also the path's word, see Members.Link
	ID        uuid.UUID `json:"id"`   // of the invitation or one-time token
	Email     string    `json:"email"`
	Name      string    `json:"name,omitempty"` // of the receiver, unknown in an invitation
	Language  string    `json:"language"`
	Shop      string    `json:"shop"`
	Slug      string    `json:"slug"`
	InvitedBy string    `json:"invited_by,omitempty"`
	ExpiresAt time.Time `json:"expires_at"`
}

// ChangedV1 is the payload of member.joined, member.changed and member.removed.
type ChangedV1 struct {
	ID     uuid.UUID `json:"id"`
	Name   string    `json:"name"`
	Status string    `json:"status"`
	Roles  []string  `json:"roles"`
	At     time.Time `json:"at"`
}
