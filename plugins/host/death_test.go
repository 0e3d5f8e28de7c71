package host_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"allhours/plugins/host"
	"allhours/plugins/sdk/pluginv1"
)

func TestKilledInACallComesBack(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	pid := pidOf(t, mustPay(t, h, target("a"), ""), "pid")
	failed := make(chan error, 1)
	go func() { _, err := pay(context.Background(), h, target("a"), "sleep"); failed <- err }()
	eventually(t, "the call is in flight", func() bool {
		r, err := pluginv1.NewRuntimeClient(h.Conn(target("a"))).Health(context.Background(), &pluginv1.HealthRequest{})
		return err == nil && r.GetInflight() == 1
	})
	killed := time.Now()
	syscall.Kill(pid, syscall.SIGKILL)
	err := <-failed
	if status.Code(err) != codes.Unavailable || errors.Is(err, host.ErrNotSent) {
		t.Errorf("a call lost in flight must not claim that nothing was done: %v", err)
	}
	// The new process knows no installation: that it is told is invisible here.
	if now := pidOf(t, mustPay(t, h, target("a"), ""), "pid"); now == pid {
		t.Error("same process?")
	}
	t.Logf("serving again after %s", time.Since(killed))
}

func TestStoppedProcessIsReplaced(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{HealthEvery: 100 * time.Millisecond})
	pid := pidOf(t, mustPay(t, h, target("a"), ""), "pid")
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "every thread is stopped", func() bool {
		stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, name := range stats {
			if raw, err := os.ReadFile(name); err == nil && !strings.Contains(string(raw), ") T ") {
				return false
			}
		}
		return true
	})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	began := time.Now()
	if _, err := pay(ctx, h, target("a"), ""); err == nil {
		t.Error("a stopped process answered")
	}
	if d := time.Since(began); d > 3*time.Second {
		t.Errorf("the call failed only after %s", d)
	}
	mustPay(t, h, target("a"), "")
	if !gone(pid) {
		t.Error("the stopped process is still there")
	}
}

func TestCallDeadlineHolds(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	mustPay(t, h, target("a"), "")
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := pay(ctx, h, target("a"), "stubborn")
	if status.Code(err) != codes.DeadlineExceeded || time.Since(began) > time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func TestGrandchildrenDieToo(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{MaxTier: host.Basic}) // in a jail there is nothing to start
	data := mustPay(t, h, target("a"), "child")
	pid, child := pidOf(t, data, "pid"), pidOf(t, data, "child")
	killed := time.Now()
	syscall.Kill(pid, syscall.SIGKILL)
	eventually(t, "the plugin's child is dead", func() bool { return gone(child) })
	mustPay(t, h, target("a"), "")
	if d := time.Since(killed); d > 3*time.Second {
		t.Errorf("a child that holds the pipes delayed the restart by %s", d)
	}
}

func TestCrashLoopEndsInQuarantine(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	crash := target("a")
	eventually(t, "quarantine", func() bool {
		_, _ = pay(context.Background(), h, crash, "exit")
		return h.Status(crash).State == host.Quarantined
	})
	s := h.Status(crash)
	if !strings.Contains(s.Reason, "exit status 3") || !strings.Contains(strings.Join(s.LastLogs, "\n"), "last words") {
		t.Errorf("reason %q, last lines %q", s.Reason, s.LastLogs)
	}
	if _, err := pay(context.Background(), h, crash, ""); !errors.Is(err, host.ErrNotSent) {
		t.Errorf("a quarantined plugin was called: %v", err)
	}
	h.Retry(crash)
	mustPay(t, h, crash, "")
}

func TestPluginsDieWithTheHost(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "ah")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o711)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HOST_TEST_CHILD="+binary.Path, "HOST_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || gone(pid) {
		t.Fatalf("no plugin process: %q", line)
	}
	cmd.Process.Kill()
	_ = cmd.Wait()
	eventually(t, "the plugin is dead", func() bool { return gone(pid) })
	// The next host removes the sockets of the dead one.
	h, err := host.New(host.Config{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCloseLetsCallsEnd(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	pid := pidOf(t, mustPay(t, h, target("a"), ""), "pid")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if !gone(pid) {
		t.Error("the process outlived the host")
	}
	if _, err := pay(context.Background(), h, target("a"), ""); !errors.Is(err, host.ErrNotSent) {
		t.Errorf("after Close: %v", err)
	}
}
