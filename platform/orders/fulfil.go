package orders

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/inventory"
)

// FulfilInput sends a part of an order on its way. Without lines it is all that is left.
type FulfilInput struct {
	Lines          []GroupLine `json:"lines,omitempty" maxItems:"200"`
	Status         string      `json:"status,omitempty" maxLength:"20" doc:"Where the group begins: shipped, ready or issued by the order's type where it is left out."`
	LocationID     *uuid.UUID  `json:"location_id,omitempty"`
	Carrier        string      `json:"carrier,omitempty" maxLength:"100"`
	TrackingNumber string      `json:"tracking_number,omitempty" maxLength:"100"`
	TrackingURL    string      `json:"tracking_url,omitempty" maxLength:"1000"`
	Version        int64       `json:"version,omitempty"`
}

// Fulfil makes a group of lines. When the goods leave the house, their supply is taken off the shelf. The key makes a double click one parcel.
func (o *Orders) Fulfil(ctx context.Context, sc db.Scope, id uuid.UUID, key string, in FulfilInput) (Order, error) {
	d := Doing{ID: id, Version: in.Version, Key: key, Request: in}
	return o.change(ctx, sc, d, "fulfil", func(tx *db.Tx, order *Order) (bool, error) { return true, o.fulfilTx(tx, order, in) })
}

func (o *Orders) fulfilTx(tx *db.Tx, order *Order, in FulfilInput) error {
	if err := mayFulfil(order); err != nil {
		return err
	}
	status := in.Status
	if status == "" {
		status = usualStep[order.FulfilmentType]
	}
	if status != "unfulfilled" && !CanMoveGroup(order.FulfilmentType, "unfulfilled", status) || status == "cancelled" {
		return errInvalid.Field("body.status", "must be one of %v", groupMoves[order.FulfilmentType]["unfulfilled"])
	}
	if in.TrackingURL != "" && !isWebAddress(in.TrackingURL) {
		return errInvalid.Field("body.tracking_url", "must begin with https:// or http://")
	}
	lines, err := groupLines(order, in.Lines)
	if err != nil {
		return err
	}
	location := in.LocationID
	if location == nil {
		location = order.LocationID
	}
	g := Group{
		ID: db.NewID(), Type: order.FulfilmentType, Status: "unfulfilled", LocationID: location, Lines: lines, Carrier: in.Carrier, TrackingNumber: in.TrackingNumber, TrackingURL: in.TrackingURL,
		TrackingStatus: "unknown", Version: 1, CreatedAt: tx.Now,
	}
	order.Fulfilments = append(order.Fulfilments, g)
	return o.step(tx, order, len(order.Fulfilments)-1, status, true)
}

func mayFulfil(order *Order) error {
	switch {
	case order.Status != Placed && order.Status != Completed:
		return refuse(order, "Only a placed order can be fulfilled.")
	case order.Hold != nil:
		return refuse(order, "This order is on hold: %s. Release it first.", order.Hold.Reason)
	}
	return nil
}

// groupLines checks what is wanted against what is in no group yet; nothing wanted is all of that.
func groupLines(order *Order, wanted []GroupLine) ([]GroupLine, error) {
	open := map[int]int{}
	for _, l := range order.Lines {
		open[l.Line] = openOf(l, order.Fulfilments)
	}
	if len(wanted) == 0 {
		for _, l := range order.Lines {
			if open[l.Line] > 0 {
				wanted = append(wanted, GroupLine{l.Line, open[l.Line]})
			}
		}
		if len(wanted) == 0 {
			return nil, refuse(order, "Everything in this order is on its way already.")
		}
	}
	for i, w := range wanted {
		left, known := open[w.Line]
		if !known {
			return nil, errInvalid.Field(fmt.Sprintf("body.lines[%d].line", i), "this order has no such line")
		}
		if w.Quantity < 1 || w.Quantity > left {
			return nil, errInvalid.Field(fmt.Sprintf("body.lines[%d].quantity", i), "must be from 1 to %d, what is left of the line", left)
		}
		open[w.Line] = left - w.Quantity
	}
	return wanted, nil
}

// MoveInput moves a group to its next status.
type MoveInput struct {
	To             string `json:"to" maxLength:"20"`
	Carrier        string `json:"carrier,omitempty" maxLength:"100"`
	TrackingNumber string `json:"tracking_number,omitempty" maxLength:"100"`
	TrackingURL    string `json:"tracking_url,omitempty" maxLength:"1000"`
	Version        int64  `json:"version,omitempty"`
}

// Move moves a group along the table of its type. A move to the status it is in does nothing.
func (o *Orders) Move(ctx context.Context, sc db.Scope, id, group uuid.UUID, in MoveInput) (Order, error) {
	return o.change(ctx, sc, Doing{ID: id, Version: in.Version}, "move", func(tx *db.Tx, order *Order) (bool, error) {
		i := slices.IndexFunc(order.Fulfilments, func(g Group) bool { return g.ID == group })
		if i < 0 {
			return false, fault.New(fault.NotFound, "order.fulfilment_not_found", "There is no such fulfilment in this order.")
		}
		g := &order.Fulfilments[i]
		if g.Status == in.To {
			return false, nil
		}
		if err := mayFulfil(order); err != nil && in.To != "cancelled" && in.To != "revoked" {
			return false, err
		}
		if in.TrackingURL != "" && !isWebAddress(in.TrackingURL) {
			return false, errInvalid.Field("body.tracking_url", "must begin with https:// or http://")
		}
		if !CanMoveGroup(g.Type, g.Status, in.To) {
			return false, errInvalid.Field("body.to", "from %q it may only move to one of %v", g.Status, groupMoves[g.Type][g.Status])
		}
		for old, new := range map[*string]string{&g.Carrier: in.Carrier, &g.TrackingNumber: in.TrackingNumber, &g.TrackingURL: in.TrackingURL} {
			if new != "" {
				*old = new
			}
		}
		return true, o.step(tx, order, i, in.To, false)
	})
}

// step moves the group and everything that goes with it: supply, line counts, the order's status, timeline and event.
func (o *Orders) step(tx *db.Tx, order *Order, i int, to string, fresh bool) error {
	before := axesOf(order)
	fulfilment := order.FulfilmentStatus
	g := &order.Fulfilments[i]
	from := g.Status
	if gone(to) && !gone(from) {
		if err := o.leave(tx, order, g.Lines); err != nil {
			return err
		}
		g.ShippedAt = &tx.Now
	}
	if arrived(to) && !arrived(from) {
		g.DeliveredAt = &tx.Now
		if g.Type == "ship" {
			g.TrackingStatus = "delivered"
		}
	}
	g.Status = to
	if err := writeGroup(tx, order.ID, g, fresh); err != nil {
		return err
	}
	if err := o.save(tx, before, order); err != nil {
		return err
	}
	data := map[string]any{"fulfilment": g.ID, "from": from, "to": to, "order_from": fulfilment, "order_to": order.FulfilmentStatus}
	if g.TrackingNumber != "" {
		data["carrier"], data["tracking_number"] = g.Carrier, g.TrackingNumber
	}
	if err := tell(tx, order, "fulfilment_changed", true, data); err != nil {
		return err
	}
	return publish(tx, EventFulfilmentChanged, order, to)
}

// leave takes the goods of the lines off the shelf.
func (o *Orders) leave(tx *db.Tx, order *Order, lines []GroupLine) error {
	demands, err := o.demands(tx, order, lines, "committed")
	if err != nil {
		return err
	}
	if err := o.inventory.ConsumePartTx(tx, inventory.OrderOwner(order.ID), demands); err != nil {
		return err
	}
	for _, gl := range lines {
		order.Lines[lineAt(order, gl.Line)].Fulfilled += gl.Quantity
	}
	return writeLines(tx, order)
}

func lineAt(order *Order, line int) int {
	return slices.IndexFunc(order.Lines, func(l Line) bool { return l.Line == line })
}

// demands tells from which levels the order holds, in the state, what the lines need.
func (o *Orders) demands(tx *db.Tx, order *Order, lines []GroupLine, state string) ([]inventory.Demand, error) {
	type heldAt struct {
		Kind, Key string
		LevelID   uuid.UUID
		Quantity  int64
	}
	var held []heldAt
	err := tx.Raw(`SELECT p.kind, p.key, h.level_id, sum(h.quantity) AS quantity FROM holds h
		JOIN pool_levels l ON l.tenant_id = h.tenant_id AND l.id = h.level_id JOIN pools p ON p.tenant_id = l.tenant_id AND p.id = l.pool_id
		WHERE h.owner_id = ? AND h.owner_kind = 'order' AND h.state = ? GROUP BY 1, 2, 3 ORDER BY 3`, order.ID, state).Scan(&held).Error
	if err != nil {
		return nil, fmt.Errorf("find what the order holds: %w", err)
	}
	keys := map[string]bool{}
	for _, h := range held {
		keys[h.Kind+"/"+h.Key] = true
	}
	var out []inventory.Demand
	for _, gl := range lines {
		line := &order.Lines[lineAt(order, gl.Line)]
		for _, u := range line.Uses {
			if !keys[u.Kind+"/"+u.Key] {
				if u.Key, err = renamed(tx, line, u); err != nil {
					return nil, err
				}
			}
			left := u.Quantity * int64(gl.Quantity)
			for i := range held {
				h := &held[i]
				if n := min(left, h.Quantity); n > 0 && h.Kind == u.Kind && h.Key == u.Key {
					out = append(out, inventory.Demand{Level: h.LevelID, Quantity: n})
					h.Quantity -= n
					left -= n
				}
			}
			if left > 0 {
				return nil, fmt.Errorf("order %s: %d of %s are not %s any more", order.ID, left, u.Key, state)
			}
		}
	}
	return out, nil
}

// renamed gives the name that a supply has got since it was ordered: the one of the variant's supplies of the kind that the line does not know.
func renamed(tx *db.Tx, line *Line, u Use) (string, error) {
	known := db.Strings{}
	for _, k := range line.Uses {
		known = append(known, k.Key)
	}
	var key string
	err := tx.Raw(`SELECT key FROM resource_uses WHERE variant_id = ? AND kind = ? AND key <> ALL (?::text[]) ORDER BY key LIMIT 1`, line.VariantID, u.Kind, known).Row().Scan(&key)
	if db.IsNotFound(err) {
		return u.Key, nil
	}
	return key, err
}

// dropGroups cancels the groups that have not left.
func (o *Orders) dropGroups(tx *db.Tx, order *Order) error {
	for i := range order.Fulfilments {
		g := &order.Fulfilments[i]
		if g.Status != "cancelled" {
			g.Status = "cancelled"
			if err := writeGroup(tx, order.ID, g, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// RestockTx gives units of an order back for sale, in the transaction of the refund that lets them go: units that have left come back on the shelf, the others are let go.
func (o *Orders) RestockTx(tx *db.Tx, orderID uuid.UUID, lines []GroupLine) error {
	order, err := o.lockTx(tx, orderID)
	if err != nil {
		return err
	}
	before := axesOf(&order)
	var kept, back []GroupLine
	for _, w := range lines {
		i := lineAt(&order, w.Line)
		if i < 0 {
			return errInvalid.Field("body.lines", "the order has no line %d", w.Line)
		}
		l := &order.Lines[i]
		let := min(w.Quantity, openOf(*l, order.Fulfilments))
		left := w.Quantity - let
		if left > l.Fulfilled-l.Restocked {
			return errInvalid.Field("body.lines", "of line %d only %d can be restocked", w.Line, let+l.Fulfilled-l.Restocked)
		}
		if let > 0 {
			kept = append(kept, GroupLine{w.Line, let})
		}
		if left > 0 {
			back = append(back, GroupLine{w.Line, left})
		}
	}
	owner := inventory.OrderOwner(orderID)
	release, err := o.demands(tx, &order, kept, "committed")
	if err != nil {
		return err
	}
	if err := o.inventory.ReleasePartTx(tx, owner, release); err != nil {
		return err
	}
	returned, err := o.demands(tx, &order, back, "consumed")
	if err != nil {
		return err
	}
	if err := o.inventory.RestockTx(tx, owner, returned); err != nil {
		return err
	}
	for _, k := range kept {
		order.Lines[lineAt(&order, k.Line)].Cancelled += k.Quantity
	}
	for _, b := range back {
		order.Lines[lineAt(&order, b.Line)].Restocked += b.Quantity
	}
	if err := writeLines(tx, &order); err != nil {
		return err
	}
	if err := o.save(tx, before, &order); err != nil {
		return err
	}
	return tell(tx, &order, "restocked", false, map[string]any{"lines": lines})
}

func writeGroup(tx *db.Tx, orderID uuid.UUID, g *Group, fresh bool) error {
	lines := db.JSON[[]GroupLine]{V: g.Lines}
	if fresh {
		err := tx.Exec(`INSERT INTO fulfilments (tenant_id, id, order_id, type, status, location_id, lines, carrier, tracking_number, tracking_url, tracking_status, shipped_at, delivered_at, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Tenant, g.ID, orderID, g.Type, g.Status, g.LocationID, lines, g.Carrier, g.TrackingNumber, g.TrackingURL,
			g.TrackingStatus, g.ShippedAt, g.DeliveredAt, tx.Now, tx.Now).Error
		if err != nil {
			return fmt.Errorf("write fulfilment: %w", err)
		}
		return nil
	}
	g.Version++
	err := tx.Exec(`UPDATE fulfilments SET status = ?, carrier = ?, tracking_number = ?, tracking_url = ?, tracking_status = ?, shipped_at = ?, delivered_at = ?, version = ?, updated_at = ? WHERE id = ?`,
		g.Status, g.Carrier, g.TrackingNumber, g.TrackingURL, g.TrackingStatus, g.ShippedAt, g.DeliveredAt, g.Version, tx.Now, g.ID).Error
	if err != nil {
		return fmt.Errorf("write fulfilment: %w", err)
	}
	return nil
}
