package host

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"allhours/plugins/sdk/pluginv1"
)

// budget of a method: how long a call may take, how many an installation may have at once, and whether a call that was lost with
// the process may be made again without being asked.
type budget struct {
	deadline   time.Duration
	width      int
	repeatable bool
}

var budgets = map[string]budget{
	pluginv1.Payment_Authorize_FullMethodName:      {25 * time.Second, 32, false},
	pluginv1.Payment_Capture_FullMethodName:        {25 * time.Second, 16, false},
	pluginv1.Payment_Refund_FullMethodName:         {25 * time.Second, 16, false},
	pluginv1.Payment_Void_FullMethodName:           {25 * time.Second, 16, false},
	pluginv1.Payment_Lookup_FullMethodName:         {10 * time.Second, 16, true},
	pluginv1.Payment_Methods_FullMethodName:        {3 * time.Second, 32, true},
	pluginv1.Webhook_Handle_FullMethodName:         {5 * time.Second, 32, true},
	pluginv1.Runtime_TestConnection_FullMethodName: {15 * time.Second, 2, true},
}

var otherBudget = budget{10 * time.Second, 8, false}

func budgetOf(method string) budget {
	if b, ok := budgets[method]; ok {
		return b
	}
	return otherBudget
}

// patience is how long a call waits at a full gate before it is told that the plugin is busy.
const patience = time.Second

// gates hold back an installation that has too many calls of a method in flight, so that a slow provider of one tenant
// cannot take the process from the others.
type gates struct {
	mu  sync.Mutex
	all map[string]*gate
}

type gate struct {
	slots chan struct{}
	users int
}

func (g *gates) enter(ctx context.Context, name string, width int) (leave func(), err error) {
	g.mu.Lock()
	if g.all == nil {
		g.all = map[string]*gate{}
	}
	one := g.all[name]
	if one == nil {
		one = &gate{slots: make(chan struct{}, width)}
		g.all[name] = one
	}
	one.users++
	g.mu.Unlock()

	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case one.slots <- struct{}{}:
		return func() { <-one.slots; g.leave(name, one) }, nil
	case <-wait.C:
		err = fmt.Errorf("%w: busy: %d calls of this installation are in flight", ErrNotSent, width)
	case <-ctx.Done():
		err = fmt.Errorf("%w: %w", ErrNotSent, ctx.Err())
	}
	g.leave(name, one)
	return nil, err
}

func (g *gates) leave(name string, one *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if one.users--; one.users == 0 {
		delete(g.all, name)
	}
}

func shortName(method string) string { return method[strings.LastIndexByte(method, '/')+1:] }
