package payments

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/orders"
)

type paymentRow struct {
	TenantID       uuid.UUID
	ID             uuid.UUID
	OrderID        uuid.UUID
	InstallationID *uuid.UUID
	Method         string
	Currency       string
	Amount         int64
	Status         string
	Captured       int64
	Refunded       int64
	ProviderRef    string
	NextAction     db.JSON[*orders.NextAction]
	Reason         string
	ExpiresAt      *time.Time
	Version        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

func (paymentRow) TableName() string { return "payments" }

func (r *paymentRow) view() orders.PaymentView {
	v := orders.PaymentView{
		ID: r.ID, Method: r.Method, Status: r.Status, Amount: r.Amount, Captured: r.Captured, Refunded: r.Refunded, Currency: r.Currency, Reason: r.Reason,
		ExpiresAt: utc(r.ExpiresAt), CreatedAt: r.CreatedAt.UTC(),
	}
	if open(r.Status) {
		v.NextAction = r.NextAction.V
	}
	return v
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

type operationRow struct {
	TenantID    uuid.UUID
	ID          uuid.UUID
	PaymentID   uuid.UUID
	Kind        string
	Amount      int64
	Currency    string
	RequestKey  string
	State       string
	ProviderRef string
	Attempts    int
	Lookups     int
	Problem     db.JSON[map[string]string]
	Reason      string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

func (operationRow) TableName() string { return "payment_operations" }

// States of an operation.
const (
	opCreated   = "created"
	opSent      = "sent"
	opSucceeded = "succeeded"
	opFailed    = "failed"
	opUnknown   = "unknown"
)

func (o *operationRow) final() bool { return o.State == opSucceeded || o.State == opFailed }

type eventRow struct {
	TenantID    uuid.UUID
	ID          uuid.UUID
	PaymentID   uuid.UUID
	OperationID *uuid.UUID
	Kind        string
	Outcome     string
	Amount      int64
	Currency    string
	ProviderRef string
	Source      string
	OccurredAt  time.Time
	RecordedAt  time.Time
}

func (eventRow) TableName() string { return "payment_events" }

func selectPayment(tx *db.Tx, id uuid.UUID) (*paymentRow, error) {
	var row paymentRow
	err := tx.Where("tenant_id = ? AND id = ?", tx.Scope.Tenant, id).Take(&row).Error
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	return &row, err
}

func selectPayments(tx *db.Tx, orderID uuid.UUID) (rows []paymentRow, err error) {
	err = tx.Where("tenant_id = ? AND order_id = ?", tx.Scope.Tenant, orderID).Order("id").Find(&rows).Error
	return rows, err
}

// lockPayments reads the payments of an order and keeps others from changing them.
func lockPayments(tx *db.Tx, orderID uuid.UUID) (rows []paymentRow, err error) {
	err = tx.Raw("SELECT * FROM payments WHERE tenant_id = ? AND order_id = ? ORDER BY id FOR UPDATE", tx.Scope.Tenant, orderID).Scan(&rows).Error
	return rows, err
}

func findByRef(tx *db.Tx, installation uuid.UUID, ref string) (*paymentRow, error) {
	var row paymentRow
	err := tx.Where("tenant_id = ? AND installation_id = ? AND provider_ref = ? AND provider_ref <> ''", tx.Scope.Tenant, installation, ref).Take(&row).Error
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	return &row, err
}

func countOpen(tx *db.Tx, installation uuid.UUID) (n int64, err error) {
	err = tx.Raw(`SELECT count(*) FROM payments p WHERE p.tenant_id = ? AND p.installation_id = ? AND (p.status IN ? OR EXISTS (
		SELECT FROM payment_operations o WHERE o.tenant_id = p.tenant_id AND o.payment_id = p.id AND o.state NOT IN ('succeeded','failed')))`,
		tx.Scope.Tenant, installation, openStatuses).Scan(&n).Error
	return n, err
}

func insertPayment(tx *db.Tx, row *paymentRow) {
	row.TenantID, row.Version, row.CreatedAt, row.UpdatedAt = tx.Scope.Tenant, 1, tx.Now, tx.Now
	tx.Queue(`INSERT INTO payments (tenant_id, id, order_id, installation_id, method, currency, amount, status, captured, refunded, provider_ref, next_action, reason, expires_at, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		row.TenantID, row.ID, row.OrderID, row.InstallationID, row.Method, row.Currency, row.Amount, row.Status, row.Captured, row.Refunded, row.ProviderRef, row.NextAction, row.Reason,
		row.ExpiresAt, row.Version, row.CreatedAt, row.UpdatedAt)
}

func updatePayment(tx *db.Tx, row *paymentRow) {
	row.Version++
	row.UpdatedAt = tx.Now
	tx.Queue(`UPDATE payments SET status = $1, captured = $2, refunded = $3, provider_ref = $4, next_action = $5, reason = $6, version = $7, updated_at = $8
		WHERE tenant_id = $9 AND id = $10`,
		row.Status, row.Captured, row.Refunded, row.ProviderRef, row.NextAction, row.Reason, row.Version, tx.Now, row.TenantID, row.ID)
}

func insertOperation(tx *db.Tx, row *operationRow) {
	row.TenantID, row.ID, row.CreatedAt, row.UpdatedAt = tx.Scope.Tenant, db.NewID(), tx.Now, tx.Now
	tx.Queue(`INSERT INTO payment_operations (tenant_id, id, payment_id, kind, amount, currency, request_key, state, provider_ref, attempts, lookups, problem, reason, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		row.TenantID, row.ID, row.PaymentID, row.Kind, row.Amount, row.Currency, row.RequestKey, row.State, row.ProviderRef, row.Attempts, row.Lookups, row.Problem, row.Reason, row.CreatedAt, row.UpdatedAt)
}

func updateOperation(tx *db.Tx, row *operationRow) {
	row.UpdatedAt = tx.Now
	tx.Queue(`UPDATE payment_operations SET state = $1, provider_ref = $2, attempts = $3, lookups = $4, problem = $5, reason = $6, updated_at = $7 WHERE tenant_id = $8 AND id = $9`,
		row.State, row.ProviderRef, row.Attempts, row.Lookups, row.Problem, row.Reason, tx.Now, row.TenantID, row.ID)
}

func selectOperation(tx *db.Tx, id uuid.UUID) (*operationRow, error) {
	var row operationRow
	err := tx.Where("tenant_id = ? AND id = ?", tx.Scope.Tenant, id).Take(&row).Error
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	return &row, err
}

// whose tells which payment and order an operation is of; that never changes.
func whose(tx *db.Tx, operation uuid.UUID) (payment, order uuid.UUID, err error) {
	err = tx.Raw(`SELECT p.id, p.order_id FROM payment_operations o JOIN payments p ON p.tenant_id = o.tenant_id AND p.id = o.payment_id WHERE o.tenant_id = ? AND o.id = ?`,
		tx.Scope.Tenant, operation).Row().Scan(&payment, &order)
	if db.IsNotFound(err) {
		err = ErrNotFound
	}
	return payment, order, err
}

// knows says whether the operation is of a payment by the installation.
func knows(tx *db.Tx, installation, operation uuid.UUID) (known bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM payment_operations o JOIN payments p ON p.tenant_id = o.tenant_id AND p.id = o.payment_id
		WHERE o.tenant_id = ? AND o.id = ? AND p.installation_id = ?)`, tx.Scope.Tenant, operation, installation).Row().Scan(&known)
	return known, err
}

// selectOperations lists what was asked of the providers for an order, the oldest first.
func selectOperations(tx *db.Tx, orderID uuid.UUID) (rows []operationRow, err error) {
	err = tx.Raw(`SELECT o.* FROM payment_operations o JOIN payments p ON p.tenant_id = o.tenant_id AND p.id = o.payment_id
		WHERE o.tenant_id = ? AND p.order_id = ? ORDER BY o.id`, tx.Scope.Tenant, orderID).Scan(&rows).Error
	return rows, err
}

// insertEvent adds what has happened, unless it is known already.
func insertEvent(tx *db.Tx, row *eventRow) (isNew bool, err error) {
	row.TenantID, row.ID, row.RecordedAt = tx.Scope.Tenant, db.NewID(), tx.Now
	q := tx.Exec(`INSERT INTO payment_events (tenant_id, id, payment_id, operation_id, kind, outcome, amount, currency, provider_ref, source, occurred_at, recorded_at)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (tenant_id, payment_id, kind, outcome, provider_ref) DO NOTHING`,
		row.TenantID, row.ID, row.PaymentID, row.OperationID, row.Kind, row.Outcome, row.Amount, row.Currency, row.ProviderRef, row.Source, row.OccurredAt, row.RecordedAt)
	return q.RowsAffected == 1, q.Error
}

// selectSums adds up the events of the payments, by payment.
func selectSums(tx *db.Tx, payments []paymentRow) (map[uuid.UUID]sums, error) {
	if len(payments) == 0 {
		return map[uuid.UUID]sums{}, nil
	}
	ids := make(db.Strings, len(payments))
	for i := range payments {
		ids[i] = payments[i].ID.String()
	}
	var rows []struct {
		PaymentID     uuid.UUID
		Kind, Outcome string
		Amount        int64
	}
	err := tx.Raw(`SELECT payment_id, kind, outcome, amount FROM payment_events WHERE tenant_id = ? AND payment_id = ANY (?::uuid[])`, tx.Scope.Tenant, ids).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read payment events: %w", err)
	}
	facts := map[uuid.UUID][]fact{}
	for _, r := range rows {
		facts[r.PaymentID] = append(facts[r.PaymentID], fact{r.Kind, r.Outcome, r.Amount})
	}
	all := map[uuid.UUID]sums{}
	for id, f := range facts {
		all[id] = sumOf(f)
	}
	return all, nil
}

func selectEvents(tx *db.Tx, payment uuid.UUID) (rows []eventRow, err error) {
	err = tx.Where("tenant_id = ? AND payment_id = ?", tx.Scope.Tenant, payment).Order("id").Find(&rows).Error
	return rows, err
}
