package orders_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/orders"
)

func TestListSearchPageAndExport(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 1000, "PEN": 1000})
	var ids []uuid.UUID
	for i := range 30 {
		in := s.order("MUG")
		in.Customer = orders.CustomerInput{Email: "someone@example.com", Name: "Bob"}
		if i == 7 {
			in = s.order("PEN:3")
			in.Customer = orders.CustomerInput{Email: "Eve@Example.com", Name: "=Eve"}
			in.ExternalRef, in.Tags = "PO-77", []string{"vip"}
		}
		r, err := s.Place(ctx, s.sc, uuid.NewString(), in)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.Order.ID)
	}
	slices.Reverse(ids)
	for _, sort := range []string{"-created", "created", "-total", "total"} {
		seen := map[uuid.UUID]bool{}
		q := orders.ListQuery{Sort: sort, PageQuery: db.PageQuery{Limit: 7}}
		for {
			page, err := s.List(ctx, s.sc, q)
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range page.Items {
				if seen[o.ID] {
					t.Errorf("%s: %s came twice", sort, o.ID)
				}
				if sort == "-created" && o.ID != ids[len(seen)] {
					t.Errorf("%s: place %d", sort, i)
				}
				seen[o.ID] = true
			}
			if q.Cursor = page.NextCursor; q.Cursor == "" {
				break
			}
		}
		if len(seen) != 30 {
			t.Errorf("%s: %d orders over the pages, want 30", sort, len(seen))
		}
	}
	eve := ids[22]
	for _, f := range []orders.Filter{{Q: "1008"}, {Q: "#1008"}, {Q: "eve@example.com"}, {Q: "PEN"}, {Q: "PO-77"}, {Q: "=e"}, {Tag: "vip"}, {IDs: eve.String()}} {
		page, err := s.List(ctx, s.sc, orders.ListQuery{Filter: f})
		if err != nil || len(page.Items) != 1 || page.Items[0].ID != eve {
			t.Errorf("%+v finds %d, %v", f, len(page.Items), err)
		}
	}
	for _, f := range []orders.Filter{{Q: "nobody"}, {Status: "draft"}, {CustomerID: uuid.NewString()}, {To: time.Now().Add(-time.Hour)}, {OnHold: "true"}} {
		if page, err := s.List(ctx, s.sc, orders.ListQuery{Filter: f}); err != nil || len(page.Items) != 0 {
			t.Errorf("%+v finds %d, %v", f, len(page.Items), err)
		}
	}
	if page, err := s.List(ctx, s.tenant(t, "beta"), orders.ListQuery{}); err != nil || len(page.Items) != 0 {
		t.Errorf("another tenant sees %d, %v", len(page.Items), err)
	}
	counts, _, err := s.Counts(ctx, s.sc, orders.Filter{})
	if err != nil || counts["to_fulfil"] != 30 || counts["unpaid"] != 0 {
		t.Errorf("%v, %v", counts, err)
	}
	var file bytes.Buffer
	if err := s.Export(ctx, s.sc, orders.Filter{}, &file); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&file).ReadAll()
	if err != nil || len(lines) != 31 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if row := lines[23]; row[0] != "1008" || row[9] != "'=Eve" || row[15] != "30.00" || row[17] != "0.00" || row[19] != "30.00" || row[24] != "PEN" {
		t.Errorf("%v", row)
	}
}

func TestBulk(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 1000})
	a, b := s.placed(t, "MUG"), s.placed(t, "MUG")
	if _, err := s.Hold(ctx, s.sc, b.ID, orders.HoldInput{Reason: "wait"}); err != nil {
		t.Fatal(err)
	}
	nobody := uuid.New()
	results, err := s.Bulk(ctx, s.sc, "k", orders.BulkInput{IDs: []uuid.UUID{a.ID, b.ID, nobody}, Action: "fulfil"})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, r := range results.Results {
		got = append(got, r.Code)
	}
	if d := cmp.Diff([]string{"", "order.not_allowed_now", "order.not_found"}, got); d != "" {
		t.Error(d)
	}
	results, err = s.Bulk(ctx, s.sc, "", orders.BulkInput{Filter: &orders.Filter{OnHold: "true"}, Action: "release"})
	if err != nil || len(results.Results) != 1 || !results.Results[0].OK || results.Next != "" {
		t.Errorf("%+v, %v", results, err)
	}
}

// A filter that finds more than one part: each order is met once, whether it matches afterwards or not.
func TestBulkInParts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 1000})
	want := map[uuid.UUID]bool{}
	for range 5 {
		want[s.placed(t, "MUG").ID] = true
	}
	held := s.placed(t, "MUG")
	if _, err := s.Hold(ctx, s.sc, held.ID, orders.HoldInput{Reason: "wait"}); err != nil {
		t.Fatal(err)
	}
	open := &orders.Filter{OnHold: "false"}
	if _, n, err := s.Counts(ctx, s.sc, *open); err != nil || n != 5 {
		t.Errorf("%d match, %v", n, err)
	}
	for _, in := range []orders.BulkInput{{Action: "hold", Reason: "stock is counted"}, {Action: "tag", Tags: []string{"counted"}}} {
		if in.Action == "tag" {
			open.OnHold = "true"
			want[held.ID] = true
		}
		in.Filter, in.Limit = open, 2
		met := map[uuid.UUID]bool{}
		for part := 0; ; part++ {
			report, err := s.Bulk(ctx, s.sc, "", in)
			if err != nil || len(report.Results) > 2 || part > 3 {
				t.Fatalf("part %d: %+v, %v", part, report, err)
			}
			for _, r := range report.Results {
				if !r.OK || r.Number == nil || met[r.ID] {
					t.Errorf("%+v", r)
				}
				met[r.ID] = true
			}
			if report.Next == "" {
				break
			}
			in.Cursor = report.Next
		}
		if d := cmp.Diff(want, met); d != "" {
			t.Error(in.Action, d)
		}
	}
	for _, in := range []orders.BulkInput{{Action: "tag"}, {Action: "tag", Filter: open, IDs: []uuid.UUID{held.ID}}, {Action: "tag", Filter: open, Cursor: "x"}} {
		if _, err := s.Bulk(ctx, s.sc, "", in); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", in, err)
		}
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := open(t, map[string]int64{"MUG": 1})
	ada, bob := uuid.New(), uuid.New()
	own, err := s.SaveView(ctx, s.sc, ada, orders.ViewInput{Page: "orders", Name: " Mine ", Query: map[string]any{"status": "placed"}})
	if err != nil || own.Name != "Mine" {
		t.Fatal(own, err)
	}
	team, err := s.SaveView(ctx, s.sc, ada, orders.ViewInput{Page: "orders", Name: "Ours", Query: map[string]any{"q": "tea"}, Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	sees := func(who uuid.UUID, want ...uuid.UUID) {
		t.Helper()
		views, err := s.Views(ctx, s.sc, who, "orders")
		got := make([]uuid.UUID, len(views))
		for i, v := range views {
			got[i] = v.ID
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" || err != nil {
			t.Error(d, err)
		}
	}
	sees(ada, own.ID, team.ID)
	sees(bob, team.ID)
	for _, drop := range []struct {
		by, id uuid.UUID
		shared bool
	}{{bob, team.ID, false}, {ada, team.ID, false}, {bob, own.ID, true}} {
		if err := s.DropView(ctx, s.sc, drop.by, drop.id, drop.shared); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%+v: %v", drop, err)
		}
	}
	if err := errors.Join(s.DropView(ctx, s.sc, bob, team.ID, true), s.DropView(ctx, s.sc, ada, own.ID, false)); err != nil {
		t.Error(err)
	}
	sees(ada)
}
