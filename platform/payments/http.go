package payments

import (
	"context"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/orders"
	"allhours/tenants/access"
)

// Full is a payment as staff see it.
type Full struct {
	orders.PaymentView
	ProviderRef string      `json:"provider_ref,omitempty"`
	Operations  []Operation `json:"operations" nullable:"false" doc:"What was asked of the provider, the oldest first."`
	Events      []Event     `json:"events" nullable:"false" doc:"What is known to have happened, in the order it became known."`
}

// Operation is a line of the ledger.
type Operation struct {
	ID        uuid.UUID `json:"id"`
	Kind      string    `json:"kind" enum:"authorize,capture,void,refund"`
	Amount    int64     `json:"amount"`
	State     string    `json:"state" enum:"created,sent,succeeded,failed,unknown"`
	Reason    string    `json:"reason,omitempty"`
	Attempts  int       `json:"attempts"`
	Lookups   int       `json:"lookups"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Event is something that has happened to the money.
type Event struct {
	Kind        string    `json:"kind" enum:"authorize,capture,void,refund,chargeback"`
	Outcome     string    `json:"outcome" enum:"requested,succeeded,failed"`
	Amount      int64     `json:"amount"`
	ProviderRef string    `json:"provider_ref,omitempty"`
	Source      string    `json:"source" enum:"call,webhook,return,lookup,staff"`
	At          time.Time `json:"at"`
}

// OfOrder gives the payments of an order with all that is known of them.
func (p *Payments) OfOrder(ctx context.Context, sc db.Scope, orderID uuid.UUID) (list []Full, err error) {
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		rows, err := selectPayments(tx, orderID)
		if err != nil {
			return err
		}
		ops, err := selectOperations(tx, orderID)
		if err != nil {
			return err
		}
		list = []Full{}
		for i := range rows {
			one := Full{PaymentView: rows[i].view(), ProviderRef: rows[i].ProviderRef, Operations: []Operation{}, Events: []Event{}}
			for _, o := range ops {
				if o.PaymentID == one.ID {
					one.Operations = append(one.Operations, Operation{o.ID, o.Kind, o.Amount, o.State, o.Reason, o.Attempts, o.Lookups, o.CreatedAt.UTC(), o.UpdatedAt.UTC()})
				}
			}
			events, err := selectEvents(tx, one.ID)
			if err != nil {
				return err
			}
			for _, e := range events {
				one.Events = append(one.Events, Event{e.Kind, e.Outcome, e.Amount, e.ProviderRef, e.Source, e.RecordedAt.UTC()})
			}
			list = append(list, one)
		}
		return nil
	})
	return list, err
}

// OrderInput names an order.
type OrderInput struct {
	ID uuid.UUID `path:"id"`
}

// ListOutput is the payments of an order.
type ListOutput struct {
	Body struct {
		Items []Full `json:"items" nullable:"false"`
	}
}

// ListHTTP is GET /orders/{id}/payments.
func (p *Payments) ListHTTP(ctx context.Context, in *OrderInput) (*ListOutput, error) {
	if _, err := p.orders.Get(ctx, db.ScopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	return p.list(ctx, in.ID)
}

func (p *Payments) list(ctx context.Context, order uuid.UUID) (*ListOutput, error) {
	items, err := p.OfOrder(ctx, db.ScopeOf(ctx), order)
	out := &ListOutput{}
	out.Body.Items = items
	return out, err
}

// RefundRequest asks for a refund.
type RefundRequest struct {
	ID   uuid.UUID `path:"id"`
	Body RefundInput
}

// RefundHTTP is POST /orders/{id}/refunds. It answers with the payments as they are then: a refund that the provider has not confirmed yet is an operation
// that is created, sent or unknown.
func (p *Payments) RefundHTTP(ctx context.Context, in *RefundRequest) (*ListOutput, error) {
	if err := p.Refund(ctx, db.ScopeOf(ctx), in.ID, keyOf(ctx), in.Body); err != nil {
		return nil, err
	}
	return p.list(ctx, in.ID)
}

// ManualRequest records money that came by hand.
type ManualRequest struct {
	ID   uuid.UUID `path:"id"`
	Body ManualInput
}

// ManualHTTP is POST /orders/{id}/payments/manual.
func (p *Payments) ManualHTTP(ctx context.Context, in *ManualRequest) (*PaymentOutput, error) {
	view, err := p.RecordManual(ctx, db.ScopeOf(ctx), in.ID, keyOf(ctx), in.Body)
	return &PaymentOutput{Body: view}, err
}

// keyOf is the Idempotency-Key with who sent it: two members' keys are two.
func keyOf(ctx context.Context) string {
	k := db.AttemptOf(ctx).Key
	if k == "" {
		return ""
	}
	a := db.ScopeOf(ctx).Actor
	return a.Kind + ":" + a.ID + ":" + k
}

// PaymentInput names a payment.
type PaymentInput struct {
	ID uuid.UUID `path:"id"`
}

// PaymentOutput is a payment as its payer sees it.
type PaymentOutput struct{ Body orders.PaymentView }

// CheckHTTP is POST /payments/{id}/check: the provider is asked now.
func (p *Payments) CheckHTTP(ctx context.Context, in *PaymentInput) (*PaymentOutput, error) {
	view, err := p.Returned(ctx, db.ScopeOf(ctx), in.ID)
	return &PaymentOutput{Body: view}, err
}

// ShopperGetHTTP is GET /storefront/payments/{id}, for the order's own customer or whoever holds its link.
func (p *Payments) ShopperGetHTTP(ctx context.Context, in *PaymentInput) (*PaymentOutput, error) {
	pay, err := p.shoppers(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &PaymentOutput{Body: pay.view()}, nil
}

// ReturnHTTP is POST /storefront/payments/{id}/return: the shopper's browser came back from the provider.
func (p *Payments) ReturnHTTP(ctx context.Context, in *PaymentInput) (*PaymentOutput, error) {
	if _, err := p.shoppers(ctx, in.ID); err != nil {
		return nil, err
	}
	view, err := p.Returned(ctx, db.ScopeOf(ctx), in.ID)
	return &PaymentOutput{Body: view}, err
}

// shoppers gives a payment if the caller may see its order; to others it is not there.
func (p *Payments) shoppers(ctx context.Context, id uuid.UUID) (*paymentRow, error) {
	pay, err := p.read(ctx, db.ScopeOf(ctx), id)
	if err != nil {
		return nil, err
	}
	who := access.IdentityOf(ctx)
	if who.OrderID == pay.OrderID && who.OrderID != uuid.Nil {
		return pay, nil
	}
	if who.Is(access.Customer) {
		order, err := p.orders.Get(ctx, db.ScopeOf(ctx), pay.OrderID)
		if err == nil && order.CustomerID != nil && *order.CustomerID == who.ID {
			return pay, nil
		}
	}
	return nil, ErrNotFound
}
