package orders

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/tenants/access"
)

// CartOutput is the shopper's cart.
type CartOutput struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      Cart
}

// NewCartRequest is POST /storefront/cart.
type NewCartRequest struct {
	Body struct {
		Currency string `json:"currency,omitempty" maxLength:"3"`
		Language string `json:"language,omitempty" maxLength:"20"`
	}
}

// NewCartHTTP makes a cart and leaves its token with the shopper.
func (o *Orders) NewCartHTTP(ctx context.Context, in *NewCartRequest) (*CartOutput, error) {
	cart, token, err := o.NewCart(ctx, db.ScopeOf(ctx), in.Body.Currency, in.Body.Language)
	if err != nil {
		return nil, err
	}
	cookie := access.ClientOf(ctx).Cookie(access.CartCookie, token, cartLife)
	return &CartOutput{SetCookie: &cookie, Body: cart}, nil
}

func cartAnswer(cart Cart, err error) (*CartOutput, error) {
	if err != nil {
		return nil, err
	}
	return &CartOutput{Body: cart}, nil
}

// CartHTTP shows the cart.
func (o *Orders) CartHTTP(ctx context.Context, _ *struct{}) (*CartOutput, error) {
	return cartAnswer(o.Cart(ctx, db.ScopeOf(ctx), access.ClientOf(ctx).Cart))
}

// SetLinesRequest is PUT /storefront/cart/lines.
type SetLinesRequest struct {
	Body struct {
		Lines []CartLineInput `json:"lines" maxItems:"200" nullable:"false"`
	}
}

// SetLinesHTTP replaces the lines.
func (o *Orders) SetLinesHTTP(ctx context.Context, in *SetLinesRequest) (*CartOutput, error) {
	return cartAnswer(o.SetLines(ctx, db.ScopeOf(ctx), access.ClientOf(ctx).Cart, in.Body.Lines))
}

// AddLineRequest is POST /storefront/cart/lines.
type AddLineRequest struct{ Body CartLineInput }

// AddLineHTTP adds to the cart, which is made where the shopper has none.
func (o *Orders) AddLineHTTP(ctx context.Context, in *AddLineRequest) (*CartOutput, error) {
	sc, token := db.ScopeOf(ctx), access.ClientOf(ctx).Cart
	cart, err := o.AddLine(ctx, sc, token, in.Body)
	if !errors.Is(err, ErrCartNotFound) && !errors.Is(err, ErrCartCompleted) {
		return cartAnswer(cart, err)
	}
	if _, token, err = o.NewCart(ctx, sc, "", ""); err != nil {
		return nil, err
	}
	if cart, err = o.AddLine(ctx, sc, token, in.Body); err != nil {
		return nil, err
	}
	cookie := access.ClientOf(ctx).Cookie(access.CartCookie, token, cartLife)
	return &CartOutput{SetCookie: &cookie, Body: cart}, nil
}

// ContactRequest is PATCH /storefront/cart.
type ContactRequest struct{ Body ContactInput }

// SetContactHTTP changes who orders and where it goes.
func (o *Orders) SetContactHTTP(ctx context.Context, in *ContactRequest) (*CartOutput, error) {
	return cartAnswer(o.SetContact(ctx, db.ScopeOf(ctx), access.ClientOf(ctx).Cart, in.Body))
}

// CompleteCartRequest is POST /storefront/cart/complete.
type CompleteCartRequest struct{ Body CompleteInput }

// CompleteCartOutput is what a cart has become.
type CompleteCartOutput struct {
	Body struct {
		Order      PublicOrder  `json:"order"`
		OrderToken string       `json:"order_token" doc:"Shows the order to whoever has it: for the page of the order and for links."`
		Payment    *PaymentView `json:"payment,omitempty"`
	}
}

// CompleteCartHTTP makes the cart an order.
func (o *Orders) CompleteCartHTTP(ctx context.Context, in *CompleteCartRequest) (*CompleteCartOutput, error) {
	sc, attempt := db.ScopeOf(ctx), db.AttemptOf(ctx)
	var customer *uuid.UUID
	if who := access.IdentityOf(ctx); who.Is(access.Customer) {
		customer = &who.ID
	}
	r, err := o.CompleteCart(ctx, sc, access.ClientOf(ctx).Cart, attempt.Key, customer, in.Body)
	if err != nil {
		return nil, err
	}
	attempt.Replayed = r.Replayed
	out := &CompleteCartOutput{}
	out.Body.Order, out.Body.OrderToken, out.Body.Payment = r.Order.Public(), o.Token(sc.Tenant, r.Order.ID, r.Order.CreatedAt), r.Payment
	return out, nil
}

// mine gives the order if the caller may see it: with its signed link, or as the customer it belongs to. Everybody else learns that there is none.
func (o *Orders) mine(ctx context.Context, id uuid.UUID) (Order, error) {
	who := access.IdentityOf(ctx)
	order, err := o.Get(ctx, db.ScopeOf(ctx), id)
	if err != nil {
		return Order{}, err
	}
	owns := who.Is(access.Customer) && order.CustomerID != nil && *order.CustomerID == who.ID
	if who.OrderID != id && !owns {
		return Order{}, ErrNotFound
	}
	return order, nil
}

// PublicOutput is an order as its customer sees it.
type PublicOutput struct{ Body PublicOrder }

// PublicHTTP shows an order to its customer.
func (o *Orders) PublicHTTP(ctx context.Context, in *IDRequest) (*PublicOutput, error) {
	order, err := o.mine(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &PublicOutput{Body: order.Public()}, nil
}

// CancelMineHTTP cancels an order for its customer.
func (o *Orders) CancelMineHTTP(ctx context.Context, in *IDRequest) (*PublicOutput, error) {
	if _, err := o.mine(ctx, in.ID); err != nil {
		return nil, err
	}
	order, err := o.CancelByShopper(ctx, db.ScopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &PublicOutput{Body: order.Public()}, nil
}

// PayRequest is POST /storefront/orders/{id}/pay.
type PayRequest struct {
	IDRequest
	Body PayInput
}

// PayOutput is the attempt to pay.
type PayOutput struct{ Body PaymentView }

// PayHTTP opens another attempt to pay an order.
func (o *Orders) PayHTTP(ctx context.Context, in *PayRequest) (*PayOutput, error) {
	if _, err := o.mine(ctx, in.ID); err != nil {
		return nil, err
	}
	view, err := o.Pay(ctx, db.ScopeOf(ctx), in.ID, db.AttemptOf(ctx).Key, in.Body)
	if err != nil {
		return nil, err
	}
	return &PayOutput{Body: view}, nil
}

// LookUpRequest is POST /storefront/orders/lookup.
type LookUpRequest struct {
	Body struct {
		Number int64  `json:"number" minimum:"1"`
		Email  string `json:"email" minLength:"3" maxLength:"254"`
	}
}

// LookUpHTTP has the order's link mailed to its customer. The answer is the same whether there is such an order or not.
func (o *Orders) LookUpHTTP(ctx context.Context, in *LookUpRequest) (*struct{}, error) {
	return nil, o.RequestLink(ctx, db.ScopeOf(ctx), in.Body.Number, in.Body.Email)
}

// MineRequest is GET /storefront/me/orders.
type MineRequest struct{ db.PageQuery }

// MineResponse is a page of the customer's orders.
type MineResponse struct{ Body db.Page[PublicSummary] }

// MineHTTP lists the orders of the customer who has signed in.
func (o *Orders) MineHTTP(ctx context.Context, in *MineRequest) (*MineResponse, error) {
	page, err := o.List(ctx, db.ScopeOf(ctx), ListQuery{Filter: Filter{CustomerID: access.IdentityOf(ctx).ID.String()}, PageQuery: in.PageQuery})
	out := &MineResponse{Body: db.Page[PublicSummary]{Items: []PublicSummary{}, NextCursor: page.NextCursor}}
	for _, s := range page.Items {
		out.Body.Items = append(out.Body.Items, s.public())
	}
	return out, err
}
