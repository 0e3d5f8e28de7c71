package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Get gives a product of any state.
func (c *Catalog) Get(ctx context.Context, sc db.Scope, id uuid.UUID) (out Product, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = one(tx, `WHERE p.id = ?`, id)
		return err
	})
	return out, err
}

// Filter narrows a list of products.
type Filter struct {
	Q        string    `query:"q" maxLength:"200" doc:"Words of titles, SKUs, barcodes and attributes."`
	Status   string    `query:"status" enum:"draft,active,archived" doc:"Any but archived where empty."`
	Category uuid.UUID `query:"category" doc:"With its sub-categories."`
	Stock    string    `query:"stock" enum:"low,out" doc:"out: some variant is sold out; low: some variant has 5 or fewer left."`
	db.PageQuery
}

// LowStock is how many left the storefront calls "low".
const LowStock = 5

// List gives products, the newest first; with Q the best matches first.
func (c *Catalog) List(ctx context.Context, sc db.Scope, f Filter) (page db.Page[Product], err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		page, err = listProducts(tx, f)
		return err
	})
	return page, err
}

func listProducts(tx *db.Tx, f Filter) (db.Page[Product], error) {
	var where []string
	var args []any
	add := func(sql string, a ...any) { where, args = append(where, sql), append(args, a...) }
	join, rank := "", "0"
	if strings.TrimSpace(f.Q) != "" {
		asked := query(f.Q)
		if len(asked) == 0 {
			return db.Page[Product]{Items: []Product{}}, nil
		}
		join, rank = `JOIN `+hits+` ON h.tenant_id = p.tenant_id AND h.product_id = p.id`, "h.rank"
		args = append(args, rows(asked), len(asked))
	}
	if f.Status != "" {
		add("p.status = ?", f.Status)
	} else {
		add("p.status <> 'archived'")
	}
	if f.Category != uuid.Nil {
		add("EXISTS (SELECT 1 FROM product_categories c WHERE c.tenant_id = p.tenant_id AND c.product_id = p.id AND c.category_id IN ("+subtree+"))", f.Category)
	}
	if f.Stock != "" {
		most := 0
		if f.Stock == "low" {
			most = LowStock
		}
		add("EXISTS (SELECT 1 FROM variants v LEFT JOIN LATERAL variant_supply(v.tenant_id, v.id) s ON true WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.status = 'active' AND v.tracked AND COALESCE(s.available, 0) <= ?)", most)
	}
	var last struct {
		rank int64
		at   time.Time
		id   uuid.UUID
	}
	after, err := f.After(&last.rank, &last.at, &last.id)
	if err != nil {
		return db.Page[Product]{}, err
	}
	if after {
		add("("+rank+", p.created_at, p.id) < (?, ?, ?)", last.rank, last.at, last.id)
	}
	// The page is found first and then filled, so that what is counted and collected is that of a page's products only.
	sql := `JOIN (SELECT p.id, ` + rank + ` AS rank FROM products p ` + join + ` WHERE ` + strings.Join(where, " AND ") + ` ORDER BY rank DESC, p.created_at DESC, p.id DESC LIMIT ?) page ON page.id = p.id
		ORDER BY page.rank DESC, p.created_at DESC, p.id DESC`
	args = append(args, f.Size()+1)
	var found []loadedProduct
	if err := tx.Raw(`SELECT page.rank, `+productColumns+` FROM products p `+sql, args...).Scan(&found).Error; err != nil {
		return db.Page[Product]{}, fmt.Errorf("list products: %w", err)
	}
	page := db.PageOf(f.PageQuery, found, func(p loadedProduct) []any { return []any{p.Rank, p.CreatedAt, p.ID} })
	out := db.Page[Product]{Items: make([]Product, len(page.Items)), NextCursor: page.NextCursor}
	for i, p := range page.Items {
		out.Items[i] = p.product(tx.Scope.Tenant)
	}
	return out, nil
}

// hits are the products that have every term asked for, with how well they match: the sum of the best weight of each.
const hits = `(SELECT tenant_id, product_id, sum(weight) AS rank FROM (
	SELECT q.n, t.tenant_id, t.product_id, max(t.weight) AS weight FROM jsonb_to_recordset(?::jsonb) AS q(n int, lo text, hi text)
	JOIN product_terms t ON t.term >= q.lo COLLATE "C" AND t.term < q.hi COLLATE "C" GROUP BY q.n, t.tenant_id, t.product_id) x GROUP BY tenant_id, product_id HAVING count(*) = ?) h`

// subtree are the ids of a category and everything below it.
const subtree = `WITH RECURSIVE below AS (SELECT id, 0 AS depth FROM categories WHERE id = ? UNION ALL
	SELECT k.id, b.depth + 1 FROM categories k JOIN below b ON k.parent_id = b.id WHERE b.depth < 10) SELECT id FROM below`

// Matching gives a condition, and its arguments, that the product with the id in the column is found by what was typed; for lists of other packages that show products.
func Matching(column, typed string) (sql string, args []any) {
	asked := query(typed)
	if len(asked) == 0 {
		return "false", nil
	}
	return column + ` IN (SELECT h.product_id FROM ` + hits + `)`, []any{rows(asked), len(asked)}
}
