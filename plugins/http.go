package plugins

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/plugins/host"
)

// CatalogEntry is a plugin that can be installed.
type CatalogEntry struct {
	ID           string            `json:"id"`
	Name         map[string]string `json:"name"`
	Summary      map[string]string `json:"summary"`
	Kinds        []string          `json:"kinds" nullable:"false"`
	Version      string            `json:"version"`
	Capabilities []string          `json:"capabilities" nullable:"false"`
	ConfigSchema json.RawMessage   `json:"config_schema" doc:"JSON Schema 2020-12. Fields marked x-secret are sent in secrets and never returned."`
	Egress       []Egress          `json:"egress" nullable:"false" doc:"The only hosts that it can reach, beside those of egress_fields."`
	EgressFields []string          `json:"egress_fields" nullable:"false" doc:"Fields of the configuration whose addresses it can reach."`
	Installed    *InstallationView `json:"installed,omitempty"`
}

// InstallationView is an installation as staff see it: secrets by name only.
type InstallationView struct {
	ID         uuid.UUID             `json:"id"`
	Plugin     string                `json:"plugin"`
	Version    string                `json:"version"`
	Mode       string                `json:"mode" enum:"live,sandbox"`
	State      string                `json:"state" enum:"active,disabled"`
	Label      map[string]string     `json:"label"`
	Rank       int                   `json:"rank"`
	Config     map[string]any        `json:"config"`
	Secrets    map[string]SecretHint `json:"secrets"`
	Rev        int64                 `json:"rev"`
	WebhookURL string                `json:"webhook_url" doc:"Give this address to the provider where it asks for one."`
	CreatedAt  time.Time             `json:"created_at"`
	UpdatedAt  time.Time             `json:"updated_at"`
}

// SecretHint says whether a secret is set, and how it ends.
type SecretHint struct {
	Set   bool   `json:"set"`
	Last4 string `json:"last4,omitempty"`
}

// Delivery is a notification of a provider and what became of it.
type Delivery struct {
	ID         uuid.UUID  `json:"id"`
	State      string     `json:"state" enum:"received,accepted,duplicate,ignored,refused,failed"`
	DedupeID   string     `json:"dedupe_id,omitempty"`
	Detail     string     `json:"detail,omitempty"`
	Attempts   int        `json:"attempts"`
	ReceivedAt time.Time  `json:"received_at"`
	HandledAt  *time.Time `json:"handled_at,omitempty"`
}

func (d *deliveryRow) view() Delivery {
	return Delivery{d.ID, d.State, d.DedupeID, d.Detail, d.Attempts, d.ReceivedAt, d.HandledAt}
}

func (p *Plugins) view(row *installationRow) (InstallationView, error) {
	open, err := p.open(row)
	if err != nil {
		return InstallationView{}, err
	}
	v := InstallationView{
		ID: row.ID, Plugin: row.Plugin, Version: row.Version, Mode: row.Mode, State: row.State, Label: row.Label.V, Rank: row.Rank, Config: row.Config.V,
		Secrets: map[string]SecretHint{}, Rev: row.ConfigRev, WebhookURL: p.HookURL(row.installation()), CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	for _, name := range p.releases[row.Plugin].secrets {
		s := open[name]
		hint := SecretHint{Set: s != ""}
		if len(s) >= 12 {
			hint.Last4 = s[len(s)-4:]
		}
		v.Secrets[name] = hint
	}
	return v, nil
}

func (p *Plugins) viewOf(ctx context.Context, sc db.Scope, id uuid.UUID) (v InstallationView, err error) {
	row, _, err := p.read(ctx, sc, id)
	if err != nil {
		return v, err
	}
	return p.view(row)
}

// CatalogOutput is the catalog with what is installed of it.
type CatalogOutput struct {
	Body struct {
		Items []CatalogEntry `json:"items" nullable:"false"`
	}
}

// CatalogHTTP is GET /plugins.
func (p *Plugins) CatalogHTTP(ctx context.Context, _ *struct{}) (*CatalogOutput, error) {
	out := &CatalogOutput{}
	out.Body.Items = []CatalogEntry{}
	err := p.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		rows, err := selectInstallations(tx)
		if err != nil {
			return err
		}
		out.Body.Items = out.Body.Items[:0]
		for _, r := range p.releases {
			entry, err := p.entry(r, rows)
			if err != nil {
				return err
			}
			out.Body.Items = append(out.Body.Items, entry)
		}
		return nil
	})
	slices.SortFunc(out.Body.Items, func(a, b CatalogEntry) int { return strings.Compare(a.ID, b.ID) })
	return out, err
}

func (p *Plugins) entry(r Release, rows []installationRow) (CatalogEntry, error) {
	e := CatalogEntry{ID: r.ID, Name: r.Name, Summary: r.Summary, Kinds: r.Kinds, Version: r.Version, Capabilities: r.Capabilities, ConfigSchema: r.ConfigSchema, Egress: append([]Egress{}, r.Egress...), EgressFields: append([]string{}, r.EgressFields...)}
	for i := range rows {
		if rows[i].Plugin == r.ID {
			v, err := p.view(&rows[i])
			e.Installed = &v
			return e, err
		}
	}
	return e, nil
}

// EntryInput names a plugin; its id has two parts.
type EntryInput struct {
	Publisher string `path:"publisher" maxLength:"100"`
	Name      string `path:"name" maxLength:"100"`
}

// EntryOutput is a plugin of the catalog.
type EntryOutput struct{ Body CatalogEntry }

// EntryHTTP is GET /plugins/{publisher}/{name}.
func (p *Plugins) EntryHTTP(ctx context.Context, in *EntryInput) (*EntryOutput, error) {
	r, ok := p.releases[in.Publisher+"/"+in.Name]
	if !ok {
		return nil, ErrNotFound
	}
	out := &EntryOutput{}
	err := p.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		rows, err := selectInstallations(tx)
		if err != nil {
			return err
		}
		out.Body, err = p.entry(r, rows)
		return err
	})
	return out, err
}

// InstallationOutput is one installation.
type InstallationOutput struct{ Body InstallationView }

func (p *Plugins) output(ctx context.Context, id uuid.UUID, err error) (*InstallationOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := p.viewOf(ctx, db.ScopeOf(ctx), id)
	return &InstallationOutput{Body: v}, err
}

// InstallInput asks for an installation.
type InstallInput struct {
	Body struct {
		Plugin  string            `json:"plugin" maxLength:"200" doc:"id of the catalog, publisher/name"`
		Config  map[string]any    `json:"config,omitempty"`
		Secrets map[string]string `json:"secrets,omitempty"`
		Label   map[string]string `json:"label,omitempty" doc:"Name shown to shoppers, by language."`
		Rank    int               `json:"rank,omitempty"`
		Mode    string            `json:"mode,omitempty" enum:"live,sandbox" default:"live"`
	}
}

// InstallHTTP is POST /plugins/installations.
func (p *Plugins) InstallHTTP(ctx context.Context, in *InstallInput) (*InstallationOutput, error) {
	b := in.Body
	made, err := p.Install(ctx, db.ScopeOf(ctx), b.Plugin, Settings{Config: b.Config, Secrets: b.Secrets, Label: b.Label, Rank: b.Rank, Mode: b.Mode})
	return p.output(ctx, made.ID, err)
}

// InstallationInput names an installation.
type InstallationInput struct {
	ID uuid.UUID `path:"id"`
}

// ChangeInput alters an installation.
type ChangeInput struct {
	ID   uuid.UUID `path:"id"`
	Body struct {
		Config  map[string]any    `json:"config,omitempty" doc:"Replaces the configuration; it is tried before it is saved."`
		Secrets map[string]string `json:"secrets,omitempty" doc:"Those named are replaced, by an empty text forgotten; the others stay."`
		Label   map[string]string `json:"label,omitempty"`
		Rank    *int              `json:"rank,omitempty"`
	}
}

// ChangeHTTP is PATCH /plugins/installations/{id}.
func (p *Plugins) ChangeHTTP(ctx context.Context, in *ChangeInput) (*InstallationOutput, error) {
	_, err := p.Change(ctx, db.ScopeOf(ctx), in.ID, Change{Config: in.Body.Config, Secrets: in.Body.Secrets, Label: in.Body.Label, Rank: in.Body.Rank})
	return p.output(ctx, in.ID, err)
}

// EnableHTTP is POST /plugins/installations/{id}/enable.
func (p *Plugins) EnableHTTP(ctx context.Context, in *InstallationInput) (*InstallationOutput, error) {
	_, err := p.Enable(ctx, db.ScopeOf(ctx), in.ID, true)
	return p.output(ctx, in.ID, err)
}

// DisableHTTP is POST /plugins/installations/{id}/disable.
func (p *Plugins) DisableHTTP(ctx context.Context, in *InstallationInput) (*InstallationOutput, error) {
	_, err := p.Enable(ctx, db.ScopeOf(ctx), in.ID, false)
	return p.output(ctx, in.ID, err)
}

// RemoveHTTP is DELETE /plugins/installations/{id}.
func (p *Plugins) RemoveHTTP(ctx context.Context, in *InstallationInput) (*struct{}, error) {
	return nil, p.Remove(ctx, db.ScopeOf(ctx), in.ID)
}

// TestOutput is what the provider said.
type TestOutput struct {
	Body struct {
		OK    bool              `json:"ok"`
		Facts map[string]string `json:"facts"`
	}
}

// TestHTTP is POST /plugins/installations/{id}/test.
func (p *Plugins) TestHTTP(ctx context.Context, in *InstallationInput) (*TestOutput, error) {
	facts, err := p.Test(ctx, db.ScopeOf(ctx), in.ID)
	out := &TestOutput{}
	out.Body.OK, out.Body.Facts = err == nil, noNil(facts)
	return out, err
}

// HealthOutput is the state of the process that serves the installation.
type HealthOutput struct {
	Body struct {
		State   host.State `json:"state" enum:"stopped,starting,ready,backoff,quarantined,blocked" doc:"stopped: it starts with the first call"`
		Reason  string     `json:"reason,omitempty"`
		Crashes int        `json:"crashes" doc:"In the last ten minutes."`
		Next    *time.Time `json:"next_start,omitempty"`
		CutOff  []string   `json:"cut_off" nullable:"false" doc:"Methods whose calls are held back for some seconds, for the provider has failed too often."`
	}
}

// HealthHTTP is GET /plugins/installations/{id}/health.
func (p *Plugins) HealthHTTP(ctx context.Context, in *InstallationInput) (*HealthOutput, error) {
	inst, err := p.Get(ctx, db.ScopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	s, err := p.Health(inst)
	if err != nil {
		return nil, err
	}
	out := &HealthOutput{}
	out.Body.State, out.Body.Reason, out.Body.Crashes = s.State, s.Reason, s.Crashes
	out.Body.CutOff = append([]string{}, s.CutOff...)
	if !s.Next.IsZero() {
		next := s.Next.UTC()
		out.Body.Next = &next
	}
	return out, nil
}

// DeliveriesInput asks for an installation's deliveries.
type DeliveriesInput struct {
	ID uuid.UUID `path:"id"`
	db.PageQuery
}

// DeliveriesOutput is a page of them.
type DeliveriesOutput struct{ Body db.Page[Delivery] }

// DeliveriesHTTP is GET /plugins/installations/{id}/deliveries.
func (p *Plugins) DeliveriesHTTP(ctx context.Context, in *DeliveriesInput) (*DeliveriesOutput, error) {
	out := &DeliveriesOutput{}
	err := p.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		if _, err := selectInstallation(tx, in.ID, false); err != nil {
			return err
		}
		rows, err := selectDeliveries(tx, in.ID, in.PageQuery)
		if err != nil {
			return err
		}
		list := make([]Delivery, len(rows))
		for i := range rows {
			list[i] = rows[i].view()
		}
		out.Body = db.PageOf(in.PageQuery, list, func(d Delivery) []any { return []any{d.ID} })
		return nil
	})
	return out, err
}

// ReplayInput names a delivery.
type ReplayInput struct {
	ID       uuid.UUID `path:"id"`
	Delivery uuid.UUID `path:"delivery"`
}

// DeliveryOutput is a delivery.
type DeliveryOutput struct{ Body Delivery }

// ReplayHTTP is POST /plugins/installations/{id}/deliveries/{delivery}/replay.
func (p *Plugins) ReplayHTTP(ctx context.Context, in *ReplayInput) (*DeliveryOutput, error) {
	d, err := p.Replay(ctx, db.ScopeOf(ctx), in.ID, in.Delivery)
	return &DeliveryOutput{Body: d}, err
}
