package catalog

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants"
)

// shopTerms are what the cells of an import mean in this shop.
type shopTerms struct {
	language string
	currency string
	lists    map[string]uuid.UUID // default price lists by currency
}

func loadTerms(tx *db.Tx) (shopTerms, error) {
	t, err := tenants.GetTx(tx)
	if err != nil {
		return shopTerms{}, err
	}
	all, err := priceLists(tx)
	terms := shopTerms{language: t.Language, currency: t.Currency, lists: map[string]uuid.UUID{}}
	for _, l := range all {
		if l.Default {
			terms.lists[l.Currency] = l.ID
		}
	}
	return terms, err
}

// check refuses price columns that no price list takes.
func (t shopTerms) check(columns []string) error {
	for _, c := range columns {
		if key, currency, _ := strings.Cut(c, ":"); key == "price" || key == "price_tiers" {
			if _, ok := t.lists[cmp.Or(currency, t.currency)]; !ok {
				return errHeader.Field(c, "the shop has no price list in %s", cmp.Or(currency, t.currency))
			}
		}
	}
	return nil
}

// group are lines that stand together and speak of one product.
type group struct{ lines []record }

func (r record) key() string { return cmp.Or(r.Cells["handle"], r.Cells["title"]) }

// takes reports whether the line goes on with the group's product: it has its handle or title, or neither and a choice of options.
func (g group) takes(r record) bool {
	if k := r.key(); k != "" {
		return k == g.lines[0].key()
	}
	return r.Cells["option1_value"] != ""
}

// outcome is what came of a batch.
type outcome struct {
	accepted, created, changed, unchanged int64
	bad                                   []Refusal
}

// takeGroups brings the groups in together, or where one of them is refused by the database, one by one.
func (c *Catalog) takeGroups(tx *db.Tx, groups []group, terms shopTerms) (outcome, error) {
	if len(groups) == 0 {
		return outcome{}, nil
	}
	const savepoint = "batch"
	if err := tx.SavePoint(savepoint).Error; err != nil {
		return outcome{}, err
	}
	out, err := c.tryGroups(tx, groups, terms)
	e := fault.Of(err)
	if err == nil || e.Kind == fault.Internal {
		return out, err
	}
	if err := tx.RollbackTo(savepoint).Error; err != nil {
		return outcome{}, err
	}
	if len(groups) == 1 {
		out = outcome{}
		field := ""
		for f := range e.Fields {
			field = f
		}
		for _, l := range groups[0].lines {
			out.bad = append(out.bad, l.refusal(e.Code, field, e.Message))
		}
		return out, nil
	}
	out = outcome{}
	for i := range groups {
		one, err := c.takeGroups(tx, groups[i:i+1], terms)
		if err != nil {
			return outcome{}, err
		}
		out.add(one)
	}
	return out, nil
}

var errApart = fault.New(fault.Conflict, "import.apart", "Lines of one product do not stand together.")

func (o *outcome) add(x outcome) {
	o.accepted, o.created, o.changed, o.unchanged = o.accepted+x.accepted, o.created+x.created, o.changed+x.changed, o.unchanged+x.unchanged
	o.bad = append(o.bad, x.bad...)
}

func (c *Catalog) tryGroups(tx *db.Tx, groups []group, terms shopTerms) (out outcome, err error) {
	known, err := knownProducts(tx, groups)
	if err != nil {
		return out, err
	}
	shelves, err := c.shelves(tx, terms)
	if err != nil {
		return out, err
	}
	var drafts, counted []draft
	var ids []uuid.UUID
	fresh := 0
	inBatch := map[string]bool{} // SKUs
	for _, g := range groups {
		before, lines, bad := known.of(g)
		out.bad = append(out.bad, bad...)
		if len(lines) == 0 {
			continue
		}
		for _, l := range lines {
			if inBatch[l.Cells["sku"]] || before != nil && slices.Contains(ids, before.ID) {
				return outcome{}, errApart // one by one, then: the later lines find the product as the earlier left it
			}
		}
		in, took, bad, err := build(before, lines, terms, shelves)
		out.bad = append(out.bad, bad...)
		if err != nil {
			return outcome{}, err
		}
		if took == 0 {
			continue
		}
		d := draft{ID: db.NewID(), ProductInput: in}
		switch {
		case before == nil:
			out.created++
			if in.Status != "archived" {
				fresh++
			}
			for k := range in.Variants {
				in.Variants[k].ID = db.NewID()
				in.Variants[k].use(nil)
			}
		default:
			d.ID = before.ID
			if _, err := match(in, *before); err != nil {
				return outcome{}, err
			}
			if same(in, *before) {
				out.unchanged++
				out.accepted += int64(took)
				counted = append(counted, d)
				continue
			}
			out.changed++
		}
		out.accepted += int64(took)
		drafts, ids = append(drafts, d), append(ids, d.ID)
		for _, l := range lines {
			inBatch[l.Cells["sku"]] = true
		}
	}
	if err := c.supplyCounted(tx, counted); err != nil {
		return outcome{}, err
	}
	if len(drafts) == 0 {
		return out, nil
	}
	if err := c.room(tx, fresh); err != nil {
		return outcome{}, err
	}
	if err := write(tx, drafts); err != nil {
		return outcome{}, err
	}
	if err := c.supply(tx, drafts); err != nil {
		return outcome{}, err
	}
	return out, c.changed(tx, "product.changed", ids)
}

// supplyCounted takes over the counts of products that are otherwise as they were.
func (c *Catalog) supplyCounted(tx *db.Tx, drafts []draft) error {
	var some []draft
	for _, d := range drafts {
		if slices.ContainsFunc(d.Variants, func(v VariantInput) bool { return v.OnHand != nil }) {
			some = append(some, d)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return c.supply(tx, some)
}

// same reports whether the input would change nothing but counts.
func same(in *ProductInput, before Product) bool {
	was := *clone(before.Input())
	if was.complete() != nil {
		return false
	}
	now := *clone(*in)
	for i := range now.Variants {
		now.Variants[i].OnHand = nil
	}
	now.Version, was.Version = 0, 0
	slices.SortStableFunc(now.Variants, byID)
	slices.SortStableFunc(was.Variants, byID)
	a, err1 := json.Marshal(now)
	b, err2 := json.Marshal(was)
	return err1 == nil && err2 == nil && string(a) == string(b)
}

func byID(a, b VariantInput) int { return cmp.Compare(a.ID.String(), b.ID.String()) }

// products that the lines of a batch speak of.
type products struct {
	bySKU, bySlug map[string]*Product
}

func knownProducts(tx *db.Tx, groups []group) (products, error) {
	skus, slugs := []string{""}, []string{""}
	for _, g := range groups {
		for _, l := range g.lines {
			skus = append(skus, l.Cells["sku"])
			if h := l.Cells["handle"]; h != "" {
				slugs = append(slugs, h)
			}
		}
	}
	found, err := find(tx, `WHERE p.id IN (SELECT product_id FROM variants WHERE sku IN ?) OR p.slug IN ? ORDER BY p.id FOR UPDATE OF p`, skus, slugs)
	if err != nil {
		return products{}, err
	}
	known := products{map[string]*Product{}, map[string]*Product{}}
	for _, f := range found {
		p := f.product(tx.Scope.Tenant)
		known.bySlug[p.Slug] = &p
		for _, v := range p.Variants {
			known.bySKU[v.SKU] = &p
		}
	}
	return known, nil
}

// of finds the group's product, and refuses lines whose SKU is another's.
func (k products) of(g group) (*Product, []record, []Refusal) {
	var p *Product
	if h := g.lines[0].Cells["handle"]; h != "" {
		p = k.bySlug[h]
	}
	var lines []record
	var bad []Refusal
	for _, l := range g.lines {
		sku := l.Cells["sku"]
		owner := k.bySKU[sku]
		switch {
		case sku == "":
			bad = append(bad, l.refusal("import.sku_missing", "sku", fault.T("Each line needs a SKU.")))
			continue
		case owner == nil:
		case p == nil:
			p = owner
		case owner.ID != p.ID:
			bad = append(bad, l.refusal("import.sku_of_another", "sku", fault.T("The SKU %s belongs to the product %q.", sku, owner.Slug)))
			continue
		}
		lines = append(lines, l)
	}
	return p, lines, bad
}

// build puts the lines into the product: what a cell does not say stays as it was.
func build(before *Product, lines []record, terms shopTerms, shelves *shelves) (in *ProductInput, took int, bad []Refusal, err error) {
	in = &ProductInput{}
	if before != nil {
		was := before.Input()
		in = &was
	}
	var taken []record
	for i, l := range lines {
		c := &cells{record: l}
		v := VariantInput{SKU: l.Cells["sku"]}
		at := slices.IndexFunc(in.Variants, func(x VariantInput) bool { return x.SKU == v.SKU })
		if at >= 0 {
			v = in.Variants[at]
		}
		c.variant(&v, terms)
		next := *in
		if i == 0 {
			if err := c.product(&next, terms, shelves); err != nil {
				return nil, 0, nil, err
			}
		}
		c.options(&next, &v)
		if len(c.bad) > 0 {
			bad = append(bad, c.bad...)
			if i == 0 {
				for _, rest := range lines[1:] {
					bad = append(bad, rest.refusal("import.product_refused", "", fault.T("The product's first line, %d, was refused.", l.Line)))
				}
				return in, 0, bad, nil
			}
			continue
		}
		*in = next
		if at >= 0 {
			in.Variants[at] = v
		} else {
			in.Variants = append(in.Variants, v)
		}
		taken = append(taken, l)
	}
	if err := in.complete(); err != nil {
		e := fault.Of(err)
		for _, l := range taken {
			for f, m := range e.Fields {
				bad = append(bad, l.refusal(e.Code, f, m))
				break
			}
		}
		return in, 0, bad, nil
	}
	return in, len(taken), bad, nil
}
