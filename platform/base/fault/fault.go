// Package fault is the one way to fail. A *fault.Error carries a kind that the edges map (HTTP status in gateway, retry or not in jobs, gRPC code in
// plugins/sdk), a stable code that programs test for, and a message that may be shown and says what to do. Anything else is an internal error: logged, never shown.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"time"
)

// Kind is what sort of failure it is.
type Kind uint8

const (
	Internal        Kind = iota // a defect or a broken dependency: 500
	Invalid                     // the input is wrong: 422, not retried
	Unauthenticated             // who are you: 401
	Forbidden                   // you may not: 403
	NotFound                    // it is not there, or it is another tenant's: 404
	Conflict                    // it is not in the state that you thought: 409
	TooMany                     // slow down: 429
	Unavailable                 // a dependency is down; try again later: 503
)

// String gives the kind's name as it stands in logs.
func (k Kind) String() string {
	return [...]string{"internal", "invalid", "unauthenticated", "forbidden", "not_found", "conflict", "too_many", "unavailable"}[k]
}

// Error is a failure with everything an edge needs to answer for it.
type Error struct {
	Kind       Kind
	Code       string            // stable, "order.out_of_stock"
	Message    string            // safe to show; says what to do
	Fields     map[string]string // input field -> what is wrong with it
	Data       map[string]any    // further members of the problem document
	RetryAfter time.Duration     // of TooMany and Unavailable; 0 = not known
	Err        error             // the cause: logged, never shown
}

// New makes an error of the kind.
func New(kind Kind, code, message string, args ...any) *Error {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	return &Error{Kind: kind, Code: code, Message: message}
}

func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	for f, m := range e.Fields {
		s += "; " + f + ": " + m
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Is matches errors of the same code, so that errors.Is(err, orders.ErrOutOfStock) works for copies with other fields.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Field returns a copy that also blames the input field.
func (e *Error) Field(name, message string) *Error {
	c := *e
	c.Fields = maps.Clone(e.Fields)
	if c.Fields == nil {
		c.Fields = map[string]string{}
	}
	c.Fields[name] = message
	return &c
}

// With returns a copy whose problem document has one more member.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Data = maps.Clone(e.Data)
	if c.Data == nil {
		c.Data = map[string]any{}
	}
	c.Data[key] = value
	return &c
}

// Wrap returns a copy with the cause.
func (e *Error) Wrap(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// After returns a copy that tells the caller when to try again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Of finds the *Error in err, or makes an internal one of it. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "internal", Message: "Something went wrong on our side. Try again; if it stays, tell us the request id.", Err: err}
}

// KindOf gives the kind of err; Internal for anything that is not a *Error.
func KindOf(err error) Kind { return Of(err).Kind }

// CodeOf gives the code of err, "internal" for anything that is not a *Error, "" for nil.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	return Of(err).Code
}
