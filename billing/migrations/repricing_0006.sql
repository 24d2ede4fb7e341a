-- Re-pricings: measured figures that do not change, applied once, by a second person where they move much.

CREATE TABLE billing_reprice (
    id uuid PRIMARY KEY,
    model_ids bigint[] NOT NULL CHECK (cardinality(model_ids) > 0),
    begins timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    price_version_id bigint,
    multiplier_id bigint,
    multiplier_ppm bigint CHECK (multiplier_ppm BETWEEN 0 AND 1000000000),
    reason text NOT NULL CHECK (reason <> ''),
    requests bigint NOT NULL CHECK (requests >= 0),
    moved bigint NOT NULL CHECK (moved BETWEEN 0 AND requests),
    raised bigint NOT NULL CHECK (raised >= 0),
    lowered bigint NOT NULL CHECK (lowered >= 0),
    two_persons boolean NOT NULL,
    charges_more boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'applying', 'applied', 'discarded')),
    created_by bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by bigint,
    applied_at timestamptz,
    finished_at timestamptz,
    sealed_in bigint NOT NULL,
    CONSTRAINT reprice_span CHECK (begins < ends AND ends <= begins + interval '31 days'),
    CONSTRAINT reprice_by_something CHECK (price_version_id IS NOT NULL OR multiplier_id IS NOT NULL),
    CONSTRAINT reprice_factor_whole CHECK ((multiplier_id IS NULL) = (multiplier_ppm IS NULL)),
    CONSTRAINT reprice_applied_by_somebody CHECK ((state IN ('applying', 'applied')) = (applied_by IS NOT NULL)
        AND (applied_by IS NULL) = (applied_at IS NULL) AND (state = 'applied') = (finished_at IS NOT NULL)),
    CONSTRAINT reprice_two_persons CHECK (NOT two_persons OR applied_by IS NULL OR applied_by <> created_by),
    CONSTRAINT reprice_more_is_confirmed CHECK (applied_by IS NULL OR raised = 0 OR charges_more)
);
CREATE INDEX billing_reprice_state ON billing_reprice (state);

CREATE TABLE billing_reprice_line (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    reprice_id uuid NOT NULL REFERENCES billing_reprice (id),
    workspace_id bigint NOT NULL,
    requests bigint NOT NULL CHECK (requests > 0),
    moved bigint NOT NULL CHECK (moved BETWEEN 0 AND requests),
    charged bigint NOT NULL,
    repriced bigint NOT NULL CHECK (repriced >= 0),
    delta bigint NOT NULL CHECK (delta = repriced - charged),
    transaction_id uuid,
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, reprice_id),
    CONSTRAINT reprice_line_moves_what_it_owes CHECK (transaction_id IS NULL OR delta <> 0)
);
CREATE INDEX billing_reprice_line_open ON billing_reprice_line (reprice_id, workspace_id) WHERE transaction_id IS NULL AND delta <> 0;

CREATE FUNCTION billing_begin_reprice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'draft' THEN
        RAISE EXCEPTION 'a re-pricing begins as a draft' USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.sealed_in := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER begins_as_a_draft BEFORE INSERT ON billing_reprice FOR EACH ROW EXECUTE FUNCTION billing_begin_reprice();

CREATE FUNCTION billing_move_reprice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed billing_reprice := OLD;
    other uuid;
BEGIN
    changed.state := NEW.state;
    changed.charges_more := NEW.charges_more;
    changed.applied_by := NEW.applied_by;
    changed.applied_at := NEW.applied_at;
    changed.finished_at := NEW.finished_at;
    IF NEW IS DISTINCT FROM changed OR (OLD.state, NEW.state) NOT IN
       (('draft', 'applying'), ('draft', 'discarded'), ('applying', 'applied')) THEN
        RAISE EXCEPTION 'a re-pricing that is % does not become that', OLD.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'applying' THEN
        -- One after another: two that have requests in common would charge them twice.
        PERFORM pg_advisory_xact_lock(hashtextextended('billing_reprice', 0));
        SELECT id INTO other FROM billing_reprice WHERE state IN ('applying', 'applied') AND id <> NEW.id
            AND model_ids && NEW.model_ids AND begins < NEW.ends AND ends > NEW.begins LIMIT 1;
        IF other IS NOT NULL THEN
            RAISE EXCEPTION 're-pricing % has requests in common with this one', other USING ERRCODE = 'exclusion_violation';
        END IF;
    ELSIF NEW.state = 'applied' THEN
        IF (NEW.applied_by, NEW.applied_at, NEW.charges_more) IS DISTINCT FROM (OLD.applied_by, OLD.applied_at, OLD.charges_more)
           OR EXISTS (SELECT FROM billing_reprice_line WHERE reprice_id = NEW.id AND delta <> 0 AND transaction_id IS NULL) THEN
            RAISE EXCEPTION 're-pricing % is not done', NEW.id USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER moves BEFORE UPDATE ON billing_reprice FOR EACH ROW EXECUTE FUNCTION billing_move_reprice();
CREATE TRIGGER append_only BEFORE DELETE ON billing_reprice FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_reprice EXECUTE FUNCTION billing_refuse();

CREATE FUNCTION billing_keep_reprice_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed billing_reprice_line;
    whole billing_reprice;
BEGIN
    SELECT * INTO whole FROM billing_reprice WHERE id = NEW.reprice_id;
    IF TG_OP = 'INSERT' THEN
        IF whole.sealed_in IS DISTINCT FROM pg_current_xact_id()::text::bigint OR NEW.transaction_id IS NOT NULL THEN
            RAISE EXCEPTION 're-pricing % takes no further lines', NEW.reprice_id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    changed := OLD;
    changed.transaction_id := NEW.transaction_id;
    IF NEW IS DISTINCT FROM changed OR OLD.transaction_id IS NOT NULL OR whole.state <> 'applying' THEN
        RAISE EXCEPTION 'a line of re-pricing % only names its adjustment, once', NEW.reprice_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE INSERT OR UPDATE ON billing_reprice_line FOR EACH ROW EXECUTE FUNCTION billing_keep_reprice_lines();
CREATE TRIGGER append_only BEFORE DELETE ON billing_reprice_line FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_reprice_line EXECUTE FUNCTION billing_refuse();

CREATE FUNCTION billing_check_reprice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    up numeric; down numeric; seen numeric; other numeric;
BEGIN
    SELECT coalesce(sum(greatest(delta, 0)), 0), coalesce(-sum(least(delta, 0)), 0), coalesce(sum(requests), 0), coalesce(sum(moved), 0)
        INTO up, down, seen, other FROM billing_reprice_line WHERE reprice_id = NEW.id;
    IF (up, down, seen, other) IS DISTINCT FROM (NEW.raised::numeric, NEW.lowered::numeric, NEW.requests::numeric, NEW.moved::numeric) THEN
        RAISE EXCEPTION 'the lines of re-pricing % do not make its sums', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER lines_make_the_sums AFTER INSERT ON billing_reprice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_reprice();

-- Suspect requests of the last days are few: a scan of this index finds them among millions.
CREATE INDEX billing_usage_event_suspect ON billing_usage_event (id) WHERE suspect;

-- What is sold without a rate of its own: requests of the last 7 days that were doubted, the newest 20,000 of them, and
-- models in sale without a standard price in force, which are refused.
CREATE VIEW billing_price_gap AS
SELECT 'suspect:' || model_id || ':' || provider_id || ':' || price_version_id AS id, 'suspect' AS kind,
    model_id, provider_id, price_version_id, count(*) AS requests, max(recorded_at) AS last_seen
FROM (SELECT model_id, provider_id, price_version_id, recorded_at FROM billing_usage_event
      WHERE suspect AND rev = 0 AND id >= billing_first_id((now() AT TIME ZONE 'UTC')::date - 7)
      ORDER BY id DESC LIMIT 20000) doubted
GROUP BY 3, 4, 5
UNION ALL
SELECT 'unpriced:' || m.id, 'unpriced', m.id, 0, 0, 0, NULL
FROM catalog_model m
WHERE m.active AND EXISTS (SELECT FROM catalog_chain c WHERE c.model_id = m.id AND c.status = 'live')
  AND NOT EXISTS (SELECT FROM catalog_priceversion v WHERE v.model_id = m.id AND v.provider_id IS NULL
                  AND v.kind = 'standard' AND v.valid_until IS NULL AND v.valid_from <= now());
