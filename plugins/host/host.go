// Package host runs plugins: programs that others wrote, each in a process of its own, reached by gRPC over a private socket.
//
// It owns those processes. It starts a binary only when its checksum is the one recorded, gives it none of the host's environment,
// watches it, starts it again when it dies, gives up on one that keeps dying, and leaves none behind. One process serves all
// tenants that use the same version in the same mode; live and sandbox installations never share one.
//
// It knows nothing of shops, orders or the database: callers bring a Target and get a grpc.ClientConnInterface.
package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"allhours/plugins/sdk/pluginv1"
)

// Config of a Host. The zero value is ready for use.
type Config struct {
	RunDir       string // sockets live below it; default: a folder of this user below the system's temporary one
	Log          *slog.Logger
	Metrics      prometheus.Registerer
	BreakerPause time.Duration  // before a method that was cut off is tried again; default 15 s
	HealthEvery  time.Duration  // default 5 s; a check has 1 s to answer, or half of that interval if it is shorter
	Grace        time.Duration  // for calls in flight when a process is stopped; default 5 s
	Env          []string       // KEY=value lines for plugins, which get nothing of the host's environment
	MaxTier      Tier           // confine plugins no further, for a developer who looks into one; default: as far as can be
	MinTier      Tier           // New fails where plugins cannot be confined so far; default: any
	Private      []netip.Prefix // networks that are not public but that plugins may reach at the hosts they declare
}

// Binary is one released version of a plugin, as recorded when it was installed.
type Binary struct {
	Plugin         string // "allhours/sandboxpay"
	Version        string
	Path           string
	SHA256         string // of the file at Path, in hex
	ManifestSHA256 string // what Describe must answer; empty: not compared
}

// Target is an installation to call: a tenant's configured copy of a plugin.
type Target struct {
	Binary       Binary
	Tenant       string
	Installation string
	Rev          uint64 // of the configuration
	Live         bool
	// Load fetches the configuration of revision Rev. It is called only when the process does not have it yet.
	Load func(context.Context) (Settings, error)
}

// Settings of an installation, secrets in the clear. They go to the plugin's process and nowhere else.
type Settings struct {
	Config     map[string]any
	Secrets    map[string]string
	WebhookURL string
	Egress     []string // "host:port" that the installation may reach; "*.example.com:443" is any one name below it
}

// ErrNotSent marks an error of a call that never reached the plugin: it is certain that nothing was done.
var ErrNotSent = errors.New("the plugin was not called")

// Host runs plugin processes.
type Host struct {
	cfg      Config
	dir      *runDir
	spawn    *spawner
	tier     Tier
	jails    atomic.Int64
	metrics  *metrics
	gates    gates
	breakers breakers

	mu     sync.Mutex
	procs  map[key]*process
	closed bool
	wg     sync.WaitGroup
	end    sync.Once
	ended  error
}

// key names a process: which file, and whether it may touch real money.
type key struct {
	plugin, version, sha256 string
	live                    bool
}

// New makes a host and removes what a killed one left behind. It logs which tier of confinement its plugins get.
func New(cfg Config) (*Host, error) {
	if cfg.RunDir == "" {
		cfg.RunDir = filepath.Join(os.TempDir(), fmt.Sprintf("allhours-plugins-%d", os.Getuid()))
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.BreakerPause == 0 {
		cfg.BreakerPause = breakerPause
	}
	if cfg.HealthEvery == 0 {
		cfg.HealthEvery = 5 * time.Second
	}
	if cfg.Grace == 0 {
		cfg.Grace = 5 * time.Second
	}
	dir, err := newRunDir(cfg.RunDir)
	if err != nil {
		return nil, fmt.Errorf("plugin run folder %s: %w", cfg.RunDir, err)
	}
	spawn, err := newSpawner(dir.path, cfg.MaxTier)
	if err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	h := &Host{cfg: cfg, dir: dir, spawn: spawn, metrics: newMetrics(cfg.Metrics), procs: map[key]*process{}, breakers: breakers{pause: cfg.BreakerPause, all: map[breakerKey]*breaker{}}}
	tier, why := spawn.tier()
	h.tier = tier
	if tier < cfg.MinTier {
		spawn.close()
		return nil, errors.Join(fmt.Errorf("plugins can be confined to tier %s only, and %s is asked for: %s", tier, cfg.MinTier, why), dir.remove())
	}
	cfg.Log.Info("plugin host ready", "tier", tier, "why", why, "run_dir", dir.path)
	return h, nil
}

// Close lets calls in flight end, for the grace configured, then stops every plugin process. None is left when it returns.
func (h *Host) Close() error {
	h.mu.Lock()
	h.closed = true
	procs := make([]*process, 0, len(h.procs))
	for _, p := range h.procs {
		procs = append(procs, p)
	}
	h.mu.Unlock()
	for _, p := range procs {
		p.stop()
	}
	h.wg.Wait()
	h.end.Do(func() {
		h.spawn.close()
		h.ended = h.dir.remove()
	})
	return h.ended
}

// Conn returns a connection on which the generated clients call the target: pluginv1.NewPaymentClient(h.Conn(t)). The process is
// started when the first call is made. Call fields of the request are filled in, but for idempotency_key and locale.
func (h *Host) Conn(t Target) grpc.ClientConnInterface { return &conn{host: h, target: t} }

// Test tries settings that are not saved yet.
func (h *Host) Test(ctx context.Context, t Target, s Settings) (*pluginv1.TestConnectionResponse, error) {
	config, err := asStruct(s.Config)
	if err != nil {
		return nil, err
	}
	p, err := h.process(t)
	if err != nil {
		return nil, err
	}
	trial := "test " + uuid.NewString()
	p.outlet.permit(trial, s.Egress)
	defer p.outlet.permit(trial, nil)
	return pluginv1.NewRuntimeClient(h.Conn(t)).TestConnection(ctx, &pluginv1.TestConnectionRequest{
		Config: config, Secrets: s.Secrets, WebhookUrl: s.WebhookURL,
	})
}

// Drop makes a running process forget an installation. A process that does not run has nothing to forget.
func (h *Host) Drop(ctx context.Context, t Target) error {
	h.mu.Lock()
	p := h.procs[t.key()]
	h.mu.Unlock()
	if p == nil {
		return nil
	}
	p.outlet.permit(t.Installation, nil)
	h.breakers.forget(t.Installation)
	if p.Status().State != Ready {
		return nil
	}
	_, err := pluginv1.NewRuntimeClient(h.Conn(t)).DropInstance(ctx, &pluginv1.DropInstanceRequest{})
	return err
}

// Retry lifts the quarantine or block of a target's process and lets its calls through: "try again".
func (h *Host) Retry(t Target) {
	h.breakers.forget(t.Installation)
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.procs[t.key()]; p != nil && p.Status().State.gaveUp() {
		delete(h.procs, t.key())
	}
}

// Status of the process that serves a target.
func (h *Host) Status(t Target) Status {
	h.mu.Lock()
	p := h.procs[t.key()]
	h.mu.Unlock()
	s := Status{State: Stopped}
	if p != nil {
		s = p.Status()
	}
	s.CutOff = h.breakers.cutOff(t.Installation)
	return s
}

func (t Target) key() key {
	return key{plugin: t.Binary.Plugin, version: t.Binary.Version, sha256: t.Binary.SHA256, live: t.Live}
}

// process returns the supervised process for a target, new or known.
func (h *Host) process(t Target) (*process, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, fmt.Errorf("%w: the host is closing", ErrNotSent)
	}
	p := h.procs[t.key()]
	if p == nil {
		p = newProcess(h, t.Binary, t.Live)
		h.procs[t.key()] = p
		h.wg.Go(p.supervise)
	}
	return p, nil
}
