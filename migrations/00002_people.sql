-- +goose Up
-- Who works for a tenant. The same e-mail in two tenants is two unrelated members. A removed member keeps his row, so that what he did keeps its name.
CREATE TABLE members (
  tenant_id          uuid NOT NULL REFERENCES tenants (id),
  id                 uuid NOT NULL,
  email              text NOT NULL,
  name               text NOT NULL,
  language           text NOT NULL DEFAULT '',
  status             text NOT NULL DEFAULT 'active' CHECK (status IN ('active','disabled','removed')),
  password_hash      text NOT NULL,
  email_confirmed_at timestamptz,
  totp_secret        bytea,                     -- sealed; set up but not in force until totp_enabled_at
  totp_enabled_at    timestamptz,
  totp_step          bigint NOT NULL DEFAULT 0, -- time step of the last accepted code: a code works once
  last_seen_at       timestamptz,
  version            bigint NOT NULL DEFAULT 1,
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('members', 'SELECT, INSERT, UPDATE');
CREATE UNIQUE INDEX members_email_key ON members (tenant_id, lower(email)) WHERE status <> 'removed';

-- Roles of members by name: one of the shared ones or one of the table below.
CREATE TABLE member_roles (
  tenant_id uuid NOT NULL,
  member_id uuid NOT NULL,
  role      text NOT NULL,
  PRIMARY KEY (tenant_id, member_id, role),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CALL tenant_table('member_roles');
CREATE INDEX member_roles_role ON member_roles (tenant_id, role);

-- A tenant's own roles. The shared ones (owner, manager, ...) are code.
CREATE TABLE roles (
  tenant_id   uuid NOT NULL REFERENCES tenants (id),
  name        text NOT NULL,
  title       jsonb NOT NULL,
  permissions text[] NOT NULL,
  version     bigint NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, name)
);
CALL tenant_table('roles');

CREATE TABLE recovery_codes (
  tenant_id uuid NOT NULL,
  member_id uuid NOT NULL,
  hash      bytea NOT NULL,
  used_at   timestamptz,
  PRIMARY KEY (tenant_id, member_id, hash),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CALL tenant_table('recovery_codes');

-- The token in the mail is signed, not stored: it names the row, and the row says whether it still counts.
CREATE TABLE invitations (
  tenant_id   uuid NOT NULL REFERENCES tenants (id),
  id          uuid NOT NULL,
  email       text NOT NULL,
  roles       text[] NOT NULL,
  language    text NOT NULL DEFAULT '',
  invited_by  uuid NOT NULL,
  expires_at  timestamptz NOT NULL,
  accepted_at timestamptz,
  revoked_at  timestamptz,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('invitations', 'SELECT, INSERT, UPDATE');
CREATE UNIQUE INDEX invitations_open_key ON invitations (tenant_id, lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- Password resets and e-mail confirmations; tokens as for invitations.
CREATE TABLE one_time_tokens (
  tenant_id  uuid NOT NULL,
  id         uuid NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('password_reset','email_confirmation')),
  member_id  uuid NOT NULL,
  email      text NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CALL tenant_table('one_time_tokens');
CREATE INDEX one_time_tokens_member ON one_time_tokens (tenant_id, member_id, kind);

-- Signed-in browsers of members and of customers. The token is not here, only its SHA-256.
CREATE TABLE sessions (
  tenant_id    uuid NOT NULL REFERENCES tenants (id),
  id           uuid NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('member','customer')),
  subject_id   uuid NOT NULL,
  name         text NOT NULL DEFAULT '',
  token_hash   bytea NOT NULL,
  address      text NOT NULL DEFAULT '',
  user_agent   text NOT NULL DEFAULT '',
  created_at   timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT sessions_token_key UNIQUE (tenant_id, token_hash)
);
CALL tenant_table('sessions');
CREATE INDEX sessions_subject ON sessions (tenant_id, kind, subject_id);

CREATE TABLE api_keys (
  tenant_id      uuid NOT NULL REFERENCES tenants (id),
  id             uuid NOT NULL,
  name           text NOT NULL,
  prefix         text NOT NULL,
  token_hash     bytea NOT NULL,
  previous_hash  bytea,                         -- the secret before the last rotation, good until previous_until
  previous_until timestamptz,
  scopes         text[] NOT NULL,
  created_by     uuid NOT NULL,                 -- a key can never do what its creator cannot do now
  created_at     timestamptz NOT NULL,
  last_used_at   timestamptz,
  expires_at     timestamptz,
  revoked_at     timestamptz,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT api_keys_token_key UNIQUE (tenant_id, token_hash),
  FOREIGN KEY (tenant_id, created_by) REFERENCES members (tenant_id, id)
);
CALL tenant_table('api_keys', 'SELECT, INSERT, UPDATE');
CREATE INDEX api_keys_previous ON api_keys (tenant_id, previous_hash) WHERE previous_hash IS NOT NULL;

-- Failed attempts to sign in, by what is being counted (account, address, device), in windows.
CREATE TABLE login_throttle (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  key       text NOT NULL,
  failures  int NOT NULL,
  since     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
CALL tenant_table('login_throttle');

-- Grows with every change of a tenant, its people and what they may do; processes that keep such things in memory watch it.
CREATE TABLE tenant_versions (
  tenant_id  uuid PRIMARY KEY REFERENCES tenants (id),
  version    bigint NOT NULL,
  changed_at timestamptz NOT NULL
);
CALL tenant_table('tenant_versions');
CREATE INDEX tenant_versions_changed ON tenant_versions (changed_at);
CREATE POLICY watcher ON tenant_versions FOR SELECT TO allhours_system USING (true);
GRANT SELECT ON tenant_versions TO allhours_system;

-- Own domains that are not proven yet. A proven one is in hosts; a claim blocks nobody else.
CREATE TABLE host_claims (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  host       text NOT NULL,
  token      text NOT NULL,
  checked_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, host)
);
CALL tenant_table('host_claims');

-- Signed heads of the audit chain: who can write to the database but has not the key cannot rewrite what lies before one.
CREATE TABLE audit_checkpoints (
  tenant_id uuid NOT NULL,
  seq       bigint NOT NULL,
  signature text NOT NULL,
  at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, seq)
);
CALL tenant_table('audit_checkpoints', 'SELECT, INSERT');

-- The people who run the platform. They belong to no tenant, and no tenant's transaction can see them.
CREATE TABLE operators (
  id              uuid PRIMARY KEY,
  email           text NOT NULL,
  name            text NOT NULL,
  status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active','disabled')),
  password_hash   text NOT NULL,
  totp_secret     bytea,
  totp_enabled_at timestamptz,
  totp_step       bigint NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX operators_email_key ON operators (lower(email));
CREATE TABLE operator_sessions (
  id           uuid PRIMARY KEY,
  operator_id  uuid NOT NULL REFERENCES operators (id),
  token_hash   bytea NOT NULL,
  address      text NOT NULL DEFAULT '',
  user_agent   text NOT NULL DEFAULT '',
  created_at   timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  CONSTRAINT operator_sessions_token_key UNIQUE (token_hash)
);
CREATE TABLE operator_throttle (
  key      text PRIMARY KEY,
  failures int NOT NULL,
  since    timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON operators TO allhours_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON operator_sessions, operator_throttle TO allhours_system;

-- +goose Down
SELECT 1 / 0;
