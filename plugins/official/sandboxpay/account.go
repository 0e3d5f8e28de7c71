package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"allhours/plugins/sdk"
)

// account is one installation: a merchant's account at the provider.
type account struct {
	BaseURL       string   `json:"base_url"`
	SecretKey     string   `json:"secret_key"`
	WebhookSecret string   `json:"webhook_secret"`
	MethodCodes   []string `json:"methods"`

	sdk.Instance `json:"-"`
}

var allMethods = []string{"card", "qr", "wallet"}

func newAccount(_ context.Context, in sdk.Instance) (*account, error) {
	a := &account{Instance: in}
	if err := in.Decode(a); err != nil {
		return nil, err
	}
	u, err := url.Parse(a.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, &sdk.Error{Class: sdk.Config, Code: "config.invalid", Field: "base_url", Message: "base_url must be an http(s) address"}
	}
	for field, v := range map[string]string{"secret_key": a.SecretKey, "webhook_secret": a.WebhookSecret} {
		if v == "" {
			return nil, &sdk.Error{Class: sdk.Config, Code: "config.missing", Field: field, Message: field + " is required"}
		}
	}
	if len(a.MethodCodes) == 0 {
		a.MethodCodes = allMethods
	}
	a.BaseURL = strings.TrimRight(a.BaseURL, "/")
	return a, nil
}

// Test asks the provider who the key belongs to.
func (a *account) Test(ctx context.Context) (map[string]string, error) {
	var who struct{ ID, Name string }
	if err := a.get(ctx, "/v1/account", &who); err != nil {
		return nil, err
	}
	return map[string]string{"account": who.ID, "name": who.Name}, nil
}

// payment and refund are what the provider says of them.
type payment struct {
	ID          string    `json:"id"`
	Reference   string    `json:"reference"`
	Amount      int64     `json:"amount"`
	Currency    string    `json:"currency"`
	Captured    int64     `json:"captured"`
	Refunded    int64     `json:"refunded"`
	Method      string    `json:"method"`
	State       string    `json:"state"`
	DeclineCode string    `json:"decline_code"`
	Card        string    `json:"card_last4"`
	PageURL     string    `json:"page_url"`
	Expires     time.Time `json:"expires"`
}

type refund struct {
	ID        string `json:"id"`
	Payment   string `json:"payment"`
	Reference string `json:"reference"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	State     string `json:"state"`
}

func (a *account) get(ctx context.Context, path string, out any) error {
	return a.do(ctx, http.MethodGet, path, "", nil, out)
}

// do calls the provider. A POST that may have reached it without an answer is an unknown outcome; a GET is merely unavailable.
func (a *account) do(ctx context.Context, method, path, key string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.BaseURL+path, body)
	if err != nil {
		return &sdk.Error{Class: sdk.Config, Code: "config.invalid", Field: "base_url", Message: err.Error()}
	}
	req.Header.Set("Authorization", "Bearer "+a.SecretKey)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := a.HTTP.Do(req)
	if err != nil {
		return lost(method, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return lost(method, err)
	}
	if resp.StatusCode > 299 {
		return refusal(method, resp.StatusCode, raw)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return &sdk.Error{Class: sdk.UnknownOutcome, Code: "provider.unreadable", Message: "the provider's answer could not be read"}
	}
	return nil
}

func lost(method string, err error) error {
	e := &sdk.Error{Class: sdk.UnknownOutcome, Code: "provider.no_answer", Message: "the provider did not answer", Err: err}
	var op *net.OpError
	if method == http.MethodGet || (errors.As(err, &op) && op.Op == "dial") {
		e.Class, e.Code, e.Message, e.SafeToRetry = sdk.Upstream, "provider.unreachable", "the provider cannot be reached", true
	}
	return e
}

func refusal(method string, status int, raw []byte) error {
	var in struct {
		Error struct{ Type, Code, Message, Param string }
	}
	_ = json.Unmarshal(raw, &in)
	e := &sdk.Error{Code: "provider." + in.Error.Code, UpstreamCode: in.Error.Code, Message: in.Error.Message, Field: in.Error.Param}
	switch {
	case status == 401 || status == 403:
		e.Class, e.Field = sdk.Auth, "secret_key"
	case status == 429:
		e.Class, e.SafeToRetry = sdk.RateLimit, true
	case status == 503 || (status >= 500 && method == http.MethodGet):
		e.Class, e.SafeToRetry = sdk.Upstream, true
	case status >= 500:
		e.Class = sdk.UnknownOutcome
	default:
		e.Class = sdk.UserInput
	}
	if in.Error.Code == "" {
		e.Code, e.Message = "provider.error", fmt.Sprintf("the provider answered %d", status)
	}
	return e
}
