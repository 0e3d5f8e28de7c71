package orders

import (
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// EnsureCustomer finds the customer of an e-mail address or makes a guest; customers fills it.
type EnsureCustomer func(tx *db.Tx, email, phone, name, language string) (uuid.UUID, error)

// LinkCustomerTx gives an order that was made without an account its customer. It happens after placing, off the hot path; orders of the same new address that come together
// wait for each other, so that they get one guest. An order without an e-mail stays without a customer.
func (o *Orders) LinkCustomerTx(tx *db.Tx, order uuid.UUID, ensure EnsureCustomer) error {
	var row struct{ Email, Phone, Name, Language string }
	err := tx.Raw(`SELECT lower(email) AS email, phone, name, language FROM orders WHERE tenant_id = ? AND id = ? AND customer_id IS NULL AND email <> '' AND channel <> 'import'`, tx.Scope.Tenant, order).Take(&row).Error
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("link customer: %w", err)
	}
	if err := tx.Exec(`SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`, "customer:"+tx.Scope.Tenant.String()+row.Email).Error; err != nil {
		return fmt.Errorf("link customer: %w", err)
	}
	customer, err := ensure(tx, row.Email, row.Phone, row.Name, row.Language)
	if err != nil {
		return fmt.Errorf("link customer: %w", err)
	}
	return tx.Exec(`UPDATE orders SET customer_id = ? WHERE tenant_id = ? AND id = ? AND customer_id IS NULL`, customer, tx.Scope.Tenant, order).Error
}
