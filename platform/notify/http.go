package notify

import (
	"context"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/tenants/access"
	"allhours/tenants/audit"
)

// NotificationsInput asks for one's own notifications.
type NotificationsInput struct {
	Unread bool `query:"unread"`
	db.PageQuery
}

// NotificationsOutput is a page of them, with how many are unread in all.
type NotificationsOutput struct {
	Body struct {
		db.Page[Notification]
		Unread int64 `json:"unread"`
	}
}

// NotificationsHTTP lists what the member has been told.
func (n *Notify) NotificationsHTTP(ctx context.Context, in *NotificationsInput) (*NotificationsOutput, error) {
	out, me := &NotificationsOutput{}, access.IdentityOf(ctx).ID
	return out, n.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		rows, err := listNotifications(tx, me, in.Unread, in.PageQuery)
		if err != nil {
			return err
		}
		out.Body.Page = db.PageOf(in.PageQuery, rows, func(x Notification) []any { return []any{x.ID} })
		out.Body.Unread, err = unreadCount(tx, me)
		return err
	})
}

// ReadInput names notifications that have been read.
type ReadInput struct {
	Body struct {
		IDs []uuid.UUID `json:"ids,omitempty" maxItems:"100"`
		All bool        `json:"all,omitempty"`
	}
}

// ReadHTTP marks notifications as read.
func (n *Notify) ReadHTTP(ctx context.Context, in *ReadInput) (*struct{}, error) {
	return nil, n.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		return markRead(tx, access.IdentityOf(ctx).ID, in.Body.IDs, in.Body.All)
	})
}

// Preferences say, for each channel, the least severity that comes through.
type Preferences struct {
	InApp string `json:"in_app" enum:"none,info,warning,critical"`
	Email string `json:"email" enum:"none,info,warning,critical"`
}

// PreferencesOutput carries preferences.
type PreferencesOutput struct{ Body Preferences }

// PreferencesInput sets preferences.
type PreferencesInput struct{ Body Preferences }

// PreferencesHTTP gives the member's preferences.
func (n *Notify) PreferencesHTTP(ctx context.Context, _ *struct{}) (out *PreferencesOutput, err error) {
	err = n.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		p, err := preferences(tx, access.IdentityOf(ctx).ID)
		out = &PreferencesOutput{Preferences{InApp: p["in_app"], Email: p["email"]}}
		return err
	})
	return out, err
}

// SetPreferencesHTTP changes the member's preferences.
func (n *Notify) SetPreferencesHTTP(ctx context.Context, in *PreferencesInput) (*PreferencesOutput, error) {
	err := n.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		return savePreferences(tx, access.IdentityOf(ctx).ID, map[string]string{"in_app": in.Body.InApp, "email": in.Body.Email})
	})
	return &PreferencesOutput{in.Body}, err
}

// MessagesInput asks for the delivery log.
type MessagesInput struct {
	State string `query:"state" enum:"queued,sent,failed,dead"`
	db.PageQuery
}

// MessagesOutput is a page of the delivery log.
type MessagesOutput struct{ Body db.Page[Message] }

// MessagesHTTP lists what went out, the newest first.
func (n *Notify) MessagesHTTP(ctx context.Context, in *MessagesInput) (out *MessagesOutput, err error) {
	err = n.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		rows, err := listMessages(tx, in.State, in.PageQuery)
		out = &MessagesOutput{db.PageOf(in.PageQuery, rows, func(m Message) []any { return []any{m.ID} })}
		return err
	})
	return out, err
}

// MessageInput names a message.
type MessageInput struct {
	ID uuid.UUID `path:"id"`
}

// RedeliverHTTP queues a message that failed, or that did not arrive, again.
func (n *Notify) RedeliverHTTP(ctx context.Context, in *MessageInput) (*struct{}, error) {
	return nil, n.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		row, err := messageByID(tx, in.ID)
		if err != nil {
			return err
		}
		if row.State == "queued" {
			return fault.New(fault.Conflict, "message.queued", "The message is on its way already.")
		}
		if err := tx.Exec(`UPDATE messages SET state = 'queued' WHERE tenant_id = ? AND id = ?`, tx.Scope.Tenant, in.ID).Error; err != nil {
			return err
		}
		if err := audit.Append(tx, audit.Entry{Action: "message.redelivered", ObjectType: "message", ObjectID: in.ID.String(), Before: map[string]string{"state": row.State}}); err != nil {
			return err
		}
		return outbox.Append(tx, "message.queued", in.ID.String(), map[string]string{"template": row.Template})
	})
}
