package notify

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
)

// Content is what a mail says, in one language. Everything is plain text: the layout escapes it.
type Content struct {
	Subject    string
	Heading    string
	Paragraphs []string
	Rows       [][2]string // a small table: what, how much
	Button     string
	Link       string
	Footnote   string
}

type rendered struct {
	Text string `json:"text"`
	HTML string `json:"html"`
}

//go:embed layout.html
var layoutText string

var layout = template.Must(template.New("layout").Parse(layoutText))

// render gives both bodies as JSON.
func (c Content) render(language, sender string) ([]byte, error) {
	var page bytes.Buffer
	if err := layout.Execute(&page, map[string]any{"C": c, "Language": language, "Sender": sender}); err != nil {
		return nil, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\n", c.Heading)
	for _, p := range c.Paragraphs {
		fmt.Fprintf(&text, "%s\n\n", p)
	}
	for _, r := range c.Rows {
		fmt.Fprintf(&text, "%s: %s\n", r[0], r[1])
	}
	if len(c.Rows) > 0 {
		text.WriteString("\n")
	}
	if c.Link != "" {
		fmt.Fprintf(&text, "%s: %s\n\n", c.Button, c.Link)
	}
	if c.Footnote != "" {
		fmt.Fprintf(&text, "%s\n\n", c.Footnote)
	}
	fmt.Fprintf(&text, "-- \n%s\n", sender)
	return json.Marshal(rendered{Text: text.String(), HTML: page.String()})
}
