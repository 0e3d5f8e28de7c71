-- +goose Up
CREATE TABLE locations (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  id         uuid NOT NULL,
  name       text NOT NULL,
  kind       text NOT NULL DEFAULT 'store' CHECK (kind IN ('store','warehouse','kitchen','property','virtual')),
  time_zone  text NOT NULL DEFAULT '',
  address    jsonb NOT NULL DEFAULT '{}',
  rank       int NOT NULL DEFAULT 0,
  active     boolean NOT NULL DEFAULT true,
  version    bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT locations_name_key UNIQUE (tenant_id, name)
);
CALL tenant_table('locations');

-- One supply abstraction: stock (key = sku), capacity (key = table, room type, stylist), keys, unlimited.
CREATE TABLE pools (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  location_id uuid NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('stock','capacity','keys','unlimited')),
  key         text NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT pools_key UNIQUE (tenant_id, kind, key, location_id),
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id)
);
CALL tenant_table('pools');

-- What one unit of a variant consumes.
CREATE TABLE resource_uses (
  tenant_id  uuid NOT NULL,
  variant_id uuid NOT NULL,
  kind       text NOT NULL,
  key        text NOT NULL,
  quantity   int NOT NULL DEFAULT 1 CHECK (quantity > 0),
  PRIMARY KEY (tenant_id, variant_id, kind, key),
  FOREIGN KEY (tenant_id, variant_id) REFERENCES variants (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('resource_uses');
CREATE INDEX resource_uses_key ON resource_uses (tenant_id, kind, key);

-- available = on_hand - safety + oversell_limit - committed - reserved. reserved: held for carts and unpaid orders; committed: owed to placed orders.
CREATE TABLE pool_levels (
  tenant_id      uuid NOT NULL,
  id             uuid NOT NULL,
  pool_id        uuid NOT NULL,
  bucket         text NOT NULL DEFAULT '',       -- '' for stock; a date or interval for capacity
  on_hand        bigint NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
  committed      bigint NOT NULL DEFAULT 0 CHECK (committed >= 0),
  reserved       bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  safety         bigint NOT NULL DEFAULT 0 CHECK (safety >= 0),
  incoming       bigint NOT NULL DEFAULT 0 CHECK (incoming >= 0),
  oversell_limit bigint NOT NULL DEFAULT 0 CHECK (oversell_limit >= 0),
  version        bigint NOT NULL DEFAULT 1,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT pool_levels_bucket_key UNIQUE (tenant_id, pool_id, bucket),
  CONSTRAINT pool_levels_never_oversold CHECK (committed + reserved <= on_hand - safety + oversell_limit),
  FOREIGN KEY (tenant_id, pool_id) REFERENCES pools (tenant_id, id)
) WITH (fillfactor = 70);
CALL tenant_table('pool_levels');

CREATE TABLE holds (
  tenant_id  uuid NOT NULL,
  id         uuid NOT NULL,
  level_id   uuid NOT NULL,
  owner_kind text NOT NULL CHECK (owner_kind IN ('cart','order')),
  owner_id   uuid NOT NULL,
  quantity   bigint NOT NULL CHECK (quantity > 0),
  state      text NOT NULL CHECK (state IN ('reserved','committed','consumed','released','expired')),
  expires_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('holds');
CREATE INDEX holds_owner ON holds (tenant_id, owner_id);
CREATE INDEX holds_open ON holds (tenant_id, level_id) WHERE state IN ('reserved','committed');
CREATE INDEX holds_due ON holds (tenant_id, expires_at) WHERE state = 'reserved' AND expires_at IS NOT NULL;

-- Append-only; the sums of the deltas are the levels.
CREATE TABLE movements (
  tenant_id       uuid NOT NULL,
  id              uuid NOT NULL,
  level_id        uuid NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('receive','adjust','count','reserve','commit','release','expire','ship','restock','transfer_in','transfer_out','repair')),
  on_hand_delta   bigint NOT NULL DEFAULT 0,
  reserved_delta  bigint NOT NULL DEFAULT 0,
  committed_delta bigint NOT NULL DEFAULT 0,
  cause_kind      text NOT NULL DEFAULT '',  -- order, cart, transfer, import, staff
  cause_id        text NOT NULL DEFAULT '',
  reason          text NOT NULL DEFAULT '',
  actor           text NOT NULL DEFAULT '',
  at              timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('movements', 'SELECT, INSERT');
CREATE INDEX movements_level ON movements (tenant_id, level_id, id);
CREATE INDEX movements_cause ON movements (tenant_id, cause_id) WHERE cause_id <> '';

-- What of a variant can be sold: a line may be supplied by several active locations, so what they have of each use is summed up, and the scarcest use decides.
-- No row for a variant without uses (untracked). It works with the rights of who asks, and is a function because a view's groups would be made for every variant of the shop.
-- +goose StatementBegin
CREATE FUNCTION variant_supply(tenant uuid, variant uuid) RETURNS TABLE (available bigint, on_hand bigint, committed bigint, reserved bigint) LANGUAGE sql STABLE AS $$
  SELECT min(a.available / u.quantity), min(a.on_hand / u.quantity), max(a.committed), max(a.reserved)
  FROM resource_uses u CROSS JOIN LATERAL (
    SELECT COALESCE(sum(l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved), 0)::bigint AS available,
      COALESCE(sum(l.on_hand), 0)::bigint AS on_hand, COALESCE(sum(l.committed), 0)::bigint AS committed, COALESCE(sum(l.reserved), 0)::bigint AS reserved
    FROM pools p
    JOIN locations o ON o.tenant_id = p.tenant_id AND o.id = p.location_id AND o.active
    JOIN pool_levels l ON l.tenant_id = p.tenant_id AND l.pool_id = p.id AND l.bucket = ''
    WHERE p.tenant_id = u.tenant_id AND p.kind = u.kind AND p.key = u.key) a
  WHERE u.tenant_id = tenant AND u.variant_id = variant
  HAVING count(*) > 0
$$;
-- +goose StatementEnd

CREATE TABLE reconciliations (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  id         uuid NOT NULL,
  checked    bigint NOT NULL,
  drifted    bigint NOT NULL,
  repaired   bigint NOT NULL DEFAULT 0,
  findings   jsonb NOT NULL DEFAULT '[]',
  at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('reconciliations');

-- +goose Down
SELECT 1 / 0;
