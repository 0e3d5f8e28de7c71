package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A jailed plugin sees an empty root with certificates and a small /tmp, no network, no process but its own, and may take only so much. It is entered in two steps: the kernel puts
// a copy of this program, which calls itself jailer, into new namespaces; that copy walls itself in and becomes the plugin, by executing the open file that was verified.
const (
	jailer     = "allhours-jail"
	jailTmp    = "size=16m,nr_inodes=256,mode=0700"
	jailMemory = 512 << 20
	jailTasks  = 64
)

// The jailer's descriptors beside the standard ones.
const (
	jailBinary = 3 + iota // what to become
	jailSpec              // a cell as JSON
	jailHost              // a pipe whose other end closes when the host dies
)

// cell tells the jailer what to build.
type cell struct {
	Root string // the folder that becomes /
	Name string // argv[0] of the plugin
	UID  int    // to work as; 0 in a user namespace, where root is nobody
	User bool   // in a user namespace
	Try  bool   // build it and end, to see whether it can be done
}

func init() {
	if len(os.Args) > 0 && os.Args[0] == jailer {
		fmt.Fprintln(os.Stderr, "jail:", becomePlugin())
		os.Exit(126)
	}
}

// becomePlugin does not return if all goes well. Everything here is about this one thread: exec leaves no other.
func becomePlugin() error {
	runtime.LockOSThread()
	for _, fd := range []int{jailBinary, jailSpec, jailHost} {
		unix.CloseOnExec(fd)
	}
	var c cell
	if err := json.NewDecoder(os.NewFile(jailSpec, "cell")).Decode(&c); err != nil {
		return fmt.Errorf("read what to build: %w", err)
	}
	steps := []struct {
		what string
		do   func() error
	}{
		{"mount", c.mount},
		{"change the root", func() error { return errors.Join(unix.Chroot(c.Root), unix.Chdir("/")) }},
		{"set limits", c.limit},
		{"give up rights", c.giveUpRights},
		{"no new privileges", func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }},
		{"die with the host", dieWithHost},
		{"landlock", lockLand},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
	}
	if c.Try {
		os.Exit(0)
	}
	return execute(jailBinary, c.Name)
}

func (c cell) mount() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	for _, d := range devices {
		if err := unix.Mount(filepath.Join("/dev", d), filepath.Join(c.Root, "dev", d), "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("/dev/%s: %w", d, err)
		}
	}
	options := fmt.Sprintf("%s,uid=%d,gid=%d", jailTmp, c.UID, c.UID)
	return unix.Mount("tmpfs", filepath.Join(c.Root, "tmp"), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, options)
}

func (c cell) limit() error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_NOFILE: 1024,
		unix.RLIMIT_CORE:   0,
		unix.RLIMIT_FSIZE:  64 << 20,
		unix.RLIMIT_DATA:   jailMemory,
		unix.RLIMIT_NPROC:  jailTasks,
	} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return err
		}
	}
	return nil
}

// giveUpRights becomes a user of its own, or, in a user namespace, a root that can do nothing that another user could not.
func (c cell) giveUpRights() error {
	if !c.User {
		id := uintptr(c.UID)
		for _, call := range [][4]uintptr{{unix.SYS_SETGROUPS}, {unix.SYS_SETRESGID, id, id, id}, {unix.SYS_SETRESUID, id, id, id}} {
			if _, _, no := unix.RawSyscall(call[0], call[1], call[2], call[3]); no != 0 {
				return no
			}
		}
		return nil
	}
	const noRoot, noFixUp = 1<<0 | 1<<1, 1<<2 | 1<<3 // SECBIT_NOROOT and SECBIT_NO_SETUID_FIXUP with their locks
	if err := unix.Prctl(unix.PR_SET_SECUREBITS, noRoot|noFixUp, 0, 0, 0); err != nil {
		return err
	}
	var none [2]unix.CapUserData
	return unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0])
}

// dieWithHost arms the parent-death signal, which the change of user has cleared, and makes sure that the host has not died in between.
func dieWithHost() error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	host := []unix.PollFd{{Fd: jailHost, Events: unix.POLLIN}}
	if n, err := unix.Poll(host, 0); err != nil || n != 0 {
		return errors.Join(errors.New("the host is gone"), err)
	}
	return nil
}

// Rights to files that Landlock has known from its first version, and what later ones added, by version. What is handled and not allowed is denied.
const (
	landlockFiles = 1<<13 - 1
	landlockRefer = unix.LANDLOCK_ACCESS_FS_REFER
	readable      = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	writable      = readable | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK
)

// lockLand allows the binary to be executed, the certificates to be read and /tmp to be written, and no other file; no TCP; and no signal or abstract socket to the outside. In an
// empty network namespace and a root of its own little of this is left to forbid: it is a second wall, with another builder.
func lockLand() error {
	version, _, no := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if no != 0 {
		return no
	}
	rules := unix.LandlockRulesetAttr{Handled_access_fs: landlockFiles}
	tmp := uint64(writable)
	if version >= 2 {
		rules.Handled_access_fs |= landlockRefer
	}
	if version >= 3 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
		tmp |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		rules.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 5 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		rules.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	set, _, no := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules), 0)
	if no != 0 {
		return no
	}
	defer func() { _ = unix.Close(int(set)) }()
	if err := allow(set, jailBinary, unix.LANDLOCK_ACCESS_FS_EXECUTE|unix.LANDLOCK_ACCESS_FS_READ_FILE); err != nil {
		return err
	}
	for path, access := range map[string]uint64{"/etc": readable, "/dev": readable | unix.LANDLOCK_ACCESS_FS_WRITE_FILE, "/tmp": tmp} {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		err = allow(set, fd, access)
		_ = unix.Close(fd)
		if err != nil {
			return err
		}
	}
	if _, _, no := unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); no != 0 {
		return no
	}
	return nil
}

func allow(set uintptr, fd int, access uint64) error {
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	if _, _, no := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0); no != 0 {
		return no
	}
	return nil
}

// execute becomes the program in the open file, with this process's environment.
func execute(fd int, name string) error {
	argv, err := syscall.SlicePtrFromStrings([]string{name})
	if err != nil {
		return err
	}
	envv, err := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil {
		return err
	}
	empty, err := syscall.BytePtrFromString("")
	if err != nil {
		return err
	}
	_, _, no := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(fd), uintptr(unsafe.Pointer(empty)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])), unix.AT_EMPTY_PATH, 0)
	return fmt.Errorf("execute %s: %w", name, no)
}

// jailed is the jailer in its namespaces. started closes what it holds.
func (s *spawner) jailed(c cell, binary *os.File, env []string) (*exec.Cmd, error) {
	spec, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(w, bytes.NewReader(spec)) // far less than a pipe holds
	if err := errors.Join(err, w.Close()); err != nil {
		_ = r.Close()
		return nil, err
	}
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{jailer}, Dir: "/", Env: env, ExtraFiles: []*os.File{binary, r, s.life}}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid: true, Pdeathsig: syscall.SIGKILL,
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
	}
	if c.User {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	return cmd, nil
}

// tryJail builds a jail and leaves it, to know before the first plugin needs one.
func (s *spawner) tryJail(dir string) error {
	root := filepath.Join(dir, "try")
	defer func() { _ = os.RemoveAll(root) }()
	if err := makeJail(root); err != nil {
		return err
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	cmd, err := s.jailed(cell{Root: root, Name: "try", UID: max(s.nextUID(), 0), User: !s.root, Try: true}, self, nil)
	if err != nil {
		_ = self.Close()
		return err
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	err = s.fork(cmd)
	s.started(cmd)
	if err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}
