package catalog

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"allhours/platform/base/fault"
	"allhours/platform/base/money"
)

// The product CSV is described in docs/products-csv.md. A line is a variant; lines of one product that stand together are one product.

// longestRecord bounds one line with all its quoted breaks, and so the memory of an import.
const longestRecord = 1 << 20

// Refusal is a line that an import has not taken.
type Refusal struct {
	Line    int64  `json:"line"`
	Code    string `json:"code"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
	Content string `json:"content,omitempty" doc:"The line, its first 500 characters."`
}

// plainColumns are the columns that need no further name.
var plainColumns = []string{
	"handle", "title", "description", "type", "status", "tax_class", "categories", "sku", "barcode", "price", "price_tiers", "cost", "stock", "tracked",
	"quantity_min", "quantity_max", "quantity_step", "weight_g", "fulfilment_types", "variant_status",
	"option1_name", "option1_value", "option2_name", "option2_value", "option3_name", "option3_value", "option4_name", "option4_value", "option5_name", "option5_value",
}

// namedColumns are the columns with a name after a colon: a language, an attribute or a currency.
var namedColumns = []string{"title", "description", "attribute", "price", "price_tiers"}

var errHeader = fault.New(fault.Invalid, "import.header_invalid", "The first line must name the columns, sku among them.")

// table reads a CSV file line by line.
type table struct {
	in      *bounded
	csv     *csv.Reader
	columns []string
	line    int64
}

// bounded fails when one record is longer than it may be.
type bounded struct {
	r    io.Reader
	left int
}

var errLong = errors.New("the line is longer than 1 MiB")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// openTable reads the header. Commas, semicolons and tabs are told apart by it; a byte order mark is skipped.
func openTable(r io.Reader) (*table, error) {
	buf := bufio.NewReaderSize(r, 64<<10)
	head, err := buf.Peek(64 << 10)
	if len(head) == 0 {
		return nil, errHeader.Field("file", "is empty").Wrap(err)
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = buf.Discard(3)
		head = head[3:]
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	t := &table{in: &bounded{r: buf, left: 2 * longestRecord}}
	t.csv = csv.NewReader(t.in)
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	for _, sep := range []rune{',', ';', '\t'} {
		if bytes.ContainsRune(first, sep) && bytes.Count(first, []byte(string(sep))) > bytes.Count(first, []byte(string(t.csv.Comma))) {
			t.csv.Comma = sep
		}
	}
	names, err := t.csv.Read()
	if err != nil {
		return nil, errHeader.Wrap(err)
	}
	t.line, _ = lineOf(t.csv)
	return t, t.head(names)
}

func lineOf(r *csv.Reader) (int64, int) {
	line, col := r.FieldPos(0)
	return int64(line), col
}

func (t *table) head(names []string) error {
	for _, n := range names {
		n = strings.TrimSpace(n)
		key, rest, named := strings.Cut(n, ":")
		key = strings.ToLower(key)
		switch {
		case named && slices.Contains(namedColumns, key) && rest != "":
			if strings.HasPrefix(key, "price") {
				if _, err := money.Exponent(rest); err != nil {
					return errHeader.Field(n, "is no currency of ISO 4217")
				}
			} else if key != "attribute" && !language(rest) {
				return errHeader.Field(n, "is no language code such as en or zh")
			}
			n = key + ":" + rest
		case !named && slices.Contains(plainColumns, key):
			n = key
		default:
			return errHeader.Field(n, "is no column that we know; see docs/products-csv.md")
		}
		if slices.Contains(t.columns, n) {
			return errHeader.Field(n, "stands twice")
		}
		t.columns = append(t.columns, n)
	}
	if !slices.Contains(t.columns, "sku") {
		return errHeader.Field("sku", "is missing")
	}
	return nil
}

// record is a line by column; cells that are empty are not in it.
type record struct {
	Line  int64
	Cells map[string]string
	Raw   string
}

// refusal says why the line was not taken. The message is kept as fault.Text stores it, until someone reads it.
func (r record) refusal(code, field string, why fault.Text) Refusal {
	return Refusal{Line: r.Line, Code: code, Field: field, Message: why.Stored(), Content: r.Raw}
}

func (r record) refused(code, field string, why fault.Text) *Refusal {
	out := r.refusal(code, field, why)
	return &out
}

// next reads a line. It is io.EOF at the end; a *Refusal is a line that cannot be read, after which reading goes on.
func (t *table) next() (record, *Refusal, error) {
	t.in.left = longestRecord + 64<<10 // what is read ahead counts for the next one
	fields, err := t.csv.Read()
	var bad *csv.ParseError
	switch {
	case errors.Is(err, errLong):
		return record{}, nil, fault.New(fault.Invalid, "import.line_too_long", "A line after line %d is longer than 1 MiB: a quotation mark is probably missing.", t.line)
	case errors.As(err, &bad):
		t.line = int64(bad.StartLine)
		return record{}, record{Line: t.line}.refused("import.csv_invalid", "", fault.T("The line cannot be read as CSV: %s.", fault.Foreign(bad.Err.Error()))), nil
	case err != nil:
		return record{}, nil, err
	}
	r := record{Cells: make(map[string]string, len(fields)), Raw: shorten(strings.Join(fields, string(t.csv.Comma)), 500)}
	r.Line, _ = lineOf(t.csv)
	t.line = r.Line
	if len(fields) > len(t.columns) {
		return r, r.refused("import.too_many_cells", "", fault.T("The line has %d cells and the header %d.", len(fields), len(t.columns))), nil
	}
	for i, s := range fields {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return r, r.refused("import.not_utf8", t.columns[i], fault.T("The cell is not UTF-8 text. Save the file as UTF-8.")), nil
		}
		if s = strings.TrimSpace(s); s != "" {
			r.Cells[t.columns[i]] = strings.Clone(unguard(s))
		}
	}
	return r, nil, nil
}

// shorten cuts what was read to n bytes of valid text without NUL.
func shorten(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "�")
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.Clone(s)
}

// A cell that a spreadsheet would take for a formula is written with an apostrophe before it, and read without: guard and unguard undo each other.
const formula = "=+-@\t\r"

func guard(s string) string {
	if isFormula(s) {
		return "'" + s
	}
	return s
}

func unguard(s string) string {
	if strings.HasPrefix(s, "'") && isFormula(s) {
		return s[1:]
	}
	return s
}

func isFormula(s string) bool {
	rest := strings.TrimLeft(s, "'")
	return rest != "" && strings.IndexByte(formula, rest[0]) >= 0
}

// cells reads typed values from a line and gathers what is wrong with them.
type cells struct {
	record
	bad []Refusal
}

func (c *cells) refuse(code, field, format string, args ...any) {
	c.bad = append(c.bad, c.refusal(code, field, fault.T(format, args...)))
}

func (c *cells) number(column string, dst *int, least, most int) {
	s, ok := c.Cells[column]
	if !ok {
		return
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		c.refuse("import.number_invalid", column, "%q is not a whole number from %d to %d.", s, least, most)
		return
	}
	*dst = n
}

func (c *cells) yes(column string) *bool {
	s, ok := c.Cells[column]
	if !ok {
		return nil
	}
	yes, no := slices.Contains([]string{"yes", "true", "1"}, strings.ToLower(s)), slices.Contains([]string{"no", "false", "0"}, strings.ToLower(s))
	if !yes && !no {
		c.refuse("import.yes_or_no", column, "%q is neither yes nor no.", s)
	}
	return &yes
}

func (c *cells) amount(column, currency, s string) (int64, bool) {
	m, err := money.Parse(strings.TrimSpace(s), currency)
	if err != nil || m.Amount < 0 {
		c.refuse("import.price_invalid", column, "%q is not an amount in %s such as 12.99.", s, currency)
		return 0, false
	}
	return m.Amount, true
}

// listed splits a cell at its semicolons.
func listed(s string) (out []string) {
	for _, p := range strings.Split(s, ";") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}
