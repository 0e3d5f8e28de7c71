\startpipeline
BEGIN;
SELECT set_config('app.tenant_id', :tenant, true);
UPDATE pool_levels SET committed = committed + 1, version = version + 1, updated_at = now() WHERE tenant_id = :tenant AND id = (SELECT id FROM bench_levels WHERE n = 1) AND committed + reserved + 1 <= on_hand - safety + oversell_limit;
COMMIT;
\endpipeline
