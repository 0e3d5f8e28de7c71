package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

// topic is a group of events that a member may follow who has the permission; "" is any member.
type topic struct {
	prefixes   []string
	permission string
}

// topics is the one list of what goes to the console. Timers and events that are not here stay inside.
var topics = map[string]topic{
	"orders":        {[]string{"order."}, "orders:read"},
	"payments":      {[]string{"payment."}, "payments:read"},
	"stock":         {[]string{"stock."}, "inventory:read"},
	"products":      {[]string{"product.", "category."}, "products:read"},
	"customers":     {[]string{"customer."}, "customers:read"},
	"incidents":     {[]string{"incident."}, "alerts:read"},
	"imports":       {[]string{"import."}, "imports:write"},
	"notifications": {[]string{"notification."}, ""},
	"members":       {[]string{"member."}, "members:read"},
	"tenant":        {[]string{"tenant."}, ""},
}

// topicNames gives other words for topics.
var topicNames = map[string]string{"jobs": "imports", "inbox": "notifications", "inventory": "stock"}

var (
	errTopic   = fault.New(fault.Invalid, "validation_failed", "A topic is not one; see errors.")
	errNoTopic = fault.New(fault.Forbidden, "permission_denied", "Your role may follow none of these topics.")
)

// chosen finds the topics of the query (all, if it is empty) that the identity may follow.
func (g *Gateway) chosen(ctx context.Context, id access.Identity, query string) ([]topic, error) {
	var names []string
	for name := range strings.SplitSeq(query, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if other := topicNames[name]; other != "" {
			name = other
		}
		if _, ok := topics[name]; !ok {
			return nil, errTopic.Field("query.topics", "there is no topic %s", name)
		}
		names = append(names, name)
	}
	var list []topic
	for name, t := range topics {
		if (len(names) == 0 || slices.Contains(names, name)) && g.follows(ctx, id, t) {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		return nil, errNoTopic
	}
	return list, nil
}

func (g *Gateway) follows(ctx context.Context, id access.Identity, t topic) bool {
	if t.permission == "" {
		return id.Is(access.Member)
	}
	return g.hooks.Authenticator.Allowed(ctx, id, t.permission)
}

func (t topic) holds(typ string) bool {
	for _, p := range t.prefixes {
		if strings.HasPrefix(typ, p) {
			return !strings.HasSuffix(typ, "_due") // a timer is told to ourselves only
		}
	}
	return false
}

// staffWants lets through what the member's topics hold; the permission is asked for again at each event, for it may have been taken away since.
// A notification goes to the member it is for.
func (g *Gateway) staffWants(ctx context.Context, id access.Identity, list []topic) func(LiveEvent) bool {
	return func(e LiveEvent) bool {
		for _, t := range list {
			if !t.holds(e.Type) || !g.follows(ctx, id, t) {
				continue
			}
			return !strings.HasPrefix(e.Type, "notification.") || about(e.Payload).Member == id.ID
		}
		return false
	}
}

// reference is what a payload says about whom and what it concerns.
type reference struct {
	Member   uuid.UUID `json:"member_id"`
	Customer uuid.UUID `json:"customer_id"`
	Order    uuid.UUID `json:"order_id"`
	Version  int64     `json:"version"`
}

func about(payload json.RawMessage) (r reference) {
	_ = json.Unmarshal(payload, &r) // a payload of another shape concerns nobody
	return r
}

// shopEvents are those of an order that its customer hears of. Notes and holds are the staff's own.
var shopEvents = []string{
	"order.placed", "order.paid", "order.payment_changed", "order.cancelled", "order.expired", "order.completed", "order.fulfilment_changed", "order.refunded",
	"payment.succeeded", "payment.failed", "payment.pending", "payment.refunded",
}

// shopWants lets a customer hear of his order, or of all of his own where order is none, and anyone of stock and products.
func shopWants(id access.Identity, order uuid.UUID) func(LiveEvent) bool {
	return func(e LiveEvent) bool {
		switch e.Type {
		case "stock.changed", "product.changed", "category.changed":
			return true
		}
		if !slices.Contains(shopEvents, e.Type) {
			return false
		}
		concerns := about(e.Payload)
		if strings.HasPrefix(e.Type, "order.") {
			concerns.Order, _ = uuid.Parse(e.Subject)
		}
		if order != uuid.Nil {
			return concerns.Order == order
		}
		return id.Is(access.Customer) && id.ID != uuid.Nil && concerns.Customer == id.ID
	}
}

// message is the data of an event as a browser gets it.
type message struct {
	Type    string          `json:"type"`
	ID      string          `json:"id"`
	Version int64           `json:"version,omitempty"`
	At      string          `json:"at"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// staffMessage passes the payload on.
func staffMessage(e LiveEvent) message {
	return message{Type: e.Type, ID: e.Subject, Version: about(e.Payload).Version, At: e.At.Format(timeFormat), Data: e.Payload}
}

const timeFormat = "2006-01-02T15:04:05.999Z07:00"

// shopMessage says that something has changed and not what is inside: payloads are written for the shop's own people.
func shopMessage(e LiveEvent) message {
	m := staffMessage(e)
	m.Data = nil
	return m
}

// articles names what a stock.changed is about: its payload is a list of levels, or holds one.
func articles(payload json.RawMessage) (skus []string) {
	type level struct {
		SKU string `json:"sku"`
	}
	var levels []level
	if json.Unmarshal(payload, &levels) != nil {
		var holder struct {
			Levels []level `json:"levels"`
		}
		_ = json.Unmarshal(payload, &holder)
		levels = holder.Levels
	}
	for _, l := range levels {
		if l.SKU != "" {
			skus = append(skus, l.SKU)
		}
	}
	return skus
}
