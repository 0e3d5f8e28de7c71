package demo

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/catalog"
)

// world is a shop's past, made up. It knows the catalog as it is, and ends up with rows for the database.
type world struct {
	*shop
	now          time.Time
	rng          *rand.Rand
	goods        map[string]catalog.Sellable
	taxes        catalog.Taxes
	supplies     map[string]*supply // by the key of their pool
	levels       map[at]*level
	locations    []uuid.UUID
	staff        map[string]actor // by role
	installation installation
	shopperHash  string

	folk    []*customer
	choices []choice
	rows    rows
	news    news
	twins   []uuid.UUID // orders that repeat another
}

// supply is how a stock comes.
type supply struct {
	key          string
	daily        bool
	pack, batch  int64
	packs, least int64
}

// at names a supply at a location.
type at struct {
	location int
	key      string
}

// choice is a variant and how often it is bought.
type choice struct {
	sku    string
	weight float64
	price  int64
}

type actor struct{ Kind, ID, Name string }

const (
	days    = 60
	recent  = 30             // of them are as busy as the shop is now
	begin   = -time.Hour     // of the first day, when the shelves are full: some buy at night
	morning = 10 * time.Hour // when what is fresh is made
)

func newWorld(s *shop, now time.Time, goods map[string]catalog.Sellable, taxes catalog.Taxes, i installation) *world {
	w := &world{
		shop: s, now: now.UTC().Truncate(time.Second), rng: rand.New(rand.NewPCG(uint64(len(s.Slug)), uint64(now.Unix()))), goods: goods, taxes: taxes,
		supplies: map[string]*supply{}, levels: map[at]*level{}, installation: i,
	}
	for _, p := range s.Products {
		for _, c := range p.choices() {
			w.choices = append(w.choices, choice{c.SKU, float64(p.Popular) / float64(len(p.choices())), c.Price})
			if p.tracked() && c.Uses == "" {
				w.supplies[c.SKU] = &supply{key: c.SKU, daily: p.Supply == "daily", pack: cmp.Or(p.Pack, 24), batch: p.Batch, packs: s.Trade.Opening, least: s.Trade.Reorder}
			}
		}
	}
	w.folk = w.settlers()
	return w
}

// run plays the two months and leaves the rows.
func (w *world) run() {
	sales := w.plan()
	slices.SortStableFunc(sales, func(a, b *sale) int { return a.at.Compare(b.at) })
	w.stage(&sales)
	slices.SortStableFunc(sales, func(a, b *sale) int { return a.at.Compare(b.at) })
	for _, s := range sales {
		w.tell(s)
	}
	w.number()
	w.settleStock()
	w.gather()
}

// sale is an order before it is written down.
type sale struct {
	at    time.Time
	who   *customer
	want  []want
	ship  string // ship, pickup, digital
	pay   string // a method of the provider, manual or on_delivery
	fate  string
	note  string
	staff bool // taken by the staff
	extra string
}

type want struct {
	sku      string
	quantity int
}

// What becomes of a sale.
const (
	done      = "done"
	returned  = "returned" // done, and a part of it came back
	sent      = "sent"
	begun     = "begun" // picked, or ready to be collected
	fresh     = "fresh" // paid, nothing done yet
	cancelled = "cancelled"
	expired   = "expired"
	draft     = "draft"   // refused once, may still be paid
	failing   = "failing" // refused again and again
	held      = "held"
	waiting   = "waiting" // placed, to be paid by bank transfer
)

// twin marks a sale that repeats another by mistake; any other extra is a note of the staff.
const twin = "twin"

// plan makes the sales of every day, by the habits of the shop's customers.
func (w *world) plan() (sales []*sale) {
	today := w.midnight(0)
	for d := days; d >= 0; d-- {
		midnight := w.midnight(d)
		perDay := w.Trade.OrdersPerDay * w.Trade.Weekdays[midnight.Weekday()] * (0.8 + 0.4*w.rng.Float64())
		if d > recent {
			perDay *= w.Trade.Earlier
		}
		hours := w.Trade.Hours
		n := int(perDay + w.rng.Float64())
		if d == 0 {
			n, hours = w.soFar(perDay, w.now.Sub(today))
		}
		for range n {
			at := w.moment(midnight, hours)
			if at.Before(w.now.Add(-12 * time.Minute)) {
				sales = append(sales, w.sale(at))
			}
		}
	}
	return sales
}

// midnight is the beginning of the shop's day so many days ago.
func (w *world) midnight(ago int) time.Time {
	y, m, d := w.now.In(w.zone).Date()
	return time.Date(y, m, d-ago, 0, 0, 0, 0, w.zone)
}

// soFar is how many orders today has had and at which hours; a day that has begun has had some.
func (w *world) soFar(perDay float64, passed time.Duration) (int, []float64) {
	hours := make([]float64, 24)
	all, past := 0.0, 0.0
	for h, weight := range w.Trade.Hours {
		all += weight
		if share := passed.Hours() - float64(h); share > 0 {
			hours[h] = weight * min(share, 1)
			past += hours[h]
		}
	}
	n := int(math.Round(perDay * past / all))
	if passed < 30*time.Minute || n >= 5 {
		return n, hours
	}
	for h := range hours { // it is early: those who cannot sleep
		hours[h] = max(0, min(passed.Hours()-float64(h), 1))
	}
	return 5, hours
}

// moment is a time of the day, by the weights of its hours.
func (w *world) moment(midnight time.Time, hours []float64) time.Time {
	h := w.pick(hours)
	y, m, d := midnight.Date()
	return time.Date(y, m, d, h, w.rng.IntN(60), w.rng.IntN(60), w.rng.IntN(1000)*int(time.Millisecond), w.zone).UTC()
}

// pick chooses an index by weight.
func (w *world) pick(weights []float64) int {
	sum := 0.0
	for _, x := range weights {
		sum += x
	}
	r := w.rng.Float64() * sum
	for i, x := range weights {
		if r -= x; r < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// pickName chooses a key by weight.
func (w *world) pickName(weights map[string]float64) string {
	names := slices.Sorted(maps.Keys(weights))
	list := make([]float64, len(names))
	for i, n := range names {
		list[i] = weights[n]
	}
	return names[w.pick(list)]
}

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// between is a duration from a to b.
func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.rng.Int64N(int64(b-a)))
}

func (w *world) sale(when time.Time) *sale {
	s := &sale{at: when, ship: w.pickName(w.Trade.Fulfilment), pay: w.pickName(w.Trade.Methods), who: w.customer()}
	if !w.installation.there() && s.pay != "on_delivery" {
		s.pay = "manual"
	}
	s.want = w.basket(s.ship, s.who.company != "")
	if w.chance(0.07) && len(w.people.Notes) > 0 {
		s.note = w.people.Notes[w.rng.IntN(len(w.people.Notes))]
	}
	s.fate = w.fate(s)
	return s
}

// basket is what somebody buys at once; buyers for resale take more of more.
func (w *world) basket(ship string, bulk bool) (list []want) {
	lines := w.pick(w.Trade.Lines) + 1
	if bulk {
		lines += 2 + w.rng.IntN(4)
	}
	weights := make([]float64, len(w.choices))
	for i, c := range w.choices {
		if slices.Contains(w.goods[c.sku].FulfilmentTypes, ship) {
			weights[i] = c.weight
		}
	}
	for range lines {
		i := w.pick(weights)
		if weights[i] == 0 {
			break
		}
		weights[i] = 0
		c := w.choices[i]
		n := 1 + w.pick([]float64{10, 4, 1.5, 1})
		switch {
		case bulk:
			n = 6 * (1 + w.rng.IntN(4))
		case c.price < 300 && w.Industry == "retail":
			n += w.rng.IntN(4)
		}
		if most := w.goods[c.sku].QuantityMax; most > 0 {
			n = min(n, most)
		}
		list = append(list, want{c.sku, n})
	}
	return list
}

// fate says where the sale stands now, by how long ago it was.
func (w *world) fate(s *sale) string {
	age := w.now.Sub(s.at)
	r := w.rng.Float64()
	if w.installation.there() && s.pay != "on_delivery" && r < 0.02 && age > 2*time.Hour {
		return expired
	}
	r = w.rng.Float64()
	switch s.ship {
	case "digital":
		if r < 0.03 && age > 4*24*time.Hour && s.pay != "on_delivery" {
			return returned
		}
		return done
	case "pickup":
		quick, slow := 15*time.Minute, 50*time.Minute
		if w.Industry == "retail" {
			quick, slow = 3*time.Hour, 26*time.Hour
		}
		switch {
		case age < quick:
			return fresh
		case age < slow:
			return begun
		case r < 0.03:
			return cancelled
		}
		return done
	}
	day := 24 * time.Hour
	switch {
	case age > day && r < 0.035:
		return cancelled
	case age > 6*day:
		if r < 0.065 {
			return returned
		}
		return done
	case age > 2*day+12*time.Hour:
		return map[bool]string{true: done, false: sent}[r < 0.6]
	case age > 28*time.Hour:
		return sent
	case age > 16*time.Hour:
		return map[bool]string{true: sent, false: begun}[r < 0.7]
	case age > 5*time.Hour:
		return map[bool]string{true: begun, false: fresh}[r < 0.4]
	}
	return fresh
}

// stage adds what needs attention now.
func (w *world) stage(sales *[]*sale) {
	add := func(ago time.Duration, fate string) *sale {
		s := w.sale(w.now.Add(-ago))
		s.fate = fate
		*sales = append(*sales, s)
		return s
	}
	for _, scene := range w.Trade.Scenes {
		switch scene {
		case "late":
			s := add(57*time.Hour, fresh)
			s.ship, s.note, s.extra = "ship", "", "Carrier did not come on Friday; ask the warehouse."
			s.want = w.basket("ship", false)
		case "held":
			s := add(3*time.Hour, held)
			s.extra = "Asked for the missing house number by e-mail."
			if s.ship == "digital" {
				s.ship, s.extra = "pickup", "Asked for the time of arrival by e-mail."
			}
		case "waiting":
			s := add(2*time.Hour+10*time.Minute, waiting)
			s.pay, s.staff = "manual", true
		case "draft", "failing":
			if w.installation.there() {
				s := add(map[string]time.Duration{"draft": 6 * time.Minute, "failing": 11 * time.Minute}[scene], map[string]string{"draft": draft, "failing": failing}[scene])
				s.pay = "card"
			}
		case "duplicate":
			a := add(9*time.Minute, fresh)
			if a.pay == "on_delivery" {
				a.pay = "manual"
				if w.installation.there() {
					a.pay = "qr"
				}
			}
			b := *a
			b.at, b.fate, b.extra = a.at.Add(2*time.Minute), fresh, twin
			*sales = append(*sales, &b)
		}
	}
}
