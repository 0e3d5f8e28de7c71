package orders

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
)

// PlaceInput is an order in one call.
type PlaceInput struct {
	Customer        CustomerInput `json:"customer,omitempty"`
	Channel         string        `json:"-"`
	ExternalRef     string        `json:"external_ref,omitempty" maxLength:"100" doc:"Your own number for the order; unique."`
	FulfilmentType  string        `json:"fulfilment_type" enum:"ship,pickup,digital"`
	LocationID      *uuid.UUID    `json:"location_id,omitempty" doc:"Where it is taken from; needed for pickup."`
	ShippingAddress *Address      `json:"shipping_address,omitempty" doc:"Needed for ship."`
	Lines           []LineInput   `json:"lines" minItems:"1" maxItems:"200" nullable:"false"`
	Currency        string        `json:"currency,omitempty" maxLength:"3" doc:"The shop's own where it is left out."`
	Payment         PaymentInput  `json:"payment,omitempty"`
	ExpectedTotal   *int64        `json:"expected_total,omitempty" doc:"The total you have shown; another one is refused with 409 order.total_changed."`
	Note            string        `json:"note,omitempty" maxLength:"2000"`
	Tags            []string      `json:"tags,omitempty" maxItems:"20"`
	Language        string        `json:"language,omitempty" maxLength:"20"`
}

// CustomerInput is who orders.
type CustomerInput struct {
	ID    *uuid.UUID `json:"id,omitempty"`
	Email string     `json:"email,omitempty" maxLength:"254"`
	Name  string     `json:"name,omitempty" maxLength:"200"`
	Phone string     `json:"phone,omitempty" maxLength:"40"`
}

// LineInput asks for a quantity of a variant, by its id or its SKU.
type LineInput struct {
	VariantID *uuid.UUID `json:"variant_id,omitempty"`
	SKU       string     `json:"sku,omitempty" maxLength:"100"`
	Quantity  int        `json:"quantity" minimum:"1" maximum:"1000000"`
}

// PaymentInput is how it will be paid.
type PaymentInput struct {
	Method    string `json:"method,omitempty" maxLength:"100" doc:"manual (the default), on_delivery, or <installation>/<method> of a payment plugin."`
	ReturnURL string `json:"return_url,omitempty" maxLength:"2000" format:"uri-reference"`
}

// Receipt is what placing gives back.
type Receipt struct {
	Order    Order
	Payment  *PaymentView // of a method of a plugin
	Replayed bool         // the key had made this order before
}

// byHand reports whether the method moves no money through a plugin: such an order is placed at once.
func byHand(method string) bool { return method == "manual" || method == "on_delivery" }

// Place makes an order in one call, or gives again the order that the key has made. Orders to be paid by hand are placed at once; the others are drafts that hold their stock
// while their payment, which is started, is open. Errors: Invalid with all the fields that are wrong, ErrOutOfStock, ErrTotalChanged, db.ErrKeyReused, ErrBusy.
func (o *Orders) Place(ctx context.Context, sc db.Scope, key string, in PlaceInput) (Receipt, error) {
	if in.Payment.Method == "" {
		in.Payment.Method = "manual"
	}
	hash, err := db.HashOf(in)
	if err != nil {
		return Receipt{}, err
	}
	return o.place(ctx, sc, claim{key: claimKey(sc.Actor, key), hash: hash}, in.Payment, func(shop Shop) (*placing, error) { return o.price(ctx, sc, shop, in) })
}

// claim is an idempotency key and the request it stands for; the zero claim is none.
type claim struct {
	key  string
	hash []byte
}

func claimKey(a db.Actor, key string) string {
	if key == "" {
		return ""
	}
	return "order:place:" + a.Kind + ":" + a.ID + ":" + key
}

// place prepares with price and the placing queue, then starts the payment. What was priced on products that have changed since is priced again.
func (o *Orders) place(ctx context.Context, sc db.Scope, c claim, pay PaymentInput, price func(Shop) (*placing, error)) (Receipt, error) {
	shop, err := o.shops(ctx, sc)
	if err != nil {
		return Receipt{}, err
	}
	r, err := o.prepare(ctx, sc, shop, c, pay, price)
	if err != nil {
		return o.replayInstead(ctx, sc, c, pay, err)
	}
	return o.startPayment(ctx, sc, r, c, pay)
}

func (o *Orders) prepare(ctx context.Context, sc db.Scope, shop Shop, c claim, pay PaymentInput, price func(Shop) (*placing, error)) (Receipt, error) {
	for try := 0; ; try++ {
		p, err := price(shop)
		if err != nil {
			return Receipt{}, err
		}
		p.claim, p.plan = c, shop.OrdersMonth
		if err := o.setStatus(ctx, sc, shop, p, pay.Method); err != nil {
			return Receipt{}, err
		}
		out, err := o.queue.place(ctx, sc, p)
		if err != nil {
			return Receipt{}, err
		}
		switch out.Outcome {
		case "placed":
			return Receipt{Order: p.asPlaced(out)}, nil
		case "replayed":
			placed, err := o.replay(ctx, sc, *out.OrderID)
			return Receipt{Order: placed, Replayed: true}, err
		case "key_reused":
			return Receipt{}, db.ErrKeyReused
		case "short":
			return Receipt{}, outOfStock(p.row.Lines, out.Detail)
		case "over_plan":
			return Receipt{}, ErrPlanOrders
		case "cart_done":
			return Receipt{}, ErrCartCompleted.With("order_id", out.OrderID)
		case "cart_moved":
			return Receipt{}, ErrCartChanged
		case "stale":
			o.catalog.Forget(sc.Tenant)
			if try == 4 {
				return Receipt{}, ErrBusy
			}
		default:
			return Receipt{}, fmt.Errorf("placing answered %q", out.Outcome)
		}
	}
}

// setStatus decides where in its lifecycle the order begins.
func (o *Orders) setStatus(ctx context.Context, sc db.Scope, shop Shop, p *placing, method string) error {
	p.row.PaymentMethod = method
	switch {
	case byHand(method) && shop.ConfirmOrders && p.row.Channel != "staff": // what the staff has taken is confirmed by that
		p.row.Status = AwaitingConfirmation
	case byHand(method), p.row.Total == 0:
		p.row.Status = Placed
	case o.payer == nil:
		return errInvalid.Field("body.payment.method", `only "manual" and "on_delivery" are possible here`)
	default:
		if err := o.payer.Accepts(ctx, sc, method, p.row.Currency); err != nil {
			return err
		}
		p.row.Status, p.expires = Draft, shop.UnpaidExpiry
	}
	if p.row.Total == 0 {
		p.row.PaymentStatus = Paid
	}
	return nil
}

// replayInstead answers a request that cannot be placed now with what it made when it was sent before, if it was: a total that has changed since must not hide
// the order that was placed.
func (o *Orders) replayInstead(ctx context.Context, sc db.Scope, c claim, pay PaymentInput, cause error) (Receipt, error) {
	if c.key == "" || errors.Is(cause, db.ErrKeyReused) || errors.Is(cause, ErrBusy) {
		return Receipt{}, cause
	}
	id, found, err := o.claimed(ctx, sc, c)
	if err != nil {
		return Receipt{}, err
	}
	if !found {
		return Receipt{}, cause
	}
	placed, err := o.replay(ctx, sc, id)
	if err != nil {
		return Receipt{}, err
	}
	return o.startPayment(ctx, sc, Receipt{Order: placed, Replayed: true}, c, pay)
}

// startPayment opens the payment of a draft. A crash before it leaves a draft that the same key takes up again here, or that expires.
func (o *Orders) startPayment(ctx context.Context, sc db.Scope, r Receipt, c claim, pay PaymentInput) (Receipt, error) {
	if r.Order.Status != Draft {
		return r, nil
	}
	key := c.key
	if key == "" {
		key = r.Order.ID.String()
	}
	view, err := o.payer.Start(ctx, sc, StartPayment{
		OrderID: r.Order.ID, Method: pay.Method, Amount: r.Order.Total, Currency: r.Order.Currency, Email: r.Order.Email, ReturnURL: pay.ReturnURL, Key: key,
	})
	if err != nil {
		return r, err
	}
	r.Payment = &view
	r.Order.Payments = []PaymentView{view}
	return r, nil
}

// price validates the input against the shop and its catalog and makes the order to be placed.
func (o *Orders) price(ctx context.Context, sc db.Scope, shop Shop, in PlaceInput) (*placing, error) {
	bad := *errInvalid
	blame := func(field, format string, args ...any) { bad = *bad.Field("body."+field, format, args...) }
	in.validate(blame)
	currency := strings.ToUpper(in.Currency)
	if currency == "" {
		currency = shop.Currency
	}
	goods, err := o.goods(ctx, sc, in.Lines, currency)
	if err != nil {
		return nil, err
	}
	taxes, err := o.catalog.Taxes(ctx, sc)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, 0, len(goods))
	for i, g := range goods {
		unit, p := priceLine(g.Sellable, g.known, in.Lines[i].Quantity, in.FulfilmentType)
		if p != nil {
			field := fmt.Sprintf("lines[%d].quantity", i)
			if !g.known {
				field = fmt.Sprintf("lines[%d].variant_id", i)
			}
			bad = *bad.Blame("body."+field, p.why)
		}
		lines = append(lines, lineOf(i+1, g.Sellable, in.Lines[i].Quantity, unit))
	}
	if !shop.ships(in.FulfilmentType, currency) {
		bad = *bad.Blame("body.fulfilment_type", problemShipping.why)
	}
	if len(bad.Fields) > 0 {
		return nil, &bad
	}
	p := newPlacing(sc, in, currency, lines)
	p.setTotals(goods, taxes, shop)
	if p.row.Language == "" {
		p.row.Language = shop.Language
	}
	if in.ExpectedTotal != nil && *in.ExpectedTotal != p.row.Total {
		return nil, ErrTotalChanged.With("total", p.row.Total).With("currency", currency)
	}
	return p, nil
}

// good is a variant looked up.
type good struct {
	catalog.Sellable
	known bool
}

// goods looks the variants of the lines up, in their order.
func (o *Orders) goods(ctx context.Context, sc db.Scope, lines []LineInput, currency string) ([]good, error) {
	var ids []uuid.UUID
	var skus []string
	for _, l := range lines {
		if l.VariantID != nil {
			ids = append(ids, *l.VariantID)
		} else {
			skus = append(skus, l.SKU)
		}
	}
	out := make([]good, len(lines))
	if len(ids) > 0 {
		byID, err := o.catalog.Sellables(ctx, sc, ids, currency)
		if err != nil {
			return nil, err
		}
		for i, l := range lines {
			if l.VariantID != nil {
				out[i].Sellable, out[i].known = byID[*l.VariantID], byID[*l.VariantID].VariantID == *l.VariantID
			}
		}
	}
	if len(skus) > 0 {
		bySKU, err := o.catalog.SellablesBySKU(ctx, sc, skus, currency)
		if err != nil {
			return nil, err
		}
		for i, l := range lines {
			if l.VariantID == nil {
				out[i].Sellable, out[i].known = bySKU[l.SKU], bySKU[l.SKU].SKU == l.SKU && l.SKU != ""
			}
		}
	}
	return out, nil
}

// outOfStock names the lines that were short of supply.
func outOfStock(lines []Line, short []shortage) error {
	type line struct {
		Line   int    `json:"line"`
		SKU    string `json:"sku"`
		Wanted int64  `json:"wanted"`
		Left   int64  `json:"left"`
	}
	var out []line
	e := ErrOutOfStock
	for _, l := range lines {
		for _, u := range l.Uses {
			for _, s := range short {
				if s.Kind == u.Kind && s.Key == u.Key {
					left := max(s.Left, 0) / u.Quantity
					out = append(out, line{l.Line, l.SKU, int64(l.Quantity), left})
					e = e.Field(fmt.Sprintf("body.lines[%d].quantity", l.Line-1), "%d left", left)
				}
			}
		}
	}
	return e.With("lines", out)
}

// validate blames every field of the input that is wrong by itself.
func (in *PlaceInput) validate(blame blamer) {
	if len(in.Lines) == 0 || len(in.Lines) > maxLines {
		blame("lines", "must have 1 to %d lines", maxLines)
	}
	for i, l := range in.Lines {
		if l.VariantID == nil && l.SKU == "" {
			blame(fmt.Sprintf("lines[%d].sku", i), "give a variant_id or a sku")
		}
		if l.Quantity < 1 || l.Quantity > 1_000_000 {
			blame(fmt.Sprintf("lines[%d].quantity", i), "must be from 1 to 1,000,000")
		}
	}
	checkText(blame, "note", in.Note, 2000)
	checkText(blame, "external_ref", in.ExternalRef, 100)
	checkText(blame, "language", in.Language, 20)
	for i, t := range in.Tags {
		checkText(blame, fmt.Sprintf("tags[%d]", i), t, 50)
	}
	contact := Contact{Email: in.Customer.Email, Phone: in.Customer.Phone, Name: in.Customer.Name, FulfilmentType: in.FulfilmentType, LocationID: in.LocationID, ShippingAddress: in.ShippingAddress}
	contact.check(blame, "customer.")
}
