// Package onlineretail takes over the history of a shop from a file of the shape of the UCI Online Retail data set: products, stock, customers, orders and cancellations
// with their real times.
//
// Rules:
//   - A line is refused for the first of the reasons in line.go that fits; a refused line leaves the others of its invoice alone. Every refusal is kept with its line number.
//   - Stock codes in different case are one product. Its title is the description that its sales have most often (of two, the first in the alphabet), its price the one that they have most often (of two, the higher).
//   - Times are those of Europe/London, kept as UTC. The currency is GBP; prices are what was paid, and no tax is worked out.
//   - An invoice is a completed, paid and delivered order; its time is that of its first line.
//   - A cancellation line gives goods of the customer's latest earlier orders of the same product and price back: their lines are restocked and refunded, and an order with nothing
//     left is cancelled. What finds no such order (a guest's, or one before the file begins) becomes a cancelled order of its own, with the cancellation's number and time.
//   - The file does not say what lay on the shelves. So each batch of orders is preceded by a receipt of what it sold, and at the end each product is counted to what the file's last 28 days sold of it.
//   - Nothing is published: what is long past alarms and mails nobody.
//   - Taking a file over again, or one that overlaps it, changes nothing that is there (import_refs).
//
// Memory is bounded by products, customers and invoices, not by lines: the file is read three times.
package onlineretail

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
	"allhours/tenants"
	"allhours/tenants/audit"
)

// Kind is the kind of these imports in the imports table, and the source of their references.
const Kind = "online-retail"

// Importer takes files over.
type Importer struct {
	db        *db.DB
	catalog   *catalog.Catalog
	inventory *inventory.Inventory
}

// New makes an Importer.
func New(d *db.DB, c *catalog.Catalog, i *inventory.Inventory) *Importer {
	return &Importer{db: d, catalog: c, inventory: i}
}

// Report is what a file says, line by line added up, and what of it was new. Amounts are pence.
type Report struct {
	Lines          int64            `json:"lines"`
	Refused        map[string]int64 `json:"refused"` // by reason
	Orders         int64            `json:"orders"`  // invoices with at least one line taken over
	OrderLines     int64            `json:"order_lines"`
	Units          int64            `json:"units"`
	Revenue        int64            `json:"revenue"`
	Cancellations  int64            `json:"cancellations"` // invoices that begin with C
	CancelledLines int64            `json:"cancelled_lines"`
	CancelledUnits int64            `json:"cancelled_units"`
	Cancelled      int64            `json:"cancelled"`
	Products       int64            `json:"products"`
	Customers      int64            `json:"customers"`
	From           time.Time        `json:"from"`
	To             time.Time        `json:"to"`
	New            Fresh            `json:"new"`
}

// Fresh is what an import has added.
type Fresh struct {
	Products      int64  `json:"products"`
	Customers     int64  `json:"customers"`
	Orders        int64  `json:"orders"`
	Cancellations int64  `json:"cancellations"`
	MatchedUnits  int64  `json:"matched_units"` // given back from an order
	MatchedAmount int64  `json:"matched_amount"`
	ApartUnits    int64  `json:"apart_units"` // cancelled orders of their own
	ApartAmount   int64  `json:"apart_amount"`
	ImportID      string `json:"import_id"`
}

var (
	errCurrency = fault.New(fault.Invalid, "online_retail.currency", "The data set is in GBP; this shop is not. Import it into a shop whose currency is GBP.")
	errNowhere  = fault.New(fault.Conflict, "inventory.no_location", "There is no active location that the stock could lie at. Add one first.")
)

// Import takes the file over. open is called three times. It may be called again after a failure: it goes on where it was.
func (m *Importer) Import(ctx context.Context, sc db.Scope, open func() (io.ReadCloser, error)) (Report, error) {
	sc.Actor.Via = "import"
	j := &job{Importer: m, sc: sc, id: db.NewID()}
	if err := j.begin(ctx); err != nil {
		return Report{}, err
	}
	err := j.run(ctx, open)
	if end := j.end(context.WithoutCancel(ctx), err); err == nil {
		err = end
	}
	return j.scan.Report, err
}

// job is one import under way.
type job struct {
	*Importer
	sc       db.Scope
	id       uuid.UUID
	location uuid.UUID
	scan     *scan
	variants map[string]variant
	buyers   map[string]uuid.UUID // customers by their number
}

// variant is a product of the file in the catalog.
type variant struct {
	id    uuid.UUID
	level uuid.UUID
	title json.RawMessage
}

func (j *job) begin(ctx context.Context) error {
	return j.db.InTx(ctx, j.sc, func(tx *db.Tx) error {
		t, err := tenants.GetTx(tx)
		if err != nil {
			return err
		}
		if t.Currency != "GBP" {
			return errCurrency
		}
		if j.location, err = inventory.FirstLocationTx(tx); err != nil {
			return err
		}
		if j.location == uuid.Nil {
			return errNowhere
		}
		if err := tx.Exec(`INSERT INTO imports (tenant_id, id, kind, status, created_by, created_at, updated_at) VALUES (current_tenant(), ?, ?, 'running', ?, ?, ?)`, j.id, Kind, j.sc.Actor.Name, tx.Now, tx.Now).Error; err != nil {
			return fmt.Errorf("begin import: %w", err)
		}
		return audit.Append(tx, audit.Entry{Action: "import.start", ObjectType: "import", ObjectID: j.id.String(), After: map[string]string{"kind": Kind}})
	})
}

func (j *job) run(ctx context.Context, open func() (io.ReadCloser, error)) error {
	var err error
	if j.scan, err = j.look(ctx, open); err != nil {
		return err
	}
	for _, step := range []func(context.Context, func() (io.ReadCloser, error)) error{j.products, j.customers, j.sales, j.cancellations, j.count} {
		if err := step(ctx, open); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) end(ctx context.Context, failed error) error {
	if j.scan == nil {
		j.scan = &scan{}
	}
	status, problem := "done", ""
	if failed != nil {
		status, problem = "failed", fault.Of(failed).Message.Stored()
	}
	var refused int64
	for _, n := range j.scan.Refused {
		refused += n
	}
	j.scan.New.ImportID = j.id.String()
	return j.db.InTx(ctx, j.sc, func(tx *db.Tx) error {
		err := tx.Exec(`UPDATE imports SET status = ?, error = ?, lines = ?, accepted = ?, refused = ?, summary = ?::jsonb, updated_at = ? WHERE id = ?`,
			status, problem, j.scan.Lines, j.scan.OrderLines+j.scan.CancelledLines, refused, db.JSON[Report]{V: j.scan.Report}, tx.Now, j.id).Error
		if err != nil {
			return fmt.Errorf("end import: %w", err)
		}
		return audit.Append(tx, audit.Entry{Action: "import." + status, ObjectType: "import", ObjectID: j.id.String(), After: j.scan.Report})
	})
}
