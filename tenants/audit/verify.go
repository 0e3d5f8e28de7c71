package audit

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Report is what Verify found.
type Report struct {
	OK       bool      `json:"ok"`
	Entries  int64     `json:"entries" doc:"How many entries the chain seals."`
	Head     string    `json:"head" doc:"Signed proof of the chain's present end. Keep it elsewhere and give it as anchor later: a log cut short is then found."`
	Findings []Finding `json:"findings" nullable:"false" doc:"The first bad rows, in the order of the chain."`
}

// Finding is a row that is not as it was sealed.
type Finding struct {
	Kind    string    `json:"kind" enum:"edited,deleted,inserted,reordered,truncated,rewritten,unlinked,forged"`
	Seq     int64     `json:"seq" doc:"Place in the chain; 0 for a row that is in no chain."`
	EntryID uuid.UUID `json:"entry_id"`
	Detail  string    `json:"detail"`
}

const maxFindings = 100

// Verify seals what is new, then checks the tenant's whole log. anchor may be a Head that an earlier call gave, or empty.
func (a *Audit) Verify(ctx context.Context, sc db.Scope, anchor string) (Report, error) {
	v := verifier{tenant: sc.Tenant, marks: map[int64][]byte{}}
	if anchor != "" {
		m, err := a.read(sc.Tenant, anchor)
		if err != nil {
			return Report{}, fault.New(fault.Invalid, "audit.anchor_invalid", "The anchor is not a head of this tenant's log. Give one that an earlier verification returned.").Field("anchor", "not a head of this log").Wrap(err)
		}
		v.expect(m)
	}
	if err := a.seal(ctx, sc, tooLate); err != nil {
		return Report{}, fmt.Errorf("seal audit log: %w", err)
	}
	err := a.db.InTx(ctx, sc, func(tx *db.Tx) error { return a.verify(tx, &v) })
	if err != nil {
		return Report{}, fmt.Errorf("verify audit log: %w", err)
	}
	return Report{
		OK: len(v.findings) == 0, Entries: v.seq, Findings: v.findings[:min(len(v.findings), maxFindings)],
		Head: a.sign(sc.Tenant, sealHead{seq: v.seq, hash: v.hash}),
	}, nil
}

func (a *Audit) verify(tx *db.Tx, v *verifier) error {
	v.findings, v.hash = []Finding{}, genesis(v.tenant)
	checkpoints, err := checkpointsOf(tx)
	if err != nil {
		return err
	}
	for _, c := range checkpoints {
		m, err := a.read(v.tenant, c.Signature)
		if err != nil || m.seq != c.Seq {
			v.find(Finding{Kind: "forged", Seq: c.Seq, Detail: "The checkpoint here was not signed by this installation."})
			continue
		}
		v.expect(m)
	}
	if err := eachLink(tx, v.check); err != nil {
		return err
	}
	v.finish()
	return v.strays(tx)
}

// verifier walks a chain from its first link.
type verifier struct {
	tenant   uuid.UUID
	seq      int64
	hash     []byte
	last     int64 // the farthest mark
	marks    map[int64][]byte
	bad      []misfit
	newest   uuid.UUID
	findings []Finding
}

// misfit is a link whose hash is not that of its entry in its place.
type misfit struct {
	found        int // index in findings
	entry        row
	before, hash []byte
}

func (v *verifier) expect(m mark) {
	v.marks[m.seq] = m.hash
	v.last = max(v.last, m.seq)
}

func (v *verifier) find(f Finding) { v.findings = append(v.findings, f) }

func (v *verifier) check(l sealed) {
	if l.Seq != v.seq+1 {
		v.find(Finding{Kind: "unlinked", Seq: v.seq + 1, Detail: fmt.Sprintf("The chain jumps from %d to %d: links were deleted.", v.seq, l.Seq)})
	}
	switch {
	case l.Entry == nil:
		v.find(Finding{Kind: "deleted", Seq: l.Seq, EntryID: l.EntryID, Detail: "The entry was sealed and is gone."})
	case !bytes.Equal(l.Entry.hash(v.tenant, v.hash), l.Hash):
		v.bad = append(v.bad, misfit{found: len(v.findings), entry: *l.Entry, before: v.hash, hash: l.Hash})
		v.find(Finding{Kind: "edited", Seq: l.Seq, EntryID: l.EntryID, Detail: "The entry is not as it was when it was sealed."})
	}
	if want, ok := v.marks[l.Seq]; ok && !bytes.Equal(want, l.Hash) {
		v.find(Finding{Kind: "rewritten", Seq: l.Seq, EntryID: l.EntryID, Detail: "A signed head says that the chain was another one here: it has been made anew."})
	}
	v.seq, v.hash = l.Seq, l.Hash
	if bytes.Compare(l.EntryID[:], v.newest[:]) > 0 {
		v.newest = l.EntryID
	}
}

// finish tells misfits that only changed places from edited ones, and looks for a cut end.
func (v *verifier) finish() {
	for _, b := range v.bad {
		for _, place := range v.bad {
			if place.found != b.found && bytes.Equal(b.entry.hash(v.tenant, place.before), place.hash) {
				v.findings[b.found].Kind = "reordered"
				v.findings[b.found].Detail = fmt.Sprintf("The entry belongs to place %d.", v.findings[place.found].Seq)
			}
		}
	}
	if v.last > v.seq {
		v.find(Finding{Kind: "truncated", Seq: v.seq + 1, Detail: fmt.Sprintf("The chain ends at %d; a signed head says that it reached %d.", v.seq, v.last)})
	}
}

// strays finds entries that no link seals although newer ones are sealed: they were put in afterwards.
func (v *verifier) strays(tx *db.Tx) error {
	rows, err := unsealedBefore(tx, earlier(v.newest, tooLate))
	for _, id := range rows {
		v.find(Finding{Kind: "inserted", EntryID: id, Detail: "The entry claims a time that was sealed long before it appeared."})
	}
	return err
}
