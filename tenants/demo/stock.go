package demo

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/orders"
)

// level is a supply at a location, with all that has happened to it.
type level struct {
	id       uuid.UUID
	location int
	supply   *supply
	effects  []effect

	onHand, reserved, committed int64
}

// effect is a movement to be.
type effect struct {
	at                          time.Time
	kind                        string
	onHand, reserved, committed int64
	cause, id, reason, actor    string
}

func (l *level) add(e effect) { l.effects = append(l.effects, e) }

func (l *level) available() int64 { return l.onHand - l.reserved - l.committed }

func (l *level) take(w *world, e effect) {
	l.onHand, l.reserved, l.committed = l.onHand+e.onHand, l.reserved+e.reserved, l.committed+e.committed
	w.rows.movements = append(w.rows.movements, &movementRow{
		ID: orders.IDAt(e.at), LevelID: l.id, Kind: e.kind, OnHand: e.onHand, Reserved: e.reserved, Committed: e.committed, CauseKind: e.cause, CauseID: e.id, Reason: e.reason, Actor: e.actor, At: e.at,
	})
}

// settleStock plays every level: what the orders did to it, and the deliveries, transfers and counts that there must have been for it. The first location is supplied from
// outside, the others from the first; so it comes last.
func (w *world) settleStock() {
	keys := make([]at, 0, len(w.levels))
	for k := range w.levels {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b at) int { return cmp.Or(cmp.Compare(b.location, a.location), cmp.Compare(a.key, b.key)) })
	for _, k := range keys {
		w.settle(w.levels[k])
	}
	for _, low := range w.Trade.Low {
		w.runLow(low)
	}
	slices.SortStableFunc(w.rows.movements, func(a, b *movementRow) int { return a.At.Compare(b.At) })
}

func (w *world) settle(l *level) {
	sup := l.supply
	house := cmp.Or(w.staff["warehouse"], w.staff["manager"]).mover()
	start := w.midnight(days).Add(begin).UTC()
	if sup.daily {
		w.mornings(l, house)
	} else {
		l.take(w, effect{at: start, kind: "receive", onHand: sup.pack * sup.packs, cause: "staff", reason: w.say("Opening stock", "期初入库"), actor: house})
	}
	slices.SortStableFunc(l.effects, func(a, b effect) int { return a.at.Compare(b.at) })
	for _, e := range l.effects {
		e = w.rest(l, e)
		after := l.available() + e.onHand - e.reserved - e.committed
		least := sup.least
		if sup.daily {
			least = 0
		}
		if after < l.available() && after < least {
			w.replenish(l, e.at, least-after, house)
		}
		if e.kind != "" {
			l.take(w, e)
		}
	}
	l.effects = nil
}

// mornings makes what is fresh every day anew. What was left of yesterday's is counted out: its quantity is only known when the day is played.
func (w *world) mornings(l *level, house string) {
	for d := days; d >= 0; d-- {
		at := w.midnight(d).Add(morning).UTC()
		if at.After(w.now.Add(-10 * time.Minute)) {
			return
		}
		l.add(effect{at: at.Add(-time.Minute), kind: leftOver, cause: "staff", reason: w.say("Left over from yesterday", "昨日剩余，报废"), actor: house})
		l.add(effect{at: at, kind: "receive", onHand: l.supply.batch, cause: "staff", reason: w.say("Made this morning", "今晨现做"), actor: house})
	}
}

// leftOver is an effect that takes away whatever is available; it becomes an adjustment, or nothing.
const leftOver = "left over"

func (w *world) rest(l *level, e effect) effect {
	if e.kind != leftOver {
		return e
	}
	if e.kind, e.onHand = "adjust", -l.available(); e.onHand == 0 {
		e.kind = ""
	}
	return e
}

// replenish brings at least so much, in whole packs, before the time: at the beginning of the day where that is earlier.
func (w *world) replenish(l *level, before time.Time, missing int64, house string) {
	local := before.In(w.zone)
	when := time.Date(local.Year(), local.Month(), local.Day(), 7, 30, 0, 0, w.zone).UTC()
	pack := l.supply.pack
	if l.supply.daily {
		when, pack = before.Add(-time.Minute), (l.supply.batch+1)/2
	}
	if !when.Before(before) {
		when = before.Add(-time.Minute)
	}
	e := effect{at: when, kind: "receive", onHand: (missing/pack + 1) * pack, cause: "staff", reason: w.say("Delivery", "到货"), actor: house}
	if l.location > 0 {
		id := db.NewID().String()
		e.kind, e.cause, e.id, e.reason = "transfer_in", "transfer", id, ""
		out := e
		out.kind, out.onHand = "transfer_out", -e.onHand
		w.levels[at{0, l.supply.key}].add(out)
	}
	l.take(w, e)
}

// runLow writes off what is over at the first location.
func (w *world) runLow(x low) {
	l := w.levels[at{0, x.SKU}]
	house := cmp.Or(w.staff["warehouse"], w.staff["manager"]).mover()
	over := l.available() - x.Left
	when := w.now.Add(-2 * time.Minute)
	if over < 0 {
		l.take(w, effect{at: when.Add(-time.Minute), kind: "receive", onHand: -over, cause: "staff", reason: w.say("Found on the shelf", "货架找到"), actor: house})
	}
	if over > 0 {
		l.take(w, effect{at: when, kind: "adjust", onHand: -over, cause: "staff", reason: x.Reason, actor: house})
	}
}

// say is a text in the shop's own language.
func (w *world) say(en, zh string) string {
	if w.Language == "zh" {
		return zh
	}
	return en
}
