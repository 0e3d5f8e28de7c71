package orders

import (
	"testing"

	"pgregory.net/rapid"

	"allhours/platform/catalog"
)

// Whatever is ordered, its sums add up to the cent: total = subtotal - discount + shipping (+ tax where that is on top), and the taxes of the lines and of the delivery come,
// rate by rate, to the tax of their sum.
func TestTotalsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		classes := []string{"standard", "reduced", "zero"}
		rate := map[string]int{"standard": rapid.IntRange(0, 3000).Draw(t, "standard"), "reduced": rapid.IntRange(0, 3000).Draw(t, "reduced")}
		taxes := catalog.TaxesOf([]catalog.TaxRate{{TaxClass: "standard", Country: "GB", BasisPoints: rate["standard"]}, {TaxClass: "reduced", Country: "GB", BasisPoints: rate["reduced"]}})
		shop := Shop{Currency: "GBP", Country: "GB", ShippingPrice: rapid.Int64Range(0, 5000).Draw(t, "delivery"), ShippingFreeFrom: rapid.Int64Range(0, 50_000).Draw(t, "free from")}
		fulfilment := rapid.SampledFrom([]string{"ship", "ship", "pickup", "digital", ""}).Draw(t, "fulfilment")
		included := rapid.Bool().Draw(t, "included")
		lines := make([]Line, rapid.IntRange(0, 8).Draw(t, "lines"))
		goods := make([]catalog.Sellable, len(lines))
		var gross, discount int64
		for i := range lines {
			l := Line{UnitPrice: rapid.Int64Range(0, 20_000).Draw(t, "price"), Quantity: rapid.IntRange(1, 40).Draw(t, "quantity")}
			l.Discount = rapid.Int64Range(0, l.UnitPrice*int64(l.Quantity)).Draw(t, "discount")
			lines[i], goods[i] = l, catalog.Sellable{TaxClass: rapid.SampledFrom(classes).Draw(t, "class"), TaxIncluded: included}
			gross, discount = gross+l.UnitPrice*int64(l.Quantity), discount+l.Discount
		}
		got := total(lines, goods, taxes, shop, fulfilment, nil)

		shipping := shop.ShippingPrice
		if fulfilment != "ship" || len(lines) == 0 || shop.ShippingFreeFrom > 0 && gross-discount >= shop.ShippingFreeFrom {
			shipping = 0
		}
		sums := map[string]int64{"standard": shipping} // by class, what is taxed
		var onLines int64
		for i, l := range lines {
			if l.Total != l.UnitPrice*int64(l.Quantity)-l.Discount || l.Tax < 0 || l.Tax > l.Total {
				t.Fatalf("line %+v", l)
			}
			sums[goods[i].TaxClass] += l.Total
			onLines += l.Tax
		}
		byRate := map[int]int64{}
		for class, sum := range sums {
			byRate[rate[class]] += sum
		}
		var tax int64
		for bp, sum := range byRate {
			tax += catalog.TaxOf(sum, bp, got.Included)
		}
		want := Totals{Subtotal: gross, Discount: discount, Shipping: shipping, Tax: tax, Total: gross - discount + shipping, Included: included || len(lines) == 0}
		if !want.Included {
			want.Total += tax
		}
		if got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if ofShipping := got.Tax - onLines; ofShipping < 0 || ofShipping > shipping {
			t.Fatalf("of the delivery's %d, %d are tax", shipping, ofShipping)
		}
	})
}
