package orders

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/inventory"
)

// askAgain is how long to wait when it is not known whether money is under way.
const askAgain = time.Minute

// OnUnpaidDue hears order.unpaid_due: the time of an unpaid draft is over.
func (o *Orders) OnUnpaidDue(ctx context.Context, e outbox.Event) error {
	id, err := uuid.Parse(e.Subject)
	if err != nil {
		return fmt.Errorf("%s: subject %q: %w", e.Type, e.Subject, err)
	}
	return o.Expire(ctx, db.ScopeOf(ctx), id)
}

// Expire ends a draft whose time is over and frees its supply; an order that is not, or is paid meanwhile, stays. First the payment's provider is asked to
// close what is open: a shopper who has just paid must not lose his order to the clock. While that is not known the draft waits a minute more.
func (o *Orders) Expire(ctx context.Context, sc db.Scope, id uuid.UUID) error {
	var due bool
	err := o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		order, err := readOrder(tx, id, "")
		due = err == nil && overdue(tx, &order)
		return err
	})
	if err != nil || !due {
		return err
	}
	if o.payer != nil {
		if err := o.payer.Close(ctx, sc, id); err != nil {
			slog.WarnContext(ctx, "order: expiry waits for its payment", "order", id, "err", err)
			return o.postpone(ctx, sc, id)
		}
	}
	return o.db.InTx(ctx, sc, func(tx *db.Tx) error { return o.expireTx(tx, id) })
}

func overdue(tx *db.Tx, order *Order) bool {
	return order.Status == Draft && order.ExpiresAt != nil && !tx.Now.Before(*order.ExpiresAt)
}

func (o *Orders) expireTx(tx *db.Tx, id uuid.UUID) error {
	order, err := o.lockTx(tx, id)
	if err != nil || !overdue(tx, &order) || order.PaidTotal > order.RefundedTotal {
		return err
	}
	before := axesOf(&order)
	if err := o.inventory.ExpireTx(tx, inventory.OrderOwner(id)); err != nil {
		return err
	}
	order.Status = Expired
	if err := o.save(tx, before, &order); err != nil {
		return err
	}
	if err := tell(tx, &order, "expired", true, map[string]any{"from": before.status}); err != nil {
		return err
	}
	return publish(tx, EventExpired, &order, "")
}

func (o *Orders) postpone(ctx context.Context, sc db.Scope, id uuid.UUID) error {
	return o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		return outbox.Schedule(tx, tx.Now.Add(askAgain), TimerUnpaid, id.String(), map[string]any{"id": id})
	})
}

// ExpireOverdue expires the drafts of the tenant whose timers were lost, at most limit of them, and tells how many were overdue. Timers are rows of the
// same transaction as their order, so this finds something only after a restore or a defect.
func (o *Orders) ExpireOverdue(ctx context.Context, sc db.Scope, limit int) (int, error) {
	var ids []uuid.UUID
	err := o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		return tx.Raw(`SELECT id FROM orders WHERE status = 'draft' AND expires_at < ? ORDER BY expires_at LIMIT ?`, tx.Now.Add(-2*askAgain), limit).Scan(&ids).Error
	})
	if err != nil {
		return 0, fmt.Errorf("find overdue orders: %w", err)
	}
	for _, id := range ids {
		if err := o.Expire(ctx, sc, id); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
