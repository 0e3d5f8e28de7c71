// Package notify tells people: members under the bell and by e-mail, customers by e-mail.
//
// Owns: notifications (in-app), messages (e-mail) with the log of their delivery, templates and each member's preferences. Does not own: when there is
// something to tell - other packages call TellTx and MailTx in their own transaction, or publish the events listed in Subscriptions.
// Invariants: one notification per member and dedup key, one message per recipient and dedup key; a message is queued in the transaction of its cause and sent at
// least once (a crash between the server's acceptance and our note of it sends it again, with the same Message-ID).
// Events in: message.queued, order.*, member.*. Events out: notification.created, message.queued, message.dead.
package notify

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/platform/customers"
	"allhours/tenants"
	"allhours/tenants/access"
	"allhours/tenants/members"
)

// Notify keeps what people are told.
type Notify struct {
	db        *db.DB
	box       *secrets.Box
	people    *members.Members
	access    *access.Access
	customers *customers.Customers
	mailer    *Mailer
	urls      URLs
}

// URLs gives the addresses that links in messages lead to.
type URLs struct {
	Shop func(slug string) string // "https://slug.example.com", no slash at the end
	Base string                   // "https://example.com": the console is at /admin
}

// Parts are what Notify works with beside the database.
type Parts struct {
	Box       *secrets.Box
	Members   *members.Members     // makes the links in mails to members
	Access    *access.Access       // makes the links to orders
	Customers *customers.Customers // makes the links in mails to customers
	Mailer    *Mailer
	URLs      URLs
}

// New makes the notify of an installation.
func New(d *db.DB, p Parts) *Notify {
	return &Notify{db: d, box: p.Box, people: p.Members, access: p.Access, customers: p.Customers, mailer: p.Mailer, urls: p.URLs}
}

// Notice is something that members should know.
type Notice struct {
	DedupKey string            // told once per member and key
	Roles    []string          // who is told: active members with one of the roles
	Channels []string          // in_app, email
	Severity string            // info, warning, critical
	Title    map[string]string // by language
	Body     map[string]string
	Link     string // path in the console, below /admin/t/{slug}
}

// NotificationV1 is the payload of notification.created.
type NotificationV1 struct {
	MemberID uuid.UUID         `json:"member_id"`
	Severity string            `json:"severity"`
	Title    map[string]string `json:"title"`
	Body     map[string]string `json:"body"`
	Link     string            `json:"link"`
}

// person is a member as somebody to tell.
type person struct {
	ID       uuid.UUID
	Email    string
	Name     string
	Language string
	Channels db.JSON[map[string]string]
}

var severities = []string{"info", "warning", "critical"}

// wants reports whether the person takes notices of the severity by the channel. Without a preference everything comes in-app and warnings by e-mail.
func (p person) wants(channel, severity string) bool {
	least := p.Channels.V[channel]
	if least == "" {
		least = map[string]string{"in_app": "info", "email": "warning"}[channel]
	}
	return least != "none" && slices.Index(severities, severity) >= slices.Index(severities, least)
}

// TellTx tells the members concerned, each by the channels that the notice names and he wants, within the caller's transaction.
func (n *Notify) TellTx(tx *db.Tx, notice Notice) error {
	people, err := audience(tx, notice.Roles)
	if err != nil {
		return err
	}
	shop, err := tenants.GetTx(tx)
	if err != nil {
		return err
	}
	for _, p := range people {
		if slices.Contains(notice.Channels, "in_app") && p.wants("in_app", notice.Severity) {
			if err := tellInApp(tx, p, notice); err != nil {
				return err
			}
		}
		if slices.Contains(notice.Channels, "email") && p.wants("email", notice.Severity) {
			language := oneOf(p.Language, shop.Language)
			mail := incidentMail(language, pick(notice.Title, language), pick(notice.Body, language), notice.Severity, n.urls.Base+"/admin/t/"+shop.Slug+notice.Link)
			if err := n.MailTx(tx, Mail{To: p.Email, Language: language, Template: "notice", DedupKey: notice.DedupKey, Content: mail}); err != nil {
				return err
			}
		}
	}
	return nil
}

func tellInApp(tx *db.Tx, p person, notice Notice) error {
	id, fresh, err := insertNotification(tx, p.ID, notice)
	if err != nil || !fresh {
		return err
	}
	return outbox.Append(tx, "notification.created", id.String(), NotificationV1{MemberID: p.ID, Severity: notice.Severity, Title: notice.Title, Body: notice.Body, Link: notice.Link})
}

// Mail is an e-mail to be sent.
type Mail struct {
	To       string
	Language string
	Template string // names the kind in the delivery log
	DedupKey string // sent once per recipient and key
	Content  Content
}

// MailTx queues the mail within the caller's transaction; one already queued under the key is left as it is.
func (n *Notify) MailTx(tx *db.Tx, m Mail) error {
	shop, err := tenants.GetTx(tx)
	if err != nil {
		return err
	}
	id := db.NewID()
	rendered, err := m.Content.render(m.Language, shop.Name)
	if err != nil {
		return fmt.Errorf("render %s: %w", m.Template, err)
	}
	sealed, err := n.box.Seal(rendered, secrets.AAD(tx.Scope.Tenant, "message", id.String()))
	if err != nil {
		return fmt.Errorf("seal message: %w", err)
	}
	fresh, err := insertMessage(tx, id, m, sealed)
	if err != nil || !fresh {
		return err
	}
	return outbox.Append(tx, "message.queued", id.String(), map[string]string{"template": m.Template})
}

func oneOf(languages ...string) string {
	for _, l := range languages {
		if l != "" {
			return l
		}
	}
	return "en"
}

// pick chooses the text of the language, or of English, or any.
func pick(texts map[string]string, language string) string {
	for _, l := range []string{language, "en", "zh"} {
		if t := texts[l]; t != "" {
			return t
		}
	}
	for _, t := range texts {
		return t
	}
	return ""
}

// linkLife is how long a signed order link in a mail works.
const linkLife = 90 * 24 * time.Hour
