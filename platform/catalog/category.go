package catalog

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/audit"
)

// Category is a shelf of the shop; shelves stand in a tree.
type Category struct {
	ID       uuid.UUID  `json:"id"`
	ParentID *uuid.UUID `json:"parent_id,omitempty"`
	Slug     string     `json:"slug"`
	Title    Text       `json:"title" gorm:"-"`
	Rank     int        `json:"rank"`
	Products int        `json:"products" doc:"How many products on sale stand on it or below it."`
	Version  int64      `json:"version"`
}

// CategoryInput is what can be said about a category.
type CategoryInput struct {
	ParentID *uuid.UUID `json:"parent_id,omitempty"`
	Slug     string     `json:"slug,omitempty" maxLength:"120"`
	Title    Text       `json:"title"`
	Rank     int        `json:"rank,omitempty"`
	Version  int64      `json:"version,omitempty" doc:"The version that was read; needed to change one."`
}

var (
	errNoCategory      = fault.New(fault.NotFound, "catalog.category_not_found", "There is no such category.")
	errCategory        = fault.New(fault.Invalid, "catalog.category_invalid", "The category is not complete. See the marked fields.")
	errCategorySlug    = fault.New(fault.Conflict, "catalog.slug_taken", "Another category has this address. Choose another.").Field("slug", "taken")
	errCategoryCycle   = errCategory.Field("parent_id", "a category cannot stand below itself")
	errCategoryTooDeep = errCategory.Field("parent_id", "categories go at most 5 levels deep")
	errCategoryInUse   = fault.New(fault.Conflict, "catalog.category_in_use", "The category has sub-categories. Move or delete them first.")
)

const deepest = 5

func (in *CategoryInput) complete() error {
	p := problems{}
	or(&in.Slug, Slug(in.Title.In()))
	checkText(p, "title", in.Title, 200)
	if len(in.Title) == 0 {
		p.blame("title", "give the title in at least one language")
	}
	if in.Slug == "" || in.Slug != Slug(in.Slug) {
		p.blame("slug", "use lower-case letters, digits and hyphens")
	}
	return p.err(errCategory)
}

type categoryRow struct {
	Category
	Title db.JSON[Text]
}

// Categories lists all of them, parents before children, siblings by rank.
func (c *Catalog) Categories(ctx context.Context, sc db.Scope) (out []Category, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = categories(tx)
		return err
	})
	return out, err
}

func categories(tx *db.Tx) ([]Category, error) {
	var found []categoryRow
	err := tx.Raw(`WITH RECURSIVE tree AS (
			SELECT id, ARRAY[id] AS path, 0 AS depth FROM categories WHERE parent_id IS NULL
			UNION ALL SELECT k.id, t.path || k.id, t.depth + 1 FROM categories k JOIN tree t ON k.parent_id = t.id WHERE t.depth < 10),
		counted AS (SELECT a.id, count(DISTINCT p.id) AS products FROM tree t JOIN product_categories m ON m.category_id = t.id JOIN products p ON p.tenant_id = m.tenant_id AND p.id = m.product_id AND p.status = 'active', unnest(t.path) AS a(id) GROUP BY a.id)
		SELECT k.id, k.parent_id, k.slug, k.title, k.rank, k.version, COALESCE(n.products, 0) AS products
		FROM categories k JOIN tree t ON t.id = k.id LEFT JOIN counted n ON n.id = k.id ORDER BY t.depth, k.rank, k.slug`).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("list categories: %w", err)
	}
	out := make([]Category, len(found))
	for i, r := range found {
		out[i] = r.Category
		out[i].Title = r.Title.V
	}
	return out, nil
}

// AddCategory makes a category.
func (c *Catalog) AddCategory(ctx context.Context, sc db.Scope, in CategoryInput) (out Category, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = c.AddCategoryTx(tx, in)
		return err
	})
	return out, err
}

// AddCategoryTx is AddCategory for a caller's transaction.
func (c *Catalog) AddCategoryTx(tx *db.Tx, in CategoryInput) (Category, error) {
	if err := in.complete(); err != nil {
		return Category{}, err
	}
	id := db.NewID()
	if err := alone(tx); err != nil {
		return Category{}, err
	}
	if err := standsWell(tx, id, in.ParentID); err != nil {
		return Category{}, err
	}
	err := tx.Exec(`INSERT INTO categories (tenant_id, id, parent_id, slug, title, rank, created_at, updated_at) VALUES (current_tenant(), ?, ?, ?, ?::jsonb, ?, ?, ?)`,
		id, in.ParentID, in.Slug, db.JSON[Text]{V: in.Title}, in.Rank, tx.Now, tx.Now).Error
	if err := categoryProblem(err); err != nil {
		return Category{}, err
	}
	out := Category{ID: id, ParentID: in.ParentID, Slug: in.Slug, Title: in.Title, Rank: in.Rank, Version: 1}
	if err := c.changed(tx, "category.changed", []uuid.UUID{id}); err != nil {
		return Category{}, err
	}
	return out, audit.Append(tx, audit.Entry{Action: "category.create", ObjectType: "category", ObjectID: id.String(), After: out})
}

func categoryProblem(err error) error {
	switch {
	case db.Violates(err, "categories_slug_key"):
		return errCategorySlug
	case db.Violates(err, "categories_tenant_id_parent_id_fkey"):
		return errCategory.Field("parent_id", "does not exist")
	case err != nil:
		return fmt.Errorf("write category: %w", err)
	}
	return nil
}

// alone has the tenant's moves of categories wait for each other, so that two cannot make a ring together.
func alone(tx *db.Tx) error {
	return tx.Exec(`SELECT pg_advisory_xact_lock(hashtextextended('categories:' || current_tenant()::text, 0))`).Error
}

// standsWell refuses a place below oneself or too deep.
func standsWell(tx *db.Tx, id uuid.UUID, parent *uuid.UUID) error {
	if parent == nil {
		return nil
	}
	var above, below struct {
		Found, Cycle bool
		Depth        int
	}
	err := tx.Raw(`WITH RECURSIVE up AS (SELECT id, parent_id, 1 AS depth FROM categories WHERE id = ? UNION ALL SELECT k.id, k.parent_id, u.depth + 1 FROM categories k JOIN up u ON k.id = u.parent_id WHERE u.depth < 20)
		SELECT count(*) > 0 AS found, COALESCE(bool_or(id = ?), false) AS cycle, COALESCE(max(depth), 0) AS depth FROM up`, parent, id).Scan(&above).Error
	if err != nil {
		return err
	}
	err = tx.Raw(`WITH RECURSIVE down AS (SELECT id, 1 AS depth FROM categories WHERE id = ? UNION ALL SELECT k.id, d.depth + 1 FROM categories k JOIN down d ON k.parent_id = d.id WHERE d.depth < 20)
		SELECT true AS found, COALESCE(max(depth), 1) AS depth FROM down`, id).Scan(&below).Error
	switch {
	case err != nil:
		return err
	case !above.Found:
		return errCategory.Field("parent_id", "does not exist")
	case above.Cycle:
		return errCategoryCycle
	case above.Depth+below.Depth > deepest:
		return errCategoryTooDeep
	}
	return nil
}

// ChangeCategory replaces what is said about the category if it still has in.Version.
func (c *Catalog) ChangeCategory(ctx context.Context, sc db.Scope, id uuid.UUID, in CategoryInput) (out Category, err error) {
	if err := in.complete(); err != nil {
		return Category{}, err
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if err := alone(tx); err != nil {
			return err
		}
		before, err := lockCategory(tx, id)
		if err != nil {
			return err
		}
		if before.Version != in.Version {
			return ErrChanged.With("current", before)
		}
		if err := standsWell(tx, id, in.ParentID); err != nil {
			return err
		}
		err = tx.Exec(`UPDATE categories SET parent_id = ?, slug = ?, title = ?::jsonb, rank = ?, version = version + 1, updated_at = ? WHERE id = ?`,
			in.ParentID, in.Slug, db.JSON[Text]{V: in.Title}, in.Rank, tx.Now, id).Error
		if err := categoryProblem(err); err != nil {
			return err
		}
		out = Category{ID: id, ParentID: in.ParentID, Slug: in.Slug, Title: in.Title, Rank: in.Rank, Version: before.Version + 1}
		if err := c.changed(tx, "category.changed", []uuid.UUID{id}); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "category.change", ObjectType: "category", ObjectID: id.String(), Before: before, After: out})
	})
	return out, err
}

func lockCategory(tx *db.Tx, id uuid.UUID) (Category, error) {
	var row categoryRow
	err := tx.Raw(`SELECT id, parent_id, slug, title, rank, version FROM categories WHERE id = ? FOR UPDATE`, id).Take(&row).Error
	if db.IsNotFound(err) {
		return Category{}, errNoCategory
	}
	row.Category.Title = row.Title.V
	return row.Category, err
}

// DeleteCategory takes the category away; its products stay. One with sub-categories is refused.
func (c *Catalog) DeleteCategory(ctx context.Context, sc db.Scope, id uuid.UUID) error {
	return c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		before, err := lockCategory(tx, id)
		if err != nil {
			return err
		}
		err = tx.Exec(`DELETE FROM categories WHERE id = ?`, id).Error
		if db.Violates(err, "categories_tenant_id_parent_id_fkey") {
			return errCategoryInUse
		}
		if err != nil {
			return fmt.Errorf("delete category: %w", err)
		}
		if err := c.changed(tx, "category.changed", []uuid.UUID{id}); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "category.delete", ObjectType: "category", ObjectID: id.String(), Before: before})
	})
}
