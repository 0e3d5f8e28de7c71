package access

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/audit"
)

// Role is a named set of permissions.
type Role struct {
	Name        string            `json:"name"`
	Title       map[string]string `json:"title"`
	Builtin     bool              `json:"builtin" doc:"Shared by all shops; cannot be changed."`
	Permissions []string          `json:"permissions" nullable:"false"`
}

var (
	// ErrUnknownRole answers a role that the tenant has not.
	ErrUnknownRole = fault.New(fault.Invalid, "role.unknown", "There is no such role.").Field("roles", "not a role of this shop")
	errNoRole      = fault.New(fault.NotFound, "role.not_found", "There is no such role.")
	errBuiltin     = fault.New(fault.Conflict, "role.builtin", "The shared roles cannot be changed. Make one of your own.")
	errRoleInvalid = fault.New(fault.Invalid, "role.invalid", "The role cannot be made like this. See the fields.")
	// ErrLacks answers who would give what he has not. Its document has missing.
	ErrLacks = fault.New(fault.Forbidden, "access.lacks_permission", "You cannot give permissions that you do not have yourself.")
)

// Roles lists the shared roles and the tenant's own.
func (a *Access) Roles(ctx context.Context, sc db.Scope) (list []Role, err error) {
	err = a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		rows, err := roleRows(tx)
		if err != nil {
			return err
		}
		list = nil
		for _, r := range sharedRoles {
			list = append(list, Role{Name: r.name, Title: r.title, Builtin: true, Permissions: slices.Sorted(slices.Values(r.permissions))})
		}
		for _, r := range rows {
			list = append(list, r.role())
		}
		return nil
	})
	return list, err
}

// RoleTitlesTx gives what people call the roles, in languages; an unknown role is left out.
func (a *Access) RoleTitlesTx(tx *db.Tx, roles []string) ([]map[string]string, error) {
	own, err := roleRows(tx)
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	titles := []map[string]string{}
	for _, name := range roles {
		if r, ok := sharedRoleOf(name); ok {
			titles = append(titles, r.title)
		} else if i := slices.IndexFunc(own, func(r roleRow) bool { return r.Name == name }); i >= 0 {
			titles = append(titles, own[i].Title.V)
		}
	}
	return titles, nil
}

// RolePermissionsTx gives what the roles allow together, as it is now; ErrUnknownRole if one does not exist.
func (a *Access) RolePermissionsTx(tx *db.Tx, roles []string) (Set, error) {
	all := Set{}
	var own []roleRow
	loaded := false
	for _, name := range roles {
		if r, ok := sharedRoleOf(name); ok {
			for _, p := range r.permissions {
				all[p] = true
			}
			continue
		}
		if !loaded {
			var err error
			if own, err = roleRows(tx); err != nil {
				return nil, fmt.Errorf("read roles: %w", err)
			}
			loaded = true
		}
		i := slices.IndexFunc(own, func(r roleRow) bool { return r.Name == name })
		if i < 0 {
			return nil, ErrUnknownRole
		}
		for _, p := range own[i].Permissions {
			if IsPermission(p) {
				all[p] = true
			}
		}
	}
	return all, nil
}

// PermissionsTx gives what the identity may do now, read from the database and not from memory: for decisions about giving.
func (a *Access) PermissionsTx(tx *db.Tx, id Identity) (Set, error) {
	var roles []string
	var err error
	switch id.Kind {
	case Member:
		roles, err = activeRoles(tx, id.ID)
	case APIKey:
		roles, err = keyCreatorRoles(tx, id.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	held, err := a.RolePermissionsTx(tx, existing(tx, roles))
	if err != nil || id.Kind != APIKey {
		return held, err
	}
	scoped := Set{}
	for _, s := range id.Scopes {
		if held[s] {
			scoped[s] = true
		}
	}
	return scoped, nil
}

// existing drops roles that have been deleted: a member may still carry the name.
func existing(tx *db.Tx, roles []string) []string {
	own, err := roleRows(tx)
	return slices.DeleteFunc(slices.Clone(roles), func(name string) bool {
		_, shared := sharedRoleOf(name)
		return !shared && (err != nil || !slices.ContainsFunc(own, func(r roleRow) bool { return r.Name == name }))
	})
}

// LockTx makes changes of who may do what in the tenant come one after the other, so that a right that is checked is still there when it is used.
func (a *Access) LockTx(tx *db.Tx) error { return lockAccess(tx) }

// MayGrantTx refuses with ErrLacks if the identity lacks any of the permissions. It takes the lock of LockTx.
func (a *Access) MayGrantTx(tx *db.Tx, by Identity, what Set) error {
	if err := a.LockTx(tx); err != nil {
		return err
	}
	has, err := a.PermissionsTx(tx, by)
	if err != nil {
		return err
	}
	if missing := has.Lacks(what); len(missing) > 0 {
		return ErrLacks.With("missing", missing)
	}
	return nil
}

var roleForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{1,39}$`)

const maxRoles = 50

// CreateRole makes a role of the tenant's own.
func (a *Access) CreateRole(ctx context.Context, sc db.Scope, by Identity, r Role) (Role, error) {
	if !roleForm.MatchString(r.Name) {
		return r, errRoleInvalid.Field("name", "2 to 40 small letters, digits, - and _, beginning with a letter")
	}
	if _, shared := sharedRoleOf(r.Name); shared {
		return r, errRoleInvalid.Field("name", "the name of a shared role")
	}
	return a.saveRole(ctx, sc, by, r, func(tx *db.Tx) error {
		own, err := roleRows(tx)
		if err != nil {
			return err
		}
		if len(own) >= maxRoles {
			return fault.New(fault.Conflict, "role.too_many", "A shop can have %d roles of its own at the most.", maxRoles)
		}
		if err := insertRole(tx, r); db.Violates(err, "roles_pkey") {
			return fault.New(fault.Conflict, "role.exists", "There is a role of this name already.").Field("name", "in use")
		} else if err != nil {
			return fmt.Errorf("create role: %w", err)
		}
		return audit.Append(tx, audit.Entry{Action: "role.created", ObjectType: "role", ObjectID: r.Name, After: r})
	})
}

// ChangeRole changes title and permissions of a role of the tenant's own, and so what all who have it may do.
func (a *Access) ChangeRole(ctx context.Context, sc db.Scope, by Identity, r Role) (Role, error) {
	if _, shared := sharedRoleOf(r.Name); shared {
		return r, errBuiltin
	}
	return a.saveRole(ctx, sc, by, r, func(tx *db.Tx) error {
		before, err := roleNamed(tx, r.Name)
		if err != nil {
			return err
		}
		if err := updateRole(tx, r); err != nil {
			return fmt.Errorf("change role: %w", err)
		}
		return audit.Append(tx, audit.Entry{Action: "role.changed", ObjectType: "role", ObjectID: r.Name, Before: before, After: r})
	})
}

func (a *Access) saveRole(ctx context.Context, sc db.Scope, by Identity, r Role, save func(tx *db.Tx) error) (Role, error) {
	e := errRoleInvalid
	for l, t := range r.Title {
		if n := len([]rune(strings.TrimSpace(t))); n < 1 || n > 60 || len(l) > 20 {
			e = e.Field("title."+l, "1 to 60 characters")
		}
	}
	if len(r.Title) == 0 {
		e = e.Field("title", "a title in at least one language")
	}
	for i, p := range r.Permissions {
		if !IsPermission(p) {
			e = e.Field(fmt.Sprintf("permissions[%d]", i), "not a permission; GET /permissions lists them")
		}
	}
	if len(e.Fields) > 0 {
		return r, e
	}
	r.Builtin, r.Permissions = false, setOf(r.Permissions).Sorted()
	err := a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if err := a.MayGrantTx(tx, by, setOf(r.Permissions)); err != nil {
			return err
		}
		if err := save(tx); err != nil {
			return err
		}
		return a.ChangedTx(tx)
	})
	return r, err
}

// DeleteRole removes a role that nobody has and no open invitation offers.
func (a *Access) DeleteRole(ctx context.Context, sc db.Scope, name string) error {
	if _, shared := sharedRoleOf(name); shared {
		return errBuiltin
	}
	return a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if err := a.LockTx(tx); err != nil {
			return err
		}
		before, err := roleNamed(tx, name)
		if err != nil {
			return err
		}
		members, invited, err := roleUse(tx, name)
		if err != nil {
			return err
		}
		if members+invited > 0 {
			return fault.New(fault.Conflict, "role.in_use", "%d members have this role and %d open invitations offer it. Give them another one first.", members, invited).With("members", members).With("invitations", invited)
		}
		if err := deleteRole(tx, name); err != nil {
			return fmt.Errorf("delete role: %w", err)
		}
		if err := audit.Append(tx, audit.Entry{Action: "role.deleted", ObjectType: "role", ObjectID: name, Before: before}); err != nil {
			return err
		}
		return a.ChangedTx(tx)
	})
}

func roleNamed(tx *db.Tx, name string) (Role, error) {
	rows, err := roleRows(tx)
	if err != nil {
		return Role{}, err
	}
	i := slices.IndexFunc(rows, func(r roleRow) bool { return r.Name == name })
	if i < 0 {
		return Role{}, errNoRole
	}
	return rows[i].role(), nil
}
