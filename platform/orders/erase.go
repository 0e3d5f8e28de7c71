package orders

import (
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/customers"
)

// EraseTx takes everything personal out of the customers' carts and orders. Numbers, lines, totals and times stay: the law wants them kept.
func (o *Orders) EraseTx(tx *db.Tx, ids []uuid.UUID) error {
	for _, table := range []string{"carts", "orders"} {
		err := tx.Exec(`UPDATE `+table+` SET email = '', phone = '', name = '', shipping_address = NULL, note = '', updated_at = ?, version = version + 1
			WHERE tenant_id = ? AND customer_id = ANY(?::uuid[])`, tx.Now, tx.Scope.Tenant, texts(ids)).Error
		if err != nil {
			return err
		}
	}
	return tx.Exec(`UPDATE order_notes SET text = '' WHERE tenant_id = ? AND order_id IN (SELECT id FROM orders WHERE tenant_id = ? AND customer_id = ANY(?::uuid[]))`,
		tx.Scope.Tenant, tx.Scope.Tenant, texts(ids)).Error
}

// AdoptTx gives the orders of guests to the account that has proved to be theirs.
func (o *Orders) AdoptTx(tx *db.Tx, guests []uuid.UUID, account uuid.UUID) error {
	return tx.Exec(`UPDATE orders SET customer_id = ?, updated_at = ?, version = version + 1 WHERE tenant_id = ? AND customer_id = ANY(?::uuid[])`, account, tx.Now, tx.Scope.Tenant, texts(guests)).Error
}

// SummaryTx tells what each of the customers has bought, in the currency that he has spent most orders in.
func (o *Orders) SummaryTx(tx *db.Tx, ids []uuid.UUID) (map[uuid.UUID]customers.Summary, error) {
	var rows []struct {
		CustomerID uuid.UUID
		customers.Summary
	}
	err := tx.Raw(`SELECT DISTINCT ON (customer_id) customer_id, count(*) AS orders, sum(total - refunded_total) AS total, currency, max(placed_at) AS last_at
		FROM orders WHERE tenant_id = ? AND customer_id = ANY(?::uuid[]) AND status IN ('placed', 'completed') GROUP BY customer_id, currency ORDER BY customer_id, count(*) DESC`,
		tx.Scope.Tenant, texts(ids)).Scan(&rows).Error
	out := make(map[uuid.UUID]customers.Summary, len(rows))
	for _, r := range rows {
		out[r.CustomerID] = r.Summary
	}
	return out, err
}

func texts(ids []uuid.UUID) db.Strings {
	out := make(db.Strings, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

// AnyTx reports whether the tenant has an order.
func AnyTx(tx *db.Tx) (any bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT 1 FROM orders WHERE tenant_id = ?)`, tx.Scope.Tenant).Row().Scan(&any)
	return any, err
}
