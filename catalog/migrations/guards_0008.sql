-- A price version is whole once it is committed: its rates come in the transaction that makes it, and of it only the
-- end moves, nearer and never into the past. Of one scope and target, one factor holds at a time.

CREATE FUNCTION catalog_seal_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sealed_in := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER seals BEFORE INSERT ON catalog_priceversion FOR EACH ROW EXECUTE FUNCTION catalog_seal_price();

CREATE FUNCTION catalog_keep_rates() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    made_in bigint;
BEGIN
    SELECT sealed_in INTO made_in FROM catalog_priceversion WHERE id = NEW.price_version_id;
    IF made_in IS DISTINCT FROM pg_current_xact_id()::text::bigint THEN
        RAISE EXCEPTION 'price version % is made: it takes no further rates', NEW.price_version_id
            USING ERRCODE = 'restrict_violation', HINT = 'Add a new version with all its rates in one transaction.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE INSERT ON catalog_rate FOR EACH ROW EXECUTE FUNCTION catalog_keep_rates();

CREATE FUNCTION catalog_end_price() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed catalog_priceversion := OLD;
BEGIN
    changed.valid_until := NEW.valid_until;
    IF NEW IS DISTINCT FROM changed OR NEW.valid_until IS NULL THEN
        RAISE EXCEPTION 'price version % changes nothing but its end', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Add a new version.';
    END IF;
    IF OLD.valid_until <= transaction_timestamp() OR NEW.valid_until > OLD.valid_until
       OR NEW.valid_until < transaction_timestamp() THEN
        RAISE EXCEPTION 'the end of price version % moves nearer only, and never into the past', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Add a new version.';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER append_only ON catalog_priceversion;
CREATE TRIGGER append_only BEFORE DELETE ON catalog_priceversion FOR EACH ROW EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER only_ends BEFORE UPDATE ON catalog_priceversion FOR EACH ROW EXECUTE FUNCTION catalog_end_price();
CREATE TRIGGER raises_revision_at_its_end AFTER UPDATE ON catalog_priceversion FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();

-- On ranges alone, a hash of scope and target standing for both: text in such a constraint would need an extension,
-- which not every server lets us create. Two that share a hash are one in 2^64.
ALTER TABLE catalog_multiplier ADD CONSTRAINT multiplier_one_at_a_time EXCLUDE USING gist (
    int8range(hashtextextended(scope || ':' || target, 0), hashtextextended(scope || ':' || target, 0), '[]') WITH &&,
    tstzrange(valid_from, valid_until) WITH &&
);
