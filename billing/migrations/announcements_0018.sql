-- What was published has been read: it stays as it was, but that it ends. What was said of it is never changed.

CREATE FUNCTION billing_keep_announced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL
       AND to_jsonb(NEW) - '{ended_at,ended_by}'::text[] = to_jsonb(OLD) - '{ended_at,ended_by}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'announcement % is published: % refused', OLD.id, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON billing_announcement
    FOR EACH ROW EXECUTE FUNCTION billing_keep_announced();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_announcement EXECUTE FUNCTION billing_refuse();

CREATE FUNCTION billing_keep_audience() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE of bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.announcement_id ELSE OLD.announcement_id END;
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (SELECT FROM billing_announcement WHERE id = of AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'whom announcement % concerns is settled: % refused', of, TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON billing_announcement_plans
    FOR EACH ROW EXECUTE FUNCTION billing_keep_audience();
CREATE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON billing_announcement_workspaces
    FOR EACH ROW EXECUTE FUNCTION billing_keep_audience();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_announcementupdate
    FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_announcementupdate EXECUTE FUNCTION billing_refuse();
