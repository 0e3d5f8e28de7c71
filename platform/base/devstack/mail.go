package devstack

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Mail is a mail server for development: it takes every message, sends none on, and shows them on a web page.
type Mail struct {
	SMTPURL string // for ALLHOURS_SMTP_URL
	WebURL  string // of the page

	mu       sync.Mutex
	messages []Letter // the newest last
	seen     int
	arrived  chan struct{} // closed and made anew at each arrival
	smtp     *smtp.Server
	web      *http.Server
}

// Letter is a message that was caught.
type Letter struct {
	ID      int       `json:"id"`
	From    string    `json:"from"`
	To      []string  `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	At      time.Time `json:"at"`
}

const keptLetters = 500

// StartMail listens on free ports of the loopback interface; webAddr may name the address of the page.
func StartMail(webAddr string) (*Mail, error) {
	m := &Mail{arrived: make(chan struct{})}
	m.smtp = smtp.NewServer(m)
	m.smtp.Domain = "localhost"
	m.smtp.AllowInsecureAuth = true
	m.smtp.ErrorLog = log.New(io.Discard, "", 0) // a client that is killed in the middle of a message is no news
	m.smtp.MaxMessageBytes = 10 << 20
	m.smtp.ReadTimeout, m.smtp.WriteTimeout = 30*time.Second, 30*time.Second
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("mail catcher: %w", err)
	}
	if webAddr == "" {
		webAddr = "127.0.0.1:0"
	}
	page, err := net.Listen("tcp", webAddr)
	if err != nil {
		_ = in.Close()
		return nil, fmt.Errorf("mail catcher: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", m.list)
	mux.HandleFunc("GET /{id}", m.show)
	mux.HandleFunc("GET /{id}/html", m.body)
	mux.HandleFunc("GET /api/messages", m.json)
	m.web = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	m.SMTPURL = "smtp://" + in.Addr().String() + "?tls=none"
	m.WebURL = "http://" + page.Addr().String()
	go func() { _ = m.smtp.Serve(in) }()
	go func() { _ = m.web.Serve(page) }()
	return m, nil
}

// Stop closes both servers; what was caught is gone.
func (m *Mail) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = m.smtp.Shutdown(ctx)
	_ = m.web.Close()
}

// Letters gives what was caught so far, the oldest first.
func (m *Mail) Letters() []Letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.messages)
}

// Await waits until a caught letter satisfies want.
func (m *Mail) Await(ctx context.Context, want func(Letter) bool) (Letter, error) {
	for {
		m.mu.Lock()
		letters, next := slices.Clone(m.messages), m.arrived
		m.mu.Unlock()
		if i := slices.IndexFunc(letters, want); i >= 0 {
			return letters[i], nil
		}
		select {
		case <-ctx.Done():
			return Letter{}, fmt.Errorf("no such letter among %d: %w", len(letters), context.Cause(ctx))
		case <-next:
		}
	}
}

// NewSession makes the server a smtp.Backend.
func (m *Mail) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{mail: m}, nil }

type session struct {
	mail *Mail
	from string
	to   []string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error   { s.to = append(s.to, to); return nil }
func (s *session) Reset()                                      { s.from, s.to = "", nil }
func (s *session) Logout() error                               { return nil }

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l := Letter{From: s.from, To: s.to, At: time.Now().UTC()}
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return &smtp.SMTPError{Code: 554, Message: "not a message: " + err.Error()}
	}
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		l.Subject = msg.Header.Get("Subject")
	}
	l.read(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
	s.mail.keep(l)
	return nil
}

// read takes the text and HTML parts out of a body.
func (l *Letter) read(contentType, encoding string, body io.Reader) {
	kind, params, _ := mime.ParseMediaType(contentType)
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			l.read(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	b, _ := io.ReadAll(body)
	if kind == "text/html" {
		l.HTML = string(b)
	} else {
		l.Text = string(b)
	}
}

func (m *Mail) keep(l Letter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen++
	l.ID = m.seen
	if len(m.messages) == keptLetters {
		m.messages = m.messages[1:]
	}
	m.messages = append(m.messages, l)
	close(m.arrived)
	m.arrived = make(chan struct{})
}

//go:embed mail.html
var mailPage string

var mailTemplate = template.Must(template.New("mail").Parse(mailPage))

func (m *Mail) list(w http.ResponseWriter, _ *http.Request) {
	letters := m.Letters()
	slices.Reverse(letters)
	_ = mailTemplate.Execute(w, map[string]any{"Letters": letters})
}

func (m *Mail) letter(r *http.Request) (Letter, bool) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	for _, l := range m.Letters() {
		if l.ID == id {
			return l, true
		}
	}
	return Letter{}, false
}

func (m *Mail) show(w http.ResponseWriter, r *http.Request) {
	l, found := m.letter(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	_ = mailTemplate.Execute(w, map[string]any{"Letter": l})
}

func (m *Mail) body(w http.ResponseWriter, r *http.Request) {
	l, found := m.letter(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	_, _ = io.WriteString(w, l.HTML)
}

func (m *Mail) json(w http.ResponseWriter, r *http.Request) {
	letters := slices.DeleteFunc(m.Letters(), func(l Letter) bool { return r.FormValue("to") != "" && !slices.Contains(l.To, r.FormValue("to")) })
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(letters)
}
