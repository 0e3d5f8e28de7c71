// Package demo fills a fresh installation with three made-up businesses that look lived in: a gift shop, a noodle restaurant and a guesthouse, each with its staff,
// catalog, pictures, stock, customers, two months of orders and something that needs attention now.
//
// Owns: no table; it writes rows of others in bulk, and only for tenants that it has opened itself. The history of a shop is written in one transaction, so a start that is
// killed leaves either all of it or nothing, and the next start goes on from there. What happens at the end of the history (low stock, a second order like the
// first, a card refused again and again) is told by the real events, so that the rules of the shop find it and nobody opens an incident here.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
	"allhours/plugins"
	"allhours/tenants"
	"allhours/tenants/access"
)

// Password is that of every demo login.
const Password = "lamplight-demo"

// Parts are what the demo is made with. Tenants must have its Provisioners.
type Parts struct {
	DB        *db.DB
	Tenants   *tenants.Tenants
	Access    *access.Access
	Catalog   *catalog.Catalog
	Inventory *inventory.Inventory
	Plugins   *plugins.Plugins // nil: the shops are paid by hand
	Provider  Provider
}

// Provider is the sandbox payment provider: where its API is, and the token of its admin interface.
type Provider struct{ URL, AdminToken string }

// Login is somebody who can sign in with Password: a member by the console, or with the role "customer" a shopper by the storefront.
type Login struct {
	Slug  string
	Shop  string
	Email string
	Roles []string
}

// Seed makes what is missing of the demo shops and gives their logins; progress gets a line for each shop that was made. With everything there it only sees to it that
// payments go to where the provider is now. It fails, and touches nothing of it, where another business has the address of a demo shop.
func Seed(ctx context.Context, p Parts, progress io.Writer) ([]Login, error) {
	var logins []Login
	for _, s := range shops() {
		if err := p.seed(ctx, s, progress); err != nil {
			return nil, fmt.Errorf("demo shop %s: %w", s.Slug, err)
		}
		logins = append(logins, s.logins()...)
	}
	return logins, nil
}

func (p Parts) seed(ctx context.Context, s *shop, progress io.Writer) error {
	began := time.Now()
	sc, err := p.find(ctx, s)
	if err != nil {
		return err
	}
	if sc.Tenant == db.None {
		if sc, err = p.open(ctx, s); err != nil {
			return err
		}
	}
	var done marks
	if err := p.DB.InTx(ctx, sc, func(tx *db.Tx) (err error) { done, err = marksOf(tx); return err }); err != nil {
		return err
	}
	if !done.Opened {
		return fmt.Errorf("the address %q belongs to a business that is not of the demo", s.Slug)
	}
	installation, err := p.connect(ctx, sc, s)
	if err != nil || done.Filled {
		return err
	}
	if err := p.dress(ctx, sc, s); err != nil {
		return err
	}
	orders, err := p.fill(ctx, sc, s, installation)
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "  %-12s %-16s %d products, %d orders (%.1f s)\n", s.Slug, s.Business, len(s.Products), orders, time.Since(began).Seconds())
	return nil
}

// find gives the scope in which the demo works on the shop; without a tenant when there is no such shop yet.
func (p Parts) find(ctx context.Context, s *shop) (db.Scope, error) {
	id, err := p.Tenants.BySlug(ctx, s.Slug)
	if errors.Is(err, tenants.ErrNotFound) {
		return db.Scope{}, nil
	}
	return scope(id), err
}

func scope(tenant uuid.UUID) db.Scope {
	return db.Scope{Tenant: tenant, Actor: db.Actor{Kind: "job", ID: "demo", Name: "Demo data", Via: "job"}}
}
