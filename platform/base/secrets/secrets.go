// Package secrets keeps what must not be read from a stolen database: it seals values
// with envelope encryption and signs links.
//
// One key text is the root of both: two Tink keysets, one that wraps the data key
// each sealed value has of its own, one that signs. Rotation adds a key and makes
// it primary; what older keys sealed or signed stays readable until they are
// taken out. A sealed value opens only with the same AAD (tenant, purpose and
// row), so that it cannot be moved to another place.
package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Config says where the key text is. Exactly one of the two is set.
type Config struct {
	KeyFile string `env:"ALLHOURS_KEY_FILE"`
	Key     string `env:"ALLHOURS_KEY,unset" json:"-"`
}

// Keys is what a key text opens.
type Keys struct {
	Box    *Box
	Signer *Signer
}

// ErrSealed says that a value does not open: another key sealed it, it was changed,
// or it belongs to another tenant, purpose or row.
var ErrSealed = errors.New("secrets: the value does not open with this key at this place")

// Load reads the keys. It refuses a key file that other users may read.
func Load(c Config) (Keys, error) {
	switch {
	case c.Key != "" && c.KeyFile != "":
		return Keys{}, errors.New("ALLHOURS_KEY and ALLHOURS_KEY_FILE are both set: keep one")
	case c.Key != "":
		return Parse(c.Key)
	case c.KeyFile == "":
		return Keys{}, errors.New("no encryption key: set ALLHOURS_KEY_FILE (`allhours secrets generate` makes one) or ALLHOURS_KEY")
	}
	text, err := readFile(c.KeyFile)
	if err != nil {
		return Keys{}, err
	}
	return Parse(text)
}

// LoadOrMake is Load for development: it makes the key file, readable by its owner
// alone, where it is absent.
func LoadOrMake(c Config) (Keys, error) {
	if _, err := os.Stat(c.KeyFile); c.KeyFile != "" && errors.Is(err, fs.ErrNotExist) {
		if err := MakeFile(c.KeyFile); err != nil && !errors.Is(err, fs.ErrExist) {
			return Keys{}, err
		}
	}
	return Load(c)
}

// ring is the key text once decoded.
type ring struct {
	wrap *keyset.Handle
	sign *keyset.Handle
}

type ringText struct {
	Wrap []byte `json:"wrap"` // Tink keysets in their binary form
	Sign []byte `json:"sign"`
}

// Generate makes a new key text: base64, one line.
func Generate() (string, error) {
	wrap, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", fmt.Errorf("make key: %w", err)
	}
	sign, err := keyset.NewHandle(mac.HMACSHA256Tag256KeyTemplate())
	if err != nil {
		return "", fmt.Errorf("make key: %w", err)
	}
	return ring{wrap, sign}.text()
}

// Rotate returns the key text with a fresh primary key of each sort; the older keys
// stay, to read what they sealed and signed.
func Rotate(text string) (string, error) {
	r, err := decode(text)
	if err != nil {
		return "", err
	}
	if r.wrap, err = addPrimary(r.wrap, aead.AES256GCMKeyTemplate()); err != nil {
		return "", err
	}
	if r.sign, err = addPrimary(r.sign, mac.HMACSHA256Tag256KeyTemplate()); err != nil {
		return "", err
	}
	return r.text()
}

func addPrimary(h *keyset.Handle, template *tinkpb.KeyTemplate) (*keyset.Handle, error) {
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(template)
	if err != nil {
		return nil, fmt.Errorf("rotate key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("rotate key: %w", err)
	}
	return m.Handle()
}

// MakeFile writes a new key text to a file that must not exist yet.
func MakeFile(path string) error {
	text, err := Generate()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make key file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make key file: %w", err)
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// RotateFile rotates the keys of a file, replacing it in one step.
func RotateFile(path string) error {
	old, err := readFile(path)
	if err != nil {
		return err
	}
	text, err := Rotate(old)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return fmt.Errorf("rotate key file: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("rotate key file: %w", err)
	}
	return os.Rename(f.Name(), path)
}

// Parse opens a key text.
func Parse(text string) (Keys, error) {
	r, err := decode(text)
	if err != nil {
		return Keys{}, err
	}
	kek, err := aead.New(r.wrap)
	if err != nil {
		return Keys{}, badKey(err)
	}
	signer, err := mac.New(r.sign)
	if err != nil {
		return Keys{}, badKey(err)
	}
	primary, err := r.wrap.Primary()
	if err != nil {
		return Keys{}, badKey(err)
	}
	return Keys{
		Box:    &Box{aead: aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), kek), primary: primary.KeyID()},
		Signer: &Signer{mac: signer, now: time.Now},
	}, nil
}

func decode(text string) (r ring, err error) {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return r, badKey(err)
	}
	var t ringText
	if err := json.Unmarshal(b, &t); err != nil {
		return r, badKey(err)
	}
	if r.wrap, err = readKeyset(t.Wrap); err != nil {
		return r, err
	}
	r.sign, err = readKeyset(t.Sign)
	return r, err
}

func readKeyset(b []byte) (*keyset.Handle, error) {
	h, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(b)))
	if err != nil {
		return nil, badKey(err)
	}
	return h, nil
}

func (r ring) text() (string, error) {
	var wrap, sign bytes.Buffer
	err := errors.Join(
		insecurecleartextkeyset.Write(r.wrap, keyset.NewBinaryWriter(&wrap)),
		insecurecleartextkeyset.Write(r.sign, keyset.NewBinaryWriter(&sign)))
	if err != nil {
		return "", fmt.Errorf("write key: %w", err)
	}
	b, err := json.Marshal(ringText{wrap.Bytes(), sign.Bytes()})
	return base64.StdEncoding.EncodeToString(b), err
}

// badKey never repeats the text, which is a secret even when damaged.
func badKey(err error) error {
	return fmt.Errorf("the encryption key cannot be read: it must be the whole line that `allhours key new` wrote: %w", err)
}

func readFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("encryption key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("encryption key: other users can read %s: run chmod 600 %s", path, path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("encryption key: %w", err)
	}
	return string(b), nil
}

// Box seals and opens values.
type Box struct {
	aead    tink.AEAD
	primary uint32
}

// AAD names the place a sealed value belongs to.
func AAD(tenant uuid.UUID, purpose, row string) []byte {
	return join(tenant.String(), purpose, row)
}

// Seal encrypts; the result is longer than the plaintext by about 130 bytes.
func (b *Box) Seal(plaintext, aad []byte) ([]byte, error) {
	sealed, err := b.aead.Encrypt(plaintext, aad)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed, nil
}

// Open decrypts what Seal made at the same place, or says ErrSealed.
func (b *Box) Open(sealed, aad []byte) ([]byte, error) {
	plaintext, err := b.aead.Decrypt(sealed, aad)
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// Rewrap seals the value again if an older key sealed it; changed tells whether it
// did. A job runs it over all rows after a rotation, before old keys are taken out.
func (b *Box) Rewrap(sealed, aad []byte) (fresh []byte, changed bool, err error) {
	plaintext, err := b.Open(sealed, aad)
	if err != nil || !b.old(sealed) {
		return sealed, false, err
	}
	fresh, err = b.Seal(plaintext, aad)
	return fresh, err == nil, err
}

// old reads the id of the wrapping key: the envelope begins with the length of the
// wrapped data key, which begins with Tink's prefix 1 and the key's id.
func (b *Box) old(sealed []byte) bool {
	return len(sealed) < 9 || sealed[4] != 1 || binary.BigEndian.Uint32(sealed[5:]) != b.primary
}

// join puts texts together so that no two lists give the same bytes.
func join(parts ...string) (b []byte) {
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}
