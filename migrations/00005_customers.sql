-- +goose Up
-- A customer is a guest (no password) or an account. Erased customers keep their id and nothing personal.
CREATE TABLE customers (
  tenant_id     uuid NOT NULL REFERENCES tenants (id),
  id            uuid NOT NULL,
  kind          text NOT NULL DEFAULT 'guest' CHECK (kind IN ('guest','account')),
  email         text NOT NULL DEFAULT '',
  phone         text NOT NULL DEFAULT '',
  name          text NOT NULL DEFAULT '',
  language      text NOT NULL DEFAULT '',
  country       text NOT NULL DEFAULT '',
  external_ref  text NOT NULL DEFAULT '',
  password_hash text NOT NULL DEFAULT '',
  email_confirmed_at timestamptz,             -- until then an account is not trusted to be its e-mail's owner's
  consents      jsonb NOT NULL DEFAULT '{}',  -- {"marketing_email": {"granted": true, "at": "...", "source": "checkout"}}
  note          text NOT NULL DEFAULT '',
  erased_at     timestamptz,
  version       bigint NOT NULL DEFAULT 1,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('customers');
CREATE UNIQUE INDEX customers_account_email ON customers (tenant_id, lower(email)) WHERE kind = 'account' AND email <> '';
CREATE UNIQUE INDEX customers_external_ref ON customers (tenant_id, external_ref) WHERE external_ref <> '';
CREATE INDEX customers_email ON customers (tenant_id, lower(email));

-- What was agreed to and taken back, by whom and where. Append-only; customers.consents is the newest of each kind.
CREATE TABLE customer_consents (
  tenant_id   uuid NOT NULL,
  customer_id uuid NOT NULL,
  id          uuid NOT NULL,
  kind        text NOT NULL,
  granted     boolean NOT NULL,
  source      text NOT NULL,               -- checkout, account, staff, import
  actor       text NOT NULL DEFAULT '',
  at          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, customer_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);
CALL tenant_table('customer_consents', 'SELECT, INSERT');

CREATE TABLE customer_addresses (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  customer_id uuid NOT NULL,
  label       text NOT NULL DEFAULT '',
  address     jsonb NOT NULL,
  is_default  boolean NOT NULL DEFAULT false,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('customer_addresses');
CREATE INDEX customer_addresses_customer ON customer_addresses (tenant_id, customer_id);

CREATE TABLE erasures (
  tenant_id    uuid NOT NULL REFERENCES tenants (id),
  id           uuid NOT NULL,
  customer_id  uuid NOT NULL,
  status       text NOT NULL CHECK (status IN ('requested','done','refused')),
  reason       text NOT NULL DEFAULT '',
  requested_by text NOT NULL DEFAULT '',
  requested_at timestamptz NOT NULL,
  done_at      timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('erasures');

-- +goose Down
SELECT 1 / 0;
