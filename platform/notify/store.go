package notify

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// audience gives the active members who have one of the roles, with their preferences.
func audience(tx *db.Tx, roles []string) (people []person, err error) {
	if len(roles) == 0 {
		return nil, nil
	}
	err = tx.Raw(`SELECT m.id, m.email, m.name, m.language, p.channels FROM members m LEFT JOIN notification_preferences p ON p.tenant_id = m.tenant_id AND p.member_id = m.id
		WHERE m.tenant_id = ? AND m.status = 'active' AND EXISTS (SELECT 1 FROM member_roles r WHERE r.tenant_id = m.tenant_id AND r.member_id = m.id AND r.role = ANY(?::text[])) ORDER BY m.id`,
		tx.Scope.Tenant, db.Strings(roles)).Scan(&people).Error
	if err != nil {
		return nil, fmt.Errorf("read audience: %w", err)
	}
	return people, nil
}

func insertNotification(tx *db.Tx, member uuid.UUID, n Notice) (id uuid.UUID, fresh bool, err error) {
	id = db.NewID()
	r := tx.Exec(`INSERT INTO notifications (tenant_id, id, member_id, dedup_key, severity, title, body, link, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT ON CONSTRAINT notifications_once DO NOTHING`, tx.Scope.Tenant, id, member, n.DedupKey, n.Severity, db.JSON[map[string]string]{V: n.Title}, db.JSON[map[string]string]{V: n.Body}, n.Link, tx.Now)
	return id, r.RowsAffected == 1, r.Error
}

func insertMessage(tx *db.Tx, id uuid.UUID, m Mail, sealed []byte) (fresh bool, err error) {
	r := tx.Exec(`INSERT INTO messages (tenant_id, id, channel, recipient, template, language, subject, content, dedup_key, state, created_at) VALUES (?, ?, 'email', ?, ?, ?, ?, ?, ?, 'queued', ?)
		ON CONFLICT ON CONSTRAINT messages_once DO NOTHING`, tx.Scope.Tenant, id, m.To, m.Template, m.Language, m.Content.Subject, sealed, m.DedupKey, tx.Now)
	return r.RowsAffected == 1, r.Error
}

// Message is an e-mail with the state of its delivery; its text is not shown, it may carry a link that signs somebody in.
type Message struct {
	ID        uuid.UUID  `json:"id"`
	Channel   string     `json:"channel"`
	To        string     `json:"to"`
	Template  string     `json:"template"`
	Subject   string     `json:"subject"`
	State     string     `json:"state" enum:"queued,sent,failed,dead"`
	Attempts  int        `json:"attempts"`
	Error     string     `json:"error,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
}

type messageRow struct {
	Message
	Recipient string
	LastError string
	Content   []byte
}

func (r messageRow) message() Message {
	m := r.Message
	m.To, m.Error = r.Recipient, r.LastError
	return m
}

var errNoMessage = fault.New(fault.NotFound, "message.not_found", "There is no such message.")

func messageByID(tx *db.Tx, id uuid.UUID) (row messageRow, err error) {
	err = tx.Raw(`SELECT id, channel, recipient, template, subject, state, attempts, last_error, created_at, sent_at, content FROM messages WHERE tenant_id = ? AND id = ? FOR UPDATE`, tx.Scope.Tenant, id).Take(&row).Error
	if db.IsNotFound(err) {
		return row, errNoMessage
	}
	return row, err
}

func listMessages(tx *db.Tx, state string, q db.PageQuery) ([]Message, error) {
	before := uuid.Max
	if _, err := q.After(&before); err != nil {
		return nil, err
	}
	var rows []messageRow
	err := tx.Raw(`SELECT id, channel, recipient, template, subject, state, attempts, last_error, created_at, sent_at FROM messages WHERE tenant_id = ? AND id < ? AND (? = '' OR state = ?) ORDER BY id DESC LIMIT ?`,
		tx.Scope.Tenant, before, state, state, q.Size()+1).Scan(&rows).Error
	out := make([]Message, len(rows))
	for i, r := range rows {
		out[i] = r.message()
	}
	return out, err
}

// noteAttempt writes what became of an attempt into the message and its log.
func noteAttempt(tx *db.Tx, row messageRow, state, response string) error {
	outcome := "failed"
	var sent *time.Time
	if state == "sent" {
		outcome, sent = "sent", &tx.Now
	}
	if err := tx.Exec(`UPDATE messages SET state = ?, attempts = attempts + 1, last_error = ?, sent_at = coalesce(?, sent_at) WHERE tenant_id = ? AND id = ?`, state, response, sent, tx.Scope.Tenant, row.ID).Error; err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO message_attempts (tenant_id, message_id, attempt, at, outcome, response) VALUES (?, ?, (SELECT attempts FROM messages WHERE tenant_id = ? AND id = ?), ?, ?, ?)`,
		tx.Scope.Tenant, row.ID, tx.Scope.Tenant, row.ID, tx.Now, outcome, response).Error
}

// Notification is what a member sees under the bell.
type Notification struct {
	ID        uuid.UUID         `json:"id"`
	Severity  string            `json:"severity" enum:"info,warning,critical"`
	Title     map[string]string `json:"title"`
	Body      map[string]string `json:"body"`
	Link      string            `json:"link"`
	ReadAt    *time.Time        `json:"read_at,omitempty"`
	CreatedAt time.Time         `json:"created_at"`
}

func listNotifications(tx *db.Tx, member uuid.UUID, unread bool, q db.PageQuery) ([]Notification, error) {
	before := uuid.Max
	if _, err := q.After(&before); err != nil {
		return nil, err
	}
	var rows []struct {
		ID             uuid.UUID
		Severity, Link string
		Title, Body    db.JSON[map[string]string]
		ReadAt         *time.Time
		CreatedAt      time.Time
	}
	err := tx.Raw(`SELECT id, severity, link, title, body, read_at, created_at FROM notifications WHERE tenant_id = ? AND member_id = ? AND id < ? AND (NOT ? OR read_at IS NULL) ORDER BY id DESC LIMIT ?`,
		tx.Scope.Tenant, member, before, unread, q.Size()+1).Scan(&rows).Error
	out := make([]Notification, len(rows))
	for i, r := range rows {
		out[i] = Notification{r.ID, r.Severity, r.Title.V, r.Body.V, r.Link, r.ReadAt, r.CreatedAt}
	}
	return out, err
}

func unreadCount(tx *db.Tx, member uuid.UUID) (n int64, err error) {
	err = tx.Raw(`SELECT count(*) FROM notifications WHERE tenant_id = ? AND member_id = ? AND read_at IS NULL`, tx.Scope.Tenant, member).Row().Scan(&n)
	return n, err
}

func markRead(tx *db.Tx, member uuid.UUID, ids []uuid.UUID, all bool) error {
	texts := make(db.Strings, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return tx.Exec(`UPDATE notifications SET read_at = ? WHERE tenant_id = ? AND member_id = ? AND read_at IS NULL AND (? OR id = ANY(?::uuid[]))`, tx.Now, tx.Scope.Tenant, member, all, texts).Error
}

func preferences(tx *db.Tx, member uuid.UUID) (map[string]string, error) {
	var row struct{ Channels db.JSON[map[string]string] }
	err := tx.Raw(`SELECT channels FROM notification_preferences WHERE tenant_id = ? AND member_id = ?`, tx.Scope.Tenant, member).Take(&row).Error
	if db.IsNotFound(err) {
		return map[string]string{"in_app": "info", "email": "warning"}, nil
	}
	return row.Channels.V, err
}

func savePreferences(tx *db.Tx, member uuid.UUID, channels map[string]string) error {
	return tx.Exec(`INSERT INTO notification_preferences (tenant_id, member_id, channels, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant_id, member_id) DO UPDATE SET channels = excluded.channels, updated_at = excluded.updated_at`, tx.Scope.Tenant, member, db.JSON[map[string]string]{V: channels}, tx.Now).Error
}
