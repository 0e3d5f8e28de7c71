//go:build !linux

package host

import (
	"os"
	"os/exec"
	"syscall"
)

// spawner starts plugins without confinement: a developer's machine.
type spawner struct{}

func newSpawner(string, Tier) (*spawner, error) { return &spawner{}, nil }

func (s *spawner) close() {}

func (s *spawner) tier() (t Tier, why string) {
	return Dev, "this operating system offers no confinement that the host knows"
}

func (s *spawner) nextUID() int { return -1 }

func (s *spawner) prepare(name string, file *os.File, env []string, _ int, dir string) (*exec.Cmd, error) {
	return &exec.Cmd{Path: file.Name(), Args: []string{name}, Dir: dir, Env: env, ExtraFiles: []*os.File{file}, SysProcAttr: &syscall.SysProcAttr{Setpgid: true}}, nil
}

func (s *spawner) start(cmd *exec.Cmd) error { return cmd.Start() }

func (s *spawner) started(cmd *exec.Cmd) {
	for _, f := range cmd.ExtraFiles {
		_ = f.Close()
	}
}

func (s *spawner) inside(_, path string) string      { return path }
func (s *spawner) outside(_ int, path string) string { return path }

func killGroup(pid int) {
	if pid > 0 {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
