-- +goose Up
-- What is shown and sold. Titles and descriptions are by language: {"en": "...", "zh": "..."}.
CREATE TABLE categories (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  id         uuid NOT NULL,
  parent_id  uuid,
  slug       text NOT NULL,
  title      jsonb NOT NULL,
  rank       int NOT NULL DEFAULT 0,
  version    bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT categories_slug_key UNIQUE (tenant_id, slug),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES categories (tenant_id, id)
);
CALL tenant_table('categories');

CREATE TABLE products (
  tenant_id   uuid NOT NULL REFERENCES tenants (id),
  id          uuid NOT NULL,
  slug        text NOT NULL,
  type        text NOT NULL DEFAULT 'physical' CHECK (type IN ('physical','digital','food','stay','service')),
  status      text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft','active','archived')),
  title       jsonb NOT NULL,
  description jsonb NOT NULL DEFAULT '{}',
  tax_class   text NOT NULL DEFAULT 'standard',
  attributes  jsonb NOT NULL DEFAULT '{}',
  options     jsonb NOT NULL DEFAULT '[]',  -- [{"name": "Size", "values": ["S", "M"]}]
  sort_title  text COLLATE "C" NOT NULL DEFAULT '', -- normalized title, for lists by name
  version     bigint NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT products_slug_key UNIQUE (tenant_id, slug)
);
CALL tenant_table('products');
CREATE INDEX products_status ON products (tenant_id, status, id);
CREATE INDEX products_by_name ON products (tenant_id, status, sort_title, id);

-- What a product is found by: words, and pairs of characters where a script has no spaces. Written by the catalog. Equality and ranges of text are leakproof, so that this
-- index works under row-level security, where those for LIKE, trigrams and tsvector are not used (docs/decisions/0033-search.md).
CREATE TABLE product_terms (
  tenant_id  uuid NOT NULL,
  term       text COLLATE "C" NOT NULL,
  product_id uuid NOT NULL,
  weight     smallint NOT NULL,
  PRIMARY KEY (tenant_id, term, product_id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('product_terms');
CREATE INDEX product_terms_product ON product_terms (tenant_id, product_id);

CREATE TABLE product_categories (
  tenant_id   uuid NOT NULL,
  category_id uuid NOT NULL,
  product_id  uuid NOT NULL,
  rank        int NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, category_id, product_id),
  FOREIGN KEY (tenant_id, category_id) REFERENCES categories (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('product_categories');
CREATE INDEX product_categories_product ON product_categories (tenant_id, product_id);

CREATE TABLE variants (
  tenant_id        uuid NOT NULL,
  id               uuid NOT NULL,
  product_id       uuid NOT NULL,
  sku              text NOT NULL,
  barcode          text NOT NULL DEFAULT '',
  options          jsonb NOT NULL DEFAULT '{}',  -- {"Size": "M"}
  rank             int NOT NULL DEFAULT 0,
  status           text NOT NULL DEFAULT 'active' CHECK (status IN ('active','archived')),
  fulfilment_types text[] NOT NULL DEFAULT '{ship,pickup}',
  quantity_min     int NOT NULL DEFAULT 1 CHECK (quantity_min >= 1),
  quantity_max     int CHECK (quantity_max >= quantity_min),
  quantity_step    int NOT NULL DEFAULT 1 CHECK (quantity_step >= 1),
  weight_g         int NOT NULL DEFAULT 0,
  tracked          boolean NOT NULL DEFAULT true, -- false: unlimited supply
  cost             bigint,
  version          bigint NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT variants_sku_key UNIQUE (tenant_id, sku),
  FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('variants');
CREATE INDEX variants_product ON variants (tenant_id, product_id, rank);

CREATE TABLE price_lists (
  tenant_id    uuid NOT NULL REFERENCES tenants (id),
  id           uuid NOT NULL,
  name         text NOT NULL,
  currency     text NOT NULL,
  tax_included boolean NOT NULL DEFAULT true,
  is_default   boolean NOT NULL DEFAULT false,
  version      bigint NOT NULL DEFAULT 1,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT price_lists_name_key UNIQUE (tenant_id, name)
);
CALL tenant_table('price_lists');
CREATE UNIQUE INDEX price_lists_default ON price_lists (tenant_id, currency) WHERE is_default;

-- Unit price in minor units of the list's currency, from min_quantity on.
CREATE TABLE prices (
  tenant_id     uuid NOT NULL,
  price_list_id uuid NOT NULL,
  variant_id    uuid NOT NULL,
  min_quantity  int NOT NULL DEFAULT 1 CHECK (min_quantity >= 1),
  amount        bigint NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (tenant_id, variant_id, price_list_id, min_quantity),
  FOREIGN KEY (tenant_id, price_list_id) REFERENCES price_lists (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, variant_id) REFERENCES variants (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('prices');
CREATE INDEX prices_list ON prices (tenant_id, price_list_id);
CREATE INDEX variants_barcode ON variants (tenant_id, barcode) WHERE barcode <> '';

CREATE TABLE tax_rates (
  tenant_id   uuid NOT NULL REFERENCES tenants (id),
  tax_class   text NOT NULL,
  country     text NOT NULL DEFAULT '',          -- '' = everywhere else
  basis_points int NOT NULL CHECK (basis_points BETWEEN 0 AND 10000),
  PRIMARY KEY (tenant_id, tax_class, country)
);
CALL tenant_table('tax_rates');

CREATE TABLE media (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  id         uuid NOT NULL,
  product_id uuid,
  blob_key   text NOT NULL,
  mime       text NOT NULL,
  width      int NOT NULL,
  height     int NOT NULL,
  bytes      bigint NOT NULL,
  alt        jsonb NOT NULL DEFAULT '{}',
  rank       int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('media');
CREATE INDEX media_product ON media (tenant_id, product_id, rank);

-- Imports of any kind (products, orders of another system): progress and every refused line.
CREATE TABLE imports (
  tenant_id   uuid NOT NULL REFERENCES tenants (id),
  id          uuid NOT NULL,
  kind        text NOT NULL,
  status      text NOT NULL CHECK (status IN ('queued','running','done','failed','cancelled')),
  dry_run     boolean NOT NULL DEFAULT false,
  blob_key    text NOT NULL DEFAULT '',
  lines       bigint NOT NULL DEFAULT 0,
  accepted    bigint NOT NULL DEFAULT 0,
  refused     bigint NOT NULL DEFAULT 0,
  summary     jsonb NOT NULL DEFAULT '{}',
  error       text NOT NULL DEFAULT '',
  created_by  text NOT NULL DEFAULT '',
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL tenant_table('imports');
CREATE TABLE import_refusals (
  tenant_id uuid NOT NULL,
  import_id uuid NOT NULL,
  line      bigint NOT NULL,
  code      text NOT NULL,
  field     text NOT NULL DEFAULT '',
  message   text NOT NULL,
  content   text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, import_id, line, code),
  FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id) ON DELETE CASCADE
);
CALL tenant_table('import_refusals');

-- What has been taken over from another system, by its number there: taking it over again does nothing.
CREATE TABLE import_refs (
  tenant_id uuid NOT NULL,
  source    text NOT NULL,
  ref       text NOT NULL,
  at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, source, ref)
);
CALL tenant_table('import_refs');

-- +goose Down
SELECT 1 / 0;
