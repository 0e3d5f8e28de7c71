package onlineretail

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
	"allhours/platform/inventory"
)

const (
	goodsBatch = 500
	stockDays  = 28
)

// shelf is a category and the words of a name that put goods on it; the first that fits is taken.
type shelf struct{ slug, en, zh, words string }

var shelfList = []shelf{
	{"christmas", "Christmas", "圣诞", "CHRISTMAS XMAS ADVENT SANTA REINDEER"},
	{"bags", "Bags", "包袋", "BAG BAGS SHOPPER RUCKSACK PURSE"},
	{"lights-candles", "Lights & candles", "灯与蜡烛", "LIGHT LIGHTS CANDLE CANDLES LANTERN T-LIGHT LAMP CANDLESTICK INCENSE"},
	{"kitchen-table", "Kitchen & table", "厨房与餐桌", "MUG CUP TEACUP TEA COFFEE CAKE CAKESTAND BOWL PLATE JAM BAKING APRON TRAY CUTLERY JUG TEAPOT TEATIME LUNCH BOTTLE KITCHEN EGG NAPKINS GLASS RECIPE"},
	{"party", "Party", "派对", "PARTY BUNTING BALLOON BALLOONS BIRTHDAY DOILIES CONES"},
	{"paper-cards", "Paper & cards", "纸品与贺卡", "CARD CARDS WRAP PAPER NOTEBOOK STATIONERY PENCIL PENCILS PEN STICKER STICKERS TAPE TISSUES CHALK"},
	{"jewellery", "Jewellery", "首饰", "NECKLACE BRACELET EARRINGS RING BROOCH HAIRCLIP CHARM BANGLE"},
	{"toys-games", "Toys & games", "玩具与游戏", "DOLL TOY TOYS GAME PLAYHOUSE PUPPET SKITTLES DOMINO CHILDRENS CHILDS JIGSAW SOLDIER"},
	{"garden", "Garden", "花园", "GARDEN PLANT POT FLOWER WATERING HERB BIRD PARASOL"},
	{"storage", "Boxes & tins", "盒与罐", "BOX TIN TINS CABINET DRAWER DRAWERS BASKET STORAGE CRATE"},
	{"clocks-signs", "Clocks & signs", "钟与标牌", "CLOCK SIGN FRAME MIRROR CHALKBOARD BLACKBOARD HOOK"},
}

var otherShelf = shelf{"home-gifts", "Home & gifts", "家居与礼品", ""}

func shelfOf(title string) shelf {
	words := strings.Fields(strings.ToUpper(title))
	for _, s := range shelfList {
		for _, w := range strings.Fields(s.words) {
			if slices.Contains(words, w) {
				return s
			}
		}
	}
	return otherShelf
}

// products makes the products that the catalog does not have, with an empty level each, and knows all of them from then on.
func (j *job) products(ctx context.Context, _ func() (io.ReadCloser, error)) error {
	skus := make([]string, 0, len(j.scan.goods))
	for sku := range j.scan.goods {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	j.variants = make(map[string]variant, len(skus))
	var shelves map[string]uuid.UUID
	for part := range slices.Chunk(skus, goodsBatch) {
		err := j.db.InTx(ctx, j.sc, func(tx *db.Tx) (err error) {
			if shelves, err = j.shelves(tx); err != nil {
				return err
			}
			return j.make(tx, part, shelves)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shelves finds the categories, and in a shop that has none makes them.
func (j *job) shelves(tx *db.Tx) (map[string]uuid.UUID, error) {
	var found []struct {
		ID   uuid.UUID
		Slug string
	}
	if err := tx.Raw(`SELECT id, slug FROM categories`).Scan(&found).Error; err != nil {
		return nil, fmt.Errorf("list categories: %w", err)
	}
	out := map[string]uuid.UUID{}
	for _, f := range found {
		out[f.Slug] = f.ID
	}
	for i, s := range append(slices.Clone(shelfList), otherShelf) {
		if _, ok := out[s.slug]; ok {
			continue
		}
		k, err := j.catalog.AddCategoryTx(tx, catalog.CategoryInput{Slug: s.slug, Title: catalog.Text{"en": s.en, "zh": s.zh}, Rank: 10 + i})
		if err != nil {
			return nil, err
		}
		out[s.slug] = k.ID
	}
	return out, nil
}

func (j *job) make(tx *db.Tx, skus []string, shelves map[string]uuid.UUID) error {
	known, err := variantsOf(tx, skus)
	if err != nil {
		return err
	}
	list, err := priceList(tx)
	if err != nil {
		return err
	}
	if list == uuid.Nil {
		made, err := j.catalog.AddPriceListTx(tx, catalog.PriceListInput{Name: "GBP", Currency: "GBP", TaxIncluded: true, Default: true})
		if err != nil {
			return err
		}
		list = made.ID
	}
	var fresh []catalog.ProductInput
	for _, sku := range skus {
		if _, ok := known[sku]; ok {
			continue
		}
		g := j.scan.goods[sku]
		title := g.title()
		fresh = append(fresh, catalog.ProductInput{
			Slug: catalog.Slug(title + " " + sku), Status: "active", Title: catalog.Text{"en": title}, CategoryIDs: []uuid.UUID{shelves[shelfOf(title).slug]},
			Variants: []catalog.VariantInput{{SKU: sku, Prices: []catalog.Price{{PriceListID: list, MinQuantity: 1, Amount: g.price()}}}},
		})
	}
	if len(fresh) > 0 {
		if _, err := j.catalog.CreateAllTx(tx, fresh); err != nil {
			return err
		}
		j.scan.New.Products += int64(len(fresh))
		if known, err = variantsOf(tx, skus); err != nil {
			return err
		}
	}
	keys := make([]inventory.Key, len(skus))
	for i, sku := range skus {
		keys[i] = inventory.Stock(sku)
	}
	levels, err := j.inventory.EnsureTx(tx, j.location, keys)
	if err != nil {
		return err
	}
	for _, sku := range skus {
		v := known[sku]
		v.level = levels[inventory.Stock(sku)]
		j.variants[sku] = v
	}
	return nil
}

func variantsOf(tx *db.Tx, skus []string) (map[string]variant, error) {
	var found []struct {
		SKU   string `gorm:"column:sku"`
		ID    uuid.UUID
		Title json.RawMessage
	}
	err := tx.Raw(`SELECT v.sku, v.id, p.title FROM variants v JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id WHERE v.sku IN ?`, skus).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("find products: %w", err)
	}
	out := make(map[string]variant, len(found))
	for _, f := range found {
		out[f.SKU] = variant{id: f.ID, title: f.Title}
	}
	return out, nil
}

func priceList(tx *db.Tx) (uuid.UUID, error) {
	var ids []uuid.UUID
	if err := tx.Raw(`SELECT id FROM price_lists WHERE currency = 'GBP' AND is_default`).Scan(&ids).Error; err != nil || len(ids) == 0 {
		return uuid.Nil, err
	}
	return ids[0], nil
}

// customers makes those that are not there: guests with the number that the shop gave them.
func (j *job) customers(ctx context.Context, _ func() (io.ReadCloser, error)) error {
	type row struct {
		ID      uuid.UUID `json:"id"`
		Ref     string    `json:"ref"`
		Name    string    `json:"name"`
		Country string    `json:"country"`
		At      time.Time `json:"at"`
	}
	var all []row
	for ref, b := range j.scan.buyers {
		all = append(all, row{ID: idAt(b.at), Ref: ref, Name: "Customer " + ref, Country: b.country, At: b.at})
	}
	slices.SortFunc(all, func(a, b row) int { return strings.Compare(a.Ref, b.Ref) })
	j.buyers = make(map[string]uuid.UUID, len(all))
	for part := range slices.Chunk(all, 1000) {
		err := j.db.InTx(ctx, j.sc, func(tx *db.Tx) error {
			done := tx.Exec(`INSERT INTO customers (tenant_id, id, kind, name, country, external_ref, created_at, updated_at)
				SELECT current_tenant(), id, 'guest', name, country, ref, at, at FROM jsonb_to_recordset(?::jsonb) AS x(id uuid, ref text, name text, country text, at timestamptz) ON CONFLICT DO NOTHING`, rows(part))
			if done.Error != nil {
				return fmt.Errorf("add customers: %w", done.Error)
			}
			refs := make([]string, len(part))
			for i, r := range part {
				refs[i] = r.Ref
			}
			var found []struct {
				ID          uuid.UUID
				ExternalRef string
			}
			if err := tx.Raw(`SELECT id, external_ref FROM customers WHERE external_ref IN ?`, refs).Scan(&found).Error; err != nil {
				return fmt.Errorf("find customers: %w", err)
			}
			for _, f := range found {
				j.buyers[f.ExternalRef] = f.ID
			}
			tx.AfterCommit(func() { j.scan.New.Customers += done.RowsAffected })
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// count brings each product to what the file's last days sold of it; what was counted once is left alone.
func (j *job) count(ctx context.Context, _ func() (io.ReadCloser, error)) error {
	skus := make([]string, 0, len(j.variants))
	for sku := range j.variants {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	for part := range slices.Chunk(skus, goodsBatch) {
		err := j.db.InTx(ctx, j.sc, func(tx *db.Tx) error {
			fresh, err := claim(tx, Kind+".count", part)
			if err != nil || len(fresh) == 0 {
				return err
			}
			var ids []uuid.UUID
			for _, sku := range fresh {
				ids = append(ids, j.variants[sku].level)
			}
			now, err := inventory.OnHandTx(tx, ids)
			if err != nil {
				return err
			}
			var past []inventory.Past
			for _, sku := range fresh {
				level := j.variants[sku].level
				delta := j.scan.goods[sku].sold(j.scan.To, stockDays) - now[level]
				past = append(past, inventory.Past{Level: level, Kind: "count", OnHand: delta, CauseKind: "import", CauseID: j.id.String(), Reason: "opening count", At: j.scan.To})
			}
			return j.inventory.RecordTx(tx, past)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
