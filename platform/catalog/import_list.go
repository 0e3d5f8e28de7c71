package catalog

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/tenants/audit"
)

// Imports lists the newest imports of any kind.
func (c *Catalog) Imports(ctx context.Context, sc db.Scope, q db.PageQuery) (page db.Page[Import], err error) {
	var last uuid.UUID
	where, args := "true", []any{}
	if after, err := q.After(&last); err != nil {
		return page, err
	} else if after {
		where, args = "id < ?", []any{last}
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		var found []importRow
		if err := tx.Raw(`SELECT `+importColumns+` FROM imports WHERE `+where+` ORDER BY id DESC LIMIT ?`, append(args, q.Size()+1)...).Scan(&found).Error; err != nil {
			return fmt.Errorf("list imports: %w", err)
		}
		rows := db.PageOf(q, found, func(r importRow) []any { return []any{r.ID} })
		page = db.Page[Import]{Items: make([]Import, len(rows.Items)), NextCursor: rows.NextCursor}
		for i, r := range rows.Items {
			page.Items[i] = r.public(ctx)
		}
		return nil
	})
	return page, err
}

// GetImport gives an import and how far it is.
func (c *Catalog) GetImport(ctx context.Context, sc db.Scope, id uuid.UUID) (out Import, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = getImport(ctx, tx, id)
		return err
	})
	return out, err
}

// Refusals lists the lines that the import has refused, in the file's order.
func (c *Catalog) Refusals(ctx context.Context, sc db.Scope, id uuid.UUID, q db.PageQuery) (page db.Page[Refusal], err error) {
	line, code := int64(-1), ""
	if _, err := q.After(&line, &code); err != nil {
		return page, err
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if _, err := getImport(ctx, tx, id); err != nil {
			return err
		}
		var found []Refusal
		err := tx.Raw(`SELECT line, code, field, message, content FROM import_refusals WHERE import_id = ? AND (line, code) > (?, ?) ORDER BY line, code LIMIT ?`, id, line, code, q.Size()+1).Scan(&found).Error
		if err != nil {
			return fmt.Errorf("list refusals: %w", err)
		}
		for i := range found {
			found[i].Message = fault.Read(found[i].Message).Say(ctx)
		}
		page = db.PageOf(q, found, func(r Refusal) []any { return []any{r.Line, r.Code} })
		return nil
	})
	return page, err
}

// CancelImport stops an import after the batch it is at; what it has taken over stays.
func (c *Catalog) CancelImport(ctx context.Context, sc db.Scope, id uuid.UUID) error {
	return c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		r, err := loadImport(tx, id, "FOR UPDATE")
		if err != nil || r.Status == "cancelled" {
			return err
		}
		if r.Status != "queued" && r.Status != "running" {
			return errImportEnd
		}
		if err := tx.Exec(`UPDATE imports SET status = 'cancelled', updated_at = ? WHERE id = ?`, tx.Now, id).Error; err != nil {
			return err
		}
		r.Status = "cancelled"
		if err := outbox.Append(tx, "import.progress", id.String(), r.progress()); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "import.cancel", ObjectType: "import", ObjectID: id.String()})
	})
}
