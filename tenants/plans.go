package tenants

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Plan is what a tenant pays for. A limit of 0 is none.
type Plan struct {
	Name   string           `json:"name"`
	Limits map[string]int64 `json:"limits"`
}

// Metrics that plans limit. requests_second is held by the gateway, orders_month by the orders, the others by Limits.Check.
const (
	Users          = "users"
	Products       = "products"
	OrdersMonth    = "orders_month"
	RequestsSecond = "requests_second"
	Plugins        = "plugins"
)

var metrics = []string{Users, Products, OrdersMonth, RequestsSecond, Plugins}

//go:embed plans.json
var plansJSON []byte

var plans = func() (list []Plan) {
	if err := json.Unmarshal(plansJSON, &list); err != nil {
		panic("tenants: plans.json: " + err.Error())
	}
	return list
}()

// Plans lists the plans from the smallest up.
func Plans() []Plan { return plans }

func planOf(name string) (Plan, error) {
	names := make([]string, len(plans))
	for i, p := range plans {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	return Plan{}, fault.New(fault.Invalid, "plan.unknown", "There is no plan %q; there are %s.", name, strings.Join(names, ", ")).Field("plan", "unknown")
}

// Limit gives what the plan allows of the metric; 0 is no limit. An unknown plan is held to the smallest.
func Limit(plan, metric string) int64 {
	p, err := planOf(plan)
	if err != nil {
		p = plans[0]
	}
	return p.Limits[metric]
}

// Rate is how many requests a second a tenant on the plan may send; 0 is no limit of the plan's own.
func Rate(plan string) int { return int(Limit(plan, RequestsSecond)) }

// ErrLimit answers what the plan does not allow any more. Its document has limit, used, metric and plan, and upgrade: the smallest plan that would.
var ErrLimit = fault.New(fault.Conflict, "plan.limit_reached", "The plan does not allow more.")

// Counter counts what the transaction's tenant uses of a metric.
type Counter func(tx *db.Tx) (int64, error)

// Limits holds tenants to their plans.
type Limits struct{ counters map[string]Counter }

// Count says how the metric is counted; app does it for each before the first request.
func (l *Limits) Count(metric string, c Counter) {
	if l.counters == nil {
		l.counters = map[string]Counter{}
	}
	l.counters[metric] = c
}

// Check refuses with ErrLimit if n more of the metric would be over the transaction's tenant's plan. Call it before adding, in the transaction that adds: others that add wait for its
// end, so that two together cannot pass.
func (l *Limits) Check(tx *db.Tx, metric string, n int64) error {
	plan, err := planName(tx)
	if err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	limit := Limit(plan, metric)
	if limit == 0 {
		return nil
	}
	count, ok := l.counters[metric]
	if !ok {
		return fmt.Errorf("tenants: nobody counts %s", metric)
	}
	if err := lockCount(tx, metric); err != nil {
		return fmt.Errorf("count %s: %w", metric, err)
	}
	used, err := count(tx)
	if err != nil {
		return fmt.Errorf("count %s: %w", metric, err)
	}
	if used+n <= limit {
		return nil
	}
	return LimitReached(plan, metric, used)
}

var metricWords = map[string]fault.Text{
	Users: fault.T("members and open invitations"), Products: fault.T("products"), OrdersMonth: fault.T("orders a month"), RequestsSecond: fault.T("requests a second"), Plugins: fault.T("installed plugins"),
}

// LimitReached makes the answer of a plan that allows no more of the metric than is used.
func LimitReached(plan, metric string, used int64) error {
	limit := Limit(plan, metric)
	e := ErrLimit.Saying("The plan %q allows %d %s; %d are in use. Remove some, or change to a larger plan.", plan, limit, metricWords[metric], used).
		With("metric", metric).With("limit", limit).With("used", used).With("plan", plan)
	for _, p := range plans {
		if l := p.Limits[metric]; l == 0 || l > limit {
			e = e.With("upgrade", p.Name)
			break
		}
	}
	return e
}

// Usage is what a tenant uses and may use.
type Usage struct {
	Plan   string           `json:"plan"`
	Limits map[string]int64 `json:"limits" doc:"By metric: users, products, orders_month, requests_second, plugins. 0 is no limit."`
	Used   map[string]int64 `json:"used" doc:"By metric; requests_second is not counted here."`
}

// Usage counts everything of the transaction's tenant.
func (l *Limits) Usage(tx *db.Tx) (Usage, error) {
	name, err := planName(tx)
	if err != nil {
		return Usage{}, fmt.Errorf("read plan: %w", err)
	}
	u := Usage{Plan: name, Limits: map[string]int64{}, Used: map[string]int64{}}
	for _, m := range metrics {
		u.Limits[m] = Limit(name, m)
		if count, ok := l.counters[m]; ok {
			if u.Used[m], err = count(tx); err != nil {
				return Usage{}, fmt.Errorf("count %s: %w", m, err)
			}
		}
	}
	return u, nil
}
