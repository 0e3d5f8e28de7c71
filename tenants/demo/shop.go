package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"allhours/platform/catalog"
	"allhours/platform/inventory"
	"allhours/tenants"
)

//go:embed data/*.json
var data embed.FS

//go:embed media/*/*.webp
var media embed.FS

// shop is a demo business as its file describes it. Amounts are minor units of Currency.
type shop struct {
	Slug, Business, Industry, Country, Currency, Language, Color string
	TimeZone                                                     string `json:"time_zone"`
	Languages                                                    []string
	Contact                                                      struct{ Email, Phone, Address string }
	Locations                                                    []place
	Members                                                      []member
	Shopper                                                      struct{ Email, Name string }
	Categories                                                   []category
	Products                                                     []product
	Taxes                                                        []catalog.TaxRate
	Order                                                        tenants.Ordering // what differs from a new shop
	Trade                                                        trade

	zone   *time.Location
	people people
}

type place struct {
	Name, Kind string
	Address    inventory.Address
}

type member struct {
	Email, Name, Language string
	Roles                 []string
}

type category struct {
	Slug  string
	Title map[string]string
}

// product is what is sold. Without Variants it is one variant with the product's SKU and price.
type product struct {
	SKU         string
	Type        string
	Picture     string // of media, without its ending; media/gifts/SKU where empty and there is one
	Categories  []string
	Title, Text catalog.Text
	Price       int64
	Tiers       [][2]int64 // from so many on, each costs so much
	Cost        int64
	Weight      int
	Max         int
	Tax         string
	Fulfilment  []string
	Option      string
	Variants    []variant

	Popular int    // how often it is bought, against the others
	Supply  string // "" stock, daily (Batch fresh ones each morning), unlimited
	Pack    int64  // how many come at a time
	Batch   int64
}

type variant struct {
	SKU, Value, Uses string
	Price            int64
}

// choices are the product's variants, its only one included.
func (p product) choices() []variant {
	if len(p.Variants) > 0 {
		return p.Variants
	}
	return []variant{{SKU: p.SKU, Price: p.Price}}
}

func (p product) tracked() bool { return p.Supply != "unlimited" && p.Type != "digital" }

// trade is how the shop's business goes.
type trade struct {
	OrdersPerDay float64 `json:"orders_per_day"`
	Earlier      float64 // how much of that it was a month before
	Weekdays     []float64
	Hours        []float64 // of the shop's own day
	Lines        []float64 // how many orders have 1, 2, 3 ... lines
	Bulk         float64   // share of buyers for resale
	Customers    int
	People       string
	Fulfilment   map[string]float64
	Methods      map[string]float64
	Carriers     []carrier
	Reorder      int64 // what must be left before more is got
	Opening      int64 // packs at the beginning
	Low          []low
	Scenes       []string
}

type carrier struct{ Name, Number, URL string }

// low is a stock that has run low for a reason.
type low struct {
	SKU    string
	Left   int64
	Reason string
}

// people are the names and addresses that customers are made of. Names may carry their Latin spelling after a slash.
type people struct {
	Language, Country, Phone        string
	Together                        bool // family name first, without a space
	First, Last, Streets, Companies []string
	Towns                           [][2]string
	Notes                           []string
}

func shops() []*shop {
	var folk map[string]people
	load("people", &folk)
	list := make([]*shop, 3)
	for i, name := range []string{"gifts", "mianguan", "seaview"} {
		s := &shop{}
		load(name, s)
		zone, err := time.LoadLocation(s.TimeZone)
		if err != nil {
			panic(fmt.Sprintf("demo: %s: %v", name, err))
		}
		s.zone, s.people = zone, folk[s.Trade.People]
		list[i] = s
	}
	return list
}

func load(name string, into any) {
	b, err := data.ReadFile("data/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		panic(fmt.Sprintf("demo: %s: %v", name, err))
	}
}

func (s *shop) logins() []Login {
	list := make([]Login, 0, len(s.Members)+1)
	for _, m := range s.Members {
		list = append(list, Login{s.Slug, s.Business, m.Email, m.Roles})
	}
	return append(list, Login{s.Slug, s.Business, s.Shopper.Email, []string{"customer"}})
}
