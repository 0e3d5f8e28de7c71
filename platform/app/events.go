package app

import (
	"context"
	"slices"
	"time"

	"allhours/jobs"
	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/orders"
	"allhours/platform/payments"
	"allhours/plugins"
)

// subscriptions is the one list of who hears what; the parts with several events list them themselves.
func (a *App) subscriptions() []outbox.Subscription {
	return slices.Concat(
		[]outbox.Subscription{
			{Event: "member.password_forgotten", Subscriber: "members.forgotten", Handle: a.members.Forgotten, Queue: outbox.Urgent},
			{Event: "order.unpaid_due", Subscriber: "orders.expire", Handle: a.orders.OnUnpaidDue},
			{Event: "order.hold_due", Subscriber: "orders.release", Handle: a.orders.OnHoldDue},
			{Event: orders.EventPlaced, Subscriber: "orders.placed", Handle: outbox.InTx(a.db, a.placed)},
			{Event: orders.EventPaid, Subscriber: "orders.issue", Handle: outbox.InTx(a.db, a.orders.IssueTx)},
			{Event: orders.EventReleased, Subscriber: "orders.issue", Handle: outbox.InTx(a.db, a.orders.IssueTx)},
			{Event: plugins.TimerDelivery, Subscriber: "plugins.deliver", Handle: a.plugins.DeliveryDue},
			{Event: payments.TimerLookup, Subscriber: "payments.look_up", Handle: a.payments.OnLookupDue, Timeout: time.Minute},
			{Event: payments.TimerOperation, Subscriber: "payments.operate", Handle: a.payments.OnOperationDue, Timeout: time.Minute},
			{Event: payments.TimerExpire, Subscriber: "payments.expire", Handle: a.payments.OnExpireDue, Timeout: time.Minute},
		},
		a.catalog.Subscriptions(),
		a.notify.Subscriptions(),
		a.alerts.Subscriptions(),
	)
}

// sweeps is the one list of what comes round.
func (a *App) sweeps() []jobs.Sweep {
	return []jobs.Sweep{
		{Name: "audit.seal", Every: 5 * time.Second, Timeout: time.Minute, Run: a.audit.Seal},
		{Name: "access.sweep", Every: 6 * time.Hour, Run: func(ctx context.Context) error {
			ids, err := a.tenants.IDs(ctx)
			if err != nil {
				return err
			}
			return a.access.Sweep(ctx, ids)
		}},
		{Name: "alerts.sweep", Every: 30 * time.Second, Timeout: 5 * time.Minute, Run: a.alerts.Sweep},
		{Name: "orders.expire", Every: time.Minute, Timeout: 5 * time.Minute, Run: a.eachTenant("orders.expire", func(ctx context.Context, sc db.Scope) error {
			_, err := a.orders.ExpireOverdue(ctx, sc, 100)
			return err
		})},
		{Name: "orders.carts", Every: time.Hour, Timeout: 10 * time.Minute, Run: a.eachTenant("orders.carts", func(ctx context.Context, sc db.Scope) error {
			_, err := a.orders.DropCarts(ctx, sc, 1000)
			return err
		})},
		{Name: "plugins.purge", Every: 6 * time.Hour, Timeout: 10 * time.Minute, Run: a.eachTenant("plugins.purge", a.plugins.Purge)},
		{Name: "inventory.reconcile", Every: 6 * time.Hour, Timeout: 10 * time.Minute, Run: a.eachTenant("inventory.reconcile", func(ctx context.Context, sc db.Scope) error {
			_, err := a.inventory.Reconcile(ctx, sc, false, false)
			return err
		})},
	}
}
