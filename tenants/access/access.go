// Package access decides who asks and what they may do.
//
// Owns: sessions (of members and customers), API keys, custom roles, operators and their sessions, the throttle of sign-ins; passwords, one-time codes and device tokens as
// techniques. Does not own: members (tenants/members) and customers (platform/customers), who use these techniques; the tables members and member_roles are only read here.
// Invariants: of a token only its SHA-256 is stored; any error is a denial; an API key can do what its scopes say and its creator can do now, no more; nobody
// grants a permission that he lacks; a change takes effect in every process within a second (tenants.Watch).
package access

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/secrets"
	"allhours/tenants"
)

// Errors that callers answer with.
var (
	ErrUnknown   = fault.New(fault.Unauthenticated, "auth.required", "Sign in again: this session or key is unknown, has ended, or was revoked.")
	ErrForbidden = fault.New(fault.Forbidden, "auth.forbidden", "You may not do this. Ask someone who may to give you the permission.")
)

// Access recognises and permits.
type Access struct {
	db     *db.DB
	watch  *tenants.Watch
	box    *secrets.Box
	signer *secrets.Signer
	shared policy
	memory memory
	seen   seen
	hasher hasher
}

// New needs app to run Run beside the Watch.
func New(d *db.DB, w *tenants.Watch, keys secrets.Keys) (*Access, error) {
	shared, err := sharedPolicy()
	if err != nil {
		return nil, err
	}
	a := &Access{db: d, watch: w, box: keys.Box, signer: keys.Signer, shared: shared, hasher: newHasher(max(2, runtime.NumCPU()))}
	w.Each(a.memory.forget)
	return a, nil
}

// Run writes down every few seconds when sessions and keys were last used, until ctx ends.
func (a *Access) Run(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			a.Flush(last)
			return
		case <-tick.C:
			a.Flush(ctx)
		}
	}
}

// now is the time for what is decided from memory, without a transaction.
func (a *Access) now() time.Time {
	if t := a.db.Frozen(); t != nil {
		return *t
	}
	return time.Now()
}

// ChangedTx makes every process forget within a second what it knows about who may do what in the transaction's tenant.
func (a *Access) ChangedTx(tx *db.Tx) error { return a.watch.ChangedTx(tx) }

// Sweep deletes what has ended: sessions and old counts of failed sign-ins. A job runs it daily.
func (a *Access) Sweep(ctx context.Context, ids []uuid.UUID) error {
	for _, id := range ids {
		err := a.db.InTx(ctx, db.Job(id, "access.sweep"), deleteEnded)
		if err != nil {
			return err
		}
	}
	return a.db.InSystemTx(ctx, deleteEndedOperators)
}

// Flush writes the last uses down now.
func (a *Access) Flush(ctx context.Context) {
	for tenant, used := range a.seen.take() {
		err := a.db.InTx(ctx, db.Job(tenant, "access.seen"), func(tx *db.Tx) error { return markSeen(tx, used) })
		if err != nil {
			slog.WarnContext(ctx, "the last use of sessions and keys was not written down", "tenant", tenant, "err", err)
		}
	}
}
