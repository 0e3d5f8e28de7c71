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
func (p *placing) setTotals(goods []good, taxes catalog.Taxes, country string) {
	sold := make([]catalog.Sellable, len(goods))
	seen := map[uuid.UUID]bool{}
	for i, g := range goods {
		sold[i] = g.Sellable
		if !seen[g.ProductID] {
			seen[g.ProductID] = true
			p.checks = append(p.checks, check{g.ProductID, g.Version})
		}
	}
	t := total(p.row.Lines, sold, taxes, country)
	r := &p.row
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
	Seq int `json:"seq"`
	*Summary
	CartID         *uuid.UUID `json:"cart_id,omitempty"`
	ExpiresSeconds *float64   `json:"expires_seconds,omitempty"`
	Event          PlacedV1   `json:"event"`
	Actor          db.Actor   `json:"actor"`
	Mover          string     `json:"mover"`
}

type lineRow struct {
	Seq int `json:"seq"`
	*Line
	Uses []Use `json:"uses"`
}

const placeSQL = `SELECT seq, outcome, order_id, number, at, detail FROM place_orders($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`

// flush places the batch in one round trip. Outcomes are in the order of the batch.
func (o *Orders) flush(ctx context.Context, sc db.Scope, batch []*placing) ([]outcome, error) {
	var (
		rows                []orderRow
		lines               []lineRow
		ids                 = make([]uuid.UUID, len(batch))
		keys                = make([]string, len(batch))
		hashes              = make([][]byte, len(batch))
		carts               = make([]*uuid.UUID, len(batch))
		cartVersions        = make([]int64, len(batch))
		checkSeqs           = []int{}
		checkProducts       = []uuid.UUID{}
		checkVersions       = []int64{}
		poolKinds, poolKeys = []string{}, []string{}
		needSeqs, needPools = []int{}, []int{}
		needLocations       = []*uuid.UUID{}
		needQuantities      = []int64{}
		pools               = map[Use]int{}
		plan                int64
	)
	for i, p := range batch {
		seq := i + 1
		ids[i], keys[i], hashes[i], carts[i], cartVersions[i] = p.row.ID, p.claim.key, p.claim.hash, p.row.CartID, p.cartVersion
		row := orderRow{Seq: seq, Summary: &p.row.Summary, CartID: p.row.CartID, Event: placedV1(&p.row), Actor: p.actor, Mover: mover(p.actor)}
		if p.row.Status == Draft {
			s := p.expires.Seconds()
			row.ExpiresSeconds = &s
		}
		rows = append(rows, row)
		for j := range p.row.Lines {
			lines = append(lines, lineRow{seq, &p.row.Lines[j], p.row.Lines[j].Uses})
		}
		for _, c := range p.checks {
			checkSeqs, checkProducts, checkVersions = append(checkSeqs, seq), append(checkProducts, c.product), append(checkVersions, c.version)
		}
		for _, n := range p.needs {
			k := Use{Kind: n.Kind, Key: n.Key}
			pool, ok := pools[k]
			if !ok {
				poolKinds, poolKeys = append(poolKinds, n.Kind), append(poolKeys, n.Key)
				pool = len(poolKeys)
				pools[k] = pool
			}
			needSeqs, needPools, needLocations, needQuantities = append(needSeqs, seq), append(needPools, pool), append(needLocations, n.location), append(needQuantities, n.Quantity)
		}
		plan = p.plan
	}
	rowsJSON, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("place: %w", err)
	}
	linesJSON, err := json.Marshal(lines)
	if err != nil {
		return nil, fmt.Errorf("place: %w", err)
	}
	var outs []outcome
	err = o.db.Pipeline(ctx, sc, func(b *pgx.Batch) {
		outs = make([]outcome, len(batch)) // it may run again
		b.Queue(placeSQL, string(rowsJSON), string(linesJSON), ids, keys, hashes, carts, cartVersions, checkSeqs, checkProducts, checkVersions,
			poolKinds, poolKeys, needSeqs, needPools, needLocations, needQuantities, plan, o.db.Frozen()).Query(func(rows pgx.Rows) error {
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
