package tenants

import "time"

// Events of a tenant; their subject is its id.
const (
	EventSignedUp = "tenant.signed_up"
	EventChanged  = "tenant.changed"
)

// SignedUpV1 is the payload of tenant.signed_up.
type SignedUpV1 struct {
	Slug     string    `json:"slug"`
	Name     string    `json:"name"`
	Industry string    `json:"industry"`
	Country  string    `json:"country"`
	Language string    `json:"language"`
	At       time.Time `json:"at"`
}

// ChangedV1 is the payload of tenant.changed. What says what happened: tenant.updated, tenant.suspended, tenant.resumed, tenant.closed, tenant.plan_changed, tenant.host_verified or tenant.host_removed.
type ChangedV1 struct {
	What    string    `json:"what"`
	Status  string    `json:"status"`
	Plan    string    `json:"plan"`
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
}
