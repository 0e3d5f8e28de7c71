package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
	"allhours/tenants"
	"allhours/tenants/audit"
	"allhours/tenants/members"
)

// open makes the tenant with its staff, locations and products, all or nothing.
func (p Parts) open(ctx context.Context, s *shop) (db.Scope, error) {
	t, preset, err := p.Tenants.Prepare(tenants.Opening{
		Business: s.Business, Slug: s.Slug, Industry: s.Industry, Country: s.Country, Currency: s.Currency, TimeZone: s.TimeZone, Language: s.Language, Plan: "business",
	})
	if err != nil {
		return db.Scope{}, err
	}
	t.Languages = s.Languages
	t.Settings.Branding.Color = s.Color
	t.Settings.Contact = tenants.Contact{Email: s.Contact.Email, Phone: s.Contact.Phone, Address: s.Contact.Address}
	o := &t.Settings.Order
	o.ConfirmOrders, o.HandPayments, o.TransferInstructions = s.Order.ConfirmOrders, s.Order.HandPayments, s.Order.TransferInstructions
	o.ShippingPrice, o.ShippingFreeFrom = s.Order.ShippingPrice, s.Order.ShippingFreeFrom
	preset.Location = tenants.StarterLocation{Name: map[string]string{"en": s.Locations[0].Name}, Kind: s.Locations[0].Kind}
	preset.Categories = nil
	for _, c := range s.Categories {
		preset.Categories = append(preset.Categories, tenants.StarterCategory{Slug: c.Slug, Title: c.Title})
	}
	hash, err := p.Access.HashPassword(ctx, Password)
	if err != nil {
		return db.Scope{}, err
	}
	sc := scope(t.ID)
	return sc, p.DB.InTx(ctx, sc, func(tx *db.Tx) error {
		if _, err := p.Tenants.CreateTx(tx, t, preset); err != nil {
			return err
		}
		if err := p.hire(tx, s, hash); err != nil {
			return err
		}
		for i, l := range s.Locations[1:] {
			if _, err := p.Inventory.AddLocationTx(tx, inventory.LocationInput{Name: l.Name, Kind: l.Kind, TimeZone: s.TimeZone, Address: l.Address, Rank: i + 1, Active: true}); err != nil {
				return err
			}
		}
		if err := p.stockShelves(tx, s); err != nil {
			return err
		}
		return mark(tx, opened, map[string]any{"products": len(s.Products)})
	})
}

// hire adds the members with their e-mails confirmed. They all have the demo's password, and so may have the same hash of it.
func (p Parts) hire(tx *db.Tx, s *shop, hash string) error {
	for _, m := range s.Members {
		id := db.NewID()
		if err := insertMember(tx, id, m, hash); err != nil {
			return fmt.Errorf("member %s: %w", m.Email, err)
		}
		err := audit.Append(tx, audit.Entry{Action: "member.joined", ObjectType: "member", ObjectID: id.String(), After: map[string]any{"email": m.Email, "name": m.Name, "roles": m.Roles}})
		if err != nil {
			return err
		}
		if err := outbox.Append(tx, members.EventJoined, id.String(), members.ChangedV1{ID: id, Name: m.Name, Status: members.Active, Roles: m.Roles, At: tx.Now}); err != nil {
			return err
		}
	}
	return p.Tenants.Watch.ChangedTx(tx)
}

func (p Parts) stockShelves(tx *db.Tx, s *shop) error {
	shelf, list, err := shelves(tx)
	if err != nil {
		return err
	}
	in := make([]catalog.ProductInput, len(s.Products))
	for i, pr := range s.Products {
		in[i] = pr.input(list)
		for _, c := range pr.Categories {
			id, ok := shelf[c]
			if !ok {
				return fmt.Errorf("product %s: no category %q", pr.SKU, c)
			}
			in[i].CategoryIDs = append(in[i].CategoryIDs, id)
		}
	}
	_, err = p.Catalog.CreateAllTx(tx, in)
	return err
}

// input is the product as the catalog takes it, with prices in the list.
func (p product) input(list uuid.UUID) catalog.ProductInput {
	in := catalog.ProductInput{Type: p.Type, Status: "active", Title: p.Title, Description: p.Text, TaxClass: p.Tax, Slug: catalog.Slug(p.Title["en"])}
	tracked := p.tracked()
	for _, c := range p.choices() {
		v := catalog.VariantInput{SKU: c.SKU, QuantityMax: p.Max, WeightG: p.Weight, Tracked: &tracked, FulfilmentTypes: p.Fulfilment, Prices: []catalog.Price{{PriceListID: list, MinQuantity: 1, Amount: c.Price}}}
		for _, t := range p.Tiers {
			v.Prices = append(v.Prices, catalog.Price{PriceListID: list, MinQuantity: int(t[0]), Amount: t[1]})
		}
		if p.Cost > 0 {
			v.Cost = &p.Cost
		}
		if c.Uses != "" {
			v.Uses = []catalog.Use{{Kind: "stock", Key: c.Uses, Quantity: 1}}
		}
		if c.Value != "" {
			v.Options = map[string]string{p.Option: c.Value}
			if len(in.Options) == 0 {
				in.Options = []catalog.Option{{Name: p.Option}}
			}
			in.Options[0].Values = append(in.Options[0].Values, c.Value)
		}
		in.Variants = append(in.Variants, v)
	}
	return in
}

// dress puts up what takes time and may be done again: addresses, tax rates and pictures.
func (p Parts) dress(ctx context.Context, sc db.Scope, s *shop) error {
	if len(s.Taxes) > 0 {
		if _, err := p.Catalog.SetTaxRates(ctx, sc, s.Taxes); err != nil {
			return err
		}
	}
	locations, err := p.Inventory.Locations(ctx, sc)
	if err != nil {
		return err
	}
	first, l := locations[0], s.Locations[0]
	if len(first.Address.Lines) == 0 {
		in := inventory.LocationInput{Name: l.Name, Kind: l.Kind, TimeZone: s.TimeZone, Address: l.Address, Rank: first.Rank, Active: true, Version: first.Version}
		if _, err := p.Inventory.ChangeLocation(ctx, sc, first.ID, in); err != nil {
			return err
		}
	}
	return p.hang(ctx, sc, s)
}

// hang gives each product its picture, if it has none yet.
func (p Parts) hang(ctx context.Context, sc db.Scope, s *shop) error {
	goods, err := p.goods(ctx, sc, s)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(2)
	for _, pr := range s.Products {
		name := pr.Picture
		if name == "" {
			name = s.Slug + "/" + pr.SKU
		}
		file, err := media.ReadFile("media/" + name + ".webp")
		if errors.Is(err, fs.ErrNotExist) && pr.Picture == "" {
			continue
		}
		if err != nil {
			return err
		}
		sold := goods[pr.choices()[0].SKU]
		if sold.Image != "" {
			continue
		}
		g.Go(func() error {
			if _, err := p.Catalog.AddMedia(ctx, sc, sold.ProductID, bytes.NewReader(file), pr.Title); err != nil {
				return fmt.Errorf("picture of %s: %w", pr.SKU, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// goods are the shop's variants by SKU, as they are sold now.
func (p Parts) goods(ctx context.Context, sc db.Scope, s *shop) (map[string]catalog.Sellable, error) {
	var skus []string
	for _, pr := range s.Products {
		for _, c := range pr.choices() {
			skus = append(skus, c.SKU)
		}
	}
	p.Catalog.Forget(sc.Tenant)
	goods, err := p.Catalog.SellablesBySKU(ctx, sc, skus, s.Currency)
	if err == nil && len(goods) < len(skus) {
		err = fmt.Errorf("%d of %d variants are there", len(goods), len(skus))
	}
	return goods, err
}

// fill writes the history, once, and has it checked.
func (p Parts) fill(ctx context.Context, sc db.Scope, s *shop, i installation) (int, error) {
	goods, err := p.goods(ctx, sc, s)
	if err != nil {
		return 0, err
	}
	taxes, err := p.Catalog.Taxes(ctx, sc)
	if err != nil {
		return 0, err
	}
	hash, err := p.Access.HashPassword(ctx, Password)
	if err != nil {
		return 0, err
	}
	var w *world
	err = p.DB.InTx(ctx, sc, func(tx *db.Tx) error {
		w = newWorld(s, tx.Now, goods, taxes, i)
		w.shopperHash = hash
		return p.furnish(tx, w)
	})
	if err != nil {
		return 0, err
	}
	w.run()
	if err := p.tellProvider(ctx, s, i, w.rows.payments); err != nil {
		return 0, err
	}
	if err := p.DB.InTx(ctx, sc, w.write); err != nil {
		return 0, err
	}
	found, err := p.Inventory.Reconcile(ctx, sc, false, false)
	if err == nil && found.Drifted > 0 {
		err = fmt.Errorf("%d of %d stock levels differ from their movements", found.Drifted, found.Checked)
	}
	return len(w.rows.orders), err
}

// furnish looks up the places, supplies and people of the shop.
func (p Parts) furnish(tx *db.Tx, w *world) (err error) {
	if w.locations, err = locationIDs(tx); err != nil {
		return err
	}
	if w.staff, err = staff(tx); err != nil {
		return err
	}
	var keys []inventory.Key
	for _, sup := range w.supplies {
		keys = append(keys, inventory.Stock(sup.key))
	}
	for i, location := range w.locations {
		ids, err := p.Inventory.EnsureTx(tx, location, keys)
		if err != nil {
			return err
		}
		for k, id := range ids {
			w.levels[at{i, k.Key}] = &level{id: id, location: i, supply: w.supplies[k.Key]}
		}
	}
	return nil
}
