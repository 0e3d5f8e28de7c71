package main

import (
	"context"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"allhours/plugins/official/sandboxpay/provider"
	"allhours/plugins/sdk/pluginv1"
)

// FuzzHandle: no notification makes the plugin fail, and none is accepted without the right signature.
func FuzzHandle(f *testing.F) {
	f.Add("t=1,v1=00", []byte(`{}`))
	f.Add("v1=,t=", []byte(`{"id":"x","data":{"payment":{}}}`))
	f.Add("t=1767225600,v1=zz", []byte(nil))
	a := &account{WebhookSecret: "whsec_12345678"}
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		res, err := a.Handle(context.Background(), &pluginv1.WebhookRequest{
			RawBody: body, ReceivedAt: timestamppb.Now(), Headers: []*pluginv1.Header{{Name: provider.SignatureHeader, Values: []string{signature}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if res.GetVerdict() == pluginv1.WebhookResponse_ACCEPTED {
			t.Fatalf("accepted %q with %q", body, signature)
		}
	})
}
