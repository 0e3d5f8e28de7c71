// Package tenants is the business that rents a shop: its name and address, its settings, its plan and what that allows, its own domains, and its end.
//
// Owns: tenants, hosts, host_claims, tenant_versions; the industry presets; the list of plans. Does not own: its people (tenants/members), what they may do
// (tenants/access), anything it sells. Sign-up begins here (CreateTx) and is finished by Provisioners of the packages above.
// Invariants: a slug leads to one tenant for ever, also after it has closed; a host leads to one tenant and only after its owner proved it by DNS;
// every change is in the audit log and moves the tenant's version, which other processes notice within a second (Watch).
// Events out: tenant.signed_up, tenant.changed.
package tenants

import (
	"context"
	"net"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Tenant is a business with a shop.
type Tenant struct {
	ID        uuid.UUID `json:"id"`
	Slug      string    `json:"slug"`
	Name      string    `json:"name"`
	Industry  string    `json:"industry"`
	Country   string    `json:"country" doc:"ISO 3166-1 alpha-2."`
	Currency  string    `json:"currency" doc:"ISO 4217."`
	TimeZone  string    `json:"time_zone"`
	Language  string    `json:"language"`
	Languages []string  `json:"languages" nullable:"false" doc:"The languages of the shop, its first one included."`
	Plan      string    `json:"plan"`
	Status    string    `json:"status" enum:"active,suspended,closed"`
	Settings  Settings  `json:"settings"`
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"created_at"`
}

// States of a tenant.
const (
	Active    = "active"
	Suspended = "suspended"
	Closed    = "closed"
)

// Config is what an installation decides about its tenants.
type Config struct {
	BaseDomain string `env:"ALLHOURS_BASE_DOMAIN" envDefault:"localhost"` // shops live at slug.BaseDomain
	Plan       string `env:"ALLHOURS_SIGNUP_PLAN" envDefault:"free"`      // of a new tenant
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	_, err := planOf(c.Plan)
	return err
}

// Provisioner makes the part of a new shop that belongs to another package, in the transaction of the sign-up.
type Provisioner interface {
	Provision(tx *db.Tx, t Tenant, p Preset) error
}

// Resolver answers DNS questions; *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Tenants is the directory of businesses.
type Tenants struct {
	Limits *Limits
	Watch  *Watch

	db           *db.DB
	config       Config
	resolver     Resolver
	provisioners []Provisioner
	hasOrders    func(tx *db.Tx) (bool, error)
	hasPicture   func(tx *db.Tx, id uuid.UUID) (bool, error)
	known        cache
}

// New needs app to add Provisioners, and to run Watch.Run.
func New(d *db.DB, c Config) *Tenants {
	t := &Tenants{db: d, config: c, resolver: net.DefaultResolver, Limits: &Limits{}, Watch: NewWatch(d)}
	t.Watch.Each(t.known.forget)
	return t
}

// BaseDomain is the domain under which shops have their addresses.
func (t *Tenants) BaseDomain() string { return t.config.BaseDomain }

// Provision adds what CreateTx runs for a new tenant, after what was added before.
func (t *Tenants) Provision(p ...Provisioner) { t.provisioners = append(t.provisioners, p...) }

// HasOrders tells Update how to find out whether the tenant has had an order: from then on its currency stays.
func (t *Tenants) HasOrders(fn func(tx *db.Tx) (bool, error)) { t.hasOrders = fn }

// HasPicture tells Update how to find out whether a picture is of the shop, for its logo.
func (t *Tenants) HasPicture(fn func(tx *db.Tx, id uuid.UUID) (bool, error)) { t.hasPicture = fn }

// WithResolver returns Tenants that ask another DNS; for tests.
func (t *Tenants) WithResolver(r Resolver) *Tenants {
	c := &Tenants{db: t.db, config: t.config, resolver: r, Limits: t.Limits, Watch: t.Watch, provisioners: t.provisioners, hasOrders: t.hasOrders, hasPicture: t.hasPicture}
	c.Watch.Each(c.known.forget)
	return c
}

// Get gives a tenant as it was at most a second ago, from memory where possible. NotFound if there is none.
func (t *Tenants) Get(ctx context.Context, id uuid.UUID) (Tenant, error) {
	if found, ok := t.known.get(id, t.Watch); ok {
		return found, nil
	}
	generation := t.Watch.Generation()
	var found Tenant
	err := t.db.InTx(ctx, db.Scope{Tenant: id}, func(tx *db.Tx) (err error) {
		found, err = GetTx(tx)
		return err
	})
	if err == nil {
		t.known.put(id, found, generation, t.Watch)
	}
	return found, err
}

// GetTx gives the transaction's own tenant as it is.
func GetTx(tx *db.Tx) (Tenant, error) { return get(tx, false) }
