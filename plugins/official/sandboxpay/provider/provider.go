// Package provider is a payment provider of its own: merchants, payments by card, QR code and wallet, refunds, pages where the
// payer decides, and signed notifications. It takes no real money; in everything else it behaves as the real ones do, and on request
// misbehaves as they do: slow, silent after success, notifying late, twice or never.
//
// It keeps its state in a journal on disk and survives being killed at any moment.
package provider

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config of a Provider.
type Config struct {
	Dir        string // of the journal
	PublicURL  string // where payers reach the pages, "https://pay.example"
	AdminToken string // for /admin; empty: no admin interface
	Log        *slog.Logger
	RetryBase  time.Duration // wait before the second attempt of a notification, then doubling to 5 min; default 1 s
	NoticeTTL  time.Duration // when notifying is given up; default 24 h
}

// Provider serves the merchants' API, the payers' pages and the admin interface.
type Provider struct {
	cfg     Config
	journal *journal
	client  *http.Client
	ctx     context.Context
	stop    context.CancelFunc
	sending chan struct{} // bounds notifications in flight

	mu sync.Mutex
	books
}

// books are the state: what the journal says, in memory.
type books struct {
	merchants map[string]*Merchant
	payments  map[string]*Payment
	refunds   map[string]*Refund
	notices   map[string]*Notice
	replies   map[string]*Reply // by merchant and idempotency key
	byToken   map[string]*Payment
	bySecret  map[string]*Merchant
	ofPayment map[string][]*Refund
	byRef     map[string][]*Payment // by merchant and reference
}

// change is one line of the journal: the new values of what a request altered, all or nothing.
type change struct {
	Merchant *Merchant `json:"merchant,omitempty"`
	Payment  *Payment  `json:"payment,omitempty"`
	Refund   *Refund   `json:"refund,omitempty"`
	Notice   *Notice   `json:"notice,omitempty"`
	Reply    *Reply    `json:"reply,omitempty"`
}

// Open reads the journal and takes up what was left: notifications not delivered yet, payments about to expire.
func Open(cfg Config) (*Provider, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.RetryBase == 0 {
		cfg.RetryBase = time.Second
	}
	if cfg.NoticeTTL == 0 {
		cfg.NoticeTTL = 24 * time.Hour
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	p := &Provider{
		cfg: cfg, client: &http.Client{Timeout: 10 * time.Second}, sending: make(chan struct{}, 16),
		books: books{
			merchants: map[string]*Merchant{}, payments: map[string]*Payment{}, refunds: map[string]*Refund{},
			notices: map[string]*Notice{}, replies: map[string]*Reply{}, byToken: map[string]*Payment{},
			bySecret: map[string]*Merchant{}, ofPayment: map[string][]*Refund{}, byRef: map[string][]*Payment{},
		},
	}
	var err error
	if p.journal, err = openJournal(cfg.Dir, p.replay); err != nil {
		return nil, err
	}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.notices {
		p.schedule(n)
	}
	for _, pay := range p.payments {
		p.watchExpiry(pay)
	}
	return p, nil
}

// Close stops notifying and closes the journal.
func (p *Provider) Close() error {
	p.stop()
	return p.journal.close()
}

func (p *Provider) replay(line []byte) error {
	var c change
	if err := json.Unmarshal(line, &c); err != nil {
		return err
	}
	p.apply(&c)
	return nil
}

// apply puts the new values into the books.
func (b *books) apply(c *change) {
	if m := c.Merchant; m != nil {
		if old := b.merchants[m.ID]; old != nil {
			delete(b.bySecret, old.SecretKey)
		}
		b.merchants[m.ID], b.bySecret[m.SecretKey] = m, m
	}
	if pay := c.Payment; pay != nil {
		if b.payments[pay.ID] == nil {
			ref := pay.Merchant + "|" + pay.Reference
			b.byRef[ref] = append(b.byRef[ref], pay)
		} else {
			*b.payments[pay.ID] = *pay
			pay = b.payments[pay.ID]
		}
		b.payments[pay.ID], b.byToken[pay.Token] = pay, pay
	}
	if r := c.Refund; r != nil {
		if b.refunds[r.ID] == nil {
			b.ofPayment[r.Payment] = append(b.ofPayment[r.Payment], r)
		}
		b.refunds[r.ID] = r
	}
	if n := c.Notice; n != nil {
		b.notices[n.ID] = n
	}
	if r := c.Reply; r != nil {
		b.replies[r.Merchant+"|"+r.Key] = r
	}
}

// commit applies a change and returns when it is on disk. The caller holds p.mu, and lets go of it before waiting.
func (p *Provider) commit(c *change) <-chan error {
	line, err := json.Marshal(c)
	if err != nil {
		failed := make(chan error, 1)
		failed <- fmt.Errorf("journal: %w", err)
		return failed
	}
	p.apply(c)
	saved := p.journal.append(line)
	if c.Notice != nil {
		p.schedule(c.Notice)
	}
	if c.Payment != nil {
		p.watchExpiry(c.Payment)
	}
	return saved
}

func newID(prefix string) string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}
