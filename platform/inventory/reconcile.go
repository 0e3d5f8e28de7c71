package inventory

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// Reconciliation is what a check of all levels found.
type Reconciliation struct {
	ID       uuid.UUID `json:"id"`
	Checked  int64     `json:"checked" doc:"Levels compared with their movements and holds."`
	Drifted  int64     `json:"drifted" doc:"Levels that differed."`
	Repaired int64     `json:"repaired"`
	DryRun   bool      `json:"dry_run,omitempty" doc:"Nothing was changed."`
	Findings []Drift   `json:"findings" nullable:"false" gorm:"-" doc:"The first hundred."`
	At       time.Time `json:"at"`
}

// Drift is a level that differs from what its movements and holds add up to.
type Drift struct {
	LevelID       uuid.UUID `json:"level_id"`
	SKU           string    `json:"sku"`
	OnHand        int64     `json:"on_hand"`
	OnHandDue     int64     `json:"on_hand_due" doc:"The sum of its movements."`
	Reserved      int64     `json:"reserved"`
	ReservedDue   int64     `json:"reserved_due" doc:"The sum of its open reservations."`
	ReservedLog   int64     `json:"reserved_log" doc:"The sum of its movements."`
	Committed     int64     `json:"committed"`
	CommittedDue  int64     `json:"committed_due" doc:"The sum of what its orders hold."`
	CommittedLog  int64     `json:"committed_log" doc:"The sum of its movements."`
	NotRepairable string    `json:"not_repairable,omitempty"`
}

const mostFindings = 100

// Reconcile compares every level with the sums of its movements and of its open holds, and keeps the result. With repair, levels that differ are set to the sums: the goods on hand to those of
// the movements, what is promised to the holds; a movement of kind repair makes up for what the log lacks. dryRun tells what would be repaired.
func (v *Inventory) Reconcile(ctx context.Context, sc db.Scope, repair, dryRun bool) (out Reconciliation, err error) {
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		found, checked, err := drifts(tx, nil)
		if err != nil {
			return err
		}
		out = Reconciliation{ID: db.NewID(), Checked: checked, Drifted: int64(len(found)), DryRun: dryRun, At: tx.Now}
		if repair && len(found) > 0 {
			if out.Repaired, err = mend(tx, found, dryRun); err != nil {
				return err
			}
		}
		out.Findings = append([]Drift{}, found[:min(len(found), mostFindings)]...)
		if dryRun {
			return nil
		}
		return keep(tx, out)
	})
	return out, err
}

// mend repairs the levels; what it looked at before the locks may have changed since, so it looks again under them.
func mend(tx *db.Tx, found []Drift, dryRun bool) (repaired int64, err error) {
	ids := make([]uuid.UUID, len(found))
	for i, f := range found {
		ids[i] = f.LevelID
	}
	levels, err := lock(tx, ids)
	if err != nil {
		return 0, err
	}
	again, _, err := drifts(tx, ids)
	if err != nil {
		return 0, err
	}
	for _, f := range again {
		l := levels[f.LevelID]
		if f.OnHandDue < 0 || f.CommittedDue+f.ReservedDue > f.OnHandDue-l.Safety+l.OversellLimit {
			for i := range found {
				if found[i].LevelID == f.LevelID {
					found[i].NotRepairable = "more is promised than the movements leave on hand: count the goods first"
				}
			}
			continue
		}
		repaired++
		if dryRun {
			continue
		}
		if err := repairLevel(tx, f); err != nil {
			return 0, err
		}
		if err := journal(tx, "inventory.repair", f.LevelID, f, nil); err != nil {
			return 0, err
		}
	}
	return repaired, nil
}

// LastReconciliation tells what the newest check found; nil before the first.
func (v *Inventory) LastReconciliation(ctx context.Context, sc db.Scope) (out *Reconciliation, err error) {
	err = v.db.InTx(ctx, sc, func(tx *db.Tx) error {
		var found []struct {
			Reconciliation
			Findings db.JSON[[]Drift]
		}
		err := tx.Raw(`SELECT id, checked, drifted, repaired, findings, at FROM reconciliations ORDER BY id DESC LIMIT 1`).Scan(&found).Error
		if err != nil {
			return fmt.Errorf("read reconciliation: %w", err)
		}
		if len(found) == 1 {
			out = &found[0].Reconciliation
			out.Findings = found[0].Findings.V
		}
		return nil
	})
	return out, err
}

// drifts compares levels, all or those with the ids.
func drifts(tx *db.Tx, ids []uuid.UUID) (found []Drift, checked int64, err error) {
	where, args := "", []any{}
	if ids != nil {
		where, args = "WHERE l.id IN ?", []any{ids}
	}
	var all []struct {
		Drift
		Checked int64
	}
	err = tx.Raw(`WITH m AS (SELECT level_id, sum(on_hand_delta) AS on_hand, sum(reserved_delta) AS reserved, sum(committed_delta) AS committed FROM movements GROUP BY level_id),
		h AS (SELECT level_id, COALESCE(sum(quantity) FILTER (WHERE state = 'reserved'), 0) AS reserved, COALESCE(sum(quantity) FILTER (WHERE state = 'committed'), 0) AS committed FROM holds WHERE state IN ('reserved', 'committed') GROUP BY level_id),
		c AS (SELECT l.id AS level_id, p.key AS sku, l.on_hand, COALESCE(m.on_hand, 0) AS on_hand_due, l.reserved, COALESCE(h.reserved, 0) AS reserved_due, COALESCE(m.reserved, 0) AS reserved_log,
				l.committed, COALESCE(h.committed, 0) AS committed_due, COALESCE(m.committed, 0) AS committed_log
			FROM pool_levels l JOIN pools p ON p.tenant_id = l.tenant_id AND p.id = l.pool_id LEFT JOIN m ON m.level_id = l.id LEFT JOIN h ON h.level_id = l.id `+where+`),
		n AS (SELECT count(*) AS checked FROM c)
		SELECT n.checked, c.* FROM n LEFT JOIN c ON c.on_hand <> c.on_hand_due OR c.reserved <> c.reserved_due OR c.reserved <> c.reserved_log OR c.committed <> c.committed_due OR c.committed <> c.committed_log ORDER BY c.sku, c.level_id`, args...).Scan(&all).Error
	if err != nil {
		return nil, 0, fmt.Errorf("compare levels: %w", err)
	}
	for _, d := range all {
		checked = d.Checked
		if d.LevelID != uuid.Nil {
			found = append(found, d.Drift)
		}
	}
	return found, checked, nil
}

func repairLevel(tx *db.Tx, f Drift) error {
	err := tx.Exec(`INSERT INTO movements (tenant_id, id, level_id, kind, on_hand_delta, reserved_delta, committed_delta, cause_kind, reason, actor, at) VALUES (current_tenant(), ?, ?, 'repair', 0, ?, ?, 'repair', 'set to the sum of movements and holds', ?, ?)`,
		db.NewID(), f.LevelID, f.ReservedDue-f.ReservedLog, f.CommittedDue-f.CommittedLog, actor(tx.Scope.Actor), tx.Now).Error
	if err != nil {
		return fmt.Errorf("repair level: %w", err)
	}
	err = tx.Exec(`UPDATE pool_levels SET on_hand = ?, reserved = ?, committed = ?, version = version + 1, updated_at = ? WHERE id = ?`, f.OnHandDue, f.ReservedDue, f.CommittedDue, tx.Now, f.LevelID).Error
	if err != nil {
		return fmt.Errorf("repair level: %w", err)
	}
	return nil
}

func keep(tx *db.Tx, r Reconciliation) error {
	err := tx.Exec(`INSERT INTO reconciliations (tenant_id, id, checked, drifted, repaired, findings, at) VALUES (current_tenant(), ?, ?, ?, ?, ?::jsonb, ?)`, r.ID, r.Checked, r.Drifted, r.Repaired, db.JSON[[]Drift]{V: r.Findings}, r.At).Error
	if err != nil {
		return fmt.Errorf("keep reconciliation: %w", err)
	}
	return nil
}
