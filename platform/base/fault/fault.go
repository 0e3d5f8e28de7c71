// Package fault is the one way to fail. A *fault.Error carries a kind that the edges map (HTTP status in gateway, retry or not in jobs, gRPC code in
// plugins/sdk), a stable code that programs test for, and a message that may be shown and says what to do. Anything else is an internal error: logged, never shown.
package fault

import (
	"errors"
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
	Code       string          // stable, "order.out_of_stock"
	Message    Text            // safe to show; says what to do
	Fields     map[string]Text // input field -> what is wrong with it
	Data       map[string]any  // further members of the problem document
	RetryAfter time.Duration   // of TooMany and Unavailable; 0 = not known
	Err        error           // the cause: logged, never shown
}

// New makes an error of the kind, with the text T(format, args...).
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: T(format, args...)}
}

func (e *Error) Error() string {
	s := e.Code + ": " + e.Message.String()
	for f, m := range e.Fields {
		s += "; " + f + ": " + m.String()
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

// Field returns a copy that also blames the input field, with the text T(format, args...).
func (e *Error) Field(name, format string, args ...any) *Error {
	return e.Blame(name, T(format, args...))
}

// Blame is Field for a text that there is.
func (e *Error) Blame(name string, why Text) *Error {
	c := *e
	c.Fields = maps.Clone(e.Fields)
	if c.Fields == nil {
		c.Fields = map[string]Text{}
	}
	c.Fields[name] = why
	return &c
}

// FieldsIn gives what is wrong with the fields in the language.
func (e *Error) FieldsIn(language string) map[string]string {
	fields := make(map[string]string, len(e.Fields))
	for name, why := range e.Fields {
		fields[name] = why.In(language)
	}
	return fields
}

// Saying returns a copy with another message, T(format, args...).
func (e *Error) Saying(format string, args ...any) *Error {
	c := *e
	c.Message = T(format, args...)
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

// Of finds the *Error in err, or makes an internal one of it. Of(nil) is nil, and so is Of of a *Error that is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(Internal, "internal", "Something went wrong on our side. Try again; if it stays, tell us the request id.").Wrap(err)
}

// KindOf gives the kind of err; Internal for anything that is not a *Error, nil among it.
func KindOf(err error) Kind {
	if e := Of(err); e != nil {
		return e.Kind
	}
	return Internal
}

// CodeOf gives the code of err, "internal" for anything that is not a *Error, "" for nil.
func CodeOf(err error) string {
	if e := Of(err); e != nil {
		return e.Code
	}
	return ""
}
