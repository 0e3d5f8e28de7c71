package access

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"allhours/platform/base/db"
)

// Sessions.

func insertSession(tx *db.Tx, id uuid.UUID, kind string, subject uuid.UUID, name string, h hash, c Client, expires time.Time) error {
	return tx.Exec(`INSERT INTO sessions (tenant_id, id, kind, subject_id, name, token_hash, address, user_agent, created_at, last_seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Tenant, id, kind, subject, name, h[:], c.IP, clip(c.UserAgent, 300), tx.Now, tx.Now, expires).Error
}

func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
}

type sessionRow struct {
	ID         uuid.UUID
	SubjectID  uuid.UUID
	Name       string
	Roles      db.Strings
	Address    string
	UserAgent  string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
}

func (s sessionRow) remembered(tenant uuid.UUID, kind string, idle time.Duration) *remembered {
	r := &remembered{identity: Identity{Kind: kind, ID: s.SubjectID, Name: s.Name, Tenant: tenant, Roles: s.Roles, SessionID: s.ID}, expires: s.ExpiresAt, idle: idle}
	r.seen.Store(s.LastSeenAt.UnixNano())
	r.written.Store(s.LastSeenAt.UnixNano())
	return r
}

func one[T any](q *gorm.DB) (row T, err error) {
	var rows []T
	if err := q.Scan(&rows).Error; err != nil {
		return row, err
	}
	if len(rows) == 0 {
		return row, gorm.ErrRecordNotFound
	}
	return rows[0], nil
}

const rolesOf = `COALESCE((SELECT array_agg(r.role ORDER BY r.role) FROM member_roles r WHERE r.tenant_id = m.tenant_id AND r.member_id = m.id), '{}')`

func memberSession(tx *db.Tx, h hash) (*remembered, error) {
	s, err := one[sessionRow](tx.Raw(`SELECT s.id, s.subject_id, m.name, `+rolesOf+` AS roles, s.last_seen_at, s.expires_at
		FROM sessions s JOIN members m ON m.tenant_id = s.tenant_id AND m.id = s.subject_id
		WHERE s.tenant_id = ? AND s.token_hash = ? AND s.kind = 'member' AND m.status = 'active' AND s.expires_at > ? AND s.last_seen_at > ?`,
		tx.Scope.Tenant, h[:], tx.Now, tx.Now.Add(-memberIdle)))
	if err != nil {
		return nil, err
	}
	return s.remembered(tx.Scope.Tenant, Member, memberIdle), nil
}

func customerSession(tx *db.Tx, h hash) (*remembered, error) {
	s, err := one[sessionRow](tx.Raw(`SELECT s.id, s.subject_id, s.name, s.last_seen_at, s.expires_at FROM sessions s
		WHERE s.tenant_id = ? AND s.token_hash = ? AND s.kind = 'customer' AND s.expires_at > ? AND s.last_seen_at > ?`,
		tx.Scope.Tenant, h[:], tx.Now, tx.Now.Add(-customerIdle)))
	if err != nil {
		return nil, err
	}
	return s.remembered(tx.Scope.Tenant, Customer, customerIdle), nil
}

func sessionsOf(tx *db.Tx, kind string, subject uuid.UUID) (rows []sessionRow, err error) {
	idle := memberIdle
	if kind == Customer {
		idle = customerIdle
	}
	err = tx.Raw(`SELECT id, address, user_agent, created_at, last_seen_at, expires_at FROM sessions
		WHERE tenant_id = ? AND kind = ? AND subject_id = ? AND expires_at > ? AND last_seen_at > ? ORDER BY last_seen_at DESC, id DESC LIMIT 100`,
		tx.Scope.Tenant, kind, subject, tx.Now, tx.Now.Add(-idle)).Scan(&rows).Error
	return rows, err
}

// hasSessionFrom compares networks in Go: an IPv6 line has many addresses.
func hasSessionFrom(tx *db.Tx, kind string, subject uuid.UUID, from string) (bool, error) {
	var addresses []string
	err := tx.Raw(`SELECT DISTINCT address FROM sessions WHERE tenant_id = ? AND kind = ? AND subject_id = ?`, tx.Scope.Tenant, kind, subject).Scan(&addresses).Error
	for _, a := range addresses {
		if from != "unknown" && network(a) == from {
			return true, err
		}
	}
	return false, err
}

func deleteSession(tx *db.Tx, kind string, subject, id uuid.UUID) (int64, error) {
	q := tx.Exec(`DELETE FROM sessions WHERE tenant_id = ? AND id = ? AND kind = ? AND subject_id = ?`, tx.Scope.Tenant, id, kind, subject)
	return q.RowsAffected, q.Error
}

func deleteSessions(tx *db.Tx, kind string, subject, but uuid.UUID) (int64, error) {
	q := tx.Exec(`DELETE FROM sessions WHERE tenant_id = ? AND kind = ? AND subject_id = ? AND id <> ?`, tx.Scope.Tenant, kind, subject, but)
	return q.RowsAffected, q.Error
}

func replaceToken(tx *db.Tx, id uuid.UUID, h hash, expires time.Time) (int64, error) {
	q := tx.Exec(`UPDATE sessions SET token_hash = ?, last_seen_at = ?, expires_at = ? WHERE tenant_id = ? AND id = ?`, h[:], tx.Now, expires, tx.Scope.Tenant, id)
	return q.RowsAffected, q.Error
}

func markSeen(tx *db.Tx, used map[use]time.Time) error {
	for u, at := range used {
		var err error
		switch {
		case u.key:
			err = tx.Exec(`UPDATE api_keys SET last_used_at = ? WHERE tenant_id = ? AND id = ?`, at, tx.Scope.Tenant, u.id).Error
		default:
			err = tx.Exec(`UPDATE sessions SET last_seen_at = greatest(last_seen_at, ?) WHERE tenant_id = ? AND id = ?`, at, tx.Scope.Tenant, u.id).Error
			if err == nil && u.member != uuid.Nil {
				err = tx.Exec(`UPDATE members SET last_seen_at = greatest(last_seen_at, ?) WHERE tenant_id = ? AND id = ?`, at, tx.Scope.Tenant, u.member).Error
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func deleteEnded(tx *db.Tx) error {
	return errors.Join(
		tx.Exec(`DELETE FROM sessions WHERE tenant_id = ? AND expires_at < ?`, tx.Scope.Tenant, tx.Now).Error,
		tx.Exec(`DELETE FROM login_throttle WHERE tenant_id = ? AND since < ?`, tx.Scope.Tenant, tx.Now.Add(-2*windowLong)).Error,
		tx.Exec(`DELETE FROM one_time_tokens WHERE tenant_id = ? AND expires_at < ?`, tx.Scope.Tenant, tx.Now.Add(-30*24*time.Hour)).Error,
	)
}

// Keys.

type keyRow struct {
	ID         uuid.UUID
	Name       string
	Prefix     string
	Scopes     db.Strings
	CreatedBy  uuid.UUID
	CreatedAt  time.Time
	LastUsedAt *time.Time
	ExpiresAt  *time.Time
	Roles      db.Strings
}

func (k keyRow) key() Key {
	return Key{ID: k.ID, Name: k.Name, Prefix: k.Prefix, Scopes: append([]string{}, k.Scopes...), CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt.UTC(), LastUsedAt: utc(k.LastUsedAt), ExpiresAt: utc(k.ExpiresAt)}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

const keyColumns = `k.id, k.name, k.prefix, k.scopes, k.created_by, k.created_at, k.last_used_at, k.expires_at`

// keyOf finds a key by its secret, the present one or, for a while, the one before. Its creator must be active.
func keyOf(tx *db.Tx, h hash) (*remembered, error) {
	k, err := one[struct {
		Key           keyRow `gorm:"embedded"`
		PreviousUntil *time.Time
	}](tx.Raw(`SELECT `+keyColumns+`, `+rolesOf+` AS roles, CASE WHEN k.token_hash <> ? THEN k.previous_until END AS previous_until
		FROM api_keys k JOIN members m ON m.tenant_id = k.tenant_id AND m.id = k.created_by
		WHERE k.tenant_id = ? AND (k.token_hash = ? OR k.previous_hash = ? AND k.previous_until > ?) AND k.revoked_at IS NULL
		  AND (k.expires_at IS NULL OR k.expires_at > ?) AND m.status = 'active'`,
		h[:], tx.Scope.Tenant, h[:], h[:], tx.Now, tx.Now))
	if err != nil {
		return nil, err
	}
	r := &remembered{identity: Identity{Kind: APIKey, ID: k.Key.ID, Name: k.Key.Name, Tenant: tx.Scope.Tenant, Roles: k.Key.Roles, Scopes: k.Key.Scopes}}
	for _, end := range []*time.Time{k.Key.ExpiresAt, k.PreviousUntil} {
		if end != nil && (r.expires.IsZero() || end.Before(r.expires)) {
			r.expires = *end
		}
	}
	if k.Key.LastUsedAt != nil {
		r.written.Store(k.Key.LastUsedAt.UnixNano())
	}
	return r, nil
}

func keys(tx *db.Tx) (rows []keyRow, err error) {
	err = tx.Raw(`SELECT `+keyColumns+` FROM api_keys k WHERE k.tenant_id = ? AND k.revoked_at IS NULL ORDER BY k.id DESC`, tx.Scope.Tenant).Scan(&rows).Error
	return rows, err
}

func insertKey(tx *db.Tx, k Key, h hash) error {
	return tx.Exec(`INSERT INTO api_keys (tenant_id, id, name, prefix, token_hash, scopes, created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Tenant, k.ID, k.Name, k.Prefix, h[:], db.Strings(k.Scopes), k.CreatedBy, tx.Now, k.ExpiresAt).Error
}

func lockKey(tx *db.Tx, id uuid.UUID) (keyRow, error) {
	k, err := one[keyRow](tx.Raw(`SELECT `+keyColumns+` FROM api_keys k WHERE k.tenant_id = ? AND k.id = ? AND k.revoked_at IS NULL FOR UPDATE`, tx.Scope.Tenant, id))
	if db.IsNotFound(err) {
		return k, errNoKey
	}
	return k, err
}

func replaceKey(tx *db.Tx, id uuid.UUID, h hash, prefix string, until time.Time) error {
	return tx.Exec(`UPDATE api_keys SET previous_hash = token_hash, previous_until = ?, token_hash = ?, prefix = ? WHERE tenant_id = ? AND id = ?`, until, h[:], prefix, tx.Scope.Tenant, id).Error
}

func revokeKey(tx *db.Tx, id uuid.UUID) error {
	return tx.Exec(`UPDATE api_keys SET revoked_at = ? WHERE tenant_id = ? AND id = ?`, tx.Now, tx.Scope.Tenant, id).Error
}

func revokeKeysOf(tx *db.Tx, member uuid.UUID) error {
	return tx.Exec(`UPDATE api_keys SET revoked_at = ? WHERE tenant_id = ? AND created_by = ? AND revoked_at IS NULL`, tx.Now, tx.Scope.Tenant, member).Error
}

// Roles.

type roleRow struct {
	Name        string
	Title       db.JSON[map[string]string]
	Permissions db.Strings
}

func (r roleRow) role() Role {
	return Role{Name: r.Name, Title: r.Title.V, Permissions: append([]string{}, r.Permissions...)}
}

func roleRows(tx *db.Tx) (rows []roleRow, err error) {
	err = tx.Raw(`SELECT name, title, permissions FROM roles WHERE tenant_id = ? ORDER BY name`, tx.Scope.Tenant).Scan(&rows).Error
	return rows, err
}

func insertRole(tx *db.Tx, r Role) error {
	return tx.Exec(`INSERT INTO roles (tenant_id, name, title, permissions, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)`,
		tx.Scope.Tenant, r.Name, db.JSON[map[string]string]{V: r.Title}, db.Strings(setOf(r.Permissions).Sorted()), tx.Now, tx.Now).Error
}

func updateRole(tx *db.Tx, r Role) error {
	return tx.Exec(`UPDATE roles SET title = ?, permissions = ?, version = version + 1, updated_at = ? WHERE tenant_id = ? AND name = ?`,
		db.JSON[map[string]string]{V: r.Title}, db.Strings(setOf(r.Permissions).Sorted()), tx.Now, tx.Scope.Tenant, r.Name).Error
}

func deleteRole(tx *db.Tx, name string) error {
	return tx.Exec(`DELETE FROM roles WHERE tenant_id = ? AND name = ?`, tx.Scope.Tenant, name).Error
}

func roleUse(tx *db.Tx, name string) (members, invitations int64, err error) {
	err = tx.Raw(`SELECT (SELECT count(*) FROM member_roles r JOIN members m ON m.tenant_id = r.tenant_id AND m.id = r.member_id WHERE r.tenant_id = ? AND r.role = ? AND m.status <> 'removed'),
		(SELECT count(*) FROM invitations WHERE tenant_id = ? AND ? = ANY(roles) AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?)`,
		tx.Scope.Tenant, name, tx.Scope.Tenant, name, tx.Now).Row().Scan(&members, &invitations)
	return members, invitations, err
}

func activeRoles(tx *db.Tx, member uuid.UUID) (roles []string, err error) {
	err = tx.Raw(`SELECT r.role FROM member_roles r JOIN members m ON m.tenant_id = r.tenant_id AND m.id = r.member_id
		WHERE r.tenant_id = ? AND r.member_id = ? AND m.status = 'active' ORDER BY r.role`, tx.Scope.Tenant, member).Scan(&roles).Error
	return roles, err
}

func keyCreatorRoles(tx *db.Tx, key uuid.UUID) (roles []string, err error) {
	err = tx.Raw(`SELECT r.role FROM api_keys k JOIN members m ON m.tenant_id = k.tenant_id AND m.id = k.created_by JOIN member_roles r ON r.tenant_id = m.tenant_id AND r.member_id = m.id
		WHERE k.tenant_id = ? AND k.id = ? AND k.revoked_at IS NULL AND m.status = 'active' ORDER BY r.role`, tx.Scope.Tenant, key).Scan(&roles).Error
	return roles, err
}

func lockAccess(tx *db.Tx) error {
	return tx.Exec(`SELECT pg_advisory_xact_lock(hashtextextended('access:' || ?::text, 0))`, tx.Scope.Tenant.String()).Error
}

// The throttle's counts. table is login_throttle or operator_throttle; the latter has no tenant.

func throttleKey(tx *db.Tx, table, key string) (columns, target, where string, args []any) {
	if table == "operator_throttle" {
		return "key", "key", "key = ?", []any{key}
	}
	return "tenant_id, key", "tenant_id, key", "tenant_id = ? AND key = ?", []any{tx.Scope.Tenant, key}
}

func countFailure(tx *db.Tx, table string, r rule) (failures int, since time.Time, err error) {
	columns, target, _, args := throttleKey(tx, table, r.key)
	query := fmt.Sprintf(`INSERT INTO %[1]s AS t (%[2]s, failures, since) VALUES (%[3]s, 1, ?) ON CONFLICT (%[4]s) DO UPDATE SET
		failures = CASE WHEN t.since <= ? THEN 1 ELSE least(t.failures + 1, ?) END, since = CASE WHEN t.since <= ? THEN excluded.since ELSE t.since END RETURNING failures, since`,
		table, columns, strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", "), target)
	over := tx.Now.Add(-r.window)
	args = append(args, tx.Now, over, r.most+1, over)
	err = tx.Raw(query, args...).Row().Scan(&failures, &since)
	return failures, since, err
}

func uncountFailure(tx *db.Tx, table, key string) error {
	_, _, where, args := throttleKey(tx, table, key)
	return tx.Exec(`UPDATE `+table+` SET failures = greatest(failures - 1, 0) WHERE `+where, args...).Error
}

func clearFailures(tx *db.Tx, table, key string) error {
	_, _, where, args := throttleKey(tx, table, key)
	return tx.Exec(`DELETE FROM `+table+` WHERE `+where, args...).Error
}
