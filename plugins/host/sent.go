package host

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

// sentWatcher notes which calls were written to the process, even in part. Of the others it is certain that nothing was done.
type sentWatcher struct{}

type sentKey struct{}

func watchSent(ctx context.Context) (context.Context, *atomic.Bool) {
	sent := new(atomic.Bool)
	return context.WithValue(ctx, sentKey{}, sent), sent
}

// HandleRPC sees a message on its way.
func (sentWatcher) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, ok := s.(*stats.OutPayload); !ok {
		return
	}
	if sent, ok := ctx.Value(sentKey{}).(*atomic.Bool); ok {
		sent.Store(true)
	}
}

// TagRPC does nothing.
func (sentWatcher) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// TagConn does nothing.
func (sentWatcher) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (sentWatcher) HandleConn(context.Context, stats.ConnStats) {}
