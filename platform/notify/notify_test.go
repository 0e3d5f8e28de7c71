package notify

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/devstack"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/members"
)

type desk struct {
	*Notify
	sc   db.Scope
	post *devstack.Mail
}

func newDesk(t *testing.T) desk {
	t.Helper()
	post, err := devstack.StartMail("")
	must(t, err)
	t.Cleanup(post.Stop)
	mailer, err := NewMailer(MailConfig{SMTPURL: post.SMTPURL, From: "Allhours <no-reply@example.com>"})
	must(t, err)
	text, err := secrets.Generate()
	must(t, err)
	keys, err := secrets.Parse(text)
	must(t, err)
	database := dbtest.New(t)
	shops := tenants.New(database, tenants.Config{BaseDomain: "test", Plan: "free"})
	acc, err := access.New(database, shops.Watch, keys)
	must(t, err)
	people := members.New(database, shops, acc, keys)
	d := desk{
		Notify: New(database, Parts{Box: keys.Box, Members: people, Access: acc, Mailer: mailer, URLs: URLs{Shop: func(slug string) string { return "http://" + slug + ".test" }, Base: "http://test"}}),
		sc:     db.Scope{Tenant: db.NewID()}, post: post,
	}
	d.in(t, func(tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES (?, 'mugs', 'Mugs & More', 'retail', 'GB', 'GBP', 'Europe/London', 'en', now(), now())`, d.sc.Tenant).Error
		for _, m := range []struct{ email, language, role, wants string }{
			{"owner@example.com", "", "owner", ""}, {"mei@example.com", "zh", "manager", ""}, {"clerk@example.com", "", "clerk", ""}, {"quiet@example.com", "", "owner", `{"email":"critical","in_app":"none"}`},
		} {
			id := db.NewID()
			if err == nil {
				err = tx.Exec(`INSERT INTO members (tenant_id, id, email, name, language, password_hash, created_at, updated_at) VALUES (?, ?, ?, ?, ?, 'x', now(), now())`, d.sc.Tenant, id, m.email, m.role, m.language).Error
			}
			if err == nil {
				err = tx.Exec(`INSERT INTO member_roles (tenant_id, member_id, role) VALUES (?, ?, ?)`, d.sc.Tenant, id, m.role).Error
			}
			if err == nil && m.wants != "" {
				err = tx.Exec(`INSERT INTO notification_preferences (tenant_id, member_id, channels, updated_at) VALUES (?, ?, ?, now())`, d.sc.Tenant, id, m.wants).Error
			}
		}
		return err
	})
	return d
}

func (d desk) in(t *testing.T, fn func(tx *db.Tx) error) {
	t.Helper()
	must(t, d.db.InTx(t.Context(), d.sc, fn))
}

func (d desk) queued(t *testing.T) (events []outbox.Event) {
	t.Helper()
	d.in(t, func(tx *db.Tx) error {
		var subjects []string
		err := tx.Raw(`SELECT subject FROM outbox_events WHERE type = 'message.queued' ORDER BY id`).Scan(&subjects).Error
		for _, s := range subjects {
			events = append(events, outbox.Event{Tenant: d.sc.Tenant, ID: db.NewID(), Type: "message.queued", Subject: s})
		}
		return err
	})
	return events
}

func TestNoticeReachesEachPersonOnceAsHeWants(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	notice := Notice{
		DedupKey: "incident:1", Roles: []string{"owner", "manager"}, Channels: []string{"in_app", "email"}, Severity: "warning",
		Title: map[string]string{"en": "Low stock: Mug", "zh": "库存不足：马克杯"}, Body: map[string]string{"en": "3 left <b>", "zh": "仅剩 3 件"}, Link: "/incidents/1",
	}
	for range 3 {
		d.in(t, func(tx *db.Tx) error { return d.TellTx(tx, notice) })
	}
	for _, e := range d.queued(t) {
		must(t, d.deliver(t.Context(), e))
		must(t, d.deliver(t.Context(), e)) // a wake-up that comes twice
	}
	letters := d.post.Letters()
	var got []string
	for _, l := range letters {
		got = append(got, l.To[0]+" "+l.Subject)
	}
	slices.Sort(got)
	want := []string{"mei@example.com 库存不足：马克杯", "owner@example.com Low stock: Mug"}
	if !slices.Equal(got, want) {
		t.Fatalf("letters %v, want %v", got, want)
	}
	for _, l := range letters {
		if !strings.Contains(l.Text, "http://test/admin/t/mugs/incidents/1") {
			t.Errorf("no link in %q", l.Text)
		}
		if strings.Contains(l.HTML, "left <b>") {
			t.Errorf("text is not escaped: %s", l.HTML)
		}
	}
	d.in(t, func(tx *db.Tx) error {
		var n, attempts int
		if err := tx.Raw(`SELECT count(*) FROM notifications`).Row().Scan(&n); err != nil {
			return err
		}
		if n != 2 {
			t.Errorf("%d notifications, want 2: the clerk is not concerned, one owner wants none", n)
		}
		err := tx.Raw(`SELECT count(*) FROM message_attempts WHERE outcome = 'sent'`).Row().Scan(&attempts)
		if attempts != 2 {
			t.Errorf("%d attempts in the log, want 2", attempts)
		}
		return err
	})
}

func TestMailServerDownIsTriedAgainAndLogged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.in(t, func(tx *db.Tx) error {
		return d.MailTx(tx, Mail{To: "ann@example.com", Language: "en", Template: "test", DedupKey: "k", Content: Content{Subject: "Hello", Heading: "Hello"}})
	})
	d.post.Stop()
	e := d.queued(t)[0]
	if err := d.deliver(t.Context(), e); err == nil {
		t.Fatal("the server is down and the delivery says that it succeeded")
	}
	state := func() (state, reason string, attempts int) {
		d.in(t, func(tx *db.Tx) error {
			return tx.Raw(`SELECT state, last_error, attempts FROM messages`).Row().Scan(&state, &reason, &attempts)
		})
		return state, reason, attempts
	}
	if s, reason, n := state(); s != "queued" || reason == "" || n != 1 {
		t.Errorf("after a failure: %s %q, %d attempts", s, reason, n)
	}
	back, err := devstack.StartMail("")
	must(t, err)
	t.Cleanup(back.Stop)
	d.mailer, err = NewMailer(MailConfig{SMTPURL: back.SMTPURL, From: "Allhours <no-reply@example.com>"})
	must(t, err)
	must(t, d.deliver(t.Context(), e))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err = back.Await(ctx, func(l Letter) bool { return l.Subject == "Hello" })
	must(t, err)
	if s, _, n := state(); s != "sent" || n != 2 {
		t.Errorf("after the second attempt: %s, %d attempts", s, n)
	}
}

func TestBadAddressIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.in(t, func(tx *db.Tx) error {
		return d.MailTx(tx, Mail{To: "not an address", Language: "en", Template: "test", DedupKey: "k", Content: Content{Subject: "Hello"}})
	})
	must(t, d.deliver(t.Context(), d.queued(t)[0]))
	d.in(t, func(tx *db.Tx) error {
		var state string
		err := tx.Raw(`SELECT state FROM messages`).Row().Scan(&state)
		if state != "failed" {
			t.Errorf("state %s, want failed", state)
		}
		return err
	})
}

type Letter = devstack.Letter

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The customer hears of each step of the order, with what he has to know for it.
func TestOrderMails(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order := db.NewID()
	d.in(t, func(tx *db.Tx) error {
		if err := tx.Exec(`UPDATE tenants SET settings = '{"order": {"transfer_instructions": {"en": "Mugs Ltd\nIBAN GB00 1234"}}}'`).Error; err != nil {
			return err
		}
		if err := tx.Exec(`INSERT INTO orders (tenant_id, id, number, status, fulfilment_type, payment_method, currency, email, subtotal, shipping_total, tax_total, total, created_at, updated_at)
			VALUES (?, ?, 1001, 'awaiting_confirmation', 'ship', 'manual', 'GBP', 'ann@example.com', 2000, 395, 399, 2395, now(), now())`, d.sc.Tenant, order).Error; err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO order_lines (tenant_id, order_id, line, sku, title, quantity, unit_price, total) VALUES (?, ?, 1, 'MUG', '{"en": "Mug"}', 2, 1000, 2000)`, d.sc.Tenant, order).Error
	})
	tell := func(typ, to string) {
		t.Helper()
		payload := json.RawMessage(`{"reason": "` + to + `"}`)
		must(t, d.onOrder(t.Context(), outbox.Event{Tenant: d.sc.Tenant, ID: db.NewID(), Type: typ, Subject: order.String(), Payload: payload}))
	}
	become := func(set string) {
		t.Helper()
		d.in(t, func(tx *db.Tx) error { return tx.Exec(`UPDATE orders SET ` + set).Error })
	}
	tell("order.drafted", "")
	become(`status = 'placed'`)
	tell("order.drafted", "") // confirmed meanwhile: the other mail says so
	tell("order.placed", "")
	for _, to := range []string{"packed", "shipped", "delivered", "ready", "issued"} {
		tell("order.fulfilment_changed", to)
	}
	become(`payment_status = 'paid'`)
	tell("order.placed", "")
	var subjects []string
	texts := map[string]string{}
	for _, e := range d.queued(t) {
		must(t, d.deliver(t.Context(), e))
	}
	for i, l := range d.post.Letters() {
		subjects = append(subjects, l.Subject)
		if l.Subject == "We have order #1001" && i > 3 {
			l.Subject += ", paid"
		}
		texts[l.Subject] = strings.ReplaceAll(l.Text, "\r\n", "\n")
	}
	want := []string{"Your order waits for the shop", "We have order #1001", "Order #1001 is on its way", "Order #1001 is ready", "Order #1001 is here", "We have order #1001"}
	if !slices.Equal(subjects, want) {
		t.Fatalf("mails %q, want %q", subjects, want)
	}
	for mail, has := range map[string][]string{
		"Your order waits for the shop": {"2 × Mug: 20.00 GBP\nDelivery: 3.95 GBP\nTotal: 23.95 GBP\nTax included: 3.99 GBP\n"},
		"We have order #1001":           {"transfer 23.95 GBP and name order #1001", "Mugs Ltd", "IBAN GB00 1234", "Delivery: 3.95 GBP"},
	} {
		for _, text := range has {
			if !strings.Contains(texts[mail], text) {
				t.Errorf("%s: no %q in\n%s", mail, text, texts[mail])
			}
		}
	}
	for _, mail := range []string{"Your order waits for the shop", "We have order #1001, paid"} {
		if strings.Contains(texts[mail], "IBAN") {
			t.Errorf("%s: asks for money", mail)
		}
	}
}
