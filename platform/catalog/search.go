package catalog

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold brings text to the form in which it is compared: compatibility forms made one (NFKC), lower case, no accents.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if r < 0x0300 || r > 0x036f { // accents; the marks of other scripts make other letters
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return norm.NFKC.String(b.String())
}

// Slug makes an address of a text: its letters and digits, words joined by hyphens. Letters of other scripts stay.
func Slug(s string) string {
	words := strings.FieldsFunc(fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slug := []rune(strings.Join(words, "-"))
	return strings.Trim(string(slug[:min(len(slug), 100)]), "-")
}

// unspaced are the scripts that write no spaces between words: what is written in them is found by pairs of characters.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// stretch is text of one sort.
type stretch struct {
	text     []rune
	unspaced bool
}

func stretches(s string) []stretch {
	var out []stretch
	open := false
	for _, r := range fold(s) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			open = open && (r == '\'' || r == '’') // it's one word
			continue
		}
		u := unicode.In(r, unspaced...)
		if !open || out[len(out)-1].unspaced != u {
			out = append(out, stretch{unspaced: u})
		}
		out[len(out)-1].text = append(out[len(out)-1].text, r)
		open = true
	}
	return out
}

// longestTerm bounds one indexed word, in characters.
const longestTerm = 40

// terms gives what a text is found by: its words, and of unspaced text each pair of neighbours and the last character.
func terms(s string) []string {
	var out []string
	for _, r := range stretches(s) {
		if !r.unspaced {
			out = append(out, string(r.text[:min(len(r.text), longestTerm)]))
			continue
		}
		for i := range r.text {
			out = append(out, string(r.text[i:min(i+2, len(r.text))]))
		}
	}
	return out
}

// weighed are the terms of a product with their weights.
type weighed map[string]int

func (w weighed) add(weight int, texts ...string) {
	for _, s := range texts {
		for _, t := range terms(s) {
			w[t] = max(w[t], weight)
		}
	}
}

// termsOf gives what a product is found by: titles before SKUs and barcodes, before attributes.
func termsOf(in *ProductInput) weighed {
	w := weighed{}
	for _, s := range in.Title {
		w.add(8, s)
	}
	for _, v := range in.Variants {
		if v.Status != "active" {
			continue
		}
		w.add(4, v.SKU, v.Barcode)
		w.add(4, strings.Join(terms(v.SKU), "")) // MUG-1 is found by mug1 too
		for _, value := range v.Options {
			w.add(2, value)
		}
	}
	for _, s := range in.Attributes {
		w.add(1, s)
	}
	return w
}

// wanted is one thing that a query asks for: a term from Low on and below High.
type wanted struct {
	N    int    `json:"n"`
	Low  string `json:"lo"`
	High string `json:"hi"`
}

// mostWanted bounds a query.
const mostWanted = 12

// query turns what was typed into ranges of terms, all of which a hit must have: words are found by their beginning, and without a plural s.
func query(q string) []wanted {
	var out []wanted
	add := func(term string, prefix bool) {
		w := wanted{N: len(out), Low: term, High: term + "\x01"}
		if prefix {
			w.High = term + string(unicode.MaxRune)
		}
		if len(out) < mostWanted {
			out = append(out, w)
		}
	}
	for _, r := range stretches(q) {
		switch {
		case !r.unspaced:
			word := string(r.text[:min(len(r.text), longestTerm)])
			if len(r.text) > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") {
				word = strings.TrimSuffix(word, "s")
			}
			add(word, true)
		case len(r.text) == 1:
			add(string(r.text), true)
		default:
			for i := range r.text[1:] {
				add(string(r.text[i:i+2]), false)
			}
		}
	}
	return out
}
