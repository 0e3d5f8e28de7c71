package main

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"allhours/plugins/official/sandboxpay/provider"
	"allhours/plugins/sdk/pluginv1"
)

// tolerance is how far a notification's time may be from ours.
const tolerance = 5 * time.Minute

// Handle verifies a notification and reads it.
func (a *account) Handle(_ context.Context, in *pluginv1.WebhookRequest) (*pluginv1.WebhookResponse, error) {
	at, ok := a.signed(in)
	if !ok {
		return &pluginv1.WebhookResponse{Verdict: pluginv1.WebhookResponse_BAD_SIGNATURE, Status: 401}, nil
	}
	if d := in.GetReceivedAt().AsTime().Sub(at); d > tolerance || d < -tolerance {
		return &pluginv1.WebhookResponse{Verdict: pluginv1.WebhookResponse_STALE, Status: 400}, nil
	}
	var n struct {
		ID, Type string
		Created  time.Time
		Data     struct {
			Payment *payment
			Refund  *refund
		}
	}
	readable := json.Unmarshal(in.GetRawBody(), &n) == nil
	if !readable || n.ID == "" || n.Data.Payment == nil {
		return &pluginv1.WebhookResponse{Verdict: pluginv1.WebhookResponse_IGNORED, DedupeId: n.ID, Status: 400}, nil
	}
	event := &pluginv1.DomainEvent{Type: "payment.updated", OccurredAt: timestamppb.New(n.Created), Txn: n.Data.Payment.result()}
	if n.Data.Refund != nil {
		event.Type, event.Txn = "refund.updated", n.Data.Refund.result()
	}
	event.SubjectRef = event.Txn.GetTxnId()
	return &pluginv1.WebhookResponse{
		Verdict: pluginv1.WebhookResponse_ACCEPTED, DedupeId: n.ID, Status: 200, Events: []*pluginv1.DomainEvent{event},
	}, nil
}

// signed checks the signature and returns its time.
func (a *account) signed(in *pluginv1.WebhookRequest) (time.Time, bool) {
	var stamp, code string
	for _, part := range strings.Split(header(in, provider.SignatureHeader), ",") {
		switch k, v, _ := strings.Cut(part, "="); k {
		case "t":
			stamp = v
		case "v1":
			code = v
		}
	}
	got, err1 := hex.DecodeString(code)
	unix, err2 := strconv.ParseInt(stamp, 10, 64)
	if err1 != nil || err2 != nil || !hmac.Equal(got, provider.MAC(a.WebhookSecret, stamp, in.GetRawBody())) {
		return time.Time{}, false
	}
	return time.Unix(unix, 0), true
}

func header(in *pluginv1.WebhookRequest, name string) string {
	for _, h := range in.GetHeaders() {
		if strings.EqualFold(h.GetName(), name) && len(h.GetValues()) > 0 {
			return h.GetValues()[0]
		}
	}
	return ""
}
