package app

import (
	"context"

	"github.com/google/uuid"

	"allhours/platform/base/db"
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
