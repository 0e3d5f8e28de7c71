package catalog

import (
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
)

// ChangedV1 is the payload of product.changed and category.changed. The storefront hears it too: it says only what changed.
type ChangedV1 struct {
	IDs []uuid.UUID `json:"ids,omitempty"` // the first thousand
	All bool        `json:"all,omitempty"` // more than that, or something that touches every product
}

const mostIDs = 1000

// changed publishes a change of products and makes every process forget what it has cached of the tenant.
func (c *Catalog) changed(tx *db.Tx, event string, ids []uuid.UUID) error {
	e := ChangedV1{IDs: ids, All: ids == nil}
	if len(ids) > mostIDs {
		e = ChangedV1{IDs: ids[:mostIDs], All: true}
	}
	subject := ""
	if len(ids) == 1 {
		subject = ids[0].String()
	}
	if err := outbox.Append(tx, event, subject, e); err != nil {
		return fmt.Errorf("publish %s: %w", event, err)
	}
	tenant := tx.Scope.Tenant
	tx.AfterCommit(func() { c.forget(tenant) })
	return tx.Exec(`SELECT pg_notify(?, ?)`, channel, tenant.String()).Error
}
