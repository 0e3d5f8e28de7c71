package sdk

import (
	"context"
	"log/slog"
	"sync"

	"allhours/plugins/sdk/pluginv1"
)

// instances holds the value made for each installation, by revision. While a new revision takes over, calls begun under
// the one before still find it; a third revision closes the first.
type instances struct {
	make func(context.Context, Instance) (any, error)

	mu     sync.Mutex
	byID   map[string][]*instance // newest last, two at most
	making map[string]*sync.Mutex
}

type instance struct {
	Instance
	value any
	inUse int
	gone  bool // dropped or replaced: closed when inUse falls to 0
}

func newInstances(mk func(context.Context, Instance) (any, error)) *instances {
	return &instances{make: mk, byID: map[string][]*instance{}, making: map[string]*sync.Mutex{}}
}

// use returns the installation's value in the revision the call names, and a function to give it back.
func (s *instances) use(call *pluginv1.Call) (*instance, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.byID[call.GetInstallationId()] {
		if in.Rev != call.GetConfigRev() {
			continue
		}
		if in.Tenant != call.GetTenantId() {
			return nil, nil, &Error{Class: Bug, Code: "instance.foreign_tenant", Message: "the installation belongs to another tenant"}
		}
		in.inUse++
		return in, func() { s.giveBack(in) }, nil
	}
	return nil, nil, &Error{Class: Config, Code: NeedsConfig, Message: "installation unknown in this revision", SafeToRetry: true}
}

func (s *instances) giveBack(in *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in.inUse--
	s.closeIfDone(in)
}

func (s *instances) closeIfDone(in *instance) {
	if !in.gone || in.inUse > 0 {
		return
	}
	if c, ok := in.value.(Closer); ok {
		go func() {
			if err := c.Close(); err != nil {
				in.Log.Warn("closing an instance", "error", err)
			}
		}()
	}
}

// put makes the installation's value unless that revision is there already. Only one is made at a time per installation.
func (s *instances) put(ctx context.Context, want Instance) error {
	s.mu.Lock()
	lock := s.making[want.Installation]
	if lock == nil {
		lock = &sync.Mutex{}
		s.making[want.Installation] = lock
	}
	s.mu.Unlock()
	lock.Lock()
	defer lock.Unlock()

	if s.has(want) {
		return nil
	}
	value, err := s.make(ctx, want)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := append(s.byID[want.Installation], &instance{Instance: want, value: value})
	for len(list) > 2 || (len(list) == 2 && list[0].Tenant != want.Tenant) {
		list[0].gone = true
		s.closeIfDone(list[0])
		list = list[1:]
	}
	s.byID[want.Installation] = list
	return nil
}

func (s *instances) has(want Instance) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.byID[want.Installation] {
		if in.Rev == want.Rev && in.Tenant == want.Tenant {
			return true
		}
	}
	return false
}

func (s *instances) drop(installation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.byID[installation] {
		in.gone = true
		s.closeIfDone(in)
	}
	delete(s.byID, installation)
	delete(s.making, installation)
}

func (s *instances) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID)
}

func logFor(base *slog.Logger, call *pluginv1.Call) *slog.Logger {
	return base.With("tenant", call.GetTenantId(), "installation", call.GetInstallationId())
}
