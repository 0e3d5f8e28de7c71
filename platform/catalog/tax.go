package catalog

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/money"
)

// Taxes are a tenant's rates in basis points (2000 = 20 %), by tax class and country.
type Taxes struct {
	rates map[taxKey]int
}

type taxKey struct{ class, country string }

// Rate gives the basis points for goods of the class that go to the country: the country's own rate, else that of everywhere else, else 0.
func (t Taxes) Rate(class, country string) int {
	if bp, ok := t.rates[taxKey{class, country}]; ok {
		return bp
	}
	return t.rates[taxKey{class, ""}]
}

// TaxRate is one line of the tenant's table.
type TaxRate struct {
	TaxClass    string `json:"tax_class" minLength:"1" maxLength:"50"`
	Country     string `json:"country" pattern:"^([A-Z]{2})?$" doc:"ISO 3166-1 alpha-2; empty for everywhere else."`
	BasisPoints int    `json:"basis_points" minimum:"0" maximum:"10000" doc:"2000 is 20 %."`
}

// Taxes gives the tenant's rates; they may be up to a second old.
func (c *Catalog) Taxes(ctx context.Context, sc db.Scope) (Taxes, error) {
	if t, ok := c.taxes.get(sc.Tenant, uuid.Nil); ok {
		return t, nil
	}
	gen := c.taxes.generation(sc.Tenant)
	var rows []TaxRate
	err := c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		return tx.Raw(`SELECT tax_class, country, basis_points FROM tax_rates ORDER BY tax_class, country`).Scan(&rows).Error
	})
	if err != nil {
		return Taxes{}, fmt.Errorf("load tax rates: %w", err)
	}
	t := TaxesOf(rows)
	c.taxes.put(sc.Tenant, gen, uuid.Nil, t, c.life())
	return t, nil
}

// TaxesOf makes a table of rates.
func TaxesOf(rates []TaxRate) Taxes {
	t := Taxes{rates: make(map[taxKey]int, len(rates))}
	for _, r := range rates {
		t.rates[taxKey{r.TaxClass, r.Country}] = r.BasisPoints
	}
	return t
}

// TaxOf gives the tax in (included) or on top of an amount, in minor units, rounded half away from zero. Of an amount that includes tax, net = amount - TaxOf.
//
// Tax is worked out once per order and rate, on the sum of the lines, and then shared out over the lines by SplitTax: so the lines' taxes add up to the order's to the cent, and
// the order's differs from the exact figure by less than one minor unit per rate, however many lines there are.
func TaxOf(amount int64, basisPoints int, included bool) int64 {
	whole := int64(10_000)
	if included {
		whole += int64(basisPoints)
	}
	tax, err := money.Money{Amount: amount}.Fraction(int64(basisPoints), whole)
	if err != nil { // the result is at most the amount, so only a negative rate comes here
		panic("catalog: tax rate out of range: " + err.Error())
	}
	return tax.Amount
}

// SplitTax gives the tax of each line (amounts >= 0 in minor units, with a rate each) so that the taxes of the lines of one rate add up to TaxOf of their sum: each line gets its own
// tax rounded down, and the units left over go to the lines with the largest remainders, the earlier line first. So no line is off by a unit or more.
func SplitTax(amounts []int64, basisPoints []int, included bool) []int64 {
	taxes := make([]int64, len(amounts))
	byRate := map[int][]int{}
	for i, bp := range basisPoints {
		byRate[bp] = append(byRate[bp], i)
	}
	for bp, lines := range byRate {
		var total, given int64
		remainders := make(map[int]uint64, len(lines))
		for _, i := range lines {
			taxes[i], remainders[i] = roundedDown(amounts[i], bp, included)
			total += amounts[i]
			given += taxes[i]
		}
		left := TaxOf(total, bp, included) - given // at least 0, and at most one for each line
		slices.SortStableFunc(lines, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
		for _, i := range lines[:left] {
			taxes[i]++
		}
	}
	return taxes
}

// roundedDown is the tax of one line in whole units, and what is left over in parts of a unit.
func roundedDown(amount int64, bp int, included bool) (tax int64, rest uint64) {
	if amount < 0 || bp < 0 {
		panic("catalog: tax of a negative amount or at a negative rate")
	}
	whole := uint64(10_000)
	if included {
		whole += uint64(bp)
	}
	hi, lo := bits.Mul64(uint64(amount), uint64(bp))
	q, r := bits.Div64(hi, lo, whole) // q is at most amount, so it fits
	return int64(q), r
}
