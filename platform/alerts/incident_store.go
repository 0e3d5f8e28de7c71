package alerts

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

type incidentRow struct {
	ID                                   uuid.UUID
	Number                               int64
	RuleID                               *uuid.UUID
	Kind, Severity, Status               string
	Title, Summary                       db.JSON[Text]
	Evidence                             db.JSON[map[string]any]
	SubjectType, SubjectID, SubjectLabel string
	Count                                int
	Assignee                             *uuid.UUID
	AcknowledgedAt                       *time.Time
	AcknowledgedBy                       string
	ResolvedAt                           *time.Time
	ResolvedBy, Resolution               string
	Version                              int64
	OpenedAt, UpdatedAt                  time.Time
}

func (r incidentRow) incident() Incident {
	return Incident{
		ID: r.ID, Number: r.Number, RuleID: r.RuleID, Kind: Kind(r.Kind), Severity: r.Severity, Status: r.Status, Title: r.Title.V, Summary: r.Summary.V, Evidence: r.Evidence.V,
		Subject: Subject{r.SubjectType, r.SubjectID, r.SubjectLabel}, Count: r.Count, Assignee: r.Assignee, AcknowledgedAt: r.AcknowledgedAt, AcknowledgedBy: r.AcknowledgedBy,
		ResolvedAt: r.ResolvedAt, ResolvedBy: r.ResolvedBy, Resolution: r.Resolution, Version: r.Version, OpenedAt: r.OpenedAt, UpdatedAt: r.UpdatedAt,
	}
}

const incidentColumns = `id, number, rule_id, kind, severity, status, title, summary, evidence, subject_type, subject_id, subject_label, count, assignee, acknowledged_at,
	acknowledged_by, resolved_at, resolved_by, resolution, version, opened_at, updated_at`

func incidentByID(tx *db.Tx, id uuid.UUID, lock bool) (Incident, error) {
	sql := `SELECT ` + incidentColumns + ` FROM incidents WHERE tenant_id = ? AND id = ?`
	if lock {
		sql += ` FOR UPDATE`
	}
	var row incidentRow
	if err := tx.Raw(sql, tx.Scope.Tenant, id).Take(&row).Error; err != nil {
		if db.IsNotFound(err) {
			return Incident{}, errNoIncident
		}
		return Incident{}, err
	}
	return row.incident(), nil
}

func unresolved(tx *db.Tx, rule uuid.UUID, key string) (id uuid.UUID, found bool, err error) {
	var ids []uuid.UUID
	err = tx.Raw(`SELECT id FROM incidents WHERE tenant_id = ? AND rule_id = ? AND dedup_key = ? AND status <> 'resolved'`, tx.Scope.Tenant, rule, key).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return uuid.Nil, false, err
	}
	return ids[0], true, nil
}

func nextNumber(tx *db.Tx) (n int64, err error) {
	err = tx.Raw(`INSERT INTO incident_numbers (tenant_id, next) VALUES (?, 2) ON CONFLICT (tenant_id) DO UPDATE SET next = incident_numbers.next + 1 RETURNING next - 1`, tx.Scope.Tenant).Row().Scan(&n)
	return n, err
}

func insertIncident(tx *db.Tx, i Incident, key string) error {
	err := tx.Exec(`INSERT INTO incidents (tenant_id, id, number, rule_id, kind, dedup_key, severity, status, title, summary, evidence, subject_type, subject_id, subject_label, version, opened_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)`, tx.Scope.Tenant, i.ID, i.Number, i.RuleID, string(i.Kind), key, i.Severity, i.Status, db.JSON[Text]{V: i.Title}, db.JSON[Text]{V: i.Summary},
		db.JSON[map[string]any]{V: i.Evidence}, i.Subject.Type, i.Subject.ID, i.Subject.Label, i.OpenedAt, i.UpdatedAt).Error
	if err != nil {
		return fmt.Errorf("insert incident: %w", err)
	}
	return nil
}

func updateIncident(tx *db.Tx, i Incident) error {
	return tx.Exec(`UPDATE incidents SET status = ?, summary = ?, evidence = ?, count = ?, assignee = ?, acknowledged_at = ?, acknowledged_by = ?, resolved_at = ?, resolved_by = ?, resolution = ?, version = ?, updated_at = ?
		WHERE tenant_id = ? AND id = ?`, i.Status, db.JSON[Text]{V: i.Summary}, db.JSON[map[string]any]{V: i.Evidence}, i.Count, i.Assignee, i.AcknowledgedAt, i.AcknowledgedBy, i.ResolvedAt, i.ResolvedBy,
		i.Resolution, i.Version, i.UpdatedAt, tx.Scope.Tenant, i.ID).Error
}

func addMoment(tx *db.Tx, incident uuid.UUID, kind string, data map[string]any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	a := tx.Scope.Actor
	return tx.Exec(`INSERT INTO incident_events (tenant_id, incident_id, id, kind, actor_kind, actor_id, actor_name, data, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Tenant, incident, db.NewID(), kind, a.Kind, a.ID, a.Name, string(b), tx.Now).Error
}

func timeline(tx *db.Tx, incident uuid.UUID) ([]Moment, error) {
	var rows []struct {
		ID                                  uuid.UUID
		Kind, ActorKind, ActorID, ActorName string
		Data                                db.JSON[map[string]any]
		At                                  time.Time
	}
	err := tx.Raw(`SELECT id, kind, actor_kind, actor_id, actor_name, data, at FROM incident_events WHERE tenant_id = ? AND incident_id = ? ORDER BY id LIMIT 500`, tx.Scope.Tenant, incident).Scan(&rows).Error
	out := make([]Moment, len(rows))
	for i, r := range rows {
		out[i] = Moment{ID: r.ID, Kind: r.Kind, At: r.At, Actor: db.Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName}, Data: r.Data.V}
	}
	return out, err
}

// IncidentFilter narrows a list of incidents; an empty field does not.
type IncidentFilter struct {
	Status   string `query:"status" enum:"open,acknowledged,resolved,unresolved" doc:"unresolved is open or acknowledged."`
	Severity string `query:"severity" enum:"info,warning,critical"`
	Kind     string `query:"kind" maxLength:"40"`
	Subject  string `query:"subject" maxLength:"100" doc:"Id of the order or product."`
}

func listIncidents(tx *db.Tx, f IncidentFilter, q db.PageQuery) ([]Incident, error) {
	sql := `SELECT ` + incidentColumns + ` FROM incidents WHERE tenant_id = ?`
	args := []any{tx.Scope.Tenant}
	where := func(cond string, arg ...any) { sql, args = sql+" AND "+cond, append(args, arg...) }
	switch f.Status {
	case "":
	case "unresolved":
		where(`status <> 'resolved'`)
	default:
		where(`status = ?`, f.Status)
	}
	if f.Severity != "" {
		where(`severity = ?`, f.Severity)
	}
	if f.Kind != "" {
		where(`kind = ?`, f.Kind)
	}
	if f.Subject != "" {
		where(`subject_id = ?`, f.Subject)
	}
	var at time.Time
	var id uuid.UUID
	if more, err := q.After(&at, &id); err != nil {
		return nil, err
	} else if more {
		where(`(opened_at, id) < (?, ?)`, at, id)
	}
	var rows []incidentRow
	err := tx.Raw(sql+` ORDER BY opened_at DESC, id DESC LIMIT ?`, append(args, q.Size()+1)...).Scan(&rows).Error
	out := make([]Incident, len(rows))
	for i, r := range rows {
		out[i] = r.incident()
		out[i].Proposal = out[i].propose()
	}
	return out, err
}

func memberExists(tx *db.Tx, id uuid.UUID) error {
	var n int
	if err := tx.Raw(`SELECT count(*) FROM members WHERE tenant_id = ? AND id = ? AND status = 'active'`, tx.Scope.Tenant, id).Row().Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return errNoIncident.Field("member_id", "is not an active member")
	}
	return nil
}
