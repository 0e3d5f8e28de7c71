package orders

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
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
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
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
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		cart.ExpiresAt = tx.Now.Add(cartLife)
		return tx.Exec(`INSERT INTO carts (tenant_id, id, token_hash, currency, language, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			sc.Tenant, cart.ID, hash[:], cart.Currency, cart.Language, cart.ExpiresAt, tx.Now, tx.Now).Error
	})
	if err != nil {
		return Cart{}, "", fmt.Errorf("make cart: %w", err)
	}
	_, err = o.appraise(ctx, sc, &cart, true)
	return cart, base64.RawURLEncoding.EncodeToString(append(cart.ID[:], secret...)), err
}

// Cart shows the cart of the token.
func (o *Orders) Cart(ctx context.Context, sc db.Scope, token string) (Cart, error) {
	cart, err := o.peekCart(ctx, sc, token)
	if err != nil {
		return Cart{}, err
	}
	_, err = o.appraise(ctx, sc, &cart, true)
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

// changeLines looks up what is asked for before it takes a connection: whoever held one and waited for another could wait for ever.
func (o *Orders) changeLines(ctx context.Context, sc db.Scope, token string, asked []CartLineInput, lines func(*Cart) []CartLineInput) (Cart, error) {
	seen, err := o.peekCart(ctx, sc, token)
	if err != nil {
		return Cart{}, err
	}
	ids := make([]uuid.UUID, len(asked))
	for i, l := range asked {
		ids[i] = l.VariantID
		if l.Quantity < 0 || l.Quantity > 1_000_000 {
			return Cart{}, errInvalid.Field(fmt.Sprintf("body.lines[%d].quantity", i), "must be from 0 to 1,000,000")
		}
	}
	goods, err := o.catalog.Sellables(ctx, sc, ids, seen.Currency)
	if err != nil {
		return Cart{}, err
	}
	return o.changeCart(ctx, sc, token, func(tx *db.Tx, cart *Cart) error {
		return putLines(tx, cart, lines(cart), goods)
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
}

// SetContact changes who orders and where it goes. Only malformed values are refused: what is still missing is asked for when the cart is completed.
func (o *Orders) SetContact(ctx context.Context, sc db.Scope, token string, in ContactInput) (Cart, error) {
	return o.changeCart(ctx, sc, token, func(tx *db.Tx, cart *Cart) error {
		for to, from := range map[*string]*string{&cart.Email: in.Email, &cart.Phone: in.Phone, &cart.Name: in.Name, &cart.FulfilmentType: in.FulfilmentType, &cart.Note: in.Note} {
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
		blame := func(field, message string) { bad = *bad.Field("body."+field, message) }
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

func (o *Orders) changeCart(ctx context.Context, sc db.Scope, token string, do func(tx *db.Tx, cart *Cart) error) (cart Cart, err error) {
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		cart, err = lockCart(tx, token)
		if err != nil {
			return err
		}
		if cart.Status != "open" {
			return ErrCartCompleted.With("order_id", cart.OrderID)
		}
		if err := do(tx, &cart); err != nil {
			return err
		}
		return writeCart(tx, &cart)
	})
	if err != nil {
		return Cart{}, err
	}
	_, err = o.appraise(ctx, sc, &cart, true)
	return cart, err
}

// putLines makes these the cart's lines. Whoever changes a line sees its present price, so this is what he has seen.
func putLines(tx *db.Tx, cart *Cart, lines []CartLineInput, goods map[uuid.UUID]catalog.Sellable) error {
	lines = slices.DeleteFunc(slices.Clone(lines), func(l CartLineInput) bool { return l.Quantity == 0 })
	if len(lines) > maxLines {
		return errInvalid.Field("body.lines", fmt.Sprintf("a cart can have %d lines at the most", maxLines))
	}
	old := cart.stored
	cart.stored = make([]storedLine, len(lines))
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
		cart.stored[i] = s
	}
	return writeCartLines(tx, cart)
}

// appraise fills in what the cart comes to now and what stands in its way, with or without a look at the supply, and gives the goods of its lines.
func (o *Orders) appraise(ctx context.Context, sc db.Scope, cart *Cart, supply bool) ([]good, error) {
	ids := make([]uuid.UUID, len(cart.stored))
	for i, l := range cart.stored {
		ids[i] = l.VariantID
	}
	byID, err := o.catalog.Sellables(ctx, sc, ids, cart.Currency)
	if err != nil {
		return nil, err
	}
	taxes, err := o.catalog.Taxes(ctx, sc)
	if err != nil {
		return nil, err
	}
	shop, err := o.shops(ctx, sc)
	if err != nil {
		return nil, err
	}
	left := map[uuid.UUID]*int64{}
	if supply {
		if left, err = o.left(ctx, sc, byID, cart.LocationID); err != nil {
			return nil, err
		}
	}
	cart.Lines, cart.Problems = []CartLine{}, []CartIssue{}
	var priced []Line
	var sold []catalog.Sellable
	goods := make([]good, len(cart.stored))
	for i, l := range cart.stored {
		s, known := byID[l.VariantID]
		goods[i] = good{s, known}
		line := cartLine(l, s, known, cart.FulfilmentType, left[l.VariantID])
		if line.Problem != nil {
			cart.Problems = append(cart.Problems, CartIssue{fmt.Sprintf("lines[%d]", i), line.Problem.Code, line.Problem.Message})
		}
		if line.UnitPrice > 0 || line.Problem == nil {
			p := lineOf(i+1, s, l.Quantity, line.UnitPrice)
			priced, sold = append(priced, p), append(sold, s)
			if l.Quantity == 0 || line.UnitPrice <= maxLineAmount/int64(l.Quantity) {
				line.Total = line.UnitPrice * int64(l.Quantity)
			} else {
				priced, sold = priced[:len(priced)-1], sold[:len(sold)-1]
			}
		}
		cart.Lines = append(cart.Lines, line)
	}
	if len(cart.Lines) == 0 {
		cart.Problems = append(cart.Problems, CartIssue{"lines", "empty", "The cart is empty."})
	}
	t := total(priced, sold, taxes, country(shop, cart.FulfilmentType, cart.ShippingAddress))
	cart.Subtotal, cart.DiscountTotal, cart.ShippingTotal, cart.TaxTotal, cart.Total, cart.TaxIncluded = t.Subtotal, t.Discount, t.Shipping, t.Tax, t.Total, t.Included
	return goods, nil
}

func cartLine(l storedLine, s catalog.Sellable, known bool, fulfilment string, left *int64) CartLine {
	line := CartLine{
		ID: l.ID, VariantID: l.VariantID, SKU: s.SKU, Title: s.Title, Options: s.Options, Image: s.Image, Slug: s.Slug, Quantity: l.Quantity, Left: left, Availability: "in_stock",
	}
	if line.Title == nil {
		line.Title = map[string]string{}
	}
	if line.Options == nil {
		line.Options = map[string]string{}
	}
	line.UnitPrice, line.Problem = priceLine(s, known, l.Quantity, fulfilment)
	if left != nil {
		switch {
		case *left <= 0:
			line.Availability = "out"
		case *left <= lowLeft:
			line.Availability = "low"
		}
		if line.Problem == nil && *left <= 0 {
			line.Problem = &problemSoldOut
		} else if line.Problem == nil && *left < int64(l.Quantity) {
			p := problemTooFew
			p.Message = fmt.Sprintf("Only %d left. Lower the quantity.", *left)
			line.Problem = &p
		}
	}
	if known && l.SeenPrice != nil && *l.SeenPrice != line.UnitPrice && line.UnitPrice > 0 {
		line.PriceChangedFrom = l.SeenPrice
	}
	return line
}

// left tells how many units of each variant can be supplied, by all locations together or by the one given; absent where supply has no end.
func (o *Orders) left(ctx context.Context, sc db.Scope, goods map[uuid.UUID]catalog.Sellable, location *uuid.UUID) (map[uuid.UUID]*int64, error) {
	var keys []inventory.Key
	for _, s := range goods {
		if s.Tracked {
			for _, u := range s.Uses {
				keys = append(keys, inventory.Key{Kind: u.Kind, Key: u.Key})
			}
		}
	}
	out := map[uuid.UUID]*int64{}
	if len(keys) == 0 {
		return out, nil
	}
	sources, err := o.inventory.Sources(ctx, sc, keys)
	if err != nil {
		return nil, err
	}
	for id, s := range goods {
		if !s.Tracked || len(s.Uses) == 0 {
			continue
		}
		most := int64(1) << 62
		for _, u := range s.Uses {
			var there int64
			for _, src := range sources[inventory.Key{Kind: u.Kind, Key: u.Key}] {
				if location == nil || src.LocationID == *location {
					there += src.Available
				}
			}
			most = min(most, there/u.Quantity)
		}
		out[id] = &most
	}
	return out, nil
}

// country is where the goods are taxed.
func country(shop Shop, fulfilment string, to *Address) string {
	if fulfilment == "ship" && to != nil && to.Country != "" {
		return to.Country
	}
	return shop.Country
}

func splitToken(token string) (id uuid.UUID, hash [32]byte, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 16+24 {
		return id, hash, false
	}
	return uuid.UUID(b[:16]), sha256.Sum256(b[16:]), true
}

// storedCart is a cart with its lines as one JSON document, so that it is one round trip.
type storedCart struct {
	Cart
	TokenHash string       `json:"token_hash"`
	Kept      []storedLine `json:"kept"`
}

const cartSQL = `SELECT to_jsonb(c) || jsonb_build_object('kept', (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.rank, l.id) FROM cart_lines l WHERE l.tenant_id = c.tenant_id AND l.cart_id = c.id))
	FROM carts c WHERE c.id = $1 AND c.status <> 'expired' AND c.expires_at > COALESCE($2, now())`

// open checks the token's secret and gives the cart.
func (s storedCart) open(hash [32]byte) (Cart, error) {
	if subtle.ConstantTimeCompare([]byte(s.TokenHash), []byte(`\x`+hex.EncodeToString(hash[:]))) == 0 {
		return Cart{}, ErrCartNotFound
	}
	s.Cart.stored = s.Kept
	s.Cart.ExpiresAt = s.Cart.ExpiresAt.UTC()
	return s.Cart, nil
}

// peekCart reads the cart of the token in one round trip.
func (o *Orders) peekCart(ctx context.Context, sc db.Scope, token string) (Cart, error) {
	id, hash, ok := splitToken(token)
	if !ok {
		return Cart{}, ErrCartNotFound
	}
	var row storedCart
	err := o.db.Pipeline(ctx, sc, func(b *pgx.Batch) {
		b.Queue(cartSQL, id, o.db.Frozen()).QueryRow(func(r pgx.Row) error { return r.Scan(&row) })
	})
	if db.IsNotFound(err) {
		return Cart{}, ErrCartNotFound
	}
	if err != nil {
		return Cart{}, fmt.Errorf("read cart: %w", err)
	}
	return row.open(hash)
}

// lockCart reads the cart of the token and keeps others from changing it.
func lockCart(tx *db.Tx, token string) (Cart, error) {
	id, hash, ok := splitToken(token)
	if !ok {
		return Cart{}, ErrCartNotFound
	}
	// The lock comes first and alone: what is read in the same statement would be as old as the wait for it.
	if err := tx.Exec(`SELECT 1 FROM carts WHERE id = ? FOR UPDATE`, id).Error; err != nil {
		return Cart{}, fmt.Errorf("lock cart: %w", err)
	}
	var row db.JSON[storedCart]
	err := tx.Raw(strings.NewReplacer("$1", "?", "$2", "?").Replace(cartSQL), id, tx.Now).Row().Scan(&row)
	if db.IsNotFound(err) {
		return Cart{}, ErrCartNotFound
	}
	if err != nil {
		return Cart{}, fmt.Errorf("read cart: %w", err)
	}
	return row.V.open(hash)
}

func writeCart(tx *db.Tx, cart *Cart) error {
	cart.Version++
	cart.ExpiresAt = tx.Now.Add(cartLife)
	err := tx.Exec(`UPDATE carts SET email = ?, phone = ?, name = ?, fulfilment_type = ?, location_id = ?, shipping_address = ?, note = ?, version = ?, expires_at = ?, updated_at = ? WHERE id = ?`,
		cart.Email, cart.Phone, cart.Name, cart.FulfilmentType, cart.LocationID, nullJSON(cart.ShippingAddress), cart.Note, cart.Version, cart.ExpiresAt, tx.Now, cart.ID).Error
	if err != nil {
		return fmt.Errorf("write cart: %w", err)
	}
	return nil
}

func writeCartLines(tx *db.Tx, cart *Cart) error {
	type row struct {
		ID        uuid.UUID `json:"id"`
		Variant   uuid.UUID `json:"variant"`
		Quantity  int       `json:"quantity"`
		Rank      int       `json:"rank"`
		SeenPrice *int64    `json:"seen_price"`
	}
	rows := make([]row, len(cart.stored))
	for i, l := range cart.stored {
		rows[i] = row{l.ID, l.VariantID, l.Quantity, i, l.SeenPrice}
	}
	err := tx.Exec(`WITH r AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(?::jsonb) AS r(id uuid, variant uuid, quantity int, rank int, seen_price bigint)),
		gone AS (DELETE FROM cart_lines l WHERE l.cart_id = ? AND NOT EXISTS (SELECT 1 FROM r WHERE r.id = l.id))
		INSERT INTO cart_lines (tenant_id, cart_id, id, variant_id, quantity, rank, seen_price) SELECT ?, ?, id, variant, quantity, rank, seen_price FROM r
		ON CONFLICT (tenant_id, cart_id, id) DO UPDATE SET quantity = excluded.quantity, rank = excluded.rank, seen_price = excluded.seen_price`,
		db.JSON[[]row]{V: rows}, cart.ID, tx.Scope.Tenant, cart.ID).Error
	if err != nil {
		return fmt.Errorf("write cart lines: %w", err)
	}
	return nil
}

// DropCarts forgets carts of the tenant whose time is over, at most limit of them, and tells how many.
func (o *Orders) DropCarts(ctx context.Context, sc db.Scope, limit int) (n int64, err error) {
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		q := tx.Exec(`DELETE FROM carts WHERE id IN (SELECT id FROM carts WHERE status = 'open' AND expires_at < ? ORDER BY expires_at LIMIT ?)`, tx.Now, limit)
		n = q.RowsAffected
		return q.Error
	})
	return n, err
}
