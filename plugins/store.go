package plugins

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

type installationRow struct {
	TenantID  uuid.UUID
	ID        uuid.UUID
	Plugin    string
	Version   string
	Mode      string
	State     string
	Label     db.JSON[map[string]string]
	Rank      int
	Config    db.JSON[map[string]any]
	Secrets   []byte
	ConfigRev int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (installationRow) TableName() string { return "plugin_installations" }

func (r *installationRow) installation() Installation {
	return Installation{
		Tenant: r.TenantID, ID: r.ID, Plugin: r.Plugin, Mode: r.Mode, State: r.State, Rev: uint64(r.ConfigRev), Label: r.Label.V, Rank: r.Rank,
	}
}

func selectInstallations(tx *db.Tx) (rows []installationRow, err error) {
	err = tx.Where("state <> 'removed'").Order("rank, id").Find(&rows).Error
	return rows, err
}

// selectInstallation finds one, removed or not; lock keeps others from changing it.
func selectInstallation(tx *db.Tx, id uuid.UUID, lock bool) (*installationRow, error) {
	sql := "SELECT * FROM plugin_installations WHERE tenant_id = ? AND id = ?"
	if lock {
		sql += " FOR UPDATE"
	}
	var row installationRow
	if err := tx.Raw(sql, tx.Scope.Tenant, id).Take(&row).Error; err != nil {
		if db.IsNotFound(err) {
			return nil, ErrNotFound
		}
		return nil, err
	}
	return &row, nil
}

func insertInstallation(tx *db.Tx, row *installationRow) error {
	err := tx.Create(row).Error
	if db.Violates(err, "plugin_installations_plugin_key") {
		return ErrInstalled
	}
	return err
}

func updateInstallation(tx *db.Tx, row *installationRow) error {
	return tx.Exec(`UPDATE plugin_installations SET version = ?, state = ?, label = ?, rank = ?, config = ?, secrets = ?, config_rev = ?, updated_at = ?
		WHERE tenant_id = ? AND id = ?`,
		row.Version, row.State, row.Label, row.Rank, row.Config, row.Secrets, row.ConfigRev, tx.Now, row.TenantID, row.ID).Error
}

// CountTx is how many plugins the transaction's tenant has installed, for the plan's limit.
func CountTx(tx *db.Tx) (n int64, err error) {
	err = tx.Model(&installationRow{}).Where("state <> 'removed'").Count(&n).Error
	return n, err
}

// States of a delivery.
const (
	received  = "received"
	accepted  = "accepted"
	duplicate = "duplicate"
	ignored   = "ignored"
	refused   = "refused"
	failed    = "failed"
)

type deliveryRow struct {
	TenantID       uuid.UUID
	ID             uuid.UUID
	InstallationID uuid.UUID
	Endpoint       string
	Request        []byte
	State          string
	DedupeID       string
	Detail         string
	Attempts       int
	ReceivedAt     time.Time
	HandledAt      *time.Time
}

func (deliveryRow) TableName() string { return "webhook_deliveries" }

func selectDelivery(tx *db.Tx, id uuid.UUID, lock bool) (*deliveryRow, error) {
	sql := "SELECT * FROM webhook_deliveries WHERE tenant_id = ? AND id = ?"
	if lock {
		sql += " FOR UPDATE"
	}
	var row deliveryRow
	if err := tx.Raw(sql, tx.Scope.Tenant, id).Take(&row).Error; err != nil {
		if db.IsNotFound(err) {
			return nil, ErrNotFound
		}
		return nil, err
	}
	return &row, nil
}

// selectDeliveries lists them, the newest first, without what they said.
func selectDeliveries(tx *db.Tx, installation uuid.UUID, q db.PageQuery) (rows []deliveryRow, err error) {
	var before uuid.UUID
	more, err := q.After(&before)
	if err != nil {
		return nil, err
	}
	g := tx.Omit("request").Where("installation_id = ?", installation)
	if more {
		g = g.Where("id < ?", before)
	}
	err = g.Order("id DESC").Limit(q.Size() + 1).Find(&rows).Error
	return rows, err
}

// recordDelivery writes what became of a delivery. One that was accepted stays so.
func recordDelivery(tx *db.Tx, id uuid.UUID, state, dedupe, detail string) error {
	return tx.Exec(`UPDATE webhook_deliveries SET state = ?, dedupe_id = ?, detail = ?, attempts = attempts + 1, handled_at = ?
		WHERE tenant_id = ? AND id = ? AND (state <> 'accepted' OR ? = 'accepted')`,
		state, dedupe, detail, tx.Now, tx.Scope.Tenant, id, state).Error
}

// purgeDeliveries forgets those that are over and older than the time.
func purgeDeliveries(tx *db.Tx, before time.Time) error {
	return tx.Exec(`DELETE FROM webhook_deliveries WHERE tenant_id = ? AND received_at < ?`, tx.Scope.Tenant, before).Error
}
