package gateway

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Access says who may use a route. There is no default: a route without one is a defect that stops the start.
type Access string

const (
	Open     Access = "open"      // anyone, with or without a tenant: sign-up, login
	Public   Access = "public"    // anyone at a tenant
	Shopper  Access = "shopper"   // anyone at a tenant's shop, with his customer session or order link if he has one; guarded against CSRF
	Customer Access = "customer"  // a customer who has signed in
	SignedIn Access = "signed_in" // any member
	Operator Access = "operator"  // the platform's own staff; no tenant

	anyStaff Access = "staff" // any member or API key; the handler asks for permissions itself
)

// Staff lets in members and API keys of the tenant that have the permission.
func Staff(permission string) Access { return Access("staff:" + permission) }

// Permission is what a Staff route asks for.
func (a Access) Permission() (string, bool) { return strings.CutPrefix(string(a), "staff:") }

// staff reports whether members and API keys may use it.
func (a Access) staff() bool {
	_, ok := a.Permission()
	return ok || a == anyStaff
}

func (a Access) valid() bool {
	if p, ok := a.Permission(); ok {
		area, verb, ok := strings.Cut(p, ":")
		return ok && area != "" && verb != ""
	}
	return slices.Contains([]Access{Open, Public, Shopper, Customer, SignedIn, Operator, anyStaff}, a)
}

// Route is one line of app/routes.go.
type Route struct {
	Method      string
	Path        string // from the root: "/api/v1/orders/{id}"
	ID          string // operation id: "place-order"
	Summary     string
	Description string
	Tag         string
	Access      Access
	Status      int           // of success; 200, or 204 without a body
	Errors      []int         // statuses beside the ones that follow from the rest
	Timeout     time.Duration // 15 s
	Body        int64         // bytes of the body at most; 1 MiB
	Polled      bool          // GET answers carry an ETag and If-None-Match is honoured
	Keyed       bool          // an Idempotency-Key must be sent
	Keyable     bool          // an Idempotency-Key may be sent, and is honoured
	Strict      bool          // attempts are few, counted by address and by Account: login, sign-up, reset
	Account     string        // the member of the JSON body that names the account
	Suspended   bool          // works for a tenant that is suspended
	Streams     bool          // the handler writes its answer bit by bit and has no deadline
	Hidden      bool          // not in the OpenAPI document
}

const (
	defaultTimeout = 15 * time.Second
	defaultBody    = 1 << 20
)

// Add puts a typed handler on a route. The handler gets a plain context with the deadline, the db.Scope, the access.Identity, the access.Client and the
// db.Attempt of the request, and returns a *fault.Error for what it refuses. A route that lacks a part panics.
func Add[I, O any](g *Gateway, r Route, handler func(context.Context, *I) (*O, error)) {
	g.check(&r)
	op := huma.Operation{
		Method: r.Method, Path: r.Path, OperationID: r.ID, Summary: r.Summary, Description: r.Description, Tags: []string{r.Tag},
		DefaultStatus: r.Status, Errors: r.statuses(), Hidden: r.Hidden, Security: r.security(),
		MaxBodyBytes: -1, BodyReadTimeout: -1, // admit has read the body within our own limits
		Middlewares: huma.Middlewares{g.admitHuma(&r)},
		Extensions:  map[string]any{"x-access": string(r.Access)},
	}
	huma.Register(g.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, g.refusal(ctx, err)
		}
		return out, nil
	})
	if item := g.api.OpenAPI().Paths[r.Path]; item != nil && !r.Hidden {
		r.declare(operationOf(item, r.Method))
	}
	g.routes = append(g.routes, r)
}

// Routes lists what has been added.
func (g *Gateway) Routes() []Route { return slices.Clone(g.routes) }

func (g *Gateway) check(r *Route) {
	bad := func(what string) { panic(fmt.Sprintf("gateway: route %s %s: %s", r.Method, r.Path, what)) }
	switch {
	case r.Access == "":
		bad("has no Access: say who may use it")
	case !r.Access.valid():
		bad(fmt.Sprintf("Access %q is not one", r.Access))
	case r.ID == "" || r.Tag == "" || r.Summary == "":
		bad("needs an ID, a Tag and a Summary for the API's documentation")
	case !strings.HasPrefix(r.Path, "/api/v1/"):
		bad("is not under /api/v1/")
	case r.Polled && r.Method != http.MethodGet:
		bad("is Polled but not a GET")
	case (r.Keyed || r.Keyable) && safe(r.Method):
		bad("is Keyed but changes nothing")
	}
	for _, other := range g.routes {
		if other.ID == r.ID || (other.Method == r.Method && other.Path == r.Path) {
			bad("is there already: " + other.ID)
		}
	}
	if r.Timeout == 0 {
		r.Timeout = defaultTimeout
	}
	if r.Body == 0 {
		r.Body = defaultBody
	}
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func (r *Route) statuses() []int {
	s := append([]int{http.StatusTooManyRequests}, r.Errors...)
	if r.Access != Open && r.Access != Public && r.Access != Shopper {
		s = append(s, http.StatusUnauthorized, http.StatusForbidden)
	}
	if strings.Contains(r.Path, "{") {
		s = append(s, http.StatusNotFound)
	}
	if !safe(r.Method) {
		s = append(s, http.StatusBadRequest, http.StatusConflict)
	}
	slices.Sort(s)
	return slices.Compact(s)
}

func (r *Route) security() []map[string][]string {
	if _, ok := r.Access.Permission(); ok {
		return []map[string][]string{{"staffSession": {}}, {"apiKey": {}}}
	}
	switch r.Access {
	case anyStaff:
		return []map[string][]string{{"staffSession": {}}, {"apiKey": {}}}
	case SignedIn:
		return []map[string][]string{{"staffSession": {}}}
	case Customer:
		return []map[string][]string{{"customerSession": {}}}
	case Shopper:
		return []map[string][]string{{}, {"customerSession": {}}, {"orderLink": {}}}
	case Operator:
		return []map[string][]string{{"operatorSession": {}}}
	}
	return []map[string][]string{{}}
}
