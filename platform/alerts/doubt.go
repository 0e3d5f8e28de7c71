package alerts

import (
	"fmt"

	"allhours/platform/base/db"
	"allhours/platform/base/money"
	"allhours/platform/payments"
)

// Money that needs a person: it came without a live order, it is another amount than was asked for, or nobody could say in time what became of it. The events say
// that it happened; the payment says whether it still stands. Money that has gone back, and a question that has been answered, are no doubts any more. What came for
// a payment that we never began has no row that could clear it: a person resolves its incident.

// doubt is the newest of a payment's events that raise one, with what is known of the payment now.
type doubt struct {
	Subject                                           string
	Type                                              string
	Payload                                           db.JSON[payments.MismatchV1] // the other events' payloads are a part of it
	Known                                             bool                         // there is such a payment
	Status, Method, ProviderRef, OrderID, OrderStatus string
	OrderNumber                                       *int64
	Captured, Refunded                                int64
	Unsettled                                         bool // the outcome of one of its operations is not known
}

func doubts(tx *db.Tx, subjects []string) (rows []doubt, err error) {
	return rows, tx.Raw(`SELECT DISTINCT ON (e.subject) e.subject, e.type, e.payload, p.id IS NOT NULL AS known, coalesce(p.status, '') AS status, coalesce(p.method, '') AS method,
			coalesce(p.provider_ref, '') AS provider_ref, coalesce(o.id::text, '') AS order_id, coalesce(o.status, '') AS order_status, o.number AS order_number,
			coalesce(p.captured, 0) AS captured, coalesce(p.refunded, 0) AS refunded,
			EXISTS (SELECT 1 FROM payment_operations x WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.state NOT IN ('succeeded', 'failed')) AS unsettled
		FROM outbox_events e
		LEFT JOIN payments p ON p.tenant_id = e.tenant_id AND p.id = CASE WHEN e.subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN e.subject::uuid END
		LEFT JOIN orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
		WHERE e.tenant_id = ? AND e.subject = ANY(?::text[]) AND (e.type IN (?, ?) OR e.type = ? AND (e.payload->>'final')::boolean)
		ORDER BY e.subject, e.id DESC`, tx.Scope.Tenant, db.Strings(subjects), payments.EventOrphan, payments.EventMismatch, payments.EventUnknown).Scan(&rows).Error
}

func lookDoubts(tx *db.Tx, _ Rule, subjects []string) ([]Observation, error) {
	rows, err := doubts(tx, subjects)
	if err != nil {
		return nil, err
	}
	out := make([]Observation, 0, len(subjects))
	seen := map[string]bool{}
	for _, d := range rows {
		seen[d.Subject] = true
		out = append(out, d.observe())
	}
	for _, s := range subjects {
		if !seen[s] { // no doubt was ever raised, or its event has been purged: nothing is known that would open or end one
			out = append(out, Observation{Key: string(PaymentDoubt) + ":" + s})
		}
	}
	return out, nil
}

// stands tells whether the doubt needs a person still.
func (d doubt) stands() bool {
	switch {
	case !d.Known:
		return true
	case d.Type == payments.EventOrphan:
		live := d.OrderID != "" && d.OrderStatus != "cancelled" && d.OrderStatus != "expired"
		return !live && (d.Captured > d.Refunded || d.Status == "authorized")
	}
	return d.Unsettled
}

func (d doubt) observe() Observation {
	stands := d.stands()
	o := Observation{Key: string(PaymentDoubt) + ":" + d.Subject, Subject: Subject{Type: "payment", ID: d.Subject, Label: d.Subject}, Value: float64(d.Payload.V.Amount), Breach: stands, Clear: !stands}
	en, zh := d.Subject, d.Subject
	if d.OrderID != "" {
		en, zh = orderLabel(d.OrderNumber, d.OrderID, "en"), orderLabel(d.OrderNumber, d.OrderID, "zh")
		o.Subject = Subject{Type: "order", ID: d.OrderID, Label: en}
	}
	e := d.Payload.V
	asked, came := sum{e.Amount, e.Currency}, sum{e.GotAmount, e.GotCurrency}
	step := steps[e.Operation]
	o.Words.Evidence = map[string]any{"operation": step, "method": d.Method, "provider_ref": d.ProviderRef, "order_status": d.OrderStatus, "order_id": d.OrderID, "payment_id": e.ID}
	fact := func(cause Text, facts map[string]any) {
		o.Words.Evidence["cause"] = cause
		for name, value := range facts {
			o.Words.Evidence[name] = value
		}
	}
	switch d.Type {
	case payments.EventOrphan:
		fact(Text{"en": "Money without a live order", "zh": "款项没有有效订单"}, map[string]any{"came": asked})
		o.Words.Title = Text{"en": "Money without an order: " + en, "zh": "款项没有有效订单：" + zh}
		o.Words.Summary = Text{"en": fmt.Sprintf("%s came in, and there is no live order for it. It is to be matched by hand or sent back.", asked), "zh": fmt.Sprintf("收到 %s，但没有对应的有效订单，需人工核对或退回。", asked)}
		if d.Known {
			o.Words.Summary = Text{"en": fmt.Sprintf("%s came in for an order that has ended (%s). It is being sent back; see to it that it arrives.", asked, d.OrderStatus), "zh": fmt.Sprintf("订单已结束（%s）后收到 %s，正在退回，请确认退款到账。", d.OrderStatus, asked)}
		} else {
			o.Words.Evidence["provider_ref"], o.Words.Evidence["payment_id"] = d.Subject, nil
		}
	case payments.EventMismatch:
		fact(Text{"en": "Another amount than was asked for", "zh": "金额与应付不符"}, map[string]any{"asked": asked, "came": came})
		o.Words.Title = Text{"en": "Wrong amount: " + en, "zh": "支付金额不符：" + zh}
		o.Words.Summary = Text{"en": fmt.Sprintf("The provider says %s where %s was asked for. It counts for nothing until somebody clears it up.", came, asked), "zh": fmt.Sprintf("应付 %s，服务商返回 %s。核对清楚之前不计入已付。", asked, came)}
	default:
		fact(Text{"en": "Nobody knows what became of it", "zh": "结果始终无法确认"}, map[string]any{"asked": asked})
		o.Words.Title = Text{"en": "Unknown outcome of a payment: " + en, "zh": "支付结果不明：" + zh}
		o.Words.Summary = Text{"en": fmt.Sprintf("The provider gave no answer on %s of %s for a day and is not asked any more.", step["en"], asked), "zh": fmt.Sprintf("%s %s：服务商一天内没有答复，系统已不再查询。", step["zh"], asked)}
	}
	return o
}

// steps words what an operation of a payment does.
var steps = map[string]Text{
	"authorize": {"en": "the payment", "zh": "付款"},
	"capture":   {"en": "the capture", "zh": "扣款"},
	"void":      {"en": "the release", "zh": "撤销"},
	"refund":    {"en": "the refund", "zh": "退款"},
}

// sum is an amount of money as evidence holds it.
type sum struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func (s sum) String() string { return money.Money{Amount: s.Amount, Currency: s.Currency}.String() }
