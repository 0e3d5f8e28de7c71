package access

import (
	_ "embed"
	"strings"
	"unicode/utf8"

	"allhours/platform/base/fault"
)

const (
	passwordMin   = 10
	passwordMax   = 200
	passwordUnits = 7
)

// common are words that passwords are made of, from published lists of leaked ones.
//
//go:embed common.txt
var commonText string

var commonWords = strings.Fields(commonText)

var errWeak = fault.New(fault.Invalid, "password.weak", "Choose a password that is harder to guess.")

// CheckPassword refuses a password that is too short or easy to guess. about are things that a guesser knows: e-mail, names, the shop.
func CheckPassword(password string, about ...string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < passwordMin:
		return errWeak.Field("password", "at least 10 characters")
	case n > passwordMax || !utf8.ValidString(password):
		return errWeak.Field("password", "at most 200 characters")
	case strings.ContainsRune(password, 0):
		return errWeak.Field("password", "no control characters")
	case units(password, about) < passwordUnits:
		return errWeak.Field("password", "not made of common words, names, rows of keys or repetitions: four or more unusual words are good")
	}
	return nil
}

// leet undoes the usual replacements.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "9", "g", "@", "a", "$", "s", "!", "i", "+", "t")

var runsOf = []string{"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgbyhnujm", "1qaz2wsx3edc4rfv"}

// units counts what a guesser would have to guess: a common word, a known name, a run of keys, a repetition and a year count as one, other characters each.
func units(password string, about []string) int {
	plain := strings.ToLower(password)
	words := commonWords
	for _, a := range about {
		for _, w := range strings.FieldsFunc(strings.ToLower(a), func(r rune) bool { return strings.ContainsRune(" @._-+'", r) }) {
			if utf8.RuneCountInString(w) >= 3 {
				words = append(words[:len(words):len(words)], w)
			}
		}
	}
	return min(count(plain, words), count(leet.Replace(plain), words))
}

func count(s string, words []string) int {
	n := 0
	seen := map[string]int{}
	for s != "" {
		step := piece(s, words)
		p := s[:step]
		most := 1 // a word that comes again is no more to guess
		if utf8.RuneCountInString(p) == 1 {
			most = 2
		}
		if seen[p]++; seen[p] <= most {
			n++
		}
		s = s[step:]
	}
	return n
}

// piece is the length of the longest thing at the beginning of s that is guessed as one.
func piece(s string, words []string) int {
	_, longest := utf8.DecodeRuneInString(s)
	for _, w := range words {
		if len(w) > longest && strings.HasPrefix(s, w) {
			longest = len(w)
		}
	}
	if len(s) >= 4 && (strings.HasPrefix(s, "19") || strings.HasPrefix(s, "20")) && digits(s[:4]) {
		longest = max(longest, 4)
	}
	return max(longest, repeated(s), run(s))
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func repeated(s string) int {
	first, size := utf8.DecodeRuneInString(s)
	n := 0
	for _, r := range s {
		if r != first {
			break
		}
		n += size
	}
	if n < 2*size {
		return 0
	}
	return n
}

// run is the length of a row of keys or letters, forwards or backwards, of three or more.
func run(s string) int {
	longest := 0
	for _, row := range runsOf {
		for _, r := range []string{row, reversed(row)} {
			for i := range r {
				n := 0
				for n < len(s) && i+n < len(r) && s[n] == r[i+n] {
					n++
				}
				if n >= 3 {
					longest = max(longest, n)
				}
			}
		}
	}
	return longest
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
