package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
	"allhours/platform/catalog"
)

// placing is an order on its way into the database.
type placing struct {
	row         Order
	actor       db.Actor
	claim       claim
	cartVersion int64
	expires     time.Duration // of a draft
	plan        int64
	needs       []need
	checks      []check
}

// need is how much of a supply the order wants; the same supply twice is one sum.
type need struct {
	Use
	location *uuid.UUID
}

// check is a product and the version it was priced at.
type check struct {
	product uuid.UUID
	version int64
}

// outcome is placing_outcome of place_orders.
type outcome struct {
	Outcome string
	OrderID *uuid.UUID
	Number  *int64
	At      time.Time
	Detail  []shortage
}

type shortage struct {
	Kind   string `json:"kind"`
	Key    string `json:"key"`
	Wanted int64  `json:"wanted"`
	Left   int64  `json:"left"`
}

func newPlacing(sc db.Scope, in PlaceInput, currency string, lines []Line) *placing {
	channel := in.Channel
	if channel == "" {
		channel = "api"
	}
	tags := in.Tags
	if tags == nil {
		tags = []string{}
	}
	return &placing{actor: sc.Actor, row: Order{
		Summary: Summary{
			ID: db.NewID(), ExternalRef: in.ExternalRef, Channel: channel, PaymentStatus: Unpaid, FulfilmentStatus: Unfulfilled, FulfilmentType: in.FulfilmentType,
			LocationID: in.LocationID, Currency: currency, Language: in.Language, CustomerID: in.Customer.ID, Email: in.Customer.Email, Phone: in.Customer.Phone, Name: in.Customer.Name,
			ShippingAddress: in.ShippingAddress, Note: in.Note, Tags: tags, Version: 1,
		},
		Lines: lines,
	}}
}

// setTotals works out what the order comes to, what it needs of supply, and what has to be checked again when it is placed.
func (p *placing) setTotals(goods []good, taxes catalog.Taxes, shop Shop) {
	sold := make([]catalog.Sellable, len(goods))
	seen := map[uuid.UUID]bool{}
	for i, g := range goods {
		sold[i] = g.Sellable
		if !seen[g.ProductID] {
			seen[g.ProductID] = true
			p.checks = append(p.checks, check{g.ProductID, g.Version})
		}
	}
	r := &p.row
	t := total(r.Lines, sold, taxes, shop, r.FulfilmentType, r.ShippingAddress)
	r.Subtotal, r.DiscountTotal, r.ShippingTotal, r.TaxTotal, r.Total, r.TaxIncluded = t.Subtotal, t.Discount, t.Shipping, t.Tax, t.Total, t.Included
	at := map[Use]int{}
	for _, l := range r.Lines {
		r.Units += l.Quantity
		for _, u := range l.Uses {
			k := Use{Kind: u.Kind, Key: u.Key}
			i, ok := at[k]
			if !ok {
				i = len(p.needs)
				at[k] = i
				p.needs = append(p.needs, need{Use: k, location: r.LocationID})
			}
			p.needs[i].Quantity += u.Quantity * int64(l.Quantity)
		}
	}
}

// asPlaced is the order as it stands right after placing.
func (p *placing) asPlaced(out outcome) Order {
	o := p.row
	o.Number = out.Number
	o.CreatedAt, o.UpdatedAt = out.At, out.At
	kind := "drafted"
	if o.Status == Placed {
		o.PlacedAt, kind = &out.At, "placed"
	}
	if o.Status == Draft {
		end := out.At.Add(p.expires)
		o.ExpiresAt = &end
	}
	o.Timeline = []Entry{{ID: o.ID, Kind: kind, At: out.At, Actor: EntryActor{p.actor.Kind, p.actor.ID, p.actor.Name}, Data: map[string]any{}, Public: true, Version: 1}}
	o.Fulfilments, o.Payments, o.Notes = []Group{}, []PaymentView{}, []Note{}
	o.Allowed = AllowedOf(&o)
	return o
}

// asAtPlacing takes away what has happened to the order since it was placed, so that a replay answers what the first request was answered.
func (o Order) asAtPlacing() Order {
	o.Status, o.PaymentStatus, o.FulfilmentStatus = Draft, Unpaid, Unfulfilled
	switch first := o.Timeline[0]; {
	case first.Kind == "placed":
		o.Status, o.PlacedAt, o.ExpiresAt = Placed, &first.At, nil
	case byHand(o.PaymentMethod):
		o.Status, o.Number, o.PlacedAt, o.ExpiresAt = AwaitingConfirmation, nil, nil, nil
	default:
		o.Number, o.PlacedAt = nil, nil
	}
	if o.Total == 0 {
		o.PaymentStatus = Paid
	}
	o.Timeline = o.Timeline[:1]
	o.Hold, o.CancelReason, o.CompletedAt, o.CancelledAt, o.UpdatedAt, o.Version = nil, "", nil, nil, o.CreatedAt, 1
	o.PaidTotal, o.RefundedTotal = 0, 0
	o.Fulfilments, o.Payments, o.Notes = []Group{}, []PaymentView{}, []Note{}
	for i := range o.Lines {
		l := &o.Lines[i]
		l.Fulfilled, l.Cancelled, l.Restocked, l.Refunded = 0, 0, 0, 0
	}
	o.Allowed = AllowedOf(&o)
	return o
}

// orderRow and lineRow are how place_orders reads them.
type orderRow struct {
	Seq             int        `json:"seq"`
	ExternalRef     string     `json:"external_ref"`
	Channel         string     `json:"channel"`
	CustomerID      *uuid.UUID `json:"customer_id,omitempty"`
	PaymentStatus   string     `json:"payment_status"`
	FulfilmentType  string     `json:"fulfilment_type"`
	PaymentMethod   string     `json:"payment_method"`
	LocationID      *uuid.UUID `json:"location_id,omitempty"`
	Currency        string     `json:"currency"`
	Language        string     `json:"language"`
	Email           string     `json:"email"`
	Phone           string     `json:"phone"`
	Name            string     `json:"name"`
	ShippingAddress *Address   `json:"shipping_address,omitempty"`
	Note            string     `json:"note"`
	Tags            []string   `json:"tags"`
	Subtotal        int64      `json:"subtotal"`
	DiscountTotal   int64      `json:"discount_total"`
	ShippingTotal   int64      `json:"shipping_total"`
	TaxTotal        int64      `json:"tax_total"`
	Total           int64      `json:"total"`
	TaxIncluded     bool       `json:"tax_included"`
}

type lineRow struct {
	Seq       int               `json:"seq"`
	Line      int               `json:"line"`
	VariantID *uuid.UUID        `json:"variant_id"`
	SKU       string            `json:"sku"`
	Title     map[string]string `json:"title"`
	Options   map[string]string `json:"options"`
	Image     string            `json:"image"`
	Uses      []Use             `json:"uses"`
	Quantity  int               `json:"quantity"`
	UnitPrice int64             `json:"unit_price"`
	Discount  int64             `json:"discount"`
	Tax       int64             `json:"tax"`
	Total     int64             `json:"total"`
}

// batch is the orders of a flight as the parameters of place_orders.
type batch struct {
	rows           []orderRow
	lines          []lineRow
	ids            []uuid.UUID
	statuses       []string
	expires        []*float64
	events, actors []string
	kinds, actorID []string
	names, vias    []string
	requests, keys []string
	hashes         [][]byte
	carts          []*uuid.UUID
	cartVersions   []int64
	checkSeqs      []int
	checkProducts  []uuid.UUID
	checkVersions  []int64
	poolKinds      []string
	poolKeys       []string
	needSeqs       []int
	needPools      []int
	needLocations  []*uuid.UUID
	needQuantities []int64
	plan           int64
	pools          map[Use]int
}

func newBatch(orders []*placing) (*batch, error) {
	// A nil slice would be NULL.
	b := &batch{
		checkSeqs: []int{}, checkProducts: []uuid.UUID{}, checkVersions: []int64{}, poolKinds: []string{}, poolKeys: []string{}, needSeqs: []int{}, needPools: []int{}, needLocations: []*uuid.UUID{},
		needQuantities: []int64{}, pools: map[Use]int{},
	}
	for i, p := range orders {
		if err := b.add(i+1, p); err != nil {
			return nil, fmt.Errorf("place: %w", err)
		}
	}
	return b, nil
}

func (b *batch) add(seq int, p *placing) error {
	r := &p.row
	b.rows = append(b.rows, orderRow{
		seq, r.ExternalRef, r.Channel, r.CustomerID, r.PaymentStatus, r.FulfilmentType, r.PaymentMethod, r.LocationID, r.Currency, r.Language, r.Email, r.Phone, r.Name,
		r.ShippingAddress, r.Note, r.Tags, r.Subtotal, r.DiscountTotal, r.ShippingTotal, r.TaxTotal, r.Total, r.TaxIncluded,
	})
	for _, l := range r.Lines {
		b.lines = append(b.lines, lineRow{seq, l.Line, l.VariantID, l.SKU, l.Title, l.Options, l.Image, l.Uses, l.Quantity, l.UnitPrice, l.Discount, l.Tax, l.Total})
	}
	event, err := json.Marshal(placedV1(r))
	if err != nil {
		return err
	}
	actor, err := json.Marshal(p.actor)
	if err != nil {
		return err
	}
	var expires *float64
	if r.Status == Draft {
		s := p.expires.Seconds()
		expires = &s
	}
	b.ids, b.statuses, b.expires, b.events, b.actors = append(b.ids, r.ID), append(b.statuses, r.Status), append(b.expires, expires), append(b.events, string(event)), append(b.actors, string(actor))
	a := p.actor
	b.kinds, b.actorID, b.names, b.vias, b.requests = append(b.kinds, a.Kind), append(b.actorID, a.ID), append(b.names, a.Name), append(b.vias, a.Via), append(b.requests, a.RequestID)
	b.keys, b.hashes, b.carts, b.cartVersions = append(b.keys, p.claim.key), append(b.hashes, p.claim.hash), append(b.carts, r.CartID), append(b.cartVersions, p.cartVersion)
	for _, c := range p.checks {
		b.checkSeqs, b.checkProducts, b.checkVersions = append(b.checkSeqs, seq), append(b.checkProducts, c.product), append(b.checkVersions, c.version)
	}
	for _, n := range p.needs {
		k := Use{Kind: n.Kind, Key: n.Key}
		pool, ok := b.pools[k]
		if !ok {
			b.poolKinds, b.poolKeys = append(b.poolKinds, n.Kind), append(b.poolKeys, n.Key)
			pool = len(b.poolKeys)
			b.pools[k] = pool
		}
		b.needSeqs, b.needPools, b.needLocations, b.needQuantities = append(b.needSeqs, seq), append(b.needPools, pool), append(b.needLocations, n.location), append(b.needQuantities, n.Quantity)
	}
	b.plan = p.plan
	return nil
}

const placeSQL = `SELECT seq, outcome, order_id, number, at, detail FROM place_orders(
	$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)`

// flush places the orders in one round trip. Outcomes are in their order.
func (o *Orders) flush(ctx context.Context, sc db.Scope, orders []*placing) ([]outcome, error) {
	p, err := newBatch(orders)
	if err != nil {
		return nil, err
	}
	rows, err := json.Marshal(p.rows)
	if err != nil {
		return nil, fmt.Errorf("place: %w", err)
	}
	lines, err := json.Marshal(p.lines)
	if err != nil {
		return nil, fmt.Errorf("place: %w", err)
	}
	var outs []outcome
	err = o.db.Pipeline(ctx, sc, func(b *pgx.Batch) {
		outs = make([]outcome, len(orders)) // it may run again
		b.Queue(placeSQL, string(rows), string(lines), p.ids, p.statuses, p.expires, p.events, p.actors, p.kinds, p.actorID, p.names, p.vias, p.requests, p.keys, p.hashes, p.carts, p.cartVersions,
			p.checkSeqs, p.checkProducts, p.checkVersions, p.poolKinds, p.poolKeys, p.needSeqs, p.needPools, p.needLocations, p.needQuantities, p.plan, o.db.Frozen()).Query(func(rows pgx.Rows) error {
			var seq int
			var out outcome
			_, err := pgx.ForEachRow(rows, []any{&seq, &out.Outcome, &out.OrderID, &out.Number, &out.At, &out.Detail}, func() error {
				out.At = out.At.UTC()
				outs[seq-1] = out
				out = outcome{}
				return nil
			})
			return err
		})
	})
	var refused *pgconn.PgError
	switch {
	case err == nil:
		o.db.Wake(outbox.Channel)
		return outs, nil
	case db.Violates(err, "orders_external_ref_key"):
		return nil, errExternalRef.Wrap(err)
	case errors.As(err, &refused):
		return nil, fmt.Errorf("place: %w", err)
	default:
		return nil, ErrOutcomeUnknown.After(time.Second).Wrap(err)
	}
}

// mover is the actor as it stands in movements.
func mover(a db.Actor) string {
	if a.ID == "" {
		return a.Kind
	}
	return a.Kind + ":" + a.ID
}
