package payments

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/orders"
	"allhours/plugins"
	"allhours/plugins/sdk/pluginv1"
)

// providerEventTx hears what an installation's provider notified. It comes here by the same way as the answers to our own calls.
func (p *Payments) providerEventTx(tx *db.Tx, in plugins.Installation, e *pluginv1.DomainEvent) error {
	txn := e.GetTxn()
	if txn == nil {
		return nil
	}
	operation, err := p.meant(tx, in, e)
	if errors.Is(err, ErrNotFound) {
		return stranger(tx, in, e)
	}
	if err != nil {
		return err
	}
	_, err = p.applyTx(tx, operation, judge(txn, nil), byWebhook)
	return err
}

// meant finds the operation that an event is about: by the id that we gave, or by the provider's reference. It must be one of this installation.
func (p *Payments) meant(tx *db.Tx, in plugins.Installation, e *pluginv1.DomainEvent) (uuid.UUID, error) {
	if id, err := uuid.Parse(e.GetSubjectRef()); err == nil {
		known, err := knows(tx, in.ID, id)
		if err == nil && !known {
			err = ErrNotFound
		}
		return id, err
	}
	pay, err := findByRef(tx, in.ID, e.GetTxn().GetProviderRef())
	if err != nil {
		return uuid.Nil, err
	}
	op, err := attemptOf(tx, pay)
	if err != nil {
		return uuid.Nil, err
	}
	return op.ID, nil
}

// stranger is an event about nothing that we know. Money among it is told: somebody has paid, and there is no order.
func stranger(tx *db.Tx, in plugins.Installation, e *pluginv1.DomainEvent) error {
	switch e.GetTxn().GetState() {
	case pluginv1.TxnResult_CAPTURED, pluginv1.TxnResult_AUTHORIZED:
	default:
		return nil
	}
	m := e.GetTxn().GetAmount()
	ref := e.GetTxn().GetProviderRef()
	return outbox.Append(tx, EventOrphan, ref, ChangedV1{
		Operation: authorize, Method: in.ID.String(), Status: statusCaptured, Amount: m.GetMinor(), Captured: m.GetMinor(), Currency: m.GetCurrency(), Reason: "unknown_payment", At: tx.Now,
	})
}

// Returned is called when the shopper's browser comes back. That proves nothing: the provider is asked.
func (p *Payments) Returned(ctx context.Context, sc db.Scope, id uuid.UUID) (orders.PaymentView, error) {
	pay, err := p.read(ctx, sc, id)
	if err != nil || !open(pay.Status) || pay.InstallationID == nil {
		return pay.viewOr(err)
	}
	op, err := p.attempt(ctx, sc, pay)
	if err != nil {
		return orders.PaymentView{}, err
	}
	if err := p.lookup(ctx, sc, op.ID, byReturn); err != nil && fault.KindOf(err) != fault.Unavailable {
		return orders.PaymentView{}, err
	}
	return p.Get(ctx, sc, id)
}

func (r *paymentRow) viewOr(err error) (orders.PaymentView, error) {
	if err != nil {
		return orders.PaymentView{}, err
	}
	return r.view(), nil
}

// Method is a way to pay that the shop offers.
type Method struct {
	ID    string            `json:"id" doc:"<installation>/<method>; goes into payment_method."`
	Label map[string]string `json:"label"`
	Kind  string            `json:"kind" enum:"redirect,qr"`
}

type methodsKey struct {
	installation uuid.UUID
	rev          uint64
	currency     string
}

type methodsEntry struct {
	list  []Method
	until time.Time
}

// fresh is how long a plugin's list of methods is believed. An old one is better than none while the plugin does not answer.
const fresh = 30 * time.Second

// Methods lists the ways to pay in the currency, in the tenant's order. A plugin that does not answer is left out, or answered for by what it said last.
func (p *Payments) Methods(ctx context.Context, sc db.Scope, currency string) ([]Method, error) {
	list := []Method{}
	active, err := p.plugins.Active(ctx, sc, "payment")
	for _, in := range active {
		list = append(list, p.methodsOf(ctx, in, currency)...)
	}
	return list, err
}

func (p *Payments) methodsOf(ctx context.Context, in plugins.Installation, currency string) []Method {
	k := methodsKey{in.ID, in.Rev, currency}
	p.mu.Lock()
	known := p.methods[k]
	p.mu.Unlock()
	if time.Now().Before(known.until) {
		return known.list
	}
	client, err := p.plugins.Payment(in)
	if err != nil {
		return known.list
	}
	res, err := client.Methods(ctx, &pluginv1.MethodsRequest{Amount: money(0, currency)})
	if err != nil {
		return known.list
	}
	known = methodsEntry{list: []Method{}, until: time.Now().Add(fresh)}
	for _, m := range res.GetMethods() {
		kind := "qr"
		if m.GetNeedsRedirect() {
			kind = "redirect"
		}
		known.list = append(known.list, Method{ID: in.ID.String() + "/" + m.GetCode(), Label: label(m.GetCode(), p.plugins.Title(in)), Kind: kind})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.methods[k] = known
	return known.list
}

// label names a method in the shopper's languages; what we have no word for is named after the plugin.
func label(code string, title map[string]string) map[string]string {
	if words, ok := labels[code]; ok {
		return words
	}
	return title
}

var labels = map[string]map[string]string{
	"card":   {"en": "Card", "zh": "银行卡"},
	"qr":     {"en": "QR code", "zh": "扫码支付"},
	"wallet": {"en": "Wallet", "zh": "电子钱包"},
}

// Accepts refuses a method that the shop does not offer now.
func (p *Payments) Accepts(ctx context.Context, sc db.Scope, method, currency string) error {
	in, _, err := p.chosen(ctx, sc, method)
	if err != nil {
		return err
	}
	offered := p.methodsOf(ctx, in, currency)
	for _, m := range offered {
		if m.ID == method {
			return nil
		}
	}
	if len(offered) == 0 {
		return plugins.ErrUnavailable
	}
	return ErrMethod
}
