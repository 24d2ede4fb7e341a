-- What was live is what charges name: a chain and its hops change only while it is a draft.

CREATE FUNCTION catalog_seal_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status <> 'draft' THEN
        IF (NEW.model_id, NEW.version, NEW.published_at) IS DISTINCT FROM (OLD.model_id, OLD.version, OLD.published_at)
           OR NEW.status NOT IN (OLD.status, 'retired') THEN
            RAISE EXCEPTION 'chain % was published: it can only be retired', OLD.id
                USING ERRCODE = 'restrict_violation', HINT = 'Draft a new version and publish it.';
        END IF;
        NEW.sealed_in := OLD.sealed_in;
    ELSE
        NEW.sealed_in := CASE WHEN NEW.status <> 'draft' THEN pg_current_xact_id()::text::bigint END;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER seals BEFORE INSERT OR UPDATE ON catalog_chain FOR EACH ROW EXECUTE FUNCTION catalog_seal_chain();

-- FOR SHARE: who publishes waits for hops that are being written, and who writes a hop waits for the publishing.
CREATE FUNCTION catalog_keep_hops() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched catalog_chain;
BEGIN
    FOR touched IN
        SELECT * FROM catalog_chain
        WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.chain_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.chain_id END)
        ORDER BY id FOR SHARE
    LOOP
        IF touched.status <> 'draft' AND touched.sealed_in IS DISTINCT FROM pg_current_xact_id()::text::bigint THEN
            RAISE EXCEPTION 'the hops of chain % do not change: it is %', touched.id, touched.status
                USING ERRCODE = 'restrict_violation', HINT = 'Draft a new version and publish it.';
        END IF;
    END LOOP;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON catalog_hop FOR EACH ROW EXECUTE FUNCTION catalog_keep_hops();
