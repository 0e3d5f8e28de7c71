package catalog

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// draft is a product on its way into the database: checked, with the ids of everything.
type draft struct {
	ID uuid.UUID
	*ProductInput
}

// rows is a parameter that a statement reads with jsonb_to_recordset.
func rows(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("catalog: rows must be plain values: " + err.Error())
	}
	return string(b)
}

type productRow struct {
	ID          uuid.UUID         `json:"id"`
	Slug        string            `json:"slug"`
	Type        string            `json:"type"`
	Status      string            `json:"status"`
	Title       Text              `json:"title"`
	Description Text              `json:"description"`
	TaxClass    string            `json:"tax_class"`
	Attributes  map[string]string `json:"attributes"`
	Options     []Option          `json:"options"`
	SortTitle   string            `json:"sort_title"`
}

type variantRow struct {
	ProductID uuid.UUID `json:"product_id"`
	Rank      int       `json:"rank"`
	VariantInput
	ID      uuid.UUID         `json:"id"`
	Options map[string]string `json:"options"`
}

type termRow struct {
	ProductID uuid.UUID `json:"p"`
	Term      string    `json:"t"`
	Weight    int       `json:"w"`
}

// write puts the drafts in, new or over what they were, in a fixed number of statements however many they are.
func write(tx *db.Tx, drafts []draft) error {
	products := make([]productRow, len(drafts))
	var variants []variantRow
	var found []termRow
	type member struct {
		ProductID  uuid.UUID `json:"p"`
		CategoryID uuid.UUID `json:"c"`
		Rank       int       `json:"r"`
	}
	var members []member
	ids := make([]uuid.UUID, len(drafts))
	for i, d := range drafts {
		ids[i] = d.ID
		products[i] = productRow{
			ID: d.ID, Slug: d.Slug, Type: d.Type, Status: d.Status, Title: d.Title, Description: orEmpty(d.Description), TaxClass: d.TaxClass,
			Attributes: orEmpty(d.Attributes), Options: d.Options, SortTitle: fold(d.Title.In()),
		}
		if d.Options == nil {
			products[i].Options = []Option{}
		}
		for k, v := range d.Variants {
			variants = append(variants, variantRow{ProductID: d.ID, Rank: k, VariantInput: v, ID: v.ID, Options: orEmpty(v.Options)})
		}
		for k, c := range d.CategoryIDs {
			members = append(members, member{d.ID, c, k})
		}
		for t, w := range termsOf(d.ProductInput) {
			found = append(found, termRow{d.ID, t, w})
		}
	}
	if err := writeProducts(tx, products); err != nil {
		return err
	}
	if err := writeVariants(tx, variants); err != nil {
		return err
	}
	steps := []struct {
		sql  string
		args []any
	}{
		{`DELETE FROM product_categories WHERE product_id IN ?`, []any{ids}},
		{`INSERT INTO product_categories (tenant_id, product_id, category_id, rank) SELECT current_tenant(), p, c, min(r) FROM jsonb_to_recordset(?::jsonb) AS x(p uuid, c uuid, r int) GROUP BY p, c`, []any{rows(members)}},
		{`DELETE FROM product_terms WHERE product_id IN ?`, []any{ids}},
		{`INSERT INTO product_terms (tenant_id, product_id, term, weight) SELECT current_tenant(), p, t, w FROM jsonb_to_recordset(?::jsonb) AS x(p uuid, t text, w smallint)`, []any{rows(found)}},
	}
	for _, s := range steps {
		if len(drafts) == 0 || s.args[0] == "null" {
			continue
		}
		err := tx.Exec(s.sql, s.args...).Error
		if db.Violates(err, "product_categories_tenant_id_category_id_fkey") {
			return errNoCategory.Field("category_ids", "one of them does not exist")
		}
		if err != nil {
			return fmt.Errorf("write products: %w", err)
		}
	}
	return nil
}

func orEmpty[M ~map[string]string](m M) M {
	if m == nil {
		return M{}
	}
	return m
}

func writeProducts(tx *db.Tx, products []productRow) error {
	err := tx.Exec(`INSERT INTO products AS p (tenant_id, id, slug, type, status, title, description, tax_class, attributes, options, sort_title, created_at, updated_at)
		SELECT current_tenant(), id, slug, type, status, title, description, tax_class, attributes, options, sort_title, ?, ?
		FROM jsonb_to_recordset(?::jsonb) AS x(id uuid, slug text, type text, status text, title jsonb, description jsonb, tax_class text, attributes jsonb, options jsonb, sort_title text)
		ON CONFLICT (tenant_id, id) DO UPDATE SET slug = excluded.slug, type = excluded.type, status = excluded.status, title = excluded.title, description = excluded.description,
			tax_class = excluded.tax_class, attributes = excluded.attributes, options = excluded.options, sort_title = excluded.sort_title, version = p.version + 1, updated_at = excluded.updated_at`,
		tx.Now, tx.Now, rows(products)).Error
	if db.Violates(err, "products_slug_key") {
		return ErrSlugTaken.Wrap(err)
	}
	if err != nil {
		return fmt.Errorf("write products: %w", err)
	}
	return nil
}

func writeVariants(tx *db.Tx, variants []variantRow) error {
	if len(variants) == 0 {
		return nil
	}
	in := rows(variants)
	const from = ` FROM jsonb_to_recordset(?::jsonb) AS x(id uuid, product_id uuid, sku text, barcode text, options jsonb, rank int, status text, fulfilment_types jsonb, quantity_min int, quantity_max int,
		quantity_step int, weight_g int, tracked boolean, cost bigint, prices jsonb, uses jsonb)`
	err := tx.Exec(`INSERT INTO variants AS v (tenant_id, id, product_id, sku, barcode, options, rank, status, fulfilment_types, quantity_min, quantity_max, quantity_step, weight_g, tracked, cost, created_at, updated_at)
		SELECT current_tenant(), id, product_id, sku, COALESCE(barcode, ''), options, rank, status, ARRAY(SELECT jsonb_array_elements_text(fulfilment_types)), quantity_min, NULLIF(quantity_max, 0), quantity_step,
			COALESCE(weight_g, 0), tracked, cost, ?, ?`+from+`
		ON CONFLICT (tenant_id, id) DO UPDATE SET sku = excluded.sku, barcode = excluded.barcode, options = excluded.options, rank = excluded.rank, status = excluded.status,
			fulfilment_types = excluded.fulfilment_types, quantity_min = excluded.quantity_min, quantity_max = excluded.quantity_max, quantity_step = excluded.quantity_step, weight_g = excluded.weight_g,
			tracked = excluded.tracked, cost = excluded.cost, version = v.version + 1, updated_at = excluded.updated_at`, tx.Now, tx.Now, in).Error
	if db.Violates(err, "variants_sku_key") {
		return skuTaken(variants).Wrap(err)
	}
	if err != nil {
		return fmt.Errorf("write variants: %w", err)
	}
	steps := []string{
		`DELETE FROM resource_uses u USING (SELECT id` + from + `) x WHERE u.variant_id = x.id`,
		`INSERT INTO resource_uses (tenant_id, variant_id, kind, key, quantity) SELECT current_tenant(), x.id, u.kind, u.key, max(u.quantity)` + from + `, jsonb_to_recordset(COALESCE(x.uses, '[]')) AS u(kind text, key text, quantity int)
			WHERE x.tracked GROUP BY x.id, u.kind, u.key`,
		`DELETE FROM prices r USING (SELECT id` + from + ` WHERE prices IS NOT NULL) x WHERE r.variant_id = x.id`,
		`INSERT INTO prices (tenant_id, variant_id, price_list_id, min_quantity, amount) SELECT current_tenant(), x.id, r.price_list_id, r.min_quantity, r.amount` + from +
			`, jsonb_to_recordset(COALESCE(x.prices, '[]')) AS r(price_list_id uuid, min_quantity int, amount bigint)`,
	}
	for _, s := range steps {
		err := tx.Exec(s, in).Error
		if db.Violates(err, "prices_tenant_id_price_list_id_fkey") {
			return errNoPriceList
		}
		if err != nil {
			return fmt.Errorf("write variants: %w", err)
		}
	}
	return nil
}

// skuTaken blames the field where only one SKU can be meant.
func skuTaken(variants []variantRow) *fault.Error {
	if len(variants) == 1 {
		return ErrSKUTaken.Field("variants[0].sku", "taken")
	}
	return ErrSKUTaken.Field("variants", "one of the SKUs is taken")
}

type loadedProduct struct {
	ID          uuid.UUID
	Slug        string
	Type        string
	Status      string
	Title       db.JSON[Text]
	Description db.JSON[Text]
	TaxClass    string
	Attributes  db.JSON[map[string]string]
	Options     db.JSON[[]Option]
	CategoryIDs db.JSON[[]uuid.UUID] `gorm:"column:category_ids"`
	Media       db.JSON[[]mediaRow]
	Variants    db.JSON[[]Variant]
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
	SortTitle   string
	Rank        int64
}

const productColumns = `p.id, p.slug, p.type, p.status, p.title, p.description, p.tax_class, p.attributes, p.options, p.version, p.created_at, p.updated_at, p.sort_title,
	(SELECT COALESCE(jsonb_agg(c.category_id ORDER BY c.rank, c.category_id), '[]') FROM product_categories c WHERE c.tenant_id = p.tenant_id AND c.product_id = p.id) AS category_ids,
	(SELECT COALESCE(jsonb_agg(jsonb_build_object('id', m.id, 'width', m.width, 'height', m.height, 'alt', m.alt) ORDER BY m.rank, m.id), '[]') FROM media m WHERE m.tenant_id = p.tenant_id AND m.product_id = p.id) AS media,
	(SELECT COALESCE(jsonb_agg(jsonb_build_object('id', v.id, 'sku', v.sku, 'barcode', v.barcode, 'options', v.options, 'status', v.status, 'fulfilment_types', v.fulfilment_types, 'quantity_min', v.quantity_min,
		'quantity_max', COALESCE(v.quantity_max, 0), 'quantity_step', v.quantity_step, 'weight_g', v.weight_g, 'tracked', v.tracked, 'cost', v.cost,
		'prices', (SELECT COALESCE(jsonb_agg(jsonb_build_object('price_list_id', r.price_list_id, 'min_quantity', r.min_quantity, 'amount', r.amount) ORDER BY r.price_list_id, r.min_quantity), '[]') FROM prices r WHERE r.tenant_id = v.tenant_id AND r.variant_id = v.id),
		'uses', (SELECT COALESCE(jsonb_agg(jsonb_build_object('kind', u.kind, 'key', u.key, 'quantity', u.quantity) ORDER BY u.kind, u.key), '[]') FROM resource_uses u WHERE u.tenant_id = v.tenant_id AND u.variant_id = v.id),
		'stock', CASE WHEN v.tracked THEN COALESCE((SELECT jsonb_build_object('on_hand', s.on_hand, 'committed', s.committed, 'reserved', s.reserved, 'available', s.available) FROM variant_supply(v.tenant_id, v.id) s), '{}') END
		) ORDER BY v.status, v.rank, v.id), '[]') FROM variants v WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id) AS variants`

func (r loadedProduct) product(tenant uuid.UUID) Product {
	p := Product{
		ID: r.ID, Slug: r.Slug, Type: r.Type, Status: r.Status, Title: r.Title.V, Description: r.Description.V, TaxClass: r.TaxClass, Attributes: r.Attributes.V, Options: r.Options.V,
		CategoryIDs: r.CategoryIDs.V, Variants: r.Variants.V, Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Media: []Media{},
	}
	for _, m := range r.Media.V {
		p.Media = append(p.Media, m.media(tenant))
	}
	return p
}

// find loads whole products in one query. tail is what follows FROM products p.
func find(tx *db.Tx, tail string, args ...any) ([]loadedProduct, error) {
	var out []loadedProduct
	if err := tx.Raw(`SELECT `+productColumns+` FROM products p `+tail, args...).Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("load products: %w", err)
	}
	return out, nil
}

func one(tx *db.Tx, tail string, args ...any) (Product, error) {
	found, err := find(tx, tail, args...)
	if err != nil {
		return Product{}, err
	}
	if len(found) == 0 {
		return Product{}, ErrNoProduct
	}
	return found[0].product(tx.Scope.Tenant), nil
}
