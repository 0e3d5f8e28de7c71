package host

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// State of a plugin's process.
type State string

// The states: stopped -> starting -> ready -> backoff -> starting ...; backoff -> quarantined after too many crashes; any -> blocked
// when the file is not the one recorded or does not speak the contract.
const (
	Stopped     State = "stopped"
	Starting    State = "starting"
	Ready       State = "ready"
	Backoff     State = "backoff"
	Quarantined State = "quarantined"
	Blocked     State = "blocked"
)

var allStates = []State{Stopped, Starting, Ready, Backoff, Quarantined, Blocked}

func (s State) gaveUp() bool { return s == Quarantined || s == Blocked }

// Status of a process, for the console.
type Status struct {
	State    State
	Reason   string    // why it is not ready
	Next     time.Time // of the next start, in back-off
	PID      int
	Crashes  int // in the last ten minutes
	LastLogs []string
	CutOff   []string // methods of the installation that are held back after failures
}

const (
	backoffFirst   = 100 * time.Millisecond
	backoffCap     = time.Minute
	crashWindow    = 10 * time.Minute
	crashLimit     = 5
	healthyAfter   = 5 * time.Minute // forgets earlier crashes
	longestPending = 3 * time.Second // a call waits for a restart that is nearer than this
)

// errBlocked marks a failure that starting again cannot mend.
var errBlocked = errors.New("blocked")

// process keeps one plugin process alive. supervise is the only writer of its state.
type process struct {
	host   *Host
	binary Binary
	live   bool
	logs   *logs
	outlet *outlet

	stopping chan struct{}
	stopOnce sync.Once

	mu      sync.Mutex
	status  Status
	run     *running
	changed chan struct{} // closed and replaced at every change of state
	crashes []time.Time
}

func newProcess(h *Host, b Binary, live bool) *process {
	log := h.cfg.Log.With("plugin", b.Plugin, "version", b.Version)
	return &process{
		host: h, binary: b, live: live, stopping: make(chan struct{}), changed: make(chan struct{}),
		status: Status{State: Starting}, logs: newLogs(log), outlet: newOutlet(h, b, log),
	}
}

// Status tells the state and, where it is bad, the reason and the last lines the plugin wrote.
func (p *process) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.status
	s.Crashes = len(p.crashes)
	if s.State != Ready {
		s.LastLogs = p.logs.last()
	}
	return s
}

// ready returns the running process, waiting for a start that is under way or near.
func (p *process) ready(ctx context.Context) (*running, error) {
	for {
		p.mu.Lock()
		run, status, changed := p.run, p.status, p.changed
		p.mu.Unlock()
		switch {
		case run != nil && run.alive():
			return run, nil
		case status.State.gaveUp(), status.State == Stopped:
			return nil, fmt.Errorf("%w: process is %s: %s", ErrNotSent, status.State, status.Reason)
		case status.State == Backoff && time.Until(status.Next) > longestPending:
			return nil, fmt.Errorf("%w: process is restarting in %s: %s", ErrNotSent, time.Until(status.Next).Round(time.Second), status.Reason)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: process is %s: %w (%s)", ErrNotSent, status.State, ctx.Err(), status.Reason)
		}
	}
}

func (p *process) set(s Status, run *running) {
	p.mu.Lock()
	p.status, p.run = s, run
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
	mode := "sandbox"
	if p.live {
		mode = "live"
	}
	for _, one := range allStates {
		v := 0.0
		if one == s.State {
			v = 1
		}
		p.host.metrics.state.WithLabelValues(p.binary.Plugin, p.binary.Version, mode, string(one)).Set(v)
	}
}

// supervise starts the process, waits for its death, and starts it again, until it is stopped or given up.
func (p *process) supervise() {
	failures := 0
	for {
		p.set(Status{State: Starting}, nil)
		began := time.Now()
		run, err := launch(p)
		if err == nil {
			p.logs.log.Info("plugin process ready", "pid", run.pid(), "uid", run.uid, "took", time.Since(began).Round(time.Millisecond))
			p.set(Status{State: Ready, PID: run.pid()}, run)
			err = p.watch(run)
		}
		if p.isStopping() {
			p.set(Status{State: Stopped, Reason: "stopped"}, nil)
			return
		}
		if errors.Is(err, errBlocked) {
			p.logs.log.Error("plugin blocked", "error", err)
			p.set(Status{State: Blocked, Reason: err.Error()}, nil)
			return
		}
		if time.Since(began) > healthyAfter {
			failures = 0
		}
		failures++
		if p.tooMany(time.Now()) {
			p.logs.log.Error("plugin quarantined", "crashes", crashLimit, "within", crashWindow, "error", err, "last_lines", p.logs.last())
			p.set(Status{State: Quarantined, Reason: fmt.Sprintf("%d crashes in %s, the last: %v", crashLimit, crashWindow, err)}, nil)
			return
		}
		if !p.pause(backoff(failures), err) {
			p.set(Status{State: Stopped, Reason: "stopped"}, nil)
			return
		}
		p.host.metrics.restarts.WithLabelValues(p.binary.Plugin, p.binary.Version).Inc()
	}
}

// watch returns when the process is dead: of itself, by failing its health checks, or because it was told to stop.
func (p *process) watch(run *running) error {
	defer run.end()
	every := p.host.cfg.HealthEvery
	tick := time.NewTicker(every)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-run.dead():
			return run.cause()
		case <-p.stopping:
			run.drain(p.host.cfg.Grace)
			return nil
		case <-tick.C:
			if err := run.health(min(time.Second, every/2)); err == nil {
				missed = 0
			} else if missed++; missed == 3 {
				run.kill()
				<-run.dead()
				return fmt.Errorf("no answer to 3 health checks: %w", err)
			}
		}
	}
}

func (p *process) tooMany(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	recent := p.crashes[:0]
	for _, t := range p.crashes {
		if now.Sub(t) < crashWindow {
			recent = append(recent, t)
		}
	}
	p.crashes = append(recent, now)
	return len(p.crashes) >= crashLimit
}

func (p *process) pause(d time.Duration, why error) bool {
	p.logs.log.Warn("plugin process died", "error", why, "restart_in", d)
	p.set(Status{State: Backoff, Reason: fmt.Sprint(why), Next: time.Now().Add(d)}, nil)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.stopping:
		return false
	}
}

// backoff doubles from 100 ms to a minute, give or take a fifth.
func backoff(failures int) time.Duration {
	d := backoffCap
	if failures < 11 {
		d = min(backoffCap, backoffFirst<<(failures-1))
	}
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

func (p *process) stop() { p.stopOnce.Do(func() { close(p.stopping) }) }

func (p *process) isStopping() bool {
	select {
	case <-p.stopping:
		return true
	default:
		return false
	}
}
