package payments

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"allhours/platform/orders"
)

// TestSumsDoNotDependOnOrder: in whatever order facts become known, they come to the same, and never to more back than came in.
func TestSumsDoNotDependOnOrder(t *testing.T) {
	t.Parallel()
	facts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fact {
		return fact{
			Kind:    rapid.SampledFrom([]string{authorize, capture, void, refund, "chargeback"}).Draw(t, "kind"),
			Outcome: rapid.SampledFrom([]string{"requested", succeeded, failed}).Draw(t, "outcome"),
			Amount:  rapid.Int64Range(1, 1000).Draw(t, "amount"),
		}
	}), 0, 12)
	rapid.Check(t, func(t *rapid.T) {
		one := facts.Draw(t, "facts")
		other := append([]fact(nil), one...)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		a, b := sumOf(one), sumOf(other)
		if a != b {
			t.Fatalf("%+v and %+v", a, b)
		}
		if a.Refunded > a.Captured || a.Authorized < 0 {
			t.Fatalf("%+v", a)
		}
		for _, thought := range append(openStatuses, statusFailed) {
			if got := a.status(thought, ""); a.Captured > 0 && got != statusCaptured {
				t.Fatalf("%d came in, and the payment is %s", a.Captured, got)
			}
		}
	})
}

func TestTotals(t *testing.T) {
	t.Parallel()
	pay := func(status string) paymentRow { return paymentRow{ID: [16]byte{byte(len(status))}, Status: status} }
	first, second := pay(statusDeclined), pay(statusAction)
	for name, c := range map[string]struct {
		all  []paymentRow
		want orders.PaymentTotals
	}{
		"none":               {nil, orders.PaymentTotals{}},
		"declined":           {[]paymentRow{first}, orders.PaymentTotals{Failed: true}},
		"trying once more":   {[]paymentRow{first, second}, orders.PaymentTotals{Pending: true}},
		"no answer":          {[]paymentRow{pay(statusUnknown)}, orders.PaymentTotals{Pending: true}},
		"closed":             {[]paymentRow{pay(statusVoided)}, orders.PaymentTotals{Voided: true}},
		"expired at the PSP": {[]paymentRow{pay(statusExpired)}, orders.PaymentTotals{Failed: true}},
	} {
		if d := cmp.Diff(c.want, totals(c.all, nil)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestLookUpsComeLessAndLessOften(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]time.Duration{
		0: 5 * time.Second, 5 * time.Second: 25 * time.Second, 30 * time.Second: 90 * time.Second, 2 * time.Minute: 8 * time.Minute,
		10 * time.Minute: 50 * time.Minute, time.Hour: time.Hour, 23 * time.Hour: time.Hour,
	} {
		if got := nextLook(age, false); got != want {
			t.Errorf("at the age of %s: in %s, want %s", age, got, want)
		}
	}
	if got := nextLook(20*time.Minute, true); got != 10*time.Minute {
		t.Errorf("of a pending payment: %s", got)
	}
}
