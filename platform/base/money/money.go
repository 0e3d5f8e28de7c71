// Package money is an amount in a currency, counted in the currency's smallest unit.
//
// Nothing here loses a cent: sums that do not fit and currencies that do not match
// are errors, shares always add up to the whole, and the one operation that
// rounds (Fraction) says how.
package money

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"allhours/platform/base/fault"
)

// Money is Amount minor units (cents, pence, yen, fils) of a Currency.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

var (
	// ErrCurrency answers a code that ISO 4217 does not have.
	ErrCurrency = fault.New(fault.Invalid, "money.unknown_currency", "This currency is not known. Use a three-letter ISO 4217 code such as GBP.")
	// ErrMismatch answers arithmetic on two currencies.
	ErrMismatch = fault.New(fault.Invalid, "money.currency_mismatch", "These amounts are in different currencies.")
	// ErrOverflow answers an amount too large to count.
	ErrOverflow = fault.New(fault.Invalid, "money.too_large", "This amount is too large.")
	// ErrSyntax answers a text that is not an amount.
	ErrSyntax = fault.New(fault.Invalid, "money.not_an_amount", "Write the amount as digits with a point, such as 12.99, without grouping or currency sign.")
	// ErrWeights answers shares that cannot be worked out.
	ErrWeights = fault.New(fault.Invalid, "money.bad_shares", "Shares must not be negative, and at least one must be above zero.")
)

// New refuses an unknown currency.
func New(amount int64, currency string) (Money, error) {
	_, err := Exponent(currency)
	return Money{amount, currency}, err
}

// Add returns m + o.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, ErrMismatch
	}
	sum := m.Amount + o.Amount
	if (sum > m.Amount) != (o.Amount > 0) {
		return Money{}, ErrOverflow
	}
	return Money{sum, m.Currency}, nil
}

// Sub returns m - o.
func (m Money) Sub(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, ErrMismatch
	}
	diff := m.Amount - o.Amount
	if (diff < m.Amount) != (o.Amount > 0) {
		return Money{}, ErrOverflow
	}
	return Money{diff, m.Currency}, nil
}

// Mul returns n times m: a line's total from its unit price.
func (m Money) Mul(n int64) (Money, error) {
	hi, lo := bits.Mul64(magnitude(m.Amount), magnitude(n))
	return m.signed(hi, lo, (m.Amount < 0) != (n < 0))
}

// Sum adds up amounts of the currency; none is zero.
func Sum(currency string, amounts ...Money) (Money, error) {
	total, err := New(0, currency)
	for _, a := range amounts {
		if err == nil {
			total, err = total.Add(a)
		}
	}
	return total, err
}

// Fraction returns m * num / den, rounded to the nearest minor unit, halves away
// from zero. It is how tax and percentages are worked out: tax on a net price at
// 20 % is Fraction(2000, 10000), tax inside a gross price Fraction(2000, 12000).
// num must not be negative and den must be above zero.
func (m Money) Fraction(num, den int64) (Money, error) {
	if num < 0 || den <= 0 {
		return Money{}, ErrWeights
	}
	hi, lo := bits.Mul64(magnitude(m.Amount), uint64(num))
	lo, carry := bits.Add64(lo, uint64(den)/2, 0)
	hi += carry
	if hi >= uint64(den) {
		return Money{}, ErrOverflow
	}
	quotient, _ := bits.Div64(hi, lo, uint64(den))
	return m.signed(0, quotient, m.Amount < 0)
}

// Allocate shares m out in proportion to the weights: the shares add up to m, and
// each is less than one minor unit from its exact part. The units left over by
// rounding down go to the largest remainders, the earlier of two equal ones
// first. A weight of zero gets zero.
func (m Money) Allocate(weights ...int64) ([]Money, error) {
	var total uint64
	for _, w := range weights {
		if w < 0 || total+uint64(w) > math.MaxInt64 {
			return nil, ErrWeights
		}
		total += uint64(w)
	}
	if total == 0 {
		return nil, ErrWeights
	}
	whole := magnitude(m.Amount)
	left := whole
	shares, remainders, order := make([]uint64, len(weights)), make([]uint64, len(weights)), make([]int, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(whole, uint64(w))
		shares[i], remainders[i] = bits.Div64(hi, lo, total)
		left -= shares[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range order[:left] {
		shares[i]++
	}
	parts := make([]Money, len(weights))
	for i, s := range shares {
		var err error
		if parts[i], err = m.signed(0, s, m.Amount < 0); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// Split shares m out over n equal parts; the first ones get the units left over.
func (m Money) Split(n int) ([]Money, error) {
	if n <= 0 {
		return nil, ErrWeights
	}
	return m.Allocate(slices.Repeat([]int64{1}, n)...)
}

// Parse reads a decimal amount ("12.99", "-3", "1299" for JPY) without rounding: more
// decimals than the currency has are refused unless they are zeros.
func Parse(text, currency string) (Money, error) {
	exponent, err := Exponent(currency)
	if err != nil {
		return Money{}, err
	}
	digits, negative := strings.CutPrefix(text, "-")
	whole, decimals, point := strings.Cut(digits, ".")
	if !allDigits(whole) || point && !allDigits(decimals) {
		return Money{}, ErrSyntax
	}
	if len(decimals) > exponent {
		if strings.Trim(decimals[exponent:], "0") != "" {
			return Money{}, ErrSyntax.With("decimals", exponent)
		}
		decimals = decimals[:exponent]
	}
	decimals += strings.Repeat("0", exponent-len(decimals))
	amount, err := strconv.ParseUint(whole+decimals, 10, 64)
	if err != nil {
		return Money{}, ErrOverflow
	}
	return Money{Currency: currency}.signed(0, amount, negative)
}

// Format writes the amount as Parse reads it, with all of the currency's decimals.
func (m Money) Format() string {
	exponent := exponents[m.Currency]
	digits := fmt.Sprintf("%0*d", exponent+1, magnitude(m.Amount))
	if cut := len(digits) - exponent; exponent > 0 {
		digits = digits[:cut] + "." + digits[cut:]
	}
	if m.Amount < 0 {
		digits = "-" + digits
	}
	return digits
}

// String is for logs and errors: "12.99 GBP".
func (m Money) String() string { return m.Format() + " " + m.Currency }

// magnitude is |n|, also of the smallest int64.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func (m Money) signed(hi, lo uint64, negative bool) (Money, error) {
	switch {
	case hi != 0, lo > 1<<63, lo == 1<<63 && !negative:
		return Money{}, ErrOverflow
	case negative:
		return Money{int64(-lo), m.Currency}, nil
	}
	return Money{int64(lo), m.Currency}, nil
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
