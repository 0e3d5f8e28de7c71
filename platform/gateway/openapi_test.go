package gateway

import (
	"context"
	"encoding/json"
	"testing"
)

// TestDocumentDeclaresHeaders holds the document against what the gateway does with the headers of each kind of route.
func TestDocumentDeclaresHeaders(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	type none struct{}
	type out struct{ Body map[string]string }
	nothing := func(context.Context, *none) (*out, error) { return &out{}, nil }
	Add(r.Gateway, Route{Method: "POST", Path: "/api/v1/documented", ID: "documented-keyed", Summary: "x", Tag: "x", Access: Public, Keyed: true, Status: 201}, nothing)
	Add(r.Gateway, Route{Method: "PUT", Path: "/api/v1/documented", ID: "documented-keyable", Summary: "x", Tag: "x", Access: Public, Keyable: true}, nothing)
	Add(r.Gateway, Route{Method: "GET", Path: "/api/v1/documented", ID: "documented-polled", Summary: "x", Tag: "x", Access: Public, Polled: true}, nothing)
	Add(r.Gateway, Route{Method: "DELETE", Path: "/api/v1/documented", ID: "documented-plain", Summary: "x", Tag: "x", Access: Public}, nothing)
	b, err := r.Document()
	if err != nil {
		t.Fatal(err)
	}
	type reference struct {
		Ref string `json:"$ref"`
	}
	var doc struct {
		Components struct {
			Headers map[string]struct{ Description string }
		}
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Required bool
			}
			Responses map[string]struct{ Headers map[string]reference }
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, header string // the header that is taken
		required       bool
		status, gives  string
	}{
		{"post", "Idempotency-Key", true, "201", "Idempotent-Replayed"},
		{"put", "Idempotency-Key", false, "200", "Idempotent-Replayed"},
		{"get", "If-None-Match", false, "200", "ETag"},
		{"get", "If-None-Match", false, "304", "ETag"},
		{"delete", "", false, "429", "Retry-After"},
	} {
		op := doc.Paths["/api/v1/documented"][c.method]
		taken, required := "", false
		for _, p := range op.Parameters {
			if p.In == "header" {
				taken, required = taken+p.Name, p.Required
			}
		}
		if taken != c.header || required != c.required {
			t.Errorf("%s takes %q (required: %t), want %q (%t)", c.method, taken, required, c.header, c.required)
		}
		if ref := op.Responses[c.status].Headers[c.gives].Ref; ref != "#/components/headers/"+c.gives || doc.Components.Headers[c.gives].Description == "" {
			t.Errorf("%s gives with %s %q, want %s", c.method, c.status, ref, c.gives)
		}
		for status, answer := range op.Responses {
			if answer.Headers["X-Request-Id"].Ref == "" {
				t.Errorf("%s: %s has no X-Request-Id", c.method, status)
			}
			if _, tagged := answer.Headers["ETag"]; tagged != (c.method == "get" && (status == "200" || status == "304")) {
				t.Errorf("%s: ETag with %s: %t", c.method, status, tagged)
			}
		}
	}
}
