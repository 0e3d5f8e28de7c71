package catalog

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"WHITE T-LIGHT Holder": {"white", "t", "light", "holder"},
		"Crème Brûlée":         {"creme", "brulee"},
		"红烧牛肉面":                {"红烧", "烧牛", "牛肉", "肉面", "面"},
		"iPhone手机壳 2个":         {"iphone", "手机", "机壳", "壳", "2", "个"},
		"ＡＢＣ１２":                {"abc12"},
		"it's":                 {"its"},
		"カップ":                  {"カッ", "ップ", "プ"},
		" -- ":                 nil,
	} {
		if d := cmp.Diff(want, terms(text)); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

// TestSearchInTwoLanguages is what a shopper types, and what he finds.
func TestSearchInTwoLanguages(t *testing.T) {
	t.Parallel()
	s := open(t)
	list := s.list()
	for sku, title := range map[string]Text{
		"85123A": {"en": "White Hanging Heart T-Light Holder", "zh": "白色心形烛台"},
		"22423":  {"en": "Regency Cakestand 3 Tier", "zh": "摄政三层蛋糕架"},
		"NOODLE": {"en": "Beef Noodle Soup", "zh": "红烧牛肉面"},
		"COLD":   {"en": "Cold Noodles", "zh": "凉面"},
		"MUG-1":  {"en": "Café Mug", "zh": "咖啡杯"},
	} {
		s.create(ProductInput{Status: "active", Title: title, Variants: []VariantInput{{SKU: sku, Prices: []Price{{list, 1, 100}}}}})
	}
	for q, want := range map[string][]string{
		"heart":         {"85123A"},
		"HEARTS":        {"85123A"},
		"hear":          {"85123A"}, // as it is typed
		"light holder":  {"85123A"},
		"holder mug":    nil, // all words
		"85123a":        {"85123A"},
		"mug1":          {"MUG-1"},
		"mug-1":         {"MUG-1"},
		"cafe":          {"MUG-1"},
		"noodle":        {"COLD", "NOODLE"},
		"面":             {"COLD", "NOODLE"},
		"牛肉":            {"NOODLE"},
		"牛肉面":           {"NOODLE"},
		"肉牛":            nil,
		"三层 蛋糕":         {"22423"},
		"beef 牛肉":       {"NOODLE"},
		"'; DROP TABLE": nil,
		"%":             nil,
	} {
		page, err := s.Shelf(context.Background(), s.sc, ShopFilter{Q: q})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range page.Items {
			p, err := s.Show(context.Background(), s.sc, c.Slug, "")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Variants[0].SKU)
		}
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", q, d)
		}
	}
	// What is renamed is no longer found by its old name, and what is archived not at all.
	page, _ := s.List(context.Background(), s.sc, Filter{Q: "cakestand"})
	in := page.Items[0].Input()
	in.Title = Text{"en": "Cake Plate"}
	p, err := s.Change(context.Background(), s.sc, page.Items[0].ID, in)
	if err != nil {
		t.Fatal(err)
	}
	find := func(q string) int {
		page, err := s.Shelf(context.Background(), s.sc, ShopFilter{Q: q})
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Items)
	}
	if find("cakestand") != 0 || find("plate") != 1 {
		t.Error("search goes by the old name")
	}
	if err := s.SetStatus(context.Background(), s.sc, p.ID, "archived"); err != nil {
		t.Fatal(err)
	}
	if find("plate") != 0 {
		t.Error("an archived product is on the shelf")
	}
}

func TestShelf(t *testing.T) {
	t.Parallel()
	s := open(t)
	list := s.list()
	for _, x := range []struct {
		title string
		price int64
	}{{"banana", 300}, {"Apple", 500}, {"cherry", 100}, {"Date", 300}} {
		s.create(ProductInput{Status: "active", Title: Text{"en": x.title}, Variants: []VariantInput{{SKU: x.title, Prices: []Price{{list, 1, x.price}}}}})
	}
	s.create(ProductInput{Status: "draft", Title: Text{"en": "Draft"}, Variants: []VariantInput{{SKU: "d", Prices: []Price{{list, 1, 1}}}}})
	s.create(ProductInput{Status: "active", Title: Text{"en": "Priceless"}, Variants: []VariantInput{{SKU: "p"}}})
	s.create(shirt(list)) // two variants
	for sort, want := range map[string][]string{
		"":       {"linen-shirt", "date", "cherry", "apple", "banana"},
		"title":  {"apple", "banana", "cherry", "date", "linen-shirt"},
		"price":  {"cherry", "banana", "date", "apple", "linen-shirt"},
		"-price": {"linen-shirt", "apple", "date", "banana", "cherry"},
	} {
		for _, size := range []int{1, 2, 100} {
			f := ShopFilter{Sort: sort}
			f.Limit = size
			var got []string
			for {
				page, err := s.Shelf(context.Background(), s.sc, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page.Items {
					got = append(got, c.Slug)
				}
				if f.Cursor = page.NextCursor; f.Cursor == "" {
					break
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("sort %q by %d: %s", sort, size, d)
			}
		}
	}
	if _, err := s.Shelf(context.Background(), s.sc, ShopFilter{Sort: "id; DROP"}); err == nil {
		t.Error("any sort will do")
	}
	page, err := s.Shelf(context.Background(), s.sc, ShopFilter{Q: "shirt"})
	if err != nil {
		t.Fatal(err)
	}
	c := page.Items[0]
	if c.Price.Amount != 3900 || c.PriceTo == nil || c.PriceTo.Amount != 4100 || !c.FromPrice || c.VariantID != nil || c.Availability != "out" || c.Description["en"] != "Cool." {
		t.Errorf("%+v", c)
	}
	start := time.Now()
	for range 2000 {
		if _, err := s.Shelf(context.Background(), s.sc, ShopFilter{Q: "shirt"}); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(start); d > 4*time.Second {
		t.Errorf("2,000 reads of one page took %s: nothing is remembered", d)
	}
}
