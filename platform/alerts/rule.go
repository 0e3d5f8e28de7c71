package alerts

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/fault"
)

// Kind is the signal that a rule watches.
type Kind string

const (
	StockLow       Kind = "stock_low"
	PaymentFailed  Kind = "payment_failed"
	PaymentDoubt   Kind = "payment_doubt"
	OrderUnpaid    Kind = "order_unpaid"
	OrderUnshipped Kind = "order_unshipped"
	OrderDuplicate Kind = "order_duplicate"
)

// Text is a text by language.
type Text map[string]string

// Rule is a signal with the tenant's thresholds. Params holds a number for each parameter of the kind.
type Rule struct {
	ID              uuid.UUID      `json:"id"`
	Kind            Kind           `json:"kind" enum:"stock_low,payment_failed,payment_doubt,order_unpaid,order_unshipped,order_duplicate"`
	Name            string         `json:"name" minLength:"1" maxLength:"120"`
	Enabled         bool           `json:"enabled"`
	Severity        string         `json:"severity" enum:"info,warning,critical"`
	Params          map[string]int `json:"params" doc:"Thresholds; GET /alert-rules/kinds names them with unit, bounds and default."`
	Filter          Filter         `json:"filter"`
	Notify          Route          `json:"notify"`
	CooldownMinutes int            `json:"cooldown_minutes" minimum:"0" maximum:"10080" doc:"A crossing this soon after the last one is counted in the same incident and nobody is told again."`
	Version         int64          `json:"version"`
	CreatedAt       time.Time      `json:"created_at"`
	UpdatedAt       time.Time      `json:"updated_at"`
}

// Filter narrows what a rule looks at; an empty field does not.
type Filter struct {
	LocationID  *uuid.UUID  `json:"location_id,omitempty"`
	SKUs        []string    `json:"skus,omitempty" maxItems:"1000"`
	CategoryIDs []uuid.UUID `json:"category_ids,omitempty" maxItems:"100"`
}

// Route says who is told and how.
type Route struct {
	Roles    []string `json:"roles" maxItems:"50" nullable:"false"`
	Channels []string `json:"channels" maxItems:"5" enum:"in_app,email" nullable:"false"`
}

// Param describes one threshold of a kind.
type Param struct {
	Name    string `json:"name"`
	Title   Text   `json:"title"`
	Unit    string `json:"unit" enum:"units,times,minutes,hours,points"`
	Min     int    `json:"min"`
	Max     int    `json:"max"`
	Default int    `json:"default"`
}

// KindInfo tells a person what a kind watches, in one sentence with the thresholds in {braces}, and how fresh it is.
type KindInfo struct {
	Kind     Kind     `json:"kind"`
	Title    Text     `json:"title"`
	Sentence Text     `json:"sentence"`
	Severity string   `json:"severity"`
	Fresh    Text     `json:"fresh"`
	Params   []Param  `json:"params"`
	Filters  []string `json:"filters"`
}

// Kinds lists every kind in the order in which people are offered them.
var Kinds = []KindInfo{
	{
		Kind: StockLow, Severity: "warning", Filters: []string{"location_id", "skus", "category_ids"},
		Title:    Text{"en": "Stock is low", "zh": "库存不足"},
		Sentence: Text{"en": "When available stock of a variant falls below {threshold}", "zh": "当某规格的可售库存低于 {threshold} 时"},
		Fresh:    Text{"en": "Within a second of the change", "zh": "变动后一秒内"},
		Params: []Param{
			{Name: "threshold", Title: Text{"en": "Below", "zh": "低于"}, Unit: "units", Min: 1, Max: 1_000_000, Default: 5},
			{Name: "hysteresis", Title: Text{"en": "Re-arm this far above", "zh": "回升多少后重新启用"}, Unit: "units", Min: 0, Max: 1_000_000, Default: 2},
		},
	},
	{
		Kind: PaymentFailed, Severity: "warning",
		Title:    Text{"en": "Payment failed", "zh": "支付失败"},
		Sentence: Text{"en": "When paying for an order fails {count} times within {window_minutes} minutes", "zh": "当某订单在 {window_minutes} 分钟内支付失败 {count} 次时"},
		Fresh:    Text{"en": "Within a second of the failure", "zh": "失败后一秒内"},
		Params: []Param{
			{Name: "count", Title: Text{"en": "Failures", "zh": "失败次数"}, Unit: "times", Min: 1, Max: 100, Default: 2},
			{Name: "window_minutes", Title: Text{"en": "Within", "zh": "时间范围"}, Unit: "minutes", Min: 1, Max: 10080, Default: 60},
		},
	},
	{
		Kind: PaymentDoubt, Severity: "critical",
		Title:    Text{"en": "Money needs a person", "zh": "款项需人工核对"},
		Sentence: Text{"en": "When money comes in without a live order, another amount is paid than was asked for, or nobody can say what became of a payment", "zh": "当收到无有效订单的款项、支付金额与应付金额不符，或支付结果始终无法确认时"},
		Fresh:    Text{"en": "Within a second of the news", "zh": "获知后一秒内"},
		Params:   []Param{},
	},
	{
		Kind: OrderUnpaid, Severity: "info",
		Title:    Text{"en": "Order unpaid too long", "zh": "订单长时间未付款"},
		Sentence: Text{"en": "When an order is not paid {minutes} minutes after it was made", "zh": "当订单创建 {minutes} 分钟后仍未付款时"},
		Fresh:    Text{"en": "Looked at every 30 seconds", "zh": "每 30 秒检查一次"},
		Params:   []Param{{Name: "minutes", Title: Text{"en": "After", "zh": "超过"}, Unit: "minutes", Min: 1, Max: 43200, Default: 1440}},
	},
	{
		Kind: OrderUnshipped, Severity: "warning",
		Title:    Text{"en": "Order not shipped in time", "zh": "订单未按时发货"},
		Sentence: Text{"en": "When an order to be shipped is not on its way {hours} hours after it was placed", "zh": "当需发货订单下单 {hours} 小时后仍未发出时"},
		Fresh:    Text{"en": "Looked at every 30 seconds", "zh": "每 30 秒检查一次"},
		Params:   []Param{{Name: "hours", Title: Text{"en": "After", "zh": "超过"}, Unit: "hours", Min: 1, Max: 2160, Default: 24}},
	},
	{
		Kind: OrderDuplicate, Severity: "warning",
		Title:    Text{"en": "Likely duplicate order", "zh": "疑似重复订单"},
		Sentence: Text{"en": "When an order looks {score} % like another of the same buyer within {window_minutes} minutes", "zh": "当同一买家 {window_minutes} 分钟内的两张订单相似度达到 {score}% 时"},
		Fresh:    Text{"en": "Within a second of the order", "zh": "下单后一秒内"},
		Params: []Param{
			{Name: "window_minutes", Title: Text{"en": "Within", "zh": "时间范围"}, Unit: "minutes", Min: 1, Max: 10080, Default: 60},
			{Name: "score", Title: Text{"en": "Likeness", "zh": "相似度"}, Unit: "points", Min: 50, Max: 100, Default: 75},
		},
	},
}

func info(k Kind) (KindInfo, bool) {
	for _, i := range Kinds {
		if i.Kind == k {
			return i, true
		}
	}
	return KindInfo{}, false
}

// complete fills in defaults and says what is wrong with the rule.
func (r *Rule) complete() error {
	bad := fault.New(fault.Invalid, "alert_rule.invalid", "The rule cannot be saved. Mend the fields named.")
	kind, ok := info(r.Kind)
	if !ok {
		return bad.Field("kind", "is not a kind of rule; GET /api/v1/alert-rules/kinds lists them")
	}
	if r.Severity == "" {
		r.Severity = kind.Severity
	}
	if r.Name == "" {
		r.Name = kind.Title["en"]
	}
	params := make(map[string]int, len(kind.Params))
	for _, p := range kind.Params {
		v, given := r.Params[p.Name]
		if !given {
			v = p.Default
		}
		if v < p.Min || v > p.Max {
			bad = bad.Field("params."+p.Name, "must be between %d and %d", p.Min, p.Max)
		}
		params[p.Name] = v
	}
	for name := range r.Params {
		if _, known := params[name]; !known {
			bad = bad.Field("params."+name, "is not a threshold of this kind")
		}
	}
	for _, c := range r.Notify.Channels {
		if c != "in_app" && c != "email" {
			bad = bad.Field("notify.channels", "can be in_app and email")
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	r.Params = params
	return nil
}
