package access

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// All of these are for system transactions.

type operatorRow struct {
	ID           uuid.UUID
	Email        string
	Name         string
	Status       string
	PasswordHash string
	TotpSecret   []byte
	TotpStep     int64
}

const operatorColumns = `id, email, name, status, password_hash, totp_secret, totp_step`

func insertOperator(tx *db.Tx, n NewOperator, stored string) error {
	return tx.Exec(`INSERT INTO operators (id, email, name, password_hash, totp_secret, totp_enabled_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		n.ID, n.Email, n.Name, stored, n.TOTP.Sealed, tx.Now, tx.Now, tx.Now).Error
}

// operatorByEmail gives an empty row for an unknown address.
func operatorByEmail(tx *db.Tx, email string) (row operatorRow, err error) {
	err = tx.Raw(`SELECT `+operatorColumns+` FROM operators WHERE lower(email) = lower(?)`, email).Scan(&row).Error
	return row, err
}

func lockOperator(tx *db.Tx, id uuid.UUID) (operatorRow, error) {
	return one[operatorRow](tx.Raw(`SELECT `+operatorColumns+` FROM operators WHERE id = ? AND status = 'active' FOR UPDATE`, id))
}

func setOperatorStep(tx *db.Tx, id uuid.UUID, step int64) error {
	return tx.Exec(`UPDATE operators SET totp_step = ?, updated_at = ? WHERE id = ?`, step, tx.Now, id).Error
}

func insertOperatorSession(tx *db.Tx, id, operator uuid.UUID, h hash, c Client, expires time.Time) error {
	return tx.Exec(`INSERT INTO operator_sessions (id, operator_id, token_hash, address, user_agent, created_at, last_seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		id, operator, h[:], c.IP, clip(c.UserAgent, 300), tx.Now, tx.Now, expires).Error
}

// operatorSession finds the operator behind a token and notes its use.
func operatorSession(tx *db.Tx, h hash, since time.Time) (Identity, error) {
	row, err := one[struct {
		ID, SessionID uuid.UUID
		Name          string
	}](tx.Raw(`UPDATE operator_sessions s SET last_seen_at = ? FROM operators o WHERE s.token_hash = ? AND s.expires_at > ? AND s.last_seen_at > ? AND o.id = s.operator_id AND o.status = 'active'
		RETURNING o.id, o.name, s.id AS session_id`, tx.Now, h[:], tx.Now, since))
	return Identity{Kind: Operator, ID: row.ID, Name: row.Name, SessionID: row.SessionID}, err
}

func deleteOperatorSession(tx *db.Tx, id uuid.UUID) error {
	return tx.Exec(`DELETE FROM operator_sessions WHERE id = ?`, id).Error
}

func deleteEndedOperators(tx *db.Tx) error {
	return errors.Join(
		tx.Exec(`DELETE FROM operator_sessions WHERE expires_at < ?`, tx.Now).Error,
		tx.Exec(`DELETE FROM operator_throttle WHERE since < ?`, tx.Now.Add(-2*windowLong)).Error,
	)
}
