package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

type whoBody struct {
	Tenant uuid.UUID `json:"tenant"`
	Who    string    `json:"who"`
	Actor  string    `json:"actor"`
	IP     string    `json:"ip"`
	Key    string    `json:"key"`
}
type whoOutput struct{ Body whoBody }

func who(ctx context.Context, _ *struct{}) (*whoOutput, error) {
	sc := db.ScopeOf(ctx)
	return &whoOutput{whoBody{sc.Tenant, access.IdentityOf(ctx).Kind, sc.Actor.Kind + "/" + sc.Actor.RequestID, access.ClientOf(ctx).IP, db.AttemptOf(ctx).Key}}, nil
}

type makeInput struct {
	Name string `path:"name"`
	Size int    `query:"size" minimum:"1" maximum:"9"`
	Body struct {
		Email string `json:"email" format:"email"`
		Lines []struct {
			Quantity int `json:"quantity" minimum:"1"`
		} `json:"lines" minItems:"1"`
		Password string `json:"password,omitempty"`
	}
}
type makeOutput struct {
	Body struct {
		Name string `json:"name"`
	}
}

func (r *rig) routes() *rig {
	for name, a := range map[string]Access{"open": Open, "public": Public, "shopper": Shopper, "customer": Customer, "staff": Staff("orders:read"), "member": SignedIn, "operator": Operator} {
		Add(r.Gateway, Route{Method: "GET", Path: "/api/v1/get/" + name, ID: "get-" + name, Summary: "s", Tag: "t", Access: a}, who)
		Add(r.Gateway, Route{Method: "POST", Path: "/api/v1/post/" + name, ID: "post-" + name, Summary: "s", Tag: "t", Access: a}, who)
	}
	Add(r.Gateway, Route{Method: "POST", Path: "/api/v1/things/{name}", ID: "make-thing", Summary: "s", Tag: "t", Access: Public, Status: 201, Errors: []int{402}},
		func(_ context.Context, in *makeInput) (*makeOutput, error) {
			out := &makeOutput{}
			out.Body.Name = in.Name
			return out, nil
		})
	Add(r.Gateway, Route{Method: "GET", Path: "/api/v1/fail/{how}", ID: "fail", Summary: "s", Tag: "t", Access: Open, Timeout: 50 * time.Millisecond}, failing)
	return r
}

var errBroken = errors.New("secret cause: password=hunter2")

func failing(ctx context.Context, in *struct {
	How string `path:"how"`
},
) (*whoOutput, error) {
	switch in.How {
	case "panic":
		panic("secret panic")
	case "plain":
		return nil, fmt.Errorf("wrapped: %w", errBroken)
	case "slow":
		<-ctx.Done()
		return nil, fmt.Errorf("wrapped: %w", ctx.Err())
	case "nodatabase":
		_, err := pgconn.Connect(ctx, "postgres://user:hunter2@127.0.0.1:1/x?connect_timeout=1")
		return nil, fmt.Errorf("begin: %w", err)
	case "stopping":
		return nil, fmt.Errorf("begin: %w", &pgconn.PgError{Code: "57P01", Message: "secret"})
	case "constraint":
		return nil, fmt.Errorf("insert: %w", &pgconn.PgError{Code: "23505", Message: "secret"})
	case "fields":
		return nil, fault.New(fault.Invalid, "thing.bad", "Bad.").Field("b", "second").Field("a", "first").Wrap(errBroken)
	case "conflict":
		return nil, fmt.Errorf("up: %w", fault.New(fault.Conflict, "order.total_changed", "Look.").With("total", 12).With("code", "overwritten?"))
	case "many":
		return nil, fault.New(fault.TooMany, "slow", "Slow.").After(1500 * time.Millisecond)
	}
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if k.String() == in.How {
			return nil, fault.New(k, "code."+in.How, "Message.").Wrap(errBroken)
		}
	}
	return nil, huma.Error418Teapot("tea")
}

func TestProblems(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).routes().start()
	r.tenant("a")
	at := "Host: a.shops.test"
	for _, c := range []struct {
		name         string
		ask          ask
		status       int
		code, fields string
	}{
		{"internal", ask{path: "/api/v1/fail/internal"}, 500, "code.internal", ""},
		{"invalid", ask{path: "/api/v1/fail/invalid"}, 422, "code.invalid", ""},
		{"unauthenticated", ask{path: "/api/v1/fail/unauthenticated"}, 401, "code.unauthenticated", ""},
		{"forbidden", ask{path: "/api/v1/fail/forbidden"}, 403, "code.forbidden", ""},
		{"not found", ask{path: "/api/v1/fail/not_found"}, 404, "code.not_found", ""},
		{"conflict", ask{path: "/api/v1/fail/conflict"}, 409, "order.total_changed", ""},
		{"too many", ask{path: "/api/v1/fail/too_many"}, 429, "code.too_many", ""},
		{"unavailable", ask{path: "/api/v1/fail/unavailable"}, 503, "code.unavailable", ""},
		{"no fault at all", ask{path: "/api/v1/fail/plain"}, 500, "internal", ""},
		{"panic", ask{path: "/api/v1/fail/panic"}, 500, "internal", ""},
		{"deadline", ask{path: "/api/v1/fail/slow"}, 503, "deadline_exceeded", ""},
		{"database gone", ask{path: "/api/v1/fail/nodatabase"}, 503, "dependency_unavailable", ""},
		{"database stopping", ask{path: "/api/v1/fail/stopping"}, 503, "dependency_unavailable", ""},
		{"constraint nobody explained", ask{path: "/api/v1/fail/constraint"}, 500, "internal", ""},
		{"huma's own", ask{path: "/api/v1/fail/tea"}, 418, "http_418", ""},
		{"domain's fields", ask{path: "/api/v1/fail/fields"}, 422, "thing.bad", "a b"},
		{"unknown route", ask{path: "/api/v1/nothing"}, 404, "route_not_found", ""},
		{"unknown method", ask{method: "DELETE", path: "/api/v1/get/open"}, 405, "method_not_allowed", ""},
		{"validation", ask{method: "POST", path: "/api/v1/things/x?size=10", headers: []string{at}, body: `{"lines":[{"quantity":0}],"password":"hunter2","nonsense":1}`}, 422, "validation_failed", "body.email body.lines[0].quantity body.nonsense query.size"},
		{"no array", ask{method: "POST", path: "/api/v1/things/x", headers: []string{at}, body: `{"email":"a@b.cd","lines":[]}`}, 422, "validation_failed", "body.lines"},
		{"not json", ask{method: "POST", path: "/api/v1/things/x", headers: []string{at}, body: `{"email": hunter2}`}, 400, "request_malformed", "body"},
		{"no body", ask{method: "POST", path: "/api/v1/things/x", headers: []string{at}}, 400, "request_malformed", ""},
		{"other type", ask{method: "POST", path: "/api/v1/things/x", headers: []string{at, "Content-Type: text/csv"}, body: `a,b`}, 415, "media_type_unsupported", "body"},
		{"encoded body", ask{method: "POST", path: "/api/v1/things/x", headers: []string{at, "Content-Encoding: gzip"}, body: `abc`}, 415, "media_type_unsupported", ""},
		{"unknown host", ask{path: "/api/v1/get/public", headers: []string{"Host: nobody.shops.test"}}, 404, "tenant.unknown_host", ""},
		{"deeper host", ask{path: "/api/v1/get/public", headers: []string{"Host: x.a.shops.test"}}, 404, "tenant.unknown_host", ""},
		{"foreign host", ask{path: "/api/v1/get/public", headers: []string{"Host: evil.example"}}, 404, "tenant.unknown_host", ""},
		{"no tenant", ask{path: "/api/v1/get/public"}, 422, "tenant.required", ""},
		{"no session", ask{path: "/api/v1/get/staff"}, 401, "auth.required", ""},
		{"bad key", ask{path: "/api/v1/get/staff", headers: []string{"Authorization: Bearer ahk_x"}}, 401, "auth.invalid_credential", ""},
		{"bad idempotency key", ask{method: "POST", path: "/api/v1/post/public", headers: []string{at, "Idempotency-Key: a b"}}, 422, "idempotency_key_invalid", "header.Idempotency-Key"},
		{"long idempotency key", ask{method: "POST", path: "/api/v1/post/public", headers: []string{at, "Idempotency-Key: " + strings.Repeat("k", 201)}}, 422, "idempotency_key_invalid", "header.Idempotency-Key"},
		{"headers too large", ask{path: "/api/v1/get/open", headers: []string{"X-Big: " + strings.Repeat("x", 17<<10)}}, 431, "headers_too_large", ""},
		{"body too large", ask{method: "POST", path: "/api/v1/things/x", headers: []string{at}, body: strings.Repeat(" ", 1<<20+1)}, 413, "body_too_large", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.do(c.ask)
			if got.StatusCode != c.status || got.code() != c.code {
				t.Fatalf("got %d %s, want %d %s: %s", got.StatusCode, got.code(), c.status, c.code, got.text)
			}
			if ct := got.Header.Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("Content-Type %q", ct)
			}
			if id, _ := got.json["request_id"].(string); id != got.Header.Get("X-Request-Id") || (id == "" && c.status != 431) {
				t.Errorf("request_id %q is not X-Request-Id %q", id, got.Header.Get("X-Request-Id"))
			}
			if int(got.json["status"].(float64)) != c.status || got.json["title"] == "" || got.json["detail"] == "" || got.json["type"] != "urn:allhours:"+c.code {
				t.Errorf("incomplete: %s", got.text)
			}
			for _, secret := range []string{"hunter2", "secret", "goroutine"} {
				if strings.Contains(got.text, secret) {
					t.Errorf("shows %q: %s", secret, got.text)
				}
			}
			var fields []string
			list, _ := got.json["errors"].([]any)
			for _, e := range list {
				fields = append(fields, e.(map[string]any)["field"].(string))
			}
			if !sameSet(fields, strings.Fields(c.fields)) {
				t.Errorf("fields %v, want %s", fields, c.fields)
			}
		})
	}
	if got := r.do(ask{path: "/api/v1/fail/conflict"}); got.json["total"] != 12.0 || got.json["code"] != "order.total_changed" {
		t.Errorf("further members: %s", got.text)
	}
	if got := r.do(ask{path: "/api/v1/fail/many"}); got.Header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q, want 2", got.Header.Get("Retry-After"))
	}
}

func sameSet(a, b []string) bool {
	seen := map[string]int{}
	for _, s := range a {
		seen[s]++
	}
	for _, s := range b {
		seen[s]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}
