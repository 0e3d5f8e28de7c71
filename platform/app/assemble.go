package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"allhours/jobs"
	"allhours/platform/alerts"
	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/base/telemetry"
	"allhours/platform/catalog"
	"allhours/platform/customers"
	"allhours/platform/gateway"
	"allhours/platform/insights"
	"allhours/platform/inventory"
	"allhours/platform/notify"
	"allhours/platform/orders"
	"allhours/platform/payments"
	"allhours/plugins"
	"allhours/plugins/host"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/audit"
	"allhours/tenants/members"
)

// assemble makes the parts from the bottom to the top and fills their hooks.
func (a *App) assemble(mask *telemetry.Mask) (err error) {
	c := a.config
	a.audit = audit.New(a.db, a.keys.Signer)
	a.tenants = tenants.New(a.db, c.Tenants)
	if a.access, err = access.New(a.db, a.tenants.Watch, a.keys); err != nil {
		return err
	}
	a.members = members.New(a.db, a.tenants, a.access, a.keys)

	a.inventory = inventory.New(a.db)
	a.catalog = catalog.New(a.db, catalog.Parts{Files: a.files, Limits: a.tenants.Limits, Supplier: a.inventory, Front: front{a}})
	a.orders = orders.New(a.db, orders.Parts{Catalog: a.catalog, Inventory: a.inventory, Signer: a.keys.Signer, Access: a.access, Shops: a.shop})
	a.customers = customers.New(a.db, a.access, a.keys.Signer, a.orders)

	if a.host, err = host.New(host.Config{Log: slog.Default(), Metrics: a.metrics.Registry, MinTier: c.Plugins.MinTier, Private: c.Plugins.Private}); err != nil {
		return err
	}
	a.onClose(a.host.Close)
	if a.plugins, err = plugins.New(a.db, a.host, a.keys, a.tenants.Limits, c.Plugins); err != nil {
		return err
	}
	a.payments = payments.New(a.db, a.plugins, a.orders)
	a.orders.UsePayer(a.payments)

	mailer, err := notify.NewMailer(c.Mail)
	if err != nil {
		return err
	}
	a.notify = notify.New(a.db, notify.Parts{
		Box: a.keys.Box, Members: a.members, Access: a.access, Customers: a.customers, Mailer: mailer, URLs: notify.URLs{Shop: c.Gateway.ShopURL, Base: c.Gateway.BaseURL()},
	})
	a.alerts = alerts.New(a.db, a.notify)
	a.insights = insights.New(a.db)

	a.tenants.Limits.Count(tenants.Products, catalog.CountTx)
	a.tenants.Limits.Count(tenants.Plugins, plugins.CountTx)
	a.tenants.Provision(a.catalog, a.inventory, a.alerts)
	a.tenants.HasOrders(orders.AnyTx)
	a.tenants.HasPicture(catalog.HasPictureTx)

	a.gateway, err = gateway.New(c.Gateway, a.deps(), gateway.Hooks{
		Authenticator: a.access, Rate: rate, Media: a.picture, Webhook: a.hook, OwnsOrder: func(ctx context.Context, customer, order uuid.UUID) bool {
			owns, err := a.orders.Owns(ctx, db.ScopeOf(ctx), customer, order)
			return err == nil && owns
		},
	})
	if err != nil {
		return err
	}
	a.routes()
	a.jobs, err = jobs.New(c.Jobs, a.db, jobs.Work{Subscriptions: a.subscriptions(), Sweeps: a.sweeps(), Metrics: a.metrics, Outbox: outbox.Options{Live: a.gateway.Live().Publish}})
	return err
}

// shop gives orders the settings of the tenant, from memory.
func (a *App) shop(ctx context.Context, sc db.Scope) (orders.Shop, error) {
	t, err := a.tenants.Get(ctx, sc.Tenant)
	if err != nil {
		return orders.Shop{}, err
	}
	o := t.Settings.Order
	return orders.Shop{
		Currency: t.Currency, Country: t.Country, Language: t.Language,
		UnpaidExpiry: time.Duration(o.UnpaidExpiryMinutes) * time.Minute, OrdersMonth: tenants.Limit(t.Plan, tenants.OrdersMonth),
		ConfirmOrders: o.ConfirmOrders, ByHand: o.HandPayments, ShippingPrice: o.ShippingPrice, ShippingFreeFrom: o.ShippingFreeFrom,
	}, nil
}

// byHand names the payments that need no plugin.
var byHand = map[string]catalog.Text{
	tenants.OnDelivery: {"en": "Pay on delivery or at pick-up", "zh": "货到付款或到店付款"},
	tenants.Transfer:   {"en": "Bank transfer", "zh": "银行转账"},
}

// front tells the storefront how the shop can be paid.
type front struct{ app *App }

// PaymentMethods lists the methods of the tenant's plugins, and then those by hand that its settings offer.
func (f front) PaymentMethods(ctx context.Context, sc db.Scope) ([]catalog.PaymentMethod, error) {
	t, err := f.app.tenants.Get(ctx, sc.Tenant)
	if err != nil {
		return nil, err
	}
	methods, err := f.app.payments.Methods(ctx, sc, t.Currency)
	if err != nil {
		return nil, err
	}
	list := make([]catalog.PaymentMethod, len(methods))
	for i, m := range methods {
		list[i] = catalog.PaymentMethod{ID: m.ID, Label: m.Label, Kind: m.Kind}
	}
	for _, m := range t.Settings.Order.HandPayments {
		list = append(list, catalog.PaymentMethod{ID: m, Label: byHand[m], Kind: "manual"})
	}
	return list, nil
}

func (a *App) picture(ctx context.Context, id uuid.UUID, width int) (gateway.Media, error) {
	p, err := a.catalog.Picture(ctx, db.ScopeOf(ctx), id, width)
	if err != nil {
		return gateway.Media{}, err
	}
	return gateway.Media{Type: p.Type, Size: p.Size, Body: p.Body}, nil
}

func (a *App) hook(ctx context.Context, token string, in gateway.Webhook) (gateway.WebhookReply, error) {
	reply, err := a.plugins.Receive(ctx, token, plugins.Hook{Method: in.Method, Path: in.Path, Query: in.Query, Header: in.Header, Body: in.Body, IP: in.IP})
	return gateway.WebhookReply{Status: reply.Status, Type: reply.Type, Body: reply.Body}, err
}

// placed gives an order its customer once it is placed, and issues it where it is digital and there is nothing to be paid any more.
func (a *App) placed(tx *db.Tx, e outbox.Event) error {
	var order orders.PlacedV1
	if err := e.Decode(&order); err != nil {
		return err
	}
	if err := a.orders.LinkCustomerTx(tx, order.ID, a.customers.EnsureTx); err != nil {
		return err
	}
	if order.FulfilmentType != "digital" {
		return nil
	}
	return a.orders.IssueTx(tx, e)
}

// eachTenant runs fn for every active tenant, one after another; a tenant that fails does not keep the others from their turn.
func (a *App) eachTenant(name string, fn func(ctx context.Context, sc db.Scope) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ids, err := a.tenants.IDs(ctx)
		if err != nil {
			return err
		}
		var errs []error
		for _, id := range ids {
			if ctx.Err() != nil {
				return errors.Join(append(errs, context.Cause(ctx))...)
			}
			errs = append(errs, fn(ctx, db.Job(id, name)))
		}
		return errors.Join(errs...)
	}
}

// rate is how many requests a second a tenant on the plan may send. The gateway takes 0 for its default; a plan means "no limit" by it.
func rate(plan string) int {
	if r := tenants.Rate(plan); r > 0 {
		return r
	}
	return 1_000_000
}
