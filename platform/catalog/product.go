package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"allhours/platform/base/fault"
)

// Product is what is shown, with the variants that are sold.
type Product struct {
	ID          uuid.UUID         `json:"id"`
	Slug        string            `json:"slug"`
	Type        string            `json:"type" enum:"physical,digital,food,stay,service"`
	Status      string            `json:"status" enum:"draft,active,archived"`
	Title       Text              `json:"title"`
	Description Text              `json:"description"`
	TaxClass    string            `json:"tax_class"`
	Attributes  map[string]string `json:"attributes"`
	Options     []Option          `json:"options" nullable:"false"`
	CategoryIDs []uuid.UUID       `json:"category_ids" nullable:"false"`
	Media       []Media           `json:"media" nullable:"false"`
	Variants    []Variant         `json:"variants" nullable:"false"`
	Version     int64             `json:"version"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

// Option is something to choose, such as a size.
type Option struct {
	Name   string   `json:"name" minLength:"1" maxLength:"60"`
	Values []string `json:"values" minItems:"1" maxItems:"100" nullable:"false"`
}

// Variant is one choice of all options: what has a SKU, a price and a supply.
type Variant struct {
	ID              uuid.UUID         `json:"id"`
	SKU             string            `json:"sku"`
	Barcode         string            `json:"barcode"`
	Options         map[string]string `json:"options"`
	Status          string            `json:"status" enum:"active,archived"`
	FulfilmentTypes []string          `json:"fulfilment_types" nullable:"false"`
	QuantityMin     int               `json:"quantity_min"`
	QuantityMax     int               `json:"quantity_max,omitempty" doc:"Absent: no maximum."`
	QuantityStep    int               `json:"quantity_step"`
	WeightG         int               `json:"weight_g"`
	Tracked         bool              `json:"tracked" doc:"False: unlimited supply."`
	Cost            *int64            `json:"cost,omitempty" doc:"What one costs the shop, in minor units of its currency."`
	Prices          []Price           `json:"prices" nullable:"false"`
	Uses            []Use             `json:"uses" nullable:"false" doc:"What one unit takes from which supply."`
	Stock           *Supply           `json:"stock,omitempty" doc:"Absent for what is not tracked."`
}

// Price is a unit price of a price list from a quantity on.
type Price struct {
	PriceListID uuid.UUID `json:"price_list_id"`
	MinQuantity int       `json:"min_quantity" required:"false" minimum:"1" maximum:"1000000" default:"1"`
	Amount      int64     `json:"amount" minimum:"0" maximum:"100000000000" doc:"Minor units of the price list's currency."`
}

// Supply is what there is of a variant, over all locations.
type Supply struct {
	OnHand    int64 `json:"on_hand"`
	Committed int64 `json:"committed"`
	Reserved  int64 `json:"reserved"`
	Available int64 `json:"available" doc:"What can still be sold."`
}

// ProductInput is a whole product as it is written. Variants are matched by id, else by SKU; those that it had and that are not among them are archived.
type ProductInput struct {
	Slug        string            `json:"slug,omitempty" maxLength:"120" doc:"Made from the title where empty."`
	Type        string            `json:"type,omitempty" enum:"physical,digital,food,stay,service" default:"physical"`
	Status      string            `json:"status,omitempty" enum:"draft,active,archived" default:"draft"`
	Title       Text              `json:"title" doc:"By language: {\"en\": \"Mug\"}."`
	Description Text              `json:"description,omitempty"`
	TaxClass    string            `json:"tax_class,omitempty" maxLength:"50" default:"standard"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	Options     []Option          `json:"options,omitempty" maxItems:"5" nullable:"false"`
	CategoryIDs []uuid.UUID       `json:"category_ids,omitempty" maxItems:"50" nullable:"false"`
	Variants    []VariantInput    `json:"variants" maxItems:"500" nullable:"false"`
	Version     int64             `json:"version,omitempty" doc:"The version that was read; needed to change a product."`
}

// VariantInput is a variant as it is written.
type VariantInput struct {
	ID              uuid.UUID         `json:"id,omitempty" required:"false"`
	SKU             string            `json:"sku" minLength:"1" maxLength:"100"`
	Barcode         string            `json:"barcode,omitempty" maxLength:"50"`
	Options         map[string]string `json:"options,omitempty"`
	Status          string            `json:"status,omitempty" enum:"active,archived" default:"active"`
	FulfilmentTypes []string          `json:"fulfilment_types,omitempty" nullable:"false" doc:"Of ship, pickup, digital; ship and pickup where empty, digital for a digital product."`
	QuantityMin     int               `json:"quantity_min,omitempty" minimum:"1" default:"1"`
	QuantityMax     int               `json:"quantity_max,omitempty" minimum:"0" doc:"0: no maximum."`
	QuantityStep    int               `json:"quantity_step,omitempty" minimum:"1" default:"1"`
	WeightG         int               `json:"weight_g,omitempty" minimum:"0" maximum:"10000000"`
	Tracked         *bool             `json:"tracked,omitempty" doc:"False: unlimited supply. True where absent, but for digital products."`
	Cost            *int64            `json:"cost,omitempty" minimum:"0"`
	Prices          []Price           `json:"prices,omitempty" maxItems:"200" doc:"All prices of the variant. Absent: the prices stay."`
	OnHand          *int64            `json:"on_hand,omitempty" minimum:"0" maximum:"1000000000" doc:"Stock at the first location. Absent: it stays."`
	Uses            []Use             `json:"uses,omitempty" maxItems:"20" doc:"What one unit takes from which supply; one of its own stock where absent."`
}

var (
	// ErrProduct answers a product that breaks a rule; its fields say which.
	ErrProduct = fault.New(fault.Invalid, "catalog.product_invalid", "The product is not complete. See the marked fields.")
	// ErrNoProduct answers an id or slug that is no product of this tenant.
	ErrNoProduct = fault.New(fault.NotFound, "catalog.product_not_found", "There is no such product.")
	// ErrChanged answers a change of another version than the present one; the problem has "current".
	ErrChanged = fault.New(fault.Conflict, "version_conflict", "Someone else has changed this. Look at their version and try again.")
	// ErrSKUTaken answers a SKU that another product has.
	ErrSKUTaken = fault.New(fault.Conflict, "catalog.sku_taken", "Another product has this SKU. Choose another.")
	// ErrSlugTaken answers a slug that another product has.
	ErrSlugTaken = fault.New(fault.Conflict, "catalog.slug_taken", "Another product has this address. Choose another.").Field("slug", "taken")
)

var (
	productTypes    = []string{"physical", "digital", "food", "stay", "service"}
	statuses        = []string{"draft", "active", "archived"}
	fulfilmentTypes = []string{"ship", "pickup", "digital"}
)

// problems gathers what is wrong with an input.
type problems map[string]fault.Text

func (p problems) blame(field, format string, args ...any) {
	if _, ok := p[field]; !ok {
		p[field] = fault.T(format, args...)
	}
}

func (p problems) err(base *fault.Error) error {
	if len(p) == 0 {
		return nil
	}
	e := *base
	e.Fields = p
	return &e
}

// complete fills in the defaults and checks every rule that needs no database.
func (in *ProductInput) complete() error {
	p := problems{}
	in.defaults()
	checkText(p, "title", in.Title, 300)
	if len(in.Title) == 0 {
		p.blame("title", "give the title in at least one language")
	}
	checkText(p, "description", in.Description, 20_000)
	if !slices.Contains(productTypes, in.Type) {
		p.blame("type", "must be one of %s", strings.Join(productTypes, ", "))
	}
	if !slices.Contains(statuses, in.Status) {
		p.blame("status", "must be one of %s", strings.Join(statuses, ", "))
	}
	if in.Slug == "" && len(in.Title) > 0 || in.Slug != Slug(in.Slug) {
		p.blame("slug", "use lower-case letters, digits and hyphens")
	}
	if len(in.Attributes) > 50 {
		p.blame("attributes", "at most 50")
	}
	for k, v := range in.Attributes {
		if k == "" || utf8.RuneCountInString(k) > 60 || utf8.RuneCountInString(v) > 1000 {
			p.blame("attributes."+k, "names have 1 to 60 characters, values at most 1000")
		}
	}
	in.checkOptions(p)
	in.checkVariants(p)
	return p.err(ErrProduct)
}

func (in *ProductInput) defaults() {
	or(&in.Type, "physical")
	or(&in.Status, "draft")
	or(&in.TaxClass, "standard")
	or(&in.Slug, Slug(in.Title.In()))
	for i := range in.Variants {
		v := &in.Variants[i]
		v.SKU = strings.TrimSpace(v.SKU)
		or(&in.Slug, Slug(v.SKU))
		or(&v.Status, "active")
		v.QuantityMin, v.QuantityStep = max(v.QuantityMin, 1), max(v.QuantityStep, 1)
		if len(v.FulfilmentTypes) == 0 {
			v.FulfilmentTypes = []string{"ship", "pickup"}
			if in.Type == "digital" {
				v.FulfilmentTypes = []string{"digital"}
			}
		}
		if v.Tracked == nil {
			tracked := in.Type != "digital"
			v.Tracked = &tracked
		}
	}
}

func or(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

func checkText(p problems, field string, t Text, longest int) {
	for lang, s := range t {
		switch {
		case !language(lang):
			p.blame(field+"."+lang, "is not a language code such as en or zh")
		case strings.TrimSpace(s) == "":
			p.blame(field+"."+lang, "is empty; leave the language out instead")
		case utf8.RuneCountInString(s) > longest:
			p.blame(field+"."+lang, "is longer than %d characters", longest)
		}
	}
}

// language reports whether s looks like a BCP 47 tag of a language: en, zh, zh-Hant, pt-BR.
func language(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts[0]) < 2 || len(parts[0]) > 3 || len(parts) > 3 {
		return false
	}
	for _, part := range parts {
		for _, r := range part {
			if r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' {
				return false
			}
		}
		if len(part) < 2 || len(part) > 8 {
			return false
		}
	}
	return true
}

func (in *ProductInput) checkOptions(p problems) {
	names := map[string]bool{}
	if len(in.Options) > 5 {
		p.blame("options", "at most 5")
	}
	for i, o := range in.Options {
		field := fmt.Sprintf("options[%d]", i)
		if strings.TrimSpace(o.Name) == "" || names[o.Name] {
			p.blame(field+".name", "needs a name that no other option has")
		}
		names[o.Name] = true
		values := map[string]bool{}
		for _, v := range o.Values {
			if strings.TrimSpace(v) == "" || utf8.RuneCountInString(v) > 100 || values[v] {
				p.blame(field+".values", "each value has 1 to 100 characters and stands here once")
			}
			values[v] = true
		}
		if len(o.Values) == 0 || len(o.Values) > 100 {
			p.blame(field+".values", "give 1 to 100 values")
		}
	}
}

func (in *ProductInput) checkVariants(p problems) {
	active := 0
	skus, choices := map[string]bool{}, map[string]bool{}
	for i, v := range in.Variants {
		field := fmt.Sprintf("variants[%d]", i)
		if v.SKU == "" || utf8.RuneCountInString(v.SKU) > 100 {
			p.blame(field+".sku", "must have 1 to 100 characters")
		} else if skus[v.SKU] {
			p.blame(field+".sku", "stands twice in this product")
		}
		skus[v.SKU] = true
		in.checkChoice(p, field, v)
		if v.Status == "active" {
			active++
			choice := in.choice(v)
			if choices[choice] {
				p.blame(field+".options", "another variant has the same options")
			}
			choices[choice] = true
		}
		checkVariant(p, field, v)
	}
	if len(in.Variants) > 500 {
		p.blame("variants", "at most 500")
	}
	if in.Status == "active" && active == 0 {
		p.blame("variants", "a product on sale needs at least one variant")
	}
}

// checkChoice holds the variant's options against the product's: one value of each, and nothing else. What is archived keeps what it had.
func (in *ProductInput) checkChoice(p problems, field string, v VariantInput) {
	if v.Status == "archived" {
		return
	}
	for _, o := range in.Options {
		if value, ok := v.Options[o.Name]; !ok {
			p.blame(field+".options."+o.Name, "choose one of %s", strings.Join(o.Values, ", "))
		} else if !slices.Contains(o.Values, value) {
			p.blame(field+".options."+o.Name, "%q is not one of %s", value, strings.Join(o.Values, ", "))
		}
	}
	for name := range v.Options {
		if !slices.ContainsFunc(in.Options, func(o Option) bool { return o.Name == name }) {
			p.blame(field+".options."+name, "the product has no such option")
		}
	}
}

func (in *ProductInput) choice(v VariantInput) string {
	var b strings.Builder
	for _, o := range in.Options {
		b.WriteString(v.Options[o.Name] + "\x00")
	}
	return b.String()
}

func checkVariant(p problems, field string, v VariantInput) {
	if v.Status != "active" && v.Status != "archived" {
		p.blame(field+".status", "must be active or archived")
	}
	for _, t := range v.FulfilmentTypes {
		if !slices.Contains(fulfilmentTypes, t) {
			p.blame(field+".fulfilment_types", "must be of %s", strings.Join(fulfilmentTypes, ", "))
		}
	}
	if v.QuantityMax != 0 && v.QuantityMax < v.QuantityMin {
		p.blame(field+".quantity_max", "must not be below quantity_min")
	}
	if v.WeightG < 0 || v.WeightG > 10_000_000 {
		p.blame(field+".weight_g", "must be between 0 and 10,000,000")
	}
	for j, u := range v.Uses {
		if u.Kind != "stock" || u.Key == "" || u.Quantity < 1 || u.Quantity > 1_000_000 {
			p.blame(fmt.Sprintf("%s.uses[%d]", field, j), "must be of kind stock, with a SKU and a quantity of 1 to 1,000,000")
		}
	}
	if v.Cost != nil && *v.Cost < 0 {
		p.blame(field+".cost", "must not be negative")
	}
	if v.OnHand != nil && (*v.OnHand < 0 || *v.OnHand > 1_000_000_000) {
		p.blame(field+".on_hand", "must be between 0 and 1,000,000,000")
	}
	if v.OnHand != nil && !*v.Tracked {
		p.blame(field+".on_hand", "the variant's supply is not tracked")
	}
	seen := map[Price]bool{}
	for j, price := range v.Prices {
		key := Price{PriceListID: price.PriceListID, MinQuantity: price.MinQuantity}
		if price.Amount < 0 || price.MinQuantity < 1 {
			p.blame(fmt.Sprintf("%s.prices[%d]", field, j), "the amount must not be negative and the quantity at least 1")
		}
		if seen[key] {
			p.blame(fmt.Sprintf("%s.prices[%d]", field, j), "there is a price for this list and quantity already")
		}
		seen[key] = true
	}
}
