package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants"
	"allhours/tenants/audit"
)

// Create makes a product with its variants, prices and, where given, stock.
func (c *Catalog) Create(ctx context.Context, sc db.Scope, in ProductInput) (out Product, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = c.CreateTx(tx, in)
		return err
	})
	return out, err
}

// CreateTx is Create for a caller's transaction.
func (c *Catalog) CreateTx(tx *db.Tx, in ProductInput) (Product, error) {
	ids, err := c.CreateAllTx(tx, []ProductInput{in})
	if err != nil {
		return Product{}, err
	}
	out, err := one(tx, `WHERE p.id = ?`, ids[0])
	if err != nil {
		return Product{}, err
	}
	return out, audit.Append(tx, audit.Entry{Action: "product.create", ObjectType: "product", ObjectID: out.ID.String(), After: out})
}

// CreateAllTx makes many products in a fixed number of statements and gives their ids; it is for seeding and imports, which write their own audit entry. The fields of an
// error begin with the product's place: "products[3].title".
func (c *Catalog) CreateAllTx(tx *db.Tx, in []ProductInput) ([]uuid.UUID, error) {
	drafts := make([]draft, len(in))
	ids := make([]uuid.UUID, len(in))
	count := 0
	for i := range in {
		p := clone(in[i])
		if err := p.complete(); err != nil {
			return nil, at(err, i, len(in))
		}
		for k := range p.Variants {
			p.Variants[k].ID = db.NewID()
			p.Variants[k].use(nil)
		}
		ids[i] = db.NewID()
		drafts[i] = draft{ID: ids[i], ProductInput: p}
		if p.Status != "archived" {
			count++
		}
	}
	if err := c.room(tx, count); err != nil {
		return nil, err
	}
	if err := write(tx, drafts); err != nil {
		return nil, err
	}
	if err := c.supply(tx, drafts); err != nil {
		return nil, err
	}
	return ids, c.changed(tx, "product.changed", ids)
}

// clone copies what complete and the writers change.
func clone(in ProductInput) *ProductInput {
	in.Variants = slices.Clone(in.Variants)
	return &in
}

func at(err error, i, of int) error {
	e := fault.Of(err)
	if of == 1 || len(e.Fields) == 0 {
		return err
	}
	moved := *e
	moved.Fields = map[string]fault.Text{}
	for f, m := range e.Fields {
		moved.Fields[fmt.Sprintf("products[%d].%s", i, f)] = m
	}
	return &moved
}

// supply has the levels of what is tracked made and counted.
func (c *Catalog) supply(tx *db.Tx, drafts []draft) error {
	if c.supplier == nil {
		return nil
	}
	var stock []Stock
	for _, d := range drafts {
		for _, v := range d.Variants {
			for _, u := range v.Uses {
				if *v.Tracked {
					s := Stock{Kind: u.Kind, Key: u.Key}
					if u.Kind == "stock" && u.Key == v.SKU {
						s.OnHand = v.OnHand
					}
					stock = append(stock, s)
				}
			}
		}
	}
	if len(stock) == 0 {
		return nil
	}
	return c.supplier.SupplyTx(tx, stock)
}

// Change replaces the product if it still has in.Version. Variants that are not named are archived: orders refer to them.
func (c *Catalog) Change(ctx context.Context, sc db.Scope, id uuid.UUID, in ProductInput) (out Product, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = c.ChangeTx(tx, id, in)
		return err
	})
	return out, err
}

// ChangeTx is Change for a caller's transaction.
func (c *Catalog) ChangeTx(tx *db.Tx, id uuid.UUID, in ProductInput) (Product, error) {
	before, err := lockProduct(tx, id)
	if err != nil {
		return Product{}, err
	}
	if before.Version != in.Version {
		return Product{}, ErrChanged.With("current", before)
	}
	p := clone(in)
	if p.Slug == "" {
		p.Slug = before.Slug
	}
	if err := p.complete(); err != nil {
		return Product{}, err
	}
	renamed, err := match(p, before)
	if err != nil {
		return Product{}, err
	}
	if before.Status == "archived" && p.Status != "archived" {
		if err := c.room(tx, 1); err != nil {
			return Product{}, err
		}
	}
	for from, to := range renamed {
		if c.supplier != nil {
			if err := c.supplier.RenameTx(tx, from, to); err != nil {
				return Product{}, err
			}
		}
	}
	drafts := []draft{{ID: id, ProductInput: p}}
	if err := write(tx, drafts); err != nil {
		return Product{}, err
	}
	if err := c.supply(tx, drafts); err != nil {
		return Product{}, err
	}
	if err := c.changed(tx, "product.changed", []uuid.UUID{id}); err != nil {
		return Product{}, err
	}
	after, err := one(tx, `WHERE p.id = ?`, id)
	if err != nil {
		return Product{}, err
	}
	return after, audit.Append(tx, audit.Entry{Action: "product.change", ObjectType: "product", ObjectID: id.String(), Before: before, After: after})
}

func lockProduct(tx *db.Tx, id uuid.UUID) (Product, error) {
	if err := tx.Exec(`SELECT 1 FROM products WHERE id = ? FOR UPDATE`, id).Error; err != nil {
		return Product{}, fmt.Errorf("lock product: %w", err)
	}
	return one(tx, `WHERE p.id = ?`, id)
}

// match gives the variants of the input the ids of those that they are, appends the ones left out as archived, and tells which SKUs got another name.
func match(in *ProductInput, before Product) (renamed map[string]string, err error) {
	byID, bySKU := map[uuid.UUID]Variant{}, map[string]Variant{}
	for _, v := range before.Variants {
		byID[v.ID], bySKU[v.SKU] = v, v
	}
	renamed = map[string]string{}
	used := map[uuid.UUID]bool{}
	for i := range in.Variants {
		v := &in.Variants[i]
		old, known := byID[v.ID]
		if v.ID != uuid.Nil && !known {
			return nil, ErrProduct.Field(fmt.Sprintf("variants[%d].id", i), "is no variant of this product")
		}
		if v.ID == uuid.Nil {
			if old, known = bySKU[v.SKU]; !known || used[old.ID] {
				v.ID = db.NewID()
				v.use(nil)
				continue
			}
			v.ID = old.ID
		}
		if used[v.ID] {
			return nil, ErrProduct.Field(fmt.Sprintf("variants[%d].id", i), "stands twice")
		}
		used[v.ID] = true
		v.use(&old)
		if old.SKU != v.SKU {
			renamed[old.SKU] = v.SKU
		}
	}
	for _, v := range before.Variants {
		if !used[v.ID] {
			in.Variants = append(in.Variants, v.input("archived"))
		}
	}
	return renamed, nil
}

// input is the variant as one would write it.
func (v Variant) input(status string) VariantInput {
	in := VariantInput{
		ID: v.ID, SKU: v.SKU, Barcode: v.Barcode, Options: v.Options, Status: status, FulfilmentTypes: v.FulfilmentTypes, QuantityMin: v.QuantityMin, QuantityMax: v.QuantityMax,
		QuantityStep: v.QuantityStep, WeightG: v.WeightG, Tracked: &v.Tracked, Cost: v.Cost, Prices: v.Prices, Uses: v.Uses,
	}
	return in
}

// use fills in what the variant consumes where it does not say so: what it has consumed until now, else one of its own stock. Its own stock follows a change of its SKU.
func (in *VariantInput) use(before *Variant) {
	if !*in.Tracked {
		in.Uses = nil
		return
	}
	in.Uses = slices.Clone(in.Uses)
	if len(in.Uses) == 0 && before != nil {
		in.Uses = slices.Clone(before.Uses)
	}
	if len(in.Uses) == 0 {
		in.Uses = []Use{{Kind: "stock", Key: in.SKU, Quantity: 1}}
	}
	for i, u := range in.Uses {
		if before != nil && u.Kind == "stock" && u.Key == before.SKU {
			in.Uses[i].Key = in.SKU
		}
	}
}

// Input is the product as one would write it, to change a part of it.
func (p Product) Input() ProductInput {
	in := ProductInput{
		Slug: p.Slug, Type: p.Type, Status: p.Status, Title: p.Title, Description: p.Description, TaxClass: p.TaxClass, Attributes: p.Attributes, Options: p.Options,
		CategoryIDs: p.CategoryIDs, Version: p.Version,
	}
	for _, v := range p.Variants {
		in.Variants = append(in.Variants, v.input(v.Status))
	}
	return in
}

// Actions of SetStatus, and the states that they lead to.
var actions = map[string]string{"activate": "active", "archive": "archived", "draft": "draft"}

// Outcome is what a bulk action did to one product: Error is empty when it was done.
type Outcome struct {
	ID    uuid.UUID `json:"id"`
	OK    bool      `json:"ok"`
	Code  string    `json:"code,omitempty"`
	Error string    `json:"error,omitempty"`
}

// Bulk activates, archives or un-publishes products, each for itself: one that cannot be changed does not keep the others from it.
func (c *Catalog) Bulk(ctx context.Context, sc db.Scope, ids []uuid.UUID, action string) ([]Outcome, error) {
	status, ok := actions[action]
	if !ok {
		return nil, fault.New(fault.Invalid, "catalog.action_unknown", "The action must be activate, archive or draft.").Field("action", "unknown")
	}
	out := make([]Outcome, len(ids))
	for i, id := range ids {
		err := c.SetStatus(ctx, sc, id, status)
		out[i] = Outcome{ID: id, OK: err == nil}
		if err == nil {
			continue
		}
		e := fault.Of(err)
		if e.Kind == fault.Internal {
			return nil, err
		}
		out[i].Code, out[i].Error = e.Code, e.Message.Say(ctx)
	}
	return out, nil
}

// SetStatus puts the product into the state; one that is in it already stays as it is.
func (c *Catalog) SetStatus(ctx context.Context, sc db.Scope, id uuid.UUID, status string) error {
	return c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		before, err := lockProduct(tx, id)
		if err != nil || before.Status == status {
			return err
		}
		if status == "active" && !slices.ContainsFunc(before.Variants, func(v Variant) bool { return v.Status == "active" }) {
			return ErrProduct.Field("variants", "a product on sale needs at least one variant")
		}
		if before.Status == "archived" {
			if err := c.room(tx, 1); err != nil {
				return err
			}
		}
		if err := tx.Exec(`UPDATE products SET status = ?, version = version + 1, updated_at = ? WHERE id = ?`, status, tx.Now, id).Error; err != nil {
			return fmt.Errorf("set status: %w", err)
		}
		if err := c.changed(tx, "product.changed", []uuid.UUID{id}); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{
			Action: "product." + status, ObjectType: "product", ObjectID: id.String(),
			Before: map[string]string{"status": before.Status}, After: map[string]string{"status": status},
		})
	})
}

// room asks the plan whether n more products fit.
func (c *Catalog) room(tx *db.Tx, n int) error {
	if c.limits == nil || n == 0 {
		return nil
	}
	return c.limits.Check(tx, tenants.Products, int64(n))
}

// CountTx counts what the plan limits: the products that are not archived.
func CountTx(tx *db.Tx) (n int64, err error) {
	err = tx.Raw(`SELECT count(*) FROM products WHERE status <> 'archived'`).Scan(&n).Error
	return n, err
}
