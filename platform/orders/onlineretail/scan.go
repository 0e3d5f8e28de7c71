package onlineretail

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"allhours/platform/base/db"
	"allhours/platform/catalog"
)

// scan is what the first reading finds: the sums, and what must be known before the first order.
type scan struct {
	Report
	goods  map[string]*goods
	buyers map[string]*buyer
	last   map[string]int64 // the last line of each invoice: some are not in one piece
}

// goods is what is known of a stock code.
type goods struct {
	names  map[string]int
	prices map[int64]int
	recent map[time.Time]int64 // units sold by day
}

type buyer struct {
	country string
	at      time.Time
}

const refusalBatch = 2000

func (j *job) look(ctx context.Context, open func() (io.ReadCloser, error)) (*scan, error) {
	s := &scan{goods: map[string]*goods{}, buyers: map[string]*buyer{}, last: map[string]int64{}}
	s.Refused = map[string]int64{}
	var refused []catalog.Refusal
	flush := func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := j.db.InTx(ctx, j.sc, func(tx *db.Tx) error { return keepRefusals(tx, j.id, refused) })
		refused = refused[:0]
		return err
	}
	err := each(open, func(l line) error {
		s.Lines++
		if l.refused != "" {
			s.Refused[l.refused]++
			refused = append(refused, catalog.Refusal{Line: l.no, Code: Kind + "." + l.refused, Field: l.field, Message: reasons[l.refused], Content: short(l.raw)})
			if len(refused) == refusalBatch {
				return flush()
			}
			return nil
		}
		s.add(l)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.Products, s.Customers = int64(len(s.goods)), int64(len(s.buyers))
	return s, flush()
}

// add counts a line that is taken over.
func (s *scan) add(l line) {
	_, seen := s.last[l.invoice]
	s.last[l.invoice] = l.no
	g := s.goods[l.sku]
	if g == nil {
		g = &goods{names: map[string]int{}, prices: map[int64]int{}, recent: map[time.Time]int64{}}
		s.goods[l.sku] = g
	}
	if l.customer != "" && s.buyers[l.customer] == nil {
		s.buyers[l.customer] = &buyer{country: l.country, at: l.at}
	}
	if s.From.IsZero() || l.at.Before(s.From) {
		s.From = l.at
	}
	if l.at.After(s.To) {
		s.To = l.at
	}
	weight := 1
	if l.cancels {
		weight = 0 // counts only where there was no sale
		s.CancelledLines++
		s.CancelledUnits += l.quantity
		s.Cancelled += l.amount()
		if !seen {
			s.Cancellations++
		}
	} else {
		s.OrderLines++
		s.Units += l.quantity
		s.Revenue += l.amount()
		if !seen {
			s.Orders++
		}
		g.recent[l.at.Truncate(24*time.Hour)] += l.quantity
	}
	g.names[l.name] += weight
	g.prices[l.price] += weight
}

// most gives the key that was counted most; of two, the one that better prefers.
func most[K comparable](counts map[K]int, better func(a, b K) int) (best K) {
	first := true
	for k, n := range counts {
		if first || n > counts[best] || n == counts[best] && better(k, best) < 0 {
			best, first = k, false
		}
	}
	return best
}

func (g *goods) title() string { return titled(most(g.names, cmp.Compare[string])) }

func (g *goods) price() int64 {
	return most(g.prices, func(a, b int64) int { return cmp.Compare(b, a) })
}

// sold is how many were sold in the days before the end.
func (g *goods) sold(end time.Time, days int) (n int64) {
	for day, units := range g.recent {
		if end.Sub(day) < time.Duration(days)*24*time.Hour {
			n += units
		}
	}
	return n
}

// titled writes a name that is all capitals as a title: WHITE T-LIGHT HOLDER becomes White T-Light Holder.
func titled(s string) string {
	if strings.ToUpper(s) != s {
		return s
	}
	start := true
	return strings.Map(func(r rune) rune {
		defer func() { start = !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' }()
		if start {
			return r
		}
		return unicode.ToLower(r)
	}, s)
}

func short(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "�")
	return s[:min(len(s), 300)]
}

func keepRefusals(tx *db.Tx, id any, refused []catalog.Refusal) error {
	if len(refused) == 0 {
		return nil
	}
	err := tx.Exec(`INSERT INTO import_refusals (tenant_id, import_id, line, code, field, message, content) SELECT current_tenant(), ?, line, code, COALESCE(field, ''), message, COALESCE(content, '')
		FROM jsonb_to_recordset(?::jsonb) AS x(line bigint, code text, field text, message text, content text) ON CONFLICT DO NOTHING`, id, rows(refused)).Error
	if err != nil {
		return fmt.Errorf("keep refusals: %w", err)
	}
	return nil
}
