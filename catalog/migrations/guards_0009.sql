-- What a proposal says never changes, nor what was decided about it; only that the source has moved on since.

CREATE FUNCTION catalog_keep_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept catalog_proposal := OLD;
BEGIN
    kept.moved_at := NEW.moved_at;
    IF NEW.raised_in_id IS NULL THEN kept.raised_in_id := NULL; END IF;
    IF NEW.drafted_id IS NULL THEN kept.drafted_id := NULL; END IF;
    IF OLD.status = 'open' THEN
        kept.status := NEW.status;
        kept.decided_by := NEW.decided_by;
        kept.decided_at := NEW.decided_at;
        kept.reason := NEW.reason;
        kept.cost_version_id := NEW.cost_version_id;
        kept.sell_version_id := NEW.sell_version_id;
        kept.drafted_id := NEW.drafted_id;
        IF OLD.first_by IS NULL THEN
            kept.first_by := NEW.first_by;
            kept.first_at := NEW.first_at;
            kept.first_reason := NEW.first_reason;
            kept.sell_too := NEW.sell_too;
        END IF;
    END IF;
    IF NEW IS DISTINCT FROM kept THEN
        RAISE EXCEPTION 'proposal % keeps what it says and what was decided', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Compare again: what differs is another proposal.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE UPDATE ON catalog_proposal FOR EACH ROW EXECUTE FUNCTION catalog_keep_proposal();
CREATE TRIGGER append_only BEFORE DELETE ON catalog_proposal FOR EACH ROW EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON catalog_proposal EXECUTE FUNCTION catalog_refuse();
