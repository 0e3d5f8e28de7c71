package app

import (
	"context"
	"errors"
	"io"
)

// DemoLogin is a person of a demo shop.
type DemoLogin struct {
	Slug, Shop, Email string
	Roles             []string
}

// DemoPassword is everybody's in the demo shops.
const DemoPassword = "allhours-demo"

// SeedDemo fills the installation with the demo shops, once, and gives their logins. The provider is the sandbox payment provider of `dev`.
func (a *App) SeedDemo(ctx context.Context, providerURL, providerToken string, progress io.Writer) ([]DemoLogin, error) {
	return nil, errors.New("demo: not there yet")
}
