package orders

import (
	"context"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// bulkMost is how many orders one bulk action may touch.
const bulkMost = 500

// BulkInput does the same to many orders: those of IDs, or those of the filter, a part at a time: the newest first, the next part with the cursor of the answer.
type BulkInput struct {
	IDs     []uuid.UUID `json:"ids,omitempty" maxItems:"500"`
	Filter  *Filter     `json:"filter,omitempty" doc:"In place of ids: all orders that match."`
	Limit   int         `json:"limit,omitempty" minimum:"1" maximum:"500" doc:"With a filter: how many orders at the most; 100 where it is left out."`
	Cursor  string      `json:"cursor,omitempty" maxLength:"100" doc:"With a filter: next_cursor of the part before."`
	Action  string      `json:"action" enum:"cancel,confirm,hold,release,complete,fulfil,tag,untag"`
	Reason  string      `json:"reason,omitempty" maxLength:"500" doc:"For cancel and hold."`
	Restock *bool       `json:"restock,omitempty" doc:"For cancel."`
	Refund  *bool       `json:"refund,omitempty" doc:"For cancel."`
	Until   *time.Time  `json:"until,omitempty" doc:"For hold."`
	Tags    []string    `json:"tags,omitempty" maxItems:"20" doc:"For tag and untag."`
}

// BulkResult is what became of one order.
type BulkResult struct {
	ID      uuid.UUID `json:"id"`
	Number  *int64    `json:"number,omitempty"`
	OK      bool      `json:"ok"`
	Code    string    `json:"code,omitempty"`
	Message string    `json:"message,omitempty"`
	Status  string    `json:"status,omitempty"`
	Version int64     `json:"version,omitempty"`
}

// BulkReport is what became of the orders of one part. Next leads to the part that follows and is empty after the last one.
type BulkReport struct {
	Results []BulkResult `json:"results" nullable:"false"`
	Next    string       `json:"next_cursor,omitempty"`
}

// Bulk acts on each order for itself and tells what became of each: one that cannot be acted on does not stop the others. The parts of a filter follow the ids of the orders, so that
// an order is met once although the action changes whether it matches, and one that is placed meanwhile is not met.
func (o *Orders) Bulk(ctx context.Context, sc db.Scope, key string, in BulkInput) (out BulkReport, err error) {
	if (len(in.IDs) == 0) == (in.Filter == nil) {
		return out, errInvalid.Field("body.ids", "give ids or a filter")
	}
	if len(in.IDs) > bulkMost {
		return out, errInvalid.Field("body.ids", "at most %d", bulkMost)
	}
	out.Results = make([]BulkResult, len(in.IDs))
	for i, id := range in.IDs {
		out.Results[i].ID = id
	}
	if in.Filter != nil {
		if out, err = o.matching(ctx, sc, in); err != nil {
			return out, err
		}
	}
	for i := range out.Results {
		r := &out.Results[i]
		order, err := o.act(ctx, sc, r.ID, key, in)
		if err != nil {
			if fault.KindOf(err) == fault.Internal || ctx.Err() != nil {
				return out, err
			}
			f := fault.Of(err)
			r.Code, r.Message = f.Code, f.Message.Say(ctx)
			continue
		}
		r.Number, r.OK, r.Status, r.Version = order.Number, true, order.Status, order.Version
	}
	return out, nil
}

// matching gives the next part of the orders that match the filter.
func (o *Orders) matching(ctx context.Context, sc db.Scope, in BulkInput) (out BulkReport, err error) {
	where, args, err := in.Filter.where()
	if err != nil {
		return out, err
	}
	if in.Cursor != "" {
		last, err := uuid.Parse(in.Cursor)
		if err != nil {
			return out, errInvalid.Field("body.cursor", "is not a cursor of this list")
		}
		where, args = append(where, "o.id < ?"), append(args, last)
	}
	limit := in.Limit
	if limit < 1 {
		limit = 100
	}
	limit = min(limit, bulkMost)
	var rows []Summary
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		rows, err = selectOrders(tx, where, args, "o.id DESC", limit+1)
		return err
	})
	if len(rows) > limit {
		rows = rows[:limit]
		out.Next = rows[limit-1].ID.String()
	}
	out.Results = make([]BulkResult, len(rows))
	for i, s := range rows {
		out.Results[i] = BulkResult{ID: s.ID, Number: s.Number}
	}
	return out, err
}

func (o *Orders) act(ctx context.Context, sc db.Scope, id uuid.UUID, key string, in BulkInput) (Order, error) {
	if key != "" {
		key += ":" + id.String()
	}
	switch in.Action {
	case "cancel":
		return o.Cancel(ctx, sc, id, CancelInput{Reason: in.Reason, Restock: in.Restock, Refund: in.Refund})
	case "confirm":
		return o.Confirm(ctx, sc, id, 0)
	case "hold":
		return o.Hold(ctx, sc, id, HoldInput{Reason: in.Reason, Until: in.Until})
	case "release":
		return o.Release(ctx, sc, id, 0)
	case "complete":
		return o.Complete(ctx, sc, id, 0)
	case "fulfil":
		return o.Fulfil(ctx, sc, id, key, FulfilInput{})
	case "tag":
		return o.Tag(ctx, sc, id, TagsInput{Add: in.Tags})
	case "untag":
		return o.Tag(ctx, sc, id, TagsInput{Remove: in.Tags})
	}
	return Order{}, errInvalid.Field("body.action", "is not an action")
}
