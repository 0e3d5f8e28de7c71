package app

import (
	"context"
	"io"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
	"allhours/platform/orders/onlineretail"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// Tenant finds a tenant by its slug. NotFound if there is none.
func (a *App) Tenant(ctx context.Context, slug string) (uuid.UUID, error) {
	return a.tenants.BySlug(ctx, slug)
}

// VerifyAudit checks the audit log of the tenant against its chain, and against a head that an earlier call gave.
func (a *App) VerifyAudit(ctx context.Context, tenant uuid.UUID, anchor string) (audit.Report, error) {
	return a.audit.Verify(ctx, db.Job(tenant, "audit.verify"), anchor)
}

// CreateOperator makes an account for the platform's own staff.
func (a *App) CreateOperator(ctx context.Context, email, name, password string) (access.NewOperator, error) {
	return a.access.CreateOperator(ctx, email, name, password)
}

// ImportProducts reads products from a CSV file, as docs/products-csv.md describes it, and waits for the end.
func (a *App) ImportProducts(ctx context.Context, tenant uuid.UUID, file io.Reader, dryRun bool) (catalog.Import, error) {
	i, err := a.catalog.StartImport(ctx, importer(tenant), file, dryRun)
	if err != nil {
		return i, err
	}
	if err := a.catalog.RunImport(ctx, tenant, i.ID); err != nil {
		return i, err
	}
	return a.catalog.GetImport(ctx, importer(tenant), i.ID)
}

// ImportOnlineRetail reads a file of the Online Retail data set: products, stock, customers and orders with their real times.
func (a *App) ImportOnlineRetail(ctx context.Context, tenant uuid.UUID, open func() (io.ReadCloser, error)) (onlineretail.Report, error) {
	return onlineretail.New(a.db, a.catalog, a.inventory).Import(ctx, importer(tenant), open)
}

func importer(tenant uuid.UUID) db.Scope {
	return db.Scope{Tenant: tenant, Actor: db.Actor{Kind: "operator", Name: "allhours import", Via: "import"}}
}
