package orders

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/audit"
)

// View is a saved view of one of the console's lists: a member's own, or shared.
type View struct {
	ID        uuid.UUID      `json:"id"`
	Page      string         `json:"page"`
	Name      string         `json:"name"`
	Query     map[string]any `json:"query" gorm:"serializer:json"`
	Shared    bool           `json:"shared"`
	CreatedAt time.Time      `json:"created_at"`
}

// ViewInput saves a view.
type ViewInput struct {
	Page   string         `json:"page" minLength:"1" maxLength:"50"`
	Name   string         `json:"name" minLength:"1" maxLength:"100"`
	Query  map[string]any `json:"query"`
	Shared bool           `json:"shared,omitempty" doc:"Every member sees it."`
}

const viewsMost = 100

// Views lists the member's own views of the page and the shared ones.
func (o *Orders) Views(ctx context.Context, sc db.Scope, member uuid.UUID, page string) (views []View, err error) {
	views = []View{}
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		return tx.Raw(`SELECT id, page, name, query, member_id IS NULL AS shared, created_at FROM saved_views WHERE page = ? AND (member_id IS NULL OR member_id = ?) ORDER BY name, id`, page, member).Scan(&views).Error
	})
	return views, err
}

// SaveView keeps a view.
func (o *Orders) SaveView(ctx context.Context, sc db.Scope, member uuid.UUID, in ViewInput) (v View, err error) {
	name := strings.TrimSpace(in.Name)
	bad := *errInvalid
	checkText(func(field, format string, args ...any) { bad = *bad.Field("body."+field, format, args...) }, "name", name, 100)
	if name == "" {
		bad = *bad.Field("body.name", "give it a name")
	}
	if len(bad.Fields) > 0 {
		return v, &bad
	}
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		var n int
		if err := tx.Raw(`SELECT count(*) FROM saved_views WHERE member_id = ? OR member_id IS NULL`, member).Row().Scan(&n); err != nil {
			return fmt.Errorf("count views: %w", err)
		}
		if n >= viewsMost {
			return fault.New(fault.Conflict, "view.too_many", "There are %d saved views. Delete one first.", n)
		}
		v = View{ID: db.NewID(), Page: in.Page, Name: name, Query: in.Query, Shared: in.Shared, CreatedAt: tx.Now}
		owner := &member
		if in.Shared {
			owner = nil
		}
		if err := tx.Exec(`INSERT INTO saved_views (tenant_id, id, member_id, page, name, query, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`, sc.Tenant, v.ID, owner, v.Page, v.Name, db.JSON[map[string]any]{V: in.Query}, v.CreatedAt).Error; err != nil {
			return fmt.Errorf("save view: %w", err)
		}
		return audit.Append(tx, audit.Entry{Action: "view.save", ObjectType: "saved_view", ObjectID: v.ID.String(), After: map[string]any{"page": v.Page, "name": v.Name, "shared": v.Shared}})
	})
	return v, err
}

// DropView deletes a view of the member's own, or a shared one where he keeps those.
func (o *Orders) DropView(ctx context.Context, sc db.Scope, member, id uuid.UUID, shared bool) error {
	return o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		q := tx.Exec(`DELETE FROM saved_views WHERE id = ? AND (member_id = ? OR member_id IS NULL AND ?)`, id, member, shared)
		if q.Error != nil {
			return fmt.Errorf("delete view: %w", q.Error)
		}
		if q.RowsAffected == 0 {
			return fault.New(fault.NotFound, "view.not_found", "There is no such view.")
		}
		return audit.Append(tx, audit.Entry{Action: "view.delete", ObjectType: "saved_view", ObjectID: id.String()})
	})
}
