package orders

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
)

// cartLife is how long a cart lives after it was last changed.
const cartLife = 30 * 24 * time.Hour

// ErrCartNotFound answers a token that leads to no open cart.
var ErrCartNotFound = fault.New(fault.NotFound, "cart.not_found", "This cart does not exist any more. Start a new one.")

// Cart is what a shopper gathers, at the prices and with the supply of this moment. Amounts are minor units of Currency.
type Cart struct {
	ID              uuid.UUID   `json:"id"`
	Status          string      `json:"status" enum:"open,completed"`
	OrderID         *uuid.UUID  `json:"order_id,omitempty" doc:"What a completed cart has become."`
	Currency        string      `json:"currency"`
	Language        string      `json:"language,omitempty"`
	Email           string      `json:"email"`
	Phone           string      `json:"phone"`
	Name            string      `json:"name"`
	FulfilmentType  string      `json:"fulfilment_type"`
	LocationID      *uuid.UUID  `json:"location_id,omitempty"`
	ShippingAddress *Address    `json:"shipping_address,omitempty"`
	Note            string      `json:"note"`
	Lines           []CartLine  `json:"lines" nullable:"false"`
	Subtotal        int64       `json:"subtotal"`
	DiscountTotal   int64       `json:"discount_total"`
	ShippingTotal   int64       `json:"shipping_total"`
	TaxTotal        int64       `json:"tax_total"`
	Total           int64       `json:"total"`
	TaxIncluded     bool        `json:"tax_included"`
	Problems        []CartIssue `json:"problems" nullable:"false" doc:"Everything that keeps the cart from being ordered, at once."`
	ExpiresAt       time.Time   `json:"expires_at"`
	Version         int64       `json:"version"`
	stored          []storedLine
	relined         bool // stored is not as it was read
}

// CartLine is a variant in a cart.
type CartLine struct {
	ID               uuid.UUID         `json:"id"`
	VariantID        uuid.UUID         `json:"variant_id"`
	SKU              string            `json:"sku"`
	Title            map[string]string `json:"title"`
	Options          map[string]string `json:"options"`
	Image            string            `json:"image"`
	Slug             string            `json:"slug,omitempty" doc:"Of the product's page."`
	Quantity         int               `json:"quantity"`
	UnitPrice        int64             `json:"unit_price"`
	Total            int64             `json:"total"`
	Availability     string            `json:"availability" enum:"in_stock,low,out"`
	Left             *int64            `json:"left,omitempty" doc:"How many can be had; absent where supply has no end."`
	Problem          *Problem          `json:"problem,omitempty"`
	PriceChangedFrom *int64            `json:"price_changed_from,omitempty" doc:"The unit price last shown, where it is another now."`
}

// CartIssue is something that keeps the cart from being ordered.
type CartIssue struct {
	Field string `json:"field"`
	Problem
}

type storedLine struct {
	ID        uuid.UUID `json:"id"`
	VariantID uuid.UUID `json:"variant_id"`
	Quantity  int       `json:"quantity"`
	SeenPrice *int64    `json:"seen_price"`
}

// lowLeft is from when on a line says that little is left.
const lowLeft = 5

// CartLineInput wants a quantity of a variant; 0 takes it out of the cart.
type CartLineInput struct {
	VariantID uuid.UUID `json:"variant_id"`
	Quantity  int       `json:"quantity" minimum:"0" maximum:"1000000"`
}

// NewCart makes an empty cart and the token that its shopper keeps.
func (o *Orders) NewCart(ctx context.Context, sc db.Scope, currency, language string) (Cart, string, error) {
	shop, err := o.shops(ctx, sc)
	if err != nil {
		return Cart{}, "", err
	}
	if currency == "" {
		currency = shop.Currency
	}
	if language == "" {
		language = shop.Language
	}
	secret := make([]byte, 24)
	rand.Read(secret)
	hash := sha256.Sum256(secret)
	cart := Cart{ID: db.NewID(), Status: "open", Currency: strings.ToUpper(currency), Language: language, Version: 1}
	err = o.db.Pipeline(ctx, sc, func(b *pgx.Batch) {
		b.Queue(`INSERT INTO carts (tenant_id, id, token_hash, currency, language, expires_at, created_at, updated_at)
			SELECT $1, $2, $3, $4, $5, t + $6, t, t FROM (SELECT COALESCE($7, now()) AS t) AS x RETURNING expires_at`,
			sc.Tenant, cart.ID, hash[:], cart.Currency, cart.Language, cartLife, o.db.Frozen()).QueryRow(func(r pgx.Row) error { return r.Scan(&cart.ExpiresAt) })
	})
	if err != nil {
		return Cart{}, "", fmt.Errorf("make cart: %w", err)
	}
	cart.ExpiresAt = cart.ExpiresAt.UTC()
	_, err = o.appraise(ctx, sc, &cart, nil, nil)
	return cart, base64.RawURLEncoding.EncodeToString(append(cart.ID[:], secret...)), err
}

// Cart shows the cart of the token.
func (o *Orders) Cart(ctx context.Context, sc db.Scope, token string) (Cart, error) {
	cart, err := o.peekCart(ctx, sc, token)
	if err != nil {
		return Cart{}, err
	}
	goods, err := o.goodsOf(ctx, sc, &cart)
	if err != nil {
		return Cart{}, err
	}
	var sources map[inventory.Key][]inventory.Source
	if keys := suppliesOf(goods); len(keys) > 0 {
		if sources, err = o.inventory.Sources(ctx, sc, keys); err != nil {
			return Cart{}, err
		}
	}
	_, err = o.appraise(ctx, sc, &cart, goods, leftOf(goods, sources, cart.LocationID))
	return cart, err
}

// SetLines replaces the lines of the cart.
func (o *Orders) SetLines(ctx context.Context, sc db.Scope, token string, lines []CartLineInput) (Cart, error) {
	for i, l := range lines {
		if slices.ContainsFunc(lines[:i], func(m CartLineInput) bool { return m.VariantID == l.VariantID }) {
			return Cart{}, errInvalid.Field(fmt.Sprintf("body.lines[%d].variant_id", i), "the same variant is on an earlier line; add the quantities")
		}
	}
	return o.changeLines(ctx, sc, token, lines, func(*Cart) []CartLineInput { return lines })
}

// AddLine adds a quantity of a variant to what the cart has of it.
func (o *Orders) AddLine(ctx context.Context, sc db.Scope, token string, line CartLineInput) (Cart, error) {
	return o.changeLines(ctx, sc, token, []CartLineInput{line}, func(cart *Cart) []CartLineInput {
		lines, found := []CartLineInput{}, false
		for _, l := range cart.stored {
			q := l.Quantity
			if l.VariantID == line.VariantID {
				q, found = q+line.Quantity, true
			}
			lines = append(lines, CartLineInput{l.VariantID, q})
		}
		if !found {
			lines = append(lines, line)
		}
		return lines
	})
}

func (o *Orders) changeLines(ctx context.Context, sc db.Scope, token string, asked []CartLineInput, lines func(*Cart) []CartLineInput) (Cart, error) {
	ids := make([]uuid.UUID, len(asked))
	for i, l := range asked {
		ids[i] = l.VariantID
		if l.Quantity < 0 || l.Quantity > 1_000_000 {
			return Cart{}, errInvalid.Field(fmt.Sprintf("body.lines[%d].quantity", i), "must be from 0 to 1,000,000")
		}
	}
	return o.changeCart(ctx, sc, token, func(cart *Cart) error {
		goods, err := o.catalog.Sellables(ctx, sc, ids, cart.Currency)
		if err != nil {
			return err
		}
		return cart.put(lines(cart), goods)
	})
}

// ContactInput changes what is not nil.
type ContactInput struct {
	Email           *string    `json:"email,omitempty" maxLength:"254"`
	Phone           *string    `json:"phone,omitempty" maxLength:"40"`
	Name            *string    `json:"name,omitempty" maxLength:"200"`
	FulfilmentType  *string    `json:"fulfilment_type,omitempty" enum:"ship,pickup,digital"`
	LocationID      *uuid.UUID `json:"location_id,omitempty"`
	ShippingAddress *Address   `json:"shipping_address,omitempty"`
	Note            *string    `json:"note,omitempty" maxLength:"2000"`
	Language        *string    `json:"language,omitempty" maxLength:"20" doc:"Of the letters about the order."`
}

// SetContact changes who orders and where it goes. Only malformed values are refused: what is still missing is asked for when the cart is completed.
func (o *Orders) SetContact(ctx context.Context, sc db.Scope, token string, in ContactInput) (Cart, error) {
	return o.changeCart(ctx, sc, token, func(cart *Cart) error {
		for to, from := range map[*string]*string{&cart.Email: in.Email, &cart.Phone: in.Phone, &cart.Name: in.Name, &cart.FulfilmentType: in.FulfilmentType, &cart.Note: in.Note, &cart.Language: in.Language} {
			if from != nil {
				*to = strings.TrimSpace(*from)
			}
		}
		if in.LocationID != nil {
			cart.LocationID = in.LocationID
		}
		if in.ShippingAddress != nil {
			cart.ShippingAddress = in.ShippingAddress
		}
		bad := *errInvalid
		blame := func(field, format string, args ...any) { bad = *bad.Field("body."+field, format, args...) }
		cart.contact().checkShape(blame, "")
		if in.ShippingAddress != nil {
			in.ShippingAddress.check(blame, "shipping_address.")
		}
		if len(bad.Fields) > 0 {
			return &bad
		}
		return nil
	})
}

func (c *Cart) contact() Contact {
	return Contact{Email: c.Email, Phone: c.Phone, Name: c.Name, FulfilmentType: c.FulfilmentType, LocationID: c.LocationID, ShippingAddress: c.ShippingAddress, Note: c.Note}
}

// changeCart reads the cart, lets do change it, and writes it if nobody else has meanwhile; otherwise it begins again.
func (o *Orders) changeCart(ctx context.Context, sc db.Scope, token string, do func(cart *Cart) error) (Cart, error) {
	for range 5 {
		cart, err := o.peekCart(ctx, sc, token)
		if err != nil {
			return Cart{}, err
		}
		if cart.Status != "open" {
			return Cart{}, ErrCartCompleted.With("order_id", cart.OrderID)
		}
		if err := do(&cart); err != nil {
			return Cart{}, err
		}
		goods, err := o.goodsOf(ctx, sc, &cart)
		if err != nil {
			return Cart{}, err
		}
		sources, written, err := o.writeCart(ctx, sc, &cart, suppliesOf(goods))
		if err != nil {
			return Cart{}, err
		}
		if written {
			_, err = o.appraise(ctx, sc, &cart, goods, leftOf(goods, sources, cart.LocationID))
			return cart, err
		}
	}
	return Cart{}, ErrCartChanged
}

// put makes these the cart's lines. Whoever changes a line sees its present price, so this is what he has seen.
func (c *Cart) put(lines []CartLineInput, goods map[uuid.UUID]catalog.Sellable) error {
	lines = slices.DeleteFunc(slices.Clone(lines), func(l CartLineInput) bool { return l.Quantity == 0 })
	if len(lines) > maxLines {
		return errInvalid.Field("body.lines", "a cart can have %d lines at the most", maxLines)
	}
	old := c.stored
	c.stored, c.relined = make([]storedLine, len(lines)), true
	for i, l := range lines {
		s := storedLine{ID: db.NewID(), VariantID: l.VariantID, Quantity: min(l.Quantity, 1_000_000)}
		good, known := goods[l.VariantID]
		if at := slices.IndexFunc(old, func(x storedLine) bool { return x.VariantID == l.VariantID }); at >= 0 {
			s.ID, s.SeenPrice = old[at].ID, old[at].SeenPrice
		} else if !known {
			return errInvalid.Field(fmt.Sprintf("body.lines[%d].variant_id", i), "there is no such variant in this shop")
		}
		if unit, ok := good.UnitPrice(l.Quantity); ok && known {
			s.SeenPrice = &unit
		}
		c.stored[i] = s
	}
	return nil
}
