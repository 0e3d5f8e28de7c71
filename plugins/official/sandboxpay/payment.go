package main

import (
	"context"
	"net/url"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"allhours/plugins/sdk"
	"allhours/plugins/sdk/pluginv1"
)

// Methods lists what the shop switched on.
func (a *account) Methods(context.Context, *pluginv1.MethodsRequest) (*pluginv1.MethodsResponse, error) {
	out := &pluginv1.MethodsResponse{}
	for _, code := range a.MethodCodes {
		out.Methods = append(out.Methods, &pluginv1.MethodsResponse_M{Code: code, LabelKey: "payment.method." + code, NeedsRedirect: code != "qr"})
	}
	return out, nil
}

// Authorize opens a payment at the provider, under the host's key.
func (a *account) Authorize(ctx context.Context, in *pluginv1.AuthorizeRequest) (*pluginv1.TxnResult, error) {
	if !slices.Contains(a.MethodCodes, in.GetMethodCode()) {
		return nil, &sdk.Error{Class: sdk.UserInput, Code: "method.unknown", Field: "method_code", Message: "this payment method is not offered"}
	}
	body := map[string]any{
		"reference": in.GetTxnId(), "amount": in.GetAmount().GetMinor(), "currency": in.GetAmount().GetCurrency(), "method": in.GetMethodCode(),
		"token": in.GetMethodToken(), "capture": in.GetCapture(), "return_url": in.GetReturnUrl(), "notify_url": a.WebhookURL,
		"description": in.GetDescription(), "metadata": in.GetMetadata(),
	}
	if t := in.GetExpiresAt(); t != nil {
		body["expires"] = t.AsTime()
	}
	var p payment
	if err := a.do(ctx, "POST", "/v1/payments", in.GetCall().GetIdempotencyKey(), body, &p); err != nil {
		return nil, err
	}
	return p.result(), nil
}

// Capture takes the money of an authorization.
func (a *account) Capture(ctx context.Context, in *pluginv1.CaptureRequest) (*pluginv1.TxnResult, error) {
	return a.change(ctx, in.GetProviderRef(), "capture", in.GetCall().GetIdempotencyKey(), map[string]any{"amount": in.GetAmount().GetMinor()})
}

// Void closes an unpaid payment or releases an authorization.
func (a *account) Void(ctx context.Context, in *pluginv1.VoidRequest) (*pluginv1.TxnResult, error) {
	return a.change(ctx, in.GetProviderRef(), "cancel", in.GetCall().GetIdempotencyKey(), map[string]any{})
}

func (a *account) change(ctx context.Context, ref, verb, key string, body map[string]any) (*pluginv1.TxnResult, error) {
	var p payment
	if err := a.do(ctx, "POST", "/v1/payments/"+url.PathEscape(ref)+"/"+verb, key, body, &p); err != nil {
		return nil, err
	}
	return p.result(), nil
}

// Refund gives money back. Which operation it was is kept as the refund's reference.
func (a *account) Refund(ctx context.Context, in *pluginv1.RefundRequest) (*pluginv1.TxnResult, error) {
	var r refund
	body := map[string]any{"amount": in.GetAmount().GetMinor(), "reason": in.GetReason(), "reference": in.GetTxnId()}
	if err := a.do(ctx, "POST", "/v1/payments/"+url.PathEscape(in.GetProviderRef())+"/refunds", in.GetCall().GetIdempotencyKey(), body, &r); err != nil {
		return nil, err
	}
	return r.result(), nil
}

// Lookup says what the provider knows of an operation. NOT_ATTEMPTED means that it never arrived.
func (a *account) Lookup(ctx context.Context, in *pluginv1.LookupRequest) (*pluginv1.TxnResult, error) {
	if in.GetKind() == pluginv1.LookupRequest_REFUND {
		var found struct{ Data []refund }
		if err := a.get(ctx, "/v1/refunds?idempotency_key="+url.QueryEscape(in.GetOriginalIdempotencyKey()), &found); err != nil {
			return nil, err
		}
		if len(found.Data) == 0 {
			return notAttempted(in), nil
		}
		return found.Data[0].result(), nil
	}
	if ref := in.GetProviderRef(); ref != "" {
		var p payment
		if err := a.get(ctx, "/v1/payments/"+url.PathEscape(ref), &p); err != nil {
			return nil, err
		}
		return p.result(), nil
	}
	query := "idempotency_key=" + url.QueryEscape(in.GetOriginalIdempotencyKey())
	if in.GetOriginalIdempotencyKey() == "" {
		query = "reference=" + url.QueryEscape(in.GetTxnId())
	}
	var found struct{ Data []payment }
	if err := a.get(ctx, "/v1/payments?"+query, &found); err != nil {
		return nil, err
	}
	if len(found.Data) == 0 {
		return notAttempted(in), nil
	}
	return found.Data[0].result(), nil
}

func notAttempted(in *pluginv1.LookupRequest) *pluginv1.TxnResult {
	return &pluginv1.TxnResult{State: pluginv1.TxnResult_NOT_ATTEMPTED, TxnId: in.GetTxnId()}
}

var states = map[string]pluginv1.TxnResult_State{
	"open":       pluginv1.TxnResult_ACTION_REQUIRED,
	"challenge":  pluginv1.TxnResult_ACTION_REQUIRED,
	"authorized": pluginv1.TxnResult_AUTHORIZED,
	"captured":   pluginv1.TxnResult_CAPTURED,
	"declined":   pluginv1.TxnResult_DECLINED,
	"cancelled":  pluginv1.TxnResult_VOIDED,
	"expired":    pluginv1.TxnResult_VOIDED,
}

// result puts a payment in the contract's words. A state that is new to us is unknown, not a guess.
func (p *payment) result() *pluginv1.TxnResult {
	state, ok := states[p.State]
	if !ok {
		state = pluginv1.TxnResult_UNKNOWN
	}
	amount := p.Amount
	if state == pluginv1.TxnResult_CAPTURED {
		amount = p.Captured
	}
	r := &pluginv1.TxnResult{
		State: state, ProviderRef: p.ID, TxnId: p.Reference, Amount: money(amount, p.Currency),
		Captured: money(p.Captured, p.Currency), Refunded: money(p.Refunded, p.Currency),
		ProviderData: map[string]string{"state": p.State, "method": p.Method},
	}
	if p.Card != "" {
		r.ProviderData["card_last4"] = p.Card
	}
	if p.DeclineCode != "" || p.State == "expired" {
		code := p.DeclineCode
		if code == "" {
			code = "expired"
		}
		r.Problem = &pluginv1.Problem{Class: pluginv1.Problem_DECLINED, Code: "card." + code, UpstreamCode: code, UserMessageKey: "payment.declined." + code}
	}
	if state == pluginv1.TxnResult_ACTION_REQUIRED {
		r.NextActionUrl, r.NextAction = p.PageURL, p.action()
	}
	return r
}

// action is what the shopper must do: go to a page, or scan a code.
func (p *payment) action() *structpb.Struct {
	next := map[string]any{"type": "redirect", "url": p.PageURL}
	if p.Method == "qr" {
		next = map[string]any{"type": "qr", "payload": p.PageURL, "expires_at": p.Expires.UTC().Format(time.RFC3339)}
	}
	s, _ := structpb.NewStruct(next) // strings only: cannot fail
	return s
}

func (r *refund) result() *pluginv1.TxnResult {
	state := pluginv1.TxnResult_UNKNOWN
	if r.State == "succeeded" {
		state = pluginv1.TxnResult_REFUNDED
	}
	return &pluginv1.TxnResult{
		State: state, ProviderRef: r.ID, TxnId: r.Reference, Amount: money(r.Amount, r.Currency),
		ProviderData: map[string]string{"payment": r.Payment},
	}
}

// money carries the provider's exponent along, so that the host can see a disagreement.
func money(minor int64, currency string) *pluginv1.Money {
	return &pluginv1.Money{Currency: currency, Minor: minor, Exponent: sdk.Exponent(currency)}
}
