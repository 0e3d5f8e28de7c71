package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"
)

// A token is a prefix that says its kind, then 32 random bytes and the tenant's id in base64url: the id finds the row under row-level security, the
// beginning of the random part is what a key is known by in lists.
const (
	memberPrefix   = "ahs_"
	customerPrefix = "ahc_"
	operatorPrefix = "aho_"
	keyPrefix      = "ahk_"
	secretBytes    = 32
)

type hash [sha256.Size]byte

func mint(prefix string, tenant uuid.UUID) (token string, h hash) {
	b := make([]byte, secretBytes, secretBytes+16)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	token = prefix + base64.RawURLEncoding.EncodeToString(append(b, tenant[:]...))
	return token, sha256.Sum256([]byte(token))
}

func parse(prefix, token string) (tenant uuid.UUID, h hash, ok bool) {
	body, ok := strings.CutPrefix(token, prefix)
	if !ok || len(body) != base64.RawURLEncoding.EncodedLen(secretBytes+16) {
		return tenant, h, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return tenant, h, false
	}
	copy(tenant[:], b[secretBytes:])
	return tenant, sha256.Sum256([]byte(token)), true
}

// shown is how a key is known in lists.
func shown(token string) string { return token[:len(keyPrefix)+8] }

// OrderToken makes the token of a link that shows its bearer one order until exp.
func (a *Access) OrderToken(tenant, order uuid.UUID, exp time.Time) string {
	return a.signer.Sign("order", exp, tenant.String(), order.String())
}

func (a *Access) guest(tenant uuid.UUID, token string) (Identity, error) {
	parts, err := a.signer.Verify("order", token)
	if err != nil || len(parts) != 2 {
		return Identity{}, ErrUnknown.Wrap(err)
	}
	of, err1 := uuid.Parse(parts[0])
	order, err2 := uuid.Parse(parts[1])
	if err1 != nil || err2 != nil || (tenant != uuid.Nil && of != tenant) {
		return Identity{}, ErrUnknown
	}
	return Identity{Kind: Guest, Tenant: of, OrderID: order}, nil
}
