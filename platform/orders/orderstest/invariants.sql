-- One row is one finding. Run as the owner of the database, over all tenants, when nothing is under way.

-- INV1: no level is negative or oversold; levels are the sums of their movements and of their open holds.
SELECT 'INV1 level out of bounds: ' || l.id AS finding FROM pool_levels l
WHERE l.on_hand < 0 OR l.committed < 0 OR l.reserved < 0 OR l.committed + l.reserved > l.on_hand - l.safety + l.oversell_limit
UNION ALL
SELECT 'INV1 level ' || l.id || ' is ' || l.on_hand || '/' || l.reserved || '/' || l.committed || ', its movements come to ' || coalesce(m.on_hand, 0) || '/' || coalesce(m.reserved, 0) || '/' || coalesce(m.committed, 0)
FROM pool_levels l LEFT JOIN (SELECT tenant_id, level_id, sum(on_hand_delta) AS on_hand, sum(reserved_delta) AS reserved, sum(committed_delta) AS committed FROM movements GROUP BY 1, 2) m
  ON m.tenant_id = l.tenant_id AND m.level_id = l.id
WHERE l.on_hand <> coalesce(m.on_hand, 0) OR l.reserved <> coalesce(m.reserved, 0) OR l.committed <> coalesce(m.committed, 0)
UNION ALL
SELECT 'INV1 level ' || l.id || ' has ' || l.reserved || ' reserved and ' || l.committed || ' committed, its holds ' || coalesce(h.reserved, 0) || ' and ' || coalesce(h.committed, 0)
FROM pool_levels l LEFT JOIN (SELECT tenant_id, level_id, sum(quantity) FILTER (WHERE state = 'reserved') AS reserved, sum(quantity) FILTER (WHERE state = 'committed') AS committed FROM holds GROUP BY 1, 2) h
  ON h.tenant_id = l.tenant_id AND h.level_id = l.id
WHERE l.reserved <> coalesce(h.reserved, 0) OR l.committed <> coalesce(h.committed, 0)

-- Each order holds what its lines need and no more: reserved as a draft, committed once placed, nothing when it has ended; what has left was consumed.
UNION ALL
SELECT 'INV1 order ' || o.id || ' (' || o.status || ') needs ' || coalesce(n.open, 0) || ' and holds ' || coalesce(h.reserved, 0) || ' reserved, ' || coalesce(h.committed, 0) || ' committed'
FROM orders o
LEFT JOIN (SELECT l.tenant_id, l.order_id, sum((l.quantity - l.cancelled - l.fulfilled) * (u->>'quantity')::bigint) AS open
        FROM order_lines l, jsonb_array_elements(l.uses) u GROUP BY 1, 2) n ON n.tenant_id = o.tenant_id AND n.order_id = o.id
LEFT JOIN (SELECT tenant_id, owner_id, sum(quantity) FILTER (WHERE state = 'reserved') AS reserved, sum(quantity) FILTER (WHERE state = 'committed') AS committed
        FROM holds WHERE owner_kind = 'order' GROUP BY 1, 2) h ON h.tenant_id = o.tenant_id AND h.owner_id = o.id
WHERE o.channel <> 'import' AND (coalesce(h.reserved, 0), coalesce(h.committed, 0)) <> (
  CASE WHEN o.status IN ('draft', 'awaiting_confirmation') THEN coalesce(n.open, 0) ELSE 0 END, CASE WHEN o.status IN ('placed', 'completed') THEN coalesce(n.open, 0) ELSE 0 END)

-- INV2: totals are what the lines come to.
UNION ALL
SELECT 'INV2 order ' || o.id || ' does not come to its lines' FROM orders o
JOIN (SELECT tenant_id, order_id, sum(total) AS total, sum(discount) AS discount, sum(tax) AS tax FROM order_lines GROUP BY 1, 2) l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
WHERE o.channel <> 'import' AND (o.subtotal <> l.total + l.discount OR o.discount_total <> l.discount OR o.shipping_total < 0
  OR o.tax_total - l.tax NOT BETWEEN 0 AND o.shipping_total -- the rest is the tax of the delivery
  OR o.total <> o.subtotal - o.discount_total + o.shipping_total + CASE WHEN o.tax_included THEN 0 ELSE o.tax_total END)

-- INV5: a key has one effect, and it is there; a cart became one order; numbers are given once, to placed orders, and none is half made.
UNION ALL
SELECT 'INV5 key ' || k.key || ' has made no order' FROM idempotency_keys k LEFT JOIN orders o ON o.tenant_id = k.tenant_id AND o.id = (k.response->>'id')::uuid
WHERE (k.key LIKE 'order:place:%' OR k.key LIKE 'order:cart:%') AND o.id IS NULL
UNION ALL
SELECT 'INV5 order ' || (k.response->>'id') || ' was made by ' || count(*) || ' keys' FROM idempotency_keys k
WHERE k.key LIKE 'order:place:%' OR k.key LIKE 'order:cart:%' GROUP BY k.tenant_id, k.response->>'id' HAVING count(*) > 1
UNION ALL
SELECT 'INV5 cart ' || c.id || ' is completed without its order' FROM carts c LEFT JOIN orders o ON o.tenant_id = c.tenant_id AND o.id = c.order_id AND o.cart_id = c.id
WHERE (c.status = 'completed') <> (o.id IS NOT NULL)
UNION ALL
SELECT 'INV5 order ' || o.id || ' (' || o.status || ') has number ' || coalesce(o.number::text, 'none') FROM orders o
WHERE o.channel <> 'import' AND ((o.number IS NOT NULL) <> (o.placed_at IS NOT NULL) OR o.status IN ('placed', 'completed') AND o.number IS NULL)
UNION ALL
SELECT 'INV5 order ' || o.id || ' is half made' FROM orders o
WHERE o.channel <> 'import' AND (NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id)
  OR NOT EXISTS (SELECT 1 FROM order_events e WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id))
UNION ALL
SELECT 'INV5 order ' || o.id || ' was announced as placed ' || count(e.id) || ' times' FROM orders o
LEFT JOIN outbox_events e ON e.tenant_id = o.tenant_id AND e.subject = o.id::text AND e.type = 'order.placed'
WHERE o.channel <> 'import' AND o.placed_at > now() - interval '1 hour' GROUP BY o.tenant_id, o.id HAVING count(e.id) <> 1

-- INV6: the timeline is a path of the lifecycle's table and ends where the order is; versions only grow.
UNION ALL
SELECT 'INV6 order ' || order_id || ' went from ' || coalesce(before, 'nothing') || ' to ' || kind FROM (
  SELECT tenant_id, order_id, kind, lag(kind) OVER (PARTITION BY tenant_id, order_id ORDER BY version, at, id) AS before FROM order_events
  WHERE kind IN ('drafted', 'placed', 'completed', 'cancelled', 'expired')) e
WHERE (coalesce(before, 'nothing'), kind) NOT IN (('nothing', 'drafted'), ('nothing', 'placed'), ('drafted', 'placed'), ('drafted', 'cancelled'), ('drafted', 'expired'), ('placed', 'completed'), ('placed', 'cancelled'))
UNION ALL
SELECT 'INV6 order ' || o.id || ' is ' || o.status || ', its timeline ends with ' || e.kind FROM orders o
JOIN (SELECT DISTINCT ON (tenant_id, order_id) tenant_id, order_id, kind FROM order_events WHERE kind IN ('drafted', 'placed', 'completed', 'cancelled', 'expired')
  ORDER BY tenant_id, order_id, version DESC, at DESC, id DESC) e ON e.tenant_id = o.tenant_id AND e.order_id = o.id
WHERE o.channel <> 'import' AND o.status <> e.kind AND NOT (e.kind = 'drafted' AND o.status IN ('draft', 'awaiting_confirmation'))
UNION ALL
SELECT 'INV6 order ' || e.order_id || ' has an entry of version ' || e.version || ', beyond its own ' || o.version FROM order_events e JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id WHERE e.version > o.version

-- INV7: every row's tenant is that of the rows it refers to.
UNION ALL
SELECT 'INV7 line of no order of its tenant: ' || l.order_id FROM order_lines l LEFT JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id WHERE o.id IS NULL
UNION ALL
SELECT 'INV7 timeline of no order of its tenant: ' || e.order_id FROM order_events e LEFT JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id WHERE o.id IS NULL
UNION ALL
SELECT 'INV7 hold of no order or level of its tenant: ' || h.id FROM holds h LEFT JOIN orders o ON o.tenant_id = h.tenant_id AND o.id = h.owner_id
LEFT JOIN pool_levels l ON l.tenant_id = h.tenant_id AND l.id = h.level_id WHERE h.owner_kind = 'order' AND o.id IS NULL OR l.id IS NULL
UNION ALL
SELECT 'INV7 movement of no level of its tenant: ' || m.id FROM movements m LEFT JOIN pool_levels l ON l.tenant_id = m.tenant_id AND l.id = m.level_id WHERE l.id IS NULL
UNION ALL
SELECT 'INV7 variant of no product of its tenant in a line: ' || l.order_id FROM order_lines l LEFT JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
WHERE l.variant_id IS NOT NULL AND v.id IS NULL AND EXISTS (SELECT 1 FROM variants w WHERE w.id = l.variant_id)
