package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"allhours/bench/load"
	"allhours/platform/base/db"
)

// scenario is one thing to measure; limit names the pgbench script beside which it is measured.
type scenario struct {
	name  string
	limit string
	work  func(c *load.Client) load.Work
	rig   *rig
}

func (s scenario) run(ctx context.Context, conns int) load.Result {
	return load.Run(ctx, conns, s.rig.seconds, s.work(load.NewClient(s.rig.addr, conns)))
}

// warmUp fills caches and makes plans, which a server that has just started lacks, and has the tables counted, which the database does by itself within a minute.
func (s scenario) warmUp(ctx context.Context, conns int) error {
	load.Run(ctx, conns, 2*time.Second, s.work(load.NewClient(s.rig.addr, conns)))
	_, err := s.rig.owner.Exec(ctx, "ANALYZE")
	return err
}

func (r *rig) scenarios() []scenario {
	all := []scenario{
		{name: "place in one call", limit: "order", work: r.place},
		{name: "place, one hot SKU", limit: "hot", work: r.placeHot},
		{name: "place, many tenants", limit: "", work: r.placeMany},
		{name: "cart to paid", work: r.cartToPaid},
		{name: "list of products", work: r.list},
		{name: "product", work: r.product},
	}
	for i := range all {
		all[i].rig = r
	}
	return all
}

func (r *rig) host(s shop) string { return s.slug + ".localhost" }

// order is the body of an order of two lines.
func order(a, b int) string {
	return fmt.Sprintf(`{"customer":{"email":"ann@example.com","name":"Ann Example"},"fulfilment_type":"ship","shipping_address":{"name":"Ann Example","lines":["1 High Street"],"city":"Leeds","postal_code":"LS1 1AA","country":"GB"},`+
		`"lines":[{"sku":"SKU-%d","quantity":1},{"sku":"SKU-%d","quantity":1}],"payment":{"method":"manual"}}`, a, b)
}

func (r *rig) post(c *load.Client, s shop, body string) error {
	_, _, err := c.Do(load.Call{Method: "POST", Path: "/api/v1/orders", Host: r.host(s), Bearer: s.key, Key: db.NewID().String(), Body: body}, 201)
	return err
}

func (r *rig) place(c *load.Client) load.Work {
	return func(int, int) error {
		return r.post(c, r.shops[0], order(1+rand.IntN(goods/2), 1+goods/2+rand.IntN(goods/2)))
	}
}

func (r *rig) placeHot(c *load.Client) load.Work {
	body := `{"customer":{"email":"ann@example.com","name":"Ann Example"},"fulfilment_type":"ship","shipping_address":{"name":"Ann Example","lines":["1 High Street"],"city":"Leeds","postal_code":"LS1 1AA","country":"GB"},` +
		`"lines":[{"sku":"SKU-1","quantity":1}],"payment":{"method":"manual"}}`
	return func(int, int) error { return r.post(c, r.shops[0], body) }
}

func (r *rig) placeMany(c *load.Client) load.Work {
	return func(int, int) error { return r.post(c, r.shops[2+rand.IntN(len(r.shops)-2)], order(1, 2)) }
}

// cartToPaid is the whole way of a shopper: a cart, two goods, the address, the order, and the money.
func (r *rig) cartToPaid(c *load.Client) load.Work {
	s := r.shops[0]
	return func(int, int) error {
		call := load.Call{Method: "POST", Path: "/api/v1/storefront/cart", Host: r.host(s), Body: "{}"}
		_, cookie, err := c.Do(call, 201)
		if err != nil {
			return err
		}
		a, b := 1+rand.IntN(goods/2), 1+goods/2+rand.IntN(goods/2)
		call.Cookie, call.Method, call.Path = cookie, "PUT", "/api/v1/storefront/cart/lines"
		call.Body = fmt.Sprintf(`{"lines":[{"variant_id":%q,"quantity":1},{"variant_id":%q,"quantity":1}]}`, r.variants[a-1], r.variants[b-1])
		if _, _, err := c.Do(call, 200); err != nil {
			return err
		}
		call.Method, call.Path = "PATCH", "/api/v1/storefront/cart"
		call.Body = `{"email":"ann@example.com","name":"Ann Example","fulfilment_type":"ship","shipping_address":{"name":"Ann Example","lines":["1 High Street"],"city":"Leeds","postal_code":"LS1 1AA","country":"GB"}}`
		body, _, err := c.Do(call, 200)
		if err != nil {
			return err
		}
		var cart struct {
			Total int64 `json:"total"`
		}
		if err := json.Unmarshal(body, &cart); err != nil {
			return err
		}
		call.Method, call.Path, call.Key = "POST", "/api/v1/storefront/cart/complete", db.NewID().String()
		call.Body = fmt.Sprintf(`{"expected_total":%d,"payment_method":"on_delivery"}`, cart.Total)
		if body, _, err = c.Do(call, 201); err != nil {
			return err
		}
		var done struct {
			Order struct {
				ID string `json:"id"`
			} `json:"order"`
		}
		if err := json.Unmarshal(body, &done); err != nil {
			return err
		}
		_, _, err = c.Do(load.Call{
			Method: "POST", Path: "/api/v1/orders/" + done.Order.ID + "/payments/manual", Host: r.host(s), Bearer: s.key, Key: db.NewID().String(),
			Body: fmt.Sprintf(`{"amount":%d,"reference":"till"}`, cart.Total),
		}, 201)
		return err
	}
}

func (r *rig) list(c *load.Client) load.Work {
	return func(int, int) error {
		_, _, err := c.Do(load.Call{Method: "GET", Path: "/api/v1/storefront/products?limit=24", Host: r.host(r.shops[0])}, 200)
		return err
	}
}

func (r *rig) product(c *load.Client) load.Work {
	return func(int, int) error {
		_, _, err := c.Do(load.Call{Method: "GET", Path: fmt.Sprint("/api/v1/storefront/products/product-", 1+rand.IntN(goods)), Host: r.host(r.shops[0])}, 200)
		return err
	}
}
