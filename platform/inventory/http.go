package inventory

import (
	"context"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

type (
	// LevelsOutput is a page of levels.
	LevelsOutput struct{ Body db.Page[View] }
	// LevelOutput is a level after a change.
	LevelOutput struct{ Body View }
	// AdjustInput changes a level by a difference.
	AdjustInput struct {
		ID   uuid.UUID `path:"id"`
		Body struct {
			Delta  int64  `json:"delta" minimum:"-1000000000" maximum:"1000000000" doc:"What is added; negative to take away."`
			Reason string `json:"reason" maxLength:"500"`
		}
	}
	// SetInput records a count.
	SetInput struct {
		ID   uuid.UUID `path:"id"`
		Body struct {
			OnHand         int64  `json:"on_hand" minimum:"0" maximum:"1000000000"`
			ExpectedOnHand int64  `json:"expected_on_hand" doc:"What the shelf was thought to hold; 409 inventory.changed if it is no longer so."`
			Reason         string `json:"reason,omitempty" maxLength:"500"`
		}
	}
	// SettingsInput changes what a tenant decides about a level.
	SettingsInput struct {
		ID   uuid.UUID `path:"id"`
		Body Settings
	}
	// TransferInput moves goods between locations.
	TransferInput struct {
		Body struct {
			FromLocationID uuid.UUID `json:"from_location_id"`
			ToLocationID   uuid.UUID `json:"to_location_id"`
			Lines          []Count   `json:"lines" minItems:"1" maxItems:"500" nullable:"false"`
		}
	}
	// TransferOutput names the transfer: its movements have it as cause_id.
	TransferOutput struct {
		Body struct {
			ID uuid.UUID `json:"id"`
		}
	}
	// ReceiveInput brings goods in.
	ReceiveInput struct {
		Body struct {
			LocationID uuid.UUID `json:"location_id"`
			Lines      []Count   `json:"lines" minItems:"1" maxItems:"500" nullable:"false"`
			Reason     string    `json:"reason,omitempty" maxLength:"500"`
		}
	}
	// MovementsOutput is a page of movements.
	MovementsOutput struct{ Body db.Page[Movement] }
	// LocationsOutput lists locations.
	LocationsOutput struct {
		Body struct {
			Items []Location `json:"items" nullable:"false"`
		}
	}
	// LocationBody makes a location.
	LocationBody struct{ Body LocationInput }
	// ChangeLocationInput changes a location.
	ChangeLocationInput struct {
		ID   uuid.UUID `path:"id"`
		Body LocationInput
	}
	// LocationOutput is a location.
	LocationOutput struct{ Body Location }
	// ReconcileInput checks all levels, and repairs them.
	ReconcileInput struct {
		Body struct {
			Repair bool `json:"repair,omitempty"`
			DryRun bool `json:"dry_run,omitempty" doc:"With repair: tell what would be done, and change and keep nothing."`
		}
	}
	// ReconciliationOutput is what a check found.
	ReconciliationOutput struct{ Body Reconciliation }
	// LastReconciliationOutput is what the newest check found.
	LastReconciliationOutput struct {
		Body struct {
			Last *Reconciliation `json:"last" doc:"null before the first check."`
		}
	}
	// Empty is no answer but the status.
	Empty struct{}
)

// LevelsHTTP is GET /inventory/levels.
func (v *Inventory) LevelsHTTP(ctx context.Context, in *LevelFilter) (*LevelsOutput, error) {
	page, err := v.Levels(ctx, db.ScopeOf(ctx), *in)
	return &LevelsOutput{Body: page}, err
}

// AdjustHTTP is POST /inventory/levels/{id}/adjust.
func (v *Inventory) AdjustHTTP(ctx context.Context, in *AdjustInput) (*LevelOutput, error) {
	l, err := v.Adjust(ctx, db.ScopeOf(ctx), in.ID, in.Body.Delta, in.Body.Reason)
	return &LevelOutput{Body: ViewOf(l)}, err
}

// SetHTTP is POST /inventory/levels/{id}/set.
func (v *Inventory) SetHTTP(ctx context.Context, in *SetInput) (*LevelOutput, error) {
	l, err := v.Set(ctx, db.ScopeOf(ctx), in.ID, in.Body.OnHand, in.Body.ExpectedOnHand, in.Body.Reason)
	return &LevelOutput{Body: ViewOf(l)}, err
}

// ConfigureHTTP is POST /inventory/levels/{id}/settings.
func (v *Inventory) ConfigureHTTP(ctx context.Context, in *SettingsInput) (*LevelOutput, error) {
	l, err := v.Configure(ctx, db.ScopeOf(ctx), in.ID, in.Body)
	return &LevelOutput{Body: ViewOf(l)}, err
}

// TransferHTTP is POST /inventory/transfers.
func (v *Inventory) TransferHTTP(ctx context.Context, in *TransferInput) (*TransferOutput, error) {
	out := &TransferOutput{}
	var err error
	out.Body.ID, err = v.Transfer(ctx, db.ScopeOf(ctx), in.Body.FromLocationID, in.Body.ToLocationID, in.Body.Lines)
	return out, err
}

// ReceiveHTTP is POST /inventory/receive.
func (v *Inventory) ReceiveHTTP(ctx context.Context, in *ReceiveInput) (*Empty, error) {
	return &Empty{}, v.Receive(ctx, db.ScopeOf(ctx), in.Body.LocationID, in.Body.Lines, in.Body.Reason)
}

// MovementsHTTP is GET /inventory/movements.
func (v *Inventory) MovementsHTTP(ctx context.Context, in *MovementFilter) (*MovementsOutput, error) {
	page, err := v.Movements(ctx, db.ScopeOf(ctx), *in)
	return &MovementsOutput{Body: page}, err
}

// LocationsHTTP is GET /locations.
func (v *Inventory) LocationsHTTP(ctx context.Context, _ *struct{}) (*LocationsOutput, error) {
	out := &LocationsOutput{}
	var err error
	out.Body.Items, err = v.Locations(ctx, db.ScopeOf(ctx))
	return out, err
}

// AddLocationHTTP is POST /locations.
func (v *Inventory) AddLocationHTTP(ctx context.Context, in *LocationBody) (*LocationOutput, error) {
	l, err := v.AddLocation(ctx, db.ScopeOf(ctx), in.Body)
	return &LocationOutput{Body: l}, err
}

// ChangeLocationHTTP is PUT /locations/{id}.
func (v *Inventory) ChangeLocationHTTP(ctx context.Context, in *ChangeLocationInput) (*LocationOutput, error) {
	l, err := v.ChangeLocation(ctx, db.ScopeOf(ctx), in.ID, in.Body)
	return &LocationOutput{Body: l}, err
}

// ReconcileHTTP is POST /inventory/reconcile.
func (v *Inventory) ReconcileHTTP(ctx context.Context, in *ReconcileInput) (*ReconciliationOutput, error) {
	r, err := v.Reconcile(ctx, db.ScopeOf(ctx), in.Body.Repair, in.Body.DryRun)
	return &ReconciliationOutput{Body: r}, err
}

// ReconciliationHTTP is GET /inventory/reconciliation.
func (v *Inventory) ReconciliationHTTP(ctx context.Context, _ *struct{}) (*LastReconciliationOutput, error) {
	out := &LastReconciliationOutput{}
	var err error
	out.Body.Last, err = v.LastReconciliation(ctx, db.ScopeOf(ctx))
	return out, err
}
