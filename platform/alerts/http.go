package alerts

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/tenants"
	"allhours/tenants/audit"
)

type (
	// RuleOutput carries one rule.
	RuleOutput struct{ Body Rule }
	// RulesOutput carries a page of rules.
	RulesOutput struct{ Body db.Page[Rule] }
	// IncidentOutput carries one incident with its timeline.
	IncidentOutput struct{ Body Incident }
	// IncidentsOutput carries a page of incidents.
	IncidentsOutput struct{ Body db.Page[Incident] }
	// KindsOutput carries the kinds of rules there are.
	KindsOutput struct {
		Body struct {
			Items []KindInfo `json:"items" nullable:"false"`
		}
	}
)

// RuleInput is a rule as a person writes it.
type RuleInput struct {
	Body struct {
		Kind            Kind           `json:"kind" enum:"stock_low,payment_failed,payment_doubt,order_unpaid,order_unshipped,order_duplicate"`
		Name            string         `json:"name,omitempty" maxLength:"120"`
		Enabled         *bool          `json:"enabled,omitempty" doc:"True unless said otherwise."`
		Severity        string         `json:"severity,omitempty" enum:"info,warning,critical"`
		Params          map[string]int `json:"params,omitempty"`
		Filter          Filter         `json:"filter,omitempty"`
		Notify          *Route         `json:"notify,omitempty" doc:"Owners and managers by both channels unless said otherwise."`
		CooldownMinutes int            `json:"cooldown_minutes,omitempty" minimum:"0" maximum:"10080"`
		Version         int64          `json:"version,omitempty" doc:"The version being changed; left out when made."`
	}
}

// ChangeRuleInput changes a rule.
type ChangeRuleInput struct {
	ID uuid.UUID `path:"id"`
	RuleInput
}

// IDInput names one thing.
type IDInput struct {
	ID uuid.UUID `path:"id"`
}

func (in RuleInput) rule() (Rule, error) {
	b := in.Body
	r := Rule{Kind: b.Kind, Name: b.Name, Enabled: b.Enabled == nil || *b.Enabled, Severity: b.Severity, Params: b.Params, Filter: b.Filter, CooldownMinutes: b.CooldownMinutes}
	r.Notify = Route{Roles: []string{"owner", "manager"}, Channels: []string{"in_app", "email"}}
	if b.Notify != nil {
		r.Notify = *b.Notify
	}
	return r, r.complete()
}

// KindsHTTP tells what can be watched.
func (a *Alerts) KindsHTTP(context.Context, *struct{}) (*KindsOutput, error) {
	out := &KindsOutput{}
	out.Body.Items = Kinds
	return out, nil
}

// RulesHTTP lists the rules.
func (a *Alerts) RulesHTTP(ctx context.Context, in *struct{ db.PageQuery }) (out *RulesOutput, err error) {
	err = a.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		rows, err := listRules(tx, in.PageQuery)
		out = &RulesOutput{db.PageOf(in.PageQuery, rows, func(r Rule) []any { return []any{r.ID} })}
		return err
	})
	return out, err
}

// RuleHTTP gives one rule.
func (a *Alerts) RuleHTTP(ctx context.Context, in *IDInput) (out *RuleOutput, err error) {
	err = a.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		r, err := ruleByID(tx, in.ID, false)
		out = &RuleOutput{r}
		return err
	})
	return out, err
}

// CreateRuleHTTP makes a rule and looks at once at what is in breach of it.
func (a *Alerts) CreateRuleHTTP(ctx context.Context, in *RuleInput) (out *RuleOutput, err error) {
	r, err := in.rule()
	if err != nil {
		return nil, err
	}
	err = a.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		saved, err := a.createTx(tx, r)
		out = &RuleOutput{saved}
		return err
	})
	return out, err
}

func (a *Alerts) createTx(tx *db.Tx, r Rule) (Rule, error) {
	r.ID, r.Version, r.CreatedAt, r.UpdatedAt = db.NewID(), 1, tx.Now, tx.Now
	if err := insertRule(tx, r); err != nil {
		return r, err
	}
	if err := audit.Append(tx, audit.Entry{Action: "alert_rule.created", ObjectType: "alert_rule", ObjectID: r.ID.String(), After: r}); err != nil {
		return r, err
	}
	return r, saved(tx, r)
}

// saved has the rule looked at as soon as it is committed.
func saved(tx *db.Tx, r Rule) error {
	return outbox.Append(tx, "alert_rule.saved", r.ID.String(), map[string]any{"kind": r.Kind, "enabled": r.Enabled})
}

// Provision gives a new tenant the starter rules of its industry.
func (a *Alerts) Provision(tx *db.Tx, t tenants.Tenant, p tenants.Preset) error {
	for _, starter := range p.Rules {
		r := Rule{
			Kind: Kind(starter.Kind), Name: tenants.In(starter.Name, t.Language), Enabled: true, Severity: starter.Severity,
			Notify: Route{Roles: starter.Roles, Channels: starter.Channels}, CooldownMinutes: starter.CooldownMinutes,
		}
		if err := json.Unmarshal(starter.Params, &r.Params); err != nil {
			return fmt.Errorf("starter rule %s of %s: %w", r.Kind, p.ID, err)
		}
		if err := r.complete(); err != nil {
			return fmt.Errorf("starter rule %s of %s: %w", r.Kind, p.ID, err)
		}
		if _, err := a.createTx(tx, r); err != nil {
			return err
		}
	}
	return nil
}

// ChangeRuleHTTP changes a rule; its kind stays.
func (a *Alerts) ChangeRuleHTTP(ctx context.Context, in *ChangeRuleInput) (out *RuleOutput, err error) {
	next, err := in.rule()
	if err != nil {
		return nil, err
	}
	err = a.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		before, err := ruleByID(tx, in.ID, true)
		if err != nil {
			return err
		}
		if next.Kind != before.Kind {
			return fault.New(fault.Invalid, "alert_rule.kind_fixed", "A rule keeps its kind. Make another rule.").Field("kind", "is %s", string(before.Kind))
		}
		if in.Body.Version != before.Version {
			return fault.New(fault.Conflict, "version_conflict", "Somebody changed this rule since you opened it. Look at the change and save again.").With("current", before)
		}
		next.ID, next.Version, next.CreatedAt, next.UpdatedAt = before.ID, before.Version+1, before.CreatedAt, tx.Now
		if err := updateRule(tx, next); err != nil {
			return err
		}
		out = &RuleOutput{next}
		if err := audit.Append(tx, audit.Entry{Action: "alert_rule.changed", ObjectType: "alert_rule", ObjectID: next.ID.String(), Before: before, After: next}); err != nil {
			return err
		}
		return saved(tx, next)
	})
	return out, err
}

// DeleteRuleHTTP removes a rule; its incidents stay.
func (a *Alerts) DeleteRuleHTTP(ctx context.Context, in *IDInput) (*struct{}, error) {
	return nil, a.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		before, err := ruleByID(tx, in.ID, true)
		if err != nil {
			return err
		}
		if err := deleteRule(tx, in.ID); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "alert_rule.deleted", ObjectType: "alert_rule", ObjectID: in.ID.String(), Before: before})
	})
}

// ListIncidentsInput asks for incidents.
type ListIncidentsInput struct {
	IncidentFilter
	db.PageQuery
}

// IncidentsHTTP lists incidents, the newest first.
func (a *Alerts) IncidentsHTTP(ctx context.Context, in *ListIncidentsInput) (out *IncidentsOutput, err error) {
	err = a.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		rows, err := listIncidents(tx, in.IncidentFilter, in.PageQuery)
		out = &IncidentsOutput{db.PageOf(in.PageQuery, rows, func(i Incident) []any { return []any{i.OpenedAt, i.ID} })}
		return err
	})
	return out, err
}

// IncidentHTTP gives one incident with its timeline.
func (a *Alerts) IncidentHTTP(ctx context.Context, in *IDInput) (*IncidentOutput, error) {
	return a.incident(ctx, in.ID)
}

func (a *Alerts) incident(ctx context.Context, id uuid.UUID) (out *IncidentOutput, err error) {
	err = a.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error {
		i, err := incidentByID(tx, id, false)
		if err != nil {
			return err
		}
		i.Proposal = i.propose()
		i.Timeline, err = timeline(tx, id)
		out = &IncidentOutput{i}
		return err
	})
	return out, err
}

// ActionInput is something done to an incident. Which fields count depends on the action.
type ActionInput struct {
	ID   uuid.UUID `path:"id"`
	Body struct {
		Note     string     `json:"note,omitempty" maxLength:"2000"`
		Code     string     `json:"code,omitempty" enum:"fixed,false_positive,duplicate,ignored"`
		MemberID *uuid.UUID `json:"member_id,omitempty"`
	}
}

// Action makes the handler of one action: acknowledge, resolve, assign or note.
func (a *Alerts) Action(action string) func(context.Context, *ActionInput) (*IncidentOutput, error) {
	return func(ctx context.Context, in *ActionInput) (*IncidentOutput, error) {
		err := a.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error { return act(tx, in.ID, action, *in) })
		if err != nil {
			return nil, err
		}
		return a.incident(ctx, in.ID)
	}
}

// BulkInput does one thing to several incidents.
type BulkInput struct {
	Body struct {
		IDs    []uuid.UUID `json:"ids" minItems:"1" maxItems:"100"`
		Action string      `json:"action" enum:"acknowledge,resolve"`
		Code   string      `json:"code,omitempty" enum:"fixed,false_positive,duplicate,ignored"`
		Note   string      `json:"note,omitempty" maxLength:"2000"`
	}
}

// BulkOutput says for each incident whether it was done.
type BulkOutput struct {
	Body struct {
		Results []BulkResult `json:"results" nullable:"false"`
	}
}

// BulkResult is what became of one of many.
type BulkResult struct {
	ID      uuid.UUID `json:"id"`
	OK      bool      `json:"ok"`
	Code    string    `json:"code,omitempty"`
	Message string    `json:"message,omitempty"`
}

// BulkHTTP acknowledges or resolves several incidents, each on its own.
func (a *Alerts) BulkHTTP(ctx context.Context, in *BulkInput) (*BulkOutput, error) {
	out := &BulkOutput{}
	for _, id := range in.Body.IDs {
		one := ActionInput{ID: id}
		one.Body.Code, one.Body.Note = in.Body.Code, in.Body.Note
		result := BulkResult{ID: id, OK: true}
		if err := a.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) error { return act(tx, id, in.Body.Action, one) }); err != nil {
			f := fault.Of(err)
			if f.Kind == fault.Internal {
				return nil, err
			}
			result.OK, result.Code, result.Message = false, f.Code, f.Message.Say(ctx)
		}
		out.Body.Results = append(out.Body.Results, result)
	}
	return out, nil
}
