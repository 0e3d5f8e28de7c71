-- +goose Up
CREATE TABLE carts (
  tenant_id        uuid NOT NULL,   -- no foreign key: every new cart would lock the shop's row
  id               uuid NOT NULL,
  token_hash       bytea NOT NULL,
  customer_id      uuid,
  currency         text NOT NULL,
  language         text NOT NULL DEFAULT '',
  status           text NOT NULL DEFAULT 'open' CHECK (status IN ('open','completed','expired')),
  email            text NOT NULL DEFAULT '',
  phone            text NOT NULL DEFAULT '',
  name             text NOT NULL DEFAULT '',
  fulfilment_type  text NOT NULL DEFAULT '',
  location_id      uuid,
  shipping_address jsonb,
  note             text NOT NULL DEFAULT '',
  order_id         uuid,
  version          bigint NOT NULL DEFAULT 1,
  expires_at       timestamptz NOT NULL,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('carts');
CREATE INDEX carts_expiry ON carts (tenant_id, expires_at) WHERE status = 'open';
CREATE TABLE cart_lines (
  tenant_id  uuid NOT NULL,
  cart_id    uuid NOT NULL,
  id         uuid NOT NULL,
  variant_id uuid NOT NULL,
  quantity   int NOT NULL CHECK (quantity > 0),
  rank       int NOT NULL DEFAULT 0,
  seen_price bigint,            -- unit price last shown, so that a change can be pointed out
  PRIMARY KEY (tenant_id, cart_id, id),
  UNIQUE (tenant_id, cart_id, variant_id),
  FOREIGN KEY (tenant_id, cart_id) REFERENCES carts (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('cart_lines');

-- The next order number, and how many orders were placed in the month, for the plan's limit.
CREATE TABLE order_numbers (
  tenant_id uuid PRIMARY KEY,
  next      bigint NOT NULL DEFAULT 1001,
  month     date NOT NULL,
  placed    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CALL tenant_table('order_numbers');

-- Four axes: status (lifecycle), payment_status, fulfilment_status (computed over the groups), hold_reason. Totals in minor units of currency.
CREATE TABLE orders (
  tenant_id         uuid NOT NULL,
  id                uuid NOT NULL,
  number            bigint,                     -- given at placed
  cart_id           uuid,
  external_ref      text NOT NULL DEFAULT '',   -- the number in the system it was imported from
  channel           text NOT NULL DEFAULT 'storefront' CHECK (channel IN ('storefront','api','staff','import')),
  customer_id       uuid,
  status            text NOT NULL CHECK (status IN ('draft','awaiting_confirmation','placed','completed','cancelled','expired')),
  payment_status    text NOT NULL DEFAULT 'unpaid' CHECK (payment_status IN ('unpaid','pending','authorized','partially_paid','paid','overpaid','partially_refunded','refunded','failed','voided','disputed')),
  fulfilment_status text NOT NULL DEFAULT 'unfulfilled',
  fulfilment_type   text NOT NULL CHECK (fulfilment_type IN ('ship','pickup','digital')),
  hold_reason       text NOT NULL DEFAULT '',
  hold_owner        text NOT NULL DEFAULT '',
  hold_until        timestamptz,
  payment_method    text NOT NULL DEFAULT '',   -- '' not chosen; manual, on_delivery, or installation/method of a plugin
  location_id       uuid,
  currency          text NOT NULL,
  language          text NOT NULL DEFAULT '',
  email             text NOT NULL DEFAULT '',
  phone             text NOT NULL DEFAULT '',
  name              text NOT NULL DEFAULT '',
  shipping_address  jsonb,
  note              text NOT NULL DEFAULT '',
  tags              text[] NOT NULL DEFAULT '{}',
  subtotal          bigint NOT NULL,
  discount_total    bigint NOT NULL DEFAULT 0,
  shipping_total    bigint NOT NULL DEFAULT 0,
  tax_total         bigint NOT NULL DEFAULT 0,
  total             bigint NOT NULL CHECK (total >= 0),
  tax_included      boolean NOT NULL DEFAULT true,
  paid_total        bigint NOT NULL DEFAULT 0,
  refunded_total    bigint NOT NULL DEFAULT 0,
  expires_at        timestamptz,                -- an unpaid draft ends here
  placed_at         timestamptz,
  completed_at      timestamptz,
  cancelled_at      timestamptz,
  cancel_reason     text NOT NULL DEFAULT '',
  version           bigint NOT NULL DEFAULT 1,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 85);
CALL tenant_table('orders');
CREATE UNIQUE INDEX orders_number_key ON orders (tenant_id, number) WHERE number IS NOT NULL;
CREATE UNIQUE INDEX orders_cart_key ON orders (tenant_id, cart_id) WHERE cart_id IS NOT NULL;
CREATE UNIQUE INDEX orders_external_ref_key ON orders (tenant_id, external_ref) WHERE external_ref <> '';
-- Ids are UUIDv7 of created_at: the primary key lists the newest first, and so do these.
CREATE INDEX orders_status ON orders (tenant_id, status, id);
CREATE INDEX orders_customer ON orders (tenant_id, customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX orders_email ON orders (tenant_id, lower(email), id) WHERE email <> '';
CREATE INDEX orders_unpaid ON orders (tenant_id, expires_at) WHERE status = 'draft';

CREATE TABLE order_lines (
  tenant_id    uuid NOT NULL,
  order_id     uuid NOT NULL,
  line         int NOT NULL,
  variant_id   uuid,
  sku          text NOT NULL,
  title        jsonb NOT NULL,
  options      jsonb NOT NULL DEFAULT '{}',
  image        text NOT NULL DEFAULT '',
  uses         jsonb NOT NULL DEFAULT '[]',   -- what one unit takes: [{"kind": "stock", "key": "MUG-1", "quantity": 1}]
  quantity     int NOT NULL CHECK (quantity > 0),
  unit_price   bigint NOT NULL,
  discount     bigint NOT NULL DEFAULT 0,
  tax          bigint NOT NULL DEFAULT 0,
  total        bigint NOT NULL,
  fulfilled    int NOT NULL DEFAULT 0,        -- units that have left the house
  cancelled    int NOT NULL DEFAULT 0,        -- units given up before they left
  restocked    int NOT NULL DEFAULT 0,        -- units that came back on the shelf afterwards
  refunded     bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0),
  PRIMARY KEY (tenant_id, order_id, line),
  CONSTRAINT order_lines_units CHECK (fulfilled >= 0 AND cancelled >= 0 AND fulfilled + cancelled <= quantity AND restocked BETWEEN 0 AND fulfilled)
); -- no foreign key: place_orders writes lines with their order, and the check would cost a look-up each
CALL tenant_table('order_lines');
CREATE INDEX order_lines_sku ON order_lines (tenant_id, sku);

-- The timeline: what happened, by whom, why. Append-only.
CREATE TABLE order_events (
  tenant_id  uuid NOT NULL,
  order_id   uuid NOT NULL,
  id         uuid NOT NULL,
  kind       text NOT NULL,
  actor_kind text NOT NULL,
  actor_id   text NOT NULL DEFAULT '',
  actor_name text NOT NULL DEFAULT '',
  data       jsonb NOT NULL DEFAULT '{}',
  public     boolean NOT NULL DEFAULT true,   -- shown to the customer
  version    bigint NOT NULL DEFAULT 1,       -- of the order from then on
  at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, order_id, id)
);
CALL tenant_table('order_events', 'SELECT, INSERT');

CREATE TABLE fulfilments (
  tenant_id       uuid NOT NULL,
  id              uuid NOT NULL,
  order_id        uuid NOT NULL,
  type            text NOT NULL CHECK (type IN ('ship','pickup','digital')),
  status          text NOT NULL CHECK (status IN ('unfulfilled','allocated','picked','packed','shipped','delivered','ready','collected','no_show','issued','revoked','cancelled')),
  location_id     uuid,
  lines           jsonb NOT NULL,             -- [{"line": 1, "quantity": 2}]
  carrier         text NOT NULL DEFAULT '',
  tracking_number text NOT NULL DEFAULT '',
  tracking_url    text NOT NULL DEFAULT '',
  tracking_status text NOT NULL DEFAULT 'unknown',
  promised_at     timestamptz,
  shipped_at      timestamptz,
  delivered_at    timestamptz,
  version         bigint NOT NULL DEFAULT 1,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
CALL tenant_table('fulfilments');
CREATE INDEX fulfilments_order ON fulfilments (tenant_id, order_id);

CREATE TABLE order_notes (
  tenant_id uuid NOT NULL,
  order_id  uuid NOT NULL,
  id        uuid NOT NULL,
  author    text NOT NULL,
  text      text NOT NULL,
  at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, order_id, id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
CALL tenant_table('order_notes');

-- Saved views of the console's lists, personal or shared.
CREATE TABLE saved_views (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  id         uuid NOT NULL,
  member_id  uuid,             -- NULL: shared
  page       text NOT NULL,
  name       text NOT NULL,
  query      jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('saved_views');

-- +goose Down
SELECT 1 / 0;
