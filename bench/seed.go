package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/platform/base/db"
	"allhours/tenants"
	"allhours/tenants/access"
)

const goods = 500

// shop is a tenant with goods and an API key.
type shop struct {
	id       uuid.UUID
	slug     string
	key      string
	location uuid.UUID
}

// seed fills the database: a shop with 500 goods, another one for pgbench, and the many with two goods each. Stock is as good as endless.
func (r *rig) seed(ctx context.Context) error {
	d, err := db.Open(ctx, db.Config{URL: r.postgres.URL, MaxConns: 4})
	if err != nil {
		return err
	}
	defer d.Close()
	watch := tenants.NewWatch(d)
	acc, err := access.New(d, watch, r.keys)
	if err != nil {
		return err
	}
	for i := range r.tenants + 2 {
		n := 2
		if i < 2 {
			n = goods
		}
		s := shop{id: db.NewID(), slug: fmt.Sprint("shop-", i), location: db.NewID()}
		member := db.NewID()
		if _, err := r.owner.Exec(ctx, seedSQL, s.id, s.slug, s.location, member, n); err != nil {
			return err
		}
		by := access.Identity{Kind: access.Member, ID: member, Tenant: s.id, Roles: []string{"owner"}}
		key, err := acc.CreateKey(ctx, db.Scope{Tenant: s.id, Actor: by.Actor("")}, by, "bench", []string{"orders:read", "orders:write", "payments:write", "products:read"}, nil)
		if err != nil {
			return err
		}
		s.key = key.Secret
		r.shops = append(r.shops, s)
	}
	_, err = r.owner.Exec(ctx, `CREATE TABLE bench_levels AS SELECT row_number() OVER (ORDER BY l.id)::int AS n, l.id FROM pool_levels l WHERE l.tenant_id = '`+r.shops[1].id.String()+`';
		ALTER TABLE bench_levels ADD PRIMARY KEY (n); GRANT SELECT ON bench_levels TO allhours_app; ANALYZE`)
	if err != nil {
		return err
	}
	rows, err := r.owner.Query(ctx, "SELECT id FROM variants WHERE tenant_id = $1 ORDER BY substr(sku, 5)::int", r.shops[0].id)
	if err != nil {
		return err
	}
	r.variants, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return err
}

// seedSQL makes shop $1 with slug $2, location $3, its owner $4 and $5 goods.
const seedSQL = `WITH
	t AS (INSERT INTO tenants (id, slug, name, industry, country, currency, time_zone, language, plan, created_at, updated_at) VALUES ($1, $2, $2, 'retail', 'GB', 'GBP', 'Europe/London', 'en', 'unlimited', now(), now())),
	m AS (INSERT INTO members (tenant_id, id, email, name, password_hash, created_at, updated_at) VALUES ($1, $4, 'owner@example.com', 'Owner', '', now(), now())),
	mr AS (INSERT INTO member_roles (tenant_id, member_id, role) VALUES ($1, $4, 'owner')),
	o AS (INSERT INTO locations (tenant_id, id, name, created_at, updated_at) VALUES ($1, $3, 'Shop', now(), now())),
	list AS (INSERT INTO price_lists (tenant_id, id, name, currency, is_default, created_at, updated_at) VALUES ($1, uuid7(now()), 'Retail', 'GBP', true, now(), now()) RETURNING id),
	tax AS (INSERT INTO tax_rates (tenant_id, tax_class, country, basis_points) VALUES ($1, 'standard', '', 2000)),
	goods AS MATERIALIZED (SELECT n, uuid7(now()) AS product, uuid7(now()) AS variant, uuid7(now()) AS pool, uuid7(now()) AS level, 'SKU-' || n AS sku FROM generate_series(1, $5::int) AS n),
	p AS (INSERT INTO products (tenant_id, id, slug, status, title, description, created_at, updated_at)
		SELECT $1, product, 'product-' || n, 'active', jsonb_build_object('en', 'Handmade thing number ' || n), jsonb_build_object('en', 'A thing made by hand, one of a kind, in the colour that you like.'), now(), now() FROM goods),
	v AS (INSERT INTO variants (tenant_id, id, product_id, sku, created_at, updated_at) SELECT $1, variant, product, sku, now(), now() FROM goods),
	c AS (INSERT INTO prices (tenant_id, price_list_id, variant_id, amount) SELECT $1, list.id, variant, 500 + 10 * n FROM goods, list),
	u AS (INSERT INTO resource_uses (tenant_id, variant_id, kind, key) SELECT $1, variant, 'stock', sku FROM goods),
	po AS (INSERT INTO pools (tenant_id, id, location_id, kind, key, created_at) SELECT $1, pool, $3, 'stock', sku, now() FROM goods),
	l AS (INSERT INTO pool_levels (tenant_id, id, pool_id, on_hand, updated_at) SELECT $1, level, pool, 900000000, now() FROM goods)
	INSERT INTO movements (tenant_id, id, level_id, kind, on_hand_delta, at) SELECT $1, uuid7(now()), level, 'receive', 900000000, now() FROM goods`
