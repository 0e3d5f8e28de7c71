// Package plugins is what a tenant has to do with plugins: which there are, the installations with their settings, and what providers send to them.
//
// Owns: the catalog of releases on this machine, plugin_installations with their sealed secrets, webhook_deliveries and the ingress /hooks/{token}.
// Does not own: the processes (host), the contract (sdk), or what a provider's event means: it goes, in the transaction that marks the delivery as accepted,
// to the handler of its kind (OnEvents).
//
// Invariants: a secret is never returned, and is readable only by the process of its plugin. A change of settings is a new revision, tried
// against the provider before it is saved. A delivery is stored before it is answered and has its effect once, however often it comes.
//
// Events in: webhook.due (its own timer). Events out: plugin.installed, changed, removed.
package plugins

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/secrets"
	"allhours/plugins/host"
	"allhours/plugins/sdk/pluginv1"
	"allhours/tenants"
)

// Plugins does everything with releases, installations and deliveries.
type Plugins struct {
	db       *db.DB
	host     *host.Host
	box      *secrets.Box
	signer   *secrets.Signer
	limits   *tenants.Limits
	public   string
	releases map[string]Release
	apply    map[string]EventsFunc // by the part of the event's type before the dot
	inUse    func(tx *db.Tx, installation uuid.UUID) error

	mu    sync.Mutex
	known map[uuid.UUID]knownInstallation
}

// knownInstallation is an installation as it was a moment ago.
type knownInstallation struct {
	Installation
	until time.Time
}

// staleFor is how long Get may answer from memory: each payment asks several times, and a change must hold within a second in every process.
const staleFor = time.Second

// EventsFunc handles an event of a provider in the transaction that accepts its delivery. It may see an event again and must then do nothing.
type EventsFunc func(tx *db.Tx, in Installation, e *pluginv1.DomainEvent) error

// Config of Plugins.
type Config struct {
	Dir       string `env:"ALLHOURS_PLUGINS_DIR" envDefault:"bin/plugins"` // of the releases: <name>/plugin.json and <name>/plugin
	PublicURL string `env:"ALLHOURS_PUBLIC_URL"`                           // at which providers reach this server

	MinTier host.Tier      `env:"ALLHOURS_PLUGIN_MIN_TIER"`         // the server does not start where plugins cannot be confined so far
	Private []netip.Prefix `env:"ALLHOURS_PLUGIN_PRIVATE_NETWORKS"` // that plugins may reach at the hosts they declare
}

// New reads the catalog. A release that is not whole or not sound is an error that names it.
func New(d *db.DB, h *host.Host, keys secrets.Keys, limits *tenants.Limits, c Config) (*Plugins, error) {
	releases, err := readReleases(c.Dir)
	if err != nil {
		return nil, err
	}
	return &Plugins{
		db: d, host: h, box: keys.Box, signer: keys.Signer, limits: limits, public: strings.TrimRight(c.PublicURL, "/"),
		releases: releases, apply: map[string]EventsFunc{}, known: map[uuid.UUID]knownInstallation{},
	}, nil
}

// OnEvents has fn handle the events of a kind: "payment" those of type payment.updated and so on. Before the first request.
func (p *Plugins) OnEvents(kind string, fn EventsFunc) { p.apply[kind] = fn }

// OnRemove asks fn before an installation is removed; its error says what still needs it. Before the first request.
func (p *Plugins) OnRemove(fn func(tx *db.Tx, installation uuid.UUID) error) { p.inUse = fn }

var (
	// ErrNotFound answers an id that is no installation of this tenant, or a plugin that is not in the catalog.
	ErrNotFound = fault.New(fault.NotFound, "plugin.not_found", "There is no such plugin here.")
	// ErrInstalled answers a second installation of a plugin.
	ErrInstalled = fault.New(fault.Conflict, "plugin.installed", "This plugin is installed already. Change its settings instead.")
	// ErrSettings answers settings that the plugin's schema does not allow.
	ErrSettings = fault.New(fault.Invalid, "plugin.settings_invalid", "Some settings are not right. See the fields.")
	// ErrTest answers settings that the provider did not accept.
	ErrTest = fault.New(fault.Invalid, "plugin.test_failed", "The provider did not accept these settings, so they were not saved.")
	// ErrUnavailable answers when the plugin cannot be reached at the moment.
	ErrUnavailable = fault.New(fault.Unavailable, "plugin.unavailable", "The plugin does not answer. Try again in a minute.")

	errHook = fault.New(fault.NotFound, "hook.unknown", "No plugin listens at this address.")
)

// Installation is a tenant's copy of a plugin.
type Installation struct {
	Tenant uuid.UUID
	ID     uuid.UUID
	Plugin string
	Mode   string // live, sandbox
	State  string // active, disabled, removed
	Rev    uint64
	Label  map[string]string
	Rank   int
}

// Active lists the tenant's active installations of a kind ("payment"), in the tenant's order.
func (p *Plugins) Active(ctx context.Context, sc db.Scope, kind string) (list []Installation, err error) {
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		rows, err := selectInstallations(tx)
		list = nil
		for _, r := range rows {
			if rel, ok := p.releases[r.Plugin]; ok && r.State == "active" && rel.Is(kind) {
				list = append(list, r.installation())
			}
		}
		return err
	})
	return list, err
}

// Get finds an installation, whatever its state, as it is or was less than a second ago.
func (p *Plugins) Get(ctx context.Context, sc db.Scope, id uuid.UUID) (in Installation, err error) {
	p.mu.Lock()
	k, ok := p.known[id]
	p.mu.Unlock()
	if ok && k.Tenant == sc.Tenant && time.Now().Before(k.until) {
		return k.Installation, nil
	}
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		in, err = p.GetTx(tx, id)
		return err
	})
	if err == nil {
		p.mu.Lock()
		p.known[id] = knownInstallation{in, time.Now().Add(staleFor)}
		p.mu.Unlock()
	}
	return in, err
}

// forget has Get look again.
func (p *Plugins) forget(id uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, id)
}

// GetTx is Get in the caller's transaction.
func (p *Plugins) GetTx(tx *db.Tx, id uuid.UUID) (Installation, error) {
	row, err := selectInstallation(tx, id, false)
	if err != nil {
		return Installation{}, err
	}
	return row.installation(), nil
}

// Payment gives the client by which the installation's payment methods are called. Its errors carry a Problem (sdk.ProblemOf) or wrap host.ErrNotSent.
func (p *Plugins) Payment(in Installation) (pluginv1.PaymentClient, error) {
	t, err := p.target(in)
	if err != nil {
		return nil, err
	}
	return pluginv1.NewPaymentClient(p.host.Conn(t)), nil
}

// Health tells how the process that serves the installation is.
func (p *Plugins) Health(in Installation) (host.Status, error) {
	t, err := p.target(in)
	if err != nil {
		return host.Status{}, err
	}
	return p.host.Status(t), nil
}

// Title is the installation's name in the languages there are.
func (p *Plugins) Title(in Installation) map[string]string {
	if len(in.Label) > 0 {
		return in.Label
	}
	return p.releases[in.Plugin].Name
}

// target names the installation to the host, with the way to its settings.
func (p *Plugins) target(in Installation) (host.Target, error) {
	rel, ok := p.releases[in.Plugin]
	if !ok {
		return host.Target{}, fmt.Errorf("%w: %w: %s is not in the catalog of this machine", ErrUnavailable, host.ErrNotSent, in.Plugin)
	}
	return host.Target{
		Binary: rel.Binary, Tenant: in.Tenant.String(), Installation: in.ID.String(), Rev: in.Rev, Live: in.Mode == "live",
		Load: func(ctx context.Context) (host.Settings, error) { return p.settings(ctx, in) },
	}, nil
}

// settings opens what is saved of the installation, for the plugin's process only.
func (p *Plugins) settings(ctx context.Context, in Installation) (s host.Settings, err error) {
	sc := db.Scope{Tenant: in.Tenant, Actor: db.Actor{Kind: "system", ID: "plugins"}}
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		row, err := selectInstallation(tx, in.ID, false)
		if err != nil {
			return err
		}
		if row.ConfigRev != int64(in.Rev) {
			return fmt.Errorf("settings are at revision %d, not %d", row.ConfigRev, in.Rev)
		}
		open, err := p.open(row)
		s = host.Settings{Config: row.Config.V, Secrets: open, WebhookURL: p.HookURL(in), Egress: p.releases[in.Plugin].reaches(row.Config.V)}
		return err
	})
	return s, err
}

// HookURL is where the installation's provider sends its notifications.
func (p *Plugins) HookURL(in Installation) string {
	return p.public + "/hooks/" + p.signer.Sign("hook", noEnd, in.Tenant.String(), in.ID.String())
}
