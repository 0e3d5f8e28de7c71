package customers

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/tenants/access"
)

// How long the links in mails are good.
const (
	confirmLife = 7 * 24 * time.Hour
	resetLife   = time.Hour
)

// Registration is a new account.
type Registration struct {
	Email    string          `json:"email" maxLength:"254"`
	Password string          `json:"password" maxLength:"200"`
	Name     string          `json:"name,omitempty" maxLength:"200"`
	Phone    string          `json:"phone,omitempty" maxLength:"40"`
	Language string          `json:"language,omitempty" maxLength:"12"`
	Consents map[string]bool `json:"consents,omitempty"`
}

// SignedIn is a session that has just begun.
type SignedIn struct {
	Customer Customer
	Session  access.Opened
}

// Register makes an account, signs it in and has a mail sent to confirm the address. What the address has bought as a guest becomes the account's when it is confirmed.
func (c *Customers) Register(ctx context.Context, sc db.Scope, in Registration, client access.Client) (out SignedIn, err error) {
	f := Fields{Email: &in.Email, Phone: &in.Phone, Name: &in.Name, Language: &in.Language, Consents: in.Consents}
	if err := f.check(); err != nil {
		return out, err
	}
	if *f.Email == "" {
		return out, errInvalid.Field("email", "is needed to sign in")
	}
	if err := access.CheckPassword(in.Password, *f.Email, in.Name); err != nil {
		return out, err
	}
	stored, err := c.access.HashPassword(ctx, in.Password)
	if err != nil {
		return out, err
	}
	r := row{ID: db.NewID(), Kind: "account", PasswordHash: stored}
	r.apply(f)
	as := c.as(sc, r)
	err = c.db.InTx(ctx, as, func(tx *db.Tx) error {
		if err := insert(tx, r); err != nil {
			return err
		}
		if err := consent(tx, &r, in.Consents, "account"); err != nil {
			return err
		}
		if err := c.send(tx, EmailConfirmation, r.ID, confirmLife); err != nil {
			return err
		}
		now, err := get(tx, r.ID, "")
		if err != nil {
			return err
		}
		out.Customer = now.customer()
		if out.Session, err = c.access.OpenSession(tx, access.Customer, r.ID, r.Name, client); err != nil {
			return err
		}
		return journal(tx, "customer.register", r.ID)
	})
	return out, err
}

func (c *Customers) as(sc db.Scope, r row) db.Scope {
	return sc.As(db.Actor{Kind: access.Customer, ID: r.ID.String(), Name: r.Name, Via: sc.Actor.Via, RequestID: sc.Actor.RequestID})
}

// Login signs an account in. Whether the e-mail or the password is wrong is not told.
func (c *Customers) Login(ctx context.Context, sc db.Scope, address, password string, client access.Client) (out SignedIn, err error) {
	var r row
	var attempt access.Attempt
	var refused error
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		if r, err = accountByEmail(tx, address); err != nil {
			return err
		}
		attempt, refused = c.access.AdmitTx(tx, access.Customer, address, r.ID, client)
		return nil // the count stays also when it refuses
	})
	if err = errors.Join(err, refused); err != nil {
		return out, err
	}
	ok, err := c.access.VerifyPassword(ctx, r.PasswordHash, password)
	if err != nil {
		return out, errors.Join(err, c.db.InTx(ctx, sc, func(tx *db.Tx) error { return c.access.UndoTx(tx, attempt) }))
	}
	if !ok || r.ErasedAt != nil {
		return out, access.ErrInvalid
	}
	err = c.db.InTx(ctx, c.as(sc, r), func(tx *db.Tx) error {
		now, err := get(tx, r.ID, "FOR UPDATE")
		if err != nil {
			return err
		}
		if now.ErasedAt != nil || now.PasswordHash != r.PasswordHash {
			return access.ErrInvalid // changed meanwhile
		}
		if err := c.access.SucceededTx(tx, attempt); err != nil {
			return err
		}
		out.Customer = now.customer()
		out.Session, err = c.access.OpenSession(tx, access.Customer, now.ID, now.Name, client)
		return err
	})
	return out, err
}

// mine refuses whoever is not a signed-in customer.
func mine(ctx context.Context) (access.Identity, error) {
	id := access.IdentityOf(ctx)
	if !id.Is(access.Customer) || id.ID == uuid.Nil {
		return id, errNotAccount
	}
	return id, nil
}

// send has a mail with a link sent.
func (c *Customers) send(tx *db.Tx, kind string, id uuid.UUID, life time.Duration) error {
	return outbox.Append(tx, EventLinkRequested, id.String(), LinkV1{Kind: kind, CustomerID: id, ExpiresAt: tx.Now.Add(life).Truncate(time.Second)})
}

// Letter is a mail with a link that is to be sent.
type Letter struct {
	To       string
	Name     string
	Language string
	Path     string // of the storefront, with the token
}

// LetterTx makes what customer.link_requested asks for. It is ErrNotFound when the customer has gone, and the link works once: it dies with the password or e-mail that it is for.
func (c *Customers) LetterTx(tx *db.Tx, e LinkV1) (Letter, error) {
	r, err := get(tx, e.CustomerID, "")
	if err != nil {
		return Letter{}, err
	}
	if r.ErasedAt != nil || r.Email == "" {
		return Letter{}, ErrNotFound
	}
	page := map[string]string{EmailConfirmation: "/account/confirm", PasswordReset: "/account/reset"}[e.Kind]
	token := c.signer.Sign("customer."+e.Kind, e.ExpiresAt, tx.Scope.Tenant.String(), r.ID.String(), r.proof(e.Kind))
	return Letter{To: r.Email, Name: r.Name, Language: r.Language, Path: page + "?token=" + token}, nil
}

// proof is what a link of the kind must still find: it changes with what the link is for.
func (r row) proof(kind string) string {
	of := r.Email
	if kind == PasswordReset {
		of += "\x00" + r.PasswordHash
	}
	sum := sha256.Sum256([]byte(of))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// open checks the token of a link and locks its customer.
func (c *Customers) open(tx *db.Tx, kind, token string) (row, error) {
	parts, err := c.signer.Verify("customer."+kind, token)
	if err != nil || len(parts) != 3 || parts[0] != tx.Scope.Tenant.String() {
		return row{}, errLink.Wrap(err)
	}
	id, err := uuid.Parse(parts[1])
	if err != nil {
		return row{}, errLink.Wrap(err)
	}
	r, err := get(tx, id, "FOR UPDATE")
	if errors.Is(err, ErrNotFound) {
		return row{}, errLink
	}
	if err != nil {
		return row{}, err
	}
	if r.ErasedAt != nil || r.proof(kind) != parts[2] {
		return row{}, errLink
	}
	return r, nil
}

// ConfirmEmail proves by the mail's token that the account's address is the customer's own; what was bought with the address as a guest becomes the account's.
func (c *Customers) ConfirmEmail(ctx context.Context, sc db.Scope, token string) error {
	return c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := c.open(tx, EmailConfirmation, token)
		if err != nil || r.EmailConfirmedAt != nil {
			return err
		}
		r.EmailConfirmedAt = &tx.Now
		if err := save(tx, &r); err != nil {
			return err
		}
		if err := c.adopt(tx, r); err != nil {
			return err
		}
		return journal(tx, "customer.confirm_email", r.ID)
	})
}

// adopt makes the guests of the account's address one with it.
func (c *Customers) adopt(tx *db.Tx, r row) error {
	if c.orders == nil {
		return nil
	}
	var guests []uuid.UUID
	if err := tx.Raw(`SELECT id FROM customers WHERE lower(email) = lower(?) AND kind = 'guest' AND erased_at IS NULL ORDER BY id FOR UPDATE`, r.Email).Scan(&guests).Error; err != nil {
		return fmt.Errorf("find guests: %w", err)
	}
	if len(guests) == 0 {
		return nil
	}
	if err := c.orders.AdoptTx(tx, guests, r.ID); err != nil {
		return fmt.Errorf("adopt orders: %w", err)
	}
	// What they were stays as an empty row: ids are never given away again.
	return tx.Exec(`UPDATE customers SET email = '', phone = '', name = '', external_ref = '', consents = '{}', note = ?, erased_at = ?, version = version + 1, updated_at = ? WHERE id IN ?`,
		"merged into "+r.ID.String(), tx.Now, tx.Now, guests).Error
}

// ForgotPassword has a mail with a link sent if the e-mail has an account; it is not told whether.
func (c *Customers) ForgotPassword(ctx context.Context, sc db.Scope, address string) error {
	return c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := accountByEmail(tx, address)
		if err != nil || r.ID == uuid.Nil {
			return err
		}
		return c.send(tx, PasswordReset, r.ID, resetLife)
	})
}

// ResetPassword sets a new password by the mail's token and ends every session of the account. The mail has proved the address too.
func (c *Customers) ResetPassword(ctx context.Context, sc db.Scope, token, password string) error {
	if err := access.CheckPassword(password); err != nil {
		return err
	}
	// Looked at first without the slow hash, so that worthless tokens cost nothing.
	if err := c.db.InTx(ctx, sc, func(tx *db.Tx) error { _, err := c.open(tx, PasswordReset, token); return err }); err != nil {
		return err
	}
	stored, err := c.access.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := c.open(tx, PasswordReset, token)
		if err != nil {
			return err
		}
		first := r.EmailConfirmedAt == nil
		r.PasswordHash, r.EmailConfirmedAt = stored, &tx.Now
		if err := save(tx, &r); err != nil {
			return err
		}
		if first {
			if err := c.adopt(tx, r); err != nil {
				return err
			}
		}
		if _, err := c.access.EndSessionsTx(tx, access.Customer, r.ID, uuid.Nil); err != nil {
			return err
		}
		return journal(tx, "customer.reset_password", r.ID)
	})
}
