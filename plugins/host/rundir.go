package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// runDir is this host's folder for sockets. A lock on a file in it says that the host lives; folders whose lock is free were left
// by a host that was killed, and are removed.
type runDir struct {
	path string
	lock *os.File
}

const lockName = "lock"

func newRunDir(base string) (*runDir, error) {
	if err := os.MkdirAll(base, 0o711); err != nil {
		return nil, err
	}
	if err := ours(base); err != nil {
		return nil, err
	}
	sweep(base)
	path, err := os.MkdirTemp(base, "h")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o711); err != nil { // plugins under another user id must reach their own folder in it
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, "new"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := os.Rename(filepath.Join(path, "new"), filepath.Join(path, lockName)); err != nil { // under this name only once it is locked
		return nil, err
	}
	return &runDir{path: path, lock: lock}, nil
}

// ours refuses a folder that another user made or may write to: he could put his own socket in the place of a plugin's.
func ours(base string) error {
	info, err := os.Lstat(base)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return errors.New("it must be a folder of this user that nobody else can write to")
	}
	return nil
}

// sweep removes the folders of hosts that are gone. One that is just being made has no lock file yet and stays.
func sweep(base string) {
	old, _ := filepath.Glob(filepath.Join(base, "h*", lockName))
	for _, name := range old {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(filepath.Dir(name))
		}
		_ = f.Close()
	}
}

func (d *runDir) remove() error {
	err := os.RemoveAll(d.path)
	_ = d.lock.Close()
	return err
}
