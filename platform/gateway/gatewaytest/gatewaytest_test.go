package gatewaytest_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
	"allhours/platform/gateway"
	"allhours/platform/gateway/gatewaytest"
	"allhours/tenants/access"
)

type input struct {
	ID   uuid.UUID `path:"id"`
	Body struct {
		Count int `json:"count" minimum:"1"`
	}
}
type output struct {
	Body struct {
		Who    string    `json:"who"`
		Order  uuid.UUID `json:"order"`
		Tenant uuid.UUID `json:"tenant"`
		Key    string    `json:"key"`
	}
}

func answer(ctx context.Context, _ uuid.UUID) (*output, error) {
	out, id := &output{}, access.IdentityOf(ctx)
	out.Body.Who, out.Body.Order, out.Body.Tenant, out.Body.Key = id.Kind, id.OrderID, db.ScopeOf(ctx).Tenant, db.AttemptOf(ctx).Key
	if out.Body.Key == "refuse" {
		return nil, fault.New(fault.Conflict, "thing.taken", "Taken.").Field("name", "is taken")
	}
	return out, nil
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	s := gatewaytest.New(t, dbtest.New(t), func(g *gateway.Gateway) {
		for name, a := range map[string]gateway.Access{"public": gateway.Public, "shopper": gateway.Shopper, "customer": gateway.Customer, "staff": gateway.Staff("orders:write"), "member": gateway.SignedIn, "operator": gateway.Operator} {
			gateway.Add(g, gateway.Route{Method: "POST", Path: "/api/v1/" + name + "/{id}", ID: name, Summary: "s", Tag: "t", Access: a}, func(ctx context.Context, in *input) (*output, error) { return answer(ctx, in.ID) })
		}
	})
	a := s.Tenant(t, "a")
	order := db.NewID()
	at := func(name string) string { return "/api/v1/" + name + "/" + order.String() }
	one := map[string]int{"count": 1}
	s.Run(t, []gatewaytest.Case{
		{Name: "visitor", As: s.Anonymous(a), Method: "POST", Path: at("public"), Body: one, Has: []string{a.String()}, Hasnt: []string{"member"}},
		{Name: "member", As: s.Member(a, "orders:write"), Method: "POST", Path: at("staff"), Body: one, Key: "k1", Has: []string{`"who":"member"`, `"key":"k1"`}},
		{Name: "key", As: s.Key(a, "orders:write"), Method: "POST", Path: at("staff"), Body: one, Has: []string{`"who":"api_key"`}},
		{Name: "weak", As: s.Member(a, "orders:read"), Method: "POST", Path: at("staff"), Body: one, Want: 403, Code: "permission_denied"},
		{Name: "customer", As: s.Customer(a, order), Method: "POST", Path: at("customer"), Body: one, Has: []string{`"who":"customer"`}},
		{Name: "guest", As: s.Guest(a, order), Method: "POST", Path: at("shopper"), Body: one, Has: []string{`"order":"` + order.String()}},
		{Name: "operator", As: s.Operator(), Method: "POST", Path: at("operator"), Body: one, Has: []string{`"who":"operator"`}},
		{Name: "invalid", As: s.Member(a, "orders:write"), Method: "POST", Path: "/api/v1/staff/zz", Body: `{"count":0}`, Want: 422, Code: "validation_failed", Fields: []string{"path.id", "body.count"}},
		{Name: "conflict", As: s.Member(a, "orders:write"), Method: "POST", Path: at("staff"), Body: one, Key: "refuse", Want: 409, Code: "thing.taken", Fields: []string{"name"}},
		{Name: "cross-site", As: s.Member(a, "orders:write"), Method: "POST", Path: at("staff"), Body: one, Header: map[string]string{"Sec-Fetch-Site": "cross-site"}, Want: 403, Code: "csrf_refused"},
		{Name: "answer", As: s.Member(a), Method: "POST", Path: at("member"), Body: one, Check: func(t *testing.T, got gatewaytest.Answer) {
			var body struct{ Who string }
			if got.Into(t, &body); body.Who != "member" {
				t.Errorf("who %q", body.Who)
			}
		}},
	})
	s.Guarded(t)
}
