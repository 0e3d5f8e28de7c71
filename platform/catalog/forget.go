package catalog

import "github.com/google/uuid"

// Forget drops what this process has cached of the tenant, for a caller that has found it stale in its transaction.
func (c *Catalog) Forget(tenant uuid.UUID) { c.forget(tenant) }
