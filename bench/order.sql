\set a random(1, 250)
\set b random(251, 500)
\startpipeline
BEGIN;
SELECT set_config('app.tenant_id', :tenant, true);
INSERT INTO idempotency_keys (tenant_id, key, request_hash, created_at) VALUES (:tenant, gen_random_uuid()::text, '\x00', now()) ON CONFLICT DO NOTHING;
INSERT INTO orders (tenant_id, id, status, fulfilment_type, payment_method, currency, email, name, subtotal, total, created_at, updated_at) VALUES (:tenant, uuid7(now()), 'placed', 'ship', 'manual', 'GBP', 'ann@example.com', 'Ann', 2000, 2000, now(), now());
INSERT INTO order_lines (tenant_id, order_id, line, sku, title, quantity, unit_price, total) VALUES (:tenant, uuid7(now()), 1, 'SKU-' || :a, '{"en": "A mug"}', 1, 1000, 1000), (:tenant, uuid7(now()), 2, 'SKU-' || :b, '{"en": "A pen"}', 1, 1000, 1000);
INSERT INTO outbox_events (tenant_id, id, type, subject, payload, due_at, created_at) VALUES (:tenant, uuid7(now()), 'order.placed', 'x', '{"total": 2000}', now(), now());
UPDATE pool_levels SET committed = committed + 1, version = version + 1, updated_at = now() WHERE tenant_id = :tenant AND id = (SELECT id FROM bench_levels WHERE n = :a) AND committed + reserved + 1 <= on_hand - safety + oversell_limit;
UPDATE pool_levels SET committed = committed + 1, version = version + 1, updated_at = now() WHERE tenant_id = :tenant AND id = (SELECT id FROM bench_levels WHERE n = :b) AND committed + reserved + 1 <= on_hand - safety + oversell_limit;
COMMIT;
\endpipeline
