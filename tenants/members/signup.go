package members

import (
	"context"
	"fmt"
	"maps"
	"time"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// SignUp is what a business and its first member say about themselves.
type SignUp struct {
	tenants.Opening
	Email    string
	Password string
	Name     string
}

// SignedUp is a new shop with its owner, signed in.
type SignedUp struct {
	Tenant  tenants.Tenant
	Member  Member
	Session access.Opened
	Device  string // value of the device cookie
	Life    time.Duration
}

// SignUp makes a working shop: tenant, owner, and what the Provisioners of tenants add, all or nothing. The owner gets a mail to confirm his address.
func (m *Members) SignUp(ctx context.Context, in SignUp, actor db.Actor, c access.Client) (out SignedUp, err error) {
	t, preset, err := m.tenants.Prepare(in.Opening)
	wrong := errInvalid
	if err != nil {
		wrong = fault.Of(err)
	}
	email, wrong := cleanEmail(wrong, "email", in.Email)
	name, wrong := cleanName(wrong, in.Name)
	if weak := access.CheckPassword(in.Password, email, name, in.Business, t.Slug); weak != nil {
		fields := fault.Of(weak).Fields
		if err == nil && len(wrong.Fields) == 0 {
			return out, weak
		}
		for f := range maps.Keys(fields) {
			wrong = wrong.Blame(f, fields[f])
		}
	}
	if err != nil || len(wrong.Fields) > 0 {
		return out, wrong
	}
	stored, err := m.access.HashPassword(ctx, in.Password)
	if err != nil {
		return out, err
	}
	r := memberRow{ID: db.NewID(), Email: email, Name: name, Language: t.Language, Status: Active, PasswordHash: stored, Roles: db.Strings{access.Owner}}
	if actor.Kind == "" || actor.Kind == access.Guest {
		actor.Kind, actor.ID, actor.Name = access.Member, r.ID.String(), name
	}
	err = m.db.InTx(ctx, db.Scope{Tenant: t.ID, Actor: actor}, func(tx *db.Tx) error {
		if out.Tenant, err = m.tenants.CreateTx(tx, t, preset); err != nil {
			return err
		}
		if err := m.addTx(tx, &r); err != nil {
			return err
		}
		if err := m.sendLink(tx, out.Tenant, EmailConfirmation, db.NewID(), r, confirmLife); err != nil {
			return err
		}
		out.Member = r.member()
		out.Device, out.Life = m.access.DeviceCookie(tx.Scope, access.Member, r.ID, tx.Now)
		out.Session, err = m.access.OpenSession(tx, access.Member, r.ID, r.Name, c)
		return err
	})
	return out, err
}

// addTx writes a new member down with his roles.
func (m *Members) addTx(tx *db.Tx, r *memberRow) error {
	r.CreatedAt = tx.Now
	if err := insert(tx, *r); err != nil {
		if db.Violates(err, "members_email_key") {
			return fault.New(fault.Conflict, "member.email_taken", "Someone with this e-mail address works here already.").Field("email", "in use")
		}
		return fmt.Errorf("add member: %w", err)
	}
	if err := setRoles(tx, r.ID, r.Roles); err != nil {
		return fmt.Errorf("add member: %w", err)
	}
	if err := audit.Append(tx, audit.Entry{Action: "member.joined", ObjectType: "member", ObjectID: r.ID.String(), After: r.member()}); err != nil {
		return err
	}
	return outbox.Append(tx, EventJoined, r.ID.String(), ChangedV1{ID: r.ID, Name: r.Name, Status: r.Status, Roles: r.Roles, At: tx.Now})
}
