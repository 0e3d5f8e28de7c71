package members

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// Change is a change of a member by another; nil members stay as they are.
type Change struct {
	Roles  *[]string
	Status *string
}

// Change gives a member other roles, disables him or lets him in again. by must have every permission that the member has and gets.
func (m *Members) Change(ctx context.Context, sc db.Scope, by access.Identity, id uuid.UUID, c Change) (out Member, err error) {
	wrong := errInvalid
	if c.Roles != nil && len(*c.Roles) == 0 {
		wrong = wrong.Field("roles", "at least one role")
	}
	if c.Status != nil && *c.Status != Active && *c.Status != Disabled {
		wrong = wrong.Field("status", "active or disabled")
	}
	if err := failed(wrong); err != nil {
		return out, err
	}
	err = m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		before, err := m.overTx(tx, by, id)
		if err != nil {
			return err
		}
		after := before
		if c.Roles != nil {
			after.Roles = slices.Compact(slices.Sorted(slices.Values(*c.Roles)))
		}
		if c.Status != nil {
			after.Status = *c.Status
		}
		gives, err := m.access.RolePermissionsTx(tx, after.Roles)
		if err != nil {
			return err
		}
		if err := m.access.MayGrantTx(tx, by, gives); err != nil {
			return err
		}
		out = after.member()
		if after.Status == before.Status && slices.Equal(after.Roles, before.Roles) {
			return nil
		}
		return m.saveTx(tx, before, after, EventChanged, "member.changed")
	})
	return out, err
}

// Remove ends a membership: sessions, API keys and invitations sent go with it. by must have every permission that the member has.
func (m *Members) Remove(ctx context.Context, sc db.Scope, by access.Identity, id uuid.UUID) error {
	return m.db.InTx(ctx, sc, func(tx *db.Tx) error {
		before, err := m.overTx(tx, by, id)
		if err != nil {
			return err
		}
		after := before
		after.Status, after.Roles, after.PasswordHash, after.TotpSecret, after.TotpEnabledAt = removed, nil, "", nil, nil
		if err := m.access.RevokeKeysTx(tx, id); err != nil {
			return err
		}
		if err := revokeInvitationsOf(tx, "", id); err != nil {
			return fmt.Errorf("remove member: %w", err)
		}
		return m.saveTx(tx, before, after, EventRemoved, "member.removed")
	})
}

// overTx locks the member if by has power over him: all that he may do.
func (m *Members) overTx(tx *db.Tx, by access.Identity, id uuid.UUID) (memberRow, error) {
	if err := m.access.LockTx(tx); err != nil {
		return memberRow{}, err
	}
	r, err := one(tx, id, true)
	if err != nil {
		return r, err
	}
	// Of a disabled member too: what his roles would allow.
	has, err := m.access.RolePermissionsTx(tx, r.Roles)
	if err != nil {
		return r, err
	}
	return r, m.access.MayGrantTx(tx, by, has)
}

// saveTx writes a change down with everything that goes with it.
func (m *Members) saveTx(tx *db.Tx, before, after memberRow, event, action string) error {
	if err := update(tx, after); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if !slices.Equal(before.Roles, after.Roles) {
		if err := setRoles(tx, after.ID, after.Roles); err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
	}
	if isOwner(before) && !isOwner(after) {
		if others, err := activeOwners(tx, after.ID); err != nil {
			return fmt.Errorf("%s: %w", action, err)
		} else if others == 0 {
			return errLast
		}
	}
	if after.Status != Active {
		if _, err := m.access.EndSessionsTx(tx, access.Member, after.ID, uuid.Nil); err != nil {
			return err
		}
	}
	if err := m.access.ChangedTx(tx); err != nil {
		return err
	}
	if err := audit.Append(tx, audit.Entry{Action: action, ObjectType: "member", ObjectID: after.ID.String(), Before: before.member(), After: after.member()}); err != nil {
		return err
	}
	return outbox.Append(tx, event, after.ID.String(), ChangedV1{ID: after.ID, Name: after.Name, Status: after.Status, Roles: after.member().Roles, At: tx.Now})
}

func isOwner(r memberRow) bool { return r.Status == Active && slices.Contains(r.Roles, access.Owner) }
