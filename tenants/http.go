package tenants

import (
	"context"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// SlugInput is GET /signup/slug.
type SlugInput struct {
	Slug string `query:"slug" required:"true" maxLength:"100"`
}

// SlugOutput says whether the slug can be had.
type SlugOutput struct{ Body Availability }

// SlugHTTP tells whether a slug can be had.
func (t *Tenants) SlugHTTP(ctx context.Context, in *SlugInput) (*SlugOutput, error) {
	a, err := t.Available(ctx, in.Slug)
	return &SlugOutput{Body: a}, err
}

// OptionsOutput is what sign-up offers.
type OptionsOutput struct{ Body Options }

// OptionsHTTP lists what sign-up offers to choose from.
func (t *Tenants) OptionsHTTP(context.Context, *struct{}) (*OptionsOutput, error) {
	return &OptionsOutput{Body: options}, nil
}

// TenantOutput is a tenant.
type TenantOutput struct{ Body Tenant }

// GetHTTP shows the caller's tenant.
func (t *Tenants) GetHTTP(ctx context.Context, _ *struct{}) (*TenantOutput, error) {
	var out TenantOutput
	err := t.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) (err error) {
		out.Body, err = GetTx(tx)
		return err
	})
	return &out, err
}

// UpdateInput is PATCH /tenant.
type UpdateInput struct{ Body Change }

// UpdateHTTP changes the caller's tenant's settings.
func (t *Tenants) UpdateHTTP(ctx context.Context, in *UpdateInput) (*TenantOutput, error) {
	n, err := t.Update(ctx, db.ScopeOf(ctx), in.Body)
	return &TenantOutput{Body: n}, err
}

// UsageOutput is GET /tenant/usage.
type UsageOutput struct{ Body Usage }

// UsageHTTP counts what the caller's tenant uses.
func (t *Tenants) UsageHTTP(ctx context.Context, _ *struct{}) (*UsageOutput, error) {
	var out UsageOutput
	err := t.db.InTx(ctx, db.ScopeOf(ctx), func(tx *db.Tx) (err error) {
		out.Body, err = t.Limits.Usage(tx)
		return err
	})
	return &out, err
}

// CloseInput is POST /tenant/close.
type CloseInput struct {
	Body struct {
		Confirm string `json:"confirm" doc:"The shop's slug."`
	}
}

// CloseHTTP ends the caller's tenant's shop.
func (t *Tenants) CloseHTTP(ctx context.Context, in *CloseInput) (*TenantOutput, error) {
	n, err := t.Close(ctx, db.ScopeOf(ctx), in.Body.Confirm)
	return &TenantOutput{Body: n}, err
}

// HostsOutput lists domains.
type HostsOutput struct {
	Body struct {
		Items []Host `json:"items" nullable:"false"`
	}
}

// HostsHTTP lists the caller's tenant's own domains.
func (t *Tenants) HostsHTTP(ctx context.Context, _ *struct{}) (*HostsOutput, error) {
	var out HostsOutput
	var err error
	out.Body.Items, err = t.Hosts(ctx, db.ScopeOf(ctx))
	return &out, err
}

// AddHostInput is POST /tenant/hosts.
type AddHostInput struct {
	Body struct {
		Host string `json:"host" maxLength:"253"`
	}
}

// HostOutput is a domain.
type HostOutput struct{ Body Host }

// AddHostHTTP adds a domain and says how to prove it.
func (t *Tenants) AddHostHTTP(ctx context.Context, in *AddHostInput) (*HostOutput, error) {
	h, err := t.AddHost(ctx, db.ScopeOf(ctx), in.Body.Host)
	return &HostOutput{Body: h}, err
}

// HostInput names a domain.
type HostInput struct {
	Host string `path:"host" maxLength:"253"`
}

// VerifyHostHTTP looks for the proof of a domain.
func (t *Tenants) VerifyHostHTTP(ctx context.Context, in *HostInput) (*HostOutput, error) {
	h, err := t.VerifyHost(ctx, db.ScopeOf(ctx), in.Host)
	return &HostOutput{Body: h}, err
}

// RemoveHostHTTP removes a domain.
func (t *Tenants) RemoveHostHTTP(ctx context.Context, in *HostInput) (*struct{}, error) {
	return nil, t.RemoveHost(ctx, db.ScopeOf(ctx), in.Host)
}

// ListInput is GET /operator/tenants.
type ListInput struct {
	Q string `query:"q" maxLength:"100" doc:"A part of the slug or name."`
	db.PageQuery
}

// ListOutput is a page of tenants.
type ListOutput struct{ Body db.Page[Tenant] }

// ListHTTP shows operators the directory.
func (t *Tenants) ListHTTP(ctx context.Context, in *ListInput) (*ListOutput, error) {
	page, err := t.List(ctx, in.Q, in.PageQuery)
	return &ListOutput{Body: page}, err
}

// StateInput is POST /operator/tenants/{id}/suspend and /resume.
type StateInput struct {
	ID   uuid.UUID `path:"id"`
	Body struct {
		Reason string `json:"reason" maxLength:"500"`
	}
}

// at is the scope of an operator's work on a tenant.
func at(ctx context.Context, id uuid.UUID) db.Scope {
	return db.Scope{Tenant: id, Actor: db.ScopeOf(ctx).Actor}
}

// SuspendHTTP stops a tenant's shop.
func (t *Tenants) SuspendHTTP(ctx context.Context, in *StateInput) (*TenantOutput, error) {
	n, err := t.Suspend(ctx, at(ctx, in.ID), in.Body.Reason)
	return &TenantOutput{Body: n}, err
}

// ResumeHTTP opens it again.
func (t *Tenants) ResumeHTTP(ctx context.Context, in *StateInput) (*TenantOutput, error) {
	n, err := t.Resume(ctx, at(ctx, in.ID), in.Body.Reason)
	return &TenantOutput{Body: n}, err
}

// PlanInput is POST /operator/tenants/{id}/plan.
type PlanInput struct {
	ID   uuid.UUID `path:"id"`
	Body struct {
		Plan string `json:"plan"`
	}
}

// PlanHTTP puts a tenant on a plan.
func (t *Tenants) PlanHTTP(ctx context.Context, in *PlanInput) (*TenantOutput, error) {
	n, err := t.SetPlan(ctx, at(ctx, in.ID), in.Body.Plan)
	return &TenantOutput{Body: n}, err
}

// PlansOutput lists plans.
type PlansOutput struct {
	Body struct {
		Items []Plan `json:"items" nullable:"false"`
	}
}

// PlansHTTP lists the plans from the smallest up.
func (t *Tenants) PlansHTTP(context.Context, *struct{}) (*PlansOutput, error) {
	var out PlansOutput
	out.Body.Items = Plans()
	return &out, nil
}
