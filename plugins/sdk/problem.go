package sdk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"allhours/plugins/sdk/pluginv1"
)

// Classes of Error. The host decides by them: Declined and UserInput are the shopper's affair and never count as an outage,
// UnknownOutcome starts a look-up, Upstream promises that nothing was done.
const (
	UserInput      = pluginv1.Problem_USER_INPUT
	Declined       = pluginv1.Problem_DECLINED
	Config         = pluginv1.Problem_CONFIG
	Auth           = pluginv1.Problem_AUTH
	RateLimit      = pluginv1.Problem_RATE_LIMIT
	Upstream       = pluginv1.Problem_UPSTREAM
	UnknownOutcome = pluginv1.Problem_UNKNOWN_OUTCOME
	Unsupported    = pluginv1.Problem_UNSUPPORTED
	Bug            = pluginv1.Problem_BUG
)

// NeedsConfig is the code by which a plugin says that it does not know the installation, or not in this revision.
const NeedsConfig = "NEEDS_CONFIG"

// Error is a failure that the host understands. Message is shown to the shop's staff: no secrets in it.
type Error struct {
	Class        pluginv1.Problem_Class
	Code         string // stable: "card.expired"
	Message      string
	Field        string // path of the configuration or request field at fault
	UpstreamCode string // as the provider named it
	RetryAfter   time.Duration
	SafeToRetry  bool // nothing was done, or doing it again with the same key does it once
	Err          error
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s", e.Class, e.Code)
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Problem is the form in which the error travels. The cause does not.
func (e *Error) Problem() *pluginv1.Problem {
	return &pluginv1.Problem{
		Class: e.Class, Code: e.Code, Message: e.Message, Field: e.Field, UpstreamCode: e.UpstreamCode,
		RetryAfterMs: uint32(e.RetryAfter.Milliseconds()), SafeToRetry: e.SafeToRetry,
	}
}

// ProblemOf returns the Problem that a call's error carries, or nil. It reads both an *Error and a gRPC status.
func ProblemOf(err error) *pluginv1.Problem {
	var e *Error
	if errors.As(err, &e) {
		return e.Problem()
	}
	s, ok := status.FromError(err)
	if !ok {
		return nil
	}
	for _, d := range s.Details() {
		if p, ok := d.(*pluginv1.Problem); ok {
			return p
		}
	}
	return nil
}

var codeOf = map[pluginv1.Problem_Class]codes.Code{
	UserInput:      codes.InvalidArgument,
	Declined:       codes.Aborted,
	Config:         codes.FailedPrecondition,
	Auth:           codes.PermissionDenied,
	RateLimit:      codes.ResourceExhausted,
	Upstream:       codes.Unavailable,
	UnknownOutcome: codes.Unknown,
	Unsupported:    codes.Unimplemented,
	Bug:            codes.Internal,
}

// statusOf makes of any error a gRPC status with a Problem. An error that says nothing of itself, once a provider may have been
// called, is an unknown outcome: claiming more would be guessing.
func statusOf(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		if s, ok := status.FromError(err); ok && s.Code() != codes.Unknown {
			return err
		}
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			return status.FromContextError(err).Err()
		}
		e = &Error{Class: UnknownOutcome, Code: "error", Message: err.Error()}
	}
	code, ok := codeOf[e.Class]
	if !ok {
		code = codes.Unknown
	}
	bare := *e
	bare.Err = nil // the cause stays in the plugin's log
	s, detailErr := status.New(code, bare.Error()).WithDetails(e.Problem())
	if detailErr != nil {
		return status.Error(code, bare.Error())
	}
	return s.Err()
}
