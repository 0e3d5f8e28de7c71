package catalog

import (
	"context"

	"allhours/platform/base/db"
)

type (
	// ShopOutput describes the shop to its storefront.
	ShopOutput struct{ Body Shop }
	// ShelfOutput is a page of the storefront's list.
	ShelfOutput struct{ Body db.Page[Card] }
	// ShownInput names a product of the storefront.
	ShownInput struct {
		Slug     string `path:"slug" maxLength:"200" doc:"Or its id."`
		Currency string `query:"currency" maxLength:"3" doc:"The shop's own where empty."`
	}
	// ShownOutput is a product of the storefront.
	ShownOutput struct{ Body Shown }
)

// ShopHTTP is GET /storefront/config.
func (c *Catalog) ShopHTTP(ctx context.Context, _ *struct{}) (*ShopOutput, error) {
	s, err := c.Shop(ctx, db.ScopeOf(ctx))
	return &ShopOutput{Body: s}, err
}

// ShopCategoriesHTTP is GET /storefront/categories.
func (c *Catalog) ShopCategoriesHTTP(ctx context.Context, _ *struct{}) (*CategoriesOutput, error) {
	out := &CategoriesOutput{}
	var err error
	out.Body.Items, err = c.ShopCategories(ctx, db.ScopeOf(ctx))
	return out, err
}

// ShelfHTTP is GET /storefront/products.
func (c *Catalog) ShelfHTTP(ctx context.Context, in *ShopFilter) (*ShelfOutput, error) {
	page, err := c.Shelf(ctx, db.ScopeOf(ctx), *in)
	return &ShelfOutput{Body: page}, err
}

// ShowHTTP is GET /storefront/products/{slug}.
func (c *Catalog) ShowHTTP(ctx context.Context, in *ShownInput) (*ShownOutput, error) {
	p, err := c.Show(ctx, db.ScopeOf(ctx), in.Slug, in.Currency)
	return &ShownOutput{Body: p}, err
}
