// Package catalog is what is shown and sold.
//
// Owns: products, variants, categories, media, price lists and prices, tax classes and rates, and the import and export of products. Does not own: how much
// there is (inventory; the catalog asks variant_supply and never writes it), nor what was agreed in an order (orders keep their own copies).
//
// Invariants: the version of a product grows with every change to it, its variants, prices, categories or media, so that whoever has priced an order with a version can
// check it in the transaction that places the order; what is cached in a process is forgotten in every process within a second of a change.
//
// Events out: product.changed (with every product that changed), category.changed.
package catalog

import (
	"context"
	"sync/atomic"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"allhours/platform/base/blob"
	"allhours/platform/base/db"
	"allhours/tenants"
)

// Catalog does everything with products. One per process; Follow keeps its caches true.
type Catalog struct {
	db        *db.DB
	files     *blob.Store
	limits    *tenants.Limits
	supplier  Supplier
	front     Front
	sellables *cache[sellableKey, Sellable]
	skus      *cache[skuKey, uuid.UUID]
	taxes     *cache[uuid.UUID, Taxes]
	pages     *cache[string, any] // what shoppers were shown within the last second
	looking   singleflight.Group
	following atomic.Bool
	drawing   chan struct{} // one place for each picture that may be worked on at a time
	resizing  singleflight.Group
}

// Parts are what a Catalog works with beside the database; those that it lacks are for tools and tests that do without.
type Parts struct {
	Files    *blob.Store     // pictures and imports
	Limits   *tenants.Limits // of the plan
	Supplier Supplier        // inventory
	Front    Front
}

// New makes a Catalog on the database.
func New(d *db.DB, p Parts) *Catalog {
	c := &Catalog{db: d, files: p.Files, limits: p.Limits, supplier: p.Supplier, front: p.Front}
	c.drawing = make(chan struct{}, 2)
	c.sellables = newCache[sellableKey, Sellable](20_000)
	c.skus = newCache[skuKey, uuid.UUID](20_000)
	c.taxes = newCache[uuid.UUID, Taxes](5_000)
	c.pages = newCache[string, any](2_000)
	return c
}

// channel is where processes tell each other that a tenant's catalog has changed.
const channel = "catalog_changed"

// Follow hears of the changes that other processes make, until ctx ends. Without it, what is cached lives one second.
func (c *Catalog) Follow(ctx context.Context) {
	defer c.following.Store(false)
	c.db.Listen(ctx, channel, func() { c.forgetAll(); c.following.Store(true) }, func(payload string) {
		if tenant, err := uuid.Parse(payload); err == nil {
			c.forget(tenant)
		}
	})
}

func (c *Catalog) forgetAll() {
	c.sellables.forgetAll()
	c.skus.forgetAll()
	c.taxes.forgetAll()
	c.pages.forgetAll()
}

func (c *Catalog) forget(tenant uuid.UUID) {
	c.sellables.forget(tenant)
	c.skus.forget(tenant)
	c.taxes.forget(tenant)
	c.pages.forget(tenant)
}

// Text is a text by language: {"en": "Mug", "zh": "杯子"}.
type Text map[string]string

// In gives the text in the first of the languages that it has, else in English, else in any (the first by code).
func (t Text) In(languages ...string) string {
	for _, l := range append(languages, "en") {
		if s := t[l]; s != "" {
			return s
		}
	}
	best := ""
	for l, s := range t {
		if s != "" && (best == "" || l < best) {
			best = l
		}
	}
	return t[best]
}
