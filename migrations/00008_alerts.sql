-- +goose Up
-- A rule is a kind of signal with the tenant's own thresholds; an instance is its state for one dedup key; an incident is what a person handles.
CREATE TABLE alert_rules (
  tenant_id        uuid NOT NULL REFERENCES tenants (id),
  id               uuid NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('stock_low','payment_failed','order_unpaid','order_unshipped','order_duplicate')),
  name             text NOT NULL,
  enabled          boolean NOT NULL DEFAULT true,
  severity         text NOT NULL CHECK (severity IN ('info','warning','critical')),
  params           jsonb NOT NULL,
  filter           jsonb NOT NULL DEFAULT '{}',
  notify           jsonb NOT NULL DEFAULT '{}',
  cooldown_minutes int NOT NULL DEFAULT 0 CHECK (cooldown_minutes BETWEEN 0 AND 10080),
  version          bigint NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('alert_rules');
CREATE INDEX alert_rules_kind ON alert_rules (tenant_id, kind) WHERE enabled;

CREATE TABLE alert_instances (
  tenant_id   uuid NOT NULL,
  rule_id     uuid NOT NULL,
  dedup_key   text NOT NULL,
  state       text NOT NULL CHECK (state IN ('ok','firing')),
  value       double precision NOT NULL DEFAULT 0,
  incident_id uuid,
  since       timestamptz NOT NULL,          -- of the state
  fired_at    timestamptz,                   -- the last crossing that opened or reopened an incident
  PRIMARY KEY (tenant_id, rule_id, dedup_key),
  FOREIGN KEY (tenant_id, rule_id) REFERENCES alert_rules (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('alert_instances');
CREATE INDEX alert_instances_firing ON alert_instances (tenant_id, rule_id) WHERE state = 'firing';

CREATE TABLE incident_numbers (
  tenant_id uuid PRIMARY KEY,
  next      bigint NOT NULL
);
CALL tenant_table('incident_numbers');

CREATE TABLE incidents (
  tenant_id       uuid NOT NULL,
  id              uuid NOT NULL,
  number          bigint NOT NULL,
  rule_id         uuid,
  kind            text NOT NULL,
  dedup_key       text NOT NULL,
  severity        text NOT NULL,
  status          text NOT NULL CHECK (status IN ('open','acknowledged','resolved')),
  title           jsonb NOT NULL,            -- by language
  summary         jsonb NOT NULL,            -- by language
  evidence        jsonb NOT NULL DEFAULT '{}',
  subject_type    text NOT NULL,             -- order, variant
  subject_id      text NOT NULL,
  subject_label   text NOT NULL,
  count           int NOT NULL DEFAULT 1,    -- how often it fired
  assignee        uuid,
  acknowledged_at timestamptz,
  acknowledged_by text NOT NULL DEFAULT '',
  resolved_at     timestamptz,
  resolved_by     text NOT NULL DEFAULT '',
  resolution      text NOT NULL DEFAULT '',  -- recovered, fixed, false_positive, duplicate, ignored
  version         bigint NOT NULL DEFAULT 1,
  opened_at       timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT incidents_number_key UNIQUE (tenant_id, number)
);
CALL tenant_table('incidents');
CREATE INDEX incidents_recent ON incidents (tenant_id, opened_at DESC, id DESC);
CREATE INDEX incidents_subject ON incidents (tenant_id, subject_type, subject_id);
-- One incident at a time for a rule and key, whatever the workers do.
CREATE UNIQUE INDEX incidents_one_open ON incidents (tenant_id, rule_id, dedup_key) WHERE status <> 'resolved';

CREATE TABLE incident_events (
  tenant_id   uuid NOT NULL,
  incident_id uuid NOT NULL,
  id          uuid NOT NULL,
  kind        text NOT NULL,                 -- opened, fired_again, acknowledged, assigned, note, resolved, recovered
  actor_kind  text NOT NULL,
  actor_id    text NOT NULL DEFAULT '',
  actor_name  text NOT NULL DEFAULT '',
  data        jsonb NOT NULL DEFAULT '{}',
  at          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, incident_id, id),
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CALL tenant_table('incident_events', 'SELECT, INSERT');

-- +goose Down
SELECT 1 / 0;
