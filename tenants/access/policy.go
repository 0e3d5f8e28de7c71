package access

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/tenants"
)

// The model: a role, typed by the prefix r:, in a domain (a tenant; * in a policy is every tenant) may do a thing. Who has which role is not policy but is read with the
// session, so that a user's id can never be taken for a role's name, and the shared policies stay small whatever the number of tenants.
const policyModel = `
[request_definition]
r = sub, dom, act
[policy_definition]
p = sub, dom, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && r.sub == p.sub && (p.dom == "*" || r.dom == p.dom)`

const everywhere = "*"

// policy is casbin rules, those of each role in an enforcer of their own: casbin goes through all rules that it holds for each question. They are SyncedEnforcers, because a
// plain one ends the process when it is loaded and asked at once.
type policy map[string]*casbin.SyncedEnforcer

func (p policy) add(role, domain string, permissions []string) error {
	m, err := model.NewModelFromString(policyModel)
	if err != nil {
		return err
	}
	e, err := casbin.NewSyncedEnforcer(m)
	if err != nil {
		return err
	}
	rules := make([][]string, len(permissions))
	for i, act := range permissions {
		rules[i] = []string{subject(role), domain, act}
	}
	if len(rules) > 0 {
		if _, err := e.AddPolicies(rules); err != nil {
			return err
		}
	}
	p[role] = e
	return nil
}

func sharedPolicy() (policy, error) {
	p := policy{}
	for _, r := range sharedRoles {
		if err := p.add(r.name, everywhere, r.permissions); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// customPolicy is of a tenant's own roles. A row that has a shared role's name counts for nothing.
func customPolicy(tenant uuid.UUID, roles []roleRow) (policy, error) {
	p := policy{}
	for _, r := range roles {
		if _, shared := sharedRoleOf(r.Name); shared {
			continue
		}
		known := slices.DeleteFunc(slices.Clone(r.Permissions), func(name string) bool { return !IsPermission(name) })
		if err := p.add(r.Name, tenant.String(), slices.Compact(slices.Sorted(slices.Values(known)))); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func subject(role string) string { return "r:" + role }

// allows answers no where there is an error.
func (p policy) allows(role, tenant, permission string) bool {
	e := p[role]
	if e == nil {
		return false
	}
	ok, err := e.Enforce(subject(role), tenant, permission)
	return err == nil && ok
}

// Allowed tells whether the identity has the permission in its tenant. In doubt it is false.
func (a *Access) Allowed(ctx context.Context, id Identity, permission string) bool {
	switch id.Kind {
	case Member:
	case APIKey:
		if !slices.Contains(id.Scopes, permission) {
			return false
		}
	default:
		return false
	}
	if id.Tenant == uuid.Nil || len(id.Roles) == 0 {
		return false
	}
	return a.rolesAllow(ctx, id.Tenant, id.Roles, permission)
}

// question is what the answer is remembered under.
type question struct{ roles, permission string }

func (a *Access) rolesAllow(ctx context.Context, tenant uuid.UUID, roles []string, permission string) bool {
	q := question{permission: permission, roles: roles[0]}
	if len(roles) > 1 {
		q.roles = strings.Join(roles, ",") // names of roles hold no comma
	}
	fresh := a.watch.Fresh()
	if fresh {
		if answer, known := a.memory.answer(tenant, q); known {
			return answer
		}
	}
	generation := a.watch.Generation()
	answer, certain := a.decide(ctx, tenant, roles, permission)
	if fresh && certain {
		a.memory.remember(tenant, generation, a.watch, func(k *known) { k.answers[q] = answer })
	}
	return answer
}

func (a *Access) decide(ctx context.Context, tenant uuid.UUID, roles []string, permission string) (answer, certain bool) {
	custom := false
	domain := tenant.String()
	for _, r := range roles {
		if _, shared := sharedRoleOf(r); !shared {
			custom = true
		} else if a.shared.allows(r, domain, permission) {
			return true, true
		}
	}
	if !custom {
		return false, true
	}
	own, err := a.customOf(ctx, tenant)
	if err != nil {
		slog.ErrorContext(ctx, "roles cannot be read: denied", "tenant", tenant, "permission", permission, "err", err)
		return false, false
	}
	for _, r := range roles {
		if own.allows(r, domain, permission) {
			return true, true
		}
	}
	return false, true
}

func (a *Access) customOf(ctx context.Context, tenant uuid.UUID) (policy, error) {
	if a.watch.Fresh() {
		if p := a.memory.custom(tenant); p != nil {
			return p, nil
		}
	}
	generation := a.watch.Generation()
	var rows []roleRow
	err := a.db.InTx(ctx, db.Scope{Tenant: tenant}, func(tx *db.Tx) (err error) {
		rows, err = roleRows(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	p, err := customPolicy(tenant, rows)
	if err == nil {
		a.memory.remember(tenant, generation, a.watch, func(k *known) { k.custom = p })
	}
	return p, err
}

// memory is what this process knows of each tenant: identities by token, decisions, the policy of its own roles. A tenant is forgotten whole.
type memory struct {
	mu      sync.RWMutex
	tenants map[uuid.UUID]*known
}

type known struct {
	identities map[hash]*remembered
	answers    map[question]bool
	custom     policy
}

const (
	memoryTenants = 20_000
	memoryEach    = 50_000 // identities or answers of one tenant
)

func (m *memory) answer(tenant uuid.UUID, q question) (answer, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if k := m.tenants[tenant]; k != nil {
		answer, ok = k.answers[q]
	}
	return answer, ok
}

func (m *memory) custom(tenant uuid.UUID) policy {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if k := m.tenants[tenant]; k != nil {
		return k.custom
	}
	return nil
}

func (m *memory) identity(tenant uuid.UUID, h hash) *remembered {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if k := m.tenants[tenant]; k != nil {
		return k.identities[h]
	}
	return nil
}

// remember puts in what was read while generation was the present one.
func (m *memory) remember(tenant uuid.UUID, generation int64, w *tenants.Watch, put func(*known)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w.Generation() != generation {
		return
	}
	if m.tenants == nil || len(m.tenants) >= memoryTenants {
		m.tenants = map[uuid.UUID]*known{}
	}
	k := m.tenants[tenant]
	if k == nil || len(k.identities) >= memoryEach || len(k.answers) >= memoryEach {
		k = &known{identities: map[hash]*remembered{}, answers: map[question]bool{}}
		m.tenants[tenant] = k
	}
	put(k)
}

func (m *memory) forget(tenant uuid.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tenants, tenant)
}
