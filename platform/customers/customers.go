// Package customers is who buys.
//
// Owns: guests and accounts, their addresses, what they have consented to, and their erasure. Does not own: sessions and passwords as such (tenants/access), nor orders,
// which keep their own copy of a name and an address.
//
// Invariants: an e-mail has at most one account; what an account sees of purchases that were made without it waits until it has confirmed its e-mail, so that nobody
// reads another's orders by registering his address; an erased customer has nothing personal left and stays erased (erasures is the journal to apply again after a restore).
//
// Events out: customer.created, customer.changed, customer.erased, customer.link_requested.
package customers

import (
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/secrets"
	"allhours/platform/inventory"
	"allhours/tenants/access"
)

// Customers does everything with customers.
type Customers struct {
	db     *db.DB
	access *access.Access
	signer *secrets.Signer
	orders Orders
}

// New needs access for sessions and passwords, the signer for links in mails, and the orders, which app fills in; orders may be nil in tools.
func New(d *db.DB, a *access.Access, s *secrets.Signer, o Orders) *Customers {
	return &Customers{db: d, access: a, signer: s, orders: o}
}

// Customer is a guest or an account.
type Customer struct {
	ID             uuid.UUID          `json:"id"`
	Kind           string             `json:"kind" enum:"guest,account"`
	Email          string             `json:"email"`
	EmailConfirmed bool               `json:"email_confirmed"`
	Phone          string             `json:"phone"`
	Name           string             `json:"name"`
	Language       string             `json:"language"`
	Country        string             `json:"country"`
	ExternalRef    string             `json:"external_ref,omitempty" doc:"The number in the system it was imported from."`
	Consents       map[string]Consent `json:"consents"`
	Note           string             `json:"note,omitempty" doc:"The shop's own; customers do not see it."`
	ErasedAt       *time.Time         `json:"erased_at,omitempty"`
	Version        int64              `json:"version"`
	CreatedAt      time.Time          `json:"created_at"`
}

// Consent is what a customer agreed to, or took back, last.
type Consent struct {
	Granted bool      `json:"granted"`
	At      time.Time `json:"at"`
	Source  string    `json:"source"`
}

// Address is where a customer wants goods.
type Address struct {
	ID        uuid.UUID `json:"id"`
	Label     string    `json:"label,omitempty"`
	IsDefault bool      `json:"is_default"`
	inventory.Address
}

// AddressInput is an address as it is written.
type AddressInput struct {
	Label     string `json:"label,omitempty" maxLength:"60"`
	IsDefault bool   `json:"is_default,omitempty"`
	inventory.Address
}

// Fields are what can be said about a customer; nil leaves it.
type Fields struct {
	Email    *string         `json:"email,omitempty" maxLength:"254"`
	Phone    *string         `json:"phone,omitempty" maxLength:"40"`
	Name     *string         `json:"name,omitempty" maxLength:"200"`
	Language *string         `json:"language,omitempty" maxLength:"12"`
	Country  *string         `json:"country,omitempty" maxLength:"2"`
	Note     *string         `json:"note,omitempty" maxLength:"5000"`
	Consents map[string]bool `json:"consents,omitempty" doc:"By kind: marketing_email, marketing_sms, ..."`
}

var (
	// ErrNotFound answers an id that is no customer of this tenant.
	ErrNotFound = fault.New(fault.NotFound, "customer.not_found", "There is no such customer.")
	// ErrErased answers a change of a customer whose data has been erased.
	ErrErased = fault.New(fault.Conflict, "customer.erased", "This customer's data has been erased.")
	// ErrChanged answers a change of another version than the present one.
	ErrChanged      = fault.New(fault.Conflict, "version_conflict", "Someone else has changed this customer. Look at their version and try again.")
	errInvalid      = fault.New(fault.Invalid, "customer.invalid", "Something is not right. See the marked fields.")
	errEmailTaken   = fault.New(fault.Conflict, "customer.email_taken", "There is an account with this e-mail. Sign in, or ask for a new password.").Field("email", "taken")
	errNoAddress    = fault.New(fault.NotFound, "customer.address_not_found", "There is no such address.")
	errAddressFull  = fault.New(fault.Conflict, "customer.address_full", "You have 50 addresses. Delete one first.")
	errNotAccount   = fault.New(fault.Unauthenticated, "auth.required", "Sign in first.")
	errLink         = fault.New(fault.Invalid, "link.invalid", "This link is not valid any more. Ask for a new one.").Field("token", "used, replaced or expired")
	errPassword     = fault.New(fault.Invalid, "customer.password_wrong", "This is not your password.").Field("password", "not your password")
	maxAddresses    = 50
	consentKinds    = 20
	consentKindSize = 60
)

// email checks and normalises an address: without spaces around, its domain in lower case.
func email(s string) (string, bool) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return "", false
	}
	at := strings.LastIndexByte(s, '@')
	return s[:at] + strings.ToLower(s[at:]), true
}

// check normalises the fields and blames those that are wrong.
func (f *Fields) check() error {
	e := errInvalid
	if f.Email != nil && *f.Email != "" {
		clean, ok := email(*f.Email)
		if !ok {
			e = e.Field("email", "is not an e-mail address")
		}
		f.Email = &clean
	}
	for name, s := range map[string]*string{"phone": f.Phone, "name": f.Name, "language": f.Language, "country": f.Country, "note": f.Note} {
		if s == nil {
			continue
		}
		*s = strings.TrimSpace(*s)
		if most := map[string]int{"phone": 40, "name": 200, "language": 12, "country": 2, "note": 5000}[name]; utf8.RuneCountInString(*s) > most {
			e = e.Field(name, "is too long")
		}
	}
	for kind := range f.Consents {
		if kind == "" || len(kind) > consentKindSize || len(f.Consents) > consentKinds {
			e = e.Field("consents", "at most 20 kinds with names of 1 to 60 characters")
		}
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

func (a AddressInput) check() error {
	e := errInvalid
	if strings.TrimSpace(strings.Join(a.Lines, "")) == "" {
		e = e.Field("lines", "give a street or a box")
	}
	if len(a.Country) != 2 || strings.ToUpper(a.Country) != a.Country {
		e = e.Field("country", "must be two letters of ISO 3166-1")
	}
	if len(a.Lines) > 5 || utf8.RuneCountInString(strings.Join(a.Lines, "")) > 500 {
		e = e.Field("lines", "at most 5 lines and 500 characters")
	}
	for name, s := range map[string]string{"name": a.Name, "company": a.Company, "city": a.City, "region": a.Region, "postal_code": a.PostalCode, "phone": a.Phone, "label": a.Label} {
		if utf8.RuneCountInString(s) > 200 {
			e = e.Field(name, "is too long")
		}
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}
