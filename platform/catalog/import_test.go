package catalog

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"allhours/platform/base/blob"
	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// withFiles gives the shop a place for files.
func (s *shop) withFiles() *shop {
	s.t.Helper()
	files, err := blob.Open(blob.Config{Dir: s.t.TempDir()})
	if err != nil {
		s.t.Fatal(err)
	}
	s.files = files
	return s
}

// take imports the file and waits for the end.
func (s *shop) take(file string, dry bool) (Import, []Refusal) {
	s.t.Helper()
	ctx := context.Background()
	i, err := s.StartImport(ctx, s.sc, strings.NewReader(file), dry)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.RunImport(ctx, s.sc.Tenant, i.ID); err != nil {
		s.t.Fatal(err)
	}
	if i, err = s.GetImport(ctx, s.sc, i.ID); err != nil {
		s.t.Fatal(err)
	}
	page, err := s.Refusals(ctx, s.sc, i.ID, db.PageQuery{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	return i, page.Items
}

func (s *shop) export() string {
	s.t.Helper()
	var b bytes.Buffer
	if err := s.Export(context.Background(), s.sc, &b); err != nil {
		s.t.Fatal(err)
	}
	return b.String()
}

const sample = `handle,title,title:zh,description,status,categories,attribute:Material,option1_name,option1_value,sku,barcode,price,price_tiers,cost,quantity_min,weight_g,fulfilment_types
linen-shirt,Linen Shirt,亚麻衬衫,"Cool,
in summer",active,Clothes > Shirts; Sale,Linen,Size,S,SH-S,,39.00,10=35.00; 100=30,12.50,,250,ship; pickup
linen-shirt,,,,,,,Size,M,SH-M,5012345678900,41,,,2,250,
,'=Formula Mug,,,draft,Sale,,,,MUG,,5.5,,,,,
`

func TestImportTwiceAndRoundTrip(t *testing.T) {
	t.Parallel()
	s := open(t).withFiles()
	s.list()
	got, refused := s.take(sample, false)
	if len(refused) > 0 || got.Status != "done" || got.Lines != 3 || got.Accepted != 3 || got.Summary != (ImportSummary{Created: 2}) {
		t.Fatalf("%+v %+v", got, refused)
	}
	first := s.export()
	if !strings.Contains(first, "''=Formula Mug") && !strings.Contains(first, "'=Formula Mug") || strings.Contains(first, ",=Formula") {
		t.Errorf("the formula is not guarded:\n%s", first)
	}
	if got, _ := s.take(sample, false); got.Summary != (ImportSummary{Unchanged: 2}) || got.Accepted != 3 {
		t.Errorf("the second time: %+v", got)
	}
	if got, refused := s.take(first, false); got.Summary != (ImportSummary{Unchanged: 2}) || len(refused) > 0 {
		t.Errorf("its own export: %+v %+v", got, refused)
	}
	other := openOn(t, s.db).withFiles()
	other.list()
	if got, refused := other.take(first, false); got.Summary.Created != 2 || len(refused) > 0 {
		t.Fatalf("the export in another shop: %+v %+v", got, refused)
	}
	if d := cmp.Diff(first, other.export()); d != "" {
		t.Errorf("round trip: %s", d)
	}
	// A file of prices changes prices and nothing else.
	if got, refused := s.take("sku;price\nSH-S;38,00\nSH-M;42.00\n", false); got.Summary != (ImportSummary{Changed: 1}) || len(refused) != 1 || refused[0].Code != "import.price_invalid" {
		t.Errorf("%+v %+v", got, refused)
	}
	page, err := s.List(context.Background(), s.sc, Filter{Q: "亚麻"})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	p := page.Items[0]
	if p.Variants[1].SKU != "SH-M" || p.Variants[1].Prices[0].Amount != 4200 || len(p.Variants[0].Prices) != 3 || p.Title["en"] != "Linen Shirt" || len(p.CategoryIDs) != 2 {
		t.Errorf("%+v", p)
	}
}

func TestImportRefusesLines(t *testing.T) {
	t.Parallel()
	s := open(t).withFiles()
	s.list()
	s.create(ProductInput{Title: Text{"en": "Other"}, Slug: "other", Variants: []VariantInput{{SKU: "OTHER"}}})
	file := "handle,title,sku,price,price_tiers,stock,tracked,type,status,quantity_min,option1_name,option1_value\n" + // 1
		"a,A,A-1,1.00,,,,,active,,,\n" + // 2 good
		"b,,B-1,1.00,,,,,,,,\n" + // 3 no title
		"c,C,,1.00,,,,,,,,\n" + // 4 no sku
		"d,D,D-1,1.005,,,,,,,,\n" + // 5 half a penny
		"e,E,E-1,1.00,1=2,,,,,,,\n" + // 6 tier of one
		"f,F,F-1,1.00,,x,,,,,,\n" + // 7 stock is no number
		"g,G,G-1,1.00,,,maybe,,,,,\n" + // 8 neither yes nor no
		"h,H,H-1,1.00,,,,car,,,,\n" + // 9 unknown type
		"a,,OTHER,1.00,,,,,,,,\n" + // 10 another product's SKU
		"\"i,I\n" + // 11 a quotation mark never closed
		"x\",I-1,1,,,,,,,,,,,,,\n" + // goes on; too many cells
		"j,J,J-1,1.00,,,,,,0,,\n" + // 13
		"k,K \xff,K-1,1.00,,,,,,,,\n" + // 14
		"l,L,L-1,2.00,,,,,,,Size,S\n" + // 15 good
		"l,,L-2,bad,,,,,,,Size,M\n" + // 16 one variant
		"l,,L-3,2.00,,,,,,,Size,S\n" // 17 the same choice: the product is refused
	got, refused := s.take(file, false)
	type row struct {
		Line        int64
		Code, Field string
	}
	var rows []row
	for _, r := range refused {
		rows = append(rows, row{r.Line, r.Code, r.Field})
		if r.Message == "" {
			t.Errorf("line %d: no message", r.Line)
		}
	}
	want := []row{
		{3, "catalog.product_invalid", "title"},
		{4, "import.sku_missing", "sku"},
		{5, "import.price_invalid", "price"},
		{6, "import.tier_invalid", "price_tiers"},
		{7, "import.number_invalid", "stock"},
		{8, "import.yes_or_no", "tracked"},
		{9, "catalog.product_invalid", "type"},
		{10, "import.sku_of_another", "sku"},
		{11, "import.too_many_cells", ""},
		{13, "import.number_invalid", "quantity_min"},
		{14, "import.not_utf8", "title"},
		{15, "catalog.product_invalid", "variants[1].options"},
		{16, "import.price_invalid", "price"},
		{17, "catalog.product_invalid", "variants[1].options"},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
	if got.Accepted != 1 || got.Refused != 14 || got.Lines != 15 {
		t.Errorf("%+v", got)
	}
	for name, file := range map[string]string{"no sku": "title\nA\n", "unknown column": "sku,colour\nA,red\n", "twice": "sku,sku\nA,A\n", "no list": "sku,price:EUR\nA,1\n", "empty": ""} {
		if got, _ := s.take(file, false); got.Status != "failed" || got.Error == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t).withFiles()
	s.list()
	got, _ := s.take(sample, true)
	if got.Status != "done" || got.Summary.Created != 2 || got.Accepted != 3 {
		t.Errorf("%+v", got)
	}
	page, err := s.List(context.Background(), s.sc, Filter{})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("%d products, %v", len(page.Items), err)
	}
	if all, err := s.Categories(context.Background(), s.sc); err != nil || len(all) != 0 {
		t.Errorf("%d categories, %v", len(all), err)
	}
}

// TestImportStopsWhenCancelled cancels while the file is being read.
func TestImportStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	s := open(t).withFiles()
	s.list()
	ctx := context.Background()
	var b strings.Builder
	b.WriteString("sku,title,price\n")
	for i := range 5 * importBatch {
		fmt.Fprintf(&b, "S-%d,Thing %d,1.00\n", i, i)
	}
	i, err := s.StartImport(ctx, s.sc, strings.NewReader(b.String()), false)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{c: s.Catalog, id: i.ID, token: "t", sc: s.sc}
	if _, err := r.begin(ctx); err != nil {
		t.Fatal(err)
	}
	cancelled := false
	err = r.read(ctx, io.MultiReader(strings.NewReader(b.String()[:b.Len()/2]), readerFunc(func() {
		if !cancelled {
			cancelled = true
			if err := s.CancelImport(ctx, s.sc, i.ID); err != nil {
				t.Error(err)
			}
		}
	}), strings.NewReader(b.String()[b.Len()/2:])))
	if err != errStopped {
		t.Fatalf("read: %v", err)
	}
	if got, _ := s.GetImport(ctx, s.sc, i.ID); got.Status != "cancelled" || got.Accepted >= 5*importBatch {
		t.Errorf("%+v", got)
	}
	if err := s.RunImport(ctx, s.sc.Tenant, i.ID); err != nil { // the job comes again
		t.Error(err)
	}
	if got, _ := s.GetImport(ctx, s.sc, i.ID); got.Status != "cancelled" {
		t.Errorf("ran after it was cancelled: %+v", got)
	}
	other := openOn(t, s.db)
	if err := s.CancelImport(ctx, other.sc, i.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another tenant: %v", err)
	}
}

// readerFunc is an empty part of a file that tells when it is reached.
type readerFunc func()

func (f readerFunc) Read([]byte) (int, error) { f(); return 0, io.EOF }
