package catalog

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Sellable is everything about a variant that an order needs, in one currency. It may be up to a second old: what must not be is checked by Version
// (of the product) in the transaction that places the order. It is shared: do not change what its maps and slices hold.
type Sellable struct {
	VariantID       uuid.UUID
	ProductID       uuid.UUID
	Version         int64 // of the product; grows with every change of it, its variants and prices
	SKU             string
	Slug            string
	Title           Text
	Options         map[string]string
	Image           string // path of the picture, "" without one
	Type            string
	TaxClass        string
	ProductStatus   string
	VariantStatus   string
	QuantityMin     int
	QuantityMax     int // 0: no maximum
	QuantityStep    int
	FulfilmentTypes []string
	WeightG         int
	Tracked         bool
	Uses            []Use // what one unit consumes; empty: unlimited supply
	TaxIncluded     bool
	Currency        string
	Tiers           []Tier // by rising MinQuantity; empty: not sold in this currency
}

// Tier is the unit price from a quantity on, in minor units.
type Tier struct {
	MinQuantity int   `json:"min_quantity" minimum:"1"`
	Amount      int64 `json:"amount" minimum:"0" doc:"Unit price in minor units."`
}

// Use is what one unit of a variant takes from a supply (an inventory pool).
type Use struct {
	Kind     string `json:"kind"`
	Key      string `json:"key"`
	Quantity int64  `json:"quantity"`
}

// OnSale reports whether it can be ordered at all in its currency.
func (s Sellable) OnSale() bool {
	return s.ProductStatus == "active" && s.VariantStatus == "active" && len(s.Tiers) > 0
}

// UnitPrice gives the price of one when quantity are bought; false below the first tier or without a price in the currency.
func (s Sellable) UnitPrice(quantity int) (int64, bool) { return PriceAt(s.Tiers, quantity) }

// PriceAt picks the tier with the highest MinQuantity that quantity reaches.
func PriceAt(tiers []Tier, quantity int) (int64, bool) {
	best, found := Tier{}, false
	for _, t := range tiers {
		if t.MinQuantity <= quantity && (!found || t.MinQuantity > best.MinQuantity) {
			best, found = t, true
		}
	}
	return best.Amount, found
}

// ErrQuantity answers a quantity that the variant's rule does not allow; the message says the rule.
var ErrQuantity = fault.New(fault.Invalid, "catalog.quantity_not_allowed", "This quantity cannot be ordered.")

// CheckQuantity holds the quantity against the variant's rule: at least min, at most max, in steps counted from min.
func (s Sellable) CheckQuantity(quantity int) error {
	e := ErrQuantity
	switch {
	case quantity < s.QuantityMin:
		e = e.Saying("Order at least %d of %s.", s.QuantityMin, s.SKU)
	case s.QuantityMax > 0 && quantity > s.QuantityMax:
		e = e.Saying("Order at most %d of %s.", s.QuantityMax, s.SKU)
	case s.QuantityStep > 1 && (quantity-s.QuantityMin)%s.QuantityStep != 0:
		e = e.Saying("Order %s in steps of %d from %d on.", s.SKU, s.QuantityStep, s.QuantityMin)
	default:
		return nil
	}
	return e.With("minimum", s.QuantityMin).With("maximum", s.QuantityMax).With("step", s.QuantityStep)
}

type sellableKey struct {
	currency string
	variant  uuid.UUID
}

type skuKey string

// Sellables gives the variants that exist among the ids, in the currency's default price list. Those that are cached cost no query.
func (c *Catalog) Sellables(ctx context.Context, sc db.Scope, variants []uuid.UUID, currency string) (map[uuid.UUID]Sellable, error) {
	out := make(map[uuid.UUID]Sellable, len(variants))
	var missing []uuid.UUID
	for _, id := range variants {
		if s, ok := c.sellables.get(sc.Tenant, sellableKey{currency, id}); ok {
			out[id] = s
		} else {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	loaded, err := c.load(ctx, sc, currency, "v.id IN ?", missing)
	for _, s := range loaded {
		out[s.VariantID] = s
	}
	return out, err
}

// SellablesBySKU is Sellables for those who know the SKU; the result is by SKU.
func (c *Catalog) SellablesBySKU(ctx context.Context, sc db.Scope, skus []string, currency string) (map[string]Sellable, error) {
	out := make(map[string]Sellable, len(skus))
	var missing []string
	for _, sku := range skus {
		if id, ok := c.skus.get(sc.Tenant, skuKey(sku)); ok {
			if s, ok := c.sellables.get(sc.Tenant, sellableKey{currency, id}); ok {
				out[sku] = s
				continue
			}
		}
		missing = append(missing, sku)
	}
	if len(missing) == 0 {
		return out, nil
	}
	loaded, err := c.load(ctx, sc, currency, "v.sku IN ?", missing)
	for _, s := range loaded {
		out[s.SKU] = s
	}
	return out, err
}

func (c *Catalog) load(ctx context.Context, sc db.Scope, currency, where string, arg any) (out []Sellable, err error) {
	gen, skuGen := c.sellables.generation(sc.Tenant), c.skus.generation(sc.Tenant)
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = sellables(tx, currency, where, arg)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, s := range out {
		c.sellables.put(sc.Tenant, gen, sellableKey{currency, s.VariantID}, s, c.life())
		c.skus.put(sc.Tenant, skuGen, skuKey(s.SKU), s.VariantID, c.life())
	}
	return out, nil
}

type sellableRow struct {
	VariantID       uuid.UUID
	ProductID       uuid.UUID
	Version         int64
	SKU             string `gorm:"column:sku"`
	Slug            string
	Title           db.JSON[Text]
	Options         db.JSON[map[string]string]
	Image           *uuid.UUID
	Type            string
	TaxClass        string
	ProductStatus   string
	VariantStatus   string
	QuantityMin     int
	QuantityMax     int
	QuantityStep    int
	FulfilmentTypes db.Strings
	WeightG         int
	Tracked         bool
	Uses            db.JSON[[]Use]
	TaxIncluded     bool
	Tiers           db.JSON[[]Tier]
}

func sellables(tx *db.Tx, currency, where string, arg any) ([]Sellable, error) {
	var rows []sellableRow
	err := tx.Raw(`SELECT v.id AS variant_id, v.product_id, p.version, v.sku, p.slug, p.title, v.options, p.type, p.tax_class, p.status AS product_status, v.status AS variant_status,
			v.quantity_min, COALESCE(v.quantity_max, 0) AS quantity_max, v.quantity_step, v.fulfilment_types, v.weight_g, v.tracked,
			(SELECT m.id FROM media m WHERE m.tenant_id = v.tenant_id AND m.product_id = v.product_id ORDER BY m.rank, m.id LIMIT 1) AS image,
			(SELECT jsonb_agg(jsonb_build_object('kind', u.kind, 'key', u.key, 'quantity', u.quantity) ORDER BY u.kind, u.key) FROM resource_uses u WHERE u.tenant_id = v.tenant_id AND u.variant_id = v.id) AS uses,
			COALESCE(l.tax_included, true) AS tax_included,
			(SELECT jsonb_agg(jsonb_build_object('min_quantity', r.min_quantity, 'amount', r.amount) ORDER BY r.min_quantity) FROM prices r WHERE r.tenant_id = v.tenant_id AND r.variant_id = v.id AND r.price_list_id = l.id) AS tiers
		FROM variants v JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
		LEFT JOIN price_lists l ON l.tenant_id = v.tenant_id AND l.is_default AND l.currency = ?
		WHERE `+where, currency, arg).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("load sellables: %w", err)
	}
	out := make([]Sellable, len(rows))
	for i, r := range rows {
		out[i] = Sellable{
			VariantID: r.VariantID, ProductID: r.ProductID, Version: r.Version, SKU: r.SKU, Slug: r.Slug, Title: r.Title.V, Options: r.Options.V, Type: r.Type, TaxClass: r.TaxClass,
			ProductStatus: r.ProductStatus, VariantStatus: r.VariantStatus, QuantityMin: r.QuantityMin, QuantityMax: r.QuantityMax, QuantityStep: r.QuantityStep,
			FulfilmentTypes: r.FulfilmentTypes, WeightG: r.WeightG, Tracked: r.Tracked, Uses: r.Uses.V, TaxIncluded: r.TaxIncluded, Currency: currency, Tiers: r.Tiers.V,
		}
		if r.Image != nil {
			out[i].Image = MediaURL(tx.Scope.Tenant, *r.Image)
		}
	}
	return out, nil
}

// MediaURL is the path under which the gateway serves a picture; "?w=" asks for a width.
func MediaURL(tenant, id uuid.UUID) string { return "/media/" + tenant.String() + "/" + id.String() }
