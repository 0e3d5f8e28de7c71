package secrets

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"allhours/platform/base/fault"
)

var (
	// ErrLink answers a token that was not signed by us for this purpose.
	ErrLink = fault.New(fault.Unauthenticated, "link.invalid", "This link is not valid. Ask for a new one.")
	// ErrExpired answers a token whose time is over.
	ErrExpired = fault.New(fault.Unauthenticated, "link.expired", "This link has expired. Ask for a new one.")
)

// Signer makes tokens for links that carry their own right: they are not secret
// inside, cannot be forged, and are good for one purpose.
type Signer struct {
	mac tink.MAC
	now func() time.Time
}

// WithClock returns a Signer that takes the time from the clock; for tests.
func (s *Signer) WithClock(now func() time.Time) *Signer {
	return &Signer{mac: s.mac, now: now}
}

// tagSize is Tink's prefix and an HMAC-SHA256.
const tagSize = 5 + 32

// Sign returns a token of the parts, in letters fit for a URL. It ends at exp, in
// whole seconds; with the zero time it never does.
func (s *Signer) Sign(purpose string, exp time.Time, parts ...string) string {
	var end uint64
	if !exp.IsZero() {
		end = uint64(max(exp.Unix(), 1))
	}
	body := append(binary.AppendUvarint(nil, end), join(parts...)...)
	tag, err := s.mac.ComputeMAC(signed(purpose, body))
	if err != nil {
		panic("secrets: HMAC failed: " + err.Error()) // only a broken key could, and Parse has used it
	}
	return base64.RawURLEncoding.EncodeToString(append(body, tag...))
}

// Verify returns the parts of a token made by Sign for the same purpose, else
// ErrLink or ErrExpired. Comparison takes constant time.
func (s *Signer) Verify(purpose, token string) ([]string, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < tagSize+1 {
		return nil, ErrLink
	}
	body, tag := b[:len(b)-tagSize], b[len(b)-tagSize:]
	if s.mac.VerifyMAC(tag, signed(purpose, body)) != nil {
		return nil, ErrLink
	}
	end, n := binary.Uvarint(body)
	if n <= 0 || end > math.MaxInt64 {
		return nil, ErrLink
	}
	if end != 0 && !s.now().Before(time.Unix(int64(end), 0)) {
		return nil, ErrExpired
	}
	parts := []string{}
	for body = body[n:]; len(body) > 0; {
		size, n := binary.Uvarint(body)
		if n <= 0 || size > uint64(len(body)-n) {
			return nil, ErrLink
		}
		parts = append(parts, string(body[n:n+int(size)]))
		body = body[n+int(size):]
	}
	return parts, nil
}

func signed(purpose string, body []byte) []byte { return append(join(purpose), body...) }
