-- +goose Up
-- A tenant's use of a plugin. config_rev grows with every change; secrets are sealed (tink, AAD tenant|plugin|installation).
CREATE TABLE plugin_installations (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  id         uuid NOT NULL,
  plugin     text NOT NULL,
  version    text NOT NULL,
  mode       text NOT NULL DEFAULT 'live' CHECK (mode IN ('live','sandbox')),
  state      text NOT NULL DEFAULT 'active' CHECK (state IN ('active','disabled','removed')), -- removed: kept for its deliveries and payments, secrets gone
  label      jsonb NOT NULL DEFAULT '{}',
  rank       int NOT NULL DEFAULT 0,
  config     jsonb NOT NULL DEFAULT '{}',
  secrets    bytea,
  config_rev bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('plugin_installations');
CREATE UNIQUE INDEX plugin_installations_plugin_key ON plugin_installations (tenant_id, plugin) WHERE state <> 'removed';

-- Webhooks as they came, stored before they are answered. The token in the path names tenant and installation.
CREATE TABLE webhook_deliveries (
  tenant_id       uuid NOT NULL,
  id              uuid NOT NULL,
  installation_id uuid NOT NULL,
  endpoint        text NOT NULL DEFAULT '',
  request         bytea NOT NULL,             -- sealed: method, path, headers, raw body
  state           text NOT NULL CHECK (state IN ('received','accepted','duplicate','ignored','refused','failed')),
  dedupe_id       text NOT NULL DEFAULT '',
  detail          text NOT NULL DEFAULT '',
  attempts        int NOT NULL DEFAULT 0,
  received_at     timestamptz NOT NULL,
  handled_at      timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, installation_id) REFERENCES plugin_installations (tenant_id, id)
);
CALL tenant_table('webhook_deliveries');
CREATE INDEX webhook_deliveries_installation ON webhook_deliveries (tenant_id, installation_id, id);
CREATE UNIQUE INDEX webhook_deliveries_dedupe ON webhook_deliveries (tenant_id, installation_id, dedupe_id) WHERE state = 'accepted' AND dedupe_id <> '';

-- One attempt to pay an order: what the shopper sees. Its truth is in payment_events.
CREATE TABLE payments (
  tenant_id       uuid NOT NULL,
  id              uuid NOT NULL,
  order_id        uuid NOT NULL,
  installation_id uuid,                        -- NULL: manual (cash, bank transfer), recorded by staff
  method          text NOT NULL,
  currency        text NOT NULL,
  amount          bigint NOT NULL CHECK (amount > 0),
  status          text NOT NULL CHECK (status IN ('created','pending','action_required','authorized','captured','declined','voided','expired','unknown','failed')),
  captured        bigint NOT NULL DEFAULT 0,
  refunded        bigint NOT NULL DEFAULT 0,
  provider_ref    text NOT NULL DEFAULT '',
  next_action     jsonb,
  reason          text NOT NULL DEFAULT '',
  expires_at      timestamptz,
  version         bigint NOT NULL DEFAULT 1,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (captured >= 0 AND refunded >= 0 AND refunded <= captured)
);
CALL tenant_table('payments');
CREATE INDEX payments_order ON payments (tenant_id, order_id);
CREATE INDEX payments_provider_ref ON payments (tenant_id, installation_id, provider_ref) WHERE provider_ref <> '';

-- The ledger row that exists before any provider call; its id is the idempotency key upstream, for the life of the operation.
CREATE TABLE payment_operations (
  tenant_id    uuid NOT NULL,
  id           uuid NOT NULL,
  payment_id   uuid NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('authorize','capture','void','refund')),
  amount       bigint NOT NULL,
  currency     text NOT NULL,
  request_key  text NOT NULL DEFAULT '',   -- what the caller asked under, so that a double click is one operation
  state        text NOT NULL CHECK (state IN ('created','sent','succeeded','failed','unknown')),
  provider_ref text NOT NULL DEFAULT '',
  attempts     int NOT NULL DEFAULT 0,
  lookups      int NOT NULL DEFAULT 0,
  problem      jsonb,
  reason       text NOT NULL DEFAULT '',
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);
CALL tenant_table('payment_operations');
CREATE INDEX payment_operations_payment ON payment_operations (tenant_id, payment_id);
CREATE UNIQUE INDEX payment_operations_request ON payment_operations (tenant_id, payment_id, kind, request_key) WHERE request_key <> '';

-- Append-only money events per provider reference; amounts of payments and orders are sums over them.
CREATE TABLE payment_events (
  tenant_id    uuid NOT NULL,
  id           uuid NOT NULL,
  payment_id   uuid NOT NULL,
  operation_id uuid,
  kind         text NOT NULL CHECK (kind IN ('authorize','capture','void','refund','chargeback')),
  outcome      text NOT NULL CHECK (outcome IN ('requested','succeeded','failed')),
  amount       bigint NOT NULL,
  currency     text NOT NULL,
  provider_ref text NOT NULL,
  source       text NOT NULL CHECK (source IN ('call','webhook','return','lookup','staff')),
  occurred_at  timestamptz NOT NULL,
  recorded_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT payment_events_once UNIQUE (tenant_id, payment_id, kind, outcome, provider_ref),
  FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);
CALL tenant_table('payment_events', 'SELECT, INSERT');

-- +goose Down
SELECT 1 / 0;
