package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/money"
	"allhours/tenants"
)

// Card is a product in a list of the storefront.
type Card struct {
	ID           uuid.UUID    `json:"id"`
	Slug         string       `json:"slug"`
	Title        Text         `json:"title"`
	Description  Text         `json:"description" doc:"Its beginning, 200 characters at most."`
	Image        string       `json:"image,omitempty"`
	ImageAlt     Text         `json:"image_alt,omitempty"`
	Price        money.Money  `json:"price" doc:"Of the cheapest variant, for the least quantity."`
	PriceTo      *money.Money `json:"price_to,omitempty" doc:"Of the dearest variant, where it is another."`
	FromPrice    bool         `json:"from_price" doc:"True where price is only the lowest of several."`
	Availability string       `json:"availability" enum:"in_stock,low,out"`
	Left         *int64       `json:"left,omitempty" doc:"How many are left, where there are few."`
	VariantID    *uuid.UUID   `json:"variant_id,omitempty" doc:"Of a product without options: what to put into the cart."`
	Options      []Option     `json:"options,omitempty"`
}

// Shown is a product as its page in the storefront shows it.
type Shown struct {
	ID          uuid.UUID         `json:"id"`
	Slug        string            `json:"slug"`
	Type        string            `json:"type"`
	Title       Text              `json:"title"`
	Description Text              `json:"description"`
	Attributes  map[string]string `json:"attributes"`
	Options     []Option          `json:"options" nullable:"false"`
	CategoryIDs []uuid.UUID       `json:"category_ids" nullable:"false"`
	Media       []Media           `json:"media" nullable:"false"`
	TaxIncluded bool              `json:"tax_included"`
	Variants    []ShownVariant    `json:"variants" nullable:"false"`
}

// ShownVariant is a variant that can be put into a cart.
type ShownVariant struct {
	ID              uuid.UUID         `json:"id"`
	SKU             string            `json:"sku"`
	Options         map[string]string `json:"options"`
	Price           money.Money       `json:"price" doc:"For the least quantity."`
	Tiers           []Tier            `json:"tiers" nullable:"false"`
	Availability    string            `json:"availability" enum:"in_stock,low,out"`
	Left            *int64            `json:"left,omitempty" doc:"How many are left, where there are few."`
	QuantityMin     int               `json:"quantity_min"`
	QuantityMax     int               `json:"quantity_max,omitempty"`
	QuantityStep    int               `json:"quantity_step"`
	FulfilmentTypes []string          `json:"fulfilment_types" nullable:"false"`
}

// ShopFilter is what a shopper looks for.
type ShopFilter struct {
	Category string `query:"category" maxLength:"120" doc:"Slug or id of a category, with what is below it."`
	Q        string `query:"q" maxLength:"200"`
	Sort     string `query:"sort" enum:"newest,title,price,-price,relevance" doc:"newest where empty, relevance with q."`
	Currency string `query:"currency" maxLength:"3" doc:"The shop's own where empty."`
	db.PageQuery
}

// shown is how long what shoppers see may lag behind the stock. Changes of the catalog show at once.
const shown = time.Second

// remember answers from the process's memory what it has answered for the tenant within the last second; of those who ask at the same time one looks.
func remember[V any](ctx context.Context, c *Catalog, sc db.Scope, key string, load func(tx *db.Tx) (V, error)) (v V, err error) {
	if kept, ok := c.pages.get(sc.Tenant, key); ok {
		return kept.(V), nil
	}
	gen := c.pages.generation(sc.Tenant)
	flight := fmt.Sprintf("%s %d.%d %s", sc.Tenant, gen.epoch, gen.tenant, key)
	kept, err, _ := c.looking.Do(flight, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // others wait for the answer too
		defer cancel()
		var v V
		err := c.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
			v, err = load(tx)
			return err
		})
		if err == nil {
			c.pages.put(sc.Tenant, gen, key, v, shown)
		}
		return v, err
	})
	if err != nil {
		return v, err
	}
	return kept.(V), nil
}

// Shelf lists products on sale that have a price in the currency.
func (c *Catalog) Shelf(ctx context.Context, sc db.Scope, f ShopFilter) (db.Page[Card], error) {
	key := strings.Join([]string{"shelf", f.Category, fold(f.Q), f.Sort, f.Currency, f.Cursor, fmt.Sprint(f.Size())}, "\x00")
	return remember(ctx, c, sc, key, func(tx *db.Tx) (db.Page[Card], error) { return shelf(tx, f) })
}

var errSort = fault.New(fault.Invalid, "catalog.sort_unknown", "Sort by newest, title, price, -price or relevance.").Field("sort", "unknown")

type cardRow struct {
	ID        uuid.UUID
	Slug      string
	Title     db.JSON[Text]
	Brief     db.JSON[Text]
	Options   db.JSON[[]Option]
	Image     db.JSON[*mediaRow]
	Low, High int64
	Variants  int
	Only      *uuid.UUID
	Available *int64 // the best of the variants'; nil where one is not tracked
	SortText  string
	SortRank  int64
}

// priced are the lowest and highest price of a product's variants on sale, each for its least quantity.
const priced = `LATERAL (SELECT min(x.amount) AS low, max(x.amount) AS high FROM variants v
	CROSS JOIN LATERAL (SELECT r.amount FROM prices r WHERE r.tenant_id = v.tenant_id AND r.variant_id = v.id AND r.price_list_id = (SELECT id FROM list) AND r.min_quantity <= v.quantity_min ORDER BY r.min_quantity DESC LIMIT 1) x
	WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.status = 'active') price`

func shelf(tx *db.Tx, f ShopFilter) (db.Page[Card], error) {
	empty := db.Page[Card]{Items: []Card{}}
	currency, err := currencyOr(tx, f.Currency)
	if err != nil {
		return empty, err
	}
	join, rank := "", "0::bigint"
	args := []any{currency}
	if strings.TrimSpace(f.Q) != "" {
		asked := query(f.Q)
		if len(asked) == 0 {
			return empty, nil
		}
		join, rank = `JOIN `+hits+` ON h.tenant_id = p.tenant_id AND h.product_id = p.id`, "h.rank::bigint"
		args = append(args, rows(asked), len(asked))
	}
	where := []string{"p.status = 'active'", "price.low IS NOT NULL"}
	if f.Category != "" {
		where = append(where, `EXISTS (SELECT 1 FROM product_categories c WHERE c.tenant_id = p.tenant_id AND c.product_id = p.id AND c.category_id IN (`+
			strings.Replace(subtree, "id = ?", "slug = ? OR id::text = ?", 1)+`))`)
		args = append(args, f.Category, f.Category)
	}
	sort := f.Sort
	if sort == "" {
		sort = map[bool]string{true: "relevance", false: "newest"}[join != ""]
	}
	by, ok := orders[sort]
	if !ok {
		return empty, errSort
	}
	var last struct {
		n    int64
		text string
		id   uuid.UUID
	}
	after, err := f.After(&last.n, &last.text, &last.id)
	if err != nil {
		return empty, err
	}
	if after {
		where = append(where, by.after)
		args = append(args, by.from(last.n, last.text, last.id)...)
	}
	args = append(args, f.Size()+1)
	sortRank := strings.Replace(by.rank, "$rank", rank, 1)
	var found []cardRow
	err = tx.Raw(`WITH list AS MATERIALIZED (SELECT id FROM price_lists WHERE currency = ? AND is_default),
		page AS (SELECT p.tenant_id, p.id, p.slug, p.title, p.description AS brief, p.options, price.low, price.high, p.sort_title AS sort_text, `+sortRank+` AS sort_rank FROM products p `+join+` CROSS JOIN `+priced+`
			WHERE `+strings.Replace(strings.Join(where, " AND "), "$rank", rank, 1)+` ORDER BY `+by.order+` LIMIT ?)
		SELECT page.*, stock.*, (SELECT jsonb_build_object('id', m.id, 'alt', m.alt) FROM media m WHERE m.tenant_id = page.tenant_id AND m.product_id = page.id ORDER BY m.rank, m.id LIMIT 1) AS image
		FROM page CROSS JOIN LATERAL (SELECT count(*) AS variants, (array_agg(v.id))[1] AS only, CASE WHEN bool_and(v.tracked) THEN max(COALESCE(s.available, 0)) END AS available
			FROM variants v LEFT JOIN LATERAL variant_supply(v.tenant_id, v.id) s ON true
			WHERE v.tenant_id = page.tenant_id AND v.product_id = page.id AND v.status = 'active') stock
		ORDER BY `+strings.NewReplacer("p.sort_title", "page.sort_text", "p.", "page.").Replace(by.order), args...).Scan(&found).Error
	if err != nil {
		return empty, fmt.Errorf("list shelf: %w", err)
	}
	page := db.PageOf(f.PageQuery, found, func(r cardRow) []any { return []any{r.SortRank, r.SortText, r.ID} })
	out := db.Page[Card]{Items: make([]Card, len(page.Items)), NextCursor: page.NextCursor}
	for i, r := range page.Items {
		out.Items[i] = r.card(tx.Scope.Tenant, currency)
	}
	return out, nil
}

// order is a way to sort the shelf: the number it sorts by, the order, and what comes after the last item seen.
type order struct {
	rank  string
	order string
	after string
	from  func(n int64, text string, id uuid.UUID) []any
}

func byNumber(n int64, _ string, id uuid.UUID) []any { return []any{n, id} }

var orders = map[string]order{
	"newest":    {"0::bigint", "p.id DESC", "p.id < ?", func(_ int64, _ string, id uuid.UUID) []any { return []any{id} }},
	"title":     {"0::bigint", "p.sort_title, p.id", "(p.sort_title, p.id) > (?, ?)", func(_ int64, text string, id uuid.UUID) []any { return []any{text, id} }},
	"price":     {"price.low", "sort_rank, p.id", "(price.low, p.id) > (?, ?)", byNumber},
	"-price":    {"price.low", "sort_rank DESC, p.id DESC", "(price.low, p.id) < (?, ?)", byNumber},
	"relevance": {"$rank", "sort_rank DESC, p.id DESC", "($rank, p.id) < (?, ?)", byNumber},
}

func currencyOr(tx *db.Tx, currency string) (string, error) {
	if currency != "" {
		_, err := money.Exponent(currency)
		return currency, err
	}
	t, err := tenants.GetTx(tx)
	return t.Currency, err
}

func (r cardRow) card(tenant uuid.UUID, currency string) Card {
	for l, s := range r.Brief.V {
		r.Brief.V[l] = cut(s, 200)
	}
	out := Card{ID: r.ID, Slug: r.Slug, Title: r.Title.V, Description: r.Brief.V, Options: r.Options.V, Price: money.Money{Amount: r.Low, Currency: currency}}
	if r.High != r.Low {
		out.FromPrice, out.PriceTo = true, &money.Money{Amount: r.High, Currency: currency}
	}
	if m := r.Image.V; m != nil {
		out.Image, out.ImageAlt = MediaURL(tenant, m.ID), m.Alt
	}
	if r.Variants == 1 {
		out.VariantID = r.Only
	}
	out.Availability, out.Left = availability(r.Available, 1)
	return out
}

// cut shortens a text to n characters, at a space where there is one near.
func cut(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	short := string(runes[:n-1])
	if i := strings.LastIndexByte(short, ' '); i > len(short)*3/4 {
		short = short[:i]
	}
	return short + "…"
}

// availability says in words how many are left; least is the smallest quantity that may be bought.
func availability(left *int64, least int) (string, *int64) {
	switch {
	case left == nil:
		return "in_stock", nil
	case *left < int64(least):
		zero := int64(0)
		return "out", &zero
	case *left <= LowStock:
		return "low", left
	}
	return "in_stock", nil
}

// Show gives a product on sale, by slug or id.
func (c *Catalog) Show(ctx context.Context, sc db.Scope, slug, currency string) (Shown, error) {
	return remember(ctx, c, sc, "show\x00"+slug+"\x00"+currency, func(tx *db.Tx) (Shown, error) {
		currency, err := currencyOr(tx, currency)
		if err != nil {
			return Shown{}, err
		}
		p, err := one(tx, `WHERE p.status = 'active' AND (p.slug = ? OR p.id::text = ?)`, slug, slug)
		if err != nil {
			return Shown{}, err
		}
		lists, err := priceLists(tx)
		if err != nil {
			return Shown{}, err
		}
		for _, l := range lists {
			if l.Default && l.Currency == currency {
				return p.shown(l), nil
			}
		}
		return Shown{}, ErrNoProduct
	})
}

func (p Product) shown(l PriceList) Shown {
	out := Shown{
		ID: p.ID, Slug: p.Slug, Type: p.Type, Title: p.Title, Description: p.Description, Attributes: p.Attributes, Options: p.Options, CategoryIDs: p.CategoryIDs, Media: p.Media,
		TaxIncluded: l.TaxIncluded, Variants: []ShownVariant{},
	}
	for _, v := range p.Variants {
		s := ShownVariant{ID: v.ID, SKU: v.SKU, Options: v.Options, Tiers: []Tier{}, QuantityMin: v.QuantityMin, QuantityMax: v.QuantityMax, QuantityStep: v.QuantityStep, FulfilmentTypes: v.FulfilmentTypes}
		for _, price := range v.Prices {
			if price.PriceListID == l.ID {
				s.Tiers = append(s.Tiers, Tier{MinQuantity: price.MinQuantity, Amount: price.Amount})
			}
		}
		amount, ok := PriceAt(s.Tiers, v.QuantityMin)
		if v.Status != "active" || !ok {
			continue
		}
		s.Price = money.Money{Amount: amount, Currency: l.Currency}
		var left *int64
		if v.Stock != nil {
			left = &v.Stock.Available
		}
		s.Availability, s.Left = availability(left, v.QuantityMin)
		out.Variants = append(out.Variants, s)
	}
	return out
}

// ShopCategories lists the shelves of the storefront.
func (c *Catalog) ShopCategories(ctx context.Context, sc db.Scope) ([]Category, error) {
	return remember(ctx, c, sc, "categories", categories)
}

// Shop is what the storefront needs to know of the business.
type Shop struct {
	Tenant          ShopTenant      `json:"tenant"`
	Branding        ShopBranding    `json:"branding"`
	Contact         tenants.Contact `json:"contact"`
	FulfilmentTypes []string        `json:"fulfilment_types" nullable:"false" doc:"Of everything on sale."`
	Locations       []Location      `json:"locations" nullable:"false" doc:"Where goods can be collected."`
	PaymentMethods  []PaymentMethod `json:"payment_methods" nullable:"false"`

	ConfirmOrders        bool         `json:"confirm_orders" doc:"Orders to be paid by hand wait until the shop confirms them."`
	TransferInstructions Text         `json:"transfer_instructions" doc:"How to pay orders whose payment method is manual."`
	Shipping             ShopShipping `json:"shipping"`
}

// ShopShipping is what it costs to have goods sent, in minor units of the shop's currency.
type ShopShipping struct {
	Price    int64 `json:"price" doc:"0 is free."`
	FreeFrom int64 `json:"free_from" doc:"Goods of so much are delivered for nothing. 0: the price always applies."`
}

// ShopTenant is the public part of a tenant.
type ShopTenant struct {
	Slug      string   `json:"slug"`
	Name      string   `json:"name"`
	Industry  string   `json:"industry"`
	Country   string   `json:"country"`
	Currency  string   `json:"currency"`
	TimeZone  string   `json:"time_zone"`
	Language  string   `json:"language"`
	Languages []string `json:"languages" nullable:"false"`
	Status    string   `json:"status" enum:"active,suspended,closed"`
}

// ShopBranding is how the storefront looks.
type ShopBranding struct {
	LogoURL string `json:"logo_url,omitempty"`
	Color   string `json:"color,omitempty"`
}

// Shop describes the business to its storefront.
func (c *Catalog) Shop(ctx context.Context, sc db.Scope) (Shop, error) {
	shop, err := remember(ctx, c, sc, "shop", shopOf)
	if err != nil || c.front == nil {
		return shop, err
	}
	methods, err := c.front.PaymentMethods(ctx, sc)
	if err != nil {
		return Shop{}, fmt.Errorf("list payment methods: %w", err)
	}
	shop.PaymentMethods = append([]PaymentMethod{}, methods...)
	return shop, nil
}

func shopOf(tx *db.Tx) (Shop, error) {
	t, err := tenants.GetTx(tx)
	if err != nil {
		return Shop{}, err
	}
	out := Shop{
		Tenant:   ShopTenant{t.Slug, t.Name, t.Industry, t.Country, t.Currency, t.TimeZone, t.Language, t.Languages, t.Status},
		Branding: ShopBranding{Color: t.Settings.Branding.Color}, Contact: t.Settings.Contact,
		FulfilmentTypes: []string{}, Locations: []Location{}, PaymentMethods: []PaymentMethod{},
		ConfirmOrders: t.Settings.Order.ConfirmOrders, TransferInstructions: t.Settings.Order.TransferInstructions,
		Shipping: ShopShipping{Price: t.Settings.Order.ShippingPrice, FreeFrom: t.Settings.Order.ShippingFreeFrom},
	}
	if id := t.Settings.Branding.LogoMediaID; id != nil {
		there, err := HasPictureTx(tx, *id) // it may have been deleted since
		if err != nil {
			return Shop{}, err
		}
		if there {
			out.Branding.LogoURL = MediaURL(t.ID, *id)
		}
	}
	err = tx.Raw(`SELECT DISTINCT f FROM variants v JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id AND p.status = 'active', unnest(v.fulfilment_types) AS f WHERE v.status = 'active' ORDER BY f`).Scan(&out.FulfilmentTypes).Error
	if err != nil {
		return Shop{}, fmt.Errorf("list fulfilment types: %w", err)
	}
	var places []struct {
		ID      uuid.UUID
		Name    string
		Address db.JSON[map[string]any]
	}
	if err := tx.Raw(`SELECT id, name, address FROM locations WHERE active AND kind <> 'virtual' ORDER BY rank, id`).Scan(&places).Error; err != nil {
		return Shop{}, fmt.Errorf("list locations: %w", err)
	}
	for _, p := range places {
		out.Locations = append(out.Locations, Location{ID: p.ID, Name: p.Name, Address: p.Address.V})
	}
	return out, nil
}
