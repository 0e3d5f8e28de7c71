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
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	id := uuid.New()
	in := Instance{State: "ok", FiredAt: &now, IncidentID: &id}
	for _, c := range []struct {
		after time.Duration
		want  effect
	}{{9 * time.Minute, again}, {10 * time.Minute, open}} {
		if _, do := step(in, Observation{Breach: true}, 10*time.Minute, now.Add(c.after)); do != c.want {
			t.Errorf("a crossing after %s: effect %d, want %d", c.after, do, c.want)
		}
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
	expect("plenty", 0, 0, 0, 0)
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
	return f.Fields
}
