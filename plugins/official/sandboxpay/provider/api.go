package provider

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// apiError is what the API answers when it cannot do as asked.
type apiError struct {
	status  int
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

var errNotFound = &apiError{404, "invalid_request", "not_found", "there is no such object", ""}

// Handler serves the API under /v1, the pages under /p and the admin interface under /admin.
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/account", p.api(p.account))
	mux.HandleFunc("POST /v1/payments", p.api(p.once(p.create)))
	mux.HandleFunc("GET /v1/payments", p.api(p.find))
	mux.HandleFunc("GET /v1/payments/{id}", p.api(p.show))
	mux.HandleFunc("POST /v1/payments/{id}/capture", p.api(p.once(p.captureCall)))
	mux.HandleFunc("POST /v1/payments/{id}/cancel", p.api(p.once(p.cancelCall)))
	mux.HandleFunc("POST /v1/payments/{id}/refunds", p.api(p.once(p.refundCall)))
	mux.HandleFunc("GET /v1/refunds", p.api(p.findRefund))
	mux.HandleFunc("GET /v1/refunds/{id}", p.api(p.showRefund))
	mux.HandleFunc("GET /p/{token}", p.page)
	mux.HandleFunc("POST /p/{token}", p.decide)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	p.adminRoutes(mux)
	return mux
}

// request is one authenticated call of the API.
type request struct {
	*http.Request
	merchant *Merchant
	body     []byte
	key      string // idempotency key
	print    string // fingerprint of method, path and body
}

// result of a call: what to answer, and when that is on disk.
type result struct {
	status int
	body   any
	saved  <-chan error
}

const maxBody = 64 << 10

// api authenticates, runs and answers a call. A merchant's or payment's fault makes it misbehave, after the work is done.
func (p *Provider) api(run func(*request) (*result, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		p.mu.Lock()
		m := p.bySecret[secret]
		p.mu.Unlock()
		if m == nil {
			answer(w, nil, &apiError{401, "authentication", "bad_key", "the secret key is wrong", ""})
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			answer(w, nil, &apiError{413, "invalid_request", "too_large", "the body is too large", ""})
			return
		}
		sum := sha256.Sum256(bytes.Join([][]byte{[]byte(r.Method), []byte(r.URL.Path), body}, []byte{0}))
		req := &request{Request: r, merchant: m, body: body, key: r.Header.Get("Idempotency-Key"), print: hex.EncodeToString(sum[:])}
		fault := p.faultOf(req)
		if fault.kind == "refuse" {
			answer(w, nil, &apiError{503, "api_error", "unavailable", "try again later", ""})
			return
		}
		res, err := run(req)
		if err == nil && res.saved != nil {
			err = <-res.saved
		}
		if !fault.strike(w, r) {
			answer(w, res, err)
		}
	}
}

func answer(w http.ResponseWriter, res *result, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		var e *apiError
		if !errors.As(err, &e) {
			e = &apiError{500, "api_error", "internal", err.Error(), ""}
		}
		w.WriteHeader(e.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": e})
		return
	}
	w.WriteHeader(res.status)
	_ = json.NewEncoder(w).Encode(res.body)
}

// once makes a POST idempotent: the same key and body get the first answer again, the same key with another body is refused.
func (p *Provider) once(run func(*request) (*result, error)) func(*request) (*result, error) {
	return func(r *request) (*result, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if r.key == "" {
			return run(r)
		}
		if len(r.key) > 255 {
			return nil, &apiError{400, "idempotency", "key_too_long", "at most 255 characters", "Idempotency-Key"}
		}
		if old := p.replies[r.merchant.ID+"|"+r.key]; old != nil {
			if old.Fingerprint != r.print {
				return nil, &apiError{409, "idempotency", "key_reused", "the key was used with another request", "Idempotency-Key"}
			}
			return &result{status: old.Status, body: old.Body}, nil
		}
		return run(r)
	}
}

// reply records what is being answered under the request's key.
func (r *request) reply(status int, body any, object string) *Reply {
	if r.key == "" {
		return nil
	}
	raw, _ := json.Marshal(body)
	return &Reply{Merchant: r.merchant.ID, Key: r.key, Fingerprint: r.print, Status: status, Body: raw, Object: object}
}

func (r *request) decode(v any) error {
	if len(bytes.TrimSpace(r.body)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return &apiError{400, "invalid_request", "bad_json", err.Error(), ""}
	}
	return nil
}

// public is the payment as the merchant sees it.
func (pay *Payment) public(base string) map[string]any {
	m := map[string]any{
		"id": pay.ID, "object": "payment", "reference": pay.Reference, "amount": pay.Amount, "currency": pay.Currency,
		"captured": pay.Captured, "refunded": pay.Refunded, "method": pay.Method, "state": pay.State, "decline_code": pay.DeclineCode,
		"card_last4": pay.Card, "metadata": pay.Metadata, "created": pay.Created.UTC(), "expires": pay.Expires.UTC(),
	}
	if base != "" && pay.State.payable() {
		m["page_url"] = base + "/p/" + pay.Token
	}
	return m
}

func (p *Provider) account(r *request) (*result, error) {
	return &result{status: 200, body: map[string]any{"id": r.merchant.ID, "name": r.merchant.Name, "methods": []string{"card", "qr", "wallet"}}}, nil
}

type createInput struct {
	Reference   string            `json:"reference"`
	Amount      int64             `json:"amount"`
	Currency    string            `json:"currency"`
	Method      string            `json:"method"`
	Token       string            `json:"token"`
	Capture     *bool             `json:"capture"`
	ReturnURL   string            `json:"return_url"`
	NotifyURL   string            `json:"notify_url"`
	Description string            `json:"description"`
	Expires     *time.Time        `json:"expires"`
	Metadata    map[string]string `json:"metadata"`
}

func (in *createInput) check() error {
	bad := func(param, msg string) error {
		return &apiError{400, "invalid_request", "invalid", msg, param}
	}
	switch {
	case in.Reference == "" || len(in.Reference) > 128:
		return bad("reference", "1 to 128 characters")
	case in.Amount <= 0 || in.Amount > 1e12:
		return bad("amount", "must be positive, in minor units")
	case len(in.Currency) != 3 || strings.ToUpper(in.Currency) != in.Currency:
		return bad("currency", "three capital letters, as in ISO 4217")
	case in.Method != "card" && in.Method != "qr" && in.Method != "wallet":
		return bad("method", "card, qr or wallet")
	case in.Token != "" && in.Method != "card":
		return bad("token", "only for cards")
	case in.Expires != nil && time.Until(*in.Expires) > 30*24*time.Hour:
		return bad("expires", "at most 30 days ahead")
	}
	if _, ok := cards[in.Token]; in.Token != "" && !ok {
		return bad("token", "unknown card token")
	}
	for param, raw := range map[string]string{"return_url": in.ReturnURL, "notify_url": in.NotifyURL} {
		if u, err := url.Parse(raw); raw != "" && (err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http")) {
			return bad(param, "must be an absolute http(s) address")
		}
	}
	return nil
}

func (p *Provider) create(r *request) (*result, error) {
	var in createInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	now := time.Now()
	pay := Payment{
		ID: newID("pay_"), Merchant: r.merchant.ID, Reference: in.Reference, Amount: in.Amount, Currency: in.Currency, Method: in.Method,
		AutoCapture: in.Capture == nil || *in.Capture, State: Unpaid, Description: in.Description, ReturnURL: in.ReturnURL,
		NotifyURL: in.NotifyURL, Metadata: in.Metadata, Token: newID(""), Created: now, Expires: now.Add(defaultLife),
	}
	if in.Expires != nil {
		pay.Expires = *in.Expires
	}
	if in.Token != "" {
		pay = pay.settle(cards[in.Token])
	}
	body := pay.public(p.cfg.PublicURL)
	return &result{201, body, p.move(pay, r.reply(201, body, pay.ID))}, nil
}

// own finds the merchant's payment named in the path. The caller holds p.mu.
func (p *Provider) own(r *request) (*Payment, error) {
	pay := p.payments[r.PathValue("id")]
	if pay == nil || pay.Merchant != r.merchant.ID {
		return nil, errNotFound
	}
	p.expireIfDue(pay)
	return pay, nil
}

func (p *Provider) show(r *request) (*result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pay, err := p.own(r)
	if err != nil {
		return nil, err
	}
	return &result{status: 200, body: pay.public(p.cfg.PublicURL)}, nil
}

// find lists payments by ?reference= or the one made under ?idempotency_key=.
func (p *Provider) find(r *request) (*result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := []map[string]any{}
	add := func(pay *Payment) {
		p.expireIfDue(pay)
		found = append(found, pay.public(p.cfg.PublicURL))
	}
	q := r.URL.Query()
	if ref := q.Get("reference"); ref != "" {
		for _, pay := range p.byRef[r.merchant.ID+"|"+ref] {
			add(pay)
		}
	} else if reply := p.replies[r.merchant.ID+"|"+q.Get("idempotency_key")]; reply != nil && p.payments[reply.Object] != nil {
		add(p.payments[reply.Object])
	}
	return &result{status: 200, body: map[string]any{"data": found}}, nil
}

// change runs a call that alters a payment and answers with it.
func (p *Provider) change(r *request, alter func(Payment, int64) (Payment, error)) (*result, error) {
	var in struct {
		Amount   int64             `json:"amount"`
		Metadata map[string]string `json:"metadata"` // read by faultOf
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	pay, err := p.own(r)
	if err != nil {
		return nil, err
	}
	next, err := alter(pay.copy(), in.Amount)
	if err != nil {
		return nil, err
	}
	body := next.public("")
	if next.State == pay.State {
		return &result{status: 200, body: body}, nil
	}
	return &result{200, body, p.move(next, r.reply(200, body, next.ID))}, nil
}

func (p *Provider) captureCall(r *request) (*result, error) {
	return p.change(r, func(pay Payment, amount int64) (Payment, error) { return pay.capture(amount) })
}

func (p *Provider) cancelCall(r *request) (*result, error) {
	return p.change(r, func(pay Payment, _ int64) (Payment, error) { return pay.cancel() })
}

func (p *Provider) refundCall(r *request) (*result, error) {
	var in struct {
		Amount    int64             `json:"amount"`
		Reason    string            `json:"reason"`
		Reference string            `json:"reference"`
		Metadata  map[string]string `json:"metadata"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	pay, err := p.own(r)
	if err != nil {
		return nil, err
	}
	next, amount, err := pay.copy().refund(in.Amount)
	if err != nil {
		return nil, err
	}
	ref := &Refund{
		ID: newID("ref_"), Payment: pay.ID, Merchant: r.merchant.ID, Reference: in.Reference, Amount: amount, Currency: pay.Currency,
		Reason: in.Reason, State: "succeeded", Created: time.Now(),
	}
	saved := p.commit(&change{Payment: &next, Refund: ref, Notice: p.notice(&next, ref), Reply: r.reply(201, ref, ref.ID)})
	return &result{201, ref, saved}, nil
}

func (p *Provider) showRefund(r *request) (*result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ref := p.refunds[r.PathValue("id")]
	if ref == nil || ref.Merchant != r.merchant.ID {
		return nil, errNotFound
	}
	return &result{status: 200, body: ref}, nil
}

// findRefund lists the refund made under ?idempotency_key=, or those of ?payment=.
func (p *Provider) findRefund(r *request) (*result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := []*Refund{}
	q := r.URL.Query()
	if pay := p.payments[q.Get("payment")]; pay != nil && pay.Merchant == r.merchant.ID {
		found = append(found, p.ofPayment[pay.ID]...)
	} else if reply := p.replies[r.merchant.ID+"|"+q.Get("idempotency_key")]; reply != nil && p.refunds[reply.Object] != nil {
		found = append(found, p.refunds[reply.Object])
	}
	return &result{status: 200, body: map[string]any{"data": found}}, nil
}
