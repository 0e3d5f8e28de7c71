package payments

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/orders"
)

// Close sees to it that no more money comes in for the order: what is open is looked up, and closed at its provider. An error means that this is not certain yet.
func (p *Payments) Close(ctx context.Context, sc db.Scope, orderID uuid.UUID) error {
	var all []paymentRow
	err := p.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		all, err = selectPayments(tx, orderID)
		return err
	})
	for i := range all {
		if err == nil && open(all[i].Status) {
			err = p.close(ctx, sc, &all[i])
		}
	}
	return err
}

func (p *Payments) close(ctx context.Context, sc db.Scope, pay *paymentRow) error {
	ctx = context.WithoutCancel(ctx)
	op, err := p.attempt(ctx, sc, pay)
	if err != nil {
		return err
	}
	if err := p.lookup(ctx, sc, op.ID, byLookup); err != nil {
		return err
	}
	if pay, err = p.read(ctx, sc, pay.ID); err != nil || !open(pay.Status) {
		return err
	}
	if pay.ProviderRef == "" {
		return ErrUnresolved
	}
	closing, err := p.orderVoid(ctx, sc, pay)
	if err != nil {
		return err
	}
	if err := p.run(ctx, sc, closing); err != nil {
		return err
	}
	if err := p.lookup(ctx, sc, op.ID, byLookup); err != nil {
		return err
	}
	if pay, err = p.read(ctx, sc, pay.ID); err == nil && open(pay.Status) {
		err = ErrUnresolved
	}
	return err
}

func (p *Payments) attempt(ctx context.Context, sc db.Scope, pay *paymentRow) (op *operationRow, err error) {
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		op, err = attemptOf(tx, pay)
		return err
	})
	return op, err
}

// orderVoid puts the closing of an attempt into the ledger, unless it is there and not over.
func (p *Payments) orderVoid(ctx context.Context, sc db.Scope, pay *paymentRow) (id uuid.UUID, err error) {
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if _, err := p.orders.LockTx(tx, pay.OrderID); err != nil && !errors.Is(err, orders.ErrNotFound) {
			return err
		}
		id, err = voidTx(tx, pay, tx.Now.Add(settled))
		return err
	})
	return id, err
}

func voidTx(tx *db.Tx, pay *paymentRow, due time.Time) (uuid.UUID, error) {
	var known operationRow
	err := tx.Where("tenant_id = ? AND payment_id = ? AND kind = 'void' AND state NOT IN ('succeeded','failed')", pay.TenantID, pay.ID).Take(&known).Error
	if err == nil || !db.IsNotFound(err) {
		return known.ID, err
	}
	op := &operationRow{PaymentID: pay.ID, Kind: void, Amount: pay.Amount, Currency: pay.Currency, State: opCreated}
	err = orderTx(tx, op, due)
	return op.ID, err
}

// orderTx adds an operation to the ledger. Whoever asked runs it after the commit; if he does not, or dies, its timer does.
func orderTx(tx *db.Tx, op *operationRow, due time.Time) error {
	insertOperation(tx, op)
	return outbox.Schedule(tx, due, TimerOperation, op.ID.String(), struct{}{})
}
