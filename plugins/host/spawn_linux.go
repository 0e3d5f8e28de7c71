package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Plugin processes of a host that runs as root get user ids from this range, one each.
const (
	firstUID = 64000
	lastUID  = 64999
)

// spawner forks every plugin from one thread that lives as long as the host. The kernel ties a child's parent-death signal to the
// thread that forked it, and hands that thread's no-new-privileges flag on to the child.
type spawner struct {
	jobs   chan spawnJob
	done   chan struct{}
	root   bool
	noNew  error // why no-new-privileges could not be set
	limit  bool  // resource limits can be set on the children
	noCell error // why plugins cannot be jailed
	uids   atomic.Int64
	life   *os.File // read end of a pipe that the host's death closes
	alive  *os.File // its other end
}

type spawnJob struct {
	cmd    *exec.Cmd
	result chan<- error
}

// newSpawner finds out, in the folder, how plugins can be confined, up to the tier if it is given.
func newSpawner(dir string, most Tier) (*spawner, error) {
	s := &spawner{jobs: make(chan spawnJob), done: make(chan struct{}), root: os.Geteuid() == 0}
	var err error
	if s.life, s.alive, err = os.Pipe(); err != nil {
		return nil, err
	}
	s.limit = !s.root || mayLimitOthers()
	set := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		defer close(s.done)
		set <- unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		for j := range s.jobs {
			j.result <- j.cmd.Start()
		}
	}()
	s.noNew = <-set
	if s.noCell = errors.New("it is switched off"); most == "" || most >= Jail {
		s.noCell = s.tryJail(dir)
	}
	return s, nil
}

// close ends the thread, and with it whatever it forked that still lives.
func (s *spawner) close() {
	close(s.jobs)
	<-s.done
	_ = s.life.Close()
	_ = s.alive.Close()
}

func (s *spawner) tier() (t Tier, why string) {
	switch {
	case s.noCell == nil && s.root:
		return Jail, "a user id, a root folder and namespaces per plugin, no network but the host's proxy, resource limits"
	case s.noCell == nil:
		return Jail, "a root folder and namespaces per plugin, no network but the host's proxy, resource limits; all under the host's own user id, in user namespaces"
	case s.root && s.noNew == nil:
		limits := "resource limits"
		if !s.limit {
			limits = "but no resource limits (the host lacks CAP_SYS_RESOURCE)"
		}
		return Basic, fmt.Sprintf("a user id per plugin and no new privileges, %s; files and network are not walled off, for no jail can be built: %v", limits, s.noCell)
	default:
		return Dev, fmt.Sprintf("plugins run under the host's own user id and can reach what it can, for no jail can be built: %v", errors.Join(s.noCell, s.noNew))
	}
}

func (s *spawner) nextUID() int {
	if !s.root {
		return -1
	}
	return firstUID + int(s.uids.Add(1)-1)%(lastUID-firstUID+1)
}

// prepare makes the command that executes the open file, in a jail below dir where that can be, with sockets in a folder that the host reaches as well.
func (s *spawner) prepare(name string, file *os.File, env []string, uid int, root string) (*exec.Cmd, error) {
	if s.noCell == nil {
		return s.jailed(cell{Root: root, Name: name, UID: max(uid, 0), User: !s.root}, file, env)
	}
	// The file itself, as the child has it: no other one can slip in after the hashing.
	cmd := &exec.Cmd{Path: "/proc/self/fd/3", Args: []string{name}, Dir: root, Env: env, ExtraFiles: []*os.File{file}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if uid >= 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	return cmd, nil
}

func (s *spawner) fork(cmd *exec.Cmd) error {
	result := make(chan error)
	s.jobs <- spawnJob{cmd, result}
	return <-result
}

// started closes the files that only the child needs.
func (s *spawner) started(cmd *exec.Cmd) {
	for _, f := range cmd.ExtraFiles {
		if f != s.life {
			_ = f.Close()
		}
	}
}

func (s *spawner) start(cmd *exec.Cmd) error {
	if err := s.fork(cmd); err != nil {
		return err
	}
	if s.noCell == nil || !s.limit {
		return nil
	}
	return setLimits(cmd.Process.Pid)
}

// inside is how the plugin names a path of the host's, and outside the way back.
func (s *spawner) inside(root, path string) string {
	if s.noCell != nil {
		return path
	}
	return "/" + strings.TrimPrefix(strings.TrimPrefix(path, root), "/")
}

func (s *spawner) outside(pid int, path string) string {
	if s.noCell != nil {
		return path
	}
	return filepath.Join("/proc", fmt.Sprint(pid), "root", path)
}

// mayLimitOthers says whether limits can be set on a process under another user id, which takes a capability that containers often lack.
func mayLimitOthers() bool {
	var data [2]unix.CapUserData
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	return unix.Capget(&head, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SYS_RESOURCE) != 0
}

// setLimits says what the process may take, before it has said its first word.
func setLimits(pid int) error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_NOFILE: 1024,
		unix.RLIMIT_CORE:   0,
		unix.RLIMIT_FSIZE:  64 << 20,
		unix.RLIMIT_DATA:   1 << 30,
	} {
		if err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil && err != unix.ESRCH {
			killGroup(pid)
			return fmt.Errorf("resource limit: %w", err)
		}
	}
	return nil
}

func killGroup(pid int) {
	if pid > 0 {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
