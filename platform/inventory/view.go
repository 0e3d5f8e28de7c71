package inventory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
)

// View is a level as the console shows it.
type View struct {
	Level
	LocationName string       `json:"location_name,omitempty"`
	VariantID    *uuid.UUID   `json:"variant_id,omitempty"`
	ProductID    *uuid.UUID   `json:"product_id,omitempty"`
	Title        catalog.Text `json:"title,omitempty"`
	Available    int64        `json:"available"`
}

// ViewOf adds what is computed to a level.
func ViewOf(l Level) View { return View{Level: l, Available: l.Available()} }

// LevelFilter narrows a list of levels.
type LevelFilter struct {
	Q        string    `query:"q" maxLength:"200" doc:"The beginning of a SKU, or words of the title."`
	Location uuid.UUID `query:"location"`
	State    string    `query:"state" enum:"low,out" doc:"out: nothing available; low: 5 or fewer available."`
	SKU      string    `query:"sku" maxLength:"100" doc:"Exactly this SKU."`
	db.PageQuery
}

type viewRow struct {
	ID                                                                            uuid.UUID
	LocationID                                                                    uuid.UUID
	Kind, Key, Bucket                                                             string
	OnHand, Committed, Reserved, Safety, Incoming, OversellLimit, Version, Ranked int64
	UpdatedAt                                                                     time.Time
	LocationName                                                                  string
	VariantID, ProductID                                                          *uuid.UUID
	Title                                                                         db.JSON[catalog.Text]
}

// Levels lists levels by SKU and location.
func (v *Inventory) Levels(ctx context.Context, sc db.Scope, f LevelFilter) (page db.Page[View], err error) {
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		page, err = levelPage(tx, f)
		return err
	})
	return page, err
}

func levelPage(tx *db.Tx, f LevelFilter) (db.Page[View], error) {
	where, args := []string{"true"}, []any{}
	add := func(sql string, a ...any) { where, args = append(where, sql), append(args, a...) }
	if f.Location != uuid.Nil {
		add("p.location_id = ?", f.Location)
	}
	if f.SKU != "" {
		add("p.key = ?", f.SKU)
	}
	switch f.State {
	case "out":
		add("l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved <= 0")
	case "low":
		add("l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved <= ?", catalog.LowStock)
	}
	if q := strings.TrimSpace(f.Q); q != "" {
		sql, a := catalog.Matching("v.product_id", q)
		add("(starts_with(lower(p.key), lower(?)) OR "+sql+")", append([]any{q}, a...)...)
	}
	var key string
	var id uuid.UUID
	after, err := f.After(&key, &id)
	if err != nil {
		return db.Page[View]{}, err
	}
	if after {
		add(`(p.key COLLATE "C", l.id) > (?, ?)`, key, id)
	}
	var found []viewRow
	err = tx.Raw(`SELECT `+levelColumns+`, o.name AS location_name, v.id AS variant_id, v.product_id, t.title
		FROM pool_levels l JOIN pools p ON p.tenant_id = l.tenant_id AND p.id = l.pool_id JOIN locations o ON o.tenant_id = p.tenant_id AND o.id = p.location_id
		LEFT JOIN variants v ON v.tenant_id = p.tenant_id AND p.kind = 'stock' AND v.sku = p.key LEFT JOIN products t ON t.tenant_id = v.tenant_id AND t.id = v.product_id
		WHERE `+strings.Join(where, " AND ")+` ORDER BY p.key COLLATE "C", l.id LIMIT ?`, append(args, f.Size()+1)...).Scan(&found).Error
	if err != nil {
		return db.Page[View]{}, fmt.Errorf("list levels: %w", err)
	}
	rows := db.PageOf(f.PageQuery, found, func(r viewRow) []any { return []any{r.Key, r.ID} })
	out := db.Page[View]{Items: make([]View, len(rows.Items)), NextCursor: rows.NextCursor}
	for i, r := range rows.Items {
		l := Level{r.ID, r.LocationID, r.Kind, r.Key, r.Bucket, r.OnHand, r.Committed, r.Reserved, r.Safety, r.Incoming, r.OversellLimit, r.Version, r.UpdatedAt}
		out.Items[i] = View{Level: l, LocationName: r.LocationName, VariantID: r.VariantID, ProductID: r.ProductID, Title: r.Title.V, Available: l.Available()}
	}
	return out, nil
}

// Movement is one change of a level.
type Movement struct {
	ID             uuid.UUID `json:"id"`
	LevelID        uuid.UUID `json:"level_id"`
	SKU            string    `json:"sku" gorm:"column:sku"`
	LocationID     uuid.UUID `json:"location_id"`
	LocationName   string    `json:"location_name"`
	Kind           string    `json:"kind"`
	OnHandDelta    int64     `json:"on_hand_delta"`
	ReservedDelta  int64     `json:"reserved_delta"`
	CommittedDelta int64     `json:"committed_delta"`
	CauseKind      string    `json:"cause_kind"`
	CauseID        string    `json:"cause_id"`
	Reason         string    `json:"reason"`
	Actor          string    `json:"actor"`
	At             time.Time `json:"at"`
}

// MovementFilter narrows a list of movements.
type MovementFilter struct {
	LevelID uuid.UUID `query:"level_id"`
	SKU     string    `query:"sku" maxLength:"100"`
	CauseID string    `query:"cause_id" maxLength:"100" doc:"An order, a transfer, an import."`
	db.PageQuery
}

// Movements lists what has happened to levels, the newest first.
func (v *Inventory) Movements(ctx context.Context, sc db.Scope, f MovementFilter) (page db.Page[Movement], err error) {
	where, args := []string{"true"}, []any{}
	add := func(sql string, a ...any) { where, args = append(where, sql), append(args, a...) }
	if f.LevelID != uuid.Nil {
		add("m.level_id = ?", f.LevelID)
	}
	if f.SKU != "" {
		add("p.key = ?", f.SKU)
	}
	if f.CauseID != "" {
		add("m.cause_id = ?", f.CauseID)
	}
	var last uuid.UUID
	after, err := f.After(&last)
	if err != nil {
		return page, err
	}
	if after {
		add("m.id < ?", last)
	}
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		var found []Movement
		err := tx.Raw(`SELECT m.id, m.level_id, p.key AS sku, p.location_id, o.name AS location_name, m.kind, m.on_hand_delta, m.reserved_delta, m.committed_delta, m.cause_kind, m.cause_id, m.reason, m.actor, m.at
			FROM movements m JOIN pool_levels l ON l.tenant_id = m.tenant_id AND l.id = m.level_id JOIN pools p ON p.tenant_id = l.tenant_id AND p.id = l.pool_id JOIN locations o ON o.tenant_id = p.tenant_id AND o.id = p.location_id
			WHERE `+strings.Join(where, " AND ")+` ORDER BY m.id DESC LIMIT ?`, append(args, f.Size()+1)...).Scan(&found).Error
		if err != nil {
			return fmt.Errorf("list movements: %w", err)
		}
		page = db.PageOf(f.PageQuery, found, func(m Movement) []any { return []any{m.ID} })
		return nil
	})
	return page, err
}
