package tenants

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// row is a line of the table tenants.
type row struct {
	ID        uuid.UUID
	Slug      string
	Name      string
	Industry  string
	Country   string
	Currency  string
	TimeZone  string
	Language  string
	Plan      string
	Status    string
	Settings  db.JSON[stored]
	Version   int64
	CreatedAt time.Time
}

// stored is the column settings: the settings and the languages.
type stored struct {
	Languages []string `json:"languages"`
	Settings
}

func (r row) tenant() Tenant {
	return Tenant{
		ID: r.ID, Slug: r.Slug, Name: r.Name, Industry: r.Industry, Country: r.Country, Currency: r.Currency, TimeZone: r.TimeZone, Language: r.Language,
		Languages: r.Settings.V.languages(r.Language), Plan: r.Plan, Status: r.Status, Settings: r.Settings.V.Settings.filled(), Version: r.Version, CreatedAt: r.CreatedAt.UTC(),
	}
}

const columns = `id, slug, name, industry, country, currency, time_zone, language, plan, status, settings, version, created_at`

func get(tx *db.Tx, lock bool) (Tenant, error) {
	query := `SELECT ` + columns + ` FROM tenants WHERE id = ?`
	if lock {
		query += ` FOR UPDATE`
	}
	var rows []row
	if err := tx.Raw(query, tx.Scope.Tenant).Scan(&rows).Error; err != nil {
		return Tenant{}, fmt.Errorf("read tenant: %w", err)
	}
	if len(rows) == 0 {
		return Tenant{}, ErrNotFound
	}
	return rows[0].tenant(), nil
}

func insert(tx *db.Tx, t Tenant) error {
	return tx.Exec(`INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, plan, status, settings, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.ID, t.Slug, t.Name, t.Industry, t.Country, t.Currency, t.TimeZone, t.Language, t.Plan, t.Status,
		db.JSON[stored]{V: stored{Languages: t.Languages, Settings: t.Settings}}, tx.Now, tx.Now).Error
}

// update writes what can change; the caller holds the row's lock.
func update(tx *db.Tx, t Tenant) error {
	return tx.Exec(`UPDATE tenants SET name = ?, currency = ?, time_zone = ?, language = ?, plan = ?, status = ?, settings = ?, version = version + 1, updated_at = ? WHERE id = ?`,
		t.Name, t.Currency, t.TimeZone, t.Language, t.Plan, t.Status, db.JSON[stored]{V: stored{Languages: t.Languages, Settings: t.Settings}}, tx.Now, t.ID).Error
}

// taken gives those of the slugs that lead to a tenant already. Of a system transaction.
func taken(tx *db.Tx, slugs []string) (found []string, err error) {
	err = tx.Raw(`SELECT slug FROM tenants WHERE slug = ANY(?::text[])`, db.Strings(slugs)).Scan(&found).Error
	return found, err
}

// Of a system transaction.
func idOfSlug(tx *db.Tx, slug string) (id uuid.UUID, err error) {
	err = tx.Raw(`SELECT id FROM tenants WHERE slug = ?`, slug).Row().Scan(&id)
	return id, err
}

// directory lists the tenants by slug. Of a system transaction.
func directory(tx *db.Tx, search string, q db.PageQuery) ([]row, error) {
	var last string
	if _, err := q.After(&last); err != nil {
		return nil, err
	}
	var rows []row
	err := tx.Raw(`SELECT `+columns+` FROM tenants WHERE slug > ? AND (? = '' OR position(lower(?) in slug) > 0 OR position(lower(?) in lower(name)) > 0) ORDER BY slug LIMIT ?`,
		last, search, search, search, q.Size()+1).Scan(&rows).Error
	return rows, err
}

func allIDs(tx *db.Tx) (ids []uuid.UUID, err error) {
	err = tx.Raw(`SELECT id FROM tenants WHERE status <> 'closed' ORDER BY id`).Scan(&ids).Error
	return ids, err
}

func moveVersion(tx *db.Tx) error {
	return tx.Exec(`INSERT INTO tenant_versions (tenant_id, version, changed_at) VALUES (?, 1, clock_timestamp())
		ON CONFLICT (tenant_id) DO UPDATE SET version = tenant_versions.version + 1, changed_at = clock_timestamp()`, tx.Scope.Tenant).Error
}

type version struct {
	TenantID uuid.UUID
	Version  int64
}

func versionsSince(tx *db.Tx, back time.Duration) (vs []version, err error) {
	err = tx.Raw(`SELECT tenant_id, version FROM tenant_versions WHERE changed_at > clock_timestamp() - make_interval(secs => ?)`, back.Seconds()).Scan(&vs).Error
	return vs, err
}

type claimRow struct {
	Host      string
	Token     string
	CheckedAt *time.Time
	CreatedAt time.Time
}

func insertClaim(tx *db.Tx, host, token string) error {
	return tx.Exec(`INSERT INTO host_claims (tenant_id, host, token, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, tx.Scope.Tenant, host, token, tx.Now).Error
}

func claims(tx *db.Tx) (rows []claimRow, err error) {
	err = tx.Raw(`SELECT host, token, checked_at, created_at FROM host_claims WHERE tenant_id = ? ORDER BY host`, tx.Scope.Tenant).Scan(&rows).Error
	return rows, err
}

func claim(tx *db.Tx, host string) (r claimRow, err error) {
	var rows []claimRow
	err = tx.Raw(`SELECT host, token, checked_at, created_at FROM host_claims WHERE tenant_id = ? AND host = ?`, tx.Scope.Tenant, host).Scan(&rows).Error
	if err == nil && len(rows) == 0 {
		return r, ErrNoHost
	}
	if err == nil {
		r = rows[0]
	}
	return r, err
}

func markChecked(tx *db.Tx, host string) error {
	return tx.Exec(`UPDATE host_claims SET checked_at = ? WHERE tenant_id = ? AND host = ?`, tx.Now, tx.Scope.Tenant, host).Error
}

func insertHost(tx *db.Tx, host string) error {
	return tx.Exec(`INSERT INTO hosts (host, tenant, verified_at, created_at) VALUES (?, ?, ?, ?)`, host, tx.Scope.Tenant, tx.Now, tx.Now).Error
}

type hostRow struct {
	Host       string
	VerifiedAt time.Time
}

func hosts(tx *db.Tx) (rows []hostRow, err error) {
	err = tx.Raw(`SELECT host, verified_at FROM hosts WHERE tenant = ? AND verified_at IS NOT NULL ORDER BY host`, tx.Scope.Tenant).Scan(&rows).Error
	return rows, err
}

func deleteHost(tx *db.Tx, host string) (bool, error) {
	verified := tx.Exec(`DELETE FROM hosts WHERE tenant = ? AND host = ?`, tx.Scope.Tenant, host)
	if verified.Error != nil {
		return false, verified.Error
	}
	claimed := tx.Exec(`DELETE FROM host_claims WHERE tenant_id = ? AND host = ?`, tx.Scope.Tenant, host)
	return verified.RowsAffected+claimed.RowsAffected > 0, claimed.Error
}

// lockCount makes the counting of a metric wait for transactions that are about to raise it.
func lockCount(tx *db.Tx, metric string) error {
	return tx.Exec(`SELECT pg_advisory_xact_lock(hashtextextended('limit:' || ?::text || ':' || ?::text, 0))`, metric, tx.Scope.Tenant.String()).Error
}

func planName(tx *db.Tx) (name string, err error) {
	err = tx.Raw(`SELECT plan FROM tenants WHERE id = ?`, tx.Scope.Tenant).Row().Scan(&name)
	return name, err
}
