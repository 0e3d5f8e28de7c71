package db

import (
	"context"

	"github.com/google/uuid"
)

// None is the tenant of no one.
var None uuid.UUID

// Scope says whose data a piece of work may touch and who does it.
type Scope struct {
	Tenant uuid.UUID
	Actor  Actor
}

// Actor is who acts: it goes into the audit log, the timelines and the events.
type Actor struct {
	Kind      string `json:"kind"` // member, customer, guest, api_key, operator, job, plugin, system
	ID        string `json:"id,omitempty"`
	Name      string `json:"name,omitempty"`
	Via       string `json:"via,omitempty"` // ui, api, job, plugin, import
	RequestID string `json:"request_id,omitempty"`
}

// As returns the scope of the same tenant with another actor.
func (s Scope) As(a Actor) Scope { return Scope{Tenant: s.Tenant, Actor: a} }

// Job is the scope of a tenant's work that no person asked for directly.
func Job(tenant uuid.UUID, name string) Scope {
	return Scope{Tenant: tenant, Actor: Actor{Kind: "job", ID: name, Via: "job"}}
}

type scopeKey struct{}

// WithScope puts the scope on the context; the gateway does so for each request.
func WithScope(ctx context.Context, sc Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, sc)
}

// ScopeOf gives the scope of the context; its tenant is None where there is none, which every transaction refuses.
func ScopeOf(ctx context.Context) Scope {
	sc, _ := ctx.Value(scopeKey{}).(Scope)
	return sc
}

// NewID makes a UUIDv7: ids sort by the time of their making.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
