package host

import (
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin"

	"allhours/plugins/sdk"
)

// childRunner is go-plugin's view of a process that we own: we verify the file, start it, see it die and kill its group.
type childRunner struct {
	proc *process
	uid  int // -1: the host's own

	cmd            *exec.Cmd
	egress         *egress
	root           string   // the folder that the plugin works in, or that is its root
	stdout, stderr *os.File // read by go-plugin and by our logs
	quietR, quietW *os.File // what go-plugin gets for stderr: nothing, until the process is dead

	id      atomic.Int64 // process id, once it runs
	dead    chan struct{}
	quiet   chan struct{} // closed when its last words are read
	exit    error         // set before dead is closed
	refused error         // why the file was not started
}

func newChildRunner(p *process) *childRunner {
	return &childRunner{proc: p, uid: p.host.spawn.nextUID(), dead: make(chan struct{}), quiet: make(chan struct{})}
}

// group is who shares the folder of the sockets with the host.
func (c *childRunner) group() string {
	if c.uid < 0 || c.proc.host.tier == Jail {
		return ""
	}
	return strconv.Itoa(c.uid)
}

// prepare hashes the binary and makes the command that executes the very file that was hashed.
func (c *childRunner) prepare(env []string, tmp string) (err error) {
	defer func() { c.refused = err }()
	file, err := c.verified()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	spawn := c.proc.host.spawn
	if c.root = tmp; c.proc.host.tier == Jail {
		c.root = filepath.Join(c.proc.host.dir.path, "j"+strconv.FormatInt(c.proc.host.jails.Add(1), 10))
		env = append(env, plugin.EnvUnixSocketDir+"=/tmp")
		if err = makeJail(c.root); err != nil {
			return fmt.Errorf("make jail: %w", err)
		}
	}
	if c.egress, err = c.proc.outlet.open(filepath.Join(c.root, "egress")); err != nil {
		return fmt.Errorf("egress: %w", err)
	}
	env = append(append([]string{"TZ=UTC", "GOMEMLIMIT=256MiB", sdk.EgressEnv + "=" + spawn.inside(c.root, c.egress.path)}, c.proc.host.cfg.Env...), env...)
	c.cmd, err = spawn.prepare(filepath.Base(c.proc.binary.Path), file, env, c.uid, c.root)
	return err
}

// clear removes what prepare made, once the process is gone or has never been.
func (c *childRunner) clear() {
	c.egress.close()
	if c.proc.host.tier == Jail && c.root != "" {
		_ = os.RemoveAll(c.root)
	}
}

func (c *childRunner) verified() (*os.File, error) {
	b := c.proc.binary
	file, err := os.Open(b.Path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBlocked, err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%w: read %s: %w", errBlocked, b.Path, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != b.SHA256 {
		_ = file.Close()
		return nil, fmt.Errorf("%w: %s has checksum %s, recorded is %s", errBlocked, b.Path, got, b.SHA256)
	}
	if c.proc.host.tier == Jail {
		if f, err := elf.NewFile(file); err == nil && slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
			_ = file.Close()
			return nil, fmt.Errorf("%w: %s needs shared libraries, and there are none in a jail: build it with CGO_ENABLED=0", errBlocked, b.Path)
		}
	}
	return file, nil
}

// Start runs the process in a group of its own. It dies with the host.
func (c *childRunner) Start(context.Context) error {
	outR, outW, err := os.Pipe()
	if err != nil {
		return err
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		return err
	}
	if c.quietR, c.quietW, err = os.Pipe(); err != nil {
		return err
	}
	c.stdout, c.stderr = outR, errR
	c.cmd.Stdout, c.cmd.Stderr = outW, errW
	err = c.proc.host.spawn.start(c.cmd)
	_ = outW.Close()
	_ = errW.Close()
	c.proc.host.spawn.started(c.cmd)
	if err != nil {
		_ = outR.Close()
		_ = errR.Close()
		_ = c.quietR.Close()
		_ = c.quietW.Close()
		c.refused = fmt.Errorf("start %s: %w", c.proc.binary.Path, err)
		return c.refused
	}
	c.id.Store(int64(c.cmd.Process.Pid))
	go func() { defer close(c.quiet); c.proc.logs.read(errR) }()
	go c.wait()
	return nil
}

// wait sees the death of the process itself. Its children may hold the pipes: they are killed, and the pipes closed all the same.
func (c *childRunner) wait() {
	c.exit = c.cmd.Wait()
	if c.exit == nil {
		c.exit = errors.New("exit status 0")
	}
	close(c.dead)
	killGroup(c.pid())
	soon := time.Now().Add(200 * time.Millisecond)
	_ = c.stderr.SetReadDeadline(soon)
	_ = c.stdout.SetReadDeadline(soon)
	<-c.quiet
	_ = c.stderr.Close()
	_ = c.quietW.Close()
}

func (c *childRunner) kill() {
	select {
	case <-c.dead:
	default:
		killGroup(c.pid())
	}
}

func (c *childRunner) pid() int { return int(c.id.Load()) }

// Wait returns when the process is dead.
func (c *childRunner) Wait(context.Context) error {
	<-c.dead
	return nil
}

// Kill kills the process and its children.
func (c *childRunner) Kill(context.Context) error {
	c.kill()
	return nil
}

// Diagnose gives go-plugin the last lines of the log, for its error.
func (c *childRunner) Diagnose(context.Context) string {
	last := c.proc.logs.last()
	if len(last) == 0 {
		return ""
	}
	return "the plugin's last words: " + last[len(last)-1]
}

func (c *childRunner) Stdout() io.ReadCloser { return c.stdout }
func (c *childRunner) Stderr() io.ReadCloser { return c.quietR }
func (c *childRunner) Name() string          { return c.proc.binary.Plugin }

// ID is empty until the process runs: go-plugin kills nothing then.
func (c *childRunner) ID() string {
	if c.pid() == 0 {
		return ""
	}
	return strconv.Itoa(c.pid())
}

// PluginToHost finds the socket of a plugin that has a root of its own.
func (c *childRunner) PluginToHost(network, addr string) (string, string, error) {
	return network, c.proc.host.spawn.outside(c.pid(), addr), nil
}

// HostToPlugin would be the way back; the host serves no plugin by sockets of go-plugin's.
func (c *childRunner) HostToPlugin(network, addr string) (string, string, error) {
	return network, c.proc.host.spawn.inside(c.root, addr), nil
}
