// Package sdk is what the author of an Allhours plugin imports. A plugin is a program whose main calls Serve:
//
//	func main() {
//		sdk.Serve(sdk.Plugin[*shop]{ID: "acme/pay", Version: "1.0.0", New: newShop})
//	}
//
// New makes the value that serves one installation (a tenant's configured copy of the plugin). What that value can do is read from its
// methods: see Payment, Capturer, Voider, SettlementLister, Webhook, Tester, Eraser and Closer. One process serves many tenants
// at once, so keep nothing in package variables.
package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
	_ "time/tzdata" // a jail has no files of time zones

	"allhours/plugins/sdk/pluginv1"
)

// Version of the SDK, told to the host by Describe.
const Version = "1.0.0"

// MaxMessage is the largest message that either side of the contract accepts.
const MaxMessage = 4 << 20

// Plugin describes a plugin whose installations are served by values of type T.
type Plugin[T any] struct {
	ID       string // "publisher/name"
	Version  string // semantic version
	Manifest []byte // plugin.json, as shipped
	// New makes the value for one installation. It is called again when the configuration changes. A *Error of class CONFIG
	// tells the tenant which field to mend.
	New func(context.Context, Instance) (T, error)
}

// Instance is one tenant's configured copy of the plugin.
type Instance struct {
	Tenant       string
	Installation string
	Rev          uint64 // of the configuration
	Live         bool   // real money; otherwise the provider's sandbox
	Config       map[string]any
	Secrets      map[string]string
	WebhookURL   string       // tell the provider to send its notifications here
	HTTP         *http.Client // the only way out; set it in the provider's own client
	Log          *slog.Logger
}

// Decode writes the configuration and the secrets, merged, into the struct v by its json tags.
func (i Instance) Decode(v any) error {
	merged := make(map[string]any, len(i.Config)+len(i.Secrets))
	for k, val := range i.Config {
		merged[k] = val
	}
	for k, val := range i.Secrets {
		merged[k] = val
	}
	raw, err := json.Marshal(merged)
	if err != nil {
		return &Error{Class: Config, Code: "config.unreadable", Message: err.Error()}
	}
	if err := json.Unmarshal(raw, v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return &Error{Class: Config, Code: "config.wrong_type", Field: wrong.Field, Message: fmt.Sprintf("%s: expected %s, got %s", wrong.Field, wrong.Type, wrong.Value)}
		}
		return &Error{Class: Config, Code: "config.unreadable", Message: err.Error()}
	}
	return nil
}

// Payment takes and returns money. Every method that moves money must pass Call.idempotency_key to the provider, so that the same
// call made twice moves it once. When it is not certain whether the provider acted, answer UNKNOWN or an error of class
// UnknownOutcome: the host then calls Lookup.
type Payment interface {
	Methods(context.Context, *pluginv1.MethodsRequest) (*pluginv1.MethodsResponse, error)
	Authorize(context.Context, *pluginv1.AuthorizeRequest) (*pluginv1.TxnResult, error)
	Refund(context.Context, *pluginv1.RefundRequest) (*pluginv1.TxnResult, error)
	Lookup(context.Context, *pluginv1.LookupRequest) (*pluginv1.TxnResult, error)
}

// Capturer is a Payment that can authorize first and capture later.
type Capturer interface {
	Capture(context.Context, *pluginv1.CaptureRequest) (*pluginv1.TxnResult, error)
}

// Voider is a Payment that can close an unpaid attempt or release an authorization.
type Voider interface {
	Void(context.Context, *pluginv1.VoidRequest) (*pluginv1.TxnResult, error)
}

// SettlementLister is a Payment whose provider reports what it paid out.
type SettlementLister interface {
	ListSettlements(context.Context, *pluginv1.ListSettlementsRequest, func(*pluginv1.Settlement) error) error
}

// Webhook verifies and reads what the provider sends to Instance.WebhookURL.
type Webhook interface {
	Handle(context.Context, *pluginv1.WebhookRequest) (*pluginv1.WebhookResponse, error)
}

// Tester checks that the configuration works, before it is saved. The facts are shown to the tenant.
type Tester interface {
	Test(context.Context) (facts map[string]string, err error)
}

// Eraser forgets a person, or the whole tenant, and says how many records went.
type Eraser interface {
	Erase(ctx context.Context, subjectRef string, wholeTenant bool) (erased int, receipt string, err error)
}

// Closer is told when its installation is dropped or configured anew and its last call has ended.
type Closer interface {
	Close() error
}

func capabilities[T any]() (kinds, caps []string) {
	var zero T
	has := func(ok bool, list *[]string, name string) {
		if ok {
			*list = append(*list, name)
		}
	}
	_, payment := any(zero).(Payment)
	has(payment, &kinds, "payment")
	_, ok := any(zero).(Capturer)
	has(ok, &caps, "payment.capture")
	_, ok = any(zero).(Voider)
	has(ok, &caps, "payment.void")
	_, ok = any(zero).(SettlementLister)
	has(ok, &caps, "payment.settlements")
	_, ok = any(zero).(Webhook)
	has(ok, &caps, "webhook")
	return kinds, caps
}

// EgressEnv names the socket of the host's proxy, which is the only way out of a jail. It lets through to the hosts that the manifest declares.
const EgressEnv = "ALLHOURS_EGRESS"

// EgressHeader carries, in an answer of the proxy and not of the destination, why the destination is refused.
const EgressHeader = "Allhours-Egress"

// outward is the transport through the proxy. A refusal is an error, as if the destination could not be reached.
type outward struct{ http.RoundTripper }

// RoundTrip sends the request.
func (o outward) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.RoundTripper.RoundTrip(r)
	if err == nil && resp.Header.Get(EgressHeader) != "" {
		_ = resp.Body.Close()
		return nil, refusal(resp.Header)
	}
	return resp, err
}

func refusal(h http.Header) error {
	if why := h.Get(EgressHeader); why != "" {
		return fmt.Errorf("the host refuses the destination: %s", why)
	}
	return nil
}

func newHTTPClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if socket := os.Getenv(EgressEnv); socket != "" {
		t.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "egress"})
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}
		t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			return refusal(resp.Header)
		}
		t.MaxIdleConnsPerHost = 32
		return &http.Client{Transport: outward{t}, Timeout: 60 * time.Second}
	}
	t.MaxIdleConnsPerHost = 32
	return &http.Client{Transport: t, Timeout: 60 * time.Second}
}
