package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/orders"
	"allhours/platform/payments"
	"allhours/plugins"
)

const plugin = "allhours/sandboxpay"

// installation is the shop's payment plugin; the zero one is none.
type installation struct {
	id      uuid.UUID
	hookURL string
}

func (i installation) there() bool { return i.id != uuid.Nil }

// method names a way to pay as an order does.
func (i installation) method(code string) string {
	if code == "manual" || code == "on_delivery" || !i.there() {
		return code
	}
	return i.id.String() + "/" + code
}

func (i installation) actor() actor { return actor{Kind: "plugin", ID: i.id.String()} }

// connect sees to it that the shop has the payment plugin and that it goes to where the provider is now.
func (p Parts) connect(ctx context.Context, sc db.Scope, s *shop) (i installation, err error) {
	if p.Plugins == nil {
		return i, nil
	}
	active, err := p.Plugins.Active(ctx, sc, "payment")
	if err != nil {
		return i, err
	}
	for _, in := range active {
		if in.Plugin == plugin {
			i = installation{in.ID, p.Plugins.HookURL(in)}
		}
	}
	url := ""
	if i.there() {
		if err := p.DB.InTx(ctx, sc, func(tx *db.Tx) (err error) { url, err = baseURL(tx, i.id); return err }); err != nil || url == p.Provider.URL {
			return i, err
		}
	}
	keys, err := p.register(ctx, s)
	if err != nil {
		return i, err
	}
	config := map[string]any{"base_url": p.Provider.URL, "methods": s.methods()}
	if i.there() {
		_, err := p.Plugins.Change(ctx, sc, i.id, plugins.Change{Config: config, Secrets: keys})
		return i, err
	}
	in, err := p.Plugins.Install(ctx, sc, plugin, plugins.Settings{Config: config, Secrets: keys, Mode: "sandbox"})
	return installation{in.ID, p.Plugins.HookURL(in)}, err
}

// methods are those of the provider that the shop takes.
func (s *shop) methods() []any {
	var list []any
	for _, m := range []string{"card", "qr", "wallet"} {
		list = append(list, m)
	}
	return list
}

// register makes the shop a merchant at the provider, which answers with its keys; a merchant that it knows keeps his.
func (p Parts) register(ctx context.Context, s *shop) (map[string]string, error) {
	var merchant struct {
		SecretKey     string `json:"secret_key"`
		WebhookSecret string `json:"webhook_secret"`
	}
	if err := p.ask(ctx, "PUT", s, "", map[string]string{"name": s.Business}, &merchant); err != nil {
		return nil, fmt.Errorf("register at the payment provider: %w", err)
	}
	return map[string]string{"secret_key": merchant.SecretKey, "webhook_secret": merchant.WebhookSecret}, nil
}

// tellProvider has the provider know the payments of the past, so that they can be looked up and refunded.
func (p Parts) tellProvider(ctx context.Context, s *shop, i installation, list []*paymentRow) error {
	if !i.there() {
		return nil
	}
	type payment struct {
		ID          string    `json:"id"`
		Reference   string    `json:"reference"`
		Amount      int64     `json:"amount"`
		Currency    string    `json:"currency"`
		Captured    int64     `json:"captured"`
		Refunded    int64     `json:"refunded"`
		Method      string    `json:"method"`
		State       string    `json:"state"`
		DeclineCode string    `json:"decline_code,omitempty"`
		NotifyURL   string    `json:"notify_url,omitempty"`
		Created     time.Time `json:"created"`
	}
	var past []payment
	for _, r := range list {
		if r.InstallationID == nil {
			continue
		}
		_, method, _ := strings.Cut(r.Method, "/")
		one := payment{r.ProviderRef, r.operation.String(), r.Amount, r.Currency, r.Captured, r.Refunded, method, r.Status, "", i.hookURL, r.CreatedAt}
		if r.Status == "declined" {
			one.DeclineCode = r.Reason
		}
		past = append(past, one)
	}
	if err := p.ask(ctx, "POST", s, "/payments", map[string]any{"data": past}, nil); err != nil {
		return fmt.Errorf("tell the payment provider of the past: %w", err)
	}
	return nil
}

func (p Parts) ask(ctx context.Context, method string, s *shop, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, p.Provider.URL+"/admin/merchants/demo-"+s.Slug+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.Provider.AdminToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.200s", method, req.URL.Path, res.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// failedV1 is the event of a payment that was refused.
func failedV1(r *paymentRow) payments.ChangedV1 {
	return payments.ChangedV1{ID: r.ID, OrderID: r.OrderID, Operation: "authorize", Method: r.Method, Status: r.Status, Amount: r.Amount, Currency: r.Currency, Reason: r.Reason, At: r.UpdatedAt}
}

// placedV1 is the event of an order that was placed.
func placedV1(o *orderRow, lines []*lineRow) orders.PlacedV1 {
	e := orders.PlacedV1{
		ID: o.ID, Number: o.Number, Status: o.Status, PaymentStatus: o.PaymentStatus, Channel: o.Channel, FulfilmentType: o.FulfilmentType, PaymentMethod: o.PaymentMethod,
		CustomerID: &o.CustomerID, Currency: o.Currency, Total: o.Total, At: *o.PlacedAt,
	}
	for _, l := range lines {
		if l.OrderID == o.ID {
			e.Lines = append(e.Lines, orders.PlacedLine{VariantID: &l.VariantID, SKU: l.SKU, Quantity: l.Quantity})
		}
	}
	return e
}
