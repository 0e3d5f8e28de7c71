-- +goose Up
-- Roles. allhours_app is what the server works as: owns nothing, cannot bypass row-level security.
-- allhours_system is entered with SET LOCAL ROLE by db.InSystemTx: it sees the directory of tenants and the outbox, and no tenant's data.
-- Roles belong to the whole cluster, so two databases that are migrated at the same time may race here: that is what the handlers are for.
-- +goose StatementBegin
DO $$
BEGIN
  BEGIN CREATE ROLE allhours_app LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END;
  BEGIN CREATE ROLE allhours_system NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END;
  IF NOT pg_has_role('allhours_app', 'allhours_system', 'MEMBER') THEN
    BEGIN GRANT allhours_system TO allhours_app; EXCEPTION WHEN unique_violation THEN NULL; END;
  END IF;
END $$;
-- +goose StatementEnd

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO allhours_app, allhours_system;
GRANT SELECT ON goose_db_version TO allhours_app;

-- current_tenant is NULL outside a tenant transaction, so that policies then match no row.
-- +goose StatementBegin
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN NULLIF(current_setting('app.tenant_id', true), '')::uuid;
-- +goose StatementEnd

-- tenant_table turns row-level security on for a table with a tenant_id and lets the app work on its own tenant's rows. Every migration that creates
-- a tenant's table calls it; privileges default to all four and can be narrowed (audit_log takes 'SELECT, INSERT').
-- +goose StatementBegin
CREATE PROCEDURE tenant_table(t regclass, privileges text DEFAULT 'SELECT, INSERT, UPDATE, DELETE') LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('CREATE POLICY tenant ON %s TO allhours_app USING (tenant_id = NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid) WITH CHECK (tenant_id = NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid)', t);
  EXECUTE format('GRANT %s ON %s TO allhours_app', privileges, t);
END $$;
-- +goose StatementEnd

-- The directory: who the tenants are and which hosts lead to them.
CREATE TABLE tenants (
  id          uuid PRIMARY KEY,
  slug        text NOT NULL,
  name        text NOT NULL,
  industry    text NOT NULL CHECK (industry IN ('retail','restaurant','hospitality','services','wholesale','digital')),
  country     text NOT NULL,
  currency    text NOT NULL,
  time_zone   text NOT NULL,
  language    text NOT NULL,
  plan        text NOT NULL DEFAULT 'free',
  status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active','suspended','closed')),
  settings    jsonb NOT NULL DEFAULT '{}',
  version     bigint NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  CONSTRAINT tenants_slug_key UNIQUE (slug)
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenants TO allhours_app USING (id = current_tenant()) WITH CHECK (id = current_tenant());
CREATE POLICY directory ON tenants TO allhours_system USING (true);
GRANT SELECT, INSERT, UPDATE ON tenants TO allhours_app;
GRANT SELECT, UPDATE ON tenants TO allhours_system;

CREATE TABLE hosts (
  host        text PRIMARY KEY,
  tenant      uuid NOT NULL REFERENCES tenants (id),
  verified_at timestamptz,
  created_at  timestamptz NOT NULL
);
CREATE INDEX hosts_tenant ON hosts (tenant);
ALTER TABLE hosts ENABLE ROW LEVEL SECURITY;
ALTER TABLE hosts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON hosts TO allhours_app USING (tenant = current_tenant()) WITH CHECK (tenant = current_tenant());
CREATE POLICY directory ON hosts TO allhours_system USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON hosts TO allhours_app;
GRANT SELECT ON hosts TO allhours_system;

-- Idempotency keys of mutating requests: claimed in the transaction that has the effect.
CREATE TABLE idempotency_keys (
  tenant_id    uuid NOT NULL,
  key          text NOT NULL CHECK (length(key) <= 300),
  request_hash bytea NOT NULL,
  response     jsonb,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
CALL tenant_table('idempotency_keys');
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- The event log and the timers: a timer is an event whose due_at lies in the future. published_at is set once its deliveries exist.
CREATE TABLE outbox_events (
  tenant_id    uuid NOT NULL,
  id           uuid NOT NULL,
  type         text NOT NULL,
  subject      text NOT NULL,
  payload      jsonb NOT NULL,
  actor        jsonb NOT NULL DEFAULT '{}',
  due_at       timestamptz NOT NULL,
  created_at   timestamptz NOT NULL,
  published_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('outbox_events');
CREATE INDEX outbox_events_due ON outbox_events (due_at, id) WHERE published_at IS NULL;
CREATE INDEX outbox_events_subject ON outbox_events (tenant_id, subject, type);
CREATE POLICY carrier ON outbox_events TO allhours_system USING (true);
GRANT SELECT, UPDATE, DELETE ON outbox_events TO allhours_system; -- DELETE: old published events are purged

-- One row per event and subscriber: the truth about what has been handled; asynq only carries wake-ups.
CREATE TABLE outbox_deliveries (
  tenant_id   uuid NOT NULL,
  event_id    uuid NOT NULL,
  subscriber  text NOT NULL,
  state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','done','dead')),
  attempts    int NOT NULL DEFAULT 0,
  next_at     timestamptz NOT NULL,
  last_error  text NOT NULL DEFAULT '',
  done_at     timestamptz,
  PRIMARY KEY (tenant_id, event_id, subscriber),
  FOREIGN KEY (tenant_id, event_id) REFERENCES outbox_events (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('outbox_deliveries');
CREATE INDEX outbox_deliveries_open ON outbox_deliveries (next_at) WHERE state = 'pending';
CREATE POLICY carrier ON outbox_deliveries TO allhours_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON outbox_deliveries TO allhours_system;

-- The audit log may be read and appended to, never changed; audit_chain seals its entries in order, each hash covering the one before.
CREATE TABLE audit_log (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  at          timestamptz NOT NULL,
  actor_kind  text NOT NULL,
  actor_id    text NOT NULL,
  actor_name  text NOT NULL DEFAULT '',
  via         text NOT NULL DEFAULT '',
  request_id  text NOT NULL DEFAULT '',
  action      text NOT NULL,
  object_type text NOT NULL,
  object_id   text NOT NULL,
  before      jsonb,
  after       jsonb,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('audit_log', 'SELECT, INSERT');
CREATE INDEX audit_log_object ON audit_log (tenant_id, object_type, object_id, id);
CREATE TABLE audit_chain (
  tenant_id  uuid NOT NULL,
  seq        bigint NOT NULL,
  entry_id   uuid NOT NULL,
  hash       bytea NOT NULL,
  sealed_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, seq),
  UNIQUE (tenant_id, entry_id)
);
CALL tenant_table('audit_chain', 'SELECT, INSERT');
CREATE POLICY sealer ON audit_log TO allhours_system USING (true);
CREATE POLICY sealer ON audit_chain TO allhours_system USING (true);
GRANT SELECT (tenant_id, id) ON audit_log TO allhours_system;
GRANT SELECT (tenant_id, entry_id) ON audit_chain TO allhours_system;

-- +goose Down
SELECT 1 / 0; -- migrations only go forward
