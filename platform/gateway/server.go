package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// server is the listening side of a Gateway.
type server struct {
	public   net.Listener
	patient  *patient // on public
	internal *http.Server
	inside   net.Listener
	served   chan error
	workers  sync.WaitGroup
	stop     context.CancelFunc // of the workers
	once     sync.Once
	err      error
}

// Start listens and serves until Stop. It returns once connections are taken; Done tells when serving has ended by itself.
func (g *Gateway) Start(ctx context.Context) error {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", g.config.Listen)
	if err != nil {
		return fmt.Errorf("ALLHOURS_LISTEN: %w", err)
	}
	if err := g.startInternal(ctx); err != nil {
		_ = l.Close()
		return err
	}
	s := &g.server
	s.public, s.served = l, make(chan error, 1)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.workers.Go(func() { g.directory.watch(work) })
	s.workers.Go(func() { g.live.run(work) })
	s.patient = &patient{Listener: l, open: map[*patientConn]struct{}{}}
	go func() { s.served <- g.app.Listener(s.patient) }()
	return nil
}

// Addr is where the gateway listens, with the port it was given.
func (g *Gateway) Addr() string { return g.server.public.Addr().String() }

// InternalAddr is where metrics are; "" if they are off.
func (g *Gateway) InternalAddr() string {
	if g.server.inside == nil {
		return ""
	}
	return g.server.inside.Addr().String()
}

// Done yields the error that ended the serving without a Stop.
func (g *Gateway) Done() <-chan error { return g.server.served }

// Stop drains: /readyz says no, after DrainDelay no connection is taken any more, live streams end with a hint to come back, requests in flight finish, and
// what has not finished after DrainTimeout is given up. It returns when nothing of this gateway runs any more.
func (g *Gateway) Stop(ctx context.Context) error {
	g.server.once.Do(func() { g.server.err = g.drain(ctx) })
	return g.server.err
}

func (g *Gateway) drain(ctx context.Context) error {
	s := &g.server
	g.draining.Store(true)
	if s.public == nil {
		g.kill()
		return nil
	}
	select {
	case <-time.After(g.config.DrainDelay):
	case <-ctx.Done():
	}
	g.live.close()
	grace, cancel := context.WithTimeout(ctx, g.config.DrainTimeout)
	defer cancel()
	unasked := time.AfterFunc(100*time.Millisecond, func() { s.patient.cut(false) }) // once no more come in
	err := g.app.ShutdownWithContext(grace)
	unasked.Stop()
	g.kill() // handlers that are still there see their context end
	if err != nil {
		slog.WarnContext(ctx, "gateway: gave up requests that did not finish", "after", g.config.DrainTimeout)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		s.patient.cut(true)
		if e := g.app.ShutdownWithContext(last); e == nil {
			err = nil
		}
	}
	if s.internal != nil {
		_ = s.internal.Close()
	}
	s.stop()
	s.workers.Wait()
	if err != nil {
		return fmt.Errorf("gateway: drain: %w", err)
	}
	return nil
}

func (g *Gateway) startInternal(ctx context.Context) error {
	if g.config.Internal == "" {
		return nil
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", g.config.Internal)
	if err != nil {
		return fmt.Errorf("ALLHOURS_LISTEN_INTERNAL: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.registry, promhttp.HandlerOpts{}))
	g.server.inside = l
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	g.server.internal = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := g.server.internal.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			slog.ErrorContext(ctx, "gateway: internal listener", "err", err)
		}
	}()
	return nil
}

// writePatience is how long a client may take nothing at all of what is sent to it.
const writePatience = 30 * time.Second

// patient makes connections whose every write has a deadline of its own: a live stream or a long download may last for hours, a stuck client may not.
// (fasthttp's WriteTimeout would be one deadline for the whole answer.) It knows which of them are open, for fasthttp waits in its shutdown for those on which nothing was ever
// asked, as browsers keep them at hand.
type patient struct {
	net.Listener
	mu   sync.Mutex
	open map[*patientConn]struct{}
}

func (l *patient) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	p := &patientConn{Conn: c, listener: l}
	l.mu.Lock()
	l.open[p] = struct{}{}
	l.mu.Unlock()
	return p, nil
}

// cut closes the connections on which nothing was ever asked; with all, the others as well.
func (l *patient) cut(all bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		if all || !c.asked.Load() {
			_ = c.Conn.Close()
		}
	}
}

type patientConn struct {
	net.Conn
	listener *patient
	asked    atomic.Bool
}

func (c *patientConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.asked.Store(true)
	}
	return n, err
}

func (c *patientConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *patientConn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.open, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
