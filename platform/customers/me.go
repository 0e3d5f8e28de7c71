package customers

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/inventory"
)

// Me is what a customer sees of himself.
type Me struct {
	ID             uuid.UUID          `json:"id"`
	Email          string             `json:"email"`
	EmailConfirmed bool               `json:"email_confirmed"`
	Phone          string             `json:"phone"`
	Name           string             `json:"name"`
	Language       string             `json:"language"`
	Consents       map[string]Consent `json:"consents"`
	Addresses      []Address          `json:"addresses" nullable:"false"`
	Version        int64              `json:"version"`
}

// Me gives the account.
func (c *Customers) Me(ctx context.Context, sc db.Scope, id uuid.UUID) (out Me, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = me(tx, id)
		return err
	})
	return out, err
}

func me(tx *db.Tx, id uuid.UUID) (Me, error) {
	r, err := get(tx, id, "")
	if err != nil {
		return Me{}, err
	}
	if r.ErasedAt != nil {
		return Me{}, ErrErased
	}
	list, err := addresses(tx, id)
	p := r.customer()
	return Me{p.ID, p.Email, p.EmailConfirmed, p.Phone, p.Name, p.Language, p.Consents, list, p.Version}, err
}

// ChangeMe edits the account. Another e-mail has to be confirmed again.
func (c *Customers) ChangeMe(ctx context.Context, sc db.Scope, id uuid.UUID, f Fields) (out Me, err error) {
	f.Note, f.Country = nil, nil
	if err := f.check(); err != nil {
		return Me{}, err
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if _, err := c.change(tx, id, f, 0, "account"); err != nil {
			return err
		}
		out, err = me(tx, id)
		return err
	})
	return out, err
}

// AddAddress keeps an address; the first one is the default.
func (c *Customers) AddAddress(ctx context.Context, sc db.Scope, customer uuid.UUID, in AddressInput) (out Address, err error) {
	return c.putAddress(ctx, sc, customer, uuid.Nil, in)
}

// ChangeAddress replaces an address.
func (c *Customers) ChangeAddress(ctx context.Context, sc db.Scope, customer, id uuid.UUID, in AddressInput) (Address, error) {
	return c.putAddress(ctx, sc, customer, id, in)
}

func (c *Customers) putAddress(ctx context.Context, sc db.Scope, customer, id uuid.UUID, in AddressInput) (out Address, err error) {
	if err := in.check(); err != nil {
		return Address{}, err
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := get(tx, customer, "FOR UPDATE")
		if err != nil {
			return err
		}
		if r.ErasedAt != nil {
			return ErrErased
		}
		all, err := addresses(tx, customer)
		if err != nil {
			return err
		}
		out = Address{ID: id, Label: in.Label, IsDefault: in.IsDefault || len(all) == 0, Address: in.Address}
		if id == uuid.Nil {
			if len(all) >= maxAddresses {
				return errAddressFull
			}
			out.ID = db.NewID()
		}
		if out.IsDefault {
			if err := tx.Exec(`UPDATE customer_addresses SET is_default = false WHERE customer_id = ? AND is_default`, customer).Error; err != nil {
				return err
			}
		}
		return writeAddress(tx, customer, id == uuid.Nil, out)
	})
	return out, err
}

func writeAddress(tx *db.Tx, customer uuid.UUID, fresh bool, a Address) error {
	content := db.JSON[inventory.Address]{V: a.Address}
	if fresh {
		err := tx.Exec(`INSERT INTO customer_addresses (tenant_id, id, customer_id, label, address, is_default, created_at, updated_at) VALUES (current_tenant(), ?, ?, ?, ?::jsonb, ?, ?, ?)`,
			a.ID, customer, a.Label, content, a.IsDefault, tx.Now, tx.Now).Error
		if err != nil {
			return fmt.Errorf("add address: %w", err)
		}
		return journal(tx, "customer.address_add", customer)
	}
	done := tx.Exec(`UPDATE customer_addresses SET label = ?, address = ?::jsonb, is_default = ?, updated_at = ? WHERE id = ? AND customer_id = ?`, a.Label, content, a.IsDefault, tx.Now, a.ID, customer)
	if done.Error != nil {
		return fmt.Errorf("change address: %w", done.Error)
	}
	if done.RowsAffected == 0 {
		return errNoAddress
	}
	return journal(tx, "customer.address_change", customer)
}

// DeleteAddress forgets an address; if it was the default, the oldest of the others is.
func (c *Customers) DeleteAddress(ctx context.Context, sc db.Scope, customer, id uuid.UUID) error {
	return c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		done := tx.Exec(`DELETE FROM customer_addresses WHERE id = ? AND customer_id = ?`, id, customer)
		if done.Error != nil {
			return fmt.Errorf("delete address: %w", done.Error)
		}
		if done.RowsAffected == 0 {
			return errNoAddress
		}
		err := tx.Exec(`UPDATE customer_addresses SET is_default = true WHERE customer_id = ? AND id = (SELECT min(id::text)::uuid FROM customer_addresses WHERE customer_id = ?)
			AND NOT EXISTS (SELECT 1 FROM customer_addresses WHERE customer_id = ? AND is_default)`, customer, customer, customer).Error
		if err != nil {
			return err
		}
		return journal(tx, "customer.address_delete", customer)
	})
}
