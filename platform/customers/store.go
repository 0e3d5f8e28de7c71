package customers

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/inventory"
	"allhours/tenants/audit"
)

type row struct {
	ID               uuid.UUID
	Kind             string
	Email            string
	EmailConfirmedAt *time.Time
	Phone            string
	Name             string
	Language         string
	Country          string
	ExternalRef      string
	PasswordHash     string
	Consents         db.JSON[map[string]Consent]
	Note             string
	ErasedAt         *time.Time
	Version          int64
	CreatedAt        time.Time
}

const columns = `id, kind, email, email_confirmed_at, phone, name, language, country, external_ref, password_hash, consents, note, erased_at, version, created_at`

func (r row) customer() Customer {
	c := Customer{
		ID: r.ID, Kind: r.Kind, Email: r.Email, EmailConfirmed: r.EmailConfirmedAt != nil, Phone: r.Phone, Name: r.Name, Language: r.Language, Country: r.Country, ExternalRef: r.ExternalRef,
		Consents: r.Consents.V, Note: r.Note, ErasedAt: r.ErasedAt, Version: r.Version, CreatedAt: r.CreatedAt,
	}
	if c.Consents == nil {
		c.Consents = map[string]Consent{}
	}
	return c
}

func get(tx *db.Tx, id uuid.UUID, lock string) (r row, err error) {
	err = tx.Raw(`SELECT `+columns+` FROM customers WHERE id = ? `+lock, id).Take(&r).Error
	if db.IsNotFound(err) {
		return r, ErrNotFound
	}
	return r, err
}

func accountByEmail(tx *db.Tx, email string) (row, error) {
	var found []row
	err := tx.Raw(`SELECT `+columns+` FROM customers WHERE lower(email) = lower(?) AND kind = 'account' AND email <> ''`, email).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return row{}, err
	}
	return found[0], nil
}

func insert(tx *db.Tx, r row) error {
	err := tx.Exec(`INSERT INTO customers (tenant_id, id, kind, email, phone, name, language, country, external_ref, password_hash, note, created_at, updated_at) VALUES (current_tenant(), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Kind, r.Email, r.Phone, r.Name, r.Language, r.Country, r.ExternalRef, r.PasswordHash, r.Note, tx.Now, tx.Now).Error
	if db.Violates(err, "customers_account_email") {
		return errEmailTaken
	}
	if err != nil {
		return fmt.Errorf("add customer: %w", err)
	}
	return outbox.Append(tx, EventCreated, r.ID.String(), ChangedV1{ID: r.ID, Kind: r.Kind, Version: 1})
}

// save writes what Fields can change, counts the version up and publishes the change.
func save(tx *db.Tx, r *row) error {
	err := tx.Raw(`UPDATE customers SET email = ?, email_confirmed_at = ?, phone = ?, name = ?, language = ?, country = ?, note = ?, password_hash = ?, version = version + 1, updated_at = ? WHERE id = ? RETURNING version`,
		r.Email, r.EmailConfirmedAt, r.Phone, r.Name, r.Language, r.Country, r.Note, r.PasswordHash, tx.Now, r.ID).Row().Scan(&r.Version)
	if db.Violates(err, "customers_account_email") {
		return errEmailTaken
	}
	if err != nil {
		return fmt.Errorf("change customer: %w", err)
	}
	return outbox.Append(tx, EventChanged, r.ID.String(), ChangedV1{ID: r.ID, Kind: r.Kind, Version: r.Version})
}

// consent notes what was agreed to or taken back; what is as before is not noted again.
func consent(tx *db.Tx, r *row, given map[string]bool, source string) error {
	if r.Consents.V == nil {
		r.Consents.V = map[string]Consent{}
	}
	changed := false
	for kind, granted := range given {
		if was, ok := r.Consents.V[kind]; ok && was.Granted == granted {
			continue
		}
		changed = true
		r.Consents.V[kind] = Consent{Granted: granted, At: tx.Now, Source: source}
		err := tx.Exec(`INSERT INTO customer_consents (tenant_id, customer_id, id, kind, granted, source, actor, at) VALUES (current_tenant(), ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, db.NewID(), kind, granted, source, tx.Scope.Actor.Kind, tx.Now).Error
		if err != nil {
			return fmt.Errorf("note consent: %w", err)
		}
	}
	if !changed {
		return nil
	}
	return tx.Exec(`UPDATE customers SET consents = ?::jsonb WHERE id = ?`, r.Consents, r.ID).Error
}

type addressRow struct {
	ID        uuid.UUID
	Label     string
	IsDefault bool
	Address   db.JSON[inventory.Address]
}

func addresses(tx *db.Tx, customer uuid.UUID) ([]Address, error) {
	var found []addressRow
	err := tx.Raw(`SELECT id, label, is_default, address FROM customer_addresses WHERE customer_id = ? ORDER BY is_default DESC, id`, customer).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	out := make([]Address, len(found))
	for i, r := range found {
		out[i] = Address{ID: r.ID, Label: r.Label, IsDefault: r.IsDefault, Address: r.Address.V}
	}
	return out, nil
}

// journal appends a change to the audit log. Of a customer it keeps which fields changed and not what they say, since the log cannot be erased.
func journal(tx *db.Tx, action string, id uuid.UUID, fields ...string) error {
	var after any
	if len(fields) > 0 {
		after = map[string]any{"fields": fields}
	}
	return audit.Append(tx, audit.Entry{Action: action, ObjectType: "customer", ObjectID: id.String(), After: after})
}
