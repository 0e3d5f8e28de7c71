package alerts

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/platform/notify"
	"allhours/tenants/audit"
)

// Incident is what a person handles: opened by a rule, or mended by itself when the condition clears.
type Incident struct {
	ID             uuid.UUID      `json:"id"`
	Number         int64          `json:"number"`
	RuleID         *uuid.UUID     `json:"rule_id,omitempty"`
	Kind           Kind           `json:"kind"`
	Severity       string         `json:"severity"`
	Status         string         `json:"status" enum:"open,acknowledged,resolved"`
	Title          Text           `json:"title"`
	Summary        Text           `json:"summary"`
	Evidence       map[string]any `json:"evidence"`
	Subject        Subject        `json:"subject"`
	Count          int            `json:"count"`
	Assignee       *uuid.UUID     `json:"assignee,omitempty"`
	Proposal       *Proposal      `json:"proposal,omitempty"`
	AcknowledgedAt *time.Time     `json:"acknowledged_at,omitempty"`
	AcknowledgedBy string         `json:"acknowledged_by,omitempty"`
	ResolvedAt     *time.Time     `json:"resolved_at,omitempty"`
	ResolvedBy     string         `json:"resolved_by,omitempty"`
	Resolution     string         `json:"resolution,omitempty"`
	Version        int64          `json:"version"`
	OpenedAt       time.Time      `json:"opened_at"`
	UpdatedAt      time.Time      `json:"updated_at"`
	Timeline       []Moment       `json:"timeline,omitempty"`
}

// Moment is one thing that happened to an incident.
type Moment struct {
	ID    uuid.UUID      `json:"id"`
	Kind  string         `json:"kind"`
	At    time.Time      `json:"at"`
	Actor db.Actor       `json:"actor"`
	Data  map[string]any `json:"data"`
}

// Proposal is the remedy that the console offers: what to do, in words, and where.
type Proposal struct {
	Kind string `json:"kind"`
	Text Text   `json:"text"`
	Link string `json:"link"`
}

// Resolutions a person may give.
var Resolutions = []string{"fixed", "false_positive", "duplicate", "ignored"}

var (
	errNoRule     = fault.New(fault.NotFound, "alert_rule.not_found", "There is no such alert rule.")
	errNoIncident = fault.New(fault.NotFound, "incident.not_found", "There is no such incident.")
	errResolved   = fault.New(fault.Conflict, "incident.resolved", "The incident is resolved. Open its order or product to act further.")
)

// IncidentV1 is the payload of incident.opened and incident.changed.
type IncidentV1 struct {
	Number   int64   `json:"number"`
	Kind     Kind    `json:"kind"`
	Severity string  `json:"severity"`
	Status   string  `json:"status"`
	Title    Text    `json:"title"`
	Subject  Subject `json:"subject"`
	Version  int64   `json:"version"`
}

// observeAll steps the instances of the observed keys and does what the steps ask for, all in tx.
func (a *Alerts) observeAll(tx *db.Tx, r Rule, observed []Observation) error {
	keys := make([]string, 0, len(observed))
	for _, o := range observed {
		keys = append(keys, o.Key)
	}
	known, err := knownKeys(tx, r.ID, keys)
	if err != nil {
		return err
	}
	observed = slices.DeleteFunc(slices.Clone(observed), func(o Observation) bool { return !o.Breach && !known[o.Key] })
	if len(observed) == 0 {
		return nil
	}
	keys = keys[:0]
	for _, o := range observed {
		keys = append(keys, o.Key)
	}
	instances, err := lockInstances(tx, r.ID, keys)
	if err != nil {
		return err
	}
	for _, o := range observed {
		in, do := step(instances[o.Key], o, time.Duration(r.CooldownMinutes)*time.Minute, tx.Now)
		if do == nothing {
			continue
		}
		if err := a.apply(tx, r, o, &in, do); err != nil {
			return err
		}
		if err := saveInstance(tx, in); err != nil {
			return err
		}
		instances[o.Key] = in
	}
	return nil
}

func (a *Alerts) apply(tx *db.Tx, r Rule, o Observation, in *Instance, do effect) error {
	switch do {
	case open:
		id, err := a.open(tx, r, o)
		in.IncidentID = &id
		return err
	case again:
		return fireAgain(tx, *in.IncidentID, o)
	case recover_:
		if in.IncidentID == nil {
			return nil
		}
		_, err := resolve(tx, *in.IncidentID, "recovered", "", "recovered")
		if errors.Is(err, errResolved) {
			return nil
		}
		return err
	}
	return nil
}

func (a *Alerts) open(tx *db.Tx, r Rule, o Observation) (uuid.UUID, error) {
	// A rule that was edited while its incident was open fires into that incident.
	if id, found, err := unresolved(tx, r.ID, o.Key); err != nil || found {
		if err == nil {
			err = fireAgain(tx, id, o)
		}
		return id, err
	}
	number, err := nextNumber(tx)
	if err != nil {
		return uuid.Nil, err
	}
	i := Incident{
		ID: db.NewID(), Number: number, RuleID: &r.ID, Kind: r.Kind, Severity: r.Severity, Status: "open", Title: o.Words.Title, Summary: o.Words.Summary,
		Evidence: o.Words.Evidence, Subject: o.Subject, Count: 1, Version: 1, OpenedAt: tx.Now, UpdatedAt: tx.Now,
	}
	if err := insertIncident(tx, i, o.Key); err != nil {
		return uuid.Nil, err
	}
	if err := addMoment(tx, i.ID, "opened", map[string]any{"rule": r.Name, "value": o.Value}); err != nil {
		return uuid.Nil, err
	}
	if err := outbox.Append(tx, "incident.opened", i.ID.String(), i.event()); err != nil {
		return uuid.Nil, err
	}
	return i.ID, a.notify.TellTx(tx, notify.Notice{
		DedupKey: "incident:" + i.ID.String(), Roles: r.Notify.Roles, Channels: r.Notify.Channels, Severity: r.Severity,
		Title: map[string]string(i.Title), Body: map[string]string(i.Summary), Link: "/incidents/" + i.ID.String(),
	})
}

func (i Incident) event() IncidentV1 {
	return IncidentV1{Number: i.Number, Kind: i.Kind, Severity: i.Severity, Status: i.Status, Title: i.Title, Subject: i.Subject, Version: i.Version}
}

// fireAgain counts one more firing in the incident, opening it again if it was resolved.
func fireAgain(tx *db.Tx, id uuid.UUID, o Observation) error {
	i, err := incidentByID(tx, id, true)
	if err != nil {
		return err
	}
	i.Count++
	i.Summary, i.Evidence = o.Words.Summary, o.Words.Evidence
	if i.Status == "resolved" {
		i.Status, i.ResolvedAt, i.ResolvedBy, i.Resolution = "open", nil, "", ""
	}
	return change(tx, i, "fired_again", map[string]any{"value": o.Value})
}

// change saves the incident as its next version with a moment in its timeline and an event.
func change(tx *db.Tx, i Incident, moment string, data map[string]any) error {
	i.Version++
	i.UpdatedAt = tx.Now
	if err := updateIncident(tx, i); err != nil {
		return err
	}
	if err := addMoment(tx, i.ID, moment, data); err != nil {
		return err
	}
	return outbox.Append(tx, "incident.changed", i.ID.String(), i.event())
}

func resolve(tx *db.Tx, id uuid.UUID, resolution, note, moment string) (Incident, error) {
	i, err := incidentByID(tx, id, true)
	if err != nil {
		return i, err
	}
	if i.Status == "resolved" {
		return i, errResolved
	}
	i.Status, i.Resolution, i.ResolvedAt, i.ResolvedBy = "resolved", resolution, &tx.Now, tx.Scope.Actor.Name
	return i, change(tx, i, moment, map[string]any{"resolution": resolution, "note": note})
}

// act is one thing that a person does to an incident.
func act(tx *db.Tx, id uuid.UUID, action string, in ActionInput) error {
	before, err := incidentByID(tx, id, true)
	if err != nil {
		return err
	}
	i := before
	data := map[string]any{}
	if in.Body.Note != "" {
		data["note"] = in.Body.Note
	}
	moment := action
	switch action {
	case "acknowledge":
		if i.Status == "acknowledged" {
			return nil
		}
		if i.Status == "resolved" {
			return errResolved
		}
		i.Status, i.AcknowledgedAt, i.AcknowledgedBy, moment = "acknowledged", &tx.Now, tx.Scope.Actor.Name, "acknowledged"
	case "resolve":
		code := in.Body.Code
		if code == "" {
			code = "fixed"
		}
		if !slices.Contains(Resolutions, code) {
			return fault.New(fault.Invalid, "incident.resolution_invalid", "Say how it ended.").Field("code", "must be one of fixed, false_positive, duplicate, ignored")
		}
		if i.Status == "resolved" {
			return nil
		}
		i.Status, i.Resolution, i.ResolvedAt, i.ResolvedBy, moment = "resolved", code, &tx.Now, tx.Scope.Actor.Name, "resolved"
		data["resolution"] = code
	case "assign":
		if in.Body.MemberID == nil {
			return fault.New(fault.Invalid, "incident.assignee_missing", "Say who takes it.").Field("member_id", "is missing")
		}
		if err := memberExists(tx, *in.Body.MemberID); err != nil {
			return err
		}
		i.Assignee, moment = in.Body.MemberID, "assigned"
		data["member_id"] = in.Body.MemberID
	case "note":
		if in.Body.Note == "" {
			return fault.New(fault.Invalid, "incident.note_missing", "Write something.").Field("note", "is missing")
		}
	}
	if err := change(tx, i, moment, data); err != nil {
		return err
	}
	return audit.Append(tx, audit.Entry{
		Action: "incident." + moment, ObjectType: "incident", ObjectID: id.String(),
		Before: map[string]any{"status": before.Status, "assignee": before.Assignee}, After: map[string]any{"status": i.Status, "assignee": i.Assignee, "data": data},
	})
}

// propose says what may be done about the incident.
func (i Incident) propose() *Proposal {
	if i.Status == "resolved" {
		return nil
	}
	order := "/orders/" + i.Subject.ID
	switch i.Kind {
	case StockLow:
		sku := fmt.Sprint(i.Evidence["sku"])
		return &Proposal{Kind: "reorder", Text: Text{"en": "Receive new stock of " + sku + ", or hide it from the shop until it comes.", "zh": "为 " + sku + " 补货，或在到货前下架。"}, Link: "/inventory?q=" + sku}
	case PaymentFailed:
		return &Proposal{Kind: "pay_link", Text: Text{"en": "Send the customer a link to pay another way.", "zh": "向客户发送链接，改用其他方式付款。"}, Link: order}
	case PaymentDoubt:
		link := ""
		if i.Subject.Type == "order" {
			link = order
		}
		return &Proposal{Kind: "check_payment", Text: Text{"en": "Look the payment up with the provider, then check it in the order, or send the money back there.", "zh": "在支付服务商处核对该笔款项，再于订单中核实，或在服务商处退款。"}, Link: link}
	case OrderUnpaid:
		return &Proposal{Kind: "remind_or_cancel", Text: Text{"en": "Remind the customer, record a payment that came in, or cancel the order and free its stock.", "zh": "提醒客户付款、登记已到账款项，或取消订单并释放库存。"}, Link: order}
	case OrderUnshipped:
		return &Proposal{Kind: "ship", Text: Text{"en": "Ship it now, or tell the customer when it will come.", "zh": "立即发货，或告知客户预计时间。"}, Link: order}
	case OrderDuplicate:
		return &Proposal{Kind: "cancel_duplicate", Text: Text{"en": "Ask the customer; if it is a mistake, cancel and refund the later order.", "zh": "联系客户确认；如属误下单，取消并退款后一单。"}, Link: order}
	}
	return nil
}
