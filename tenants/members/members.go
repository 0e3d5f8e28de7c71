// Package members is the people who work for a tenant: how they join, sign in, prove who they are, and leave.
//
// Owns: members, member_roles, recovery_codes, invitations, one_time_tokens; sign-up (the tenant with its first member). Does not own: what roles allow, sessions and
// the techniques of secrets (tenants/access).
// Invariants: the same e-mail in two tenants is two unrelated members; a tenant that is open has an active owner; nobody gives a role, or has power over a
// member, with a permission that he lacks himself; signing in answers the same, after the same work, for an unknown e-mail as for a wrong password.
// Events out: member.invited, member.joined, member.changed, member.removed, member.password_reset_requested, member.email_confirmation_requested.
package members

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/secrets"
	"allhours/tenants"
	"allhours/tenants/access"
)

// Member is a person who works for a tenant.
type Member struct {
	ID             uuid.UUID  `json:"id"`
	Email          string     `json:"email"`
	Name           string     `json:"name"`
	Language       string     `json:"language"`
	Status         string     `json:"status" enum:"active,disabled"`
	Roles          []string   `json:"roles" nullable:"false"`
	EmailConfirmed bool       `json:"email_confirmed"`
	TOTPEnabled    bool       `json:"totp_enabled"`
	LastSeenAt     *time.Time `json:"last_seen_at"`
	CreatedAt      time.Time  `json:"created_at"`
}

// States of a member.
const (
	Active   = "active"
	Disabled = "disabled"
	removed  = "removed"
)

var (
	errNotFound = fault.New(fault.NotFound, "member.not_found", "There is no such member.")
	errInvalid  = fault.New(fault.Invalid, "invalid", "Some of the values are not right. See the fields.")
	errLast     = fault.New(fault.Conflict, "member.last_owner", "A shop needs an active owner. Make someone else an owner first.")
)

// Members is the staff of all tenants.
type Members struct {
	db      *db.DB
	tenants *tenants.Tenants
	access  *access.Access
	signer  *secrets.Signer
}

// New counts the users of plans for tenants.Limits, too.
func New(d *db.DB, t *tenants.Tenants, a *access.Access, keys secrets.Keys) *Members {
	t.Limits.Count(tenants.Users, countUsers)
	return &Members{db: d, tenants: t, access: a, signer: keys.Signer}
}

// List gives the tenant's members by name.
func (m *Members) List(ctx context.Context, sc db.Scope) (list []Member, err error) {
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		rows, err := all(tx)
		list = make([]Member, len(rows))
		for i, r := range rows {
			list[i] = r.member()
		}
		return err
	})
	return list, err
}

// Get gives one member.
func (m *Members) Get(ctx context.Context, sc db.Scope, id uuid.UUID) (found Member, err error) {
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := one(tx, id, false)
		found = r.member()
		return err
	})
	return found, err
}

// Recipient is whom a message to a member goes to.
type Recipient struct {
	ID       uuid.UUID
	Email    string
	Name     string
	Language string
}

// WithRolesTx gives the active members who have one of the roles, for notifications.
func WithRolesTx(tx *db.Tx, roles []string) ([]Recipient, error) {
	list, err := withRoles(tx, roles)
	if err != nil {
		return nil, fmt.Errorf("find members by role: %w", err)
	}
	return list, nil
}

func cleanEmail(e *fault.Error, field, email string) (string, *fault.Error) {
	email = strings.TrimSpace(email)
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > 200 || !strings.Contains(email[strings.LastIndex(email, "@"):], ".") {
		return email, e.Field(field, "an e-mail address, as ada@example.com")
	}
	return email, e
}

func cleanName(e *fault.Error, name string) (string, *fault.Error) {
	name = strings.Join(strings.Fields(name), " ")
	if n := len([]rune(name)); n < 1 || n > 100 {
		return name, e.Field("name", "1 to 100 characters")
	}
	return name, e
}

func failed(e *fault.Error) error {
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}
