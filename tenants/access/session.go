package access

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/audit"
)

// How long sessions live without use, and at all.
const (
	memberIdle       = 7 * 24 * time.Hour
	memberLife       = 30 * 24 * time.Hour
	customerIdle     = 30 * 24 * time.Hour
	customerLife     = 180 * 24 * time.Hour
	operatorIdle     = time.Hour
	operatorLife     = 12 * time.Hour
	deviceCookieLife = 365 * 24 * time.Hour
)

// Opened is a session that has just begun: its token is told once, here.
type Opened struct {
	ID    uuid.UUID
	Token string
	Life  time.Duration // for the cookie
}

// OpenSession begins a session of a member or customer (kind) of the transaction's tenant. It is always a new one: a token that was there before signing in never becomes a signed-in one.
func (a *Access) OpenSession(tx *db.Tx, kind string, subject uuid.UUID, name string, c Client) (Opened, error) {
	prefix, life := memberPrefix, memberLife
	if kind == Customer {
		prefix, life = customerPrefix, customerLife
	}
	token, h := mint(prefix, tx.Scope.Tenant)
	o := Opened{ID: db.NewID(), Token: token, Life: life}
	if err := insertSession(tx, o.ID, kind, subject, name, h, c, tx.Now.Add(life)); err != nil {
		return Opened{}, fmt.Errorf("open session: %w", err)
	}
	return o, nil
}

// Session is a signed-in browser as its owner sees it.
type Session struct {
	ID         uuid.UUID `json:"id"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at" doc:"To the minute."`
	ExpiresAt  time.Time `json:"expires_at"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"user_agent"`
	Current    bool      `json:"current" doc:"The one that asks."`
}

// Sessions lists the identity's own sessions, the last used first.
func (a *Access) Sessions(ctx context.Context, sc db.Scope, id Identity) ([]Session, error) {
	list := []Session{}
	err := a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		rows, err := sessionsOf(tx, id.Kind, id.ID)
		for _, r := range rows {
			list = append(list, Session{ID: r.ID, CreatedAt: r.CreatedAt.UTC(), LastSeenAt: r.LastSeenAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), IP: r.Address, UserAgent: r.UserAgent, Current: r.ID == id.SessionID})
		}
		return err
	})
	return list, err
}

var errNoSession = fault.New(fault.NotFound, "session.not_found", "This session has ended already.")

// EndSession signs one of the identity's own browsers out.
func (a *Access) EndSession(ctx context.Context, sc db.Scope, id Identity, session uuid.UUID) error {
	return a.db.InTx(ctx, sc, func(tx *db.Tx) error {
		n, err := deleteSession(tx, id.Kind, id.ID, session)
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if n == 0 {
			return errNoSession
		}
		if err := audit.Append(tx, audit.Entry{Action: "session.ended", ObjectType: "session", ObjectID: session.String()}); err != nil {
			return err
		}
		return a.ChangedTx(tx)
	})
}

// EndSessionsTx signs a member or customer out everywhere, but for the session given; uuid.Nil spares none. It tells how many ended.
func (a *Access) EndSessionsTx(tx *db.Tx, kind string, subject, but uuid.UUID) (int64, error) {
	n, err := deleteSessions(tx, kind, subject, but)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return n, a.ChangedTx(tx)
}

// RotateSessionTx gives the session another token, so that whoever knew the old one is out.
func (a *Access) RotateSessionTx(tx *db.Tx, id Identity) (Opened, error) {
	prefix, life := memberPrefix, memberLife
	if id.Kind == Customer {
		prefix, life = customerPrefix, customerLife
	}
	token, h := mint(prefix, tx.Scope.Tenant)
	n, err := replaceToken(tx, id.SessionID, h, tx.Now.Add(life))
	if err != nil {
		return Opened{}, fmt.Errorf("rotate session: %w", err)
	}
	if n == 0 {
		return Opened{}, ErrUnknown
	}
	return Opened{ID: id.SessionID, Token: token, Life: life}, a.ChangedTx(tx)
}

// network is what addresses are counted by: one IPv4 address, or the /64 that one IPv6 line has.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
