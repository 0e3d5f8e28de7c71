package devstack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account is the unprivileged user that PostgreSQL runs as when we are root,
// because it refuses to run as root. It is nil when we are not.
type account struct {
	name     string
	uid, gid uint32
}

func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return &account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root and there is no user postgres or nobody to run it as: start allhours as an ordinary user")
}

// reaches reports whether the account may enter every folder above path.
func (a *account) reaches(path string) bool {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if fi, err := os.Stat(dir); err == nil {
			st := fi.Sys().(*syscall.Stat_t)
			mode := fi.Mode().Perm()
			if !(mode&0o001 != 0 || st.Uid == a.uid && mode&0o100 != 0 || st.Gid == a.gid && mode&0o010 != 0) {
				return false
			}
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// home returns the folder to keep the cluster in: want itself, unless the
// account cannot get there (a checkout under /root), in which case it is a
// folder under /var/lib/allhours that want points to from then on.
func (a *account) home(want string) (string, error) {
	want, err := folder(want)
	if err != nil {
		return "", err
	}
	if a == nil {
		return want, os.Chmod(want, 0o700)
	}
	dir := want
	if pointer := filepath.Join(want, "moved-to"); exists(pointer) {
		b, err := os.ReadFile(pointer)
		if err != nil {
			return "", fmt.Errorf("data folder: %w", err)
		}
		dir = strings.TrimSpace(string(b))
	} else if !a.reaches(want) {
		sum := sha256.Sum256([]byte(want))
		dir = filepath.Join("/var/lib/allhours", hex.EncodeToString(sum[:6]))
		if err := os.WriteFile(pointer, []byte(dir+"\n"), 0o644); err != nil {
			return "", fmt.Errorf("data folder: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return dir, os.Chown(dir, int(a.uid), int(a.gid))
}

func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// folder makes the folder if absent and returns its real absolute path: the one
// that the kernel reports as a process's working folder.
func folder(path string) (string, error) {
	if path == "" {
		return "", errors.New("data folder: no path given")
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return filepath.EvalSymlinks(path)
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }
