package access

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/db/dbtest"
)

func BenchmarkAllowed(b *testing.B) {
	d := dbtest.Create(b)
	a := newAccess(b, d.DB)
	tenant := shop(b, d.Owner(b), "a")
	go a.watch.Run(b.Context())
	for deadline := time.Now().Add(5 * time.Second); !a.watch.Fresh(); {
		if time.Now().After(deadline) {
			b.Fatal("the watch does not run")
		}
		time.Sleep(time.Millisecond)
	}
	id := Identity{Kind: Member, ID: uuid.New(), Tenant: tenant, Roles: []string{"viewer", "warehouse"}}
	for name, permission := range map[string]string{"hit": "inventory:write", "hit denied": "audit:read"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				a.Allowed(b.Context(), id, permission)
			}
		})
	}
	for name, role := range map[string]string{"miss owner": "owner", "miss last of viewer": "viewer"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				a.decide(b.Context(), tenant, []string{role}, "inventory:read")
			}
		})
	}
	b.Run("miss denied", func(b *testing.B) {
		for b.Loop() {
			a.decide(b.Context(), tenant, []string{"viewer"}, "audit:read")
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	d := dbtest.Create(b)
	owner := d.Owner(b)
	a := newAccess(b, d.DB)
	tenant := shop(b, owner, "a")
	member := person(b, owner, tenant, Owner)
	var o Opened
	err := d.DB.InTx(b.Context(), db.Scope{Tenant: tenant}, func(tx *db.Tx) (err error) {
		o, err = a.OpenSession(tx, Member, member, "Ada", Client{})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	go a.watch.Run(b.Context())
	for deadline := time.Now().Add(5 * time.Second); !a.watch.Fresh(); {
		if time.Now().After(deadline) {
			b.Fatal("the watch does not run")
		}
		time.Sleep(time.Millisecond)
	}
	for b.Loop() {
		if _, err := a.Authenticate(b.Context(), tenant, Credential{Kind: StaffSession, Secret: o.Token}); err != nil {
			b.Fatal(err)
		}
	}
	_ = fmt.Sprint(o.ID)
}
