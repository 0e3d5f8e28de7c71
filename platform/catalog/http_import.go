package catalog

import (
	"bytes"
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

type (
	// ImportInput brings a file.
	ImportInput struct {
		RawBody huma.MultipartFormFiles[struct {
			File   huma.FormFile `form:"file" required:"true" doc:"CSV in UTF-8, at most 64 MB; see docs/products-csv.md."`
			Kind   string        `form:"kind" doc:"products"`
			DryRun bool          `form:"dry_run" doc:"Only tell what would be refused."`
		}]
	}
	// ImportOutput is an import.
	ImportOutput struct{ Body Import }
	// ImportsOutput is a page of imports.
	ImportsOutput struct{ Body db.Page[Import] }
	// RefusalsInput asks for refused lines.
	RefusalsInput struct {
		ID uuid.UUID `path:"id"`
		db.PageQuery
	}
	// RefusalsOutput is a page of refused lines.
	RefusalsOutput struct{ Body db.Page[Refusal] }
	// ExportOutput is a file.
	ExportOutput struct {
		ContentType        string `header:"Content-Type"`
		ContentDisposition string `header:"Content-Disposition"`
		Body               []byte
	}
)

// StartImportHTTP is POST /imports.
func (c *Catalog) StartImportHTTP(ctx context.Context, in *ImportInput) (*ImportOutput, error) {
	form := in.RawBody.Data()
	defer form.File.Close()
	if form.Kind != "" && form.Kind != "products" {
		return nil, fault.New(fault.Invalid, "import.kind_unknown", "Only products can be imported this way.").Field("kind", "must be products")
	}
	i, err := c.StartImport(ctx, db.ScopeOf(ctx), form.File, form.DryRun)
	return &ImportOutput{Body: i}, err
}

// ImportsHTTP is GET /imports.
func (c *Catalog) ImportsHTTP(ctx context.Context, in *db.PageQuery) (*ImportsOutput, error) {
	page, err := c.Imports(ctx, db.ScopeOf(ctx), *in)
	return &ImportsOutput{Body: page}, err
}

// ImportHTTP is GET /imports/{id}.
func (c *Catalog) ImportHTTP(ctx context.Context, in *IDInput) (*ImportOutput, error) {
	i, err := c.GetImport(ctx, db.ScopeOf(ctx), in.ID)
	return &ImportOutput{Body: i}, err
}

// RefusalsHTTP is GET /imports/{id}/refusals.
func (c *Catalog) RefusalsHTTP(ctx context.Context, in *RefusalsInput) (*RefusalsOutput, error) {
	page, err := c.Refusals(ctx, db.ScopeOf(ctx), in.ID, in.PageQuery)
	return &RefusalsOutput{Body: page}, err
}

// CancelImportHTTP is POST /imports/{id}/cancel.
func (c *Catalog) CancelImportHTTP(ctx context.Context, in *IDInput) (*Empty, error) {
	return &Empty{}, c.CancelImport(ctx, db.ScopeOf(ctx), in.ID)
}

// ExportHTTP is GET /exports/products.csv.
func (c *Catalog) ExportHTTP(ctx context.Context, _ *struct{}) (*ExportOutput, error) {
	var b bytes.Buffer
	if err := c.Export(ctx, db.ScopeOf(ctx), &b); err != nil {
		return nil, err
	}
	return &ExportOutput{ContentType: "text/csv; charset=utf-8", ContentDisposition: `attachment; filename="products.csv"`, Body: b.Bytes()}, nil
}
