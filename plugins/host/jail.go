package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Tier is how far plugins are confined, the weakest first.
type Tier string

// The tiers. A container per plugin would be a T3.
const (
	Dev   Tier = "T0" // not at all: a developer's machine
	Basic Tier = "T1" // a user of their own
	Jail  Tier = "T2" // no file, network or process but their own
)

// devices are what programs take for granted.
var devices = []string{"null", "zero", "urandom"}

// UnmarshalText reads a tier's name.
func (t *Tier) UnmarshalText(text []byte) error {
	switch *t = Tier(text); *t {
	case Dev, Basic, Jail:
		return nil
	}
	return fmt.Errorf("%q is no tier: T0 (not confined), T1 (a user of their own) or T2 (jailed)", text)
}

// certificates are where systems keep the authorities that they trust; the first that is there is given to plugins.
var certificates = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}

// makeJail fills the folder that becomes a plugin's root.
func makeJail(root string) error {
	for _, dir := range []string{root, filepath.Join(root, "tmp"), filepath.Join(root, "dev"), filepath.Join(root, "etc/ssl/certs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for _, d := range devices { // what they are put over
		if err := os.WriteFile(filepath.Join(root, "dev", d), nil, 0o644); err != nil {
			return err
		}
	}
	for _, from := range certificates {
		pem, err := os.ReadFile(from)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(root, certificates[0]), pem, 0o644)
	}
	return nil
}
