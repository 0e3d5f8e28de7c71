package alerts

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// purchase is what of an order can make it look like another.
type purchase struct {
	ID, Label, CustomerID, Email, Phone, Address, Currency string
	Total                                                  int64
	At                                                     time.Time
	Lines                                                  map[string]int // sku -> quantity
}

// reason is one point of evidence that two orders are the same.
type reason struct {
	Code   string `json:"code"`
	Points int    `json:"points"`
	Text   Text   `json:"text"`
}

// likeness scores, from 0 to 100, how likely b repeats a by mistake, and says why. Without a shared identity of the buyer it is 0.
// Points: the buyer 30, the same lines up to 40 (weighted Jaccard index of the quantities), the same total 10, the same address 10, closeness in time up to 10.
func likeness(a, b purchase, window time.Duration) (int, []reason) {
	var why []reason
	add := func(code string, points int, en, zh string) {
		if points > 0 {
			why = append(why, reason{code, points, Text{"en": en, "zh": zh}})
		}
	}
	switch {
	case a.CustomerID != "" && a.CustomerID == b.CustomerID:
		add("same_customer", 30, "Same customer account", "同一客户账户")
	case a.Email != "" && strings.EqualFold(a.Email, b.Email):
		add("same_email", 30, "Same e-mail address", "相同邮箱")
	case a.Phone != "" && digits(a.Phone) == digits(b.Phone):
		add("same_phone", 30, "Same phone number", "相同电话")
	default:
		return 0, nil
	}
	shared := jaccard(a.Lines, b.Lines)
	add("lines", int(math.Round(shared*40)), fmt.Sprintf("%.0f %% of the items are the same", shared*100), fmt.Sprintf("%.0f%% 的商品相同", shared*100))
	if a.Total == b.Total && a.Currency == b.Currency {
		add("total", 10, "Same total", "金额相同")
	}
	if a.Address == b.Address {
		add("address", 10, "Same delivery address", "相同收货地址")
	}
	gap := b.At.Sub(a.At).Abs()
	if gap < window {
		add("gap", int(math.Ceil(10*(1-float64(gap)/float64(window)))), fmt.Sprintf("%s apart", gap.Round(time.Second)), fmt.Sprintf("相隔 %s", gap.Round(time.Second)))
	}
	score := 0
	for _, r := range why {
		score += r.Points
	}
	return score, why
}

func jaccard(a, b map[string]int) float64 {
	both, either := 0, 0
	for sku, n := range a {
		both += min(n, b[sku])
		either += max(n, b[sku])
	}
	for sku, n := range b {
		if _, in := a[sku]; !in {
			either += n
		}
	}
	if either == 0 {
		return 0
	}
	return float64(both) / float64(either)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
