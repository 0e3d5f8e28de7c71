package host

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
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
	jobs  chan spawnJob
	done  chan struct{}
	root  bool
	noNew error // why no-new-privileges could not be set
	limit bool  // resource limits can be set on the children
	uids  atomic.Int64
}

type spawnJob struct {
	cmd    *exec.Cmd
	result chan<- error
}

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan spawnJob), done: make(chan struct{}), root: os.Geteuid() == 0}
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
	return s
}

// close ends the thread, and with it whatever it forked that still lives.
func (s *spawner) close() {
	close(s.jobs)
	<-s.done
}

func (s *spawner) tier() (tier, why string) {
	switch {
	case s.noNew != nil:
		return "T0 dev", fmt.Sprintf("no confinement: no-new-privileges: %v", s.noNew)
	case !s.root:
		return "T0 dev", "plugins run under the host's own user id with no new privileges and resource limits; start the host as root for a user id per plugin"
	case !s.limit:
		return "T1 basic", "a user id per plugin and no new privileges, but no resource limits: the host lacks CAP_SYS_RESOURCE; files and network are not walled off"
	default:
		return "T1 basic", "a user id per plugin, no new privileges, resource limits; files and network are not walled off"
	}
}

func (s *spawner) nextUID() int {
	if !s.root {
		return -1
	}
	return firstUID + int(s.uids.Add(1)-1)%(lastUID-firstUID+1)
}

func (s *spawner) start(cmd *exec.Cmd, uid int) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if uid >= 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	result := make(chan error)
	s.jobs <- spawnJob{cmd, result}
	if err := <-result; err != nil {
		return err
	}
	if !s.limit {
		return nil
	}
	return setLimits(cmd.Process.Pid)
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

// executable names the open file itself, which the child has as descriptor 3: no other file can slip in after the hashing.
func executable(*os.File) string { return "/proc/self/fd/3" }

func killGroup(pid int) {
	if pid > 0 {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
