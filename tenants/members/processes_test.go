package members

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/tenants"
	"allhours/tenants/access"
)

// A second process sees within a second that a session ended, a role changed, a key was revoked, though it keeps them in memory.
func TestOtherProcessesNoticeWithinASecond(t *testing.T) {
	w := newWorld(t)
	d, err := db.Open(w.ctx(), db.Config{URL: w.base.AppURL, MaxConns: 6})
	w.must(err)
	t.Cleanup(d.Close)
	far := w.start(d)
	for _, n := range []node{w.node, far} {
		go n.tenants.Watch.Run(w.ctx())
		eventually(t, 5*time.Second, n.tenants.Watch.Fresh)
	}
	mia := w.invite(w.a.Member, "mia@example.com", "manager")
	key, err := w.access.CreateKey(w.ctx(), as(w.a, mia.Member), w.id(mia.Member), "till", []string{"orders:write"}, nil)
	w.must(err)
	far.recall(t, mia.Session.Token, key.Secret)

	within := func(what string, change func(), seen func() bool) {
		t.Helper()
		change()
		began := time.Now()
		eventually(t, 5*time.Second, seen)
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %s to be seen", what, took)
		}
	}
	member := func() (access.Identity, error) { return far.who(w.ctx(), mia.Session.Token) }
	byKey := func() (access.Identity, error) {
		return far.access.Authenticate(w.ctx(), uuid.Nil, access.Credential{Kind: access.KeySecret, Secret: key.Secret})
	}
	within("a role", func() { w.must(w.change(w.a.Member, mia.Member.ID, []string{"viewer"}, "")) }, func() bool {
		m, err1 := member()
		k, err2 := byKey()
		return err1 == nil && err2 == nil && !far.access.Allowed(w.ctx(), m, "orders:write") && !far.access.Allowed(w.ctx(), k, "orders:write")
	})
	far.recall(t, mia.Session.Token, key.Secret)
	within("a revoked key", func() { w.must(w.access.RevokeKey(w.ctx(), scope(w.a), key.ID)) }, func() bool {
		_, err := byKey()
		return unauthenticated(err)
	})
	far.recall(t, mia.Session.Token, "")
	within("a session that ended", func() { w.must(w.access.EndSession(w.ctx(), scope(w.a), w.id(mia.Member), mia.Session.ID)) }, func() bool {
		_, err := member()
		return unauthenticated(err)
	})
	_, err = far.tenants.Get(w.ctx(), w.a.Tenant.ID)
	w.must(err)
	within("a setting", func() {
		name := "Renamed"
		_, err := w.tenants.Update(w.ctx(), as(w.a, w.a.Member), tenants.Change{Name: &name})
		w.must(err)
	}, func() bool {
		n, err := far.tenants.Get(w.ctx(), w.a.Tenant.ID)
		return err == nil && n.Name == "Renamed"
	})
}

// recall makes the process keep the session and the key in memory, and proves that it does: the rows behind them may go without its noticing.
func (n node) recall(t *testing.T, session, key string) {
	t.Helper()
	for range 2 {
		if _, err := n.who(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		if key == "" {
			continue
		}
		if _, err := n.access.Authenticate(t.Context(), uuid.Nil, access.Credential{Kind: access.KeySecret, Secret: key}); err != nil {
			t.Fatal(err)
		}
	}
}

func eventually(t *testing.T, within time.Duration, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
	}
}

// What is in memory is believed only while the watch runs: else a process cut off from the database would let the revoked in.
func TestMemoryIsNotBelievedWithoutTheWatch(t *testing.T) {
	w := newWorld(t)
	if _, err := w.who(w.ctx(), w.a.Session.Token); err != nil {
		t.Fatal(err)
	}
	for _, behind := range []string{`UPDATE members SET status = 'disabled'`, `UPDATE members SET status = 'active'; DELETE FROM sessions`} { // not through us: no version moves
		_, err := w.owner.Exec(w.ctx(), behind)
		w.must(err)
		if _, err := w.who(w.ctx(), w.a.Session.Token); !unauthenticated(err) {
			t.Errorf("believed after %s: %v", behind, err)
		}
	}
}

// While the watch runs, memory is what answers; else the tests above would show nothing.
func TestMemoryAnswersWhileTheWatchRuns(t *testing.T) {
	w := newWorld(t)
	go w.tenants.Watch.Run(w.ctx())
	eventually(t, 5*time.Second, w.tenants.Watch.Fresh)
	eventually(t, 5*time.Second, func() bool {
		_, err := w.who(w.ctx(), w.a.Session.Token)
		w.must(err)
		return w.remembers(w.a.Session.Token)
	})
}

// remembers tries whether the process answers from memory: the row is hidden from it for a moment.
func (w *world) remembers(token string) bool {
	_, err := w.owner.Exec(w.ctx(), `UPDATE sessions SET expires_at = expires_at - interval '100 days'`)
	w.must(err)
	_, err = w.who(w.ctx(), token)
	_, back := w.owner.Exec(w.ctx(), `UPDATE sessions SET expires_at = expires_at + interval '100 days'`)
	w.must(back)
	return err == nil
}
