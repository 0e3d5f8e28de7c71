-- +goose Up
-- What a member sees under the bell.
CREATE TABLE notifications (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  id         uuid NOT NULL,
  member_id  uuid NOT NULL,
  dedup_key  text NOT NULL,
  severity   text NOT NULL,
  title      jsonb NOT NULL,
  body       jsonb NOT NULL,
  link       text NOT NULL DEFAULT '',
  read_at    timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT notifications_once UNIQUE (tenant_id, member_id, dedup_key)
);
CALL tenant_table('notifications');
CREATE INDEX notifications_member ON notifications (tenant_id, member_id, id DESC);
CREATE INDEX notifications_unread ON notifications (tenant_id, member_id) WHERE read_at IS NULL;

-- What goes out to people: one row per message, its delivery log in attempts. The body may hold a link that signs somebody in: it is sealed.
CREATE TABLE messages (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  id         uuid NOT NULL,
  channel    text NOT NULL CHECK (channel IN ('email')),
  recipient  text NOT NULL,
  template   text NOT NULL,
  language   text NOT NULL,
  subject    text NOT NULL,
  content    bytea NOT NULL,                -- sealed {text, html}
  dedup_key  text NOT NULL,
  state      text NOT NULL CHECK (state IN ('queued','sent','failed','dead')),
  attempts   int NOT NULL DEFAULT 0,
  last_error text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  sent_at    timestamptz,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT messages_once UNIQUE (tenant_id, channel, recipient, dedup_key)
);
CALL tenant_table('messages');
CREATE INDEX messages_recent ON messages (tenant_id, id DESC);
CREATE TABLE message_attempts (
  tenant_id  uuid NOT NULL,
  message_id uuid NOT NULL,
  attempt    int NOT NULL,
  at         timestamptz NOT NULL,
  outcome    text NOT NULL CHECK (outcome IN ('sent','failed')),
  response   text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, message_id, attempt),
  FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('message_attempts', 'SELECT, INSERT');

CREATE TABLE notification_preferences (
  tenant_id  uuid NOT NULL,
  member_id  uuid NOT NULL,
  channels   jsonb NOT NULL,                -- {"email": "warning", "in_app": "info"}: the least severity that comes through; "none" for nothing
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, member_id)
);
CALL tenant_table('notification_preferences');

-- +goose Down
SELECT 1 / 0;
