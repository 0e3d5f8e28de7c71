package orders_test

import (
	"context"
	"errors"
	"testing"

	"allhours/platform/base/fault"
	"allhours/platform/orders"
	"allhours/platform/orders/orderstest"
)

// The price of delivery is in the cart, is what the shopper agrees to, and is in the order; what is collected or reaches the threshold goes without.
func TestShipping(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 100})
	s.exec(t, `INSERT INTO tax_rates (tenant_id, tax_class, country, basis_points) VALUES ($1, 'standard', 'GB', 2000)`, s.sc.Tenant)
	s.settings.ShippingPrice, s.settings.ShippingFreeFrom = 395, 3000
	cart, token := s.fill(t)
	if cart.Subtotal != 2000 || cart.ShippingTotal != 395 || cart.Total != 2395 || cart.TaxTotal != 399 {
		t.Errorf("cart %d + %d = %d, tax %d", cart.Subtotal, cart.ShippingTotal, cart.Total, cart.TaxTotal)
	}
	pickup, ship := "pickup", "ship"
	if cart, err := s.SetContact(ctx, s.sc, token, orders.ContactInput{FulfilmentType: &pickup, LocationID: &s.locations[0]}); err != nil || cart.ShippingTotal != 0 || cart.Total != 2000 {
		t.Errorf("collected: %d, %d, %v", cart.ShippingTotal, cart.Total, err)
	}
	if _, err := s.SetContact(ctx, s.sc, token, orders.ContactInput{FulfilmentType: &ship}); err != nil {
		t.Fatal(err)
	}
	s.settings.ShippingPrice = 495 // while the shopper types
	_, err := s.CompleteCart(ctx, s.sc, token, "a", nil, complete(2395, "on_delivery"))
	if !errors.Is(err, orders.ErrTotalChanged) || fault.Of(err).Data["total"] != int64(2495) {
		t.Errorf("the price has changed: %v, %v", err, fault.Of(err).Data["total"])
	}
	r, err := s.CompleteCart(ctx, s.sc, token, "b", nil, complete(2495, "on_delivery"))
	if err != nil || r.Order.ShippingTotal != 495 || r.Order.Total != 2495 || r.Order.TaxTotal != 416 {
		t.Errorf("order %+v, %v", r.Order.Summary, err)
	}
	if kept, err := s.Get(ctx, s.sc, r.Order.ID); err != nil || kept.ShippingTotal != 495 || kept.Total != 2495 || kept.Public().ShippingTotal != 495 {
		t.Errorf("kept %+v, %v", kept.Summary, err)
	}
	for n, want := range map[string]int64{"MUG:2": 2495, "MUG:3": 3000} { // by the API; from 3000 on delivery is free
		in := s.order(n)
		in.ExpectedTotal = &want
		if r, err := s.Place(ctx, s.sc, "api "+n, in); err != nil || r.Order.Total != want {
			t.Errorf("%s: %d, %v", n, r.Order.Total, err)
		}
	}
	orderstest.Check(t, s.owner)
}

// The price is one in the shop's own currency: nobody gets his goods delivered for nothing by paying in another.
func TestShippingInAnotherCurrency(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 100})
	s.exec(t, `INSERT INTO price_lists (tenant_id, id, name, currency, is_default, created_at, updated_at) VALUES ($1, gen_random_uuid(), 'USD', 'USD', true, now(), now())`, s.sc.Tenant)
	s.exec(t, `INSERT INTO prices (tenant_id, price_list_id, variant_id, amount) SELECT tenant_id, id, $1, 1500 FROM price_lists WHERE currency = 'USD'`, s.variants["MUG"])
	in := s.order("MUG")
	in.Currency = "USD"
	if r, err := s.Place(ctx, s.sc, "free", in); err != nil || r.Order.Total != 1500 {
		t.Errorf("free delivery: %v", err)
	}
	s.settings.ShippingPrice = 395
	if _, err := s.Place(ctx, s.sc, "priced", in); fault.Of(err).Fields["body.fulfilment_type"].Empty() {
		t.Errorf("an order in dollars: %v", err)
	}
	_, token, err := s.NewCart(ctx, s.sc, "USD", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddLine(ctx, s.sc, token, orders.CartLineInput{VariantID: s.variants["MUG"], Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	ship := "ship"
	cart, err := s.SetContact(ctx, s.sc, token, orders.ContactInput{FulfilmentType: &ship, ShippingAddress: address})
	if err != nil || len(cart.Problems) != 1 || cart.Problems[0].Code != "no_shipping_price" {
		t.Errorf("a cart in dollars: %+v, %v", cart.Problems, err)
	}
}
