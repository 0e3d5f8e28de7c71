package fault

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"golang.org/x/text/language"
)

// Text is what a person is told: an English format and what goes into it, kept apart until it is known who reads it. The format is its key in zh.json, the
// catalogue of all that can be said; a test finds every format in the code and fails where the Chinese is missing. The format is always a literal, for that test.
type Text struct {
	format string
	args   []any // of string, int64 and Text
}

// T makes a text. The verbs are those of fmt; of them only %s, %q, %d and %v, because the arguments outlive the moment as texts and whole numbers.
func T(format string, args ...any) Text {
	t := Text{format: format}
	for _, a := range args {
		t.args = append(t.args, plain(a))
	}
	return t
}

// Foreign makes a text of words that are not ours, as a library's or a payment provider's. They are shown as they are, or in Chinese if the catalogue knows them.
func Foreign(format string, args ...any) Text { return T(format, args...) }

func plain(a any) any {
	switch v := reflect.ValueOf(a); v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if _, named := a.(fmt.Stringer); !named {
			return v.Int()
		}
	case reflect.Struct:
		if t, ok := a.(Text); ok {
			return t
		}
	}
	return fmt.Sprint(a)
}

// In puts the text in the language, "en" or "zh".
func (t Text) In(language string) string {
	format := t.format
	if chinese, ok := catalogue[format]; ok && language == "zh" {
		format = chinese
	}
	if len(t.args) == 0 {
		return format
	}
	args := make([]any, len(t.args))
	for i, a := range t.args {
		if inner, ok := a.(Text); ok {
			a = inner.In(language)
		}
		args[i] = a
	}
	return fmt.Sprintf(format, args...)
}

// String is the text in English, for logs and programs.
func (t Text) String() string { return t.In("en") }

// Empty reports whether there is nothing to say.
func (t Text) Empty() bool { return t.format == "" }

// Equal reports whether both say the same.
func (t Text) Equal(u Text) bool { return t.String() == u.String() }

type stored struct {
	Format string `json:"format"`
	Args   []any  `json:"args,omitempty"`
}

// Stored is the text for Read, format and arguments apart: what is told today may be read tomorrow, by someone else.
func (t Text) Stored() string {
	if t.Empty() {
		return ""
	}
	b, err := json.Marshal(t)
	if err != nil {
		return t.String()
	}
	return string(b)
}

// Read gives the text that was stored. What no Text has stored is Foreign.
func Read(stored string) (t Text) {
	if !strings.HasPrefix(stored, `{"format":`) || json.Unmarshal([]byte(stored), &t) != nil {
		return Foreign(stored)
	}
	return t
}

// MarshalJSON is Stored. Answers hold what In gives.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(stored{t.format, t.args}) }

// UnmarshalJSON is Read.
func (t *Text) UnmarshalJSON(b []byte) error {
	var s struct {
		Format string            `json:"format"`
		Args   []json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = Text{format: s.Format}
	for _, raw := range s.Args {
		var a any
		var err error
		switch raw[0] {
		case '{':
			var inner Text
			err = json.Unmarshal(raw, &inner)
			a = inner
		case '"':
			var text string
			err = json.Unmarshal(raw, &text)
			a = text
		default:
			var n int64
			err = json.Unmarshal(raw, &n)
			a = n
		}
		if err != nil {
			return err
		}
		t.args = append(t.args, a)
	}
	return nil
}

//go:embed zh.json
var chinese []byte

var catalogue = func() (texts map[string]string) {
	d := json.NewDecoder(bytes.NewReader(chinese))
	if err := d.Decode(&texts); err != nil {
		panic("fault: zh.json: " + err.Error())
	}
	return texts
}()

var languages = language.NewMatcher([]language.Tag{language.English, language.Chinese})

type wishKey struct{}

// WithWish puts on the context what the reader wishes to read: an Accept-Language header.
func WithWish(ctx context.Context, accept string) context.Context {
	return context.WithValue(ctx, wishKey{}, accept)
}

// LanguageOf is the language of those that we have which the context's reader wishes most: "en" or "zh", English for no wish.
func LanguageOf(ctx context.Context) string {
	accept, _ := ctx.Value(wishKey{}).(string)
	switch accept {
	case "", "en":
		return "en"
	case "zh":
		return "zh"
	}
	wishes, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return "en"
	}
	if _, i, _ := languages.Match(wishes...); i == 1 {
		return "zh"
	}
	return "en"
}

// Say is the text in the language of the context's reader.
func (t Text) Say(ctx context.Context) string { return t.In(LanguageOf(ctx)) }
