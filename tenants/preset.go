package tenants

import (
	_ "embed"
	"encoding/json"
	"slices"
)

// Preset is what a new shop of an industry starts with. Texts are by language.
type Preset struct {
	ID              string            `json:"id"`
	Title           map[string]string `json:"title"`
	Description     map[string]string `json:"description"`
	ProductTypes    []string          `json:"product_types"`
	FulfilmentTypes []string          `json:"fulfilment_types"`
	Location        StarterLocation   `json:"location"`
	Categories      []StarterCategory `json:"categories"`
	Order           Ordering          `json:"order"`
	Rules           []StarterRule     `json:"rules"`
	Demo            string            `json:"demo"` // the demo catalog that shows this industry; may be empty
	Tax             Tax               `json:"-"`    // of the tenant's country
}

// StarterLocation is the first place that goods are in.
type StarterLocation struct {
	Name map[string]string `json:"name"`
	Kind string            `json:"kind"`
}

// StarterCategory is a shelf of the new shop.
type StarterCategory struct {
	Slug  string            `json:"slug"`
	Title map[string]string `json:"title"`
}

// StarterRule is an alert rule of the new shop.
type StarterRule struct {
	Kind            string            `json:"kind"`
	Name            map[string]string `json:"name"`
	Severity        string            `json:"severity"`
	Params          json.RawMessage   `json:"params"`
	Roles           []string          `json:"roles"`
	Channels        []string          `json:"channels"`
	CooldownMinutes int               `json:"cooldown_minutes"`
}

// Tax is a country's usual rate on sales, in hundredths of a percent, and whether prices are shown with it.
type Tax struct {
	BasisPoints int
	Included    bool
}

// Country is one that sign-up offers, with what is usual there.
type Country struct {
	Code           string            `json:"code"`
	Title          map[string]string `json:"title"`
	Currency       string            `json:"currency"`
	TimeZone       string            `json:"time_zone"`
	TaxBasisPoints int               `json:"tax_basis_points"`
	TaxIncluded    bool              `json:"tax_included"`
}

func (c Country) tax() Tax { return Tax{BasisPoints: c.TaxBasisPoints, Included: c.TaxIncluded} }

//go:embed presets.json
var presetsJSON []byte

//go:embed countries.json
var countriesJSON []byte

var (
	presets   = list[Preset](presetsJSON, "presets.json")
	countries = list[Country](countriesJSON, "countries.json")
)

func list[T any](b []byte, name string) (items []T) {
	if err := json.Unmarshal(b, &items); err != nil {
		panic("tenants: " + name + ": " + err.Error())
	}
	return items
}

// In gives the text in the language, else in English.
func In(texts map[string]string, language string) string {
	if s, ok := texts[language]; ok {
		return s
	}
	return texts["en"]
}

func presetOf(industry string) (Preset, bool) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.ID == industry })
	if i < 0 {
		return Preset{}, false
	}
	return presets[i], true
}

func industries() []string {
	ids := make([]string, len(presets))
	for i, p := range presets {
		ids[i] = p.ID
	}
	return ids
}

// countryOf gives the country's customs; those of an unlisted one are empty, with tax on top at 0 %.
func countryOf(code string) Country {
	i := slices.IndexFunc(countries, func(c Country) bool { return c.Code == code })
	if i < 0 {
		return Country{Code: code}
	}
	return countries[i]
}

// Options is what sign-up offers to choose from.
type Options struct {
	Industries []Industry `json:"industries" nullable:"false"`
	Countries  []Country  `json:"countries" nullable:"false"`
	Currencies []string   `json:"currencies" nullable:"false"`
	TimeZones  []string   `json:"time_zones" nullable:"false"`
	Languages  []string   `json:"languages" nullable:"false"`
}

// Industry is a preset as sign-up shows it.
type Industry struct {
	ID          string            `json:"id"`
	Title       map[string]string `json:"title"`
	Description map[string]string `json:"description"`
}

var options = func() (o Options) {
	for _, p := range presets {
		o.Industries = append(o.Industries, Industry{ID: p.ID, Title: p.Title, Description: p.Description})
	}
	o.Countries = countries
	for _, c := range countries {
		o.Currencies, o.TimeZones = append(o.Currencies, c.Currency), append(o.TimeZones, c.TimeZone)
	}
	o.TimeZones = append(o.TimeZones, "America/Chicago", "America/Denver", "America/Los_Angeles", "Australia/Perth", "UTC")
	for _, l := range []*[]string{&o.Currencies, &o.TimeZones} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
	}
	o.Languages = []string{"en", "zh", "de", "es", "fr", "it", "ja", "ko", "nl", "pt"}
	return o
}()
