package orders

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestTablesOfMoves(t *testing.T) {
	t.Parallel()
	tables := map[string]map[string][]string{"status": statusMoves, "payment": paymentMoves}
	for kind, moves := range groupMoves {
		tables[kind] = moves
		if _, ok := moves[usualStep[kind]]; !ok || usualStep[kind] == "" {
			t.Errorf("%s: its usual step %q is not in the table", kind, usualStep[kind])
		}
	}
	for name, moves := range tables {
		for from, targets := range moves {
			for _, to := range targets {
				if _, ok := moves[to]; !ok {
					t.Errorf("%s: %s leads to %s, which is not in the table", name, from, to)
				}
				if to == from {
					t.Errorf("%s: %s leads to itself", name, from)
				}
			}
		}
	}
	for _, end := range []string{Completed, Cancelled, Expired} {
		if len(statusMoves[end]) != 0 {
			t.Errorf("%s is an end and leads on", end)
		}
	}
	for kind, moves := range groupMoves {
		for from, targets := range moves {
			for _, to := range targets {
				if gone(from) && !gone(to) {
					t.Errorf("%s: %s to %s brings goods back that have left", kind, from, to)
				}
				if arrived(from) && !arrived(to) {
					t.Errorf("%s: %s to %s takes goods from the customer", kind, from, to)
				}
			}
		}
	}
}

// Money events in any order keep the payment axis within its table, and the axis says what the sums say.
func TestPaymentStatusFollowsItsTable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(1, 1000).Draw(t, "total")
		var p PaymentTotals
		status := PaymentStatusOf(total, p)
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			p.Failed = false
			switch rapid.SampledFrom([]string{"pending", "authorize", "capture", "refund", "fail", "void", "dispute", "win"}).Draw(t, "event") {
			case "pending":
				p.Pending = true
			case "authorize":
				p.Authorized, p.Pending = rapid.Int64Range(1, total).Draw(t, "amount"), false
			case "capture":
				p.Captured += rapid.Int64Range(1, total).Draw(t, "amount")
				p.Authorized, p.Pending = 0, false
			case "refund":
				if p.Captured > p.Refunded {
					p.Refunded += rapid.Int64Range(1, p.Captured-p.Refunded).Draw(t, "amount")
				}
			case "fail":
				p.Failed, p.Pending = true, false
			case "void":
				p.Voided, p.Authorized = true, 0
			case "dispute":
				p.Disputed = p.Captured > 0
			case "win":
				p.Disputed = false
			}
			next := PaymentStatusOf(total, p)
			if next != status && !slices.Contains(paymentMoves[status], next) {
				t.Fatalf("%s to %s is not in the table: %+v of %d", status, next, p, total)
			}
			status = next
			kept := p.Captured - p.Refunded
			if (status == Paid) != (kept == total && p.Captured > 0 && !p.Disputed) {
				t.Fatalf("%s with %d kept of %d: %+v", status, kept, total, p)
			}
			if (status == Overpaid) != (kept > total && !p.Disputed) {
				t.Fatalf("%s with %d kept of %d: %+v", status, kept, total, p)
			}
			if p.Covers(total) != (kept+p.Authorized >= total) {
				t.Fatalf("covers %v: %+v of %d", p.Covers(total), p, total)
			}
		}
	})
}

func TestFulfilmentStatusCountsUnits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"ship", "pickup", "digital"}).Draw(t, "type")
		lines := []Line{{Line: 1, Quantity: rapid.IntRange(1, 5).Draw(t, "first")}, {Line: 2, Quantity: rapid.IntRange(1, 5).Draw(t, "second")}}
		var groups []Group
		units, left, there, begun := lines[0].Quantity+lines[1].Quantity, 0, 0, 0
		for _, l := range lines {
			for rest := l.Quantity; rest > 0; {
				n := rapid.IntRange(1, rest).Draw(t, "part")
				rest -= n
				g := Group{Type: kind, Status: "unfulfilled", Lines: []GroupLine{{l.Line, n}}}
				for range rapid.IntRange(0, 5).Draw(t, "steps") {
					next := groupMoves[kind][g.Status]
					if len(next) == 0 {
						break
					}
					g.Status = rapid.SampledFrom(next).Draw(t, "to")
				}
				groups = append(groups, g)
				if g.Status != "unfulfilled" && g.Status != "cancelled" {
					begun += n
				}
				if slices.Contains([]string{"shipped", "delivered", "collected", "issued", "revoked"}, g.Status) {
					left += n
				}
				if slices.Contains([]string{"delivered", "collected", "issued", "revoked"}, g.Status) {
					there += n
				}
			}
		}
		want := Unfulfilled
		switch {
		case there == units:
			want = Delivered
		case left == units:
			want = Fulfilled
		case left > 0:
			want = PartiallyFulfilled
		case begun > 0:
			want = InProgress
		}
		if got := FulfilmentStatusOf(lines, groups); got != want {
			t.Fatalf("got %s, want %s: %+v", got, want, groups)
		}
	})
}
