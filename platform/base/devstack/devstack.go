// Package devstack runs a private PostgreSQL cluster and a private Redis for
// `allhours dev` and for tests, from the programs installed on the machine.
//
// It owns the folders it is given and the processes it starts: they listen on
// loopback and on a socket only their owner can open, they stop when Stop is
// called, and they stop when the process that started them dies, however it
// dies. What a killed run left behind is cleaned up by the next start in the
// same folder. It is never used in production, where the addresses of real
// servers are configured.
package devstack

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// MissingError says that a server program is not installed and how to get it.
type MissingError struct {
	Program string // "PostgreSQL"
	Looked  string // where it was searched for
	Install string // one command line that installs it here
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed (looked in %s). Install it with:\n    %s", e.Program, e.Looked, e.Install)
}

// ErrInUse says that another live process runs servers in the same folder.
var ErrInUse = errors.New("is in use by another running allhours")

// installLine returns the command that installs the package on this machine.
func installLine(apt, dnf, brew string) string {
	for _, m := range []struct{ tool, line string }{
		{"apt-get", "sudo apt-get install -y " + apt},
		{"dnf", "sudo dnf install -y " + dnf},
		{"brew", "brew install " + brew},
	} {
		if _, err := exec.LookPath(m.tool); err == nil {
			return m.line
		}
	}
	return fmt.Sprintf("apt-get install %s   (or: dnf install %s, brew install %s)", apt, dnf, brew)
}

// freePort returns a TCP port on loopback that nobody listened on just now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// lockDir makes the caller the only user of dir until the file is closed,
// which the kernel also does when the process dies.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s %w: stop that one first", dir, ErrInUse)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return f, nil
}

// password reads the password kept in file, or makes one. Only the user who
// runs allhours can read it.
func password(file string) (string, error) {
	old, err := os.ReadFile(file)
	if err == nil && len(old) >= 32 {
		return strings.TrimSpace(string(old)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read password: %w", err)
	}
	b := make([]byte, 24)
	rand.Read(b)
	pw := hex.EncodeToString(b)
	if err := os.WriteFile(file, []byte(pw), 0o600); err != nil {
		return "", fmt.Errorf("write password: %w", err)
	}
	return pw, nil
}

// tail returns the last part of a log file for an error message.
func tail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) > 8 {
		lines = lines[len(lines)-8:]
	}
	return strings.Join(lines, "\n")
}
