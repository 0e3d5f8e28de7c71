package db

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"allhours/platform/base/fault"
)

// ErrKeyReused answers an idempotency key that comes again with another request.
var ErrKeyReused = fault.New(fault.Invalid, "idempotency_key_reused", "This Idempotency-Key was used for another request. Send a new key, or the same request as before.")

// Once runs do under the idempotency key, at most once per tenant: the same key and request again give the first result and replayed is true; the same key
// with another request is ErrKeyReused. The claim commits and rolls back with tx, so a failed attempt leaves the key free. Callers at the same time wait for the first.
// An empty key runs do unclaimed. The caller prefixes the key with what it is for and who asks ("order:place:api_key:ID:KEY").
func Once[T any](tx *Tx, key string, request any, do func() (T, error)) (result T, replayed bool, err error) {
	if key == "" {
		result, err = do()
		return result, false, err
	}
	hash, err := HashOf(request)
	if err != nil {
		return result, false, err
	}
	claim := tx.Exec(`INSERT INTO idempotency_keys (tenant_id, key, request_hash, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, tx.Scope.Tenant, key, hash, tx.Now)
	if claim.Error != nil {
		return result, false, fmt.Errorf("claim idempotency key: %w", claim.Error)
	}
	if claim.RowsAffected == 0 {
		return replay[T](tx, key, hash)
	}
	if result, err = do(); err != nil {
		return result, false, err
	}
	response, err := json.Marshal(result)
	if err != nil {
		return result, false, fmt.Errorf("keep result of idempotency key: %w", err)
	}
	tx.Queue(`UPDATE idempotency_keys SET response = $1 WHERE tenant_id = $2 AND key = $3`, string(response), tx.Scope.Tenant, key)
	return result, false, nil
}

func replay[T any](tx *Tx, key string, hash []byte) (result T, replayed bool, err error) {
	var row struct {
		RequestHash []byte
		Response    []byte
	}
	q := tx.Raw(`SELECT request_hash, response FROM idempotency_keys WHERE tenant_id = ? AND key = ?`, tx.Scope.Tenant, key).Take(&row)
	if q.Error != nil {
		return result, false, fmt.Errorf("replay idempotency key: %w", q.Error)
	}
	if string(row.RequestHash) != string(hash) {
		return result, false, ErrKeyReused
	}
	return result, true, json.Unmarshal(row.Response, &result)
}

// HashOf is the fingerprint of a request: SHA-256 of its JSON.
func HashOf(request any) ([]byte, error) {
	b, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("hash request: %w", err)
	}
	sum := sha256.Sum256(b)
	return sum[:], nil
}
