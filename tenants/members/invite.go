package members

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// Invited is an invitation that is open.
type Invited struct {
	ID        uuid.UUID `json:"id"`
	Email     string    `json:"email"`
	Roles     []string  `json:"roles" nullable:"false"`
	Language  string    `json:"language"`
	InvitedBy string    `json:"invited_by"`
	ExpiresAt time.Time `json:"expires_at"`
	CreatedAt time.Time `json:"created_at"`
}

func (r invitationRow) invited(by string) Invited {
	return Invited{ID: r.ID, Email: r.Email, Roles: append([]string{}, r.Roles...), Language: r.Language, InvitedBy: by, ExpiresAt: r.ExpiresAt.UTC(), CreatedAt: r.CreatedAt.UTC()}
}

var errNoInvitation = fault.New(fault.NotFound, "invitation.not_found", "There is no such open invitation.")

// Invite asks someone to join with the roles, by mail. An earlier invitation of the same address is taken back.
func (m *Members) Invite(ctx context.Context, sc db.Scope, by access.Identity, email string, roles []string, language string) (out Invited, err error) {
	if by.Kind != access.Member {
		return out, fault.New(fault.Forbidden, "invitation.needs_member", "Only a signed-in member can invite, not an API key.")
	}
	email, wrong := cleanEmail(errInvalid, "email", email)
	if len(roles) == 0 {
		wrong = wrong.Field("roles", "at least one role")
	}
	if err := failed(wrong); err != nil {
		return out, err
	}
	roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		gives, err := m.access.RolePermissionsTx(tx, roles)
		if err != nil {
			return err
		}
		if err := m.access.MayGrantTx(tx, by, gives); err != nil {
			return err
		}
		there, err := byEmail(tx, email)
		if err != nil {
			return err
		}
		if there.ID != uuid.Nil {
			return fault.New(fault.Conflict, "member.email_taken", "Someone with this e-mail address works here already.").Field("email", "in use")
		}
		if err := revokeInvitationsOf(tx, email, uuid.Nil); err != nil {
			return fmt.Errorf("invite: %w", err)
		}
		if err := m.tenants.Limits.Check(tx, tenants.Users, 1); err != nil {
			return err
		}
		t, err := tenants.GetTx(tx)
		if err != nil {
			return err
		}
		if language == "" {
			language = t.Language
		}
		r := invitationRow{ID: db.NewID(), Email: email, Roles: roles, Language: language, InvitedBy: by.ID, ExpiresAt: tx.Now.Add(invitationLife).Truncate(time.Second), CreatedAt: tx.Now}
		if err := insertInvitation(tx, r); err != nil {
			return fmt.Errorf("invite: %w", err)
		}
		out = r.invited(by.Name)
		if err := audit.Append(tx, audit.Entry{Action: "member.invited", ObjectType: "invitation", ObjectID: r.ID.String(), After: out}); err != nil {
			return err
		}
		return outbox.Append(tx, EventInvited, r.ID.String(), LinkV1{Kind: Invitation, ID: r.ID, Email: email, Language: language, Shop: t.Name, Slug: t.Slug, InvitedBy: by.Name, ExpiresAt: r.ExpiresAt})
	})
	return out, err
}

// Invitations lists the open ones, the newest first.
func (m *Members) Invitations(ctx context.Context, sc db.Scope) (list []Invited, err error) {
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		rows, err := openInvitations(tx)
		if err != nil {
			return err
		}
		people, err := all(tx)
		list = make([]Invited, len(rows))
		for i, r := range rows {
			list[i] = r.invited(nameOf(people, r.InvitedBy))
		}
		return err
	})
	return list, err
}

func nameOf(people []memberRow, id uuid.UUID) string {
	if i := slices.IndexFunc(people, func(r memberRow) bool { return r.ID == id }); i >= 0 {
		return people[i].Name
	}
	return ""
}

// Uninvite takes an invitation back.
func (m *Members) Uninvite(ctx context.Context, sc db.Scope, id uuid.UUID) error {
	return m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		ok, err := revokeInvitation(tx, id)
		if err != nil {
			return fmt.Errorf("take invitation back: %w", err)
		}
		if !ok {
			return errNoInvitation
		}
		return audit.Append(tx, audit.Entry{Action: "member.uninvited", ObjectType: "invitation", ObjectID: id.String()})
	})
}

// Offer is what an invitation says to who opens its link.
type Offer struct {
	Shop       string              `json:"shop"`
	Slug       string              `json:"slug"`
	Email      string              `json:"email"`
	Roles      []string            `json:"roles" nullable:"false"`
	RoleTitles []map[string]string `json:"role_titles" nullable:"false" doc:"What people call the roles, in languages."`
	Language   string              `json:"language"`
	InvitedBy  string              `json:"invited_by"`
	ExpiresAt  time.Time           `json:"expires_at"`
}

// Offer reads the invitation that the token names.
func (m *Members) Offer(ctx context.Context, token string) (out Offer, err error) {
	tenant, id, err := m.read(Invitation, token)
	if err != nil {
		return out, err
	}
	err = m.db.InTx(ctx, db.Scope{Tenant: tenant}, func(tx *db.Tx) error {
		r, err := openInvitation(tx, id)
		if err != nil {
			return err
		}
		t, err := tenants.GetTx(tx)
		if err != nil {
			return err
		}
		titles, err := m.access.RoleTitlesTx(tx, r.Roles)
		if err != nil {
			return err
		}
		people, err := all(tx)
		out = Offer{Shop: t.Name, Slug: t.Slug, Email: r.Email, Roles: append([]string{}, r.Roles...), RoleTitles: titles, Language: r.Language, InvitedBy: nameOf(people, r.InvitedBy), ExpiresAt: r.ExpiresAt.UTC()}
		return err
	})
	return out, err
}

// Accept makes a member of who holds the token and signs him in. That the mail reached him proves his address. The invitation is void if the one who invited
// could not give these roles any more.
func (m *Members) Accept(ctx context.Context, token, name, password string, actor db.Actor, c access.Client) (out SignedIn, err error) {
	tenant, id, err := m.read(Invitation, token)
	if err != nil {
		return out, err
	}
	offer, err := m.Offer(ctx, token)
	if err != nil {
		return out, err
	}
	name, wrong := cleanName(errInvalid, name)
	if err := failed(wrong); err != nil {
		return out, err
	}
	if err := access.CheckPassword(password, offer.Email, name, offer.Shop, offer.Slug); err != nil {
		return out, err
	}
	stored, err := m.access.HashPassword(ctx, password)
	if err != nil {
		return out, err
	}
	r := memberRow{ID: db.NewID(), Name: name, Status: Active, PasswordHash: stored}
	sc := db.Scope{Tenant: tenant, Actor: db.Actor{Kind: access.Member, ID: r.ID.String(), Name: name, Via: actor.Via, RequestID: actor.RequestID}}
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if err := m.access.LockTx(tx); err != nil {
			return err
		}
		in, err := openInvitation(tx, id)
		if err != nil {
			return err
		}
		gives, err := m.access.RolePermissionsTx(tx, in.Roles)
		if err != nil {
			return err
		}
		if err := m.access.MayGrantTx(tx, access.Identity{Kind: access.Member, ID: in.InvitedBy, Tenant: tenant}, gives); err != nil {
			return fault.New(fault.Conflict, "invitation.void", "Who invited you may not give these roles any more. Ask for a new invitation.").Wrap(err)
		}
		r.Email, r.Language, r.Roles, r.EmailConfirmedAt = in.Email, in.Language, in.Roles, &tx.Now
		if err := m.addTx(tx, &r); err != nil {
			return err
		}
		if err := acceptInvitation(tx, id); err != nil {
			return fmt.Errorf("accept invitation: %w", err)
		}
		if out.Tenant, err = tenants.GetTx(tx); err != nil {
			return err
		}
		out.Member = r.member()
		out.Device, out.Life = m.access.DeviceCookie(sc, access.Member, r.ID, tx.Now)
		out.Session, err = m.access.OpenSession(tx, access.Member, r.ID, r.Name, c)
		return err
	})
	return out, err
}
