package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"allhours/plugins/sdk"
)

const (
	egressTunnels = 256             // of one process at once
	egressIdle    = 5 * time.Minute // without a byte in either direction
	egressDial    = 10 * time.Second
)

// outlet is the way of one plugin's process to the network, and the only one: a proxy on a socket in the plugin's folder, which takes CONNECT and plain requests. It lets through to
// the hosts that the plugin's installations have named, looks names up itself, and dials an address only after it has looked at that very address, so that a name that leads into
// the private network leads nowhere, whenever and by whatever redirect it does.
type outlet struct {
	binary  Binary
	log     *slog.Logger
	metrics *metrics
	private []netip.Prefix // may be reached all the same
	tunnels *semaphore.Weighted

	mu      sync.Mutex
	allowed map[string][]string  // installation -> "host:port", where "*.example.com:443" is any one name below it
	links   map[*keptConn]string // what is connected, and to where
}

func newOutlet(h *Host, b Binary, log *slog.Logger) *outlet {
	return &outlet{binary: b, log: log, metrics: h.metrics, private: h.cfg.Private, tunnels: semaphore.NewWeighted(egressTunnels), allowed: map[string][]string{}, links: map[*keptConn]string{}}
}

// permit says what an installation may reach; nothing any more with no hosts. Connections that nobody may have any more are cut.
func (o *outlet) permit(installation string, hosts []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.allowed[installation] = hosts; len(hosts) == 0 {
		delete(o.allowed, installation)
	}
	for c, address := range o.links {
		if host, port, _ := net.SplitHostPort(address); !o.declared(host, port) {
			delete(o.links, c)
			_ = c.Conn.Close()
		}
	}
}

// declared says whether any installation may reach the host. The caller holds mu.
func (o *outlet) declared(host, port string) bool {
	_, parent, _ := strings.Cut(host, ".")
	for _, hosts := range o.allowed {
		for _, h := range hosts {
			if h == net.JoinHostPort(host, port) || parent != "" && h == net.JoinHostPort("*."+parent, port) {
				return true
			}
		}
	}
	return false
}

// errRefused is what the plugin is told of a destination that it may not reach.
type errRefused struct{ reason, why string }

func (e *errRefused) Error() string { return e.why }

// dial connects to a host that is permitted, at an address that is public.
func (o *outlet) dial(ctx context.Context, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &errRefused{"address", "the destination is no host and port"}
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	o.mu.Lock()
	declared := o.declared(host, port)
	o.mu.Unlock()
	if !declared {
		return nil, &errRefused{"undeclared", fmt.Sprintf("%s is not among the hosts that the plugin has declared", net.JoinHostPort(host, port))}
	}
	ctx, cancel := context.WithTimeout(ctx, egressDial)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	failed := error(&errRefused{"address", host + " has no address"})
	for _, ip := range addresses {
		if ip = ip.Unmap(); !o.reachable(ip) {
			failed = &errRefused{"private", fmt.Sprintf("%s is at %s, which is not on the public network", host, ip)}
			continue
		}
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(ip.String(), port))
		if err == nil {
			return o.keep(c, net.JoinHostPort(host, port)), nil
		}
		failed = err
	}
	return nil, failed
}

// keep counts the connection's bytes and knows of it as long as it is there.
func (o *outlet) keep(c net.Conn, address string) net.Conn {
	host, _, _ := net.SplitHostPort(address)
	count := o.metrics.egress
	k := &keptConn{
		Conn: c, outlet: o, in: count.WithLabelValues(o.binary.Plugin, o.binary.Version, host, "in").Add, out: count.WithLabelValues(o.binary.Plugin, o.binary.Version, host, "out").Add,
	}
	o.mu.Lock()
	o.links[k] = address
	o.mu.Unlock()
	return k
}

// keptConn ends when nothing has come or gone for a while.
type keptConn struct {
	net.Conn
	outlet  *outlet
	in, out func(float64)
}

func (c *keptConn) Read(b []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(egressIdle))
	n, err := c.Conn.Read(b)
	c.in(float64(n))
	return n, err
}

func (c *keptConn) Write(b []byte) (int, error) {
	_ = c.SetDeadline(time.Now().Add(egressIdle))
	n, err := c.Conn.Write(b)
	c.out(float64(n))
	return n, err
}

// Close forgets the connection; permit, which has forgotten it already, closes what is below.
func (c *keptConn) Close() error {
	c.outlet.mu.Lock()
	delete(c.outlet.links, c)
	c.outlet.mu.Unlock()
	return c.Conn.Close()
}

// special are networks that net/netip counts as global but that lead to private ones or nowhere (IANA's registries of special-purpose addresses).
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16")

// Loopback is the networks of the machine itself, for Config.Private where providers of a test or a demo listen there.
var Loopback = prefixes("127.0.0.0/8", "::1/128")

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}

func (o *outlet) reachable(ip netip.Addr) bool {
	within := func(nets []netip.Prefix) bool {
		for _, n := range nets {
			if n.Contains(ip) {
				return true
			}
		}
		return false
	}
	return within(o.private) || ip.IsGlobalUnicast() && !ip.IsPrivate() && !within(special)
}

// egress is an outlet's socket for one start of the process.
type egress struct {
	outlet *outlet
	path   string
	server *http.Server
	proxy  *httputil.ReverseProxy
}

func (o *outlet) open(path string) (*egress, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o666); err != nil { // the plugin is another user; no other can reach the folder
		_ = l.Close()
		return nil, err
	}
	e := &egress{outlet: o, path: path}
	e.proxy = &httputil.ReverseProxy{
		Rewrite:      func(*httputil.ProxyRequest) {},
		Transport:    &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) { return o.dial(ctx, address) }, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 8},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) { e.refuse(w, r.Host, err) },
		ErrorLog:     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	e.server = &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: egressIdle, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = e.server.Serve(l) }()
	return e, nil
}

// close ends what is under way. Tunnels end with the process that holds their other end.
func (e *egress) close() {
	if e == nil {
		return
	}
	_ = e.server.Close()
	e.proxy.Transport.(*http.Transport).CloseIdleConnections()
}

// ServeHTTP is the proxy.
func (e *egress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !e.outlet.tunnels.TryAcquire(1) {
		http.Error(w, "too many connections at once", http.StatusServiceUnavailable)
		return
	}
	defer e.outlet.tunnels.Release(1)
	switch {
	case r.Method == http.MethodConnect:
		e.tunnel(w, r)
	case r.URL.Scheme == "http" && r.URL.Host != "":
		e.proxy.ServeHTTP(w, r)
	default:
		http.Error(w, "this is a proxy: send CONNECT, or a request with an absolute address", http.StatusBadRequest)
	}
}

func (e *egress) tunnel(w http.ResponseWriter, r *http.Request) {
	there, err := e.outlet.dial(r.Context(), r.Host)
	if err != nil {
		e.refuse(w, r.Host, err)
		return
	}
	defer there.Close()
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	_ = here.SetDeadline(time.Time{})
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(there, buffered); done <- struct{}{} }()
	go func() { _, _ = io.Copy(here, there); done <- struct{}{} }()
	<-done // whichever side ends first ends both
}

// refuse tells the plugin, the log and the metrics that a destination was not reached.
func (e *egress) refuse(w http.ResponseWriter, to string, err error) {
	o := e.outlet
	var refused *errRefused
	if !errors.As(err, &refused) {
		http.Error(w, "not reached: "+err.Error(), http.StatusBadGateway)
		return
	}
	o.metrics.refused.WithLabelValues(o.binary.Plugin, o.binary.Version, refused.reason).Inc()
	o.log.Warn("plugin was refused a destination", "to", to, "why", refused.why)
	w.Header().Set(sdk.EgressHeader, refused.why)
	http.Error(w, refused.why, http.StatusForbidden)
}
