package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/tenants/audit"
)

// Import is the taking over of a file and how far it is.
type Import struct {
	ID        uuid.UUID     `json:"id"`
	Kind      string        `json:"kind"`
	Status    string        `json:"status" enum:"queued,running,done,failed,cancelled"`
	DryRun    bool          `json:"dry_run"`
	Lines     int64         `json:"lines" doc:"Lines read so far."`
	Accepted  int64         `json:"accepted"`
	Refused   int64         `json:"refused"`
	Summary   ImportSummary `json:"summary" gorm:"-"`
	Error     string        `json:"error,omitempty"`
	CreatedBy string        `json:"created_by"`
	CreatedAt time.Time     `json:"created_at"`
	UpdatedAt time.Time     `json:"updated_at"`
}

// ImportSummary is what an import of products did.
type ImportSummary struct {
	Created   int64  `json:"created" doc:"Products that are new."`
	Changed   int64  `json:"changed" doc:"Products that were changed."`
	Unchanged int64  `json:"unchanged" doc:"Products that were so already."`
	Run       string `json:"run,omitempty"`
}

// ImportProgressV1 is the payload of import.progress and import.requested.
type ImportProgressV1 struct {
	ID       uuid.UUID `json:"id"`
	Kind     string    `json:"kind"`
	Status   string    `json:"status"`
	Lines    int64     `json:"lines"`
	Accepted int64     `json:"accepted"`
	Refused  int64     `json:"refused"`
}

var (
	errNoImport  = fault.New(fault.NotFound, "import.not_found", "There is no such import.")
	errImportEnd = fault.New(fault.Conflict, "import.over", "The import is over.")
	errStopped   = errors.New("the import was cancelled, or another process runs it")
	errRollback  = errors.New("dry run")
)

const (
	maxImport   = 64 << 20 // bytes of a file
	importBatch = 200      // lines in a transaction, and so in memory
	mostRefused = 10_000   // refusals that are kept one by one
)

// StartImport stores the file and has it imported by a job.
func (c *Catalog) StartImport(ctx context.Context, sc db.Scope, file io.Reader, dryRun bool) (out Import, err error) {
	if c.files == nil {
		return Import{}, errMediaNoStore
	}
	id := db.NewID()
	key := fmt.Sprintf("%s/imports/%s.csv", sc.Tenant, id)
	if _, err := c.files.Put(ctx, key, file, "text/csv", maxImport); err != nil {
		return Import{}, err
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO imports (tenant_id, id, kind, status, dry_run, blob_key, created_by, created_at, updated_at) VALUES (current_tenant(), ?, 'products', 'queued', ?, ?, ?, ?, ?)`,
			id, dryRun, key, sc.Actor.Name, tx.Now, tx.Now).Error
		if err != nil {
			return fmt.Errorf("queue import: %w", err)
		}
		if out, err = getImport(ctx, tx, id); err != nil {
			return err
		}
		if err := outbox.Append(tx, "import.requested", id.String(), out.progress()); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "import.start", ObjectType: "import", ObjectID: id.String(), After: map[string]any{"kind": "products", "dry_run": dryRun}})
	})
	return out, err
}

func (i Import) progress() ImportProgressV1 {
	return ImportProgressV1{ID: i.ID, Kind: i.Kind, Status: i.Status, Lines: i.Lines, Accepted: i.Accepted, Refused: i.Refused}
}

// Subscriptions are the events that the catalog hears.
func (c *Catalog) Subscriptions() []outbox.Subscription {
	return []outbox.Subscription{{Event: "import.requested", Subscriber: "catalog.import", Timeout: 30 * time.Minute, Handle: func(ctx context.Context, e outbox.Event) error {
		var p ImportProgressV1
		if err := e.Decode(&p); err != nil || p.Kind != "products" {
			return err
		}
		return c.RunImport(ctx, e.Tenant, p.ID)
	}}}
}

type importRow struct {
	Import
	BlobKey string
	Summary db.JSON[ImportSummary]
}

const importColumns = `id, kind, status, dry_run, blob_key, lines, accepted, refused, summary, error, created_by, created_at, updated_at`

func getImport(ctx context.Context, tx *db.Tx, id uuid.UUID) (Import, error) {
	r, err := loadImport(tx, id, "")
	return r.public(ctx), err
}

func loadImport(tx *db.Tx, id uuid.UUID, lock string) (r importRow, err error) {
	err = tx.Raw(`SELECT `+importColumns+` FROM imports WHERE id = ? `+lock, id).Take(&r).Error
	if db.IsNotFound(err) {
		return r, errNoImport
	}
	return r, err
}

func (r importRow) public(ctx context.Context) Import {
	out := r.Import
	out.Summary = r.Summary.V
	out.Summary.Run = ""
	out.Error = fault.Read(r.Error).Say(ctx)
	return out
}

// run is an import under way. State moves forward only in the transaction that takes a batch over, and only while this run is the import's newest: a job that was thought dead and goes
// on cannot count twice.
type run struct {
	c     *Catalog
	sc    db.Scope
	id    uuid.UUID
	dry   bool
	token string
	lines int64 // counted since the last batch
	bad   []Refusal
	shop  shopTerms
	told  time.Time
}

// RunImport takes the file over, from its beginning: lines that an earlier run has taken change nothing. An import that is over or cancelled is left alone.
func (c *Catalog) RunImport(ctx context.Context, tenant, id uuid.UUID) error {
	r := &run{c: c, id: id, token: db.NewID().String(), sc: db.Scope{Tenant: tenant, Actor: db.Actor{Kind: "job", ID: "import", Via: "import"}}}
	key, err := r.begin(ctx)
	if err != nil || key == "" {
		return err
	}
	file, _, err := c.files.Get(ctx, key)
	if err == nil {
		err = r.read(ctx, file)
		file.Close()
	}
	switch {
	case errors.Is(err, errStopped):
		return nil
	case err == nil:
		return r.finish(ctx, "done", "")
	case fault.KindOf(err) == fault.Internal || fault.KindOf(err) == fault.Unavailable || ctx.Err() != nil:
		return err // the job comes again
	}
	slog.WarnContext(ctx, "import failed", "import", id, "err", err)
	return r.finish(ctx, "failed", describe(err).Stored())
}

// describe puts the message and those of the fields in one text.
func describe(err error) fault.Text {
	e := fault.Of(err)
	text := e.Message
	for _, f := range slices.Sorted(maps.Keys(e.Fields)) {
		text = fault.T("%s %s: %s.", text, f, e.Fields[f])
	}
	return text
}

func (r *run) begin(ctx context.Context) (key string, err error) {
	err = r.c.db.InTx(ctx, r.sc, func(tx *db.Tx) error {
		row, err := loadImport(tx, r.id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if row.Status != "queued" && row.Status != "running" {
			key = ""
			return nil
		}
		key, r.dry = row.BlobKey, row.DryRun
		if r.shop, err = loadTerms(tx); err != nil {
			return err
		}
		if err := tx.Exec(`DELETE FROM import_refusals WHERE import_id = ?`, r.id).Error; err != nil {
			return err
		}
		return tx.Exec(`UPDATE imports SET status = 'running', lines = 0, accepted = 0, refused = 0, summary = ?::jsonb, updated_at = ? WHERE id = ?`, db.JSON[ImportSummary]{V: ImportSummary{Run: r.token}}, tx.Now, r.id).Error
	})
	return key, err
}

// read goes through the file: lines of one product that stand together are a group, and groups go into the database some at a time.
func (r *run) read(ctx context.Context, file io.Reader) error {
	t, err := openTable(file)
	if err != nil {
		return err
	}
	if err := r.shop.check(t.columns); err != nil {
		return err
	}
	var batch []group
	pending := 0
	for {
		rec, refused, err := t.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		end := err != nil
		if !end {
			r.lines++
		}
		if refused != nil {
			r.bad = append(r.bad, *refused)
		} else if !end {
			if len(rec.Cells) == 0 {
				continue // a line of nothing but separators
			}
			if n := len(batch); n > 0 && batch[n-1].takes(rec) {
				batch[n-1].lines = append(batch[n-1].lines, rec)
			} else if pending >= importBatch {
				if err := r.take(ctx, batch); err != nil {
					return err
				}
				batch, pending = []group{{lines: []record{rec}}}, 0
			} else {
				batch = append(batch, group{lines: []record{rec}})
			}
			pending++
		}
		if end {
			return r.take(ctx, batch)
		}
		if pending >= 4*importBatch || len(r.bad) >= 4*importBatch { // one product of very many lines, or nothing but refusals
			if err := r.take(ctx, batch); err != nil {
				return err
			}
			batch, pending = nil, 0
		}
	}
}

// take brings the groups in and notes how far the import is, in one transaction. In a dry run, what was written is taken back before the notes are made.
func (r *run) take(ctx context.Context, batch []group) error {
	var out outcome
	err := r.c.db.InTx(ctx, r.sc, func(tx *db.Tx) (err error) {
		if out, err = r.c.takeGroups(tx, batch, r.shop); err != nil {
			return err
		}
		if r.dry {
			return errRollback
		}
		return r.note(tx, out)
	})
	if errors.Is(err, errRollback) {
		err = r.c.db.InTx(ctx, r.sc, func(tx *db.Tx) error { return r.note(tx, out) })
	}
	if err == nil {
		r.lines, r.bad = 0, nil
	}
	return err
}

// note adds what the batch came to to the import.
func (r *run) note(tx *db.Tx, out outcome) error {
	bad := append(append([]Refusal{}, r.bad...), out.bad...)
	refused := map[int64]bool{}
	for _, b := range bad {
		refused[b.Line] = true
	}
	var now importRow
	var touched []importRow
	err := tx.Raw(`UPDATE imports SET lines = lines + ?, accepted = accepted + ?, refused = refused + ?, updated_at = ?,
			summary = summary || jsonb_build_object('created', COALESCE((summary->>'created')::bigint, 0) + ?, 'changed', COALESCE((summary->>'changed')::bigint, 0) + ?, 'unchanged', COALESCE((summary->>'unchanged')::bigint, 0) + ?)
		WHERE id = ? AND status = 'running' AND summary->>'run' = ? RETURNING `+importColumns,
		r.lines, out.accepted, len(refused), tx.Now, out.created, out.changed, out.unchanged, r.id, r.token).Scan(&touched).Error
	if err != nil {
		return fmt.Errorf("note progress: %w", err)
	}
	if len(touched) == 0 {
		return errStopped
	}
	now = touched[0]
	if room := mostRefused - int(now.Refused) + len(refused); len(bad) > 0 && room > 0 {
		bad = bad[:min(len(bad), room)]
		content, err := json.Marshal(bad)
		if err != nil {
			return err
		}
		err = tx.Exec(`INSERT INTO import_refusals (tenant_id, import_id, line, code, field, message, content) SELECT current_tenant(), ?, line, code, COALESCE(field, ''), message, COALESCE(content, '')
			FROM jsonb_to_recordset(?::jsonb) AS x(line bigint, code text, field text, message text, content text) ON CONFLICT DO NOTHING`, r.id, string(content)).Error
		if err != nil {
			return fmt.Errorf("note refusals: %w", err)
		}
	}
	if tx.Now.Sub(r.told) < 500*time.Millisecond {
		return nil
	}
	tx.AfterCommit(func() { r.told = tx.Now })
	return outbox.Append(tx, "import.progress", r.id.String(), now.progress())
}

func (r *run) finish(ctx context.Context, status, problem string) error {
	return r.c.db.InTx(ctx, r.sc, func(tx *db.Tx) error {
		row, err := loadImport(tx, r.id, "FOR UPDATE")
		if err != nil || row.Status != "running" || row.Summary.V.Run != r.token {
			return err
		}
		row.Status = status
		if err := tx.Exec(`UPDATE imports SET status = ?, error = ?, updated_at = ? WHERE id = ?`, status, problem, tx.Now, r.id).Error; err != nil {
			return err
		}
		if err := outbox.Append(tx, "import.progress", r.id.String(), row.progress()); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "import." + status, ObjectType: "import", ObjectID: r.id.String(), After: row.public(ctx)})
	})
}
