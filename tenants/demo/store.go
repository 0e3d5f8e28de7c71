package demo

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/tenants/audit"
)

// What has been done for a shop is in its audit log, which is never purged.
const (
	opened = "demo.opened"
	filled = "demo.filled"
)

type marks struct{ Opened, Filled bool }

func mark(tx *db.Tx, action string, what map[string]any) error {
	return audit.Append(tx, audit.Entry{Action: action, ObjectType: "demo", ObjectID: tx.Scope.Tenant.String(), After: what})
}

func marksOf(tx *db.Tx) (m marks, err error) {
	err = tx.Raw(`SELECT coalesce(bool_or(action = ?), false) AS opened, coalesce(bool_or(action = ?), false) AS filled FROM audit_log WHERE tenant_id = ? AND object_type = 'demo' AND object_id = ?`,
		opened, filled, tx.Scope.Tenant, tx.Scope.Tenant.String()).Scan(&m).Error
	if err != nil {
		err = fmt.Errorf("look what is there of the demo: %w", err)
	}
	return m, err
}

func insertMember(tx *db.Tx, id uuid.UUID, m member, hash string) error {
	err := tx.Exec(`INSERT INTO members (tenant_id, id, email, name, language, password_hash, email_confirmed_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Tenant, id, m.Email, m.Name, m.Language, hash, tx.Now, tx.Now, tx.Now).Error
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO member_roles (tenant_id, member_id, role) SELECT ?, ?, unnest(?::text[])`, tx.Scope.Tenant, id, db.Strings(m.Roles)).Error
}

// shelves gives the categories by slug, and the default price list.
func shelves(tx *db.Tx) (byName map[string]uuid.UUID, list uuid.UUID, err error) {
	var found []struct {
		ID   uuid.UUID
		Slug string
	}
	if err = tx.Raw(`SELECT id, slug FROM categories WHERE tenant_id = ?`, tx.Scope.Tenant).Scan(&found).Error; err != nil {
		return nil, list, fmt.Errorf("find categories: %w", err)
	}
	byName = map[string]uuid.UUID{}
	for _, f := range found {
		byName[f.Slug] = f.ID
	}
	if err = tx.Raw(`SELECT id FROM price_lists WHERE tenant_id = ? AND is_default`, tx.Scope.Tenant).Row().Scan(&list); err != nil {
		err = fmt.Errorf("find price list: %w", err)
	}
	return byName, list, err
}

func locationIDs(tx *db.Tx) (ids []uuid.UUID, err error) {
	err = tx.Raw(`SELECT id FROM locations WHERE tenant_id = ? ORDER BY rank, id`, tx.Scope.Tenant).Scan(&ids).Error
	return ids, err
}

// staff gives for each role somebody who has it.
func staff(tx *db.Tx) (map[string]actor, error) {
	var found []struct{ Role, ID, Name string }
	err := tx.Raw(`SELECT r.role, m.id, m.name FROM member_roles r JOIN members m ON m.tenant_id = r.tenant_id AND m.id = r.member_id WHERE r.tenant_id = ? ORDER BY m.id DESC`, tx.Scope.Tenant).Scan(&found).Error
	byRole := map[string]actor{}
	for _, f := range found {
		byRole[f.Role] = actor{"member", f.ID, f.Name}
	}
	return byRole, err
}

// baseURL is where the installation's provider is.
func baseURL(tx *db.Tx, installation uuid.UUID) (url string, err error) {
	err = tx.Raw(`SELECT coalesce(config->>'base_url', '') FROM plugin_installations WHERE tenant_id = ? AND id = ?`, tx.Scope.Tenant, installation).Row().Scan(&url)
	return url, err
}

// insert adds the rows in one statement. The JSON of a row has the names of the table's columns; columns that it does not have get their default.
func insert[T any](tx *db.Tx, table string, rows []*T) error {
	if len(rows) == 0 {
		return nil
	}
	body, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("write %s: %w", table, err)
	}
	columns := columnsOf[T]()
	err = tx.Exec(`INSERT INTO `+table+` (tenant_id, `+columns+`) SELECT current_tenant(), `+columns+` FROM jsonb_populate_recordset(NULL::`+table+`, ?::jsonb)`, string(body)).Error
	if err != nil {
		return fmt.Errorf("write %s: %w", table, err)
	}
	return nil
}

func columnsOf[T any]() string {
	var names []string
	for t, i := reflect.TypeFor[T](), 0; i < t.NumField(); i++ {
		if name := t.Field(i).Tag.Get("json"); name != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// addUp adds to the levels what their movements came to.
func addUp(tx *db.Tx, levels map[at]*level) error {
	type sums struct {
		ID        uuid.UUID `json:"id"`
		OnHand    int64     `json:"on_hand"`
		Reserved  int64     `json:"reserved"`
		Committed int64     `json:"committed"`
	}
	var list []sums
	for _, l := range levels {
		list = append(list, sums{l.id, l.onHand, l.reserved, l.committed})
	}
	err := tx.Exec(`UPDATE pool_levels l SET on_hand = l.on_hand + s.on_hand, reserved = l.reserved + s.reserved, committed = l.committed + s.committed, version = version + 1, updated_at = ?
		FROM jsonb_to_recordset(?::jsonb) AS s(id uuid, on_hand bigint, reserved bigint, committed bigint) WHERE l.tenant_id = ? AND l.id = s.id`, tx.Now, db.JSON[[]sums]{V: list}, tx.Scope.Tenant).Error
	if err != nil {
		return fmt.Errorf("add up stock: %w", err)
	}
	return nil
}

// numbered has the shop's numbers go on after those of the orders, and counts those of this month.
func numbered(tx *db.Tx, orders []*orderRow) error {
	month := time.Date(tx.Now.Year(), tx.Now.Month(), 1, 0, 0, 0, 0, time.UTC)
	next, placed := int64(firstNumber), 0
	for _, o := range orders {
		if o.Number != nil {
			next = max(next, *o.Number+1)
			if !o.PlacedAt.Before(month) {
				placed++
			}
		}
	}
	err := tx.Exec(`INSERT INTO order_numbers (tenant_id, next, month, placed) VALUES (?, ?, ?::date, ?)`, tx.Scope.Tenant, next, month.Format(time.DateOnly), placed).Error
	if err != nil {
		return fmt.Errorf("go on with numbers: %w", err)
	}
	return nil
}
