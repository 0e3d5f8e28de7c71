package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

// childRunner is go-plugin's view of a process that we own: we verify the file, start it, see it die and kill its group.
type childRunner struct {
	proc *process
	uid  int // -1: the host's own

	cmd            *exec.Cmd
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

func (c *childRunner) group() string {
	if c.uid < 0 {
		return ""
	}
	return strconv.Itoa(c.uid)
}

// prepare hashes the binary and makes the command that executes the very file that was hashed.
func (c *childRunner) prepare(env []string, tmp string) error {
	file, err := c.verified()
	if err != nil {
		c.refused = err
		return err
	}
	name := filepath.Base(c.proc.binary.Path)
	c.cmd = &exec.Cmd{
		Path: executable(file), Args: []string{name}, Dir: tmp,
		Env:        append(append([]string{"TZ=UTC", "GOMEMLIMIT=256MiB"}, c.proc.host.cfg.Env...), env...),
		ExtraFiles: []*os.File{file},
	}
	return nil
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
	err = c.proc.host.spawn.start(c.cmd, c.uid)
	_ = outW.Close()
	_ = errW.Close()
	for _, f := range c.cmd.ExtraFiles {
		_ = f.Close()
	}
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

// PluginToHost and HostToPlugin: both see the same file system.
func (c *childRunner) PluginToHost(network, addr string) (string, string, error) {
	return network, addr, nil
}

// HostToPlugin is the way back.
func (c *childRunner) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}
