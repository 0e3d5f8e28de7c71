package onlineretail

import (
	"context"
	"fmt"
	"testing"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
)

func TestTmpExplain(t *testing.T) {
	s := newShop(t, "GBP")
	j := &job{Importer: s.Importer, sc: s.sc, id: db.NewID()}
	_ = j.begin(context.Background())
	j.scan, _ = j.look(context.Background(), file(whole))
	if err := j.products(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	s.owner.Exec(context.Background(), "ANALYZE")
	for _, f := range []catalog.ShopFilter{{}, {Q: "heart"}} {
		f.Currency = "GBP"
		s.tx(func(tx *db.Tx) error {
			lines, err := catalog.Explain(tx, f)
			for _, l := range lines {
				fmt.Println(l)
			}
			return err
		})
	}
}
