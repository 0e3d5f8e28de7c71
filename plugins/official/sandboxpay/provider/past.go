package provider

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxPast bounds a request with payments of the past.
const maxPast = 16 << 20

// putPast takes over payments that were made elsewhere and are over: a merchant who moves here brings them along, so that they can be looked up and refunded. No
// notification is sent. A payment that is known already is left as it is.
func (p *Provider) putPast(r *http.Request) (*result, error) {
	m := p.merchants[r.PathValue("id")]
	if m == nil {
		return nil, errNotFound
	}
	var in struct {
		Data []Payment `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, maxPast)).Decode(&in); err != nil {
		return nil, &apiError{400, "invalid_request", "bad_json", err.Error(), ""}
	}
	for i, pay := range in.Data {
		if pay.ID == "" || pay.Reference == "" || pay.Amount <= 0 || pay.State.payable() || pay.State == "" || pay.Captured > pay.Amount || pay.Refunded < 0 || pay.Refunded > pay.Captured {
			return nil, &apiError{400, "invalid_request", "bad_payment", "a past payment needs an id, a reference, an amount and a state in which it is over", fmt.Sprintf("data[%d]", i)}
		}
	}
	var saved <-chan error
	taken := 0
	for _, pay := range in.Data {
		if p.payments[pay.ID] != nil {
			continue
		}
		pay.Merchant, pay.Token, pay.AutoCapture = m.ID, newID("pt_"), true
		if pay.Expires.IsZero() {
			pay.Expires = pay.Created.Add(defaultLife)
		}
		if pay.Created.IsZero() {
			pay.Created = time.Now()
		}
		saved = p.commit(&change{Payment: &pay})
		taken++
	}
	return &result{200, map[string]any{"taken": taken}, saved}, nil // lines are saved in their order: the last is the last
}
