package catalog

import (
	"context"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"allhours/platform/base/fault"
)

func TestTaxOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount   int64
		bp       int
		included bool
		want     int64
	}{
		{1000, 2000, false, 200},
		{1200, 2000, true, 200},
		{1, 2000, false, 0},
		{3, 2000, false, 1},
		{-3, 2000, false, -1},
		{5, 1000, false, 1},
		{-5, 1000, false, -1},
		{999, 1900, true, 160},
		{0, 2000, true, 0},
		{500, 0, true, 0},
		{100, 10000, false, 100},
		{100, 10000, true, 50},
	} {
		if got := TaxOf(c.amount, c.bp, c.included); got != c.want {
			t.Errorf("TaxOf(%d, %d, %v) = %d, want %d", c.amount, c.bp, c.included, got, c.want)
		}
	}
}

// TestTaxRounding: tax is the nearest minor unit to the exact figure, and the lines' taxes add up to their rate's to the cent, each within one unit of its exact share.
func TestTaxRounding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		included := rapid.Bool().Draw(t, "included")
		n := rapid.IntRange(1, 30).Draw(t, "lines")
		amounts, bps := make([]int64, n), make([]int, n)
		sums := map[int]int64{}
		for i := range n {
			amounts[i] = rapid.Int64Range(0, 10_000_000_000).Draw(t, "amount")
			bps[i] = rapid.SampledFrom([]int{0, 500, 700, 1900, 2000, 2550, 810, 10000}).Draw(t, "rate")
			sums[bps[i]] += amounts[i]
		}
		taxes := SplitTax(amounts, bps, included)
		exact := func(amount int64, bp int) *big.Rat {
			whole := int64(10_000)
			if included {
				whole += int64(bp)
			}
			return new(big.Rat).Mul(big.NewRat(amount, 1), big.NewRat(int64(bp), whole))
		}
		off := func(got int64, want *big.Rat) *big.Rat {
			d := new(big.Rat).Sub(big.NewRat(got, 1), want)
			return d.Abs(d)
		}
		got := map[int]int64{}
		for i, tax := range taxes {
			got[bps[i]] += tax
			if off(tax, exact(amounts[i], bps[i])).Cmp(big.NewRat(1, 1)) > 0 {
				t.Errorf("line %d of %d at %d: %d", i, amounts[i], bps[i], tax)
			}
		}
		for bp, sum := range sums {
			if want := TaxOf(sum, bp, included); got[bp] != want {
				t.Errorf("rate %d: lines add up to %d, the order to %d", bp, got[bp], want)
			}
			if off(TaxOf(sum, bp, included), exact(sum, bp)).Cmp(big.NewRat(1, 2)) > 0 {
				t.Errorf("rate %d of %d: %d", bp, sum, TaxOf(sum, bp, included))
			}
		}
	})
}

func TestTaxTable(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := context.Background()
	rates := []TaxRate{{"standard", "", 0}, {"standard", "GB", 2000}, {"books", "GB", 0}}
	if _, err := s.SetTaxRates(ctx, s.sc, rates); err != nil {
		t.Fatal(err)
	}
	got, err := s.Taxes(ctx, s.sc)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		class, country string
		want           int
	}{{"standard", "GB", 2000}, {"standard", "US", 0}, {"books", "GB", 0}, {"none", "GB", 0}} {
		if bp := got.Rate(c.class, c.country); bp != c.want {
			t.Errorf("%s to %s: %d", c.class, c.country, bp)
		}
	}
	// A change is seen at once by who has made it.
	if _, err := s.SetTaxRates(ctx, s.sc, []TaxRate{{"standard", "GB", 500}}); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Taxes(ctx, s.sc); got.Rate("standard", "GB") != 500 {
		t.Error("the old rate is still used")
	}
	_, err = s.SetTaxRates(ctx, s.sc, []TaxRate{{"standard", "GB", 20_000}, {"x", "England", 5}, {"standard", "GB", 5}})
	want := map[string]string{"rates[0].basis_points": "must be between 0 and 10,000 (100 %)", "rates[1].country": "must be two letters of ISO 3166-1, or empty for everywhere else", "rates[2].tax_class": "needs a name, once for each country"}
	if d := cmp.Diff(want, fault.Of(err).FieldsIn("en")); d != "" {
		t.Error(d)
	}
}

func TestQuantityRule(t *testing.T) {
	t.Parallel()
	s := Sellable{SKU: "A", QuantityMin: 2, QuantityMax: 8, QuantityStep: 3}
	for quantity, ok := range map[int]bool{-1: false, 0: false, 1: false, 2: true, 3: false, 5: true, 8: true, 11: false} {
		if err := s.CheckQuantity(quantity); (err == nil) != ok {
			t.Errorf("%d: %v", quantity, err)
		}
	}
}
