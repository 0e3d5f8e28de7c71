package demo

import (
	"cmp"
	"strings"
	"time"

	"allhours/platform/base/db"
	"allhours/platform/orders"
)

// fulfil brings the order as far on its way as its fate says.
func (t *story) fulfil() {
	g := &groupRow{ID: db.NewID(), OrderID: t.order.ID, Type: t.sale.ship, Status: "unfulfilled", Lines: []orders.GroupLine{}, TrackingStatus: "unknown", Version: 1}
	if t.order.LocationID != nil {
		g.LocationID = t.order.LocationID
	}
	for _, l := range t.lines {
		g.Lines = append(g.Lines, orders.GroupLine{Line: l.Line, Quantity: l.Quantity})
	}
	t.rows.groups = append(t.rows.groups, g)
	over := t.sale.fate == done || t.sale.fate == returned
	placed := t.order.UpdatedAt
	house := cmp.Or(t.staff["warehouse"], t.staff["clerk"], t.staff["manager"])
	switch t.sale.ship {
	case "digital":
		t.step(g, placed.Add(2*time.Second), "issued", actor{Kind: "job", ID: "orders"})
	case "pickup":
		quick := t.Industry != "retail"
		ready := t.between(time.Hour, 2*time.Hour)
		if quick {
			ready = t.between(7*time.Minute, 12*time.Minute)
		}
		t.step(g, placed.Add(ready), "ready", house)
		if !over {
			return
		}
		wait := t.between(3*time.Hour, 20*time.Hour)
		if quick {
			wait = t.between(3*time.Minute, 30*time.Minute)
		}
		desk := cmp.Or(t.staff["clerk"], house)
		if t.order.PaidTotal == 0 {
			t.payByHand(placed.Add(ready + wait - 40*time.Second))
		}
		t.step(g, placed.Add(ready+wait), "collected", desk)
	default:
		if t.sale.fate == begun {
			t.step(g, placed.Add(t.between(time.Hour, 3*time.Hour)), "picked", house)
			return
		}
		left := placed.Add(t.between(4*time.Hour, 15*time.Hour))
		t.hand(g)
		t.step(g, left, "shipped", house)
		if over {
			t.step(g, left.Add(t.between(20*time.Hour, 39*time.Hour)), "delivered", actor{Kind: "job", ID: "tracking"})
		}
	}
}

// hand gives the parcel to a carrier.
func (t *story) hand(g *groupRow) {
	c := t.Trade.Carriers[0]
	if t.chance(0.35) {
		c = t.Trade.Carriers[len(t.Trade.Carriers)-1]
	}
	g.Carrier, g.TrackingNumber = c.Name, t.digits(c.Number)
	g.TrackingURL = c.URL + g.TrackingNumber
	g.TrackingStatus = "in_transit"
}

// step moves the group, and with it the goods, the order's fulfilment axis and, when there is nothing left to do, its lifecycle.
func (t *story) step(g *groupRow, when time.Time, to string, by actor) {
	if g.CreatedAt.IsZero() {
		g.CreatedAt = when
	} else {
		g.Version++
	}
	from, before := g.Status, t.order.FulfilmentStatus
	g.Status, g.UpdatedAt = to, when
	switch to {
	case "shipped", "issued", "collected":
		g.ShippedAt = &when
		for _, l := range t.lines {
			l.Fulfilled = l.Quantity
		}
		t.stock(when, "ship", "consumed", -1, 0, -1, by)
	}
	switch to {
	case "delivered", "issued", "collected":
		g.DeliveredAt = &when
		if to == "delivered" {
			g.TrackingStatus = "delivered"
		}
	}
	t.order.Version++
	t.order.FulfilmentStatus = orders.FulfilmentStatusOf(t.counted(), []orders.Group{{Status: g.Status, Lines: g.Lines}})
	data := map[string]any{"fulfilment": g.ID, "from": from, "to": to, "order_from": before, "order_to": t.order.FulfilmentStatus}
	if g.TrackingNumber != "" {
		data["carrier"], data["tracking_number"] = g.Carrier, g.TrackingNumber
	}
	t.happen(when, "fulfilment_changed", by, true, data)
	if t.order.FulfilmentStatus == orders.Delivered && t.order.PaymentStatus == orders.Paid {
		t.order.Status, t.order.CompletedAt = orders.Completed, &when
		t.happen(when, "completed", by, true, nil)
	}
}

func (t *story) counted() []orders.Line {
	lines := make([]orders.Line, len(t.lines))
	for i, l := range t.lines {
		lines[i] = orders.Line{Line: l.Line, Quantity: l.Quantity, Cancelled: l.Cancelled}
	}
	return lines
}

// attempt is a payment of the whole order, opened and ended at the times given.
func (t *story) attempt(opened, ended time.Time, status, reason string) *paymentRow {
	byHand := t.sale.pay == "manual" || t.sale.pay == "on_delivery"
	p := &paymentRow{
		ID: orders.IDAt(opened), OrderID: t.order.ID, Method: t.order.PaymentMethod, Currency: t.Currency, Amount: t.order.Total, Status: status, Reason: reason,
		ProviderRef: "pay_" + strings.ReplaceAll(db.NewID().String(), "-", ""), Version: 2, CreatedAt: opened, UpdatedAt: ended, operation: db.NewID(),
	}
	source := "webhook"
	if byHand {
		p.Method, p.ProviderRef, source = "manual", p.ID.String(), "staff"
	} else {
		end := opened.Add(expiry)
		p.InstallationID, p.ExpiresAt = &t.installation.id, &end
	}
	op := &operationRow{ID: p.operation, PaymentID: p.ID, Kind: "authorize", Amount: p.Amount, Currency: p.Currency, State: "succeeded", ProviderRef: p.ProviderRef, Attempts: 1, CreatedAt: opened, UpdatedAt: ended}
	e := &moneyEventRow{
		ID: orders.IDAt(ended), PaymentID: p.ID, OperationID: op.ID, Kind: "capture", Outcome: "succeeded", Amount: p.Amount, Currency: p.Currency, ProviderRef: p.ProviderRef, Source: source,
		OccurredAt: ended, RecordedAt: ended,
	}
	switch status {
	case "captured":
		p.Captured = p.Amount
	case "declined":
		op.State, op.Reason, e.Kind, e.Outcome = "failed", reason, "authorize", "failed"
	case "expired":
		op.State, op.Reason, e.Kind = "failed", reason, "void"
	}
	t.rows.payments = append(t.rows.payments, p)
	t.rows.operations = append(t.rows.operations, op)
	t.rows.moneyEvents = append(t.rows.moneyEvents, e)
	return p
}

// refund gives so much of the order's money back.
func (t *story) refund(when time.Time, amount int64, by actor) {
	p := t.rows.payments[len(t.rows.payments)-1]
	p.Refunded, p.UpdatedAt = amount, when
	p.Version++
	ref := "re_" + strings.ReplaceAll(db.NewID().String(), "-", "")
	op := &operationRow{ID: db.NewID(), PaymentID: p.ID, Kind: "refund", Amount: amount, Currency: p.Currency, State: "succeeded", ProviderRef: ref, Attempts: 1, CreatedAt: when, UpdatedAt: when}
	t.rows.operations = append(t.rows.operations, op)
	t.rows.moneyEvents = append(t.rows.moneyEvents, &moneyEventRow{
		ID: orders.IDAt(when), PaymentID: p.ID, OperationID: op.ID, Kind: "refund", Outcome: "succeeded", Amount: amount, Currency: p.Currency, ProviderRef: ref, Source: "call", OccurredAt: when, RecordedAt: when,
	})
	t.order.Version++
	t.order.RefundedTotal = amount
	t.payment(when, orders.PaymentStatusOf(t.order.Total, orders.PaymentTotals{Captured: t.order.PaidTotal, Refunded: amount}), by)
}
