package customers

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/tenants/access"
)

// Erase takes everything personal out of a customer, his addresses, carts and orders, and ends his sessions. What the law wants kept stays: order numbers, lines, totals, payments, and that
// there was a customer. It cannot be undone; the journal (erasures) says what to erase again after a restore. Erasing again does nothing.
func (c *Customers) Erase(ctx context.Context, sc db.Scope, id uuid.UUID, reason string) error {
	return c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := get(tx, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if r.ErasedAt != nil {
			return nil
		}
		err = tx.Exec(`INSERT INTO erasures (tenant_id, id, customer_id, status, reason, requested_by, requested_at, done_at) VALUES (current_tenant(), ?, ?, 'done', ?, ?, ?, ?)`,
			db.NewID(), id, reason, tx.Scope.Actor.Kind+":"+tx.Scope.Actor.ID, tx.Now, tx.Now).Error
		if err != nil {
			return fmt.Errorf("journal erasure: %w", err)
		}
		return c.erase(tx, r)
	})
}

// EraseMe is Erase by the customer himself, who proves with his password that it is he.
func (c *Customers) EraseMe(ctx context.Context, sc db.Scope, id uuid.UUID, password, reason string) error {
	var stored string
	err := c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := get(tx, id, "")
		stored = r.PasswordHash
		return err
	})
	if err != nil {
		return err
	}
	ok, err := c.access.VerifyPassword(ctx, stored, password)
	if err != nil {
		return err
	}
	if !ok {
		return errPassword
	}
	return c.Erase(ctx, sc, id, reason)
}

// EraseAgain applies the journal to what a restore has brought back, and tells how many customers it erased.
func (c *Customers) EraseAgain(ctx context.Context, sc db.Scope) (n int, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		n = 0
		var back []row
		err := tx.Raw(`SELECT ` + columns + ` FROM customers WHERE erased_at IS NULL AND id IN (SELECT customer_id FROM erasures WHERE status = 'done') ORDER BY id FOR UPDATE`).Scan(&back).Error
		if err != nil {
			return fmt.Errorf("find erased customers: %w", err)
		}
		for _, r := range back {
			if err := c.erase(tx, r); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

func (c *Customers) erase(tx *db.Tx, r row) error {
	if c.orders != nil {
		if err := c.orders.EraseTx(tx, []uuid.UUID{r.ID}); err != nil {
			return fmt.Errorf("erase from orders: %w", err)
		}
	}
	for _, sql := range []string{
		`DELETE FROM customer_addresses WHERE customer_id = ?`,
		`UPDATE customers SET kind = 'guest', email = '', email_confirmed_at = NULL, phone = '', name = '', language = '', external_ref = '', password_hash = '', consents = '{}', note = '',
			erased_at = now(), version = version + 1, updated_at = now() WHERE id = ?`,
	} {
		if err := tx.Exec(sql, r.ID).Error; err != nil {
			return fmt.Errorf("erase customer: %w", err)
		}
	}
	if c.access != nil {
		if _, err := c.access.EndSessionsTx(tx, access.Customer, r.ID, uuid.Nil); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
	}
	if err := outbox.Append(tx, EventErased, r.ID.String(), ChangedV1{ID: r.ID, Kind: "guest", Version: r.Version + 1}); err != nil {
		return err
	}
	return journal(tx, "customer.erase", r.ID)
}
