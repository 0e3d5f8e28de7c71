package app

import (
	"context"
	"io"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/catalog"
	"allhours/platform/orders/onlineretail"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// Tenant finds a tenant by its slug. NotFound if there is none.
func (a *App) Tenant(ctx context.Context, slug string) (uuid.UUID, error) {
	return a.tenants.BySlug(ctx, slug)
}

// Slug names a tenant as people do; where it cannot be read, by its id.
func (a *App) Slug(ctx context.Context, tenant uuid.UUID) string {
	t, err := a.tenants.Get(ctx, tenant)
	if err != nil {
		return tenant.String()
	}
	return t.Slug
}

// VerifyAudit checks the audit log of the tenant against its chain, and against a head that an earlier call gave.
func (a *App) VerifyAudit(ctx context.Context, tenant uuid.UUID, anchor string) (audit.Report, error) {
	return a.audit.Verify(ctx, db.Job(tenant, "audit.verify"), anchor)
}

// CreateOperator makes an account for the platform's own staff.
func (a *App) CreateOperator(ctx context.Context, email, name, password string) (access.NewOperator, error) {
	return a.access.CreateOperator(ctx, email, name, password)
}

// DeadDeliveries lists what the outbox has given up, a page at a time.
func (a *App) DeadDeliveries(ctx context.Context, f outbox.DeadFilter, after string, limit int) ([]outbox.DeadDelivery, string, error) {
	return outbox.ListDead(ctx, a.db, f, after, limit)
}

// Revive has dead deliveries tried again and tells each to heard once that is committed. Every one is in the audit log of its tenant, with the reason it was given up for.
func (a *App) Revive(ctx context.Context, f outbox.DeadFilter, heard func(outbox.DeadDelivery)) error {
	tenants := []uuid.UUID{f.Tenant}
	if f.Tenant == uuid.Nil {
		var err error
		if tenants, err = outbox.DeadTenants(ctx, a.db); err != nil {
			return err
		}
	}
	for _, tenant := range tenants {
		for more := true; more; {
			var revived []outbox.DeadDelivery
			err := a.db.InTx(ctx, db.Scope{Tenant: tenant, Actor: db.Actor{Kind: "operator", Name: "allhours outbox", Via: "command"}}, func(tx *db.Tx) (err error) {
				if revived, err = outbox.ReviveTx(tx, f, 500); err != nil {
					return err
				}
				for _, d := range revived {
					before := map[string]any{"event": d.Type, "subject": d.Subject, "subscriber": d.Subscriber, "attempts": d.Attempts, "reason": d.Reason}
					if err := audit.Append(tx, audit.Entry{Action: "outbox.revived", ObjectType: "event", ObjectID: d.Event.String(), Before: before}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			for _, d := range revived {
				heard(d)
			}
			more = len(revived) == 500
		}
	}
	return nil
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
