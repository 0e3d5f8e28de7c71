package inventory

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Address is where something is or goes.
type Address struct {
	Name       string   `json:"name,omitempty" maxLength:"200"`
	Company    string   `json:"company,omitempty" maxLength:"200"`
	Lines      []string `json:"lines,omitempty" maxItems:"5" nullable:"false"`
	City       string   `json:"city,omitempty" maxLength:"100"`
	Region     string   `json:"region,omitempty" maxLength:"100"`
	PostalCode string   `json:"postal_code,omitempty" maxLength:"20"`
	Country    string   `json:"country,omitempty" pattern:"^([A-Z]{2})?$" doc:"ISO 3166-1 alpha-2."`
	Phone      string   `json:"phone,omitempty" maxLength:"40"`
}

// Location is where supply is. Orders are supplied from active locations in the order of Rank.
type Location struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	Kind      string    `json:"kind"`
	TimeZone  string    `json:"time_zone"`
	Address   Address   `json:"address" gorm:"-"`
	Rank      int       `json:"rank"`
	Active    bool      `json:"active"`
	Version   int64     `json:"version"`
	UpdatedAt time.Time `json:"updated_at"`
}

// LocationInput is what can be said about a location.
type LocationInput struct {
	Name     string  `json:"name" minLength:"1" maxLength:"100"`
	Kind     string  `json:"kind" enum:"store,warehouse,kitchen,property,virtual"`
	TimeZone string  `json:"time_zone,omitempty" doc:"IANA name; the tenant's where empty."`
	Address  Address `json:"address,omitempty"`
	Rank     int     `json:"rank,omitempty"`
	Active   bool    `json:"active"`
	Version  int64   `json:"version,omitempty" doc:"The version that was read; needed to change one."`
}

var (
	errNoLocation       = fault.New(fault.NotFound, "inventory.location_not_found", "There is no such location.").Field("location_id", "unknown")
	errLocationName     = fault.New(fault.Conflict, "inventory.location_name_taken", "There is a location of this name. Choose another.").Field("name", "taken")
	errLocationChanged  = fault.New(fault.Conflict, "version_conflict", "Someone else has changed this location. Look at their version and try again.")
	errLocationPromised = fault.New(fault.Conflict, "inventory.location_in_use", "Orders or carts hold supply of this location. Ship, cancel or move them before you close it.")
	errTimeZone         = fault.New(fault.Invalid, "inventory.time_zone_invalid", "The time zone is not one of the IANA names, such as Europe/London.").Field("time_zone", "unknown")
)

func (in LocationInput) check() error {
	if _, err := time.LoadLocation(in.TimeZone); err != nil {
		return errTimeZone
	}
	return nil
}

const locationColumns = `id, name, kind, time_zone, address, rank, active, version, updated_at`

type locationRow struct {
	Location
	Address db.JSON[Address]
}

func (r locationRow) location() Location {
	l := r.Location
	l.Address = r.Address.V
	return l
}

// Locations lists every location in order of rank.
func (v *Inventory) Locations(ctx context.Context, sc db.Scope) (out []Location, err error) {
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = locations(tx)
		return err
	})
	return out, err
}

func locations(tx *db.Tx) ([]Location, error) {
	var rows []locationRow
	if err := tx.Raw(`SELECT ` + locationColumns + ` FROM locations ORDER BY rank, id`).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list locations: %w", err)
	}
	out := make([]Location, len(rows))
	for i, r := range rows {
		out[i] = r.location()
	}
	return out, nil
}

// AddLocation makes a location.
func (v *Inventory) AddLocation(ctx context.Context, sc db.Scope, in LocationInput) (out Location, err error) {
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = v.AddLocationTx(tx, in)
		return err
	})
	return out, err
}

// AddLocationTx is AddLocation for a caller's transaction: sign-up makes the first location with it.
func (v *Inventory) AddLocationTx(tx *db.Tx, in LocationInput) (Location, error) {
	if err := in.check(); err != nil {
		return Location{}, err
	}
	var row locationRow
	err := tx.Raw(`INSERT INTO locations (tenant_id, id, name, kind, time_zone, address, rank, active, created_at, updated_at) VALUES (current_tenant(), ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?) RETURNING `+locationColumns,
		db.NewID(), in.Name, in.Kind, in.TimeZone, db.JSON[Address]{V: in.Address}, in.Rank, in.Active, tx.Now, tx.Now).Scan(&row).Error
	if db.Violates(err, "locations_name_key") {
		return Location{}, errLocationName
	}
	if err != nil {
		return Location{}, fmt.Errorf("add location: %w", err)
	}
	return row.location(), journal(tx, "location.create", row.ID, nil, row.location())
}

// ChangeLocation replaces what is said about the location if it still has in.Version. A location that owes supply cannot be closed.
func (v *Inventory) ChangeLocation(ctx context.Context, sc db.Scope, id uuid.UUID, in LocationInput) (out Location, err error) {
	if err := in.check(); err != nil {
		return Location{}, err
	}
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		var before locationRow
		if err := tx.Raw(`SELECT `+locationColumns+` FROM locations WHERE id = ? FOR UPDATE`, id).Take(&before).Error; err != nil {
			if db.IsNotFound(err) {
				return errNoLocation
			}
			return err
		}
		if before.Version != in.Version {
			return errLocationChanged.With("current", before.location())
		}
		if before.Active && !in.Active {
			var promised bool
			err := tx.Raw(`SELECT EXISTS (SELECT 1 FROM pools p JOIN pool_levels l ON l.tenant_id = p.tenant_id AND l.pool_id = p.id WHERE p.location_id = ? AND l.committed + l.reserved > 0)`, id).Scan(&promised).Error
			if err != nil {
				return err
			}
			if promised {
				return errLocationPromised
			}
		}
		var row locationRow
		err := tx.Raw(`UPDATE locations SET name = ?, kind = ?, time_zone = ?, address = ?::jsonb, rank = ?, active = ?, version = version + 1, updated_at = ? WHERE id = ? RETURNING `+locationColumns,
			in.Name, in.Kind, in.TimeZone, db.JSON[Address]{V: in.Address}, in.Rank, in.Active, tx.Now, id).Scan(&row).Error
		if db.Violates(err, "locations_name_key") {
			return errLocationName
		}
		if err != nil {
			return err
		}
		out = row.location()
		return journal(tx, "location.change", id, before.location(), out)
	})
	return out, err
}
