package orders_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"allhours/platform/base/db"
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
	counts, err := s.Counts(ctx, s.sc)
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
	if row := lines[23]; row[0] != "1008" || row[9] != "'=Eve" || row[15] != "30.00" || row[20] != "PEN" {
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
	for _, r := range results {
		got = append(got, r.Code)
	}
	if d := cmp.Diff([]string{"", "order.not_allowed_now", "order.not_found"}, got); d != "" {
		t.Error(d)
	}
	results, err = s.Bulk(ctx, s.sc, "", orders.BulkInput{Filter: &orders.Filter{OnHold: "true"}, Action: "release"})
	if err != nil || len(results) != 1 || !results[0].OK {
		t.Errorf("%+v, %v", results, err)
	}
}
