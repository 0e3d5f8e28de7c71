package onlineretail

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
)

const slice = "testdata/online-retail-slice.csv.gz"

// whole is the file that the slice is taken from; it is not part of this repository.
var whole = filepath.Join("..", "..", "..", "..", "shared", "data", "online-retail", "orders-2010-12-to-2011-06.csv.gz")

type shop struct {
	*Importer
	t     testing.TB
	sc    db.Scope
	owner *pgx.Conn
}

func newShop(t testing.TB, currency string) *shop {
	t.Helper()
	d := dbtest.Create(t)
	inv := inventory.New(d.DB)
	s := &shop{Importer: New(d.DB, catalog.New(d.DB, catalog.Parts{Supplier: inv}), inv), t: t, owner: d.Owner(t), sc: db.Scope{Tenant: db.NewID(), Actor: db.Actor{Kind: "operator", Name: "test"}}}
	s.tx(func(tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, created_at, updated_at) VALUES (?, 'gifts', 'Gifts', 'retail', 'GB', ?, 'Europe/London', 'en', now(), now())`, s.sc.Tenant, currency).Error
		if err != nil {
			return err
		}
		_, err = inv.AddLocationTx(tx, inventory.LocationInput{Name: "Shop", Kind: "store", Active: true})
		return err
	})
	return s
}

func (s *shop) tx(fn func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.db.InTx(context.Background(), s.sc, fn); err != nil {
		s.t.Fatal(err)
	}
}

func file(path string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return os.Open(path) }
}

func (s *shop) take(path string) Report {
	s.t.Helper()
	r, err := s.Import(context.Background(), s.sc, file(path))
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// copyIn loads the raw file, cell by cell and nothing interpreted, into the table raw.
func (s *shop) copyIn(path string) {
	s.t.Helper()
	ctx := context.Background()
	f, err := os.Open(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		s.t.Fatal(err)
	}
	r := csv.NewReader(z)
	r.FieldsPerRecord = -1
	if _, err := r.Read(); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.owner.Exec(ctx, `CREATE TEMP TABLE raw (no serial, invoice text, code text, name text, quantity text, at text, price text, customer text, country text)`); err != nil {
		s.t.Fatal(err)
	}
	_, err = s.owner.CopyFrom(ctx, pgx.Identifier{"raw"}, []string{"invoice", "code", "name", "quantity", "at", "price", "customer", "country"}, pgx.CopyFromFunc(func() ([]any, error) {
		cells, err := r.Read()
		if err == io.EOF {
			return nil, nil
		}
		row := make([]any, 8)
		for i := range row {
			if i < len(cells) {
				row[i] = cells[i]
			}
		}
		return row, err
	}))
	if err != nil {
		s.t.Fatal(err)
	}
}

// judged is the rules once more, in SQL and from the description of the data set alone: written without a look at the importer.
const judged = `CREATE TEMP VIEW judged AS SELECT *, CASE
	WHEN quantity !~ '^-?[0-9]+$' OR at !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$' OR price !~ '^[0-9]+(\.[0-9]+)?$' THEN 'malformed'
	WHEN btrim(country) NOT IN ('Australia','Austria','Bahrain','Belgium','Brazil','Canada','Channel Islands','Cyprus','Czech Republic','Denmark','EIRE','European Community','Finland','France','Germany','Greece','Hong Kong',
		'Iceland','Israel','Italy','Japan','Lebanon','Lithuania','Malta','Netherlands','Norway','Poland','Portugal','RSA','Saudi Arabia','Singapore','Spain','Sweden','Switzerland','USA','United Arab Emirates','United Kingdom','Unspecified') THEN 'country_unknown'
	WHEN upper(btrim(code)) IN ('POST','DOT','M','D','S','C2','B','CRUK','AMAZONFEE','BANK CHARGES') OR code ILIKE 'gift\_%' THEN 'service'
	WHEN quantity::int = 0 OR (quantity::int < 0) <> (invoice LIKE 'C%') THEN 'stock_correction'
	WHEN btrim(name) = '' THEN 'no_name'
	WHEN price::numeric * 100 <> trunc(price::numeric * 100) THEN 'fraction_of_penny'
	WHEN price::numeric = 0 THEN 'zero_price'
	END AS reason FROM raw`

// query is the report by plain SQL over the raw file.
func (s *shop) query() Report {
	s.t.Helper()
	ctx := context.Background()
	if _, err := s.owner.Exec(ctx, judged); err != nil {
		s.t.Fatal(err)
	}
	r := Report{Refused: map[string]int64{}}
	err := s.owner.QueryRow(ctx, `WITH ok AS (SELECT *, abs(quantity::bigint) AS n, (abs(quantity::bigint) * price::numeric * 100)::bigint AS pence, invoice LIKE 'C%' AS back, at::timestamp AT TIME ZONE 'Europe/London' AS moment FROM judged WHERE reason IS NULL)
		SELECT (SELECT count(*) FROM raw), count(DISTINCT invoice) FILTER (WHERE NOT back), count(*) FILTER (WHERE NOT back), COALESCE(sum(n) FILTER (WHERE NOT back), 0), COALESCE(sum(pence) FILTER (WHERE NOT back), 0),
			count(DISTINCT invoice) FILTER (WHERE back), count(*) FILTER (WHERE back), COALESCE(sum(n) FILTER (WHERE back), 0), COALESCE(sum(pence) FILTER (WHERE back), 0),
			count(DISTINCT upper(btrim(code))), count(DISTINCT customer) FILTER (WHERE customer <> ''), min(moment), max(moment) FROM ok`).
		Scan(&r.Lines, &r.Orders, &r.OrderLines, &r.Units, &r.Revenue, &r.Cancellations, &r.CancelledLines, &r.CancelledUnits, &r.Cancelled, &r.Products, &r.Customers, &r.From, &r.To)
	if err != nil {
		s.t.Fatal(err)
	}
	rows, err := s.owner.Query(ctx, `SELECT reason, count(*) FROM judged WHERE reason IS NOT NULL GROUP BY reason`)
	if err != nil {
		s.t.Fatal(err)
	}
	var reason string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&reason, &n}, func() error { r.Refused[reason] = n; return nil }); err != nil {
		s.t.Fatal(err)
	}
	r.From, r.To = r.From.UTC(), r.To.UTC()
	return r
}

// kept is what the import has put into the database, added up.
type kept struct {
	Orders, Lines, Units, Revenue, Apart, ApartAmount, Back, BackAmount, Products, Customers, Refused, Movements, Events int64
}

func (s *shop) kept() (k kept) {
	s.t.Helper()
	err := s.owner.QueryRow(context.Background(), `SELECT
		(SELECT count(*) FROM orders WHERE external_ref NOT LIKE 'C%'),
		(SELECT count(*) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.external_ref NOT LIKE 'C%'),
		(SELECT COALESCE(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.external_ref NOT LIKE 'C%'),
		(SELECT COALESCE(sum(total), 0) FROM orders WHERE external_ref NOT LIKE 'C%'),
		(SELECT COALESCE(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.external_ref LIKE 'C%'),
		(SELECT COALESCE(sum(total), 0) FROM orders WHERE external_ref LIKE 'C%'),
		(SELECT COALESCE(sum(l.restocked), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.external_ref NOT LIKE 'C%'),
		(SELECT COALESCE(sum(refunded_total), 0) FROM orders WHERE external_ref NOT LIKE 'C%'),
		(SELECT count(*) FROM products), (SELECT count(*) FROM customers), (SELECT count(*) FROM import_refusals),
		(SELECT count(*) FROM movements), (SELECT count(*) FROM outbox_events WHERE type LIKE 'order.%' OR type = 'stock.changed')`).
		Scan(&k.Orders, &k.Lines, &k.Units, &k.Revenue, &k.Apart, &k.ApartAmount, &k.Back, &k.BackAmount, &k.Products, &k.Customers, &k.Refused, &k.Movements, &k.Events)
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

// prove imports the file and compares the report, the database and the independent query.
func (s *shop) prove(path string) Report {
	s.t.Helper()
	got := s.take(path)
	s.copyIn(path)
	if d := cmp.Diff(s.query(), got, cmpopts.IgnoreFields(Report{}, "New")); d != "" {
		s.t.Errorf("the report differs from the query: %s", d)
	}
	var refused int64
	for _, n := range got.Refused {
		refused += n
	}
	k := s.kept()
	want := kept{
		Orders: got.Orders, Lines: got.OrderLines, Units: got.Units, Revenue: got.Revenue, Apart: got.New.ApartUnits, ApartAmount: got.New.ApartAmount, Back: got.New.MatchedUnits, BackAmount: got.New.MatchedAmount,
		Products: got.Products, Customers: got.Customers, Refused: refused, Movements: k.Movements,
	}
	if d := cmp.Diff(want, k); d != "" {
		s.t.Errorf("the database differs from the report: %s", d)
	}
	if n := got.New; n.MatchedUnits+n.ApartUnits != got.CancelledUnits || n.MatchedAmount+n.ApartAmount != got.Cancelled || n.MatchedUnits == 0 || n.ApartUnits == 0 {
		s.t.Errorf("cancellations: %+v of %d units and %d pence", n, got.CancelledUnits, got.Cancelled)
	}
	r, err := s.inventory.Reconcile(context.Background(), s.sc, false, false)
	if err != nil || r.Drifted != 0 || r.Checked != got.Products {
		s.t.Errorf("stock: %+v %v", r, err)
	}
	return got
}

func TestReportEqualsAnIndependentQuery(t *testing.T) {
	t.Parallel()
	s := newShop(t, "GBP")
	first := s.prove(slice)
	before := s.kept()
	again := s.take(slice)
	if d := cmp.Diff(first, again, cmpopts.IgnoreFields(Report{}, "New")); d != "" || again.New != (Fresh{ImportID: again.New.ImportID}) {
		t.Errorf("the second time: %s %+v", d, again.New)
	}
	after := s.kept()
	before.Refused *= 2 // each import keeps its own
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("the second time changed: %s", d)
	}
}

// TestOrdersAreAsTheyWere looks at single orders and cancellations of the slice.
func TestOrdersAreAsTheyWere(t *testing.T) {
	t.Parallel()
	s := newShop(t, "GBP")
	s.take(slice)
	type order struct {
		Ref, Status, Payment, Customer, Country string
		At                                      time.Time
		Lines, Total, Refunded                  int64
	}
	get := func(ref string) (o order) {
		err := s.owner.QueryRow(context.Background(), `SELECT o.external_ref, o.status, o.payment_status, COALESCE(c.external_ref, ''), COALESCE(o.shipping_address->>'country', ''), o.placed_at, (SELECT count(*) FROM order_lines l WHERE l.order_id = o.id), o.total, o.refunded_total
			FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE o.external_ref = $1`, ref).Scan(&o.Ref, &o.Status, &o.Payment, &o.Customer, &o.Country, &o.At, &o.Lines, &o.Total, &o.Refunded)
		if err != nil {
			t.Fatalf("%s: %v", ref, err)
		}
		o.At = o.At.UTC()
		return o
	}
	want := order{"536365", "completed", "paid", "17850", "GB", time.Date(2010, 12, 1, 8, 26, 0, 0, time.UTC), 7, 13912, 0}
	if d := cmp.Diff(want, get("536365")); d != "" {
		t.Error(d)
	}
	var id, idTime string
	err := s.owner.QueryRow(context.Background(), `SELECT id::text, to_char(placed_at, 'YYYY-MM-DD') FROM orders ORDER BY id LIMIT 1`).Scan(&id, &idTime)
	if err != nil || idTime != "2010-12-01" {
		t.Errorf("the first order by id is of %s (%v)", idTime, err)
	}
	// In summer, London is an hour ahead of UTC.
	var hour int
	if err := s.owner.QueryRow(context.Background(), `SELECT extract(hour FROM (max(placed_at) AT TIME ZONE 'UTC'))::int FROM orders WHERE placed_at > '2011-06-01'`).Scan(&hour); err != nil || hour > 19 {
		t.Errorf("latest hour %d %v", hour, err)
	}
	// No order gives back more than it sold, and those that gave everything back are cancelled.
	var bad int64
	err = s.owner.QueryRow(context.Background(), `SELECT count(*) FROM orders o WHERE refunded_total > total
		OR (status = 'cancelled') <> (NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.restocked < l.quantity))
		OR refunded_total <> (SELECT sum(refunded) FROM order_lines l WHERE l.order_id = o.id) OR (payment_status = 'paid') <> (refunded_total = 0)`).Scan(&bad)
	if err != nil || bad != 0 {
		t.Errorf("%d orders contradict themselves (%v)", bad, err)
	}
}

func TestWrongShopsAndFiles(t *testing.T) {
	t.Parallel()
	s := newShop(t, "EUR")
	if _, err := s.Import(context.Background(), s.sc, file(slice)); err == nil {
		t.Error("a shop in euro took pounds")
	}
	p := newShop(t, "GBP")
	bad := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(bad, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Import(context.Background(), p.sc, file(bad)); err == nil {
		t.Error("any file will do")
	}
	var status string
	p.tx(func(tx *db.Tx) error { return tx.Raw(`SELECT status FROM imports`).Row().Scan(&status) })
	if status != "failed" {
		t.Errorf("status %s", status)
	}
}

// TestWholeFile takes all 240,007 lines over; it runs where the data set is and ALLHOURS_TEST_LARGE is set.
func TestWholeFile(t *testing.T) {
	if os.Getenv("ALLHOURS_TEST_LARGE") == "" {
		t.Skip("set ALLHOURS_TEST_LARGE=1 to import the whole file (about a minute)")
	}
	if _, err := os.Stat(whole); err != nil {
		t.Skip("the data set is not beside this repository: " + whole)
	}
	s := newShop(t, "GBP")
	start := time.Now()
	r := s.prove(whole)
	t.Logf("%d lines in %s: %+v", r.Lines, time.Since(start).Round(time.Second), r)
}
