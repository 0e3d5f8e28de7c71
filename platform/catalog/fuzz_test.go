package catalog

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzTable(f *testing.F) {
	for _, s := range []string{
		"sku,title\nA,Mug\n", "\xef\xbb\xbfsku;title:zh;price:EUR\nA;杯子;\"1,20\"\n", "sku\ttitle\nA\t\"un\"closed\n", "sku\n\"a\nb\"\n\n", "sku\n\xff\n'=1+1\n", "sku,sku\n", "", "\"", "sku\r\n\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		tab, err := openTable(bytes.NewReader(file))
		if err != nil {
			return
		}
		last := int64(0)
		for range len(file) + 2 {
			r, refused, err := tab.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			line := r.Line
			if refused != nil {
				line = refused.Line
				if refused.Code == "" || refused.Message == "" || !utf8.ValidString(refused.Content) || strings.ContainsRune(refused.Content, 0) {
					t.Errorf("refusal %+v", refused)
				}
			}
			if line <= last {
				t.Errorf("line %d after %d", line, last)
			}
			last = line
			for k, v := range r.Cells {
				if v == "" || !utf8.ValidString(v) || strings.ContainsRune(k, 0) {
					t.Errorf("cell %q: %q", k, v)
				}
			}
		}
		t.Error("reading does not end")
	})
}

func FuzzGuard(f *testing.F) {
	for _, s := range []string{"", "=1+1", "'=1", "''@x", "'plain", "-5", "\t=x", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g := guard(s)
		if got := unguard(g); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
		if g != "" && strings.IndexByte(formula, g[0]) >= 0 {
			t.Errorf("%q is a formula", g)
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.Write([]string{g, "x"})
		w.Flush()
	})
}

func FuzzTerms(f *testing.F) {
	for _, s := range []string{"Linen Shirt", "亚麻衬衫 XL", "85123A", "Crème Brûlée", "カップ", "\xff", "it's", "ﬁ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		found := map[string]bool{}
		for _, term := range terms(s) {
			if term == "" || !utf8.ValidString(term) || utf8.RuneCountInString(term) > longestTerm {
				t.Errorf("term %q", term)
			}
			found[term] = true
		}
		// What a text says finds it.
		for _, w := range query(s) {
			hit := false
			for term := range found {
				hit = hit || term >= w.Low && term < w.High
			}
			if !hit {
				t.Errorf("%q does not find itself: %q", s, w.Low)
			}
		}
		if g := Slug(s); g != Slug(g) {
			t.Errorf("slug of %q: %q, again %q", s, g, Slug(g))
		}
	})
}
