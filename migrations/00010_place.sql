-- +goose Up
-- uuid7 makes a UUIDv7 of the moment.
-- +goose StatementBegin
CREATE FUNCTION uuid7(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
  RETURN encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;
-- +goose StatementEnd

-- What place_orders answers for the order at position seq (from 1).
--   placed      inserted; number is NULL for a draft
--   replayed    the key was used for this request before: order_id is what it made
--   key_reused  the key was used for another request
--   cart_done   the cart has become order_id already
--   cart_moved  the cart has changed since it was priced
--   stale       a product has changed since it was priced
--   short       out of stock; detail: [{"kind", "key", "wanted", "left"}]
--   over_plan   the plan's orders of the month are used up
CREATE TYPE placing_outcome AS (seq int, outcome text, order_id uuid, number bigint, at timestamptz, detail jsonb);

-- place_orders places a batch of one tenant's orders in one transaction, the first come the first served. Each order is admitted or refused for itself; a refused one
-- leaves nothing behind, not even its idempotency key. Locks are taken in the order keys, carts, levels (by id), number, so that batches of several processes cannot
-- deadlock; levels are written last.
--   p_orders  [{seq, ...}]         rows of orders: what they have in columns
--   p_lines   [{seq, line, ...}]   rows of order_lines
--   one per order, by seq: p_ids, p_statuses, p_expires (seconds, of drafts), p_events (payload), p_actors (who, as an event has it) and its parts, p_keys ('' = none), p_hashes,
--   p_carts, p_cart_versions
--   p_check_* products and the versions that were priced, by seq
--   p_pool_*  the distinct supplies that are wanted; p_need_* how much of them (pool = position in p_pool_*), by seq, at a location or (NULL) at any
--   p_plan    orders a month, 0 = no limit;  p_moment  what time it is, NULL = now()
-- +goose StatementBegin
CREATE FUNCTION place_orders(
  p_orders jsonb, p_lines jsonb, p_ids uuid[], p_statuses text[], p_expires double precision[], p_events text[],
  p_actors text[], p_actor_kinds text[], p_actor_ids text[], p_actor_names text[], p_vias text[], p_requests text[],
  p_keys text[], p_hashes bytea[], p_carts uuid[], p_cart_versions bigint[],
  p_check_seq int[], p_check_product uuid[], p_check_version bigint[],
  p_pool_kind text[], p_pool_key text[],
  p_need_seq int[], p_need_pool int[], p_need_location uuid[], p_need_quantity bigint[],
  p_plan bigint, p_moment timestamptz
) RETURNS SETOF placing_outcome LANGUAGE plpgsql
  -- A batch is small and its plans are made once: every table is reached by its key.
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
  t        uuid := current_tenant();
  moment   timestamptz := coalesce(p_moment, now());
  total    int := cardinality(p_ids);
  open     int[];          -- still in the running, ascending
  claimed  text[];
  refused  placing_outcome[] := '{}';
  found    placing_outcome[];
  level_id uuid[]; level_pool int[]; level_location uuid[]; level_left bigint[];  -- by pool, then rank of the location
  need_level int[];        -- position of the level that serves the need
  admitted int[];
  takes_seq int[] := '{}'; takes_level int[] := '{}'; takes_quantity bigint[] := '{}';  -- level: position, as in need_level
  numbered int[];
  first_number bigint;
  spare    bigint;
  s        int;
  i        int := 1;
  choice   int;
  from_i   int;
  fits     boolean;
BEGIN
  -- Keys.
  WITH c AS (
    INSERT INTO idempotency_keys (tenant_id, key, request_hash, response, created_at)
    SELECT t, k, h, jsonb_build_object('id', id), moment FROM unnest(p_keys, p_hashes, p_ids) AS x(k, h, id) WHERE k <> '' ORDER BY k
    ON CONFLICT DO NOTHING RETURNING key)
  SELECT coalesce(array_agg(key), '{}') INTO claimed FROM c;
  IF cardinality(claimed) = total THEN
    open := ARRAY(SELECT generate_series(1, total));
  ELSE
    open := ARRAY(SELECT n FROM unnest(p_keys) WITH ORDINALITY AS x(k, n) WHERE k = '' OR k = ANY (claimed) ORDER BY n);
    RETURN QUERY SELECT x.n::int, CASE WHEN e.request_hash = x.h THEN 'replayed' ELSE 'key_reused' END, (e.response->>'id')::uuid, NULL::bigint, e.created_at, NULL::jsonb
      FROM unnest(p_keys, p_hashes) WITH ORDINALITY AS x(k, h, n) JOIN idempotency_keys e ON e.tenant_id = t AND e.key = x.k
      WHERE x.n <> ALL (open);
  END IF;

  -- Carts.
  IF num_nonnulls(VARIADIC p_carts) > 0 THEN
    PERFORM 1 FROM carts c WHERE c.tenant_id = t AND c.id = ANY (p_carts) ORDER BY c.id FOR UPDATE;
    SELECT array_agg(ROW(x.n, CASE WHEN c.status = 'completed' THEN 'cart_done' ELSE 'cart_moved' END, c.order_id, NULL, moment, NULL)::placing_outcome) INTO found
      FROM unnest(p_carts, p_cart_versions) WITH ORDINALITY AS x(cart, version, n) LEFT JOIN carts c ON c.tenant_id = t AND c.id = x.cart
      WHERE x.cart IS NOT NULL AND x.n = ANY (open) AND (c.status IS DISTINCT FROM 'open' OR c.version <> x.version);
    refused := refused || coalesce(found, '{}');
  END IF;

  -- Prices and product states.
  SELECT array_agg(DISTINCT ROW(c.seq, 'stale', NULL, NULL, moment, NULL)::placing_outcome) INTO found
    FROM unnest(p_check_seq, p_check_product, p_check_version) AS c(seq, product, version)
    LEFT JOIN products p ON p.tenant_id = t AND p.id = c.product
    WHERE c.seq = ANY (open) AND (p.status IS DISTINCT FROM 'active' OR p.version <> c.version);
  refused := refused || coalesce(found, '{}');
  IF cardinality(refused) > 0 THEN
    open := ARRAY(SELECT o FROM unnest(open) AS o WHERE o NOT IN (SELECT r.seq FROM unnest(refused) AS r) ORDER BY o);
  END IF;

  -- Levels: locked in id order, then kept by pool and rank.
  SELECT array_agg(l.id ORDER BY l.pool, l.rank, l.id), array_agg(l.pool ORDER BY l.pool, l.rank, l.id),
         array_agg(l.location_id ORDER BY l.pool, l.rank, l.id), array_agg(l.left_over ORDER BY l.pool, l.rank, l.id)
    INTO level_id, level_pool, level_location, level_left
    FROM (SELECT l.id, w.n::int AS pool, p.location_id, o.rank, l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved AS left_over
            FROM unnest(p_pool_kind, p_pool_key) WITH ORDINALITY AS w(kind, key, n)
            CROSS JOIN LATERAL (SELECT p.id, p.location_id FROM pools p WHERE p.tenant_id = t AND p.kind = w.kind AND p.key = w.key OFFSET 0) p -- by key, not through all pools of the shop
            JOIN locations o ON o.tenant_id = t AND o.id = p.location_id AND o.active
            JOIN pool_levels l ON l.tenant_id = t AND l.pool_id = p.id AND l.bucket = ''
           ORDER BY l.id FOR NO KEY UPDATE OF l) AS l;

  -- Admission. Each need is met by its own location, or by the first by rank that has enough, or by several together. When the first ones have enough for all, nothing has to be counted one by one.
  need_level := ARRAY(SELECT (SELECT min(l.n) FROM unnest(level_pool, level_location) WITH ORDINALITY AS l(pool, location, n) WHERE l.pool = d.pool AND (d.location IS NULL OR l.location = d.location))
    FROM unnest(p_need_pool, p_need_location) WITH ORDINALITY AS d(pool, location, n) ORDER BY d.n);
  admitted := open;
  SELECT coalesce(bool_and(d.wanted <= level_left[d.level]), true) INTO fits
    FROM (SELECT n.level, sum(n.quantity) AS wanted FROM unnest(p_need_seq, need_level, p_need_quantity) AS n(seq, level, quantity) WHERE n.seq = ANY (open) GROUP BY 1) AS d;
  IF NOT fits OR array_position(need_level, NULL) IS NOT NULL THEN
    admitted := '{}';
    WHILE i <= cardinality(p_need_seq) LOOP
      s := p_need_seq[i];
      from_i := i;
      found := '{}';
      WHILE p_need_seq[i] = s LOOP
        spare := 0;
        choice := need_level[i];
        need_level[i] := NULL;
        WHILE level_pool[choice] = p_need_pool[i] LOOP
          IF level_left[choice] >= p_need_quantity[i] THEN
            need_level[i] := choice;
            EXIT;
          END IF;
          spare := spare + greatest(level_left[choice], 0);
          EXIT WHEN p_need_location[i] IS NOT NULL;
          choice := choice + 1;
        END LOOP;
        IF need_level[i] IS NULL AND (p_need_location[i] IS NOT NULL OR spare < p_need_quantity[i]) THEN
          found := found || ROW(s, 'short', NULL, NULL, moment, jsonb_build_object('kind', p_pool_kind[p_need_pool[i]], 'key', p_pool_key[p_need_pool[i]], 'wanted', p_need_quantity[i], 'left', spare))::placing_outcome;
        END IF;
        i := i + 1;
      END LOOP;
      CONTINUE WHEN s <> ALL (open);
      IF cardinality(found) > 0 THEN
        refused := refused || ROW(s, 'short', NULL, NULL, moment, (SELECT jsonb_agg(x.detail) FROM unnest(found) AS x))::placing_outcome;
        CONTINUE;
      END IF;
      admitted := admitted || s;
      FOR j IN from_i..i - 1 LOOP
        IF need_level[j] IS NOT NULL THEN
          level_left[need_level[j]] := level_left[need_level[j]] - p_need_quantity[j];
          CONTINUE;
        END IF;
        -- No location has enough alone: they give what they have, in their rank's order.
        spare := p_need_quantity[j];
        choice := array_position(level_pool, p_need_pool[j]);
        WHILE spare > 0 LOOP
          IF level_left[choice] > 0 THEN
            takes_seq := takes_seq || s;
            takes_level := takes_level || choice;
            takes_quantity := takes_quantity || least(spare, level_left[choice]);
            spare := spare - takes_quantity[cardinality(takes_quantity)];
            level_left[choice] := level_left[choice] - takes_quantity[cardinality(takes_quantity)];
          END IF;
          choice := choice + 1;
        END LOOP;
      END LOOP;
    END LOOP;
    admitted := ARRAY(SELECT o FROM unnest(open) AS o WHERE o = ANY (admitted) OR o <> ALL (p_need_seq) ORDER BY o);
  END IF;

  -- Numbers, and the plan's limit.
  numbered := ARRAY(SELECT a FROM unnest(admitted) AS a WHERE p_statuses[a] = 'placed' ORDER BY a);
  IF p_plan > 0 THEN
    SELECT p_plan - coalesce((SELECT n.placed FROM order_numbers n WHERE n.tenant_id = t AND n.month = date_trunc('month', moment AT TIME ZONE 'UTC')::date FOR UPDATE), 0) INTO spare;
    IF cardinality(admitted) > spare THEN
      refused := refused || ARRAY(SELECT ROW(a, 'over_plan', NULL, NULL, moment, NULL)::placing_outcome FROM unnest(admitted[greatest(spare, 0) + 1:]) AS a);
      admitted := admitted[:greatest(spare, 0)];
      numbered := ARRAY(SELECT a FROM unnest(numbered) AS a WHERE a = ANY (admitted) ORDER BY a);
    END IF;
  END IF;
  IF cardinality(refused) > 0 THEN
    DELETE FROM idempotency_keys k WHERE k.tenant_id = t AND k.key IN (SELECT p_keys[r.seq] FROM unnest(refused) AS r WHERE p_keys[r.seq] <> '');
    RETURN QUERY SELECT (r).* FROM unnest(refused) AS r;
  END IF;
  IF cardinality(admitted) = 0 THEN
    RETURN;
  END IF;
  IF cardinality(numbered) > 0 THEN
    INSERT INTO order_numbers AS n (tenant_id, next, month, placed)
      VALUES (t, 1001 + cardinality(numbered), date_trunc('month', moment AT TIME ZONE 'UTC')::date, cardinality(numbered))
      ON CONFLICT (tenant_id) DO UPDATE SET next = n.next + cardinality(numbered), month = excluded.month,
        placed = CASE WHEN n.month = excluded.month THEN n.placed ELSE 0 END + excluded.placed
      RETURNING n.next - cardinality(numbered) INTO first_number;
  END IF;

  -- Orders, lines, timeline.
  INSERT INTO orders (tenant_id, id, number, cart_id, external_ref, channel, customer_id, status, payment_status, fulfilment_type, payment_method, location_id, currency, language,
      email, phone, name, shipping_address, note, tags, subtotal, discount_total, shipping_total, tax_total, total, tax_included, expires_at, placed_at, created_at, updated_at)
    SELECT t, p_ids[o.seq], first_number + array_position(numbered, o.seq) - 1, p_carts[o.seq], o.external_ref, o.channel, o.customer_id, p_statuses[o.seq], o.payment_status, o.fulfilment_type,
      o.payment_method, o.location_id, o.currency, o.language, o.email, o.phone, o.name, o.shipping_address, o.note, o.tags, o.subtotal, o.discount_total, o.shipping_total, o.tax_total,
      o.total, o.tax_included, moment + p_expires[o.seq] * interval '1 second', CASE WHEN p_statuses[o.seq] = 'placed' THEN moment END, moment, moment
    FROM jsonb_to_recordset(p_orders) AS o(seq int, external_ref text, channel text, customer_id uuid, payment_status text, fulfilment_type text, payment_method text, location_id uuid,
      currency text, language text, email text, phone text, name text, shipping_address jsonb, note text, tags text[], subtotal bigint, discount_total bigint, shipping_total bigint,
      tax_total bigint, total bigint, tax_included boolean)
    WHERE o.seq = ANY (admitted);
  INSERT INTO order_lines (tenant_id, order_id, line, variant_id, sku, title, options, image, uses, quantity, unit_price, discount, tax, total)
    SELECT t, p_ids[l.seq], l.line, l.variant_id, l.sku, l.title, l.options, l.image, l.uses, l.quantity, l.unit_price, l.discount, l.tax, l.total
    FROM jsonb_to_recordset(p_lines) AS l(seq int, line int, variant_id uuid, sku text, title jsonb, options jsonb, image text, uses jsonb, quantity int, unit_price bigint,
      discount bigint, tax bigint, total bigint)
    WHERE l.seq = ANY (admitted);
  WITH o AS MATERIALIZED (
    SELECT a AS seq, p_ids[a] AS id, p_statuses[a] AS status, p_actors[a]::jsonb AS actor,
      p_events[a]::jsonb || jsonb_build_object('number', first_number + array_position(numbered, a) - 1, 'at', moment) AS event FROM unnest(admitted) AS a),
  told AS (
    INSERT INTO order_events (tenant_id, order_id, id, kind, actor_kind, actor_id, actor_name, at)
    SELECT t, o.id, o.id, CASE o.status WHEN 'placed' THEN 'placed' ELSE 'drafted' END, p_actor_kinds[o.seq], p_actor_ids[o.seq], p_actor_names[o.seq], moment FROM o),
  logged AS (
    INSERT INTO audit_log (tenant_id, id, at, actor_kind, actor_id, actor_name, via, request_id, action, object_type, object_id, after)
    SELECT t, uuid7(moment), moment, p_actor_kinds[o.seq], p_actor_ids[o.seq], p_actor_names[o.seq], p_vias[o.seq], p_requests[o.seq], 'order.place', 'order', o.id::text,
      jsonb_build_object('number', o.event->'number', 'status', o.status, 'total', o.event->'total', 'currency', o.event->'currency')
    FROM o WHERE p_actor_kinds[o.seq] NOT IN ('customer', 'guest', 'anonymous')),
  timed AS (
    INSERT INTO outbox_events (tenant_id, id, type, subject, payload, actor, due_at, created_at)
    SELECT t, uuid7(moment), 'order.unpaid_due', o.id::text, jsonb_build_object('id', o.id), o.actor, moment + p_expires[o.seq] * interval '1 second', moment
    FROM o WHERE p_expires[o.seq] IS NOT NULL)
  INSERT INTO outbox_events (tenant_id, id, type, subject, payload, actor, due_at, created_at)
    SELECT t, uuid7(moment), CASE o.status WHEN 'placed' THEN 'order.placed' ELSE 'order.drafted' END, o.id::text, o.event, o.actor, moment, moment FROM o;
  IF num_nonnulls(VARIADIC p_carts) > 0 THEN
    UPDATE carts c SET status = 'completed', order_id = x.id, version = c.version + 1, updated_at = moment
      FROM unnest(p_carts, p_ids) WITH ORDINALITY AS x(cart, id, n) WHERE c.tenant_id = t AND c.id = x.cart AND x.n = ANY (admitted);
  END IF;

  -- Supply. An order that the plan has refused after its admission takes nothing.
  SELECT array_agg(x.seq), array_agg(x.level), array_agg(x.quantity) INTO takes_seq, takes_level, takes_quantity FROM (
    SELECT n.seq, n.level, n.quantity FROM unnest(p_need_seq, need_level, p_need_quantity) AS n(seq, level, quantity) WHERE n.level IS NOT NULL
    UNION ALL SELECT * FROM unnest(takes_seq, takes_level, takes_quantity)) AS x(seq, level, quantity)
    WHERE x.seq = ANY (admitted);
  IF takes_seq IS NOT NULL THEN
    -- A hold of an order has no end of its own: the order's timer ends it, after its payment has been asked.
    INSERT INTO holds (tenant_id, id, level_id, owner_kind, owner_id, quantity, state, created_at, updated_at)
      SELECT t, uuid7(moment), level_id[x.level], 'order', p_ids[x.seq], x.quantity, CASE WHEN x.seq = ANY (numbered) THEN 'committed' ELSE 'reserved' END, moment, moment
      FROM unnest(takes_seq, takes_level, takes_quantity) AS x(seq, level, quantity);
    INSERT INTO movements (tenant_id, id, level_id, kind, reserved_delta, committed_delta, cause_kind, cause_id, actor, at)
      SELECT t, uuid7(moment), level_id[x.level], CASE WHEN x.seq = ANY (numbered) THEN 'commit' ELSE 'reserve' END,
        CASE WHEN x.seq = ANY (numbered) THEN 0 ELSE x.quantity END, CASE WHEN x.seq = ANY (numbered) THEN x.quantity ELSE 0 END,
        'order', p_ids[x.seq]::text, concat_ws(':', p_actor_kinds[x.seq], nullif(p_actor_ids[x.seq], '')), moment
      FROM unnest(takes_seq, takes_level, takes_quantity) AS x(seq, level, quantity);
    WITH moved AS (
      UPDATE pool_levels l SET reserved = l.reserved + d.reserved, committed = l.committed + d.committed, version = l.version + 1, updated_at = moment
      FROM (SELECT x.level, coalesce(sum(x.quantity) FILTER (WHERE x.seq = ANY (numbered)), 0) AS committed, coalesce(sum(x.quantity) FILTER (WHERE x.seq <> ALL (numbered)), 0) AS reserved
              FROM unnest(takes_seq, takes_level, takes_quantity) AS x(seq, level, quantity) GROUP BY 1) AS d
      WHERE l.tenant_id = t AND l.id = level_id[d.level]
      RETURNING d.level, l.on_hand, l.on_hand - l.safety + l.oversell_limit - l.committed - l.reserved AS available)
    INSERT INTO outbox_events (tenant_id, id, type, subject, payload, actor, due_at, created_at)
      SELECT t, uuid7(moment), 'stock.changed', p_ids[admitted[1]]::text, jsonb_build_object('cause', 'commit', 'levels', jsonb_agg(jsonb_build_object(
        'level_id', level_id[m.level], 'sku', p_pool_key[level_pool[m.level]], 'location_id', level_location[m.level], 'available', m.available, 'on_hand', m.on_hand))),
        p_actors[admitted[1]]::jsonb, moment, moment
      FROM moved m;
  END IF;

  RETURN QUERY SELECT a, 'placed', p_ids[a], first_number + array_position(numbered, a) - 1, moment, NULL::jsonb FROM unnest(admitted) AS a;
END $$;
-- +goose StatementEnd

-- +goose Down
SELECT 1 / 0;
