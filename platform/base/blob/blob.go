// Package blob keeps files (pictures, imports, exports) in a local folder or in S3.
//
// Keys are paths that begin with the tenant's id: "<tenant>/media/<id>.webp". A file
// appears whole or not at all and is replaced in one step. Nothing outside the
// folder or bucket can be named.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/fault"
)

// Config says where files are kept: in S3 when an endpoint is set, else in Dir.
type Config struct {
	Dir       string `env:"ALLHOURS_BLOB_DIR"`
	Endpoint  string `env:"ALLHOURS_S3_ENDPOINT"` // https://s3.example.com
	Bucket    string `env:"ALLHOURS_S3_BUCKET"`
	Region    string `env:"ALLHOURS_S3_REGION"`
	AccessKey string `env:"ALLHOURS_S3_ACCESS_KEY"`
	SecretKey string `env:"ALLHOURS_S3_SECRET_KEY,unset" json:"-"`
}

// Info is what is known of a file without reading it.
type Info struct {
	Key         string
	ContentType string
	Size        int64     // bytes
	SHA256      string    // hexadecimal; known after Put
	Modified    time.Time // UTC
}

var (
	// ErrNotFound answers a key that holds nothing.
	ErrNotFound = fault.New(fault.NotFound, "blob.not_found", "This file does not exist.")
	// ErrTooLarge answers an upload above its limit.
	ErrTooLarge = fault.New(fault.Invalid, "blob.too_large", "This file is too large.")
	// ErrKey answers a key that is not "<tenant id>/<names>".
	ErrKey = fault.New(fault.Invalid, "blob.bad_key", "File names may have letters, digits, '-', '_' and '.', in folders, below the tenant's id.")
)

// Store keeps files.
type Store struct {
	at backend
}

// backend is a place for files; its errors are ErrNotFound or unexpected.
type backend interface {
	put(ctx context.Context, info Info, content *os.File) error
	get(ctx context.Context, key string) (io.ReadCloser, Info, error)
	stat(ctx context.Context, key string) (Info, error)
	remove(ctx context.Context, key string) error
	check(ctx context.Context) error
}

// Open connects to the place that the configuration names. It makes the local
// folder; a bucket must exist (Check tells).
func Open(c Config) (*Store, error) {
	if c.Endpoint != "" {
		at, err := openBucket(c)
		return &Store{at}, err
	}
	if c.Dir == "" {
		return nil, errors.New("no place for files: set ALLHOURS_BLOB_DIR, or ALLHOURS_S3_ENDPOINT and ALLHOURS_S3_BUCKET")
	}
	at, err := openFolder(c.Dir)
	return &Store{at}, err
}

// Put stores everything r gives under the key, replacing what was there. More than
// limit bytes are ErrTooLarge and change nothing.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, contentType string, limit int64) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, err
	}
	content, err := os.CreateTemp("", "allhours-upload-*")
	if err != nil {
		return Info{}, fmt.Errorf("store file: %w", err)
	}
	defer os.Remove(content.Name())
	defer content.Close()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(content, sum), io.LimitReader(r, limit+1))
	if err != nil {
		return Info{}, fmt.Errorf("receive file: %w", err)
	}
	if size > limit {
		return Info{}, ErrTooLarge.With("limit_bytes", limit)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return Info{}, fmt.Errorf("store file: %w", err)
	}
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	info := Info{Key: key, ContentType: contentType, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil)), Modified: time.Now().UTC()}
	if err := s.at.put(ctx, info, content); err != nil {
		return Info{}, fmt.Errorf("store file: %w", err)
	}
	return info, nil
}

// Get opens the file; the caller closes it. A key that holds nothing is ErrNotFound.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := checkKey(key); err != nil {
		return nil, Info{}, err
	}
	return s.at.get(ctx, key)
}

// Stat tells about the file without opening it.
func (s *Store) Stat(ctx context.Context, key string) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, err
	}
	return s.at.stat(ctx, key)
}

// Delete removes the file; removing nothing is a success.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := s.at.remove(ctx, key); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// Check proves that the place can be written to; for readiness and doctor.
func (s *Store) Check(ctx context.Context) error { return s.at.check(ctx) }

var name = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$`)

// checkKey refuses a key without a tenant, with a hidden or parent folder, or with
// a name that the local folder keeps for itself.
func checkKey(key string) error {
	tenant, rest, _ := strings.Cut(key, "/")
	id, err := uuid.Parse(tenant)
	if err != nil || id == uuid.Nil || tenant != id.String() || len(key) > 500 {
		return ErrKey
	}
	for part := range strings.SplitSeq(rest, "/") {
		if !name.MatchString(part) || strings.HasSuffix(part, typeSuffix) {
			return ErrKey
		}
	}
	return nil
}
