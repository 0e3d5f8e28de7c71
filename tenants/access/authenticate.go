package access

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// remembered is an identity in memory, with the times at which it ends.
type remembered struct {
	identity Identity
	expires  time.Time // zero: never
	idle     time.Duration
	seen     atomic.Int64 // last use, Unix ns
	written  atomic.Int64 // the last use that is or will be in the database
}

const seenEvery = time.Minute

// valid reports whether the identity still holds.
func (r *remembered) valid(now time.Time) bool {
	return (r.expires.IsZero() || now.Before(r.expires)) && (r.idle == 0 || now.Sub(time.Unix(0, r.seen.Load())) < r.idle)
}

// Authenticate finds the identity behind the credential. tenant is the one that the request is for, or none: the credential then tells it. The error is of kind
// Unauthenticated if the credential is not known, has ended, was revoked or is another tenant's.
func (a *Access) Authenticate(ctx context.Context, tenant uuid.UUID, c Credential) (Identity, error) {
	switch c.Kind {
	case OrderToken:
		return a.guest(tenant, c.Secret)
	case OperatorSession:
		return a.operator(ctx, c.Secret)
	}
	prefix, lookup := lookups(c.Kind)
	of, h, ok := parse(prefix, c.Secret)
	if !ok || (tenant != uuid.Nil && of != tenant) {
		return Identity{}, ErrUnknown
	}
	now := a.now()
	fresh := a.watch.Fresh()
	if fresh {
		if r := a.memory.identity(of, h); r != nil && r.valid(now) {
			a.use(r, now)
			return r.identity, nil
		}
	}
	generation := a.watch.Generation()
	var r *remembered
	err := a.db.InTx(ctx, db.Scope{Tenant: of}, func(tx *db.Tx) (err error) {
		r, err = lookup(tx, h)
		return err
	})
	if db.IsNotFound(err) {
		return Identity{}, ErrUnknown
	}
	if err != nil {
		return Identity{}, fmt.Errorf("look credential up: %w", err)
	}
	a.use(r, now)
	if fresh {
		a.memory.remember(of, generation, a.watch, func(k *known) { k.identities[h] = r })
	}
	return r.identity, nil
}

func lookups(k CredentialKind) (prefix string, find func(tx *db.Tx, h hash) (*remembered, error)) {
	switch k {
	case StaffSession:
		return memberPrefix, memberSession
	case CustomerSession:
		return customerPrefix, customerSession
	}
	return keyPrefix, keyOf
}

// use notes that the identity has just been used; the database is told now and then.
func (a *Access) use(r *remembered, now time.Time) {
	r.seen.Store(now.UnixNano())
	last := r.written.Load()
	if now.UnixNano()-last >= int64(seenEvery) && r.written.CompareAndSwap(last, now.UnixNano()) {
		a.seen.put(r.identity, now)
	}
}

// seen gathers last uses until they are written down together.
type seen struct {
	mu sync.Mutex
	of map[uuid.UUID]map[use]time.Time
}

// use is a session or a key.
type use struct {
	key    bool
	id     uuid.UUID
	member uuid.UUID // whose session it is; none for customers
}

const seenMost = 100_000

func (s *seen) put(i Identity, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil || len(s.of) > seenMost {
		s.of = map[uuid.UUID]map[use]time.Time{}
	}
	if s.of[i.Tenant] == nil {
		s.of[i.Tenant] = map[use]time.Time{}
	}
	u := use{id: i.SessionID}
	switch i.Kind {
	case APIKey:
		u = use{key: true, id: i.ID}
	case Member:
		u.member = i.ID
	}
	s.of[i.Tenant][u] = at
}

func (s *seen) take() map[uuid.UUID]map[use]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of
	s.of = nil
	return of
}
