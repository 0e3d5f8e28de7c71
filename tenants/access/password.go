package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"allhours/platform/base/fault"
)

// Cost of a password's hash: argon2id with 19 MiB and two passes, about 50 ms of one core.
const (
	argonMemory = 19 * 1024
	argonPasses = 2
	argonLanes  = 1
	argonKey    = 32
	argonSalt   = 16
)

// ErrBusy answers when more people sign in at once than the machine should hash passwords for.
var ErrBusy = fault.New(fault.TooMany, "auth.busy", "Too many people are signing in just now. Try again in a moment.").After(time.Second)

// hasher bounds how many passwords are hashed at once and how many wait: the rest is refused at once.
type hasher struct {
	slots   chan struct{}
	waiting *atomic.Int64
	queue   int64
	never   string // a hash that no password has
}

func newHasher(slots int) hasher {
	h := hasher{slots: make(chan struct{}, slots), waiting: &atomic.Int64{}, queue: int64(8 * slots)}
	salt, key := make([]byte, argonSalt), make([]byte, argonKey)
	_, _ = rand.Read(salt)
	_, _ = rand.Read(key)
	h.never = encodeHash(salt, key)
	return h
}

func (h hasher) run(ctx context.Context, fn func()) error {
	if h.waiting.Add(1) > h.queue {
		h.waiting.Add(-1)
		return ErrBusy
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
		fn()
		return nil
	case <-ctx.Done():
		return ErrBusy.Wrap(context.Cause(ctx))
	}
}

// HashPassword makes what is stored of a password. It is slow on purpose: call it outside of transactions.
func (a *Access) HashPassword(ctx context.Context, password string) (stored string, err error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt)
	err = a.hasher.run(ctx, func() {
		stored = encodeHash(salt, argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKey))
	})
	return stored, err
}

// VerifyPassword tells whether the password is the stored one. With nothing stored (an unknown account) it takes as long, and says no.
func (a *Access) VerifyPassword(ctx context.Context, stored, password string) (ok bool, err error) {
	known := stored != ""
	if !known {
		stored = a.hasher.never
	}
	memory, passes, lanes, salt, key, err := decodeHash(stored)
	if err != nil {
		return false, err
	}
	err = a.hasher.run(ctx, func() {
		got := argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(key)))
		ok = subtle.ConstantTimeCompare(got, key) == 1
	})
	return ok && known, err
}

func encodeHash(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func decodeHash(s string) (memory, passes uint32, lanes uint8, salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return 0, 0, 0, nil, nil, fmt.Errorf("access: a stored password has an unknown form")
	}
	if _, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || memory > 1<<20 || passes == 0 || passes > 100 || lanes == 0 {
		return 0, 0, 0, nil, nil, fmt.Errorf("access: a stored password has unknown costs")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err == nil {
		key, err = base64.RawStdEncoding.DecodeString(parts[5])
	}
	return memory, passes, lanes, salt, key, err
}
