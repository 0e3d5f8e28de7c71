package onlineretail

import (
	"context"
	"os"
	"testing"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
)

// BenchmarkCatalog reads the catalog of the whole file (3,422 products): run with ALLHOURS_TEST_LARGE=1 go test -bench Catalog -run xxx.
func BenchmarkCatalog(b *testing.B) {
	if os.Getenv("ALLHOURS_TEST_LARGE") == "" {
		b.Skip("set ALLHOURS_TEST_LARGE=1")
	}
	s := newShop(b, "GBP")
	j := &job{Importer: s.Importer, sc: s.sc, id: db.NewID()}
	if err := j.begin(context.Background()); err != nil {
		b.Fatal(err)
	}
	var err error
	if j.scan, err = j.look(context.Background(), file(whole)); err != nil {
		b.Fatal(err)
	}
	if err := j.products(context.Background(), nil); err != nil {
		b.Fatal(err)
	}
	if _, err := s.owner.Exec(context.Background(), "ANALYZE"); err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]catalog.ShopFilter{
		"newest": {}, "title": {Sort: "title"}, "price": {Sort: "price"}, "category": {Category: "bags"}, "heart": {Q: "heart"}, "two words": {Q: "heart holder"}, "one letter": {Q: "h"}, "sku": {Q: "85123a"}, "nothing": {Q: "zebra crossing"},
	} {
		b.Run("looked up/"+name, func(b *testing.B) {
			f.Currency = "GBP"
			for range b.N {
				c := catalog.New(s.db, catalog.Parts{}) // remembers nothing yet
				if _, err := c.Shelf(context.Background(), s.sc, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("remembered", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := s.catalog.Shelf(context.Background(), s.sc, catalog.ShopFilter{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}
