package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child that dies with us.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the child has ended
	err  error         // how it ended; valid after done
}

// spawn starts cmd in its own process group (a Ctrl-C at the terminal is ours
// to handle, not the child's) and asks the kernel to send it onDeath if we die.
// The kernel ties that promise to the thread that forked, so the goroutine keeps
// its thread until the child has ended.
func spawn(cmd *exec.Cmd, onDeath syscall.Signal, as *account) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr, onDeath)
	if as != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	return p, nil
}

// stop asks with each signal in turn, giving each its time.
func (p *process) stop(asks ...ask) error {
	for _, a := range asks {
		if err := p.cmd.Process.Signal(a.signal); errors.Is(err, os.ErrProcessDone) {
			break
		}
		select {
		case <-p.done:
			return nil
		case <-time.After(a.wait):
		}
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(5 * time.Second):
		return fmt.Errorf("%s (pid %d) does not stop", filepath.Base(p.cmd.Path), p.cmd.Process.Pid)
	}
}

type ask struct {
	signal syscall.Signal
	wait   time.Duration
}

// reap ends the process that a killed run left behind. Its id is the first line
// of pidFile; ids are used again by the kernel, so the process must also be
// `program` and have dir among its arguments or as its working folder.
func reap(pidFile, program, dir string, asks ...ask) error {
	b, err := os.ReadFile(pidFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", pidFile, err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 || !runs(pid, program, dir) {
		return os.Remove(pidFile)
	}
	for _, a := range asks {
		if err := syscall.Kill(pid, a.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop orphan %s (pid %d): %w", program, pid, err)
		}
		for end := time.Now().Add(a.wait); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if !runs(pid, program, dir) {
				os.Remove(pidFile)
				return nil
			}
		}
	}
	return fmt.Errorf("%s (pid %d) of an earlier run does not stop: end it by hand", program, pid)
}

// runs reports whether pid is a live process of that program working in dir.
func runs(pid int, program, dir string) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	if cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(stat), ") Z ") {
			return false
		}
		cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
		return strings.Contains(string(cmdline), program) && (cwd == dir || strings.Contains(string(cmdline), dir))
	}
	out, err := exec.Command("ps", "-ww", "-p", strconv.Itoa(pid), "-o", "command=").Output()
	return err == nil && strings.Contains(string(out), program) && strings.Contains(string(out), dir)
}
