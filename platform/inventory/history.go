package inventory

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Past is a movement that happened before the tenant was here.
type Past struct {
	Level     uuid.UUID `json:"level"`
	Kind      string    `json:"kind"` // receive, ship, restock, count
	OnHand    int64     `json:"on_hand"`
	CauseKind string    `json:"cause_kind"`
	CauseID   string    `json:"cause_id"`
	Reason    string    `json:"reason"`
	At        time.Time `json:"at"`
	ID        uuid.UUID `json:"id"`
}

// RecordTx writes movements with the times when they happened, and adds them to their levels. Nothing is published: what is long past alarms nobody. The sum over each level
// must not bring it below what is promised.
func (v *Inventory) RecordTx(tx *db.Tx, past []Past) error {
	if len(past) == 0 {
		return nil
	}
	seen := map[uuid.UUID]bool{}
	var ids []uuid.UUID
	for i := range past {
		past[i].ID = idAt(past[i].At)
		if l := past[i].Level; !seen[l] {
			seen[l] = true
			ids = append(ids, l)
		}
	}
	if _, err := lock(tx, ids); err != nil {
		return err
	}
	rows, err := json.Marshal(past)
	if err != nil {
		return err
	}
	err = tx.Exec(`WITH c AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(?::jsonb) AS c(id uuid, level uuid, kind text, on_hand bigint, cause_kind text, cause_id text, reason text, at timestamptz)),
		m AS (INSERT INTO movements (tenant_id, id, level_id, kind, on_hand_delta, cause_kind, cause_id, reason, actor, at) SELECT current_tenant(), id, level, kind, on_hand, cause_kind, cause_id, reason, ?, at FROM c)
		UPDATE pool_levels l SET on_hand = l.on_hand + s.n, version = version + 1, updated_at = ? FROM (SELECT level, sum(on_hand) AS n FROM c GROUP BY level) s WHERE l.id = s.level`,
		string(rows), actor(tx.Scope.Actor), tx.Now).Error
	if db.Violates(err, "pool_levels_never_oversold") || db.Violates(err, "pool_levels_on_hand_check") {
		return ErrBelowPromised.Wrap(err)
	}
	if err != nil {
		return fmt.Errorf("record past movements: %w", err)
	}
	return nil
}

// idAt makes an id that sorts as if it had been made at the time.
func idAt(t time.Time) uuid.UUID {
	id := db.NewID()
	ms := uint64(t.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id
}

// OnHandTx tells what lies at the levels.
func OnHandTx(tx *db.Tx, ids []uuid.UUID) (map[uuid.UUID]int64, error) {
	levels, err := lock(tx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]int64, len(levels))
	for id, l := range levels {
		out[id] = l.OnHand
	}
	return out, nil
}
