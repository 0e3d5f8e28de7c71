package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/platform/inventory"
	"allhours/platform/notify"
	"allhours/platform/payments"
	"allhours/tenants"
)

// A level that wanders fires exactly as often as it falls below the threshold after having been at least hysteresis above it.
func TestStepFiresOncePerCrossing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		threshold := rapid.IntRange(1, 20).Draw(t, "threshold")
		hysteresis := rapid.IntRange(0, 5).Draw(t, "hysteresis")
		values := rapid.SliceOfN(rapid.IntRange(0, 30), 1, 200).Draw(t, "values")
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		in := Instance{State: "ok"}
		fired, recovered, want, armed := 0, 0, 0, true
		for i, v := range values {
			var do effect
			in, do = step(in, Observation{Value: float64(v), Breach: v < threshold, Clear: v >= threshold+hysteresis}, 0, now.Add(time.Duration(i)*time.Second))
			switch do {
			case open, again:
				fired++
			case recover_:
				recovered++
			}
			if armed && v < threshold {
				want, armed = want+1, false
			} else if !armed && v >= threshold+hysteresis {
				armed = true
			}
		}
		if fired != want {
			t.Fatalf("fired %d times, crossed %d times", fired, want)
		}
		if recovered != fired && recovered != fired-1 {
			t.Fatalf("%d recoveries of %d firings", recovered, fired)
		}
	})
}

func TestCoolDownCountsInTheSameIncident(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	id := uuid.New()
	in := Instance{State: "ok"}
	for _, c := range []struct {
		minute int
		want   effect
	}{{0, open}, {9, again}, {18, again}, {28, open}, {37, again}} { // each within ten minutes of the last, or not
		var do effect
		in, do = step(in, Observation{Breach: true}, 10*time.Minute, begin.Add(time.Duration(c.minute)*time.Minute))
		if do != c.want {
			t.Errorf("a crossing in minute %d: effect %d, want %d", c.minute, do, c.want)
		}
		in.IncidentID = &id
		in, _ = step(in, Observation{Clear: true}, 10*time.Minute, begin.Add(time.Duration(c.minute)*time.Minute))
	}
}

func TestLikeness(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	base := purchase{Email: "ann@example.com", Address: `{"city":"Leeds"}`, Currency: "GBP", Total: 5000, At: at, Lines: map[string]int{"A": 2, "B": 1}}
	vary := func(change func(*purchase)) purchase {
		p := base
		p.At = at.Add(2 * time.Minute)
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		other    purchase
		min, max int
	}{
		"the same again":             {vary(func(p *purchase) { p.Email = "ANN@example.com" }), 95, 100},
		"another buyer":              {vary(func(p *purchase) { p.Email = "bob@example.com" }), 0, 0},
		"nobody known":               {vary(func(p *purchase) { p.Email = "" }), 0, 0},
		"other goods":                {vary(func(p *purchase) { p.Lines = map[string]int{"C": 1}; p.Total = 900 }), 40, 60},
		"one more of the same":       {vary(func(p *purchase) { p.Lines = map[string]int{"A": 3, "B": 1}; p.Total = 7000 }), 70, 85},
		"the same, to another place": {vary(func(p *purchase) { p.Address = `{"city":"York"}` }), 80, 92},
		"the same, an hour later":    {vary(func(p *purchase) { p.At = at.Add(time.Hour) }), 85, 91},
	} {
		score, why := likeness(base, c.other, time.Hour)
		if score < c.min || score > c.max {
			t.Errorf("%s: %d points (%v), want %d to %d", name, score, why, c.min, c.max)
		}
	}
}

func TestRuleIsCheckedFieldByField(t *testing.T) {
	t.Parallel()
	r := Rule{Kind: StockLow, Params: map[string]int{"threshold": 0, "colour": 3}}
	err := r.complete()
	f := errorFields(t, err)
	if f["params.threshold"] == "" || f["params.colour"] == "" {
		t.Errorf("fields blamed: %v", f)
	}
}

// shop is a tenant with one owner and one stocked variant.
type shop struct {
	*Alerts
	db    *db.DB
	sc    db.Scope
	level uuid.UUID
}

func newShop(t *testing.T) shop {
	t.Helper()
	d := dbtest.New(t)
	text, err := secrets.Generate()
	must(t, err)
	keys, err := secrets.Parse(text)
	must(t, err)
	mailer, err := notify.NewMailer(notify.MailConfig{})
	must(t, err)
	urls := notify.URLs{Shop: func(slug string) string { return "http://" + slug }, Base: "http://console"}
	s := shop{Alerts: New(d, notify.New(d, notify.Parts{Box: keys.Box, Mailer: mailer, URLs: urls})), db: d, sc: db.Scope{Tenant: db.NewID(), Actor: db.Actor{Kind: "member", Name: "Test"}}, level: db.NewID()}
	s.in(t, func(tx *db.Tx) error {
		location, product, pool, member := db.NewID(), db.NewID(), db.NewID(), db.NewID()
		for _, q := range []struct {
			sql  string
			args []any
		}{
			{`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES (?, ?, 'Shop', 'retail', 'GB', 'GBP', 'Europe/London', 'en', now(), now())`, []any{s.sc.Tenant, "shop-" + s.sc.Tenant.String()[24:]}},
			{`INSERT INTO members (tenant_id, id, email, name, password_hash, created_at, updated_at) VALUES (?, ?, 'owner@example.com', 'Owner', 'x', now(), now())`, []any{s.sc.Tenant, member}},
			{`INSERT INTO member_roles (tenant_id, member_id, role) VALUES (?, ?, 'owner')`, []any{s.sc.Tenant, member}},
			{`INSERT INTO locations (tenant_id, id, name, created_at, updated_at) VALUES (?, ?, 'Store', now(), now())`, []any{s.sc.Tenant, location}},
			{`INSERT INTO products (tenant_id, id, slug, status, title, created_at, updated_at) VALUES (?, ?, 'mug', 'active', '{"en":"Mug","zh":"马克杯"}', now(), now())`, []any{s.sc.Tenant, product}},
			{`INSERT INTO variants (tenant_id, id, product_id, sku, created_at, updated_at) VALUES (?, ?, ?, 'MUG', now(), now())`, []any{s.sc.Tenant, db.NewID(), product}},
			{`INSERT INTO pools (tenant_id, id, location_id, kind, key, created_at) VALUES (?, ?, ?, 'stock', 'MUG', now())`, []any{s.sc.Tenant, pool, location}},
			{`INSERT INTO pool_levels (tenant_id, id, pool_id, on_hand, updated_at) VALUES (?, ?, ?, 10, now())`, []any{s.sc.Tenant, s.level, pool}},
			{`INSERT INTO movements (tenant_id, id, level_id, kind, on_hand_delta, at) VALUES (?, ?, ?, 'receive', 10, now())`, []any{s.sc.Tenant, db.NewID(), s.level}},
		} {
			if err := tx.Exec(q.sql, q.args...).Error; err != nil {
				return fmt.Errorf("%s: %w", q.sql, err)
			}
		}
		_, preset, err := tenants.New(d, tenants.Config{BaseDomain: "test", Plan: "free"}).Prepare(tenants.Opening{Business: "Shop", Slug: "mugs", Industry: "retail", Country: "GB", Currency: "GBP", TimeZone: "Europe/London", Language: "en"})
		if err != nil {
			return err
		}
		return s.Provision(tx, tenants.Tenant{Language: "en"}, preset)
	})
	return s
}

func (s shop) in(t *testing.T, fn func(tx *db.Tx) error) {
	t.Helper()
	must(t, s.db.InTx(t.Context(), s.sc, fn))
}

func (s shop) setStock(t *testing.T, n int) outbox.Event {
	t.Helper()
	s.in(t, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE pool_levels SET on_hand = ? WHERE tenant_id = ? AND id = ?`, n, s.sc.Tenant, s.level).Error
	})
	payload, err := json.Marshal(inventory.StockChangedV1{Levels: []inventory.LevelChange{{LevelID: s.level}}})
	must(t, err)
	return outbox.Event{Tenant: s.sc.Tenant, ID: db.NewID(), Type: "stock.changed", Payload: payload}
}

func (s shop) count(t *testing.T, sql string) (n int) {
	t.Helper()
	s.in(t, func(tx *db.Tx) error { return tx.Raw(sql).Row().Scan(&n) })
	return n
}

func TestLowStockFiresOnceWhateverTheWorkersDo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	storm := func(e outbox.Event) {
		var wg sync.WaitGroup
		errs := make(chan error, 16)
		for range 16 {
			wg.Go(func() { errs <- s.onStock(context.Background(), e) })
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			must(t, err)
		}
	}
	expect := func(when string, incidents, unresolved, notices, mails int) {
		t.Helper()
		for _, c := range []struct {
			what, sql string
			want      int
		}{
			{"incidents", `SELECT count(*) FROM incidents`, incidents},
			{"unresolved", `SELECT count(*) FROM incidents WHERE status <> 'resolved'`, unresolved},
			{"notifications", `SELECT count(*) FROM notifications`, notices},
			{"messages", `SELECT count(*) FROM messages`, mails},
			{"opened events", `SELECT count(*) FROM outbox_events WHERE type = 'incident.opened'`, incidents},
		} {
			if got := s.count(t, c.sql); got != c.want {
				t.Errorf("%s: %d %s, want %d", when, got, c.what, c.want)
			}
		}
	}
	s.in(t, func(tx *db.Tx) error { // no cool-down: every crossing is its own incident
		return tx.Exec(`UPDATE alert_rules SET cooldown_minutes = 0`).Error
	})
	storm(s.setStock(t, 10))
	storm(s.setStock(t, 5))
	expect("at the threshold and not below", 0, 0, 0, 0)
	storm(s.setStock(t, 4))
	expect("fell below", 1, 1, 1, 1)
	storm(s.setStock(t, 3))
	storm(s.setStock(t, 6)) // threshold 5, hysteresis 2: it hovers
	storm(s.setStock(t, 4))
	expect("hovered", 1, 1, 1, 1)
	storm(s.setStock(t, 7))
	expect("recovered", 1, 0, 1, 1)
	storm(s.setStock(t, 0))
	expect("fell again", 2, 1, 2, 2)
}

func TestColdLevelIsNoAnomaly(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.in(t, func(tx *db.Tx) error {
		if err := tx.Exec(`UPDATE pool_levels SET id = ?`, db.NewID()).Error; err != nil { // a level without movements: never stocked
			return err
		}
		return tx.Raw(`SELECT id FROM pool_levels`).Row().Scan(&s.level)
	})
	must(t, s.onStock(t.Context(), s.setStock(t, 0)))
	if n := s.count(t, `SELECT count(*) FROM incidents`); n != 0 {
		t.Errorf("%d incidents for a product that never had stock", n)
	}
}

func (s shop) order(t *testing.T, age time.Duration, email string, sets string) uuid.UUID {
	t.Helper()
	id := db.NewID()
	s.in(t, func(tx *db.Tx) error {
		at := tx.Now.Add(-age)
		if err := tx.Exec(`INSERT INTO orders (tenant_id, id, number, status, fulfilment_type, currency, email, subtotal, total, placed_at, created_at, updated_at)
			VALUES (?, ?, (SELECT count(*) + 1 FROM orders), 'placed', 'ship', 'GBP', ?, 2000, 2000, ?, ?, ?)`, s.sc.Tenant, id, email, at, at, at).Error; err != nil {
			return err
		}
		if err := tx.Exec(`INSERT INTO order_lines (tenant_id, order_id, line, sku, title, quantity, unit_price, total) VALUES (?, ?, 1, 'MUG', '{}', 2, 1000, 2000)`, s.sc.Tenant, id).Error; err != nil {
			return err
		}
		if sets == "" {
			return nil
		}
		return tx.Exec(`UPDATE orders SET `+sets+` WHERE id = ?`, id).Error
	})
	return id
}

func TestSweepFindsWhatDidNotHappen(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.in(t, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE alert_rules SET params = CASE kind WHEN 'order_unpaid' THEN '{"minutes":1440}'::jsonb ELSE '{"hours":24}' END WHERE kind IN ('order_unpaid', 'order_unshipped')`).Error
	})
	late := s.order(t, 25*time.Hour, "a@example.com", `payment_status = 'paid'`)
	s.order(t, 23*time.Hour, "b@example.com", `payment_status = 'paid'`)
	s.order(t, 25*time.Hour, "c@example.com", `payment_status = 'paid', hold_reason = 'fraud review'`)
	s.order(t, 25*time.Hour, "d@example.com", `payment_status = 'paid', fulfilment_status = 'shipped'`)
	unpaid := s.order(t, 25*time.Hour, "e@example.com", `fulfilment_status = 'shipped'`)
	s.order(t, 25*time.Hour, "f@example.com", `fulfilment_status = 'shipped', payment_method = 'on_delivery'`)
	for range 3 {
		must(t, s.Sweep(t.Context()))
	}
	var got []string
	s.in(t, func(tx *db.Tx) error {
		return tx.Raw(`SELECT kind || ' ' || subject_id FROM incidents ORDER BY kind`).Scan(&got).Error
	})
	want := []string{"order_unpaid " + unpaid.String(), "order_unshipped " + late.String()}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("incidents %v, want %v", got, want)
	}
	// The shipment goes out and its event is lost: the sweep still ends the incident.
	s.in(t, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE orders SET fulfilment_status = 'shipped' WHERE id = ?`, late).Error
	})
	must(t, s.Sweep(t.Context()))
	if n := s.count(t, `SELECT count(*) FROM incidents WHERE status = 'resolved' AND resolution = 'recovered' AND kind = 'order_unshipped'`); n != 1 {
		t.Errorf("%d incidents ended by the sweep, want 1", n)
	}
}

func TestDuplicateAndFailedPayments(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.order(t, 3*time.Minute, "ann@example.com", "")
	again := s.order(t, time.Minute, "Ann@Example.com", "")
	s.order(t, time.Minute, "bob@example.com", "")
	placed := func(id uuid.UUID, typ string) outbox.Event {
		return outbox.Event{Tenant: s.sc.Tenant, ID: db.NewID(), Type: typ, Subject: id.String(), Payload: json.RawMessage(`{}`)}
	}
	for range 2 {
		must(t, s.onOrder(t.Context(), placed(again, "order.placed")))
	}
	if n := s.count(t, `SELECT count(*) FROM incidents WHERE kind = 'order_duplicate' AND subject_id = '`+again.String()+`'`); n != 1 {
		t.Fatalf("%d duplicate incidents, want 1", n)
	}
	s.in(t, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE alert_rules SET params = '{"count":2,"window_minutes":60}' WHERE kind = 'payment_failed'`).Error
	})
	fail := func() {
		s.in(t, func(tx *db.Tx) error {
			return tx.Exec(`INSERT INTO payments (tenant_id, id, order_id, method, currency, amount, status, reason, created_at, updated_at) VALUES (?, ?, ?, 'card', 'GBP', 2000, 'declined', 'insufficient funds', now(), now())`, s.sc.Tenant, db.NewID(), again).Error
		})
		must(t, s.onOrder(t.Context(), placed(again, "payment.failed")))
	}
	fail()
	if n := s.count(t, `SELECT count(*) FROM incidents WHERE kind = 'payment_failed'`); n != 0 {
		t.Fatalf("%d incidents after one failure, the threshold is two", n)
	}
	fail()
	fail()
	if n := s.count(t, `SELECT count(*) FROM incidents WHERE kind = 'payment_failed'`); n != 1 {
		t.Fatalf("%d incidents after three failures, want 1", n)
	}
	s.in(t, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE orders SET payment_status = 'paid' WHERE id = ?`, again).Error
	})
	must(t, s.onOrder(t.Context(), placed(again, "order.paid")))
	if n := s.count(t, `SELECT count(*) FROM incidents WHERE kind = 'payment_failed' AND status = 'resolved'`); n != 1 {
		t.Errorf("the incident did not end when the order was paid")
	}
}

// pay inserts a payment of the order with one operation in the state given.
func (s shop) pay(t *testing.T, order uuid.UUID, status string, captured, refunded int64, operation string) uuid.UUID {
	t.Helper()
	id := db.NewID()
	s.in(t, func(tx *db.Tx) error {
		if err := tx.Exec(`INSERT INTO payments (tenant_id, id, order_id, method, currency, amount, status, captured, refunded, provider_ref, created_at, updated_at) VALUES (?, ?, ?, 'card', 'GBP', 2000, ?, ?, ?, 'ref-1', now(), now())`,
			s.sc.Tenant, id, order, status, captured, refunded).Error; err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO payment_operations (tenant_id, id, payment_id, kind, amount, currency, state, created_at, updated_at) VALUES (?, ?, ?, 'authorize', 2000, 'GBP', ?, now(), now())`, s.sc.Tenant, db.NewID(), id, operation).Error
	})
	return id
}

// news records an event of a payment and lets the alerts hear it.
func (s shop) news(t *testing.T, typ, subject string, payload any) {
	t.Helper()
	s.in(t, func(tx *db.Tx) error { return outbox.Append(tx, typ, subject, payload) })
	body, err := json.Marshal(payload)
	must(t, err)
	must(t, s.onPayment(t.Context(), outbox.Event{Tenant: s.sc.Tenant, ID: db.NewID(), Type: typ, Subject: subject, Payload: body}))
}

func TestMoneyThatNeedsAPerson(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ctx := db.WithScope(t.Context(), s.sc)
	set := func(sql string, args ...any) { s.in(t, func(tx *db.Tx) error { return tx.Exec(sql, args...).Error }) }
	incidents := func() map[string]Incident {
		t.Helper()
		list, err := s.IncidentsHTTP(ctx, &ListIncidentsInput{IncidentFilter: IncidentFilter{Kind: string(PaymentDoubt)}})
		must(t, err)
		out := map[string]Incident{}
		for _, i := range list.Body.Items {
			one, err := s.IncidentHTTP(ctx, &IDInput{ID: i.ID})
			must(t, err)
			out[i.Title["en"]] = one.Body
		}
		if len(out) != len(list.Body.Items) {
			t.Errorf("%d incidents with %d titles", len(list.Body.Items), len(out))
		}
		return out
	}
	changed := func(id, order uuid.UUID) payments.ChangedV1 {
		return payments.ChangedV1{ID: id, OrderID: order, Operation: "authorize", Method: "card", Amount: 2000, Currency: "GBP"}
	}
	late := s.order(t, time.Hour, "late@example.com", `status = 'cancelled'`)
	orphan := s.pay(t, late, "captured", 2000, 0, "succeeded")
	wrong := s.order(t, time.Hour, "wrong@example.com", "")
	mismatch := s.pay(t, wrong, "unknown", 0, 0, "unknown")
	silent := s.order(t, time.Hour, "silent@example.com", "")
	unknown := s.pay(t, silent, "unknown", 0, 0, "sent")

	s.news(t, payments.EventUnknown, unknown.String(), changed(unknown, silent)) // it is being looked up
	if got := incidents(); len(got) != 0 {
		t.Fatalf("an answer that may still come is an incident: %v", got)
	}
	final := changed(unknown, silent)
	final.Final = true
	for range 2 { // events come at least once
		s.news(t, payments.EventOrphan, orphan.String(), changed(orphan, late))
		s.news(t, payments.EventMismatch, mismatch.String(), payments.MismatchV1{ChangedV1: changed(mismatch, wrong), GotAmount: 200, GotCurrency: "EUR"})
		s.news(t, payments.EventUnknown, unknown.String(), final)
		s.news(t, payments.EventOrphan, "ch_stranger", payments.ChangedV1{Operation: "authorize", Method: "plugin", Amount: 700, Currency: "GBP", Captured: 700})
	}
	got := incidents()
	if len(got) != 4 {
		t.Fatalf("%d incidents: %v", len(got), got)
	}
	for title, c := range map[string]struct {
		subject  Subject
		link     string
		summary  string
		evidence map[string]any
	}{
		"Money without an order: #1":          {Subject{"order", late.String(), "#1"}, "/orders/" + late.String(), "20.00 GBP came in for an order that has ended (cancelled)", map[string]any{"came": "map[amount:2000 currency:GBP]", "order_status": "cancelled", "provider_ref": "ref-1"}},
		"Wrong amount: #2":                    {Subject{"order", wrong.String(), "#2"}, "/orders/" + wrong.String(), "The provider says 2.00 EUR where 20.00 GBP was asked for", map[string]any{"asked": "map[amount:2000 currency:GBP]", "came": "map[amount:200 currency:EUR]"}},
		"Unknown outcome of a payment: #3":    {Subject{"order", silent.String(), "#3"}, "/orders/" + silent.String(), "no answer on the payment of 20.00 GBP for a day", map[string]any{"asked": "map[amount:2000 currency:GBP]", "method": "card"}},
		"Money without an order: ch_stranger": {Subject{"payment", "ch_stranger", "ch_stranger"}, "", "7.00 GBP came in, and there is no live order for it", map[string]any{"came": "map[amount:700 currency:GBP]", "provider_ref": "ch_stranger"}},
	} {
		i := got[title]
		if i.Subject != c.subject || i.Severity != "critical" || i.Status != "open" || i.Count != 1 || !strings.Contains(i.Summary["en"], c.summary) || i.Summary["zh"] == "" || i.Title["zh"] == "" {
			t.Errorf("%s: %+v", title, i)
		}
		if i.Proposal == nil || i.Proposal.Link != c.link || i.Proposal.Text["zh"] == "" {
			t.Errorf("%s proposes %+v, want link %q", title, i.Proposal, c.link)
		}
		for fact, want := range c.evidence {
			if fmt.Sprint(i.Evidence[fact]) != want {
				t.Errorf("%s: %s is %v, want %s", title, fact, i.Evidence[fact], want)
			}
		}
	}
	if n := s.count(t, `SELECT count(*) FROM notifications WHERE severity = 'critical'`); n != 4 {
		t.Errorf("the owner was told %d times, want 4", n)
	}
	// The money went back, the provider answered: these incidents end by themselves. What came for nothing we know stays, also when the rule is looked at anew.
	set(`UPDATE payments SET refunded = 2000 WHERE id = ?`, orphan)
	s.news(t, payments.EventRefunded, orphan.String(), changed(orphan, late))
	set(`UPDATE payment_operations SET state = 'failed' WHERE payment_id = ?`, mismatch)
	s.news(t, payments.EventFailed, mismatch.String(), changed(mismatch, wrong))
	set(`UPDATE payment_operations SET state = 'succeeded' WHERE payment_id = ?`, unknown) // and its event is lost
	var rule string
	s.in(t, func(tx *db.Tx) error {
		return tx.Raw(`SELECT id FROM alert_rules WHERE kind = 'payment_doubt'`).Row().Scan(&rule)
	})
	must(t, s.onRule(t.Context(), outbox.Event{Tenant: s.sc.Tenant, Subject: rule}))
	for title, i := range incidents() {
		if want := map[bool]string{true: "open", false: "resolved"}[strings.Contains(title, "stranger")]; i.Status != want {
			t.Errorf("%s is %s (%s), want %s", title, i.Status, i.Resolution, want)
		}
	}
}

func (s shop) set(t *testing.T, sql string, args ...any) {
	t.Helper()
	s.in(t, func(tx *db.Tx) error { return tx.Exec(sql, args...).Error })
}

// incidents lists them as "kind status count" in the order of their numbers.
func (s shop) incidents(t *testing.T) string {
	t.Helper()
	var all []string
	s.in(t, func(tx *db.Tx) error {
		return tx.Raw(`SELECT kind || ' ' || status || ' ' || count FROM incidents ORDER BY number`).Scan(&all).Error
	})
	return strings.Join(all, ", ")
}

func (s shop) want(t *testing.T, when, incidents string) {
	t.Helper()
	if got := s.incidents(t); got != incidents {
		t.Errorf("%s: incidents %q, want %q", when, got, incidents)
	}
}

func (s shop) happens(t *testing.T, typ string, order uuid.UUID) {
	t.Helper()
	must(t, s.onOrder(t.Context(), outbox.Event{Tenant: s.sc.Tenant, ID: db.NewID(), Type: typ, Subject: order.String(), Payload: json.RawMessage(`{}`)}))
}

// ruleSaved changes the rule of the kind and lets the alerts hear of it.
func (s shop) ruleSaved(t *testing.T, kind Kind, set string, args ...any) {
	t.Helper()
	var id string
	s.in(t, func(tx *db.Tx) error {
		return tx.Raw(`UPDATE alert_rules SET `+set+` WHERE kind = '`+string(kind)+`' RETURNING id`, args...).Row().Scan(&id)
	})
	must(t, s.onRule(t.Context(), outbox.Event{Tenant: s.sc.Tenant, ID: db.NewID(), Type: "alert_rule.saved", Subject: id}))
}

func TestStockThatComesBackSoonIsTheSameIncident(t *testing.T) {
	t.Parallel()
	s := newShop(t) // cool-down of an hour
	for _, n := range []int{4, 7, 4} {
		must(t, s.onStock(t.Context(), s.setStock(t, n)))
	}
	s.want(t, "twice within the hour", "stock_low open 2")
	if n := s.count(t, `SELECT count(*) FROM notifications`); n != 1 {
		t.Errorf("the owner was told %d times of one incident", n)
	}
	// Resolved by a person before it recovers: recovering is no error, and the next fall opens it anew.
	s.set(t, `UPDATE incidents SET status = 'resolved', resolution = 'fixed'`)
	must(t, s.onStock(t.Context(), s.setStock(t, 9)))
	s.want(t, "recovered after it was resolved", "stock_low resolved 2")
	must(t, s.onStock(t.Context(), s.setStock(t, 1)))
	s.want(t, "fell again", "stock_low open 3")
	// The instance was lost and the incident was not: there is one at a time all the same.
	s.set(t, `UPDATE alert_instances SET state = 'ok', fired_at = NULL, incident_id = NULL`)
	must(t, s.onStock(t.Context(), s.setStock(t, 0)))
	s.want(t, "without its instance", "stock_low open 4")
}

func TestRuleLooksOnlyWhereItsFilterSays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other, elsewhere, category, mugs := db.NewID(), db.NewID(), db.NewID(), db.NewID()
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO locations (tenant_id, id, name, created_at, updated_at) VALUES (?, ?, 'Annexe', now(), now())`, []any{s.sc.Tenant, elsewhere}},
		{`INSERT INTO products (tenant_id, id, slug, status, title, created_at, updated_at) VALUES (?, ?, 'pot', 'active', '{"en":"Pot"}', now(), now())`, []any{s.sc.Tenant, other}},
		{`INSERT INTO variants (tenant_id, id, product_id, sku, created_at, updated_at) VALUES (?, ?, ?, 'POT', now(), now())`, []any{s.sc.Tenant, db.NewID(), other}},
		{`INSERT INTO pools (tenant_id, id, location_id, kind, key, created_at) VALUES (?, ?, ?, 'stock', 'POT', now())`, []any{s.sc.Tenant, other, elsewhere}},
		{`INSERT INTO pool_levels (tenant_id, id, pool_id, on_hand, updated_at) VALUES (?, ?, ?, 1, now())`, []any{s.sc.Tenant, other, other}},
		{`INSERT INTO movements (tenant_id, id, level_id, kind, on_hand_delta, at) VALUES (?, ?, ?, 'receive', 10, now())`, []any{s.sc.Tenant, db.NewID(), other}},
		{`INSERT INTO categories (tenant_id, id, slug, title, created_at, updated_at) VALUES (?, ?, 'pots', '{"en":"Pots"}', now(), now())`, []any{s.sc.Tenant, category}},
		{`INSERT INTO categories (tenant_id, id, slug, title, created_at, updated_at) VALUES (?, ?, 'mugs', '{"en":"Mugs"}', now(), now())`, []any{s.sc.Tenant, mugs}},
		{`INSERT INTO product_categories (tenant_id, product_id, category_id) SELECT tenant_id, id, CASE slug WHEN 'pot' THEN ?::uuid ELSE ?::uuid END FROM products`, []any{category, mugs}},
		{`UPDATE pool_levels SET on_hand = 1`, nil},
		{`UPDATE alert_rules SET cooldown_minutes = 0`, nil},
	} {
		s.set(t, q.sql, q.args...)
	}
	unresolved := func() string {
		var skus []string
		s.in(t, func(tx *db.Tx) error {
			return tx.Raw(`SELECT subject_label FROM incidents WHERE status <> 'resolved' ORDER BY 1`).Scan(&skus).Error
		})
		return strings.Join(skus, " ")
	}
	for _, c := range []struct{ filter, want string }{
		{`{}`, "MUG POT"},
		{`{"location_id":"` + elsewhere.String() + `"}`, "POT"},
		{`{"skus":["MUG","CUP"]}`, "MUG"},
		{`{"category_ids":["` + category.String() + `"]}`, "POT"},
		{`{"skus":["MUG"],"category_ids":["` + category.String() + `"]}`, ""},
		{`{}`, "MUG POT"},
	} {
		s.ruleSaved(t, StockLow, `filter = ?::jsonb`, c.filter)
		if got := unresolved(); got != c.want {
			t.Errorf("with the filter %s: %q are low, want %q", c.filter, got, c.want)
		}
	}
	// What is not sold any more needs no stock.
	s.set(t, `UPDATE products SET status = 'archived' WHERE slug = 'pot'`)
	e := s.setStock(t, 1)
	e.Payload, _ = json.Marshal(inventory.StockChangedV1{Levels: []inventory.LevelChange{{LevelID: other}}})
	must(t, s.onStock(t.Context(), e))
	if got := unresolved(); got != "MUG" {
		t.Errorf("after the pot was archived: %q are low", got)
	}
}

func TestRuleThatIsOffSeesNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.set(t, `UPDATE pool_levels SET on_hand = 1`)
	s.set(t, `UPDATE alert_rules SET enabled = false`)
	s.order(t, 90*24*time.Hour, "a@example.com", "")
	must(t, s.onStock(t.Context(), s.setStock(t, 1)))
	must(t, s.Sweep(t.Context()))
	s.ruleSaved(t, StockLow, `enabled = false`)
	s.want(t, "all rules off", "")
	s.ruleSaved(t, StockLow, `enabled = true`)
	s.want(t, "turned on", "stock_low open 1")
}

func TestFailuresCountWithinTheWindowOnly(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.set(t, `UPDATE alert_rules SET params = '{"count":2,"window_minutes":60}' WHERE kind = 'payment_failed'`)
	order, paid := s.order(t, time.Minute, "a@example.com", ""), s.order(t, time.Minute, "b@example.com", `payment_status = 'paid'`)
	attempt := func(order uuid.UUID, status, age string) {
		s.set(t, `INSERT INTO payments (tenant_id, id, order_id, method, currency, amount, status, reason, created_at, updated_at) VALUES (?, ?, ?, 'card', 'GBP', 2000, ?, 'no money', now() - ?::interval, now() - ?::interval)`,
			s.sc.Tenant, db.NewID(), order, status, age, age)
		s.happens(t, "payment.failed", order)
	}
	attempt(order, "declined", "61 minutes")
	attempt(order, "captured", "1 minute")
	attempt(order, "declined", "59 minutes")
	s.want(t, "one failure in the hour", "")
	attempt(paid, "declined", "1 minute")
	attempt(paid, "failed", "1 minute")
	s.want(t, "two failures of an order that is paid", "")
	attempt(order, "failed", "1 minute")
	s.want(t, "the second failure", "payment_failed open 1")
}

func TestTimesAreKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.set(t, `UPDATE alert_rules SET params = CASE kind WHEN 'order_unpaid' THEN '{"minutes":60}'::jsonb ELSE '{"hours":2}' END WHERE kind IN ('order_unpaid', 'order_unshipped')`)
	young := s.order(t, 59*time.Minute, "young@example.com", "")
	s.happens(t, "order.placed", young)
	must(t, s.Sweep(t.Context()))
	s.want(t, "a minute before the hour", "")
	for _, mail := range []string{"old1@example.com", "old2@example.com", "old3@example.com"} {
		s.order(t, 61*time.Minute, mail, "")
	}
	s.order(t, 1000*time.Hour, "import@example.com", `channel = 'import'`)
	must(t, s.Sweep(t.Context()))
	s.want(t, "one sweep", "order_unpaid open 1, order_unpaid open 1, order_unpaid open 1")
	late := s.order(t, 121*time.Minute, "late@example.com", `payment_status = 'paid'`)
	s.happens(t, "order.paid", late) // the event finds it as the sweep would
	s.want(t, "not shipped in two hours", "order_unpaid open 1, order_unpaid open 1, order_unpaid open 1, order_unshipped open 1")
	s.set(t, `UPDATE tenants SET status = 'suspended'`)
	s.order(t, 61*time.Minute, "old4@example.com", "")
	must(t, s.Sweep(t.Context()))
	if n := s.count(t, `SELECT count(*) FROM incidents`); n != 4 {
		t.Errorf("a suspended shop was swept: %d incidents", n)
	}
}

func TestDuplicateComparesWithTheNewestOfTheBuyer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.set(t, `UPDATE alert_rules SET params = '{"window_minutes":60,"score":75}' WHERE kind = 'order_duplicate'`)
	for range maxCompared { // of the same buyer, of other goods
		id := s.order(t, 30*time.Minute, "ann@example.com", `total = 900, subtotal = 900, payment_status = 'paid'`)
		s.set(t, `UPDATE order_lines SET sku = 'OTHER' WHERE order_id = ?`, id)
	}
	alone := s.order(t, 20*time.Minute, "ann@example.com", `payment_status = 'paid'`)
	s.happens(t, "order.placed", alone)
	s.want(t, "other goods", "") // the buyer and the time alone are some 50 points
	twin := s.order(t, 20*time.Minute, "ann@example.com", `phone = '+44 20 7946 0958', payment_status = 'paid'`)
	s.set(t, `UPDATE orders SET created_at = (SELECT created_at FROM orders WHERE id = ?), placed_at = (SELECT placed_at FROM orders WHERE id = ?) WHERE id = ?`, alone, alone, twin)
	s.happens(t, "order.placed", alone)
	s.want(t, "the first of two at the same moment", "")
	s.happens(t, "order.placed", twin)
	s.want(t, "the second of two", "order_duplicate open 1")
	byPhone := s.order(t, time.Minute, "other@example.com", `phone = '+442079460958', payment_status = 'paid'`)
	s.set(t, `UPDATE alert_rules SET params = '{"window_minutes":60,"score":99}' WHERE kind = 'order_duplicate'`)
	s.happens(t, "order.placed", byPhone)
	s.want(t, "not as alike as the rule demands", "order_duplicate open 1")
	s.set(t, `UPDATE alert_rules SET params = '{"window_minutes":60,"score":75}' WHERE kind = 'order_duplicate'`)
	s.happens(t, "order.placed", byPhone)
	s.want(t, "the same telephone in other spelling", "order_duplicate open 1, order_duplicate open 1")
	s.set(t, `UPDATE orders SET status = 'cancelled' WHERE id = ?`, twin)
	s.happens(t, "order.cancelled", twin)
	s.want(t, "one of them cancelled", "order_duplicate resolved 1, order_duplicate open 1")
}

func TestPeopleActOnIncidents(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	must(t, s.onStock(t.Context(), s.setStock(t, 1)))
	ctx := db.WithScope(t.Context(), s.sc)
	list, err := s.IncidentsHTTP(ctx, &ListIncidentsInput{IncidentFilter: IncidentFilter{Status: "unresolved"}})
	must(t, err)
	if len(list.Body.Items) != 1 {
		t.Fatalf("%d incidents", len(list.Body.Items))
	}
	id := list.Body.Items[0].ID
	for _, action := range []string{"acknowledge", "acknowledge", "resolve", "resolve"} {
		_, err := s.Action(action)(ctx, &ActionInput{ID: id})
		must(t, err)
	}
	got, err := s.IncidentHTTP(ctx, &IDInput{ID: id})
	must(t, err)
	var kinds []string
	for _, m := range got.Body.Timeline {
		kinds = append(kinds, m.Kind)
	}
	if fmt.Sprint(kinds) != "[opened acknowledged resolved]" || got.Body.Status != "resolved" || got.Body.Resolution != "fixed" {
		t.Errorf("timeline %v, status %s (%s)", kinds, got.Body.Status, got.Body.Resolution)
	}
	if _, err := s.Action("acknowledge")(ctx, &ActionInput{ID: id}); !errors.Is(err, errResolved) {
		t.Errorf("acknowledging a resolved incident: %v", err)
	}
	other := db.WithScope(t.Context(), db.Scope{Tenant: db.NewID()})
	if _, err := s.IncidentHTTP(other, &IDInput{ID: id}); !errors.Is(err, errNoIncident) {
		t.Errorf("another tenant reads the incident: %v", err)
	}
	if _, err := s.Action("resolve")(other, &ActionInput{ID: id}); !errors.Is(err, errNoIncident) {
		t.Errorf("another tenant acts on the incident: %v", err)
	}
	// Resolved by hand while stock stays low: it does not fire again until it has recovered.
	must(t, s.onStock(t.Context(), s.setStock(t, 0)))
	if n := s.count(t, `SELECT count(*) FROM incidents`); n != 1 {
		t.Errorf("%d incidents, want the one that was resolved", n)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func errorFields(t *testing.T, err error) map[string]string {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("not a fault: %v", err)
	}
	return f.FieldsIn("en")
}
