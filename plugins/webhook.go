package plugins

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/plugins/sdk/pluginv1"
)

// Hook is a request of a provider, byte for byte as it came.
type Hook struct {
	Method string              `json:"method"`
	Path   string              `json:"path"`
	Query  string              `json:"query"`
	Header map[string][]string `json:"header"`
	Body   []byte              `json:"body"`
	IP     string              `json:"ip"`
}

// Reply is what the provider wants to hear.
type Reply struct {
	Status int
	Type   string
	Body   []byte
}

// TimerDelivery comes when a delivery has not been handled; its subject is the delivery's id.
const TimerDelivery = "webhook.due"

var noEnd time.Time

const (
	firstRetry  = 30 * time.Second // then doubling
	maxAttempts = 6
	keepFor     = 7 * 24 * time.Hour
)

// Receive takes what came to /hooks/{token}: it is stored, then verified by the plugin, then has its effect, and only then is it answered. If the plugin does not answer,
// the provider hears 503 and sends again, and we try again ourselves.
func (p *Plugins) Receive(ctx context.Context, token string, h Hook) (Reply, error) {
	parts, err := p.signer.Verify("hook", token)
	if err != nil || len(parts) != 2 {
		return Reply{}, errHook
	}
	tenant, err1 := uuid.Parse(parts[0])
	id, err2 := uuid.Parse(parts[1])
	if err1 != nil || err2 != nil {
		return Reply{}, errHook
	}
	sc := db.Scope{Tenant: tenant, Actor: db.Actor{Kind: "plugin", ID: id.String(), Via: "plugin"}}
	in, d, err := p.store(ctx, sc, id, h)
	if err != nil {
		return Reply{}, err
	}
	return p.handle(context.WithoutCancel(ctx), sc, in, d, h)
}

// store keeps the request, sealed, and sets the timer that sees to it if this process dies.
func (p *Plugins) store(ctx context.Context, sc db.Scope, installation uuid.UUID, h Hook) (in Installation, d *deliveryRow, err error) {
	raw, err := json.Marshal(h)
	if err != nil {
		return in, nil, err
	}
	d = &deliveryRow{TenantID: sc.Tenant, ID: db.NewID(), InstallationID: installation, Endpoint: "notify", State: received}
	if d.Request, err = p.box.Seal(raw, d.aad()); err != nil {
		return in, nil, err
	}
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		in, err = p.GetTx(tx, installation)
		if errors.Is(err, ErrNotFound) || in.State == "removed" {
			return errHook
		}
		if err != nil {
			return err
		}
		d.ReceivedAt = tx.Now
		if err := tx.Create(d).Error; err != nil {
			return fmt.Errorf("store delivery: %w", err)
		}
		return outbox.Schedule(tx, tx.Now.Add(firstRetry), TimerDelivery, d.ID.String(), struct{}{})
	})
	return in, d, err
}

func (d *deliveryRow) aad() []byte { return secrets.AAD(d.TenantID, "webhook", d.ID.String()) }

// handle has the plugin verify a stored delivery and applies what it says.
func (p *Plugins) handle(ctx context.Context, sc db.Scope, in Installation, d *deliveryRow, h Hook) (Reply, error) {
	res, err := p.ask(ctx, in, d, h)
	if err == nil && res.GetVerdict() == pluginv1.WebhookResponse_ACCEPTED {
		err = p.accept(ctx, sc, in, d, res)
		if db.Violates(err, "webhook_deliveries_dedupe") {
			return reply(res, 200), p.record(ctx, sc, d, duplicate, res.GetDedupeId(), "")
		}
		if err == nil {
			return reply(res, 200), nil
		}
	}
	if err != nil {
		slog.WarnContext(ctx, "plugins: a delivery was not handled", "delivery", d.ID, "installation", in.ID, "err", err)
		return Reply{Status: 503}, p.record(ctx, sc, d, failed, "", fault.Of(err).Error())
	}
	state, status := verdicts(res.GetVerdict())
	return reply(res, status), p.record(ctx, sc, d, state, res.GetDedupeId(), res.GetVerdict().String())
}

func verdicts(v pluginv1.WebhookResponse_Verdict) (state string, status int) {
	switch v {
	case pluginv1.WebhookResponse_BAD_SIGNATURE:
		return refused, 401
	case pluginv1.WebhookResponse_STALE:
		return refused, 400
	case pluginv1.WebhookResponse_IGNORED:
		return ignored, 200
	}
	return failed, 503 // RETRY, and whatever is new to us
}

func reply(res *pluginv1.WebhookResponse, status int) Reply {
	if s := int(res.GetStatus()); s >= 200 && s < 600 {
		status = s
	}
	r := Reply{Status: status, Body: res.GetBody()}
	for _, h := range res.GetHeaders() {
		if strings.EqualFold(h.GetName(), "Content-Type") && len(h.GetValues()) > 0 {
			r.Type = h.GetValues()[0]
		}
	}
	return r
}

func (p *Plugins) ask(ctx context.Context, in Installation, d *deliveryRow, h Hook) (*pluginv1.WebhookResponse, error) {
	t, err := p.target(in)
	if err != nil {
		return nil, err
	}
	req := &pluginv1.WebhookRequest{
		Endpoint: d.Endpoint, Method: h.Method, RawPath: h.Path, RawQuery: h.Query, RawBody: h.Body, RemoteIp: h.IP, ReceivedAt: timestamppb.New(d.ReceivedAt),
	}
	for name, values := range h.Header {
		req.Headers = append(req.Headers, &pluginv1.Header{Name: name, Values: values})
	}
	return pluginv1.NewWebhookClient(p.host.Conn(t)).Handle(ctx, req)
}

// accept applies the events and marks the delivery, all or nothing. That a delivery with the same dedupe id was accepted before shows as a violated index.
func (p *Plugins) accept(ctx context.Context, sc db.Scope, in Installation, d *deliveryRow, res *pluginv1.WebhookResponse) error {
	return p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if err := recordDelivery(tx, d.ID, accepted, res.GetDedupeId(), ""); err != nil {
			return err
		}
		for _, e := range res.GetEvents() {
			kind, _, _ := strings.Cut(e.GetType(), ".")
			apply, ok := p.apply[kind]
			if !ok {
				continue // an event that nobody here is interested in
			}
			if err := apply(tx, in, e); err != nil {
				return fmt.Errorf("apply %s: %w", e.GetType(), err)
			}
		}
		outbox.Cancel(tx, TimerDelivery, d.ID.String())
		return nil
	})
}

// record writes down that the delivery was not accepted, and when to try again if that makes sense.
func (p *Plugins) record(ctx context.Context, sc db.Scope, d *deliveryRow, state, dedupe, detail string) error {
	return p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if err := recordDelivery(tx, d.ID, state, dedupe, detail); err != nil {
			return err
		}
		outbox.Cancel(tx, TimerDelivery, d.ID.String())
		if state != failed || d.Attempts+1 >= maxAttempts {
			return nil
		}
		return outbox.Schedule(tx, tx.Now.Add(firstRetry<<d.Attempts), TimerDelivery, d.ID.String(), struct{}{})
	})
}

// DeliveryDue is the handler of TimerDelivery.
func (p *Plugins) DeliveryDue(ctx context.Context, e outbox.Event) error {
	id, err := uuid.Parse(e.Subject)
	if err != nil {
		return fmt.Errorf("delivery id: %w", err)
	}
	_, err = p.again(ctx, db.ScopeOf(ctx), id, false)
	return err
}

// Replay handles a stored delivery again, as if it had come just after the first time. One that was accepted changes nothing that is not missing.
func (p *Plugins) Replay(ctx context.Context, sc db.Scope, installation, id uuid.UUID) (Delivery, error) {
	d, err := p.delivery(ctx, sc, id)
	if err == nil && d.InstallationID != installation {
		err = ErrNotFound
	}
	if err != nil {
		return Delivery{}, err
	}
	return p.again(ctx, sc, id, true)
}

func (p *Plugins) delivery(ctx context.Context, sc db.Scope, id uuid.UUID) (d *deliveryRow, err error) {
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		d, err = selectDelivery(tx, id, false)
		return err
	})
	return d, err
}

func (p *Plugins) again(ctx context.Context, sc db.Scope, id uuid.UUID, asked bool) (Delivery, error) {
	d, err := p.delivery(ctx, sc, id)
	if err != nil {
		return Delivery{}, err
	}
	if !asked && d.State != received && d.State != failed {
		return d.view(), nil
	}
	raw, err := p.box.Open(d.Request, d.aad())
	if err != nil {
		return Delivery{}, fmt.Errorf("delivery %s: %w", id, err)
	}
	var h Hook
	if err := json.Unmarshal(raw, &h); err != nil {
		return Delivery{}, err
	}
	in, err := p.Get(ctx, sc, d.InstallationID)
	if err != nil {
		return Delivery{}, err
	}
	if _, err := p.handle(context.WithoutCancel(ctx), sc, in, d, h); err != nil {
		return Delivery{}, err
	}
	if d, err = p.delivery(ctx, sc, id); err != nil {
		return Delivery{}, err
	}
	return d.view(), nil
}

// Purge forgets the tenant's deliveries that are older than a week.
func (p *Plugins) Purge(ctx context.Context, sc db.Scope) error {
	return p.db.InTx(ctx, sc, func(tx *db.Tx) error { return purgeDeliveries(tx, tx.Now.Add(-keepFor)) })
}
