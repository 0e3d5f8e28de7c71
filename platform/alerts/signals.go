package alerts

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/money"
	"allhours/platform/base/outbox"
	"allhours/platform/inventory"
)

// signal is how a kind sees the business. look observes named subjects (level ids for stock, payment ids or references for doubts, order ids else); sweep finds subjects in breach that no
// event announces. timed kinds are swept on a schedule, all kinds once when a rule is saved.
type signal struct {
	look  func(tx *db.Tx, r Rule, subjects []string) ([]Observation, error)
	sweep func(tx *db.Tx, r Rule) ([]Observation, error)
	timed bool
}

var signals = map[Kind]signal{
	StockLow:       {look: lookStock, sweep: sweepStock},
	PaymentFailed:  {look: lookFailedPayments},
	PaymentDoubt:   {look: lookDoubts},
	OrderUnpaid:    {look: lookUnpaid, sweep: sweepUnpaid, timed: true},
	OrderUnshipped: {look: lookUnshipped, sweep: sweepUnshipped, timed: true},
	OrderDuplicate: {look: lookDuplicate},
}

// changedLevels reads the level ids of a stock.changed event.
func changedLevels(e outbox.Event) ([]string, error) {
	var changed inventory.StockChangedV1
	if err := e.Decode(&changed); err != nil {
		return nil, err
	}
	ids := make([]string, len(changed.Levels))
	for i, l := range changed.Levels {
		ids[i] = l.LevelID.String()
	}
	return ids, nil
}

// orderOf gives the order of an order.* event (its subject) or a payment.* event (order_id of its payload).
func orderOf(e outbox.Event) (string, error) {
	var p struct {
		OrderID string `json:"order_id"`
	}
	if err := e.Decode(&p); err != nil {
		return "", err
	}
	if p.OrderID == "" {
		p.OrderID = e.Subject
	}
	if _, err := uuid.Parse(p.OrderID); err != nil {
		return "", fmt.Errorf("alerts: %s names no order: %w", e.Type, err)
	}
	return p.OrderID, nil
}

func lookStock(tx *db.Tx, r Rule, levels []string) ([]Observation, error) {
	rows, err := stockLevels(tx, r.Filter, levels, nil)
	if err != nil {
		return nil, err
	}
	out := make([]Observation, 0, len(rows))
	for _, l := range rows {
		out = append(out, l.observe(r))
	}
	return out, nil
}

func sweepStock(tx *db.Tx, r Rule) ([]Observation, error) {
	below := r.Params["threshold"]
	rows, err := stockLevels(tx, r.Filter, nil, &below)
	if err != nil {
		return nil, err
	}
	out := make([]Observation, 0, len(rows))
	for _, l := range rows {
		out = append(out, l.observe(r))
	}
	return out, nil
}

func (l stockLevel) observe(r Rule) Observation {
	threshold, hysteresis := int64(r.Params["threshold"]), int64(r.Params["hysteresis"])
	title := l.Title.V["en"]
	for _, language := range []string{"zh", "fr", "de"} {
		if title == "" {
			title = l.Title.V[language]
		}
	}
	zh := l.Title.V["zh"]
	if zh == "" {
		zh = title
	}
	return Observation{
		Key:     "stock_low:" + l.LevelID,
		Subject: Subject{Type: "variant", ID: l.ProductID, Label: l.SKU},
		Value:   float64(l.Available),
		// A level that never held anything has not fallen: a product being set up is no anomaly.
		Breach: l.Available < threshold && l.Stocked,
		Clear:  l.Available >= threshold+hysteresis || !l.Active,
		Words: Words{
			Title:    Text{"en": fmt.Sprintf("Low stock: %s", title), "zh": fmt.Sprintf("库存不足：%s", zh)},
			Summary:  Text{"en": fmt.Sprintf("%d left of %s at %s; the threshold is %d.", l.Available, l.SKU, l.Location, threshold), "zh": fmt.Sprintf("%s 在 %s 仅剩 %d 件，阈值为 %d。", l.SKU, l.Location, l.Available, threshold)},
			Evidence: map[string]any{"sku": l.SKU, "location": l.Location, "location_id": l.LocationID, "level_id": l.LevelID, "available": l.Available, "on_hand": l.OnHand, "threshold": threshold, "hysteresis": hysteresis},
		},
	}
}

func lookFailedPayments(tx *db.Tx, r Rule, orders []string) ([]Observation, error) {
	window := time.Duration(r.Params["window_minutes"]) * time.Minute
	rows, err := ordersByID(tx, orders)
	if err != nil {
		return nil, err
	}
	var out []Observation
	for _, o := range rows {
		failures, err := failedPayments(tx, o.ID, tx.Now.Add(-window))
		if err != nil {
			return nil, err
		}
		over := o.ended() || o.paid()
		reason := ""
		if failures.Count > 0 {
			reason = failures.Reason
		}
		out = append(out, Observation{
			Key: "payment_failed:" + o.ID, Subject: o.subject(), Value: float64(failures.Count),
			Breach: !over && failures.Count >= r.Params["count"], Clear: over,
			Words: Words{
				Title:    Text{"en": "Payment keeps failing: " + o.label("en"), "zh": "支付多次失败：" + o.label("zh")},
				Summary:  Text{"en": fmt.Sprintf("Paying %s failed %d times within %d minutes. Last reason: %s.", o.amount(), failures.Count, r.Params["window_minutes"], orNone(reason)), "zh": fmt.Sprintf("%s 在 %d 分钟内支付失败 %d 次，最近原因：%s。", o.amount(), r.Params["window_minutes"], failures.Count, orNone(reason))},
				Evidence: map[string]any{"failures": failures.Count, "last_reason": reason, "method": failures.Method, "total": o.Total, "currency": o.Currency},
			},
		})
	}
	return out, nil
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func lookUnpaid(tx *db.Tx, r Rule, orders []string) ([]Observation, error) {
	rows, err := ordersByID(tx, orders)
	return observeOrders(rows, err, func(o order) Observation { return o.unpaid(tx.Now, r.Params["minutes"]) })
}

func sweepUnpaid(tx *db.Tx, r Rule) ([]Observation, error) {
	rows, err := unpaidOrders(tx, r.ID, tx.Now.Add(-time.Duration(r.Params["minutes"])*time.Minute))
	return observeOrders(rows, err, func(o order) Observation { return o.unpaid(tx.Now, r.Params["minutes"]) })
}

func (o order) unpaid(now time.Time, minutes int) Observation {
	age := now.Sub(o.CreatedAt)
	waiting := !o.ended() && !o.paid() && o.PaymentMethod != "on_delivery"
	return Observation{
		Key: "order_unpaid:" + o.ID, Subject: o.subject(), Value: age.Minutes(),
		Breach: waiting && age >= time.Duration(minutes)*time.Minute, Clear: !waiting,
		Words: Words{
			Title:    Text{"en": "Not paid: " + o.label("en"), "zh": "未付款：" + o.label("zh")},
			Summary:  Text{"en": fmt.Sprintf("%s has been waiting for payment for %s.", o.amount(), span(age)), "zh": fmt.Sprintf("%s 已等待付款 %s。", o.amount(), span(age))},
			Evidence: map[string]any{"age_minutes": int(age.Minutes()), "threshold_minutes": minutes, "payment_status": o.PaymentStatus, "total": o.Total, "currency": o.Currency},
		},
	}
}

func lookUnshipped(tx *db.Tx, r Rule, orders []string) ([]Observation, error) {
	rows, err := ordersByID(tx, orders)
	return observeOrders(rows, err, func(o order) Observation { return o.unshipped(tx.Now, r.Params["hours"]) })
}

func sweepUnshipped(tx *db.Tx, r Rule) ([]Observation, error) {
	rows, err := unshippedOrders(tx, r.ID, tx.Now.Add(-time.Duration(r.Params["hours"])*time.Hour))
	return observeOrders(rows, err, func(o order) Observation { return o.unshipped(tx.Now, r.Params["hours"]) })
}

func (o order) unshipped(now time.Time, hours int) Observation {
	waiting := o.Status == "placed" && o.FulfilmentType == "ship" && o.HoldReason == "" && !o.shipped() && o.PlacedAt != nil
	age := time.Duration(0)
	if o.PlacedAt != nil {
		age = now.Sub(*o.PlacedAt)
	}
	return Observation{
		Key: "order_unshipped:" + o.ID, Subject: o.subject(), Value: age.Hours(),
		Breach: waiting && age >= time.Duration(hours)*time.Hour, Clear: !waiting,
		Words: Words{
			Title:    Text{"en": "Not shipped in time: " + o.label("en"), "zh": "未按时发货：" + o.label("zh")},
			Summary:  Text{"en": fmt.Sprintf("Placed %s ago and not on its way yet; the limit is %d h.", span(age), hours), "zh": fmt.Sprintf("下单已 %s 仍未发出，时限为 %d 小时。", span(age), hours)},
			Evidence: map[string]any{"age_hours": int(age.Hours()), "threshold_hours": hours, "fulfilment_status": o.FulfilmentStatus},
		},
	}
}

func observeOrders(rows []order, err error, observe func(order) Observation) ([]Observation, error) {
	if err != nil {
		return nil, err
	}
	out := make([]Observation, 0, len(rows))
	for _, o := range rows {
		out = append(out, observe(o))
	}
	return out, nil
}

func lookDuplicate(tx *db.Tx, r Rule, orders []string) ([]Observation, error) {
	window := time.Duration(r.Params["window_minutes"]) * time.Minute
	var out []Observation
	for _, id := range orders {
		this, ended, err := purchaseByID(tx, id)
		if err != nil {
			return nil, err
		}
		o := Observation{Key: "order_duplicate:" + id, Subject: Subject{Type: "order", ID: id, Label: this.Label}, Clear: ended}
		if !ended {
			earlier, err := earlierPurchases(tx, this, window)
			if err != nil {
				return nil, err
			}
			for _, other := range earlier {
				if score, why := likeness(other, this, window); float64(score) > o.Value {
					o.Value = float64(score)
					o.Words = duplicateWords(this, other, score, why)
				}
			}
			o.Breach = int(o.Value) >= r.Params["score"]
		}
		out = append(out, o)
	}
	return out, nil
}

func duplicateWords(this, other purchase, score int, why []reason) Words {
	return Words{
		Title:    Text{"en": fmt.Sprintf("Order %s may repeat %s", this.Label, other.Label), "zh": fmt.Sprintf("订单 %s 可能与 %s 重复", this.Label, other.Label)},
		Summary:  Text{"en": fmt.Sprintf("%d %% alike: ask the customer, or cancel and refund one of them.", score), "zh": fmt.Sprintf("相似度 %d%%：请联系客户确认，或取消并退款其中一单。", score)},
		Evidence: map[string]any{"score": score, "reasons": why, "other_order_id": other.ID, "other_order": other.Label},
	}
}

func (o order) subject() Subject { return Subject{Type: "order", ID: o.ID, Label: o.label("en")} }

func (o order) label(language string) string { return orderLabel(o.Number, o.ID, language) }

func orderLabel(number *int64, id, language string) string {
	switch {
	case number != nil:
		return fmt.Sprintf("#%d", *number)
	case language == "zh":
		return "待付款 " + id[len(id)-6:]
	}
	return "unplaced " + id[len(id)-6:]
}

func (o order) amount() string {
	return money.Money{Amount: o.Total, Currency: o.Currency}.String()
}

func (o order) ended() bool { return o.Status == "cancelled" || o.Status == "expired" }

func (o order) paid() bool {
	switch o.PaymentStatus {
	case "authorized", "paid", "overpaid", "partially_refunded", "refunded", "voided", "disputed":
		return true
	}
	return false
}

func (o order) shipped() bool {
	switch o.FulfilmentStatus {
	case "shipped", "delivered", "collected", "issued", "fulfilled":
		return true
	}
	return false
}

// span words a duration the way a person would say it.
func span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}
