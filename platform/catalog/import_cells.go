package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// product reads the cells that speak of the product.
func (c *cells) product(in *ProductInput, terms shopTerms, shelves *shelves) error {
	in.Title, in.Description, in.Attributes = copied(in.Title), copied(in.Description), copied(in.Attributes)
	for column, s := range c.Cells {
		key, name, named := strings.Cut(column, ":")
		switch {
		case key == "title" && (named || column == "title"):
			in.Title[cmp.Or(name, terms.language)] = s
		case key == "description":
			in.Description[cmp.Or(name, terms.language)] = s
		case key == "attribute":
			in.Attributes[name] = s
		}
	}
	for column, dst := range map[string]*string{"handle": &in.Slug, "type": &in.Type, "status": &in.Status, "tax_class": &in.TaxClass} {
		if s, ok := c.Cells[column]; ok {
			*dst = s
		}
	}
	if s, ok := c.Cells["categories"]; ok {
		in.CategoryIDs = nil
		for _, path := range listed(s) {
			id, err := shelves.at(path)
			if err != nil {
				if fault.KindOf(err) == fault.Internal {
					return err
				}
				c.refuse("import.category_invalid", "categories", "%q: %s", path, describe(err))
				return nil
			}
			in.CategoryIDs = append(in.CategoryIDs, id)
		}
	}
	return nil
}

func copied[M ~map[string]string](m M) M {
	out := M{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// options reads the line's choice; a value that the product has not had is added to it.
func (c *cells) options(in *ProductInput, v *VariantInput) {
	options := slices.Clone(in.Options)
	choice := copied(v.Options)
	for i := range 5 {
		prefix := "option" + strconv.Itoa(i+1)
		value, ok := c.Cells[prefix+"_value"]
		if !ok {
			continue
		}
		name := c.Cells[prefix+"_name"]
		if name == "" && i < len(options) {
			name = options[i].Name
		}
		if name == "" {
			c.refuse("import.option_unnamed", prefix+"_name", "The option has no name.")
			return
		}
		at := slices.IndexFunc(options, func(o Option) bool { return o.Name == name })
		if at < 0 {
			options = append(options, Option{Name: name})
			at = len(options) - 1
		}
		if !slices.Contains(options[at].Values, value) {
			options[at].Values = append(slices.Clone(options[at].Values), value)
		}
		choice[name] = value
	}
	in.Options = options
	if len(choice) > 0 {
		v.Options = choice
	}
}

// variant reads the cells that speak of the variant.
func (c *cells) variant(v *VariantInput, terms shopTerms) {
	for column, dst := range map[string]*string{"barcode": &v.Barcode, "variant_status": &v.Status} {
		if s, ok := c.Cells[column]; ok {
			*dst = s
		}
	}
	const many = 1_000_000_000
	c.number("quantity_min", &v.QuantityMin, 1, many)
	c.number("quantity_max", &v.QuantityMax, 0, many)
	c.number("quantity_step", &v.QuantityStep, 1, many)
	c.number("weight_g", &v.WeightG, 0, 10_000_000)
	if s, ok := c.Cells["fulfilment_types"]; ok {
		v.FulfilmentTypes = listed(s)
	}
	if tracked := c.yes("tracked"); tracked != nil {
		v.Tracked = tracked
	}
	if _, ok := c.Cells["stock"]; ok {
		n := 0
		c.number("stock", &n, 0, many)
		count := int64(n)
		v.OnHand = &count
	}
	if s, ok := c.Cells["cost"]; ok {
		if amount, ok := c.amount("cost", terms.currency, s); ok {
			v.Cost = &amount
		}
	}
	for currency, id := range terms.lists {
		for _, suffix := range []string{"", ":" + currency} {
			if suffix != "" || currency == terms.currency {
				c.prices(v, id, currency, suffix)
			}
		}
	}
	slices.SortFunc(v.Prices, func(a, b Price) int {
		return cmp.Or(cmp.Compare(a.PriceListID.String(), b.PriceListID.String()), cmp.Compare(a.MinQuantity, b.MinQuantity))
	})
}

// prices reads the price and its tiers in one list.
func (c *cells) prices(v *VariantInput, list uuid.UUID, currency, suffix string) {
	put := func(least int, s, column string, drop func(Price) bool) {
		if amount, ok := c.amount(column, currency, s); ok {
			v.Prices = append(slices.DeleteFunc(slices.Clone(v.Prices), func(p Price) bool { return p.PriceListID == list && drop(p) }), Price{PriceListID: list, MinQuantity: least, Amount: amount})
		}
	}
	if s, ok := c.Cells["price"+suffix]; ok {
		put(1, s, "price"+suffix, func(p Price) bool { return p.MinQuantity == 1 })
	}
	column := "price_tiers" + suffix
	s, ok := c.Cells[column]
	if !ok {
		return
	}
	v.Prices = slices.DeleteFunc(slices.Clone(v.Prices), func(p Price) bool { return p.PriceListID == list && p.MinQuantity > 1 })
	for _, tier := range listed(s) {
		least, amount, _ := strings.Cut(tier, "=")
		n, err := strconv.Atoi(strings.TrimSpace(least))
		if err != nil || n < 2 || n > 1_000_000 {
			c.refuse("import.tier_invalid", column, "%q is not a quantity from 2 on and a price, such as 10=4.50.", tier)
			return
		}
		put(n, amount, column, func(p Price) bool { return p.MinQuantity == n })
	}
}

// shelves finds categories by their path of titles, and makes those that are missing.
type shelves struct {
	c        *Catalog
	tx       *db.Tx
	language string
	all      []Category
}

func (c *Catalog) shelves(tx *db.Tx, terms shopTerms) (*shelves, error) {
	all, err := categories(tx)
	return &shelves{c: c, tx: tx, language: terms.language, all: all}, err
}

func (s *shelves) at(path string) (uuid.UUID, error) {
	var parent *uuid.UUID
	for _, title := range strings.Split(path, ">") {
		title = strings.TrimSpace(title)
		i := slices.IndexFunc(s.all, func(k Category) bool {
			return (k.ParentID == nil) == (parent == nil) && (parent == nil || *k.ParentID == *parent) && (fold(k.Title.In(s.language)) == fold(title) || k.Slug == title)
		})
		if i < 0 {
			in := CategoryInput{ParentID: parent, Title: Text{s.language: title}}
			if slices.ContainsFunc(s.all, func(k Category) bool { return k.Slug == Slug(title) }) { // the same name below another
				in.Slug = Slug(strings.ReplaceAll(path, ">", " "))
			}
			made, err := s.c.AddCategoryTx(s.tx, in)
			if err != nil {
				return uuid.Nil, err
			}
			s.all, i = append(s.all, made), len(s.all)
		}
		id := s.all[i].ID
		parent = &id
	}
	return *parent, nil
}
