package audit

import (
	"context"

	"allhours/platform/base/db"
)

// ListInput is GET /audit.
type ListInput struct {
	Filter
	db.PageQuery
}

// ListOutput is a page of the log, newest first.
type ListOutput struct{ Body db.Page[Record] }

// ListHTTP lists the caller's tenant's log.
func (a *Audit) ListHTTP(ctx context.Context, in *ListInput) (*ListOutput, error) {
	page, err := a.List(ctx, db.ScopeOf(ctx), in.Filter, in.PageQuery)
	return &ListOutput{Body: page}, err
}

// List gives a page of the entries that the filter chooses, newest first.
func (a *Audit) List(ctx context.Context, sc db.Scope, f Filter, q db.PageQuery) (page db.Page[Record], err error) {
	err = a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		rows, err := list(tx, f, q)
		if err != nil {
			return err
		}
		records := make([]Record, len(rows))
		for i, r := range rows {
			records[i] = r.record()
		}
		page = db.PageOf(q, records, func(r Record) []any { return []any{r.ID} })
		return nil
	})
	return page, err
}

// VerifyInput is GET /audit/verify.
type VerifyInput struct {
	Anchor string `query:"anchor" maxLength:"500" doc:"A head that an earlier verification returned."`
}

// VerifyOutput is the report.
type VerifyOutput struct{ Body Report }

// VerifyHTTP checks the caller's tenant's log.
func (a *Audit) VerifyHTTP(ctx context.Context, in *VerifyInput) (*VerifyOutput, error) {
	r, err := a.Verify(ctx, db.ScopeOf(ctx), in.Anchor)
	return &VerifyOutput{Body: r}, err
}
