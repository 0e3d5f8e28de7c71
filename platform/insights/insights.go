// Package insights answers how the business is doing: the dashboard's figures, read from the rows of the packages below and owned by none of them.
//
// Owns: no table. Figures are of placed orders that have not been cancelled, by the tenant's own days and hours.
package insights

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Insights reads reports.
type Insights struct{ db *db.DB }

// New makes the insights of an installation.
func New(d *db.DB) *Insights { return &Insights{db: d} }

// Figures are sums over a period. Revenue is in minor units of the tenant's currency.
type Figures struct {
	Orders         int64   `json:"orders"`
	Revenue        int64   `json:"revenue"`
	Average        int64   `json:"average"`
	Units          int64   `json:"units"`
	Customers      int64   `json:"customers"`
	PaymentSuccess float64 `json:"payment_success" doc:"Share of payment attempts that succeeded, 0 to 1; 1 where there was none."`
}

// Point is one step of a series.
type Point struct {
	At      time.Time `json:"at"`
	Orders  int64     `json:"orders"`
	Revenue int64     `json:"revenue"`
}

// TopProduct is one of what sells best.
type TopProduct struct {
	SKU     string            `json:"sku"`
	Title   map[string]string `json:"title"`
	Units   int64             `json:"units"`
	Revenue int64             `json:"revenue"`
}

// LowStock is a variant of which little is left.
type LowStock struct {
	LevelID   uuid.UUID         `json:"level_id"`
	ProductID uuid.UUID         `json:"product_id"`
	SKU       string            `json:"sku"`
	Title     map[string]string `json:"title"`
	Location  string            `json:"location"`
	Available int64             `json:"available"`
}

// Step is one thing that a new shop has to do before it can sell.
type Step struct {
	ID   string `json:"id" enum:"product,stock,payment,category,team,order"`
	Done bool   `json:"done"`
	Link string `json:"link"`
}

// Dashboard is the state of the business over a period, compared with the period before it.
type Dashboard struct {
	Range         string       `json:"range"`
	From          time.Time    `json:"from"`
	To            time.Time    `json:"to"`
	Currency      string       `json:"currency"`
	Current       Figures      `json:"current"`
	Previous      Figures      `json:"previous"`
	Step          string       `json:"step" enum:"hour,day"`
	Series        []Point      `json:"series" nullable:"false"`
	Previously    []Point      `json:"previous_series" nullable:"false"`
	TopProducts   []TopProduct `json:"top_products" nullable:"false"`
	LowStock      []LowStock   `json:"low_stock" nullable:"false"`
	OpenIncidents int64        `json:"open_incidents"`
	ToFulfil      int64        `json:"to_fulfil" doc:"Placed orders that wait for the staff."`
	Unpaid        int64        `json:"unpaid"`
	Checklist     []Step       `json:"checklist" nullable:"false"`
}

// DashboardInput names the period: today and yesterday by hours, the others by days. Each ends now.
type DashboardInput struct {
	Range string `query:"range" enum:"today,7d,30d,90d" default:"today"`
}

// DashboardOutput carries the dashboard.
type DashboardOutput struct{ Body Dashboard }

// DashboardHTTP reads the dashboard in one consistent transaction.
func (i *Insights) DashboardHTTP(ctx context.Context, in *DashboardInput) (*DashboardOutput, error) {
	out := &DashboardOutput{}
	err := i.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) (err error) {
		out.Body, err = dashboard(tx, in.Range)
		return err
	})
	return out, err
}

func dashboard(tx *db.Tx, span string) (Dashboard, error) {
	t, err := tenantOf(tx)
	if err != nil {
		return Dashboard{}, err
	}
	zone, err := time.LoadLocation(t.TimeZone)
	if err != nil {
		return Dashboard{}, fmt.Errorf("tenant's time zone: %w", err)
	}
	d := Dashboard{Range: span, Currency: t.Currency, To: tx.Now}
	var before time.Time // begin of the period before
	d.From, before, d.Step = period(span, tx.Now.In(zone))
	length := tx.Now.Sub(d.From) // compare like with like: the same part of the period before
	for _, q := range []struct {
		into     *Figures
		from, to time.Time
	}{{&d.Current, d.From, d.To}, {&d.Previous, before, before.Add(length)}} {
		if *q.into, err = figures(tx, t.Currency, q.from, q.to); err != nil {
			return d, err
		}
	}
	if d.Series, err = series(tx, t, d.Step, d.From, d.To); err != nil {
		return d, err
	}
	if d.Previously, err = series(tx, t, d.Step, before, d.From); err != nil {
		return d, err
	}
	if d.TopProducts, err = topProducts(tx, t.Currency, d.From, d.To); err != nil {
		return d, err
	}
	if d.LowStock, err = lowStock(tx); err != nil {
		return d, err
	}
	if err := counts(tx, &d); err != nil {
		return d, err
	}
	d.Checklist, err = checklist(tx)
	d.From, d.To = d.From.UTC(), d.To.UTC()
	return d, err
}

// period gives the begin of the period that ends at now, the begin of the one before it, and the step of its series. Days begin at midnight of now's zone.
func period(span string, now time.Time) (from, before time.Time, step string) {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	days := map[string]int{"7d": 7, "30d": 30, "90d": 90}[span]
	if days == 0 {
		return midnight, midnight.AddDate(0, 0, -1), "hour"
	}
	return midnight.AddDate(0, 0, 1-days), midnight.AddDate(0, 0, 1-2*days), "day"
}
