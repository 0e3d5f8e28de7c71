package tenants

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/tenants/audit"
)

// ErrNotFound answers for a tenant that does not exist.
var ErrNotFound = fault.New(fault.NotFound, "tenant.not_found", "There is no such shop.")

// Opening is what a business says about itself when it signs up.
type Opening struct {
	Business string
	Slug     string // made from Business where empty
	Industry string
	Country  string
	Currency string // the country's where empty
	TimeZone string // the country's where empty
	Language string // en where empty
	Plan     string // the installation's plan for sign-ups where empty
}

// Prepare fills in what the opening leaves out and says what is wrong with it.
func (t *Tenants) Prepare(o Opening) (Tenant, Preset, error) {
	c := countryOf(o.Country)
	n := Tenant{ID: db.NewID(), Slug: o.Slug, Name: o.Business, Industry: o.Industry, Country: o.Country, Currency: o.Currency, TimeZone: o.TimeZone, Language: o.Language, Plan: o.Plan, Status: Active, Version: 1}
	fill := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	fill(&n.Slug, Slugify(o.Business))
	fill(&n.Currency, c.Currency)
	fill(&n.TimeZone, c.TimeZone)
	fill(&n.Language, "en")
	fill(&n.Plan, t.config.Plan)
	fill(&n.Plan, plans[0].Name)
	n.Languages = []string{n.Language}
	preset, known := presetOf(o.Industry)
	n.Settings = Settings{Order: preset.Order}.filled()
	wrong := errInvalid
	if err := n.check(); err != nil {
		wrong = fault.Of(err)
		if m, ok := wrong.Fields["name"]; ok {
			delete(wrong.Fields, "name")
			wrong = wrong.Blame("business", m)
		}
	}
	if !known {
		wrong = wrong.Field("industry", "one of %s", strings.Join(industries(), ", "))
	}
	if bad := checkSlug(n.Slug); bad != nil {
		if len(wrong.Fields) == 0 {
			return n, preset, bad
		}
		wrong = wrong.Blame("slug", bad.Fields["slug"])
	}
	if _, err := planOf(n.Plan); err != nil {
		wrong = wrong.Field("plan", "unknown")
	}
	if len(wrong.Fields) > 0 {
		return n, preset, wrong
	}
	preset.Tax = c.tax()
	return n, preset, nil
}

// CreateTx makes the prepared tenant, in a transaction of its own id, with everything that Provisioners add.
func (t *Tenants) CreateTx(tx *db.Tx, n Tenant, p Preset) (Tenant, error) {
	n.CreatedAt = tx.Now
	if err := insert(tx, n); err != nil {
		if db.Violates(err, "tenants_slug_key") {
			return n, ErrSlugTaken
		}
		return n, fmt.Errorf("create tenant: %w", err)
	}
	if err := audit.Append(tx, audit.Entry{Action: "tenant.signed_up", ObjectType: "tenant", ObjectID: n.ID.String(), After: n}); err != nil {
		return n, err
	}
	for _, part := range t.provisioners {
		if err := part.Provision(tx, n, p); err != nil {
			return n, fmt.Errorf("provision %T: %w", part, err)
		}
	}
	if err := t.Watch.ChangedTx(tx); err != nil {
		return n, err
	}
	return n, outbox.Append(tx, EventSignedUp, n.ID.String(), SignedUpV1{Slug: n.Slug, Name: n.Name, Industry: n.Industry, Country: n.Country, Language: n.Language, At: tx.Now})
}

// change is the one way in which a tenant changes: under its lock, with audit and event.
func (t *Tenants) change(ctx context.Context, sc db.Scope, what string, fn func(tx *db.Tx, n *Tenant) error) (after Tenant, err error) {
	err = t.db.InTx(ctx, sc, func(tx *db.Tx) error {
		before, err := get(tx, true)
		if err != nil {
			return err
		}
		after = before
		after.Languages, after.Settings.CORSOrigins = slices.Clone(before.Languages), slices.Clone(before.Settings.CORSOrigins)
		if err := fn(tx, &after); err != nil {
			return err
		}
		if err := update(tx, after); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		after.Version++
		return t.changedTx(tx, what, before, after)
	})
	return after, err
}

func (t *Tenants) changedTx(tx *db.Tx, what string, before, after Tenant) error {
	if err := audit.Append(tx, audit.Entry{Action: what, ObjectType: "tenant", ObjectID: after.ID.String(), Before: before, After: after}); err != nil {
		return err
	}
	if err := t.Watch.ChangedTx(tx); err != nil {
		return err
	}
	return outbox.Append(tx, EventChanged, after.ID.String(), ChangedV1{What: what, Status: after.Status, Plan: after.Plan, Version: after.Version, At: tx.Now})
}

// move takes the tenant to another state; that it is there already is a success and changes nothing.
func (t *Tenants) move(ctx context.Context, sc db.Scope, what, to string, check func(tx *db.Tx, n Tenant) error, from ...string) (n Tenant, err error) {
	n, err = t.change(ctx, sc, what, func(tx *db.Tx, n *Tenant) error {
		if n.Status == to {
			return errSame
		}
		if !slices.Contains(from, n.Status) {
			return fault.New(fault.Conflict, "tenant.state", "A shop that is %s cannot become %s.", n.Status, to)
		}
		n.Status = to
		return check(tx, *n)
	})
	if errors.Is(err, errSame) {
		return n, nil
	}
	return n, err
}

var errSame = fault.New(fault.Conflict, "tenant.same", "Nothing to do.")

// Suspend stops the scope's tenant's shop; the actor is an operator. The reason goes into its audit log.
func (t *Tenants) Suspend(ctx context.Context, sc db.Scope, reason string) (Tenant, error) {
	return t.move(ctx, sc, "tenant.suspended", Suspended, reasoned(reason), Active)
}

// Resume opens it again.
func (t *Tenants) Resume(ctx context.Context, sc db.Scope, reason string) (Tenant, error) {
	return t.move(ctx, sc, "tenant.resumed", Active, reasoned(reason), Suspended)
}

func reasoned(reason string) func(*db.Tx, Tenant) error {
	return func(tx *db.Tx, n Tenant) error {
		if reason = strings.TrimSpace(reason); reason == "" {
			return errInvalid.Field("reason", "say why; the shop's owner reads it in the audit log")
		}
		return audit.Append(tx, audit.Entry{Action: "tenant.state_reason", ObjectType: "tenant", ObjectID: n.ID.String(), After: map[string]string{"status": n.Status, "reason": reason}})
	}
}

// Close ends the scope's tenant's shop for good; confirm repeats its slug. Its data stay until they are erased.
func (t *Tenants) Close(ctx context.Context, sc db.Scope, confirm string) (Tenant, error) {
	return t.move(ctx, sc, "tenant.closed", Closed, func(_ *db.Tx, n Tenant) error {
		if confirm != n.Slug {
			return errInvalid.Field("confirm", "type the shop's address, %s, to close it", n.Slug)
		}
		return nil
	}, Active, Suspended)
}

// SetPlan puts the scope's tenant on another plan; the actor is an operator. What it has beyond a smaller plan's limits stays.
func (t *Tenants) SetPlan(ctx context.Context, sc db.Scope, plan string) (Tenant, error) {
	if _, err := planOf(plan); err != nil {
		return Tenant{}, err
	}
	return t.change(ctx, sc, "tenant.plan_changed", func(_ *db.Tx, n *Tenant) error {
		n.Plan = plan
		return nil
	})
}

// BySlug gives the id of the tenant that the slug leads to.
func (t *Tenants) BySlug(ctx context.Context, slug string) (id uuid.UUID, err error) {
	err = t.db.InSystemTx(ctx, func(tx *db.Tx) (err error) {
		id, err = idOfSlug(tx, slug)
		return err
	})
	if db.IsNotFound(err) {
		return id, ErrNotFound
	}
	return id, err
}

// IDs lists the tenants that have not closed, for work that goes over all of them.
func (t *Tenants) IDs(ctx context.Context) (ids []uuid.UUID, err error) {
	err = t.db.InSystemTx(ctx, func(tx *db.Tx) (err error) {
		ids, err = allIDs(tx)
		return err
	})
	return ids, err
}

// List gives a page of the directory, by slug; for operators.
func (t *Tenants) List(ctx context.Context, search string, q db.PageQuery) (page db.Page[Tenant], err error) {
	err = t.db.InSystemTx(ctx, func(tx *db.Tx) error {
		rows, err := directory(tx, search, q)
		if err != nil {
			return err
		}
		list := make([]Tenant, len(rows))
		for i, r := range rows {
			list[i] = r.tenant()
		}
		page = db.PageOf(q, list, func(t Tenant) []any { return []any{t.Slug} })
		return nil
	})
	return page, err
}
