package orders

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
)

// Confirm accepts an order that waits for the shop's yes.
func (o *Orders) Confirm(ctx context.Context, sc db.Scope, id uuid.UUID, version int64) (Order, error) {
	return o.change(ctx, sc, Doing{ID: id, Version: version}, "confirm", func(tx *db.Tx, order *Order) (bool, error) {
		switch order.Status {
		case Placed:
			return false, nil
		case AwaitingConfirmation:
			return true, o.finalize(tx, axesOf(order), order)
		}
		return false, refuse(order, "Only an order that waits for confirmation can be confirmed.")
	})
}

// HoldInput keeps an order from being fulfilled, until a time or until it is released.
type HoldInput struct {
	Reason  string     `json:"reason" minLength:"1" maxLength:"200"`
	Until   *time.Time `json:"until,omitempty"`
	Version int64      `json:"version,omitempty"`
}

// Hold puts the order on hold, or changes why and until when it is.
func (o *Orders) Hold(ctx context.Context, sc db.Scope, id uuid.UUID, in HoldInput) (Order, error) {
	return o.change(ctx, sc, Doing{ID: id, Version: in.Version}, "hold", func(tx *db.Tx, order *Order) (bool, error) {
		if order.Status != Placed && order.Status != AwaitingConfirmation {
			return false, refuse(order, "Only an open order can be put on hold.")
		}
		reason := strings.TrimSpace(in.Reason)
		if reason == "" {
			return false, errInvalid.Field("body.reason", "say why")
		}
		if in.Until != nil && !in.Until.After(tx.Now) {
			return false, errInvalid.Field("body.until", "must be in the future")
		}
		owner := tx.Scope.Actor.Name
		if owner == "" {
			owner = mover(tx.Scope.Actor)
		}
		order.Hold = &Hold{Reason: reason, Owner: owner, Until: utc(in.Until)}
		if err := o.save(tx, axesOf(order), order); err != nil {
			return false, err
		}
		outbox.Cancel(tx, TimerHold, id.String())
		if in.Until != nil {
			if err := outbox.Schedule(tx, *in.Until, TimerHold, id.String(), map[string]any{"id": id}); err != nil {
				return false, err
			}
		}
		if err := tell(tx, order, "held", false, map[string]any{"reason": reason, "until": in.Until}); err != nil {
			return false, err
		}
		return true, publish(tx, EventHeld, order, reason)
	})
}

// Release ends the hold of an order.
func (o *Orders) Release(ctx context.Context, sc db.Scope, id uuid.UUID, version int64) (Order, error) {
	return o.change(ctx, sc, Doing{ID: id, Version: version}, "release", func(tx *db.Tx, order *Order) (bool, error) {
		return o.releaseTx(tx, order)
	})
}

func (o *Orders) releaseTx(tx *db.Tx, order *Order) (bool, error) {
	if order.Hold == nil {
		return false, nil
	}
	order.Hold = nil
	outbox.Cancel(tx, TimerHold, order.ID.String())
	if err := o.save(tx, axesOf(order), order); err != nil {
		return false, err
	}
	if err := tell(tx, order, "released", false, nil); err != nil {
		return false, err
	}
	return true, publish(tx, EventReleased, order, "")
}

// OnHoldDue hears order.hold_due: the time of a hold is over.
func (o *Orders) OnHoldDue(ctx context.Context, e outbox.Event) error {
	id, err := uuid.Parse(e.Subject)
	if err != nil {
		return fmt.Errorf("%s: subject %q: %w", e.Type, e.Subject, err)
	}
	_, err = o.change(ctx, db.ScopeOf(ctx), Doing{ID: id}, "release", func(tx *db.Tx, order *Order) (bool, error) {
		if order.Hold == nil || order.Hold.Until == nil || tx.Now.Before(*order.Hold.Until) {
			return false, nil // released, or held anew
		}
		return o.releaseTx(tx, order)
	})
	return err
}

// Complete closes an order by hand, such as one that was paid in cash outside.
func (o *Orders) Complete(ctx context.Context, sc db.Scope, id uuid.UUID, version int64) (Order, error) {
	return o.change(ctx, sc, Doing{ID: id, Version: version}, "complete", func(tx *db.Tx, order *Order) (bool, error) {
		if order.Status == Completed {
			return false, nil
		}
		if !slices.Contains(AllowedOf(order), ActComplete) {
			return false, refuse(order, "Only a placed order that is wholly fulfilled and not on hold can be completed.")
		}
		before := axesOf(order)
		order.Status, order.CompletedAt = Completed, &tx.Now
		if err := o.save(tx, before, order); err != nil {
			return false, err
		}
		if err := tell(tx, order, "completed", true, nil); err != nil {
			return false, err
		}
		return true, publish(tx, EventCompleted, order, "")
	})
}

// AddNote keeps a remark among staff.
func (o *Orders) AddNote(ctx context.Context, sc db.Scope, id uuid.UUID, text string) (Order, error) {
	return o.change(ctx, sc, Doing{ID: id}, "note", func(tx *db.Tx, order *Order) (bool, error) {
		text := strings.TrimSpace(text)
		bad := *errInvalid
		checkText(func(field, format string, args ...any) { bad = *bad.Field("body."+field, format, args...) }, "text", text, 4000)
		if text == "" {
			bad = *bad.Field("body.text", "write something")
		}
		if len(bad.Fields) > 0 {
			return false, &bad
		}
		author := tx.Scope.Actor.Name
		if author == "" {
			author = mover(tx.Scope.Actor)
		}
		note := Note{ID: db.NewID(), Author: author, Text: text, At: tx.Now}
		if err := tx.Exec(`INSERT INTO order_notes (tenant_id, order_id, id, author, text, at) VALUES (?, ?, ?, ?, ?, ?)`, tx.Scope.Tenant, id, note.ID, note.Author, note.Text, note.At).Error; err != nil {
			return false, fmt.Errorf("write note: %w", err)
		}
		if err := tell(tx, order, "note_added", false, map[string]any{"note": note.ID}); err != nil {
			return false, err
		}
		return true, publish(tx, EventNoteAdded, order, "")
	})
}

// TagsInput changes the tags of an order.
type TagsInput struct {
	Add    []string `json:"add,omitempty" maxItems:"20"`
	Remove []string `json:"remove,omitempty" maxItems:"20"`
}

// Tag adds and removes tags.
func (o *Orders) Tag(ctx context.Context, sc db.Scope, id uuid.UUID, in TagsInput) (Order, error) {
	return o.change(ctx, sc, Doing{ID: id}, "tag", func(tx *db.Tx, order *Order) (bool, error) {
		tags := db.Strings{}
		for _, t := range order.Tags {
			if !slices.Contains(in.Remove, t) {
				tags = append(tags, t)
			}
		}
		for i, t := range in.Add {
			t = strings.TrimSpace(t)
			bad := *errInvalid
			checkText(func(field, format string, args ...any) { bad = *bad.Field("body."+field, format, args...) }, fmt.Sprintf("add[%d]", i), t, 50)
			if len(bad.Fields) > 0 {
				return false, &bad
			}
			if t != "" && !slices.Contains(tags, t) {
				tags = append(tags, t)
			}
		}
		if len(tags) > 50 {
			return false, errInvalid.Field("body.add", "an order can have 50 tags at the most")
		}
		if slices.Equal(tags, order.Tags) {
			return false, nil
		}
		order.Tags = tags
		if err := o.save(tx, axesOf(order), order); err != nil {
			return false, err
		}
		if err := tell(tx, order, "tagged", false, map[string]any{"tags": tags}); err != nil {
			return false, err
		}
		return true, publish(tx, EventChanged, order, "")
	})
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
