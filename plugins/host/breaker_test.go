package host_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"allhours/plugins/host"
	"allhours/plugins/sdk"
)

// A provider that is down is left alone after a few calls, for the one installation that uses it, and tried again after a pause; a card that is declined is no outage.
func TestBreaker(t *testing.T) {
	t.Parallel()
	h, logs := start(t, host.Config{BreakerPause: 300 * time.Millisecond})
	down, up := target("down"), target("up")
	for range 50 {
		if _, err := pay(context.Background(), h, up, "declined"); sdk.ProblemOf(err).GetClass() != sdk.Declined {
			t.Fatalf("declined: %v", err)
		}
	}
	for range 5 {
		if _, err := pay(context.Background(), h, down, "outage"); sdk.ProblemOf(err).GetClass() != sdk.Upstream {
			t.Fatalf("outage: %v", err)
		}
	}
	if _, err := pay(context.Background(), h, down, ""); !errors.Is(err, host.ErrNotSent) || !strings.Contains(err.Error(), "held back") {
		t.Errorf("after five failures in a row: %v", err)
	}
	if s := h.Status(down); s.State != host.Ready || !slices.Equal(s.CutOff, []string{"Authorize"}) {
		t.Errorf("status %+v", s)
	}
	mustPay(t, h, up, "")
	if s := h.Status(up); len(s.CutOff) != 0 {
		t.Errorf("another installation is cut off: %+v", s)
	}
	eventually(t, "a call is let through to try", func() bool {
		_, err := pay(context.Background(), h, down, "outage")
		return sdk.ProblemOf(err).GetClass() == sdk.Upstream
	})
	if _, err := pay(context.Background(), h, down, ""); !errors.Is(err, host.ErrNotSent) {
		t.Errorf("after a trial that failed: %v", err)
	}
	eventually(t, "the provider is back", func() bool { _, err := pay(context.Background(), h, down, ""); return err == nil })
	mustPay(t, h, down, "")
	if !strings.Contains(logs.String(), "circuit breaker") {
		t.Error("nothing was logged")
	}
}
