// Package alerts finds what goes wrong with orders, stock and payments and puts it before a person.
//
// Owns: alert rules (a kind of signal with the tenant's own thresholds), alert instances (the state of a rule for one dedup key) and incidents (what
// a person acknowledges and resolves). Does not own: the orders, levels and payments it reads, and how people are told (platform/notify).
// Invariants: a rule fires once per crossing and re-arms when the condition has cleared; at most one unresolved incident exists per rule and key,
// whatever the number of workers; an incident, its notifications and its events are committed together.
// Events in: stock.changed, order.*, payment.*. Events out: incident.opened, incident.changed.
package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/notify"
	"allhours/platform/payments"
)

// Alerts evaluates rules and keeps incidents.
type Alerts struct {
	db     *db.DB
	notify *notify.Notify
}

// New makes the alerts of an installation.
func New(d *db.DB, n *notify.Notify) *Alerts { return &Alerts{db: d, notify: n} }

// Subscriptions lists the events that rules are evaluated on.
func (a *Alerts) Subscriptions() []outbox.Subscription {
	subs := []outbox.Subscription{
		{Event: "stock.changed", Subscriber: "alerts", Handle: a.onStock},
		{Event: "alert_rule.saved", Subscriber: "alerts", Handle: a.onRule},
	}
	for _, event := range []string{"order.placed", "order.paid", "order.cancelled", "order.expired", "order.fulfilment_changed", "order.completed"} {
		subs = append(subs, outbox.Subscription{Event: event, Subscriber: "alerts", Handle: a.onOrder})
	}
	for _, event := range []string{payments.EventFailed, payments.EventSucceeded, payments.EventRefunded, payments.EventUnknown, payments.EventMismatch, payments.EventOrphan} {
		subs = append(subs, outbox.Subscription{Event: event, Subscriber: "alerts", Handle: a.onPayment})
	}
	return subs
}

// Sweep evaluates, for every active tenant, the rules that fire because nothing happened, and those whose event may have been missed. It goes on to the next
// tenant after an error and reports how many tenants failed.
func (a *Alerts) Sweep(ctx context.Context) error {
	var tenants []uuid.UUID
	err := a.db.InSystemTx(ctx, func(tx *db.Tx) (err error) {
		tenants, err = activeTenants(tx)
		return err
	})
	if err != nil {
		return err
	}
	failed := 0
	for _, t := range tenants {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := a.sweepTenant(ctx, t); err != nil {
			failed++
			slog.ErrorContext(ctx, "alerts: sweep failed", "tenant", t, "err", err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("alerts: sweep of %d of %d tenants failed", failed, len(tenants))
	}
	return nil
}

const tenantSweep = 10 * time.Second

func (a *Alerts) sweepTenant(ctx context.Context, tenant uuid.UUID) error {
	ctx, cancel := context.WithTimeout(ctx, tenantSweep)
	defer cancel()
	return a.db.InTx(ctx, db.Job(tenant, "alerts.sweep"), func(tx *db.Tx) error {
		rules, err := enabledRules(tx, "")
		if err != nil {
			return err
		}
		for _, r := range rules {
			if !signals[r.Kind].timed {
				continue
			}
			if err := a.sweepRule(tx, r); err != nil {
				return fmt.Errorf("rule %s: %w", r.ID, err)
			}
		}
		return nil
	})
}

// sweepRule looks for keys in breach and looks again at the keys that are firing, so that an incident also ends when the event that cleared it was lost.
func (a *Alerts) sweepRule(tx *db.Tx, r Rule) error {
	signal := signals[r.Kind]
	if signal.sweep != nil {
		observed, err := signal.sweep(tx, r)
		if err != nil {
			return err
		}
		if err := a.observeAll(tx, r, observed); err != nil {
			return err
		}
	}
	keys, err := firingSubjects(tx, r.ID)
	if err != nil || len(keys) == 0 {
		return err
	}
	observed, err := signal.look(tx, r, keys)
	if err != nil {
		return err
	}
	return a.observeAll(tx, r, append(observed, outOfScope(r, keys, observed)...))
}

// outOfScope clears what the rule no longer looks at, since its filter was changed or the thing is gone.
func outOfScope(r Rule, keys []string, observed []Observation) []Observation {
	seen := make(map[string]bool, len(observed))
	for _, o := range observed {
		seen[o.Key] = true
	}
	var gone []Observation
	for _, k := range keys {
		if key := string(r.Kind) + ":" + k; !seen[key] {
			gone = append(gone, Observation{Key: key, Clear: true})
		}
	}
	return gone
}

// onRule looks, once a rule is saved, at everything that it may concern.
func (a *Alerts) onRule(ctx context.Context, e outbox.Event) error {
	id, err := uuid.Parse(e.Subject)
	if err != nil {
		return fmt.Errorf("alerts: alert_rule.saved: %w", err)
	}
	return a.db.InTx(ctx, db.Job(e.Tenant, "alerts"), func(tx *db.Tx) error {
		r, err := ruleByID(tx, id, false)
		switch {
		case errors.Is(err, errNoRule):
			return nil // deleted since
		case err != nil:
			return err
		case !r.Enabled:
			return nil
		}
		return a.sweepRule(tx, r)
	})
}

func (a *Alerts) onStock(ctx context.Context, e outbox.Event) error {
	levels, err := changedLevels(e)
	if err != nil || len(levels) == 0 {
		return err
	}
	return a.evaluate(ctx, e.Tenant, []Kind{StockLow}, levels)
}

func (a *Alerts) onOrder(ctx context.Context, e outbox.Event) error {
	kinds := []Kind{PaymentFailed, OrderUnpaid, OrderUnshipped}
	if e.Type == "order.placed" || e.Type == "order.cancelled" {
		kinds = append(kinds, OrderDuplicate)
	}
	order, err := orderOf(e)
	if err != nil {
		return err
	}
	return a.evaluate(ctx, e.Tenant, kinds, []string{order})
}

// onPayment looks at what the news of a payment may open or end: a doubt about it, and, where an attempt has failed, how its order fares.
func (a *Alerts) onPayment(ctx context.Context, e outbox.Event) error {
	if err := a.evaluate(ctx, e.Tenant, []Kind{PaymentDoubt}, []string{e.Subject}); err != nil || e.Type != payments.EventFailed {
		return err
	}
	return a.onOrder(ctx, e)
}

// evaluate looks at the subjects through every enabled rule of the kinds.
func (a *Alerts) evaluate(ctx context.Context, tenant uuid.UUID, kinds []Kind, subjects []string) error {
	return a.db.InTx(ctx, db.Job(tenant, "alerts"), func(tx *db.Tx) error {
		for _, kind := range kinds {
			rules, err := enabledRules(tx, kind)
			if err != nil {
				return err
			}
			for _, r := range rules {
				observed, err := signals[kind].look(tx, r, subjects)
				if err != nil {
					return fmt.Errorf("rule %s: %w", r.ID, err)
				}
				if err := a.observeAll(tx, r, observed); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
