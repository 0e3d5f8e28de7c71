package orders

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

// OrderOutput is one order.
type OrderOutput struct{ Body Order }

// answer wraps an order for HTTP.
func answer(order Order, err error) (*OrderOutput, error) {
	if err != nil {
		return nil, err
	}
	return &OrderOutput{Body: order}, nil
}

// PlaceRequest is POST /orders.
type PlaceRequest struct{ Body PlaceInput }

// PlaceHTTP places an order in one call.
func (o *Orders) PlaceHTTP(ctx context.Context, in *PlaceRequest) (*OrderOutput, error) {
	in.Body.Channel = "api"
	if access.IdentityOf(ctx).Kind == access.Member {
		in.Body.Channel = "staff"
	}
	attempt := db.AttemptOf(ctx)
	r, err := o.Place(ctx, db.ScopeOf(ctx), attempt.Key, in.Body)
	attempt.Replayed = r.Replayed
	return answer(r.Order, err)
}

// ListRequest is GET /orders.
type ListRequest struct{ ListQuery }

// ListResponse is a page of orders.
type ListResponse struct{ Body db.Page[Summary] }

// ListHTTP lists orders.
func (o *Orders) ListHTTP(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	page, err := o.List(ctx, db.ScopeOf(ctx), in.ListQuery)
	return &ListResponse{Body: page}, err
}

// IDRequest names one order.
type IDRequest struct {
	ID uuid.UUID `path:"id"`
}

// GetHTTP shows an order.
func (o *Orders) GetHTTP(ctx context.Context, in *IDRequest) (*OrderOutput, error) {
	return answer(o.Get(ctx, db.ScopeOf(ctx), in.ID))
}

// CancelRequest is POST /orders/{id}/cancel.
type CancelRequest struct {
	IDRequest
	Body CancelInput
}

// CancelHTTP cancels an order.
func (o *Orders) CancelHTTP(ctx context.Context, in *CancelRequest) (*OrderOutput, error) {
	return answer(o.Cancel(ctx, db.ScopeOf(ctx), in.ID, in.Body))
}

// VersionRequest acts on an order as its sender has seen it.
type VersionRequest struct {
	IDRequest
	Body struct {
		Version int64 `json:"version,omitempty" doc:"The version that you saw; a newer one is a 409 version_conflict."`
	}
}

// ConfirmHTTP confirms an order.
func (o *Orders) ConfirmHTTP(ctx context.Context, in *VersionRequest) (*OrderOutput, error) {
	return answer(o.Confirm(ctx, db.ScopeOf(ctx), in.ID, in.Body.Version))
}

// ReleaseHTTP ends a hold.
func (o *Orders) ReleaseHTTP(ctx context.Context, in *VersionRequest) (*OrderOutput, error) {
	return answer(o.Release(ctx, db.ScopeOf(ctx), in.ID, in.Body.Version))
}

// CompleteHTTP completes an order.
func (o *Orders) CompleteHTTP(ctx context.Context, in *VersionRequest) (*OrderOutput, error) {
	return answer(o.Complete(ctx, db.ScopeOf(ctx), in.ID, in.Body.Version))
}

// HoldRequest is POST /orders/{id}/hold.
type HoldRequest struct {
	IDRequest
	Body HoldInput
}

// HoldHTTP puts an order on hold.
func (o *Orders) HoldHTTP(ctx context.Context, in *HoldRequest) (*OrderOutput, error) {
	return answer(o.Hold(ctx, db.ScopeOf(ctx), in.ID, in.Body))
}

// FulfilRequest is POST /orders/{id}/fulfil.
type FulfilRequest struct {
	IDRequest
	Body FulfilInput
}

// FulfilHTTP fulfils a part of an order.
func (o *Orders) FulfilHTTP(ctx context.Context, in *FulfilRequest) (*OrderOutput, error) {
	return answer(o.Fulfil(ctx, db.ScopeOf(ctx), in.ID, db.AttemptOf(ctx).Key, in.Body))
}

// MoveRequest is POST /orders/{id}/fulfilments/{fid}/move.
type MoveRequest struct {
	IDRequest
	Fulfilment uuid.UUID `path:"fid"`
	Body       MoveInput
}

// MoveHTTP moves a fulfilment on.
func (o *Orders) MoveHTTP(ctx context.Context, in *MoveRequest) (*OrderOutput, error) {
	return answer(o.Move(ctx, db.ScopeOf(ctx), in.ID, in.Fulfilment, in.Body))
}

// NoteRequest is POST /orders/{id}/notes.
type NoteRequest struct {
	IDRequest
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

// NoteHTTP adds a note.
func (o *Orders) NoteHTTP(ctx context.Context, in *NoteRequest) (*OrderOutput, error) {
	return answer(o.AddNote(ctx, db.ScopeOf(ctx), in.ID, in.Body.Text))
}

// TagsRequest is POST /orders/{id}/tags.
type TagsRequest struct {
	IDRequest
	Body TagsInput
}

// TagsHTTP changes the tags.
func (o *Orders) TagsHTTP(ctx context.Context, in *TagsRequest) (*OrderOutput, error) {
	return answer(o.Tag(ctx, db.ScopeOf(ctx), in.ID, in.Body))
}

// BulkRequest is POST /orders/bulk.
type BulkRequest struct{ Body BulkInput }

// BulkResponse tells what became of each order.
type BulkResponse struct{ Body BulkReport }

// BulkHTTP acts on many orders. To cancel takes the permission for that.
func (o *Orders) BulkHTTP(ctx context.Context, in *BulkRequest) (*BulkResponse, error) {
	if in.Body.Action == "cancel" && o.access != nil && !o.access.Allowed(ctx, access.IdentityOf(ctx), "orders:cancel") {
		return nil, fault.New(fault.Forbidden, "forbidden", "You may not cancel orders. Ask the owner for the permission orders:cancel.")
	}
	report, err := o.Bulk(ctx, db.ScopeOf(ctx), db.AttemptOf(ctx).Key, in.Body)
	return &BulkResponse{Body: report}, err
}

// CountsRequest is GET /orders/counts.
type CountsRequest struct{ Filter }

// CountsResponse counts the console's tabs and what matches the filter.
type CountsResponse struct {
	Body struct {
		Counts       map[string]int `json:"counts" doc:"Up to 1000 each."`
		Most         int            `json:"most"`
		Matching     int            `json:"matching" doc:"How many orders match the filter, up to 10000."`
		MatchingMost int            `json:"matching_most"`
	}
}

// CountsHTTP counts the console's tabs and what matches the filter.
func (o *Orders) CountsHTTP(ctx context.Context, in *CountsRequest) (*CountsResponse, error) {
	out := &CountsResponse{}
	var err error
	if out.Body.Counts, out.Body.Matching, err = o.Counts(ctx, db.ScopeOf(ctx), in.Filter); err != nil {
		return nil, err
	}
	out.Body.Most, out.Body.MatchingMost = countMost, matchMost
	return out, nil
}

// ExportRequest is GET /orders/export.csv.
type ExportRequest struct{ Filter }

// ExportHTTP streams orders as CSV.
func (o *Orders) ExportHTTP(ctx context.Context, in *ExportRequest) (*huma.StreamResponse, error) {
	if _, _, err := in.where(); err != nil {
		return nil, err
	}
	sc := db.ScopeOf(ctx)
	return &huma.StreamResponse{Body: func(h huma.Context) {
		h.SetHeader("Content-Type", "text/csv; charset=utf-8")
		h.SetHeader("Content-Disposition", `attachment; filename="orders.csv"`)
		if err := o.Export(ctx, sc, in.Filter, h.BodyWriter()); err != nil {
			// The status has been sent: a line that is no CSV tells the reader that the file is cut off.
			_, _ = h.BodyWriter().Write([]byte("\nERROR: the export was interrupted; ask for it again\n"))
		}
	}}, nil
}

// ViewsRequest is GET /saved-views.
type ViewsRequest struct {
	Page string `query:"page" required:"true" maxLength:"50"`
}

// ViewsResponse is the list of views.
type ViewsResponse struct {
	Body struct {
		Items []View `json:"items" nullable:"false"`
	}
}

// ViewsHTTP lists saved views.
func (o *Orders) ViewsHTTP(ctx context.Context, in *ViewsRequest) (*ViewsResponse, error) {
	views, err := o.Views(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx).ID, in.Page)
	out := &ViewsResponse{}
	out.Body.Items = views
	return out, err
}

// ViewRequest is POST /saved-views.
type ViewRequest struct{ Body ViewInput }

// ViewResponse is one view.
type ViewResponse struct{ Body View }

// SaveViewHTTP saves a view.
func (o *Orders) SaveViewHTTP(ctx context.Context, in *ViewRequest) (*ViewResponse, error) {
	if in.Body.Shared && !o.mayShare(ctx) {
		return nil, errNoSharing
	}
	v, err := o.SaveView(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx).ID, in.Body)
	return &ViewResponse{Body: v}, err
}

// DropViewHTTP deletes a view.
func (o *Orders) DropViewHTTP(ctx context.Context, in *IDRequest) (*struct{}, error) {
	return nil, o.DropView(ctx, db.ScopeOf(ctx), access.IdentityOf(ctx).ID, in.ID, o.mayShare(ctx))
}

var errNoSharing = fault.New(fault.Forbidden, "view.not_yours", "Views of the whole team are kept by who may change the settings. Save the view for yourself.")

// mayShare tells whether the caller keeps the views of the whole team.
func (o *Orders) mayShare(ctx context.Context) bool {
	return o.access == nil || o.access.Allowed(ctx, access.IdentityOf(ctx), "settings:write")
}
