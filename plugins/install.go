package plugins

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/plugins/host"
	"allhours/plugins/sdk/pluginv1"
	"allhours/tenants"
	"allhours/tenants/audit"
)

// Settings are what a tenant enters: configuration and secrets by the plugin's schema.
type Settings struct {
	Config  map[string]any
	Secrets map[string]string
	Label   map[string]string // shown to shoppers; the plugin's own name where empty
	Rank    int
	Mode    string // live or sandbox
}

// Install tries the settings and saves them as an active installation.
func (p *Plugins) Install(ctx context.Context, sc db.Scope, plugin string, s Settings) (Installation, error) {
	rel, ok := p.releases[plugin]
	if !ok {
		return Installation{}, ErrNotFound.Field("body.plugin", "is not in the catalog")
	}
	if s.Mode == "" {
		s.Mode = "live"
	}
	config := maps.Clone(rel.preset)
	maps.Copy(config, s.Config)
	if err := rel.check(config, s.Secrets); err != nil {
		return Installation{}, err
	}
	in := Installation{Tenant: sc.Tenant, ID: db.NewID(), Plugin: plugin, Mode: s.Mode, State: "active", Rev: 1, Label: s.Label, Rank: s.Rank}
	if _, err := p.test(ctx, rel, in, config, s.Secrets); err != nil {
		return Installation{}, err
	}
	sealed, err := p.seal(in, s.Secrets)
	if err != nil {
		return Installation{}, err
	}
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if err := p.limits.Check(tx, tenants.Plugins, 1); err != nil {
			return err
		}
		row := &installationRow{
			TenantID: in.Tenant, ID: in.ID, Plugin: plugin, Version: rel.Version, Mode: s.Mode, State: "active", Label: db.JSON[map[string]string]{V: noNil(s.Label)},
			Rank: s.Rank, Config: db.JSON[map[string]any]{V: config}, Secrets: sealed, ConfigRev: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now,
		}
		if err := insertInstallation(tx, row); err != nil {
			return err
		}
		return changed(tx, "plugin.installed", nil, row)
	})
	return in, err
}

// Change is an alteration of an installation; nil leaves what there is. A secret given as "" is forgotten, one not named is kept.
type Change struct {
	Config  map[string]any
	Secrets map[string]string
	Label   map[string]string
	Rank    *int
}

// Change tries and saves other settings, as a new revision.
func (p *Plugins) Change(ctx context.Context, sc db.Scope, id uuid.UUID, c Change) (Installation, error) {
	row, open, err := p.read(ctx, sc, id)
	if err != nil {
		return Installation{}, err
	}
	rel, ok := p.releases[row.Plugin]
	if !ok {
		return Installation{}, ErrUnavailable
	}
	before := *row
	if c.Config != nil {
		row.Config.V = c.Config
	}
	for name, v := range c.Secrets {
		if open[name] = v; v == "" {
			delete(open, name)
		}
	}
	if c.Label != nil {
		row.Label.V = c.Label
	}
	if c.Rank != nil {
		row.Rank = *c.Rank
	}
	if c.Config != nil || c.Secrets != nil {
		if err := rel.check(row.Config.V, open); err != nil {
			return Installation{}, err
		}
		row.ConfigRev++
		if _, err := p.test(ctx, rel, row.installation(), row.Config.V, open); err != nil {
			return Installation{}, err
		}
		if row.Secrets, err = p.seal(row.installation(), open); err != nil {
			return Installation{}, err
		}
	}
	row.Version = rel.Version
	return row.installation(), p.save(ctx, sc, "plugin.changed", &before, row)
}

// save writes the row if nobody else changed it since it was read.
func (p *Plugins) save(ctx context.Context, sc db.Scope, event string, before, row *installationRow) error {
	defer p.forget(row.ID)
	return p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		now, err := selectInstallation(tx, row.ID, true)
		if err != nil {
			return err
		}
		if !now.UpdatedAt.Equal(before.UpdatedAt) || now.State == "removed" {
			return fault.New(fault.Conflict, "version_conflict", "The installation was changed meanwhile. Look at it again.")
		}
		if row.State == "removed" && p.inUse != nil {
			if err := p.inUse(tx, row.ID); err != nil {
				return err
			}
		}
		if err := updateInstallation(tx, row); err != nil {
			return err
		}
		return changed(tx, event, before, row)
	})
}

// Enable offers the installation to shoppers, or no longer. What is under way with it goes on either way.
func (p *Plugins) Enable(ctx context.Context, sc db.Scope, id uuid.UUID, on bool) (Installation, error) {
	row, _, err := p.read(ctx, sc, id)
	if err != nil {
		return Installation{}, err
	}
	before := *row
	if row.State = "disabled"; on {
		row.State = "active"
	}
	if row.State == before.State {
		return row.installation(), nil
	}
	return row.installation(), p.save(ctx, sc, "plugin.changed", &before, row)
}

// Remove forgets the installation's secrets and hides it. It is refused while something still needs them.
func (p *Plugins) Remove(ctx context.Context, sc db.Scope, id uuid.UUID) error {
	row, _, err := p.read(ctx, sc, id)
	if err != nil {
		return err
	}
	before := *row
	row.State, row.Secrets = "removed", nil
	if err := p.save(ctx, sc, "plugin.removed", &before, row); err != nil {
		return err
	}
	if t, err := p.target(before.installation()); err == nil {
		_ = p.host.Drop(context.WithoutCancel(ctx), t) // a process that is gone has forgotten it too
	}
	return nil
}

// Test tries the saved settings again. The facts are what the provider tells of the account.
func (p *Plugins) Test(ctx context.Context, sc db.Scope, id uuid.UUID) (facts map[string]string, err error) {
	row, open, err := p.read(ctx, sc, id)
	if err != nil {
		return nil, err
	}
	rel, ok := p.releases[row.Plugin]
	if !ok {
		return nil, ErrUnavailable
	}
	return p.test(ctx, rel, row.installation(), row.Config.V, open)
}

// test asks the plugin, and by it the provider, whether the settings work. No transaction is held.
func (p *Plugins) test(ctx context.Context, rel Release, in Installation, config map[string]any, secrets map[string]string) (map[string]string, error) {
	t, err := p.target(in)
	if err != nil {
		return nil, err
	}
	res, err := p.host.Test(ctx, t, host.Settings{Config: config, Secrets: secrets, WebhookURL: p.HookURL(in), Egress: p.releases[in.Plugin].reaches(config)})
	if err != nil {
		return nil, ErrUnavailable.Wrap(err)
	}
	if res.GetOk() {
		return res.GetFacts(), nil
	}
	e := ErrTest
	for _, problem := range res.GetProblems() {
		field := "body.config"
		if f := problem.GetField(); f != "" {
			field = rel.place([]string{f})
		}
		e = e.Blame(field, fault.Foreign(problemText(problem)))
	}
	return nil, e
}

func problemText(p *pluginv1.Problem) string {
	if p.GetMessage() != "" {
		return p.GetMessage()
	}
	return p.GetCode()
}

// read gives the installation and its secrets in the clear; a removed one is not found.
func (p *Plugins) read(ctx context.Context, sc db.Scope, id uuid.UUID) (row *installationRow, open map[string]string, err error) {
	err = p.db.InTx(ctx, sc, func(tx *db.Tx) error {
		row, err = selectInstallation(tx, id, false)
		if err != nil {
			return err
		}
		if row.State == "removed" {
			return ErrNotFound
		}
		open, err = p.open(row)
		return err
	})
	return row, open, err
}

func (in Installation) aad() []byte {
	return secrets.AAD(in.Tenant, "plugin:"+in.Plugin, in.ID.String())
}

func (p *Plugins) seal(in Installation, open map[string]string) ([]byte, error) {
	raw, err := json.Marshal(noNil(open))
	if err != nil {
		return nil, err
	}
	return p.box.Seal(raw, in.aad())
}

func (p *Plugins) open(row *installationRow) (map[string]string, error) {
	open := map[string]string{}
	if len(row.Secrets) == 0 {
		return open, nil
	}
	raw, err := p.box.Open(row.Secrets, row.installation().aad())
	if err != nil {
		return nil, fmt.Errorf("secrets of installation %s: %w", row.ID, err)
	}
	return open, json.Unmarshal(raw, &open)
}

// ChangedV1 is the payload of plugin.installed, plugin.changed and plugin.removed. The subject is the installation's id.
type ChangedV1 struct {
	ID     uuid.UUID `json:"id"`
	Plugin string    `json:"plugin"`
	State  string    `json:"state"`
	Rev    int64     `json:"rev"`
}

// changed puts a change into the audit log, without the secrets, and tells of it.
func changed(tx *db.Tx, event string, before, after *installationRow) error {
	e := audit.Entry{Action: event, ObjectType: "plugin_installation", ObjectID: after.ID.String(), After: logged(after)}
	if before != nil {
		e.Before = logged(before)
	}
	if err := audit.Append(tx, e); err != nil {
		return err
	}
	return outbox.Append(tx, event, after.ID.String(), ChangedV1{after.ID, after.Plugin, after.State, after.ConfigRev})
}

func logged(r *installationRow) map[string]any {
	return map[string]any{
		"plugin": r.Plugin, "version": r.Version, "mode": r.Mode, "state": r.State, "label": r.Label.V, "rank": r.Rank, "config": r.Config.V, "rev": r.ConfigRev,
	}
}

func noNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
