package catalog

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"allhours/platform/base/db"
)

type (
	// IDInput names a thing of the catalog.
	IDInput struct {
		ID uuid.UUID `path:"id"`
	}
	// ProductBody makes a product.
	ProductBody struct{ Body ProductInput }
	// ChangeProductInput replaces a product.
	ChangeProductInput struct {
		ID   uuid.UUID `path:"id"`
		Body ProductInput
	}
	// ProductOutput is a product.
	ProductOutput struct{ Body Product }
	// ProductsOutput is a page of products.
	ProductsOutput struct{ Body db.Page[Product] }
	// BulkInput does one thing to many products.
	BulkInput struct {
		Body struct {
			IDs    []uuid.UUID `json:"ids" minItems:"1" maxItems:"500" nullable:"false"`
			Action string      `json:"action" enum:"activate,archive,draft"`
		}
	}
	// BulkOutput tells what came of each.
	BulkOutput struct {
		Body struct {
			Results []Outcome `json:"results" nullable:"false"`
		}
	}
	// Empty is no answer but the status.
	Empty struct{}
)

// ListHTTP is GET /products.
func (c *Catalog) ListHTTP(ctx context.Context, in *Filter) (*ProductsOutput, error) {
	page, err := c.List(ctx, db.ScopeOf(ctx), *in)
	return &ProductsOutput{Body: page}, err
}

// GetHTTP is GET /products/{id}.
func (c *Catalog) GetHTTP(ctx context.Context, in *IDInput) (*ProductOutput, error) {
	p, err := c.Get(ctx, db.ScopeOf(ctx), in.ID)
	return &ProductOutput{Body: p}, err
}

// CreateHTTP is POST /products.
func (c *Catalog) CreateHTTP(ctx context.Context, in *ProductBody) (*ProductOutput, error) {
	p, err := c.Create(ctx, db.ScopeOf(ctx), in.Body)
	return &ProductOutput{Body: p}, err
}

// ChangeHTTP is PUT /products/{id}.
func (c *Catalog) ChangeHTTP(ctx context.Context, in *ChangeProductInput) (*ProductOutput, error) {
	p, err := c.Change(ctx, db.ScopeOf(ctx), in.ID, in.Body)
	return &ProductOutput{Body: p}, err
}

// ArchiveHTTP is DELETE /products/{id}: what has been sold is never deleted.
func (c *Catalog) ArchiveHTTP(ctx context.Context, in *IDInput) (*Empty, error) {
	return &Empty{}, c.SetStatus(ctx, db.ScopeOf(ctx), in.ID, "archived")
}

// BulkHTTP is POST /products/bulk.
func (c *Catalog) BulkHTTP(ctx context.Context, in *BulkInput) (*BulkOutput, error) {
	out := &BulkOutput{}
	var err error
	out.Body.Results, err = c.Bulk(ctx, db.ScopeOf(ctx), in.Body.IDs, in.Body.Action)
	return out, err
}

type (
	// UploadInput brings a picture of a product.
	UploadInput struct {
		ID      uuid.UUID `path:"id"`
		RawBody huma.MultipartFormFiles[struct {
			File huma.FormFile `form:"file" required:"true" doc:"JPEG, PNG, WebP or GIF, at most 15 MB and 40 million pixels."`
		}]
	}
	// UploadShopInput brings a picture of the shop itself.
	UploadShopInput struct {
		RawBody huma.MultipartFormFiles[struct {
			File huma.FormFile `form:"file" required:"true" doc:"JPEG, PNG, WebP or GIF, at most 15 MB and 40 million pixels."`
		}]
	}
	// ChangeMediaInput changes what is said about a picture.
	ChangeMediaInput struct {
		ID   uuid.UUID `path:"id"`
		Body struct {
			Alt  Text `json:"alt,omitempty"`
			Rank *int `json:"rank,omitempty" minimum:"0" maximum:"100" doc:"Its place among the product's; 0 is the first."`
		}
	}
	// MediaOutput is a picture.
	MediaOutput struct{ Body Media }
)

// UploadHTTP is POST /products/{id}/media.
func (c *Catalog) UploadHTTP(ctx context.Context, in *UploadInput) (*MediaOutput, error) {
	if _, err := c.Get(ctx, db.ScopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	file := in.RawBody.Data().File
	defer file.Close()
	m, err := c.AddMedia(ctx, db.ScopeOf(ctx), in.ID, file, nil)
	return &MediaOutput{Body: m}, err
}

// UploadShopHTTP is POST /media.
func (c *Catalog) UploadShopHTTP(ctx context.Context, in *UploadShopInput) (*MediaOutput, error) {
	file := in.RawBody.Data().File
	defer file.Close()
	m, err := c.AddMedia(ctx, db.ScopeOf(ctx), uuid.Nil, file, nil)
	return &MediaOutput{Body: m}, err
}

// ChangeMediaHTTP is PATCH /media/{id}.
func (c *Catalog) ChangeMediaHTTP(ctx context.Context, in *ChangeMediaInput) (*MediaOutput, error) {
	m, err := c.ChangeMedia(ctx, db.ScopeOf(ctx), in.ID, in.Body.Alt, in.Body.Rank)
	return &MediaOutput{Body: m}, err
}

// DeleteMediaHTTP is DELETE /media/{id}.
func (c *Catalog) DeleteMediaHTTP(ctx context.Context, in *IDInput) (*Empty, error) {
	return &Empty{}, c.DeleteMedia(ctx, db.ScopeOf(ctx), in.ID)
}

type (
	// CategoriesOutput lists categories.
	CategoriesOutput struct {
		Body struct {
			Items []Category `json:"items" nullable:"false"`
		}
	}
	// CategoryBody makes a category.
	CategoryBody struct{ Body CategoryInput }
	// ChangeCategoryInput replaces a category.
	ChangeCategoryInput struct {
		ID   uuid.UUID `path:"id"`
		Body CategoryInput
	}
	// CategoryOutput is a category.
	CategoryOutput struct{ Body Category }
	// PriceListsOutput lists price lists.
	PriceListsOutput struct {
		Body struct {
			Items []PriceList `json:"items" nullable:"false"`
		}
	}
	// PriceListBody makes a price list.
	PriceListBody struct{ Body PriceListInput }
	// ChangePriceListInput replaces a price list.
	ChangePriceListInput struct {
		ID   uuid.UUID `path:"id"`
		Body PriceListInput
	}
	// PriceListOutput is a price list.
	PriceListOutput struct{ Body PriceList }
	// TaxRatesInput replaces the tax rates.
	TaxRatesInput struct {
		Body struct {
			Rates []TaxRate `json:"rates" maxItems:"500" nullable:"false"`
		}
	}
	// TaxRatesOutput lists the tax rates.
	TaxRatesOutput struct {
		Body struct {
			Rates []TaxRate `json:"rates" nullable:"false"`
		}
	}
)

// CategoriesHTTP is GET /categories.
func (c *Catalog) CategoriesHTTP(ctx context.Context, _ *struct{}) (*CategoriesOutput, error) {
	out := &CategoriesOutput{}
	var err error
	out.Body.Items, err = c.Categories(ctx, db.ScopeOf(ctx))
	return out, err
}

// AddCategoryHTTP is POST /categories.
func (c *Catalog) AddCategoryHTTP(ctx context.Context, in *CategoryBody) (*CategoryOutput, error) {
	k, err := c.AddCategory(ctx, db.ScopeOf(ctx), in.Body)
	return &CategoryOutput{Body: k}, err
}

// ChangeCategoryHTTP is PUT /categories/{id}.
func (c *Catalog) ChangeCategoryHTTP(ctx context.Context, in *ChangeCategoryInput) (*CategoryOutput, error) {
	k, err := c.ChangeCategory(ctx, db.ScopeOf(ctx), in.ID, in.Body)
	return &CategoryOutput{Body: k}, err
}

// DeleteCategoryHTTP is DELETE /categories/{id}.
func (c *Catalog) DeleteCategoryHTTP(ctx context.Context, in *IDInput) (*Empty, error) {
	return &Empty{}, c.DeleteCategory(ctx, db.ScopeOf(ctx), in.ID)
}

// PriceListsHTTP is GET /price-lists.
func (c *Catalog) PriceListsHTTP(ctx context.Context, _ *struct{}) (*PriceListsOutput, error) {
	out := &PriceListsOutput{}
	var err error
	out.Body.Items, err = c.PriceLists(ctx, db.ScopeOf(ctx))
	return out, err
}

// AddPriceListHTTP is POST /price-lists.
func (c *Catalog) AddPriceListHTTP(ctx context.Context, in *PriceListBody) (*PriceListOutput, error) {
	l, err := c.AddPriceList(ctx, db.ScopeOf(ctx), in.Body)
	return &PriceListOutput{Body: l}, err
}

// ChangePriceListHTTP is PUT /price-lists/{id}.
func (c *Catalog) ChangePriceListHTTP(ctx context.Context, in *ChangePriceListInput) (*PriceListOutput, error) {
	l, err := c.ChangePriceList(ctx, db.ScopeOf(ctx), in.ID, in.Body)
	return &PriceListOutput{Body: l}, err
}

// TaxRatesHTTP is GET /tax-rates.
func (c *Catalog) TaxRatesHTTP(ctx context.Context, _ *struct{}) (*TaxRatesOutput, error) {
	out := &TaxRatesOutput{}
	var err error
	out.Body.Rates, err = c.TaxRates(ctx, db.ScopeOf(ctx))
	return out, err
}

// SetTaxRatesHTTP is PUT /tax-rates.
func (c *Catalog) SetTaxRatesHTTP(ctx context.Context, in *TaxRatesInput) (*TaxRatesOutput, error) {
	out := &TaxRatesOutput{}
	var err error
	out.Body.Rates, err = c.SetTaxRates(ctx, db.ScopeOf(ctx), in.Body.Rates)
	return out, err
}
