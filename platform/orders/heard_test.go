package orders_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"allhours/platform/orders"
)

// TestHeard holds that every event of an order that has a customer names the customer: by this the live streams tell him of his orders and nobody else.
func TestHeard(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 9})
	ann := uuid.New()
	s.exec(t, `INSERT INTO customers (tenant_id, id, kind, email, created_at, updated_at) VALUES ($1, $2, 'account', 'ann@example.com', now(), now())`, s.sc.Tenant, ann)
	in := s.order("MUG:1")
	in.Customer.ID = &ann
	placed, err := s.Place(ctx, s.sc, uuid.NewString(), in)
	if err != nil {
		t.Fatal(err)
	}
	o := placed.Order
	if _, err := s.Cancel(ctx, s.sc, o.ID, orders.CancelInput{Reason: "changed my mind"}); err != nil {
		t.Fatal(err)
	}
	rows, err := s.owner.Query(ctx, `SELECT type, COALESCE(payload->>'customer_id', '') FROM outbox_events WHERE subject = $1 AND type IN ('order.placed', 'order.cancelled')`, o.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var n int
	for ; rows.Next(); n++ {
		var typ, customer string
		if err := rows.Scan(&typ, &customer); err != nil {
			t.Fatal(err)
		}
		if customer != ann.String() {
			t.Errorf("%s says %q is whose order it is", typ, customer)
		}
	}
	if n != 2 {
		t.Errorf("%d events", n)
	}
}
