package orders

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/platform/inventory"
)

func splitToken(token string) (id uuid.UUID, hash [32]byte, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 16+24 {
		return id, hash, false
	}
	return uuid.UUID(b[:16]), sha256.Sum256(b[16:]), true
}

// storedCart is a cart with its lines as one JSON document, so that it is one round trip.
type storedCart struct {
	Cart
	TokenHash string       `json:"token_hash"`
	Kept      []storedLine `json:"kept"`
}

const cartSQL = `SELECT to_jsonb(c) || jsonb_build_object('kept', (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.rank, l.id) FROM cart_lines l WHERE l.tenant_id = c.tenant_id AND l.cart_id = c.id))
	FROM carts c WHERE c.id = $1 AND c.status <> 'expired' AND c.expires_at > COALESCE($2, now())`

// open checks the token's secret and gives the cart.
func (s storedCart) open(hash [32]byte) (Cart, error) {
	if subtle.ConstantTimeCompare([]byte(s.TokenHash), []byte(`\x`+hex.EncodeToString(hash[:]))) == 0 {
		return Cart{}, ErrCartNotFound
	}
	s.Cart.stored = s.Kept
	s.Cart.ExpiresAt = s.Cart.ExpiresAt.UTC()
	return s.Cart, nil
}

// peekCart reads the cart of the token in one round trip.
func (o *Orders) peekCart(ctx context.Context, sc db.Scope, token string) (Cart, error) {
	id, hash, ok := splitToken(token)
	if !ok {
		return Cart{}, ErrCartNotFound
	}
	var row storedCart
	err := o.db.Pipeline(ctx, sc, func(b *pgx.Batch) {
		b.Queue(cartSQL, id, o.db.Frozen()).QueryRow(func(r pgx.Row) error { return r.Scan(&row) })
	})
	if db.IsNotFound(err) {
		return Cart{}, ErrCartNotFound
	}
	if err != nil {
		return Cart{}, fmt.Errorf("read cart: %w", err)
	}
	return row.open(hash)
}

// The cart is at the version that was read, or nothing is written. Its life is lengthened by whole days, so that most writes touch no index.
const (
	cartUpdate = `UPDATE carts SET email = $3, phone = $4, name = $5, fulfilment_type = $6, location_id = $7, shipping_address = $8, note = $9, language = $12, version = version + 1,
		expires_at = greatest(expires_at, date_trunc('day', COALESCE($10, now())) + $11), updated_at = COALESCE($10, now()) WHERE id = $1 AND version = $2`
	writeCartSQL  = cartUpdate + ` RETURNING expires_at`
	writeLinesSQL = `WITH c AS (` + cartUpdate + ` RETURNING tenant_id, id, expires_at),
		r AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($13) AS r(id uuid, variant uuid, quantity int, rank int, seen_price bigint)),
		gone AS (DELETE FROM cart_lines l USING c WHERE l.tenant_id = c.tenant_id AND l.cart_id = c.id AND NOT EXISTS (SELECT 1 FROM r WHERE r.id = l.id)),
		put AS (INSERT INTO cart_lines (tenant_id, cart_id, id, variant_id, quantity, rank, seen_price) SELECT c.tenant_id, c.id, r.id, variant, quantity, rank, seen_price FROM r, c
			ON CONFLICT (tenant_id, cart_id, id) DO UPDATE SET quantity = excluded.quantity, rank = excluded.rank, seen_price = excluded.seen_price)
		SELECT expires_at FROM c`
)

// cartLineRow is how writeLinesSQL reads a line.
type cartLineRow struct {
	ID        uuid.UUID `json:"id"`
	Variant   uuid.UUID `json:"variant"`
	Quantity  int       `json:"quantity"`
	Rank      int       `json:"rank"`
	SeenPrice *int64    `json:"seen_price"`
}

// writeCart saves the cart, and its lines where they have changed, as its next version, and looks up the supplies on the way, in one round trip. written is false when the cart is
// not at the version that was read any more, be it that somebody has changed it or ordered it.
func (o *Orders) writeCart(ctx context.Context, sc db.Scope, c *Cart, supplies []inventory.Key) (sources map[inventory.Key][]inventory.Source, written bool, err error) {
	args := []any{c.ID, c.Version, c.Email, c.Phone, c.Name, c.FulfilmentType, c.LocationID, nullJSON(c.ShippingAddress), c.Note, o.db.Frozen(), cartLife, c.Language}
	statement := writeCartSQL
	if c.relined {
		rows := make([]cartLineRow, len(c.stored))
		for i, l := range c.stored {
			rows[i] = cartLineRow{l.ID, l.VariantID, l.Quantity, i, l.SeenPrice}
		}
		lines, err := json.Marshal(rows)
		if err != nil {
			return nil, false, fmt.Errorf("write cart: %w", err)
		}
		statement, args = writeLinesSQL, append(args, string(lines))
	}
	err = o.db.Pipeline(ctx, sc, func(b *pgx.Batch) {
		written = false
		b.Queue(statement, args...).Query(func(r pgx.Rows) error {
			_, err := pgx.ForEachRow(r, []any{&c.ExpiresAt}, func() error { written = true; return nil })
			return err
		})
		if len(supplies) > 0 {
			inventory.QueueSources(b, supplies, &sources)
		}
	})
	if err != nil {
		return nil, false, fmt.Errorf("write cart: %w", err)
	}
	c.ExpiresAt = c.ExpiresAt.UTC()
	c.Version++
	return sources, written, nil
}

// DropCarts forgets carts of the tenant whose time is over, at most limit of them, and tells how many.
func (o *Orders) DropCarts(ctx context.Context, sc db.Scope, limit int) (n int64, err error) {
	err = o.db.InTx(ctx, sc, func(tx *db.Tx) error {
		q := tx.Exec(`DELETE FROM carts WHERE id IN (SELECT id FROM carts WHERE status = 'open' AND expires_at < ? ORDER BY expires_at LIMIT ?)`, tx.Now, limit)
		n = q.RowsAffected
		return q.Error
	})
	return n, err
}
