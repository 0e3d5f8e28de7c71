package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/audit"
)

// Key is an API key without its secret.
type Key struct {
	ID         uuid.UUID  `json:"id"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix" doc:"How the secret begins."`
	Scopes     []string   `json:"scopes" nullable:"false"`
	CreatedBy  uuid.UUID  `json:"created_by" doc:"The member who made it; it can never do what he cannot do now."`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"To the minute."`
	ExpiresAt  *time.Time `json:"expires_at"`
}

// NewKey is a key that has just got its secret, which is told once, here.
type NewKey struct {
	Key
	Secret        string     `json:"secret"`
	OldValidUntil *time.Time `json:"old_valid_until,omitempty" doc:"After a rotation: until when the old secret works too."`
}

// overlap is how long both secrets work after a rotation.
const overlap = 24 * time.Hour

const maxKeys = 100

var (
	errNoKey      = fault.New(fault.NotFound, "key.not_found", "There is no such API key.")
	errKeyInvalid = fault.New(fault.Invalid, "key.invalid", "The key cannot be made like this. See the fields.")
)

// Keys lists the tenant's keys that are not revoked.
func (a *Access) Keys(ctx context.Context, sc db.Scope) (list []Key, err error) {
	err = a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		rows, err := keys(tx)
		list = make([]Key, len(rows))
		for i, r := range rows {
			list[i] = r.key()
		}
		return err
	})
	return list, err
}

// CreateKey makes a key with the scopes, of which its maker must have every one.
func (a *Access) CreateKey(ctx context.Context, sc db.Scope, by Identity, name string, scopes []string, expires *time.Time) (n NewKey, err error) {
	if by.Kind != Member {
		return n, fault.New(fault.Forbidden, "key.needs_member", "Only a signed-in member can make an API key, not another key.")
	}
	err = a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if err := checkKey(tx, &name, scopes, expires); err != nil {
			return err
		}
		scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
		if err := a.MayGrantTx(tx, by, setOf(scopes)); err != nil {
			return err
		}
		token, h := mint(keyPrefix, sc.Tenant)
		n = NewKey{Secret: token, Key: Key{ID: db.NewID(), Name: name, Prefix: shown(token), Scopes: scopes, CreatedBy: by.ID, CreatedAt: tx.Now, ExpiresAt: expires}}
		if err := insertKey(tx, n.Key, h); err != nil {
			return fmt.Errorf("create key: %w", err)
		}
		return audit.Append(tx, audit.Entry{Action: "key.created", ObjectType: "key", ObjectID: n.ID.String(), After: n.Key})
	})
	return n, err
}

func checkKey(tx *db.Tx, name *string, scopes []string, expires *time.Time) error {
	e := errKeyInvalid
	*name = strings.TrimSpace(*name)
	if n := len([]rune(*name)); n < 1 || n > 100 {
		e = e.Field("name", "1 to 100 characters")
	}
	if len(scopes) == 0 {
		e = e.Field("scopes", "at least one permission")
	}
	for i, s := range scopes {
		if !IsPermission(s) {
			e = e.Field(fmt.Sprintf("scopes[%d]", i), "not a permission; GET /permissions lists them")
		}
	}
	if expires != nil && !expires.After(tx.Now) {
		e = e.Field("expires_at", "a time in the future")
	}
	if len(e.Fields) > 0 {
		return e
	}
	rows, err := keys(tx)
	if err == nil && len(rows) >= maxKeys {
		return fault.New(fault.Conflict, "key.too_many", "A shop can have %d API keys at the most. Revoke some.", maxKeys)
	}
	return err
}

// RotateKey gives the key a new secret; the old one works for a day more, so that programs can be moved over. Who rotates must have all that the key can do, for he learns its secret.
func (a *Access) RotateKey(ctx context.Context, sc db.Scope, by Identity, id uuid.UUID) (n NewKey, err error) {
	err = a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := lockKey(tx, id)
		if err != nil {
			return err
		}
		if err := a.MayGrantTx(tx, by, setOf(r.Scopes)); err != nil {
			return err
		}
		token, h := mint(keyPrefix, sc.Tenant)
		until := tx.Now.Add(overlap)
		if err := replaceKey(tx, id, h, shown(token), until); err != nil {
			return fmt.Errorf("rotate key: %w", err)
		}
		n = NewKey{Key: r.key(), Secret: token, OldValidUntil: &until}
		n.Prefix = shown(token)
		if err := audit.Append(tx, audit.Entry{Action: "key.rotated", ObjectType: "key", ObjectID: id.String(), Before: r.key(), After: n.Key}); err != nil {
			return err
		}
		return a.ChangedTx(tx)
	})
	return n, err
}

// RevokeKey ends the key at once, its old secret too.
func (a *Access) RevokeKey(ctx context.Context, sc db.Scope, id uuid.UUID) error {
	return a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := lockKey(tx, id)
		if err != nil {
			return err
		}
		if err := revokeKey(tx, id); err != nil {
			return fmt.Errorf("revoke key: %w", err)
		}
		if err := audit.Append(tx, audit.Entry{Action: "key.revoked", ObjectType: "key", ObjectID: id.String(), Before: r.key()}); err != nil {
			return err
		}
		return a.ChangedTx(tx)
	})
}

// RevokeKeysTx ends all keys that the member made.
func (a *Access) RevokeKeysTx(tx *db.Tx, member uuid.UUID) error {
	if err := revokeKeysOf(tx, member); err != nil {
		return fmt.Errorf("revoke keys: %w", err)
	}
	return a.ChangedTx(tx)
}
