// Package audit keeps the log of every write: who did what to which thing, with the thing before and after.
//
// Owns: audit_log, the chain that seals it and the signed checkpoints of the chain. Does not own: what is worth an entry; each package appends beside its change.
// Invariants: an entry is in the same transaction as its change; the application can append and read but neither change nor delete; each sealed entry's hash
// covers the entry and the hash before it, and a checkpoint signs that hash with a key that is not in the database. So an edit, a deletion, an insertion in
// the past and a change of order are found, also when the owner of the database made them. A cut of the newest entries together with their
// checkpoints is found by comparing with a head kept elsewhere (Verify's anchor).
package audit

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/secrets"
)

// Audit seals, verifies and lists the log.
type Audit struct {
	db     *db.DB
	signer *secrets.Signer
}

// New needs the signer for checkpoints.
func New(d *db.DB, signer *secrets.Signer) *Audit { return &Audit{db: d, signer: signer} }

// Entry is one change. Before and After are anything that marshals to JSON, nil where there was or is nothing; what looks like a secret in them is not kept.
type Entry struct {
	Action     string // "member.role_changed"
	ObjectType string // "member"
	ObjectID   string
	Before     any
	After      any
}

// Append writes the entry in the caller's transaction, with the transaction's actor and time.
func Append(tx *db.Tx, e Entry) error {
	before, err := redacted(e.Before)
	if err != nil {
		return fmt.Errorf("audit %s: before: %w", e.Action, err)
	}
	after, err := redacted(e.After)
	if err != nil {
		return fmt.Errorf("audit %s: after: %w", e.Action, err)
	}
	insert(tx, e, before, after)
	return nil
}

// Record is an entry as it is kept.
type Record struct {
	ID         uuid.UUID `json:"id"`
	At         time.Time `json:"at"`
	Actor      Actor     `json:"actor"`
	Via        string    `json:"via"`
	Action     string    `json:"action"`
	ObjectType string    `json:"object_type"`
	ObjectID   string    `json:"object_id"`
	Before     any       `json:"before"`
	After      any       `json:"after"`
	RequestID  string    `json:"request_id"`
	Sealed     bool      `json:"sealed" doc:"The entry is part of the hash chain; it is within a minute of being written."`
}

// Actor is who did it.
type Actor struct {
	Kind string `json:"kind" enum:"member,customer,guest,api_key,operator,job,plugin,system"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Filter chooses entries. Empty members choose all.
type Filter struct {
	Actor      string    `query:"actor" maxLength:"100" doc:"The id of who did it, or a kind of actor, as job."`
	ObjectType string    `query:"object_type" maxLength:"100"`
	ObjectID   string    `query:"object_id" maxLength:"200"`
	Action     string    `query:"action" maxLength:"100" doc:"An action, as member.invited, or the beginning of one with a dot at the end, as member."`
	From       time.Time `query:"from" doc:"Not before."`
	To         time.Time `query:"to" doc:"Before."`
}
