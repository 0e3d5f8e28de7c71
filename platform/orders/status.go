package orders

import "slices"

// Lifecycle of an order.
const (
	Draft                = "draft"                 // unpaid; holds its stock until expires_at
	AwaitingConfirmation = "awaiting_confirmation" // the shop has to say yes
	Placed               = "placed"
	Completed            = "completed"
	Cancelled            = "cancelled"
	Expired              = "expired"
)

// Payment of an order, over all its payments.
const (
	Unpaid            = "unpaid"
	Pending           = "pending"
	Authorized        = "authorized"
	PartiallyPaid     = "partially_paid"
	Paid              = "paid"
	Overpaid          = "overpaid"
	PartiallyRefunded = "partially_refunded"
	Refunded          = "refunded"
	Failed            = "failed"
	Voided            = "voided"
	Disputed          = "disputed"
)

// Fulfilment of an order, over all its groups.
const (
	Unfulfilled        = "unfulfilled"         // nothing has begun
	InProgress         = "in_progress"         // being picked, packed, or waiting for its collector
	PartiallyFulfilled = "partially_fulfilled" // some units have left the house
	Fulfilled          = "fulfilled"           // all have left
	Delivered          = "delivered"           // all are with the customer
)

var statusMoves = map[string][]string{
	Draft:                {AwaitingConfirmation, Placed, Cancelled, Expired},
	AwaitingConfirmation: {Placed, Cancelled, Expired},
	Placed:               {Completed, Cancelled},
	Completed:            {},
	Cancelled:            {},
	Expired:              {},
}

// Money can come, go and come back late, in any order; what the table forbids is a claim that money which was there never was.
var paymentMoves = map[string][]string{
	Unpaid:            {Pending, Authorized, PartiallyPaid, Paid, Overpaid, Failed, Voided, Disputed},
	Pending:           {Unpaid, Authorized, PartiallyPaid, Paid, Overpaid, Failed, Voided, Disputed},
	Failed:            {Unpaid, Pending, Authorized, PartiallyPaid, Paid, Overpaid, Voided, Disputed},
	Authorized:        {PartiallyPaid, Paid, Overpaid, Voided, Failed, Pending, Unpaid, Disputed},
	Voided:            {Pending, Authorized, PartiallyPaid, Paid, Overpaid, Failed, Disputed},
	PartiallyPaid:     {Paid, Overpaid, PartiallyRefunded, Refunded, Disputed},
	Paid:              {Overpaid, PartiallyRefunded, Refunded, Disputed},
	Overpaid:          {Paid, PartiallyRefunded, Refunded, Disputed},
	PartiallyRefunded: {Refunded, Paid, Overpaid, Disputed},
	Refunded:          {PartiallyRefunded, PartiallyPaid, Paid, Overpaid, Disputed},
	Disputed:          {PartiallyPaid, Paid, Overpaid, PartiallyRefunded, Refunded},
}

// groupMoves are the moves of a fulfilment group, by fulfilment type. Steps may be left out: a small shop ships what it never "picked".
var groupMoves = map[string]map[string][]string{
	"ship": {
		"unfulfilled": {"allocated", "picked", "packed", "shipped", "cancelled"},
		"allocated":   {"picked", "packed", "shipped", "cancelled"},
		"picked":      {"packed", "shipped", "cancelled"},
		"packed":      {"shipped", "cancelled"},
		"shipped":     {"delivered"},
		"delivered":   {},
		"cancelled":   {},
	},
	"pickup": {
		"unfulfilled": {"ready", "collected", "cancelled"},
		"ready":       {"collected", "no_show", "cancelled"},
		"no_show":     {"ready", "collected", "cancelled"},
		"collected":   {},
		"cancelled":   {},
	},
	"digital": {
		"unfulfilled": {"issued", "cancelled"},
		"issued":      {"revoked"},
		"revoked":     {},
		"cancelled":   {},
	},
}

// usualStep is where a group begins when nothing else is said.
var usualStep = map[string]string{"ship": "shipped", "pickup": "ready", "digital": "issued"}

// CanMove reports whether the lifecycle leads from one status straight to the other.
func CanMove(from, to string) bool { return slices.Contains(statusMoves[from], to) }

// CanMoveGroup reports whether a group of the fulfilment type leads from one status straight to the other.
func CanMoveGroup(kind, from, to string) bool { return slices.Contains(groupMoves[kind][from], to) }

// gone reports whether the goods of a group in this status have left the house.
func gone(group string) bool {
	return slices.Contains([]string{"shipped", "delivered", "collected", "issued", "revoked"}, group)
}

// arrived reports whether they are with the customer.
func arrived(group string) bool {
	return slices.Contains([]string{"delivered", "collected", "issued", "revoked"}, group)
}

// Ended reports whether an order in this status takes no more money.
func Ended(status string) bool { return status == Cancelled || status == Expired }

// PaymentTotals is all the money of an order: the sums over its payments, in minor units, and what is still open.
type PaymentTotals struct {
	Authorized int64 // reserved at the provider and not captured
	Captured   int64
	Refunded   int64 // of what was captured
	Pending    bool  // an attempt is under way
	Failed     bool  // the last attempt failed
	Voided     bool  // an authorization was given back
	Disputed   bool  // money is being taken back by the payer's bank
}

// PaymentStatusOf is the payment axis of an order over total.
func PaymentStatusOf(total int64, p PaymentTotals) string {
	kept := p.Captured - p.Refunded
	switch {
	case p.Disputed:
		return Disputed
	case p.Captured > 0 && kept <= 0:
		return Refunded
	case p.Captured > 0 && kept > total:
		return Overpaid
	case p.Captured > 0 && kept == total, total == 0:
		return Paid
	case p.Captured > 0 && p.Refunded > 0:
		return PartiallyRefunded
	case p.Captured > 0:
		return PartiallyPaid
	case p.Authorized >= total:
		return Authorized
	case p.Pending || p.Authorized > 0:
		return Pending
	case p.Failed:
		return Failed
	case p.Voided:
		return Voided
	}
	return Unpaid
}

// Covers reports whether the money is enough to place an order over total.
func (p PaymentTotals) Covers(total int64) bool {
	return p.Captured-p.Refunded+p.Authorized >= total
}

// FulfilmentStatusOf is the fulfilment axis of an order with the lines and groups.
func FulfilmentStatusOf(lines []Line, groups []Group) string {
	units, begun, left, there := 0, 0, 0, 0
	for _, l := range lines {
		units += l.Quantity - l.Cancelled
	}
	for _, g := range groups {
		if g.Status == "cancelled" {
			continue
		}
		n := g.units()
		if g.Status != "unfulfilled" {
			begun += n
		}
		if gone(g.Status) {
			left += n
		}
		if arrived(g.Status) {
			there += n
		}
	}
	switch {
	case units > 0 && there >= units:
		return Delivered
	case units > 0 && left >= units:
		return Fulfilled
	case left > 0:
		return PartiallyFulfilled
	case begun > 0:
		return InProgress
	}
	return Unfulfilled
}

// Actions that a member of staff or a shopper may take on an order.
const (
	ActCancel   = "cancel"
	ActConfirm  = "confirm"
	ActHold     = "hold"
	ActRelease  = "release"
	ActComplete = "complete"
	ActFulfil   = "fulfil"
	ActRefund   = "refund"
	ActPay      = "pay"
)

// AllowedOf lists the actions that are legal now.
func AllowedOf(o *Order) []string {
	allowed := []string{}
	may := func(action string, when bool) {
		if when {
			allowed = append(allowed, action)
		}
	}
	open := o.Status == Placed || o.Status == AwaitingConfirmation
	may(ActConfirm, o.Status == AwaitingConfirmation)
	may(ActPay, !Ended(o.Status) && o.Status != Completed && o.PaidTotal-o.RefundedTotal < o.Total && o.PaymentStatus != Disputed)
	may(ActFulfil, o.Status == Placed && o.Hold == nil && unitsOpen(o.Lines, o.Fulfilments) > 0)
	may(ActHold, open && o.Hold == nil)
	may(ActRelease, o.Hold != nil)
	may(ActRefund, o.PaidTotal > o.RefundedTotal)
	may(ActCancel, CanMove(o.Status, Cancelled) && unitsGone(o.Lines) == 0)
	may(ActComplete, o.Status == Placed && o.Hold == nil && unitsOpen(o.Lines, o.Fulfilments) == 0)
	return allowed
}

func unitsGone(lines []Line) (n int) {
	for _, l := range lines {
		n += l.Fulfilled
	}
	return n
}

// unitsOpen counts the units that are in no group yet.
func unitsOpen(lines []Line, groups []Group) (n int) {
	for _, l := range lines {
		n += openOf(l, groups)
	}
	return n
}

// openOf counts the units of the line that are in no group yet.
func openOf(l Line, groups []Group) int {
	n := l.Quantity - l.Cancelled
	for _, g := range groups {
		if g.Status == "cancelled" {
			continue
		}
		for _, gl := range g.Lines {
			if gl.Line == l.Line {
				n -= gl.Quantity
			}
		}
	}
	return n
}
