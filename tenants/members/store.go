package members

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

type memberRow struct {
	ID               uuid.UUID
	Email            string
	Name             string
	Language         string
	Status           string
	PasswordHash     string
	EmailConfirmedAt *time.Time
	TotpSecret       []byte
	TotpEnabledAt    *time.Time
	TotpStep         int64
	LastSeenAt       *time.Time
	CreatedAt        time.Time
	Roles            db.Strings
}

func (r memberRow) member() Member {
	m := Member{
		ID: r.ID, Email: r.Email, Name: r.Name, Language: r.Language, Status: r.Status, Roles: append([]string{}, r.Roles...),
		EmailConfirmed: r.EmailConfirmedAt != nil, TOTPEnabled: r.TotpEnabledAt != nil, CreatedAt: r.CreatedAt.UTC(),
	}
	if r.LastSeenAt != nil {
		at := r.LastSeenAt.UTC()
		m.LastSeenAt = &at
	}
	return m
}

const columns = `m.id, m.email, m.name, m.language, m.status, m.password_hash, m.email_confirmed_at, m.totp_secret, m.totp_enabled_at, m.totp_step, m.last_seen_at, m.created_at,
	COALESCE((SELECT array_agg(r.role ORDER BY r.role) FROM member_roles r WHERE r.tenant_id = m.tenant_id AND r.member_id = m.id), '{}') AS roles`

func insert(tx *db.Tx, r memberRow) error {
	return tx.Exec(`INSERT INTO members (tenant_id, id, email, name, language, status, password_hash, email_confirmed_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Tenant, r.ID, r.Email, r.Name, r.Language, r.Status, r.PasswordHash, r.EmailConfirmedAt, tx.Now, tx.Now).Error
}

func all(tx *db.Tx) (rows []memberRow, err error) {
	err = tx.Raw(`SELECT `+columns+` FROM members m WHERE m.tenant_id = ? AND m.status <> 'removed' ORDER BY lower(m.name), m.id`, tx.Scope.Tenant).Scan(&rows).Error
	return rows, err
}

// one gives a member who has not been removed, locked if asked.
func one(tx *db.Tx, id uuid.UUID, lock bool) (memberRow, error) {
	query := `SELECT ` + columns + ` FROM members m WHERE m.tenant_id = ? AND m.id = ? AND m.status <> 'removed'`
	if lock {
		query += ` FOR UPDATE`
	}
	var rows []memberRow
	if err := tx.Raw(query, tx.Scope.Tenant, id).Scan(&rows).Error; err != nil {
		return memberRow{}, err
	}
	if len(rows) == 0 {
		return memberRow{}, errNotFound
	}
	return rows[0], nil
}

// byEmail gives an empty row for an unknown address.
func byEmail(tx *db.Tx, email string) (row memberRow, err error) {
	err = tx.Raw(`SELECT `+columns+` FROM members m WHERE m.tenant_id = ? AND lower(m.email) = lower(btrim(?)) AND m.status <> 'removed'`, tx.Scope.Tenant, email).Scan(&row).Error
	return row, err
}

func setRoles(tx *db.Tx, id uuid.UUID, roles []string) error {
	if err := tx.Exec(`DELETE FROM member_roles WHERE tenant_id = ? AND member_id = ?`, tx.Scope.Tenant, id).Error; err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO member_roles (tenant_id, member_id, role) SELECT ?, ?, unnest(?::text[])`, tx.Scope.Tenant, id, db.Strings(roles)).Error
}

func update(tx *db.Tx, r memberRow) error {
	return tx.Exec(`UPDATE members SET name = ?, language = ?, status = ?, password_hash = ?, email_confirmed_at = ?, totp_secret = ?, totp_enabled_at = ?, totp_step = ?, version = version + 1, updated_at = ?
		WHERE tenant_id = ? AND id = ?`, r.Name, r.Language, r.Status, r.PasswordHash, r.EmailConfirmedAt, r.TotpSecret, r.TotpEnabledAt, r.TotpStep, tx.Now, tx.Scope.Tenant, r.ID).Error
}

func setStep(tx *db.Tx, id uuid.UUID, step int64) error {
	return tx.Exec(`UPDATE members SET totp_step = ? WHERE tenant_id = ? AND id = ?`, step, tx.Scope.Tenant, id).Error
}

func activeOwners(tx *db.Tx, but uuid.UUID) (n int64, err error) {
	err = tx.Raw(`SELECT count(*) FROM members m JOIN member_roles r ON r.tenant_id = m.tenant_id AND r.member_id = m.id
		WHERE m.tenant_id = ? AND m.status = 'active' AND r.role = 'owner' AND m.id <> ?`, tx.Scope.Tenant, but).Row().Scan(&n)
	return n, err
}

func countUsers(tx *db.Tx) (n int64, err error) {
	err = tx.Raw(`SELECT (SELECT count(*) FROM members WHERE tenant_id = ? AND status <> 'removed') +
		(SELECT count(*) FROM invitations WHERE tenant_id = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?)`,
		tx.Scope.Tenant, tx.Scope.Tenant, tx.Now).Row().Scan(&n)
	return n, err
}

func withRoles(tx *db.Tx, roles []string) (list []Recipient, err error) {
	err = tx.Raw(`SELECT m.id, m.email, m.name, m.language FROM members m WHERE m.tenant_id = ? AND m.status = 'active'
		AND EXISTS (SELECT 1 FROM member_roles r WHERE r.tenant_id = m.tenant_id AND r.member_id = m.id AND r.role = ANY(?::text[])) ORDER BY m.id`,
		tx.Scope.Tenant, db.Strings(roles)).Scan(&list).Error
	return list, err
}

// Recovery codes.

func replaceRecoveryCodes(tx *db.Tx, id uuid.UUID, hashes [][]byte) error {
	if err := tx.Exec(`DELETE FROM recovery_codes WHERE tenant_id = ? AND member_id = ?`, tx.Scope.Tenant, id).Error; err != nil {
		return err
	}
	for _, h := range hashes {
		if err := tx.Exec(`INSERT INTO recovery_codes (tenant_id, member_id, hash) VALUES (?, ?, ?)`, tx.Scope.Tenant, id, h).Error; err != nil {
			return err
		}
	}
	return nil
}

func useRecoveryCode(tx *db.Tx, id uuid.UUID, hash []byte) (bool, error) {
	q := tx.Exec(`UPDATE recovery_codes SET used_at = ? WHERE tenant_id = ? AND member_id = ? AND hash = ? AND used_at IS NULL`, tx.Now, tx.Scope.Tenant, id, hash)
	return q.RowsAffected == 1, q.Error
}

// One-time tokens.

func insertToken(tx *db.Tx, id uuid.UUID, kind string, member uuid.UUID, email string, expires time.Time) error {
	return tx.Exec(`INSERT INTO one_time_tokens (tenant_id, id, kind, member_id, email, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Tenant, id, kind, member, email, expires, tx.Now).Error
}

func retireTokens(tx *db.Tx, kind string, member uuid.UUID) error {
	return tx.Exec(`UPDATE one_time_tokens SET used_at = ? WHERE tenant_id = ? AND member_id = ? AND kind = ? AND used_at IS NULL`, tx.Now, tx.Scope.Tenant, member, kind).Error
}

func recentTokens(tx *db.Tx, kind string, member uuid.UUID, since time.Time) (n int64, err error) {
	err = tx.Raw(`SELECT count(*) FROM one_time_tokens WHERE tenant_id = ? AND member_id = ? AND kind = ? AND created_at > ?`, tx.Scope.Tenant, member, kind, since).Row().Scan(&n)
	return n, err
}

type tokenRow struct {
	MemberID uuid.UUID
	Email    string
}

func tokenExists(tx *db.Tx, id uuid.UUID) (found bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT 1 FROM one_time_tokens WHERE tenant_id = ? AND id = ?)`, tx.Scope.Tenant, id).Row().Scan(&found)
	return found, err
}

// tokenHolder gives the member of a token that is still good; errLink otherwise.
func tokenHolder(tx *db.Tx, kind string, id uuid.UUID) (memberRow, error) {
	var rows []memberRow
	err := tx.Raw(`SELECT `+columns+` FROM one_time_tokens o JOIN members m ON m.tenant_id = o.tenant_id AND m.id = o.member_id
		WHERE o.tenant_id = ? AND o.id = ? AND o.kind = ? AND o.used_at IS NULL AND o.expires_at > ? AND m.status = 'active'`, tx.Scope.Tenant, id, kind, tx.Now).Scan(&rows).Error
	if err == nil && len(rows) == 0 {
		return memberRow{}, errLink
	}
	if err != nil {
		return memberRow{}, err
	}
	return rows[0], nil
}

// useToken takes a token that is still good; errLink otherwise.
func useToken(tx *db.Tx, kind string, id uuid.UUID) (tokenRow, error) {
	var rows []tokenRow
	err := tx.Raw(`UPDATE one_time_tokens SET used_at = ? WHERE tenant_id = ? AND id = ? AND kind = ? AND used_at IS NULL AND expires_at > ? RETURNING member_id, email`,
		tx.Now, tx.Scope.Tenant, id, kind, tx.Now).Scan(&rows).Error
	if err == nil && len(rows) == 0 {
		return tokenRow{}, errLink
	}
	if err != nil {
		return tokenRow{}, err
	}
	return rows[0], nil
}

// Invitations.

type invitationRow struct {
	ID        uuid.UUID
	Email     string
	Roles     db.Strings
	Language  string
	InvitedBy uuid.UUID
	ExpiresAt time.Time
	CreatedAt time.Time
}

const invitationColumns = `id, email, roles, language, invited_by, expires_at, created_at`

func insertInvitation(tx *db.Tx, r invitationRow) error {
	return tx.Exec(`INSERT INTO invitations (tenant_id, id, email, roles, language, invited_by, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Tenant, r.ID, r.Email, r.Roles, r.Language, r.InvitedBy, r.ExpiresAt, tx.Now).Error
}

func openInvitations(tx *db.Tx) (rows []invitationRow, err error) {
	err = tx.Raw(`SELECT `+invitationColumns+` FROM invitations WHERE tenant_id = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ? ORDER BY id DESC`, tx.Scope.Tenant, tx.Now).Scan(&rows).Error
	return rows, err
}

func openInvitation(tx *db.Tx, id uuid.UUID) (invitationRow, error) {
	var rows []invitationRow
	err := tx.Raw(`SELECT `+invitationColumns+` FROM invitations WHERE tenant_id = ? AND id = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ? FOR UPDATE`, tx.Scope.Tenant, id, tx.Now).Scan(&rows).Error
	if err == nil && len(rows) == 0 {
		return invitationRow{}, errLink
	}
	if err != nil {
		return invitationRow{}, err
	}
	return rows[0], nil
}

func acceptInvitation(tx *db.Tx, id uuid.UUID) error {
	return tx.Exec(`UPDATE invitations SET accepted_at = ? WHERE tenant_id = ? AND id = ?`, tx.Now, tx.Scope.Tenant, id).Error
}

func revokeInvitation(tx *db.Tx, id uuid.UUID) (bool, error) {
	q := tx.Exec(`UPDATE invitations SET revoked_at = ? WHERE tenant_id = ? AND id = ? AND accepted_at IS NULL AND revoked_at IS NULL`, tx.Now, tx.Scope.Tenant, id)
	return q.RowsAffected == 1, q.Error
}

// revokeInvitationsOf takes back the open invitations of an address, and those a member has sent if by is given.
func revokeInvitationsOf(tx *db.Tx, email string, by uuid.UUID) error {
	return tx.Exec(`UPDATE invitations SET revoked_at = ? WHERE tenant_id = ? AND accepted_at IS NULL AND revoked_at IS NULL AND (lower(email) = lower(?) OR invited_by = ?)`, tx.Now, tx.Scope.Tenant, email, by).Error
}
