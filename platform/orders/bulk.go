package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// bulkMost is how many orders one bulk action may touch.
const bulkMost = 500

// BulkInput does the same to many orders: those of IDs, or all of the filter.
type BulkInput struct {
	IDs     []uuid.UUID `json:"ids,omitempty" maxItems:"500"`
	Filter  *Filter     `json:"filter,omitempty"`
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

// Bulk acts on each order for itself and tells what became of each: one that cannot be acted on does not stop the others.
func (o *Orders) Bulk(ctx context.Context, sc db.Scope, key string, in BulkInput) ([]BulkResult, error) {
	ids := in.IDs
	if len(ids) == 0 {
		if in.Filter == nil {
			return nil, errInvalid.Field("body.ids", "give ids or a filter")
		}
		where, args, err := in.Filter.where()
		if err != nil {
			return nil, err
		}
		err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
			rows, err := selectOrders(tx, where, args, "o.id", bulkMost+1)
			for _, s := range rows {
				ids = append(ids, s.ID)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(ids) > bulkMost {
		return nil, errInvalid.Field("body.filter", fmt.Sprintf("finds more than %d orders; narrow it", bulkMost))
	}
	results := make([]BulkResult, len(ids))
	for i, id := range ids {
		order, err := o.act(ctx, sc, id, key, in)
		if err != nil {
			if fault.KindOf(err) == fault.Internal || ctx.Err() != nil {
				return nil, err
			}
			f := fault.Of(err)
			results[i] = BulkResult{ID: id, Code: f.Code, Message: f.Message}
			continue
		}
		results[i] = BulkResult{ID: id, Number: order.Number, OK: true, Status: order.Status, Version: order.Version}
	}
	return results, nil
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
