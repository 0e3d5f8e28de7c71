package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
)

const (
	sealBatch = 1000
	// late is how far behind the newest sealed entry the sealer looks for entries whose transactions took long to commit.
	late = 2 * time.Minute
	// tooLate is when an entry that appears behind sealed ones is no longer a slow transaction but an insertion into the past.
	tooLate = time.Hour
)

// Seal brings every tenant's chain up to date. It may run on several processes at once.
func (a *Audit) Seal(ctx context.Context) error {
	var behind []uuid.UUID
	err := a.db.InSystemTx(ctx, func(tx *db.Tx) (err error) {
		behind, err = unsealedTenants(tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("seal audit logs: %w", err)
	}
	var failed error
	for _, t := range behind {
		if err := a.seal(ctx, db.Job(t, "audit.seal"), late); err != nil {
			failed = errors.Join(failed, fmt.Errorf("seal audit log of %s: %w", t, err))
		}
	}
	return failed
}

// seal appends the tenant's unsealed entries to its chain, oldest first.
func (a *Audit) seal(ctx context.Context, sc db.Scope, back time.Duration) error {
	for {
		n := 0
		err := a.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
			n, err = a.sealBatch(tx, back)
			return err
		})
		if err != nil || n < sealBatch {
			return err
		}
	}
}

func (a *Audit) sealBatch(tx *db.Tx, back time.Duration) (int, error) {
	if err := lockChain(tx); err != nil {
		return 0, err
	}
	head, err := headOf(tx)
	if err != nil {
		return 0, err
	}
	entries, err := unsealed(tx, earlier(head.newest, back))
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	links := make([]link, len(entries))
	for i, e := range entries {
		head = head.next(e)
		links[i] = link{Seq: head.seq, EntryID: e.ID, Hash: head.hash}
	}
	if err := insertLinks(tx, links); err != nil {
		return 0, err
	}
	return len(entries), insertCheckpoint(tx, head.seq, a.sign(tx.Scope.Tenant, head))
}

// sealHead is where a chain ends: the number and hash of its last link, and the newest entry in it.
type sealHead struct {
	tenant uuid.UUID
	seq    int64
	hash   []byte
	newest uuid.UUID
}

func (h sealHead) next(e row) sealHead {
	return sealHead{tenant: h.tenant, seq: h.seq + 1, hash: e.hash(h.tenant, h.hash), newest: h.newest}
}

// genesis is the hash before the first link; it differs per tenant, so that a chain cannot be moved.
func genesis(tenant uuid.UUID) []byte {
	sum := sha256.Sum256(append([]byte("allhours audit chain 1:"), tenant[:]...))
	return sum[:]
}

// hash covers the hash before and every column, each with its length, NULL apart from empty.
func (r row) hash(tenant uuid.UUID, before []byte) []byte {
	h := sha256.New()
	h.Write(before)
	field := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	field(string(tenant[:]))
	field(string(r.ID[:]))
	field(strconv.FormatInt(r.At.UnixMicro(), 10))
	for _, s := range []string{r.ActorKind, r.ActorID, r.ActorName, r.Via, r.RequestID, r.Action, r.ObjectType, r.ObjectID} {
		field(s)
	}
	for _, s := range []*string{r.Before, r.After} {
		if s == nil {
			field("-")
		} else {
			field("=" + *s)
		}
	}
	return h.Sum(nil)
}

// sign makes the text that proves that the chain was this far, and so: for a checkpoint, and for keeping elsewhere.
func (a *Audit) sign(tenant uuid.UUID, h sealHead) string {
	return a.signer.Sign("audit.head", time.Time{}, tenant.String(), strconv.FormatInt(h.seq, 10), hex.EncodeToString(h.hash))
}

// mark is a point of the chain that a signature vouches for.
type mark struct {
	seq  int64
	hash []byte
}

func (a *Audit) read(tenant uuid.UUID, signature string) (mark, error) {
	parts, err := a.signer.Verify("audit.head", signature)
	if err != nil || len(parts) != 3 || parts[0] != tenant.String() {
		return mark{}, errors.New("the signature is not ours for this tenant")
	}
	seq, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return mark{}, err
	}
	hash, err := hex.DecodeString(parts[2])
	return mark{seq: seq, hash: hash}, err
}

// earlier is the smallest UUIDv7 of the time that long before id's own.
func earlier(id uuid.UUID, by time.Duration) uuid.UUID {
	ms := binary.BigEndian.Uint64(append([]byte{0, 0}, id[:6]...))
	back := uint64(by.Milliseconds())
	if ms <= back {
		return uuid.Nil
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], ms-back)
	var out uuid.UUID
	copy(out[:6], b[2:])
	return out
}
