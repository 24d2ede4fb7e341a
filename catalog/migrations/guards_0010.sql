-- Terms are what subscribers took: they stay as they were published. Those that nobody has can be deleted; foreign
-- keys keep the others.

CREATE FUNCTION catalog_keep_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'published_at' IS DISTINCT FROM to_jsonb(OLD) - 'published_at'
       OR (NEW.published_at <> OLD.published_at AND (OLD.published_at <= now() OR NEW.published_at < now())) THEN
        RAISE EXCEPTION 'terms % do not change', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Make a new version; a publication to come can be moved.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE UPDATE ON catalog_planversion FOR EACH ROW EXECUTE FUNCTION catalog_keep_terms();
