package sdk

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"allhours/plugins/sdk/pluginv1"
)

// made is an instance's value that tells when it is closed.
type made struct {
	rev    uint64
	closed chan struct{}
}

func (m *made) Close() error { close(m.closed); return nil }

func call1(rev uint64) *pluginv1.Call {
	return &pluginv1.Call{TenantId: "t", InstallationId: "i", ConfigRev: rev}
}

func newMade(count *atomic.Int32) *instances {
	return newInstances(func(_ context.Context, in Instance) (any, error) {
		count.Add(1)
		return &made{in.Rev, make(chan struct{})}, nil
	})
}

func at(rev uint64) Instance {
	return Instance{Tenant: "t", Installation: "i", Rev: rev, Log: slog.New(slog.DiscardHandler)}
}

func TestCallsUnderWayKeepTheirRevision(t *testing.T) {
	t.Parallel()
	var count atomic.Int32
	s := newMade(&count)
	if _, _, err := s.use(call1(1)); ProblemOf(err).GetCode() != NeedsConfig {
		t.Fatalf("unknown installation: %v", err)
	}
	for _, rev := range []uint64{1, 1, 2} {
		if err := s.put(context.Background(), at(rev)); err != nil {
			t.Fatal(err)
		}
	}
	first, done, err := s.use(call1(1)) // begun before the change, still allowed after it
	if err != nil {
		t.Fatal(err)
	}
	if err := s.put(context.Background(), at(3)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.use(call1(1)); ProblemOf(err).GetCode() != NeedsConfig {
		t.Errorf("a revision two changes old is served: %v", err)
	}
	value := first.value.(*made)
	select {
	case <-value.closed:
		t.Error("closed under a call")
	default:
	}
	done()
	<-value.closed
	if n := count.Load(); n != 3 {
		t.Errorf("%d instances were made of 3 revisions", n)
	}
	s.drop("i")
	if _, _, err := s.use(call1(3)); ProblemOf(err).GetCode() != NeedsConfig {
		t.Errorf("a dropped installation is served: %v", err)
	}
}

func TestInstanceIsMadeOnceUnderLoad(t *testing.T) {
	t.Parallel()
	var count atomic.Int32
	s := newMade(&count)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := s.put(context.Background(), at(1)); err != nil {
				t.Error(err)
			}
			in, done, err := s.use(call1(1))
			if err != nil {
				t.Error(err)
				return
			}
			defer done()
			if in.value.(*made).rev != 1 {
				t.Error("another revision")
			}
		})
	}
	wg.Wait()
	if n := count.Load(); n != 1 {
		t.Errorf("made %d times", n)
	}
}

func TestDecodeNamesTheField(t *testing.T) {
	t.Parallel()
	in := Instance{Config: map[string]any{"port": "x"}, Secrets: map[string]string{"key": "k"}}
	var v struct {
		Port int    `json:"port"`
		Key  string `json:"key"`
	}
	if p := ProblemOf(in.Decode(&v)); p.GetClass() != Config || p.GetField() != "port" {
		t.Errorf("%v", p)
	}
	in.Config["port"] = 7
	if err := in.Decode(&v); err != nil || v.Port != 7 || v.Key != "k" {
		t.Errorf("%+v %v", v, err)
	}
}

func TestErrorsTravel(t *testing.T) {
	t.Parallel()
	sent := &Error{Class: Declined, Code: "card.expired", Message: "expired", UpstreamCode: "54", Err: fmt.Errorf("secret cause")}
	err := fmt.Errorf("wrapped: %w", statusOf(fmt.Errorf("wrapped: %w", sent)))
	p := ProblemOf(err)
	if p.GetClass() != Declined || p.GetCode() != "card.expired" || p.GetUpstreamCode() != "54" {
		t.Errorf("%v", p)
	}
	if strings.Contains(err.Error(), "secret cause") {
		t.Errorf("the cause travelled: %v", err)
	}
	if p := ProblemOf(statusOf(fmt.Errorf("who knows"))); p.GetClass() != UnknownOutcome {
		t.Errorf("an error that says nothing: %v", p)
	}
	if ProblemOf(statusOf(context.DeadlineExceeded)) != nil {
		t.Error("a deadline is no problem of the plugin's")
	}
}
