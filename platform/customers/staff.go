package customers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// EnsureTx finds whose the e-mail is, or makes a guest: an order gets its customer with it. An account counts only once it has confirmed its e-mail; without an e-mail each call
// makes a guest. A guest's name, phone and language become those given.
func (c *Customers) EnsureTx(tx *db.Tx, address, phone, name, language string) (uuid.UUID, error) {
	f := Fields{Email: &address, Phone: &phone, Name: &name, Language: &language}
	if err := f.check(); err != nil {
		return uuid.Nil, err
	}
	if address != "" {
		var found []row
		err := tx.Raw(`SELECT `+columns+` FROM customers WHERE lower(email) = lower(?) AND erased_at IS NULL AND (kind = 'guest' OR email_confirmed_at IS NOT NULL) ORDER BY kind, id LIMIT 1 FOR UPDATE`, address).Scan(&found).Error
		if err != nil {
			return uuid.Nil, fmt.Errorf("find customer: %w", err)
		}
		if len(found) == 1 {
			return found[0].ID, c.refresh(tx, &found[0], phone, name, language)
		}
	}
	r := row{ID: db.NewID(), Kind: "guest", Email: address, Phone: phone, Name: name, Language: language}
	return r.ID, insert(tx, r)
}

func (c *Customers) refresh(tx *db.Tx, r *row, phone, name, language string) error {
	if r.Kind != "guest" {
		return nil
	}
	before := *r
	for dst, s := range map[*string]string{&r.Phone: phone, &r.Name: name, &r.Language: language} {
		if s != "" {
			*dst = s
		}
	}
	if before.Phone == r.Phone && before.Name == r.Name && before.Language == r.Language {
		return nil
	}
	return save(tx, r)
}

// Create makes a guest, for staff that take an order by phone.
func (c *Customers) Create(ctx context.Context, sc db.Scope, f Fields) (out Detail, err error) {
	if err := f.check(); err != nil {
		return Detail{}, err
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r := row{ID: db.NewID(), Kind: "guest"}
		fields := r.apply(f)
		if err := insert(tx, r); err != nil {
			return err
		}
		if err := consent(tx, &r, f.Consents, "staff"); err != nil {
			return err
		}
		if err := journal(tx, "customer.create", r.ID, fields...); err != nil {
			return err
		}
		out, err = c.detail(tx, r.ID)
		return err
	})
	return out, err
}

// apply puts the fields into the row and tells which.
func (r *row) apply(f Fields) (changed []string) {
	for _, x := range []struct {
		name string
		to   *string
		from *string
	}{{"email", &r.Email, f.Email}, {"phone", &r.Phone, f.Phone}, {"name", &r.Name, f.Name}, {"language", &r.Language, f.Language}, {"country", &r.Country, f.Country}, {"note", &r.Note, f.Note}} {
		if x.from != nil && *x.from != *x.to {
			*x.to = *x.from
			changed = append(changed, x.name)
		}
	}
	if slices.Contains(changed, "email") {
		r.EmailConfirmedAt = nil
	}
	if len(f.Consents) > 0 {
		changed = append(changed, "consents")
	}
	return changed
}

// Detail is a customer with everything that staff see.
type Detail struct {
	Customer
	Addresses []Address        `json:"addresses" nullable:"false"`
	Orders    Summary          `json:"orders"`
	History   []ConsentHistory `json:"consent_history" nullable:"false"`
}

// ConsentHistory is one consent given or taken back.
type ConsentHistory struct {
	Kind    string    `json:"kind"`
	Granted bool      `json:"granted"`
	Source  string    `json:"source"`
	At      time.Time `json:"at"`
}

// Get gives a customer with everything that staff see.
func (c *Customers) Get(ctx context.Context, sc db.Scope, id uuid.UUID) (out Detail, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = c.detail(tx, id)
		return err
	})
	return out, err
}

func (c *Customers) detail(tx *db.Tx, id uuid.UUID) (Detail, error) {
	r, err := get(tx, id, "")
	if err != nil {
		return Detail{}, err
	}
	out := Detail{Customer: r.customer(), History: []ConsentHistory{}}
	if out.Addresses, err = addresses(tx, id); err != nil {
		return Detail{}, err
	}
	if err := tx.Raw(`SELECT kind, granted, source, at FROM customer_consents WHERE customer_id = ? ORDER BY id DESC LIMIT 100`, id).Scan(&out.History).Error; err != nil {
		return Detail{}, fmt.Errorf("list consents: %w", err)
	}
	if c.orders != nil {
		sums, err := c.orders.SummaryTx(tx, []uuid.UUID{id})
		if err != nil {
			return Detail{}, fmt.Errorf("sum orders up: %w", err)
		}
		out.Orders = sums[id]
	}
	return out, nil
}

// Filter narrows a list of customers.
type Filter struct {
	Q    string `query:"q" maxLength:"200" doc:"Part of a name, e-mail, phone or number."`
	Kind string `query:"kind" enum:"guest,account"`
	db.PageQuery
}

// Listed is a customer in a list.
type Listed struct {
	Customer
	Orders Summary `json:"orders"`
}

// List gives customers, the newest first; erased ones are not among them.
func (c *Customers) List(ctx context.Context, sc db.Scope, f Filter) (page db.Page[Listed], err error) {
	where, args := []string{"erased_at IS NULL"}, []any{}
	add := func(sql string, a ...any) { where, args = append(where, sql), append(args, a...) }
	if f.Kind != "" {
		add("kind = ?", f.Kind)
	}
	for _, word := range strings.Fields(f.Q) {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word) + "%"
		add("(name ILIKE ? OR email ILIKE ? OR phone LIKE ? OR external_ref = ?)", like, like, like, word)
	}
	var last uuid.UUID
	after, err := f.After(&last)
	if err != nil {
		return page, err
	}
	if after {
		add("id < ?", last)
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		var found []row
		if err := tx.Raw(`SELECT `+columns+` FROM customers WHERE `+strings.Join(where, " AND ")+` ORDER BY id DESC LIMIT ?`, append(args, f.Size()+1)...).Scan(&found).Error; err != nil {
			return fmt.Errorf("list customers: %w", err)
		}
		rows := db.PageOf(f.PageQuery, found, func(r row) []any { return []any{r.ID} })
		page = db.Page[Listed]{Items: make([]Listed, len(rows.Items)), NextCursor: rows.NextCursor}
		ids := make([]uuid.UUID, len(rows.Items))
		for i, r := range rows.Items {
			ids[i], page.Items[i].Customer = r.ID, r.customer()
		}
		if c.orders == nil || len(ids) == 0 {
			return nil
		}
		sums, err := c.orders.SummaryTx(tx, ids)
		for i, id := range ids {
			page.Items[i].Orders = sums[id]
		}
		return err
	})
	return page, err
}

// Change edits a customer if it still has the version (0: whatever it has).
func (c *Customers) Change(ctx context.Context, sc db.Scope, id uuid.UUID, f Fields, version int64) (out Detail, err error) {
	if err := f.check(); err != nil {
		return Detail{}, err
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if _, err := c.change(tx, id, f, version, "staff"); err != nil {
			return err
		}
		out, err = c.detail(tx, id)
		return err
	})
	return out, err
}

func (c *Customers) change(tx *db.Tx, id uuid.UUID, f Fields, version int64, source string) (r row, err error) {
	if r, err = get(tx, id, "FOR UPDATE"); err != nil {
		return r, err
	}
	switch {
	case r.ErasedAt != nil:
		return r, ErrErased
	case version != 0 && version != r.Version:
		return r, ErrChanged.With("current", r.customer())
	case r.Kind == "account" && f.Email != nil && *f.Email == "":
		return r, errInvalid.Field("email", "an account needs one")
	}
	fields := r.apply(f)
	if len(fields) == 0 {
		return r, nil
	}
	if err := save(tx, &r); err != nil {
		return r, err
	}
	if err := consent(tx, &r, f.Consents, source); err != nil {
		return r, err
	}
	if slices.Contains(fields, "email") && r.Kind == "account" {
		if err := c.send(tx, EmailConfirmation, r.ID, confirmLife); err != nil {
			return r, err
		}
	}
	return r, journal(tx, "customer.change", id, fields...)
}
