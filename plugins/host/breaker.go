package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"allhours/plugins/sdk"
	"allhours/plugins/sdk/pluginv1"
)

// A method of an installation is cut off when its provider seems to be down: after so many failures in a row, or when more than half of so many calls within the window failed.
// Then calls fail at once, so that the shopper can pay another way and the provider can recover; after a pause one call is let through to try.
const (
	breakerInARow = 5
	breakerCalls  = 20
	breakerWindow = 30 * time.Second
	breakerPause  = 15 * time.Second
)

type breaker = gobreaker.CircuitBreaker[struct{}]

type breakerKey struct{ installation, method string }

type breakers struct {
	pause time.Duration
	mu    sync.Mutex
	all   map[breakerKey]*breaker
}

// call does the call unless the method is cut off. The calls of Runtime, by which people look for what is wrong, always go through.
func (b *breakers) call(installation, method string, log func(method string, from, to gobreaker.State), do func() error) error {
	if strings.HasPrefix(method, "/"+pluginv1.Runtime_ServiceDesc.ServiceName+"/") {
		return do()
	}
	_, err := b.of(installation, method, log).Execute(func() (struct{}, error) { return struct{}{}, do() })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return fmt.Errorf("%w: %w", ErrNotSent, errCutOff)
	}
	return err
}

var errCutOff = errors.New("its provider has failed too often just now; calls are held back for some seconds")

func (b *breakers) of(installation, method string, log func(string, gobreaker.State, gobreaker.State)) *breaker {
	k := breakerKey{installation, method}
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.all[k]
	if one == nil {
		one = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
			Name: shortName(method), MaxRequests: 1, Interval: breakerWindow, BucketPeriod: breakerWindow / 6, Timeout: b.pause,
			ReadyToTrip: func(n gobreaker.Counts) bool {
				return n.ConsecutiveFailures >= breakerInARow || n.Requests >= breakerCalls && 2*n.TotalFailures > n.Requests
			},
			IsSuccessful:  func(err error) bool { return !outage(err) },
			IsExcluded:    func(err error) bool { return errors.Is(err, ErrNotSent) || errors.Is(err, context.Canceled) },
			OnStateChange: log,
		})
		b.all[k] = one
	}
	return one
}

// outage says whether the error speaks of the provider or the plugin, and not of the payer, the shop's settings or the request: a declined card proves that the provider is there.
func outage(err error) bool {
	if err == nil {
		return false
	}
	switch sdk.ProblemOf(err).GetClass() {
	case sdk.UserInput, sdk.Declined, sdk.Config, sdk.Auth, sdk.Unsupported:
		return false
	}
	return true
}

// cutOff lists the installation's methods that are not let through.
func (b *breakers) cutOff(installation string) (methods []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k, one := range b.all {
		if k.installation == installation && one.State() == gobreaker.StateOpen {
			methods = append(methods, one.Name())
		}
	}
	return methods
}

func (b *breakers) forget(installation string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.all {
		if k.installation == installation {
			delete(b.all, k)
		}
	}
}
