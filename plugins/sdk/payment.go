package sdk

import (
	"context"

	"google.golang.org/grpc"

	"allhours/plugins/sdk/pluginv1"
)

type called interface{ GetCall() *pluginv1.Call }

// call runs fn on the installation's value, if that value can do what interface I asks.
func call[I any, Req called, Resp any](ctx context.Context, s *server, req Req, fn func(I, context.Context, Req) (Resp, error)) (Resp, error) {
	var none Resp
	inst, done, err := s.begin(req.GetCall())
	if err != nil {
		return none, err
	}
	defer done()
	able, ok := inst.value.(I)
	if !ok {
		return none, &Error{Class: Unsupported, Code: "unsupported", Message: "the plugin does not offer this"}
	}
	return fn(able, ctx, req)
}

func (s *server) Methods(ctx context.Context, in *pluginv1.MethodsRequest) (*pluginv1.MethodsResponse, error) {
	return call(ctx, s, in, Payment.Methods)
}

func (s *server) Authorize(ctx context.Context, in *pluginv1.AuthorizeRequest) (*pluginv1.TxnResult, error) {
	return call(ctx, s, in, Payment.Authorize)
}

func (s *server) Refund(ctx context.Context, in *pluginv1.RefundRequest) (*pluginv1.TxnResult, error) {
	return call(ctx, s, in, Payment.Refund)
}

func (s *server) Lookup(ctx context.Context, in *pluginv1.LookupRequest) (*pluginv1.TxnResult, error) {
	return call(ctx, s, in, Payment.Lookup)
}

func (s *server) Capture(ctx context.Context, in *pluginv1.CaptureRequest) (*pluginv1.TxnResult, error) {
	return call(ctx, s, in, Capturer.Capture)
}

func (s *server) Void(ctx context.Context, in *pluginv1.VoidRequest) (*pluginv1.TxnResult, error) {
	return call(ctx, s, in, Voider.Void)
}

func (s *server) ListSettlements(in *pluginv1.ListSettlementsRequest, out grpc.ServerStreamingServer[pluginv1.Settlement]) error {
	_, err := call(out.Context(), s, in, func(l SettlementLister, ctx context.Context, in *pluginv1.ListSettlementsRequest) (any, error) {
		return nil, l.ListSettlements(ctx, in, out.Send)
	})
	return err
}

// Handle passes a notification to the plugin.
func (s *server) Handle(ctx context.Context, in *pluginv1.WebhookRequest) (*pluginv1.WebhookResponse, error) {
	return call(ctx, s, in, Webhook.Handle)
}
