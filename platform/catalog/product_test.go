package catalog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

func shirt(list uuid.UUID) ProductInput {
	return ProductInput{
		Title: Text{"en": "Linen Shirt", "zh": "亚麻衬衫"}, Description: Text{"en": "Cool."}, Status: "active", Attributes: map[string]string{"Material": "Linen"},
		Options: []Option{{"Size", []string{"S", "M"}}},
		Variants: []VariantInput{
			{SKU: "SH-S", Options: map[string]string{"Size": "S"}, Prices: []Price{{list, 1, 3900}, {list, 10, 3500}}},
			{SKU: "SH-M", Options: map[string]string{"Size": "M"}, Barcode: "5012345678900", QuantityMin: 2, QuantityStep: 2, QuantityMax: 20, Prices: []Price{{list, 1, 4100}}},
		},
	}
}

func TestProductGoesInAndComesOut(t *testing.T) {
	t.Parallel()
	s := open(t)
	list := s.list()
	cat, err := s.AddCategory(context.Background(), s.sc, CategoryInput{Title: Text{"en": "Shirts"}})
	if err != nil {
		t.Fatal(err)
	}
	in := shirt(list)
	in.CategoryIDs = []uuid.UUID{cat.ID}
	p := s.create(in)
	want := Product{
		ID: p.ID, Slug: "linen-shirt", Type: "physical", Status: "active", Title: in.Title, Description: in.Description, TaxClass: "standard", Attributes: in.Attributes, Options: in.Options,
		CategoryIDs: []uuid.UUID{cat.ID}, Media: []Media{}, Version: 1, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
		Variants: []Variant{
			{
				ID: p.Variants[0].ID, SKU: "SH-S", Options: map[string]string{"Size": "S"}, Status: "active", FulfilmentTypes: []string{"ship", "pickup"}, QuantityMin: 1, QuantityStep: 1, Tracked: true,
				Prices: []Price{{list, 1, 3900}, {list, 10, 3500}}, Uses: []Use{{"stock", "SH-S", 1}}, Stock: &Supply{},
			},
			{
				ID: p.Variants[1].ID, SKU: "SH-M", Barcode: "5012345678900", Options: map[string]string{"Size": "M"}, Status: "active", FulfilmentTypes: []string{"ship", "pickup"}, QuantityMin: 2, QuantityMax: 20,
				QuantityStep: 2, Tracked: true, Prices: []Price{{list, 1, 4100}}, Uses: []Use{{"stock", "SH-M", 1}}, Stock: &Supply{},
			},
		},
	}
	if d := cmp.Diff(want, p); d != "" {
		t.Fatal(d)
	}
	// What is read can be written back and is the same but for its version.
	again, err := s.Change(context.Background(), s.sc, p.ID, p.Input())
	want.Version, want.UpdatedAt = 2, again.UpdatedAt
	if d := cmp.Diff(want, again); err != nil || d != "" {
		t.Fatal(err, d)
	}
}

func TestChangeOfAProduct(t *testing.T) {
	t.Parallel()
	s := open(t)
	list := s.list()
	p := s.create(shirt(list))
	in := p.Input()
	in.Title = Text{"en": "Cotton Shirt"}
	in.Options[0].Values = []string{"S", "M", "L"}
	in.Variants = in.Variants[1:]                                                                                                           // S goes
	in.Variants[0].SKU = "SH-M2"                                                                                                            // M is renamed
	in.Variants = append(in.Variants, VariantInput{SKU: "SH-L", Options: map[string]string{"Size": "L"}, Prices: []Price{{list, 1, 4300}}}) // L comes
	got, err := s.Change(context.Background(), s.sc, p.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ SKU, Status, Use string }
	var rows []row
	for _, v := range got.Variants {
		rows = append(rows, row{v.SKU, v.Status, v.Uses[0].Key})
	}
	want := []row{{"SH-M2", "active", "SH-M2"}, {"SH-L", "active", "SH-L"}, {"SH-S", "archived", "SH-S"}}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
	if got.Variants[0].ID != p.Variants[1].ID {
		t.Error("the renamed variant is another one")
	}
	// The version that was read is no longer the present one.
	_, err = s.Change(context.Background(), s.sc, p.ID, in)
	if !errors.Is(err, ErrChanged) {
		t.Fatalf("stale change: %v", err)
	}
	if current, ok := fault.Of(err).Data["current"].(Product); !ok || current.Version != got.Version {
		t.Errorf("current is %+v", fault.Of(err).Data["current"])
	}
}

func TestTwoEditorsOfAProduct(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := s.create(shirt(s.list()))
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.Change(context.Background(), s.sc, p.ID, p.Input()) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrChanged) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of 8 edits of one version won", won)
	}
}

func TestProductRules(t *testing.T) {
	t.Parallel()
	s := open(t)
	list := s.list()
	s.create(ProductInput{Title: Text{"en": "Taken"}, Variants: []VariantInput{{SKU: "TAKEN"}}})
	for name, c := range map[string]struct {
		edit  func(in *ProductInput)
		field string
		code  string
	}{
		"no title":             {func(in *ProductInput) { in.Title = nil }, "title", "catalog.product_invalid"},
		"empty title":          {func(in *ProductInput) { in.Title = Text{"en": " "} }, "title.en", "catalog.product_invalid"},
		"no language":          {func(in *ProductInput) { in.Title = Text{"english please": "x"} }, "title.english please", "catalog.product_invalid"},
		"unknown type":         {func(in *ProductInput) { in.Type = "car" }, "type", "catalog.product_invalid"},
		"bad slug":             {func(in *ProductInput) { in.Slug = "A B" }, "slug", "catalog.product_invalid"},
		"taken slug":           {func(in *ProductInput) { in.Slug = "taken" }, "slug", "catalog.slug_taken"},
		"taken sku":            {func(in *ProductInput) { in.Variants[0].SKU = "TAKEN" }, "variants", "catalog.sku_taken"},
		"sku twice":            {func(in *ProductInput) { in.Variants[1].SKU = "SH-S" }, "variants[1].sku", "catalog.product_invalid"},
		"no sku":               {func(in *ProductInput) { in.Variants[1].SKU = " " }, "variants[1].sku", "catalog.product_invalid"},
		"same choice":          {func(in *ProductInput) { in.Variants[1].Options["Size"] = "S" }, "variants[1].options", "catalog.product_invalid"},
		"no such value":        {func(in *ProductInput) { in.Variants[1].Options["Size"] = "XL" }, "variants[1].options.Size", "catalog.product_invalid"},
		"no choice":            {func(in *ProductInput) { in.Variants[1].Options = nil }, "variants[1].options.Size", "catalog.product_invalid"},
		"no such option":       {func(in *ProductInput) { in.Variants[1].Options["Colour"] = "red" }, "variants[1].options.Colour", "catalog.product_invalid"},
		"max below min":        {func(in *ProductInput) { in.Variants[1].QuantityMax = 1 }, "variants[1].quantity_max", "catalog.product_invalid"},
		"unknown fulfilment":   {func(in *ProductInput) { in.Variants[0].FulfilmentTypes = []string{"rocket"} }, "variants[0].fulfilment_types", "catalog.product_invalid"},
		"negative price":       {func(in *ProductInput) { in.Variants[0].Prices[0].Amount = -1 }, "variants[0].prices[0]", "catalog.product_invalid"},
		"price twice":          {func(in *ProductInput) { in.Variants[0].Prices[1].MinQuantity = 1 }, "variants[0].prices[1]", "catalog.product_invalid"},
		"unknown price list":   {func(in *ProductInput) { in.Variants[0].Prices[0].PriceListID = db.NewID() }, "", "catalog.price_list_not_found"},
		"unknown category":     {func(in *ProductInput) { in.CategoryIDs = []uuid.UUID{db.NewID()} }, "category_ids", "catalog.category_not_found"},
		"active, nothing sold": {func(in *ProductInput) { in.Variants = nil }, "variants", "catalog.product_invalid"},
		"stock of untracked": {func(in *ProductInput) {
			no, n := false, int64(3)
			in.Variants[0].Tracked, in.Variants[0].OnHand = &no, &n
		}, "variants[0].on_hand", "catalog.product_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			in := shirt(list)
			c.edit(&in)
			_, err := s.Create(context.Background(), s.sc, in)
			e := fault.Of(err)
			if e == nil || e.Code != c.code {
				t.Fatalf("got %v, want %s", err, c.code)
			}
			if _, ok := e.Fields[c.field]; c.field != "" && !ok {
				t.Errorf("fields %v, want %s", e.Fields, c.field)
			}
		})
	}
	var count int64
	if err := s.db.InTx(context.Background(), s.sc, func(tx *db.Tx) (err error) { count, err = CountTx(tx); return err }); err != nil || count != 1 {
		t.Errorf("refused products left %d (%v)", count, err)
	}
}

func TestBulk(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := s.create(shirt(s.list()))
	bare := s.create(ProductInput{Title: Text{"en": "Bare"}})
	stranger := openOn(t, s.db)
	theirs := stranger.create(ProductInput{Title: Text{"en": "Theirs"}})
	got, err := s.Bulk(context.Background(), s.sc, []uuid.UUID{p.ID, bare.ID, theirs.ID}, "activate")
	if err != nil {
		t.Fatal(err)
	}
	codes := []string{got[0].Code, got[1].Code, got[2].Code}
	if d := cmp.Diff([]string{"", "catalog.product_invalid", "catalog.product_not_found"}, codes); d != "" {
		t.Error(d)
	}
	if _, err := s.Bulk(context.Background(), s.sc, []uuid.UUID{p.ID}, "explode"); fault.CodeOf(err) != "catalog.action_unknown" {
		t.Error(err)
	}
}

func TestProductsOfAnotherTenant(t *testing.T) {
	t.Parallel()
	a := open(t)
	b := openOn(t, a.db)
	list := a.list()
	p := a.create(shirt(list))
	ctx := context.Background()
	in := p.Input()
	for name, err := range map[string]error{
		"get":      second(b.Get(ctx, b.sc, p.ID)),
		"change":   second(b.Change(ctx, b.sc, p.ID, in)),
		"archive":  b.SetStatus(ctx, b.sc, p.ID, "archived"),
		"show":     second(b.Show(ctx, b.sc, p.Slug, "GBP")),
		"category": b.DeleteCategory(ctx, b.sc, db.NewID()),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The other's price list is none of ours, and our product may have the same address and SKUs.
	if _, err := b.Create(ctx, b.sc, shirt(list)); !errors.Is(err, errNoPriceList) {
		t.Errorf("foreign price list: %v", err)
	}
	b.create(shirt(b.list()))
	page, err := a.List(ctx, a.sc, Filter{Q: "linen"})
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != p.ID {
		t.Errorf("%+v %v", page, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestCategoryTree(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := context.Background()
	var chain []Category
	for i := range deepest + 1 {
		in := CategoryInput{Title: Text{"en": "Level " + string(rune('A'+i))}}
		if i > 0 {
			in.ParentID = &chain[i-1].ID
		}
		c, err := s.AddCategory(ctx, s.sc, in)
		if i == deepest {
			if fault.Of(err).Fields["parent_id"].Empty() {
				t.Errorf("too deep: %v", err)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, c)
	}
	// A ring, made directly or by two moves at the same time.
	if _, err := s.ChangeCategory(ctx, s.sc, chain[0].ID, CategoryInput{Title: Text{"en": "A"}, ParentID: &chain[2].ID, Version: 1}); fault.Of(err).Fields["parent_id"].Empty() {
		t.Errorf("ring: %v", err)
	}
	x, _ := s.AddCategory(ctx, s.sc, CategoryInput{Title: Text{"en": "X"}})
	y, _ := s.AddCategory(ctx, s.sc, CategoryInput{Title: Text{"en": "Y"}})
	var wg sync.WaitGroup
	errs := make([]error, 2)
	wg.Go(func() {
		_, errs[0] = s.ChangeCategory(ctx, s.sc, x.ID, CategoryInput{Title: Text{"en": "X"}, ParentID: &y.ID, Version: 1})
	})
	wg.Go(func() {
		_, errs[1] = s.ChangeCategory(ctx, s.sc, y.ID, CategoryInput{Title: Text{"en": "Y"}, ParentID: &x.ID, Version: 1})
	})
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("two moves into a ring: %v, %v", errs[0], errs[1])
	}
	// A product below counts on every shelf above it.
	in := shirt(s.list())
	in.CategoryIDs = []uuid.UUID{chain[3].ID}
	s.create(in)
	all, err := s.Categories(ctx, s.sc)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range chain {
		at := slices.IndexFunc(all, func(k Category) bool { return k.ID == c.ID })
		if want := map[bool]int{true: 1, false: 0}[i <= 3]; all[at].Products != want {
			t.Errorf("level %d counts %d, want %d", i, all[at].Products, want)
		}
	}
	page, err := s.Shelf(ctx, s.sc, ShopFilter{Category: chain[0].Slug})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("shelf of the root: %+v %v", page, err)
	}
}
