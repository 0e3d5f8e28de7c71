// Package hosttest builds plugins for tests that run them in a real host.
package hosttest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles the package into the file, as plugins are built: static, for there is no library in a jail. It gives the file's checksum in hex.
func Build(file, pkg string) (sum string, err error) {
	cmd := exec.Command("go", "build", "-o", file, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return Sum(file)
}

// Sum is the checksum of the file in hex.
func Sum(file string) (string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// Release makes <dir>/<name> with the plugin of the package and its manifest, as `make build` does.
func Release(dir, name, pkg string) error {
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	binary := filepath.Join(folder, "plugin")
	if _, err := Build(binary, pkg); err != nil {
		return err
	}
	manifest, err := exec.Command(binary, "manifest").Output()
	if err != nil {
		return fmt.Errorf("manifest of %s: %w", pkg, err)
	}
	return os.WriteFile(filepath.Join(folder, "plugin.json"), manifest, 0o644)
}
