//go:build !linux

package host

import (
	"os"
	"os/exec"
	"syscall"
)

// spawner starts plugins without confinement: a developer's machine.
type spawner struct{}

func newSpawner() *spawner { return &spawner{} }

func (s *spawner) close() {}

func (s *spawner) tier() (tier, why string) {
	return "T0 dev", "this operating system offers no confinement that the host knows"
}

func (s *spawner) nextUID() int { return -1 }

func (s *spawner) start(cmd *exec.Cmd, _ int) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd.Start()
}

func executable(f *os.File) string { return f.Name() }

func killGroup(pid int) {
	if pid > 0 {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
