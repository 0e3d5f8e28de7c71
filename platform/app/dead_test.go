package app

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
)

// TestDeadDeliveriesComeBack lists what was given up page by page, revives a part of it and then all, and finds each in the audit log.
func TestDeadDeliveriesComeBack(t *testing.T) {
	d := newDeployment(t)
	c, err := ReadConfig()
	if err != nil {
		t.Fatal(err)
	}
	broken := c
	broken.Plugins.Dir = d.path("broken")
	if err := os.MkdirAll(d.path("broken/one/plugin.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), broken); err == nil { // what was opened until then is closed
		t.Error("a platform with a broken plugin was made")
	}
	a, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	one, two := db.NewID(), db.NewID()
	for slug, tenant := range map[string]string{"one": one.String(), "two": two.String()} {
		d.exec(t, fmt.Sprintf(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES ('%s', '%s', 'S', 'retail', 'GB', 'GBP', 'UTC', 'en', now(), now())`, tenant, slug))
		for n, typ := range []string{"order.placed", "order.paid", "stock.changed"} {
			id := db.NewID()
			d.exec(t, fmt.Sprintf(`INSERT INTO outbox_events (tenant_id, id, type, subject, payload, due_at, created_at, published_at) VALUES ('%s', '%s', '%s', 's%d', '{}', now(), now(), now())`, tenant, id, typ, n))
			d.exec(t, fmt.Sprintf(`INSERT INTO outbox_deliveries (tenant_id, event_id, subscriber, state, attempts, next_at, last_error) VALUES ('%[1]s', '%[2]s', 'alerts', 'dead', 12, now(), 'no luck'), ('%[1]s', '%[2]s', 'notify', 'dead', 3, now(), 'refused'), ('%[1]s', '%[2]s', 'fine', 'done', 1, now(), '')`, tenant, id))
		}
	}
	count := func(state string) (n int) {
		t.Helper()
		if err := d.owner.QueryRow(t.Context(), `SELECT count(*) FROM outbox_deliveries WHERE state = $1`, state).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// Pages of five: twelve in all, none twice.
	seen, lines, after := map[string]bool{}, 0, ""
	for pages := 1; ; pages++ {
		list, next, err := a.DeadDeliveries(t.Context(), outbox.DeadFilter{}, after, 5)
		if err != nil {
			t.Fatal(err)
		}
		lines += len(list)
		for _, x := range list {
			seen[x.Event.String()+x.Subscriber] = true
			if want := map[string]string{"alerts": "no luck 12", "notify": "refused 3"}[x.Subscriber]; fmt.Sprint(x.Reason, " ", x.Attempts) != want || x.Type == "" || x.At.IsZero() {
				t.Errorf("listed %+v", x)
			}
		}
		if after = next; after == "" {
			if pages != 3 || len(seen) != 12 || lines != 12 {
				t.Errorf("%d deliveries in %d lines on %d pages, want 12 in 12 on 3", len(seen), lines, pages)
			}
			break
		}
	}
	if _, _, err := a.DeadDeliveries(t.Context(), outbox.DeadFilter{}, "nonsense", 5); err == nil {
		t.Error("a place that is none was taken")
	}
	revive := func(f outbox.DeadFilter) (n int) {
		t.Helper()
		if err := a.Revive(t.Context(), f, func(x outbox.DeadDelivery) {
			n++
			if f.Tenant != db.None && x.Tenant != f.Tenant || f.Subscriber != "" && x.Subscriber != f.Subscriber || x.Reason == "" {
				t.Errorf("%+v revived %+v", f, x)
			}
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	byID, _, err := a.DeadDeliveries(t.Context(), outbox.DeadFilter{Tenant: one, Subscriber: "notify"}, "", 10)
	if err != nil || len(byID) != 3 {
		t.Fatalf("%d of one shop and subscriber, %v", len(byID), err)
	}
	for _, step := range []struct {
		filter outbox.DeadFilter
		want   int
	}{
		{outbox.DeadFilter{Tenant: one, Subscriber: "alerts", Events: []string{"order.placed"}}, 1},
		{outbox.DeadFilter{Events: []string{byID[1].Event.String()}}, 2},
		{outbox.DeadFilter{Subscriber: "nobody"}, 0},
		{outbox.DeadFilter{Tenant: two}, 6},
		{outbox.DeadFilter{}, 3},
		{outbox.DeadFilter{}, 0},
	} {
		if n := revive(step.filter); n != step.want {
			t.Errorf("%+v revived %d, want %d", step.filter, n, step.want)
		}
	}
	if count("dead") != 0 || count("pending") != 12 || count("done") != 6 {
		t.Errorf("%d dead, %d pending, %d done; want 0, 12, 6", count("dead"), count("pending"), count("done"))
	}
	var due, entries int
	if err := d.owner.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM outbox_deliveries WHERE state = 'pending' AND attempts = 0 AND next_at <= now() AND last_error = ''),
		(SELECT count(*) FROM audit_log a JOIN outbox_deliveries d ON d.tenant_id = a.tenant_id AND d.event_id::text = a.object_id AND d.subscriber = a.before->>'subscriber' WHERE a.action = 'outbox.revived' AND a.actor_kind = 'operator' AND a.before->>'reason' IN ('no luck', 'refused'))`).Scan(&due, &entries); err != nil {
		t.Fatal(err)
	}
	if due != 12 || entries != 12 {
		t.Errorf("%d are due at once, %d are in the audit log; want 12 of each", due, entries)
	}
	if a.Slug(t.Context(), one) != "one" || !strings.Contains(a.Slug(t.Context(), db.NewID()), "-") {
		t.Error("a shop is not called by its slug")
	}
	d.exec(t, `UPDATE outbox_deliveries SET state = 'dead' WHERE subscriber = 'fine'`)
	metrics, err := a.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		if m.GetName() == "allhours_outbox_dead_deliveries" {
			if v := m.GetMetric()[0].GetGauge().GetValue(); v != 6 {
				t.Errorf("the gauge says %v, want 6", v)
			}
			return
		}
	}
	t.Error("there is no gauge of dead deliveries")
}
