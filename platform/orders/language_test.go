package orders_test

import (
	"context"
	"testing"

	"allhours/platform/base/fault"
	"allhours/platform/orders"
)

// TestCartSpeaks holds what stands in the way of ordering a line against the language of who looks at the cart.
func TestCartSpeaks(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"MUG": 3})
	_, token := s.fill(t)
	if _, err := s.SetLines(context.Background(), s.sc, token, []orders.CartLineInput{{VariantID: s.variants["MUG"], Quantity: 9}}); err != nil {
		t.Fatal(err)
	}
	for wish, want := range map[string]string{"": "Only 3 left. Lower the quantity.", "en": "Only 3 left. Lower the quantity.", "zh-CN,zh;q=0.9": "仅剩 3 件，请减少数量。"} {
		cart, err := s.Cart(fault.WithWish(context.Background(), wish), s.sc, token)
		if err != nil || len(cart.Problems) != 1 || cart.Problems[0].Message != want || cart.Lines[0].Problem.Message != want || cart.Problems[0].Code != "not_enough" {
			t.Errorf("%q: %+v, %v", wish, cart.Problems, err)
		}
	}
}
