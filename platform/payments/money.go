package payments

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/orders"
	"allhours/plugins/host"
	"allhours/plugins/sdk"
	"allhours/plugins/sdk/pluginv1"
)

// States of a payment.
const (
	statusCreated    = "created"
	statusPending    = "pending"
	statusAction     = "action_required"
	statusAuthorized = "authorized"
	statusCaptured   = "captured"
	statusDeclined   = "declined"
	statusVoided     = "voided"
	statusExpired    = "expired"
	statusUnknown    = "unknown"
	statusFailed     = "failed"
)

var openStatuses = []string{statusCreated, statusPending, statusAction, statusUnknown}

// open says that money may still come in by the payment.
func open(status string) bool { return slices.Contains(openStatuses, status) }

// Kinds of operations and events, and outcomes of events.
const (
	authorize = "authorize"
	capture   = "capture"
	void      = "void"
	refund    = "refund"

	succeeded = "succeeded"
	failed    = "failed"
)

// fact is an event as the sums need it.
type fact struct {
	Kind, Outcome string
	Amount        int64
}

// sums are what the facts of a payment come to, in whatever order they became known.
type sums struct {
	Authorized, Captured, Refunded int64
	Voided, Declined               bool
}

func sumOf(facts []fact) (s sums) {
	for _, f := range facts {
		switch {
		case f.Outcome == failed && f.Kind == authorize:
			s.Declined = true
		case f.Outcome != succeeded:
		case f.Kind == authorize:
			s.Authorized += f.Amount
		case f.Kind == capture:
			s.Captured += f.Amount
		case f.Kind == refund:
			s.Refunded += f.Amount
		case f.Kind == void:
			s.Voided = true
		}
	}
	s.Refunded = min(s.Refunded, s.Captured) // the news of a refund may come before that of its capture
	s.Authorized = max(0, s.Authorized-s.Captured)
	if s.Voided {
		s.Authorized = 0
	}
	return s
}

// status is what the facts make of a payment that was thought to be in the state given. Money beats all else; facts beat what was thought.
func (s sums) status(thought, reason string) string {
	switch {
	case s.Captured > 0:
		return statusCaptured
	case s.Voided && (reason == "expired" || thought == statusExpired):
		return statusExpired
	case s.Voided:
		return statusVoided
	case s.Authorized > 0:
		return statusAuthorized
	case s.Declined:
		return statusDeclined
	}
	return thought
}

// totals are the sums over all payments of an order.
func totals(all []paymentRow, s map[uuid.UUID]sums) (t orders.PaymentTotals) {
	for _, pay := range all {
		one := s[pay.ID]
		t.Authorized += one.Authorized
		t.Captured += one.Captured
		t.Refunded += one.Refunded
		t.Pending = t.Pending || open(pay.Status)
		t.Failed = pay.Status == statusDeclined || pay.Status == statusFailed || pay.Status == statusExpired // of the last attempt
		t.Voided = t.Voided || pay.Status == statusVoided
	}
	return t
}

// verdict is what a call or a notification says of an operation.
type verdict struct {
	state  pluginv1.TxnResult_State
	result *pluginv1.TxnResult
	reason string
	// retry: nothing was done, and doing it later may work
	retry bool
	// fault: it is not the payer's bank that refused, but the plugin or the provider could not take the request
	fault bool
	err   error
}

// judge reads the answer to a call. Whatever is not certain is unknown.
func judge(res *pluginv1.TxnResult, err error) verdict {
	if err == nil {
		v := verdict{state: res.GetState(), result: res, reason: reasonOf(res.GetProblem())}
		if v.state == pluginv1.TxnResult_STATE_UNSPECIFIED || pluginv1.TxnResult_State_name[int32(v.state)] == "" {
			v.state = pluginv1.TxnResult_UNKNOWN
		}
		return v
	}
	problem := sdk.ProblemOf(err)
	v := verdict{state: pluginv1.TxnResult_UNKNOWN, reason: reasonOf(problem), err: err}
	if errors.Is(err, host.ErrNotSent) {
		v.state, v.retry, v.reason = pluginv1.TxnResult_NOT_ATTEMPTED, true, "provider_unavailable"
		return v
	}
	switch problem.GetClass() {
	case sdk.RateLimit, sdk.Upstream:
		v.state, v.retry, v.reason = pluginv1.TxnResult_NOT_ATTEMPTED, true, "provider_unavailable"
	case sdk.Declined:
		v.state = pluginv1.TxnResult_DECLINED
	case sdk.UserInput, sdk.Config, sdk.Auth, sdk.Unsupported:
		v.state, v.fault = pluginv1.TxnResult_DECLINED, true
	}
	return v
}

func reasonOf(p *pluginv1.Problem) string {
	code := p.GetCode()
	return code[strings.LastIndexByte(code, '.')+1:]
}

// matches compares the money of an answer with what was asked for.
func matches(m *pluginv1.Money, amount int64, currency string) bool {
	return m.GetMinor() == amount && m.GetCurrency() == currency && m.GetExponent() == sdk.Exponent(currency)
}

// unknownAges are the ages of an operation without an answer at which it is looked up; hourly after that, to the end of a day.
var unknownAges = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}

// pendingAges are those for a shopper who has not paid yet, in case the provider's notification gets lost; every ten minutes after that.
var pendingAges = []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute}

const giveUpAfter = 24 * time.Hour

// nextLook is how long to wait before an operation of this age is looked up again.
func nextLook(age time.Duration, pending bool) time.Duration {
	ages, after := unknownAges, time.Hour
	if pending {
		ages, after = pendingAges, 10*time.Minute
	}
	for _, a := range ages {
		if age < a {
			return a - age
		}
	}
	return after
}
