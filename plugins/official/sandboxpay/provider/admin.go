package provider

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// adminRoutes let an operator, a test or the demo set up merchants and choose how the provider misbehaves. Bearer AdminToken.
func (p *Provider) adminRoutes(mux *http.ServeMux) {
	mux.HandleFunc("PUT /admin/merchants/{id}", p.admin(p.putMerchant))
	mux.HandleFunc("GET /admin/merchants/{id}/payments", p.admin(p.listPayments))
	mux.HandleFunc("POST /admin/merchants/{id}/payments", p.admin(p.putPast))
	mux.HandleFunc("GET /admin/merchants/{id}/notices", p.admin(p.listNotices))
	mux.HandleFunc("POST /admin/notices/{id}/resend", p.admin(p.resend))
}

func (p *Provider) admin(run func(*http.Request) (*result, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if p.cfg.AdminToken == "" || subtle.ConstantTimeCompare([]byte(got), []byte(p.cfg.AdminToken)) != 1 {
			answer(w, nil, &apiError{401, "authentication", "bad_token", "the admin token is wrong", ""})
			return
		}
		p.mu.Lock()
		res, err := run(r)
		p.mu.Unlock()
		if err == nil && res.saved != nil {
			err = <-res.saved
		}
		answer(w, res, err)
	}
}

// putMerchant makes or alters a merchant. Keys not given are kept, or made up.
func (p *Provider) putMerchant(r *http.Request) (*result, error) {
	var in Merchant
	if err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&in); err != nil {
		return nil, &apiError{400, "invalid_request", "bad_json", err.Error(), ""}
	}
	in.ID = r.PathValue("id")
	old := p.merchants[in.ID]
	if old == nil {
		old = &Merchant{Name: in.ID, SecretKey: newID("sk_"), WebhookSecret: newID("whsec_")}
	}
	if in.Name == "" {
		in.Name = old.Name
	}
	if in.SecretKey == "" {
		in.SecretKey = old.SecretKey
	}
	if in.WebhookSecret == "" {
		in.WebhookSecret = old.WebhookSecret
	}
	if other := p.bySecret[in.SecretKey]; other != nil && other.ID != in.ID {
		return nil, &apiError{409, "invalid_request", "key_taken", "another merchant has this key", "secret_key"}
	}
	return &result{200, in, p.commit(&change{Merchant: &in})}, nil
}

func (p *Provider) listPayments(r *http.Request) (*result, error) {
	found := []map[string]any{}
	for _, pay := range p.payments {
		if pay.Merchant == r.PathValue("id") {
			found = append(found, pay.public(p.cfg.PublicURL))
		}
	}
	return &result{status: 200, body: map[string]any{"data": found}}, nil
}

func (p *Provider) listNotices(r *http.Request) (*result, error) {
	found := []Notice{}
	for _, n := range p.notices {
		if n.Merchant == r.PathValue("id") {
			found = append(found, *n)
		}
	}
	return &result{status: 200, body: map[string]any{"data": found}}, nil
}

// resend delivers a notification again, also one that was withheld.
func (p *Provider) resend(r *http.Request) (*result, error) {
	n := p.notices[r.PathValue("id")]
	if n == nil {
		return nil, errNotFound
	}
	again := *n
	again.Outcome, again.Sends, again.Next, again.Created = "", 1, time.Now(), time.Now()
	return &result{200, again, p.commit(&change{Notice: &again})}, nil
}
