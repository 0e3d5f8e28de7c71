package money

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	currency = rapid.SampledFrom([]string{"GBP", "JPY", "KWD"})
	anyMoney = rapid.Custom(func(t *rapid.T) Money {
		return Money{amount.Draw(t, "amount"), currency.Draw(t, "currency")}
	})
	amount = rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1000, 1000), rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64, 0, -1, 1}))
)

// check compares a result with exact arithmetic: equal, or an error exactly when
// the exact value does not fit.
func check(t *rapid.T, got Money, err error, exact *big.Int) {
	t.Helper()
	if !exact.IsInt64() {
		if !errors.Is(err, ErrOverflow) {
			t.Fatalf("got %v, %v; %v does not fit", got.Amount, err, exact)
		}
		return
	}
	if err != nil || got.Amount != exact.Int64() {
		t.Fatalf("got %v, %v; want %v", got.Amount, err, exact)
	}
}

func TestArithmeticIsExactOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyMoney.Draw(t, "a"), amount.Draw(t, "b")
		o := Money{b, a.Currency}
		x, y := big.NewInt(a.Amount), big.NewInt(b)

		sum, err := a.Add(o)
		check(t, sum, err, new(big.Int).Add(x, y))
		diff, err := a.Sub(o)
		check(t, diff, err, new(big.Int).Sub(x, y))
		product, err := a.Mul(b)
		check(t, product, err, new(big.Int).Mul(x, y))
	})
}

func TestFractionRoundsHalvesAwayFromZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyMoney.Draw(t, "a")
		num := rapid.OneOf(rapid.Int64Range(0, 20000), rapid.Int64Min(0)).Draw(t, "num")
		den := rapid.OneOf(rapid.Int64Range(1, 20000), rapid.Int64Min(1)).Draw(t, "den")
		twice := new(big.Int).Mul(big.NewInt(a.Amount), big.NewInt(num))
		twice.Abs(twice).Lsh(twice, 1).Add(twice, big.NewInt(den))
		exact := twice.Quo(twice, new(big.Int).Lsh(big.NewInt(den), 1))
		if a.Amount < 0 {
			exact.Neg(exact)
		}
		got, err := a.Fraction(num, den)
		check(t, got, err, exact)
	})
}

func TestTaxOfAPrice(t *testing.T) {
	net, _ := Money{1000, "GBP"}.Fraction(2000, 10000)
	inside, _ := Money{1200, "GBP"}.Fraction(2000, 12000)
	half, _ := Money{-5, "GBP"}.Fraction(1, 2)
	if net.Amount != 200 || inside.Amount != 200 || half.Amount != -3 {
		t.Errorf("tax %v, inside %v, half of -5 %v; want 200, 200, -3", net, inside, half)
	}
}

func TestSharesAddUpToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMoney.Draw(t, "m")
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 10), rapid.Int64Range(0, math.MaxInt64/20)), 1, 12).Draw(t, "weights")
		total := new(big.Int)
		for _, w := range weights {
			total.Add(total, big.NewInt(w))
		}
		parts, err := m.Allocate(weights...)
		if total.Sign() == 0 {
			if !errors.Is(err, ErrWeights) {
				t.Fatalf("no weight at all: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		sum := new(big.Int)
		for i, p := range parts {
			sum.Add(sum, big.NewInt(p.Amount))
			// |part*total - m*weight| < total: less than one unit from the exact part.
			off := new(big.Int).Mul(big.NewInt(p.Amount), total)
			off.Sub(off, new(big.Int).Mul(big.NewInt(m.Amount), big.NewInt(weights[i])))
			if off.CmpAbs(total) >= 0 || p.Currency != m.Currency {
				t.Fatalf("part %d is %v: a unit or more off", i, p)
			}
			if weights[i] == 0 && p.Amount != 0 {
				t.Fatalf("weight 0 got %v", p)
			}
		}
		if sum.Cmp(big.NewInt(m.Amount)) != 0 {
			t.Fatalf("parts add up to %v, want %v", sum, m.Amount)
		}
	})
}

func TestAllocateGivesTheRestToTheLargestRemainder(t *testing.T) {
	for _, c := range []struct {
		amount  int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{10, []int64{1, 5, 1}, []int64{2, 7, 1}}, // 10/7, 50/7, 10/7: remainders 3, 1, 3
		{5, []int64{0, 3, 7}, []int64{0, 2, 3}},  // 15/10, 35/10: equal remainders, the earlier first
		{0, []int64{1, 2}, []int64{0, 0}},
	} {
		parts, err := Money{c.amount, "EUR"}.Allocate(c.weights...)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, p := range parts {
			got = append(got, p.Amount)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%d over %v: %s", c.amount, c.weights, diff)
		}
	}
	if _, err := (Money{1, "EUR"}).Allocate(1, -1); !errors.Is(err, ErrWeights) {
		t.Errorf("negative weight: %v", err)
	}
	if _, err := (Money{1, "EUR"}).Split(0); !errors.Is(err, ErrWeights) {
		t.Errorf("no parts: %v", err)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text, currency string
		want           int64
		err            error
	}{
		{"12.99", "GBP", 1299, nil},
		{"12.9", "GBP", 1290, nil},
		{"12", "GBP", 1200, nil},
		{"12.9900", "GBP", 1299, nil},
		{"-0.01", "GBP", -1, nil},
		{"1299", "JPY", 1299, nil},
		{"1299.00", "JPY", 1299, nil},
		{"1.234", "KWD", 1234, nil},
		{"92233720368547758.07", "GBP", math.MaxInt64, nil},
		{"-92233720368547758.08", "GBP", math.MinInt64, nil},
		{"92233720368547758.08", "GBP", 0, ErrOverflow},
		{"99999999999999999999", "GBP", 0, ErrOverflow},
		{"12.999", "GBP", 0, ErrSyntax},
		{"0.5", "JPY", 0, ErrSyntax},
		{"1,299.00", "GBP", 0, ErrSyntax},
		{"£1", "GBP", 0, ErrSyntax},
		{"", "GBP", 0, ErrSyntax},
		{".5", "GBP", 0, ErrSyntax},
		{"1.", "GBP", 0, ErrSyntax},
		{"+1", "GBP", 0, ErrSyntax},
		{"--1", "GBP", 0, ErrSyntax},
		{"1e3", "GBP", 0, ErrSyntax},
		{"１２", "GBP", 0, ErrSyntax},
		{"1", "XYZ", 0, ErrCurrency},
		{"1", "gbp", 0, ErrCurrency},
	} {
		got, err := Parse(c.text, c.currency)
		if !errors.Is(err, c.err) || c.err == nil && (err != nil || got != Money{c.want, c.currency}) {
			t.Errorf("Parse(%q, %s) = %v, %v; want %d, %v", c.text, c.currency, got, err, c.want, c.err)
		}
	}
}

func TestFormatIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMoney.Draw(t, "m")
		back, err := Parse(m.Format(), m.Currency)
		if err != nil || back != m {
			t.Fatalf("%v written %q, read back %v, %v", m.Amount, m.Format(), back, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"12.99", "-0", "007.10", "1.2.3", "9e9", "92233720368547758.08"} {
		f.Add(s, "GBP")
	}
	f.Add("5", "JPY")
	f.Fuzz(func(t *testing.T, text, currency string) {
		m, err := Parse(text, currency)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(text)
		scaled, _ := new(big.Rat).SetString(m.Format())
		if !ok || exact.Cmp(scaled) != 0 {
			t.Fatalf("Parse(%q) = %s", text, m.Format())
		}
	})
}

func TestMismatchAndJSON(t *testing.T) {
	if _, err := (Money{1, "GBP"}).Add(Money{1, "EUR"}); !errors.Is(err, ErrMismatch) {
		t.Errorf("pounds + euros: %v", err)
	}
	if _, err := (Money{1, "GBP"}).Sub(Money{1, "EUR"}); !errors.Is(err, ErrMismatch) {
		t.Errorf("pounds - euros: %v", err)
	}
	if _, err := Sum("GBP", Money{1, "GBP"}, Money{1, "EUR"}); !errors.Is(err, ErrMismatch) {
		t.Errorf("sum of pounds and euros: %v", err)
	}
	b, err := json.Marshal(Money{1299, "GBP"})
	if err != nil || string(b) != `{"amount":1299,"currency":"GBP"}` {
		t.Errorf("JSON %s, %v", b, err)
	}
	if n := len(Currencies()); n < 150 || Currencies()[0] != "AED" {
		t.Errorf("%d currencies", n)
	}
}
