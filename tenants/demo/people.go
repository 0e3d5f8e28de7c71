package demo

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/catalog"
	"allhours/platform/orders"
)

// customer is somebody who buys.
type customer struct {
	id                          uuid.UUID
	name, email, phone, company string
	account, shopper            bool
	address                     orders.Address
	since                       time.Time // of the first order
}

// settlers makes the customers; the first is the one who can sign in.
func (w *world) settlers() []*customer {
	used := map[string]bool{}
	list := make([]*customer, w.Trade.Customers)
	for i := range list {
		name, latin := w.name()
		if i == 0 {
			name, latin = w.Shopper.Name, w.Shopper.Name
		}
		c := &customer{name: name, phone: w.digits(w.people.Phone), account: w.chance(0.3), email: strings.ReplaceAll(catalog.Slug(latin), "-", ".") + "@example.com"}
		for n := 2; used[c.email]; n++ {
			c.email = fmt.Sprintf("%s%d@example.com", strings.ReplaceAll(catalog.Slug(latin), "-", "."), n)
		}
		used[c.email] = true
		town := w.people.Towns[w.rng.IntN(len(w.people.Towns))]
		street := w.people.Streets[w.rng.IntN(len(w.people.Streets))]
		c.address = orders.Address{Name: name, Lines: []string{fmt.Sprintf("%d %s", 1+w.rng.IntN(120), street)}, City: town[0], PostalCode: town[1], Country: w.people.Country}
		if i == 0 {
			c.email, c.account, c.shopper = w.Shopper.Email, true, true
		} else if len(w.people.Companies) > 0 && w.chance(w.Trade.Bulk) {
			c.company = w.people.Companies[w.rng.IntN(len(w.people.Companies))]
			c.address.Company = c.company
		}
		list[i] = c
	}
	return list
}

func (w *world) name() (shown, latin string) {
	p := w.people
	first, firstLatin := spelled(p.First[w.rng.IntN(len(p.First))])
	last, lastLatin := spelled(p.Last[w.rng.IntN(len(p.Last))])
	if p.Together {
		return last + first, lastLatin + " " + firstLatin
	}
	return first + " " + last, firstLatin + " " + lastLatin
}

// spelled splits a name from its Latin spelling.
func spelled(s string) (name, latin string) {
	name, latin, ok := strings.Cut(s, "/")
	if !ok {
		latin = name
	}
	return name, latin
}

// customer chooses who buys: some come often.
func (w *world) customer() *customer {
	return w.folk[int(math.Pow(w.rng.Float64(), 1.6)*float64(len(w.folk)))]
}

// digits puts a digit in the place of each #.
func (w *world) digits(form string) string {
	b := []byte(form)
	for i := range b {
		if b[i] == '#' {
			b[i] = byte('0' + w.rng.IntN(10))
		}
	}
	return string(b)
}
