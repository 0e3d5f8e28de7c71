package orders

import (
	"context"
	"slices"

	"allhours/platform/base/fault"
	"allhours/platform/catalog"
)

// Problem is what stands in the way of ordering a line.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	why     fault.Text
}

func problem(code, format string, args ...any) Problem {
	return Problem{Code: code, why: fault.T(format, args...)}
}

// told is the problem with its message in the reader's language.
func (p Problem) told(ctx context.Context) Problem {
	p.Message = p.why.Say(ctx)
	return p
}

// Totals is what an order comes to, in minor units: Total = Subtotal - Discount + Shipping, and + Tax where that is not Included.
type Totals struct {
	Subtotal int64 // of the lines before discounts
	Discount int64
	Shipping int64
	Tax      int64 // of the lines and of the shipping
	Total    int64
	Included bool // the tax is in the prices
}

// Bounds of one order. Sums of what they let through stay far from the limits of int64.
const (
	maxLines      = 200
	maxLineAmount = 1_000_000_000_000_000
)

var (
	problemGone     = problem("unavailable", "This is not sold any more.")
	problemPrice    = problem("no_price", "This has no price in your currency.")
	problemTooMuch  = problem("amount_too_large", "This line comes to more than can be ordered at once. Lower the quantity.")
	problemSoldOut  = problem("out_of_stock", "This is sold out.")
	problemTooFew   = problem("not_enough", "There is not enough of this left.")
	problemEmpty    = problem("empty", "The cart is empty.")
	problemShipping = problem("no_shipping_price", "The shop delivers only what is paid in its own currency. Choose another way to get it, or order in that currency.")
	problemQuantity = "quantity_not_allowed"
	problemType     = "fulfilment_not_possible"
)

var fulfilmentWords = map[string]fault.Text{"ship": fault.T("delivery"), "pickup": fault.T("pick-up"), "digital": fault.T("download")}

// priceLine prices one line and tells what stands in its way, if anything. fulfilment "" leaves its type open.
func priceLine(s catalog.Sellable, known bool, quantity int, fulfilment string) (unit int64, p *Problem) {
	if !known || s.ProductStatus != "active" || s.VariantStatus != "active" {
		return 0, &problemGone
	}
	if err := s.CheckQuantity(quantity); err != nil {
		unit, _ = s.UnitPrice(quantity)
		return unit, &Problem{Code: problemQuantity, why: fault.Of(err).Message}
	}
	unit, ok := s.UnitPrice(quantity)
	if !ok {
		return 0, &problemPrice
	}
	if unit > 0 && int64(quantity) > maxLineAmount/unit {
		return unit, &problemTooMuch
	}
	if fulfilment != "" && !slices.Contains(s.FulfilmentTypes, fulfilment) {
		p := problem(problemType, "This cannot be ordered for %s. Choose another way of delivery or remove it.", fulfilmentWords[fulfilment])
		return unit, &p
	}
	return unit, nil
}

// shippingClass is the tax class of what delivery costs.
const shippingClass = "standard"

// total works out line totals, the price of delivery, taxes and the order's totals. The order of lines and goods is the same; the lines' unit prices are set.
func total(lines []Line, goods []catalog.Sellable, taxes catalog.Taxes, shop Shop, fulfilment string, to *Address) Totals {
	t := Totals{Included: len(goods) == 0 || goods[0].TaxIncluded}
	where := country(shop, fulfilment, to)
	amounts := make([]int64, len(lines), len(lines)+1)
	rates := make([]int, len(lines), len(lines)+1)
	for i := range lines {
		whole := lines[i].UnitPrice * int64(lines[i].Quantity)
		lines[i].Total = whole - lines[i].Discount
		amounts[i] = lines[i].Total
		rates[i] = taxes.Rate(goods[i].TaxClass, where)
		t.Subtotal += whole
		t.Discount += lines[i].Discount
	}
	if len(lines) > 0 {
		t.Shipping = shop.shipping(fulfilment, t.Subtotal-t.Discount)
		amounts, rates = append(amounts, t.Shipping), append(rates, taxes.Rate(shippingClass, where))
	}
	for i, tax := range catalog.SplitTax(amounts, rates, t.Included) {
		if i < len(lines) {
			lines[i].Tax = tax
		}
		t.Tax += tax
	}
	t.Total = t.Subtotal - t.Discount + t.Shipping
	if !t.Included {
		t.Total += t.Tax
	}
	return t
}

// lineOf is the snapshot of a variant in an order.
func lineOf(n int, s catalog.Sellable, quantity int, unit int64) Line {
	id := s.VariantID
	l := Line{Line: n, VariantID: &id, SKU: s.SKU, Title: s.Title, Options: s.Options, Image: s.Image, Quantity: quantity, UnitPrice: unit, Uses: []Use{}}
	if l.Options == nil {
		l.Options = map[string]string{}
	}
	if s.Tracked {
		for _, u := range s.Uses {
			l.Uses = append(l.Uses, Use(u))
		}
	}
	return l
}
