package catalog

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/money"
)

const exportPage = 200

// Export writes every product that is not archived as the CSV that an import reads, a page at a time. Cells that a spreadsheet would take for formulas are guarded.
func (c *Catalog) Export(ctx context.Context, sc db.Scope, w io.Writer) error {
	var e export
	err := c.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		e, err = plan(tx)
		return err
	})
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(e.columns); err != nil {
		return err
	}
	last := uuid.Nil
	for {
		var found []loadedProduct
		err := c.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
			found, err = find(tx, `WHERE p.status <> 'archived' AND p.id > ? ORDER BY p.id LIMIT ?`, last, exportPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, f := range found {
			for _, row := range e.rows(f.product(sc.Tenant)) {
				if err := out.Write(row); err != nil {
					return err
				}
			}
			last = f.ID
		}
		out.Flush()
		if err := out.Error(); err != nil || len(found) < exportPage {
			return err
		}
	}
}

// export knows the columns that the shop's products need.
type export struct {
	columns []string
	terms   shopTerms
	paths   map[uuid.UUID]string
	stock   map[string]int64
}

func plan(tx *db.Tx) (e export, err error) {
	if e.terms, err = loadTerms(tx); err != nil {
		return e, err
	}
	all, err := categories(tx)
	if err != nil {
		return e, err
	}
	e.paths = map[uuid.UUID]string{}
	for _, k := range all { // parents come first
		title := k.Title.In(e.terms.language)
		if k.ParentID != nil {
			title = e.paths[*k.ParentID] + " > " + title
		}
		e.paths[k.ID] = title
	}
	var names struct{ Titles, Texts, Attributes db.Strings }
	err = tx.Raw(`SELECT ARRAY(SELECT DISTINCT k FROM products p, jsonb_object_keys(p.title) AS k ORDER BY k) AS titles,
		ARRAY(SELECT DISTINCT k FROM products p, jsonb_object_keys(p.description) AS k ORDER BY k) AS texts,
		ARRAY(SELECT DISTINCT k FROM products p, jsonb_object_keys(p.attributes) AS k ORDER BY k LIMIT 200) AS attributes`).Scan(&names).Error
	if err != nil {
		return e, fmt.Errorf("plan export: %w", err)
	}
	e.columns = []string{"handle"}
	add := func(prefix string, names []string) {
		for _, n := range names {
			e.columns = append(e.columns, prefix+n)
		}
	}
	add("title:", names.Titles)
	add("description:", names.Texts)
	e.columns = append(e.columns, "type", "status", "tax_class", "categories")
	add("attribute:", names.Attributes)
	for i := range 5 {
		add(fmt.Sprintf("option%d_", i+1), []string{"name", "value"})
	}
	e.columns = append(e.columns, "sku", "barcode", "variant_status")
	for _, currency := range sortedKeys(e.terms.lists) {
		e.columns = append(e.columns, "price:"+currency, "price_tiers:"+currency)
	}
	e.columns = append(e.columns, "cost", "stock", "tracked", "quantity_min", "quantity_max", "quantity_step", "weight_g", "fulfilment_types")
	return e, e.count(tx)
}

// count reads what lies at the first location, which is what an import counts.
func (e *export) count(tx *db.Tx) error {
	var found []struct {
		Key    string
		OnHand int64
	}
	err := tx.Raw(`SELECT p.key, l.on_hand FROM pools p JOIN pool_levels l ON l.tenant_id = p.tenant_id AND l.pool_id = p.id AND l.bucket = ''
		WHERE p.kind = 'stock' AND p.location_id = (SELECT id FROM locations WHERE active ORDER BY rank, id LIMIT 1)`).Scan(&found).Error
	if err != nil {
		return fmt.Errorf("read stock: %w", err)
	}
	e.stock = make(map[string]int64, len(found))
	for _, f := range found {
		e.stock[f.Key] = f.OnHand
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (e export) rows(p Product) [][]string {
	rows := make([][]string, 0, len(p.Variants))
	for i, v := range p.Variants {
		c := map[string]string{"handle": p.Slug}
		if i == 0 {
			e.product(p, c)
		}
		e.variant(p, v, c)
		row := make([]string, len(e.columns))
		for k, column := range e.columns {
			row[k] = guard(c[column])
		}
		rows = append(rows, row)
	}
	return rows
}

func (e export) product(p Product, c map[string]string) {
	for l, s := range p.Title {
		c["title:"+l] = s
	}
	for l, s := range p.Description {
		c["description:"+l] = s
	}
	for k, s := range p.Attributes {
		c["attribute:"+k] = s
	}
	var paths []string
	for _, id := range p.CategoryIDs {
		paths = append(paths, e.paths[id])
	}
	c["type"], c["status"], c["tax_class"], c["categories"] = p.Type, p.Status, p.TaxClass, strings.Join(paths, "; ")
}

func (e export) variant(p Product, v Variant, c map[string]string) {
	for i, o := range p.Options {
		if value, ok := v.Options[o.Name]; ok {
			c[fmt.Sprintf("option%d_name", i+1)], c[fmt.Sprintf("option%d_value", i+1)] = o.Name, value
		}
	}
	c["sku"], c["barcode"], c["variant_status"], c["fulfilment_types"] = v.SKU, v.Barcode, v.Status, strings.Join(v.FulfilmentTypes, "; ")
	for currency, id := range e.terms.lists {
		var tiers []string
		for _, price := range v.Prices {
			amount := money.Money{Amount: price.Amount, Currency: currency}.Format()
			switch {
			case price.PriceListID != id:
			case price.MinQuantity == 1:
				c["price:"+currency] = amount
			default:
				tiers = append(tiers, fmt.Sprintf("%d=%s", price.MinQuantity, amount))
			}
		}
		c["price_tiers:"+currency] = strings.Join(tiers, "; ")
	}
	if v.Cost != nil {
		c["cost"] = money.Money{Amount: *v.Cost, Currency: e.terms.currency}.Format()
	}
	c["tracked"] = map[bool]string{true: "yes", false: "no"}[v.Tracked]
	if n, ok := e.stock[v.SKU]; ok && v.Tracked {
		c["stock"] = strconv.FormatInt(n, 10)
	}
	c["quantity_min"], c["quantity_step"], c["weight_g"] = strconv.Itoa(v.QuantityMin), strconv.Itoa(v.QuantityStep), strconv.Itoa(v.WeightG)
	if v.QuantityMax > 0 {
		c["quantity_max"] = strconv.Itoa(v.QuantityMax)
	}
}
