package orders

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// CompleteInput turns a cart into an order.
type CompleteInput struct {
	ExpectedTotal *int64 `json:"expected_total" doc:"The total that the shopper has seen; another one is refused with 409 order.total_changed."`
	PaymentMethod string `json:"payment_method" minLength:"1" maxLength:"100"`
	ReturnURL     string `json:"return_url,omitempty" maxLength:"2000" format:"uri-reference"`
}

// CompleteCart makes the cart an order in three phases. PREPARE, one transaction: what the key has made is given again, totals are worked out anew and held against expected_total,
// supply is reserved, and the order is there, one per cart. PAYMENT, no transaction: the method's plugin opens a payment. FINALIZE, one transaction: PaymentChangedTx places the
// order when the money is there; orders to be paid by hand are placed by PREPARE. A crash in between leaves a draft that the same key takes up again or that expires.
func (o *Orders) CompleteCart(ctx context.Context, sc db.Scope, token, key string, customer *uuid.UUID, in CompleteInput) (Receipt, error) {
	id, _, ok := splitToken(token)
	if !ok {
		return Receipt{}, ErrCartNotFound
	}
	hash, err := db.HashOf([]any{id, in})
	if err != nil {
		return Receipt{}, err
	}
	c := claim{hash: hash}
	if key != "" {
		c.key = "order:cart:" + id.String() + ":" + key
	}
	pay := PaymentInput{Method: in.PaymentMethod, ReturnURL: in.ReturnURL}
	return o.place(ctx, sc, c, pay, func(shop Shop) (*placing, error) { return o.priceCart(ctx, sc, shop, token, customer, in) })
}

// priceCart makes the order that the cart comes to now.
func (o *Orders) priceCart(ctx context.Context, sc db.Scope, shop Shop, token string, customer *uuid.UUID, in CompleteInput) (*placing, error) {
	cart, err := o.peekCart(ctx, sc, token)
	if err != nil {
		return nil, err
	}
	if cart.Status == "completed" {
		return nil, ErrCartCompleted.With("order_id", cart.OrderID)
	}
	byID, err := o.goodsOf(ctx, sc, &cart)
	if err != nil {
		return nil, err
	}
	goods, err := o.appraise(ctx, sc, &cart, byID, nil) // placing looks at the supply
	if err != nil {
		return nil, err
	}
	if err := cart.ready(shop, in); err != nil {
		return nil, err
	}
	taxes, err := o.catalog.Taxes(ctx, sc)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, len(goods))
	for i, g := range goods {
		lines[i] = lineOf(i+1, g.Sellable, cart.Lines[i].Quantity, cart.Lines[i].UnitPrice)
	}
	p := newPlacing(sc, PlaceInput{
		Channel: "storefront", FulfilmentType: cart.FulfilmentType, LocationID: cart.LocationID, ShippingAddress: cart.ShippingAddress, Language: cart.Language, Note: cart.Note,
		Customer: CustomerInput{ID: customer, Email: cart.Email, Name: cart.Name, Phone: cart.Phone},
	}, cart.Currency, lines)
	p.setTotals(goods, taxes, shop)
	if p.row.Total != cart.Total { // the shop's settings or taxes have changed since the cart was looked at, a moment ago
		return nil, ErrTotalChanged.With("total", p.row.Total).With("currency", cart.Currency)
	}
	p.row.CartID, p.cartVersion = &cart.ID, cart.Version
	return p, nil
}

// ready refuses a cart that cannot be ordered, with everything that is wrong at once. What is out of stock is left to the placing, which knows.
func (c *Cart) ready(shop Shop, in CompleteInput) error {
	bad := *fault.New(fault.Invalid, "cart.not_ready", "The cart cannot be ordered like this. See the fields.")
	blame := func(field, format string, args ...any) { bad = *bad.Field("body."+field, format, args...) }
	for _, p := range c.Problems {
		if p.Code != problemSoldOut.Code && p.Code != problemTooFew.Code {
			bad = *bad.Blame("body."+p.Field, p.why)
		}
	}
	c.contact().check(blame, "")
	if c.Email == "" && c.Phone == "" {
		blame("email", "an e-mail address or a phone number is needed, to reach you about the order")
	}
	switch {
	case in.PaymentMethod == "":
		blame("payment_method", "choose how to pay")
	case byHand(in.PaymentMethod) && !slices.Contains(shop.ByHand, in.PaymentMethod):
		blame("payment_method", "this shop does not take %q", in.PaymentMethod)
	}
	if len(bad.Fields) > 0 {
		return &bad
	}
	if in.ExpectedTotal == nil || *in.ExpectedTotal != c.Total {
		return ErrTotalChanged.With("total", c.Total).With("currency", c.Currency).With("cart", c)
	}
	return nil
}
