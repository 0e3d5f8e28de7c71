package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5/pgconn"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// statuses is the one table from how a thing failed to the HTTP status.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.TooMany:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// httpCodes are those of refusals that come from HTTP itself and not from a domain.
var httpCodes = map[int]string{
	http.StatusBadRequest:                  "request_malformed",
	http.StatusNotFound:                    "route_not_found",
	http.StatusMethodNotAllowed:            "method_not_allowed",
	http.StatusNotAcceptable:               "not_acceptable",
	http.StatusRequestTimeout:              "request_timeout",
	http.StatusRequestEntityTooLarge:       "body_too_large",
	http.StatusUnsupportedMediaType:        "media_type_unsupported",
	http.StatusUnprocessableEntity:         "validation_failed",
	http.StatusRequestHeaderFieldsTooLarge: "headers_too_large",
	http.StatusInternalServerError:         "internal",
	http.StatusServiceUnavailable:          "unavailable",
}

// Problem is the body of every refusal (RFC 9457). Members beside these depend on the code.
type Problem struct {
	Type      string         `json:"type" doc:"Identifies the sort of problem: urn:allhours: and the code."`
	Title     string         `json:"title" doc:"The HTTP status in words."`
	Status    int            `json:"status" doc:"The HTTP status."`
	Detail    string         `json:"detail" doc:"What is wrong and what to do about it, in the language of Content-Language: the one of those we have, English and Chinese, that Accept-Language asks for."`
	Code      string         `json:"code" doc:"Stable; programs test for it." example:"validation_failed"`
	RequestID string         `json:"request_id" doc:"Tell it to us when you ask for help."`
	Errors    []FieldProblem `json:"errors,omitempty" doc:"What is wrong with which part of the request."`
	extra     map[string]any
	headers   http.Header
}

// FieldProblem blames one part of the request.
type FieldProblem struct {
	Field   string `json:"field" doc:"Where: body.lines[0].quantity, query.limit, or the name of an input." example:"body.email"`
	Message string `json:"message" doc:"What is wrong with it."`
	Code    string `json:"code,omitempty" doc:"Stable name of what is wrong, where there is one."`
}

var problemType = reflect.TypeFor[Problem]()

func (p *Problem) Error() string             { return p.Code + ": " + p.Detail }
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) GetHeaders() http.Header   { return p.headers }
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// MarshalJSON adds the members that depend on the code.
func (p *Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	b, err := json.Marshal((*plain)(p))
	if err != nil || len(p.extra) == 0 {
		return b, err
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	for k, v := range p.extra {
		if _, taken := doc[k]; !taken {
			doc[k] = v
		}
	}
	return json.Marshal(doc)
}

// problemOf makes the answer for an error. The cause stays inside.
func problemOf(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		c := *p
		c.RequestID = db.ScopeOf(ctx).Actor.RequestID
		return &c
	}
	f := fault.Of(err)
	switch {
	case f.Kind != fault.Internal:
	case errors.Is(err, context.DeadlineExceeded):
		f = errSlow.Wrap(err)
	case away(err):
		f = errAway.Wrap(err)
	}
	p = httpProblem(ctx, statuses[f.Kind], f.Message)
	p.Code, p.Type, p.extra = f.Code, "urn:allhours:"+f.Code, f.Data
	for name, message := range f.FieldsIn(fault.LanguageOf(ctx)) {
		p.Errors = append(p.Errors, FieldProblem{Field: name, Message: message})
	}
	slices.SortFunc(p.Errors, func(a, b FieldProblem) int { return strings.Compare(a.Field, b.Field) })
	if f.RetryAfter > 0 {
		p.header("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	if f.Kind == fault.Unauthenticated {
		p.header("WWW-Authenticate", `Bearer realm="allhours"`)
	}
	return p
}

func (p *Problem) header(name, value string) {
	if p.headers == nil {
		p.headers = http.Header{}
	}
	p.headers.Set(name, value)
}

var (
	errSlow = fault.New(fault.Unavailable, "deadline_exceeded", "This took too long and was given up. Try again in a moment.").After(time.Second)
	errAway = fault.New(fault.Unavailable, "dependency_unavailable", "Something we depend on does not answer. Nothing is lost; try again in a moment.").After(2 * time.Second)
)

// away reports whether err says that the database, or another server, cannot be reached or is going down: the request may well succeed later.
func away(err error) bool {
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	var op *net.OpError
	return errors.As(err, &connect) || errors.As(err, &op) || (errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "08")))
}

// httpProblem makes a problem in the reader's language. A cache must not hand it to another reader.
func httpProblem(ctx context.Context, status int, detail fault.Text) *Problem {
	code := httpCodes[status]
	if code == "" {
		code = "http_" + strconv.Itoa(status)
	}
	language := fault.LanguageOf(ctx)
	p := &Problem{Type: "urn:allhours:" + code, Title: fault.Foreign(http.StatusText(status)).In(language), Status: status, Detail: detail.In(language), Code: code, RequestID: db.ScopeOf(ctx).Actor.RequestID}
	p.header("Content-Language", language)
	p.header("Vary", "Accept-Language")
	return p
}

// teachHuma has huma, whose error type is a global, answer with our problems.
var teachHuma = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return validationProblem(context.Background(), status, message, errs)
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := validationProblem(c.Context(), status, message, errs)
		if len(errs) != 1 || !errors.Is(errs[0], p) { // huma itself writes the headers of a handler's problem only
			for name := range p.headers {
				c.AppendHeader(name, p.headers.Get(name))
			}
		}
		return p
	}
	huma.ErrorFormatter = func(format string, args ...any) string { // of the field's message, mostly before there is a reader: validationProblem reads it
		return fault.Foreign(format, args...).Stored()
	}
})

// validationProblem says what huma found. The value that was sent is not repeated: it may be a password.
func validationProblem(ctx context.Context, status int, message string, errs []error) *Problem {
	if len(errs) == 1 {
		var p *Problem // the handler's, or one that reading the body made
		if errors.As(errs[0], &p) {
			return p
		}
	}
	p := httpProblem(ctx, status, sentence(status, message))
	language := fault.LanguageOf(ctx)
	for _, err := range errs {
		if err == nil {
			continue
		}
		f, text := FieldProblem{Field: "request"}, fault.Foreign(err.Error())
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			f.Field, text = d.ErrorDetail().Location, fault.Read(d.ErrorDetail().Message)
		}
		if name, ok := missing(text.String()); ok {
			f.Field, f.Code, text = f.Field+"."+name, "required", fault.T("is required")
		}
		f.Message = text.In(language)
		p.Errors = append(p.Errors, f)
	}
	return p
}

func sentence(status int, message string) fault.Text {
	switch status {
	case http.StatusUnprocessableEntity:
		return fault.T("Some fields are not as they should be; see errors.")
	case http.StatusBadRequest:
		return fault.T("The request body cannot be read as JSON; see errors.")
	case http.StatusUnsupportedMediaType:
		return fault.T("Send the body as Content-Type: application/json.")
	case http.StatusRequestEntityTooLarge:
		return fault.T("The request body is too large.")
	}
	return fault.Foreign(message)
}

// missing finds the name in huma's "expected required property NAME to be present", whose location is only the parent's.
func missing(message string) (string, bool) {
	rest, ok := strings.CutPrefix(message, "expected required property ")
	name, ok2 := strings.CutSuffix(rest, " to be present")
	return name, ok && ok2
}
