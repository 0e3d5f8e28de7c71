package orders

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
)

// goodsOf finds what the lines of the cart are of.
func (o *Orders) goodsOf(ctx context.Context, sc db.Scope, cart *Cart) (map[uuid.UUID]catalog.Sellable, error) {
	ids := make([]uuid.UUID, len(cart.stored))
	for i, l := range cart.stored {
		ids[i] = l.VariantID
	}
	return o.catalog.Sellables(ctx, sc, ids, cart.Currency)
}

// appraise fills in what the cart comes to now and what stands in its way, and gives the goods of its lines in their order. left is how many there are of each, where it matters.
func (o *Orders) appraise(ctx context.Context, sc db.Scope, cart *Cart, byID map[uuid.UUID]catalog.Sellable, left map[uuid.UUID]*int64) ([]good, error) {
	taxes, err := o.catalog.Taxes(ctx, sc)
	if err != nil {
		return nil, err
	}
	shop, err := o.shops(ctx, sc)
	if err != nil {
		return nil, err
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
			told := line.Problem.told(ctx)
			line.Problem = &told
			cart.Problems = append(cart.Problems, CartIssue{fmt.Sprintf("lines[%d]", i), told})
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
		cart.Problems = append(cart.Problems, CartIssue{"lines", problemEmpty.told(ctx)})
	}
	if !shop.ships(cart.FulfilmentType, cart.Currency) {
		cart.Problems = append(cart.Problems, CartIssue{"fulfilment_type", problemShipping.told(ctx)})
	}
	t := total(priced, sold, taxes, shop, cart.FulfilmentType, cart.ShippingAddress)
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
			p := problem(problemTooFew.Code, "Only %d left. Lower the quantity.", *left)
			line.Problem = &p
		}
	}
	if known && l.SeenPrice != nil && *l.SeenPrice != line.UnitPrice && line.UnitPrice > 0 {
		line.PriceChangedFrom = l.SeenPrice
	}
	return line
}

// suppliesOf names the supplies that the goods draw on, where they have an end.
func suppliesOf(goods map[uuid.UUID]catalog.Sellable) (keys []inventory.Key) {
	for _, s := range goods {
		if s.Tracked {
			for _, u := range s.Uses {
				keys = append(keys, inventory.Key{Kind: u.Kind, Key: u.Key})
			}
		}
	}
	return keys
}

// leftOf tells how many units of each variant can be supplied, by all locations together or by the one given; absent where supply has no end.
func leftOf(goods map[uuid.UUID]catalog.Sellable, sources map[inventory.Key][]inventory.Source, location *uuid.UUID) map[uuid.UUID]*int64 {
	out := map[uuid.UUID]*int64{}
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
	return out
}

// country is where the goods are taxed.
func country(shop Shop, fulfilment string, to *Address) string {
	if fulfilment == "ship" && to != nil && to.Country != "" {
		return to.Country
	}
	return shop.Country
}
