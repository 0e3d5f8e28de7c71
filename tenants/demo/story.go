package demo

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
	"allhours/platform/orders"
)

const (
	firstNumber = 1001
	expiry      = 30 * time.Minute // of an unpaid order
)

// story is the writing down of one sale.
type story struct {
	*world
	sale  *sale
	order *orderRow
	lines []*lineRow
	by    actor // who orders
	from  int   // the location it is supplied from
	needs map[string]int64
	held  string // the state that its holds are in now
	until *time.Time
}

// tell writes a sale down: the order with all that has happened to it.
func (w *world) tell(s *sale) {
	t := w.begin(s)
	switch {
	case s.pay == "manual" || s.pay == "on_delivery":
		t.placeAt(s.at)
		if s.pay == "manual" && s.fate != waiting {
			t.payByHand(s.at.Add(w.between(time.Minute, 3*time.Minute)))
		}
	case s.fate == expired:
		t.expire()
	case s.fate == draft || s.fate == failing:
		t.refuse()
	default:
		t.pay()
	}
	switch s.fate {
	case cancelled:
		t.cancel()
	case held:
		t.hold()
	case begun, sent, done, returned:
		t.fulfil()
	}
	if s.fate == returned {
		t.takeBack()
	}
	switch s.extra {
	case "":
	case twin:
		w.twins = append(w.twins, t.order.ID)
	default:
		by := cmp.Or(w.staff["clerk"], w.staff["manager"])
		w.rows.notes = append(w.rows.notes, &noteRow{OrderID: t.order.ID, ID: db.NewID(), Author: by.Name, Text: s.extra, At: t.order.UpdatedAt})
	}
	t.end()
}

func (w *world) begin(s *sale) *story {
	id := orders.IDAt(s.at)
	c := s.who
	if c.since.IsZero() {
		c.since = s.at
		c.id = orders.IDAt(s.at)
		w.rows.customers = append(w.rows.customers, w.customerRow(c))
		if c.account {
			w.rows.addresses = append(w.rows.addresses, &addressRow{ID: db.NewID(), CustomerID: c.id, Address: c.address, IsDefault: true, CreatedAt: s.at, UpdatedAt: s.at})
		}
	}
	o := &orderRow{
		ID: id, Channel: "storefront", CustomerID: c.id, Status: orders.Draft, PaymentStatus: orders.Unpaid, FulfilmentStatus: orders.Unfulfilled, FulfilmentType: s.ship,
		PaymentMethod: w.installation.method(s.pay), Currency: w.Currency, Language: w.people.Language, Email: c.email, Phone: c.phone, Name: c.name, Note: s.note, Tags: []string{},
		TaxIncluded: true, Version: 1, CreatedAt: s.at, UpdatedAt: s.at,
	}
	t := &story{world: w, sale: s, order: o, by: actor{"guest", "", c.name}, needs: map[string]int64{}}
	if c.account {
		t.by = actor{"customer", c.id.String(), c.name}
	}
	if s.staff {
		o.Channel, t.by = "staff", cmp.Or(w.staff["clerk"], w.staff["manager"])
	}
	if c.company != "" {
		o.Tags = []string{"trade"}
	}
	country := w.Country
	switch s.ship {
	case "ship":
		o.ShippingAddress, country = &c.address, c.address.Country
	case "pickup":
		t.from = len(w.locations) - 1
		o.LocationID = &w.locations[t.from]
	}
	t.price(country)
	w.rows.orders = append(w.rows.orders, o)
	w.rows.lines = append(w.rows.lines, t.lines...)
	return t
}

func (w *world) customerRow(c *customer) *customerRow {
	r := &customerRow{ID: c.id, Kind: "guest", Email: c.email, Phone: c.phone, Name: c.name, Language: w.people.Language, Country: w.people.Country, CreatedAt: c.since, UpdatedAt: c.since}
	if c.account {
		r.Kind, r.EmailConfirmedAt = "account", &c.since
	}
	if c.shopper {
		r.PasswordHash = w.shopperHash
	}
	return r
}

// price makes the lines and adds the order up, as orders does.
func (t *story) price(country string) {
	n := len(t.sale.want)
	amounts, rates := make([]int64, n+1), make([]int, n+1) // the last is the delivery
	for i, want := range t.sale.want {
		g := t.goods[want.sku]
		unit, _ := g.UnitPrice(want.quantity)
		l := &lineRow{
			OrderID: t.order.ID, Line: i + 1, VariantID: g.VariantID, SKU: g.SKU, Title: g.Title, Options: g.Options, Image: g.Image, Uses: []catalog.Use{},
			Quantity: want.quantity, UnitPrice: unit, Total: unit * int64(want.quantity),
		}
		if l.Options == nil {
			l.Options = map[string]string{}
		}
		if g.Tracked {
			l.Uses = g.Uses
			for _, u := range g.Uses {
				t.needs[u.Key] += u.Quantity * int64(want.quantity)
			}
		}
		amounts[i], rates[i] = l.Total, t.taxes.Rate(g.TaxClass, country)
		t.order.Subtotal += l.Total
		t.order.TaxIncluded = g.TaxIncluded
		t.lines = append(t.lines, l)
	}
	if t.sale.ship == "ship" && (t.Order.ShippingFreeFrom == 0 || t.order.Subtotal < t.Order.ShippingFreeFrom) {
		t.order.ShippingTotal = t.Order.ShippingPrice
	}
	amounts[n], rates[n] = t.order.ShippingTotal, t.taxes.Rate("standard", country)
	for i, tax := range catalog.SplitTax(amounts, rates, t.order.TaxIncluded) {
		if i < n {
			t.lines[i].Tax = tax
		}
		t.order.TaxTotal += tax
	}
	t.order.Total = t.order.Subtotal + t.order.ShippingTotal
	if !t.order.TaxIncluded {
		t.order.Total += t.order.TaxTotal
	}
}

// happen adds to the timeline at the order's present version.
func (t *story) happen(when time.Time, kind string, by actor, public bool, data map[string]any) {
	if data == nil {
		data = map[string]any{}
	}
	id := orders.IDAt(when)
	if len(t.rows.timeline) == 0 || t.rows.timeline[len(t.rows.timeline)-1].OrderID != t.order.ID {
		id = t.order.ID // the first entry has the order's own id
	}
	t.order.UpdatedAt = when
	t.rows.timeline = append(t.rows.timeline, &eventRow{OrderID: t.order.ID, ID: id, Kind: kind, ActorKind: by.Kind, ActorID: by.ID, ActorName: by.Name, Data: data, Public: public, Version: t.order.Version, At: when})
}

// stock moves what the order needs, by factors of it.
func (t *story) stock(when time.Time, kind, state string, onHand, reserved, committed int64, by actor) {
	t.held = state
	for _, key := range sortedKeys(t.needs) {
		q := t.needs[key]
		t.levels[at{t.from, key}].add(effect{
			at: when, kind: kind, onHand: onHand * q, reserved: reserved * q, committed: committed * q, cause: "order", id: t.order.ID.String(), actor: by.mover(),
		})
	}
}

func (a actor) mover() string {
	if a.ID == "" {
		return a.Kind
	}
	return a.Kind + ":" + a.ID
}

// placeAt is the placing of an order that is paid by hand.
func (t *story) placeAt(when time.Time) {
	t.order.Status, t.order.PlacedAt = orders.Placed, &when
	t.happen(when, "placed", t.by, true, nil)
	t.stock(when, "commit", "committed", 0, 0, 1, t.by)
}

// reserve is the beginning of an order that is paid by the provider.
func (t *story) reserve() {
	t.happen(t.sale.at, "drafted", t.by, true, nil)
	t.stock(t.sale.at, "reserve", "reserved", 0, 1, 0, t.by)
	end := t.sale.at.Add(expiry)
	t.order.ExpiresAt, t.until = &end, &end
}

// payment tells of a change of the order's payment axis.
func (t *story) payment(when time.Time, to string, by actor) {
	from := t.order.PaymentStatus
	t.order.PaymentStatus = to
	t.happen(when, "payment_changed", by, true, map[string]any{"from": from, "to": to, "paid_total": t.order.PaidTotal, "refunded_total": t.order.RefundedTotal})
}

// pay is an order that the provider has taken the money for: it waits for the payer, and is placed.
func (t *story) pay() {
	t.reserve()
	opened := t.sale.at.Add(t.between(300*time.Millisecond, 1200*time.Millisecond))
	t.order.Version++
	t.payment(opened, orders.Pending, t.by)
	paid := t.sale.at.Add(t.between(20*time.Second, 110*time.Second))
	p := t.attempt(opened, paid, "captured", "")
	t.order.Version++
	t.order.Status, t.order.PlacedAt, t.order.ExpiresAt, t.until, t.order.PaidTotal = orders.Placed, &paid, nil, nil, p.Amount
	t.stock(paid, "commit", "committed", 0, -1, 1, t.installation.actor())
	t.happen(paid, "placed", t.installation.actor(), true, nil)
	t.payment(paid, orders.Paid, t.installation.actor())
}

// payByHand is money that the staff has counted or found on the bank's statement.
func (t *story) payByHand(when time.Time) {
	by := cmp.Or(t.staff["clerk"], t.staff["manager"])
	t.attempt(when, when, "captured", "")
	t.order.Version++
	t.order.PaidTotal = t.order.Total
	t.payment(when, orders.Paid, by)
}

// expire is an order that nobody paid.
func (t *story) expire() {
	t.reserve()
	end := *t.order.ExpiresAt
	t.attempt(t.sale.at.Add(time.Second), end, "expired", "expired")
	t.order.Version++
	t.payment(end, orders.Failed, actor{Kind: "job", ID: "orders"})
	t.order.Version++
	t.order.Status = orders.Expired
	t.stock(end, "expire", "expired", 0, -1, 0, actor{Kind: "job", ID: "orders"})
	t.happen(end, "expired", actor{Kind: "job", ID: "orders"}, true, map[string]any{"from": orders.Draft})
}

// refuse is an order whose card was refused; the shopper may try again until it expires. One that was refused again and again has been given two days by the shop.
func (t *story) refuse() {
	t.reserve()
	reasons := []string{"card_declined"}
	if t.sale.fate == failing {
		reasons = []string{"card_declined", "insufficient_funds", "card_declined"}
		end := t.sale.at.Add(48 * time.Hour)
		t.order.ExpiresAt, t.until = &end, &end
	}
	when := t.sale.at
	for i, reason := range reasons {
		when = when.Add(t.between(35*time.Second, 80*time.Second))
		t.attempt(when.Add(-20*time.Second), when, "declined", reason)
		if i == 0 {
			t.order.Version++
			t.payment(when, orders.Failed, t.installation.actor())
		}
	}
}

// hold is an order that the staff wants to ask about.
func (t *story) hold() {
	when := t.order.UpdatedAt.Add(t.between(10*time.Minute, 30*time.Minute))
	by := cmp.Or(t.staff["support"], t.staff["clerk"], t.staff["manager"])
	t.order.Version++
	t.order.HoldReason, t.order.HoldOwner = "Address is not complete", by.Name
	if t.sale.ship != "ship" {
		t.order.HoldReason = "Time of arrival is not known"
	}
	t.happen(when, "held", by, false, map[string]any{"reason": t.order.HoldReason, "until": nil})
}

// cancel gives up a paid order before it has left, with its money and goods going back.
func (t *story) cancel() {
	least, most := time.Hour, 6*time.Hour
	if t.Industry != "retail" {
		least, most = 2*time.Minute, 6*time.Minute
	}
	when := t.order.UpdatedAt.Add(t.between(least, most))
	by := cmp.Or(t.staff["support"], t.staff["clerk"], t.staff["manager"])
	from := t.order.Status
	t.order.Version++
	t.order.Status, t.order.CancelledAt, t.order.CancelReason = orders.Cancelled, &when, t.pickReason()
	for _, l := range t.lines {
		l.Cancelled = l.Quantity
	}
	t.stock(when, "release", "released", 0, 0, -1, by)
	t.happen(when, "cancelled", by, true, map[string]any{"from": from, "reason": t.order.CancelReason, "restocked": true, "refund": t.order.PaidTotal})
	if t.order.PaidTotal > 0 {
		t.refund(when.Add(2*time.Second), t.order.PaidTotal, by)
	}
}

func (t *story) pickReason() string {
	list := map[string][]string{
		"en": {"Customer changed their mind", "Ordered twice by mistake", "Found the wrong size", "Plans have changed"},
		"zh": {"客人临时有事", "点错了", "下单重复"},
	}[t.Language]
	return list[t.rng.IntN(len(list))]
}

// takeBack is a line that the customer has sent back or cannot use.
func (t *story) takeBack() {
	when := t.order.UpdatedAt.Add(t.between(30*time.Hour, 50*time.Hour))
	by := cmp.Or(t.staff["support"], t.staff["manager"])
	l := t.lines[0]
	l.Refunded = l.Total
	t.order.Version++
	if len(l.Uses) > 0 {
		l.Restocked = l.Quantity
		for _, u := range l.Uses {
			t.levels[at{t.from, u.Key}].add(effect{at: when, kind: "restock", onHand: u.Quantity * int64(l.Quantity), cause: "order", id: t.order.ID.String(), actor: by.mover()})
		}
		t.happen(when, "restocked", by, false, map[string]any{"lines": []orders.GroupLine{{Line: l.Line, Quantity: l.Quantity}}})
	}
	t.refund(when.Add(time.Second), l.Total, by)
}

// end writes the holds down in the state that they have come to.
func (t *story) end() {
	for _, key := range sortedKeys(t.needs) {
		t.rows.holds = append(t.rows.holds, &holdRow{
			ID: orders.IDAt(t.sale.at), LevelID: t.levels[at{t.from, key}].id, OwnerKind: "order", OwnerID: t.order.ID, Quantity: t.needs[key], State: t.held, ExpiresAt: t.until,
			CreatedAt: t.sale.at, UpdatedAt: t.order.UpdatedAt,
		})
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}

// number gives the placed orders their numbers, in the order in which they were placed.
func (w *world) number() {
	var placed []*orderRow
	for _, o := range w.rows.orders {
		if o.PlacedAt != nil {
			placed = append(placed, o)
		}
	}
	slices.SortStableFunc(placed, func(a, b *orderRow) int { return a.PlacedAt.Compare(*b.PlacedAt) })
	for i, o := range placed {
		n := int64(firstNumber + i)
		o.Number = &n
	}
}
