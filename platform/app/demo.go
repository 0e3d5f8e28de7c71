package app

import (
	"context"
	"io"

	"allhours/tenants/demo"
)

// SeedDemo fills the installation with the demo shops, once, and gives their logins. The provider is the sandbox payment provider of `dev`.
func (a *App) SeedDemo(ctx context.Context, provider demo.Provider, progress io.Writer) ([]demo.Login, error) {
	return demo.Seed(ctx, demo.Parts{DB: a.db, Tenants: a.tenants, Access: a.access, Catalog: a.catalog, Inventory: a.inventory, Plugins: a.plugins, Provider: provider}, progress)
}
