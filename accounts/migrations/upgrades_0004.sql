-- The custom plan of one workspace is no other's, neither for good nor for a while.

CREATE FUNCTION accounts_keep_own_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner bigint;
BEGIN
    SELECT p.only_for INTO owner FROM catalog_planversion v JOIN catalog_plan p ON p.id = v.plan_id
        WHERE v.id = NEW.plan_version_id;
    IF owner <> (CASE TG_TABLE_NAME WHEN 'accounts_workspace' THEN to_jsonb(NEW) -> 'id' ELSE to_jsonb(NEW) -> 'workspace_id' END)::bigint THEN
        RAISE EXCEPTION 'terms % are the custom terms of workspace %', NEW.plan_version_id, owner
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_plan BEFORE INSERT OR UPDATE OF plan_version_id ON accounts_workspace
    FOR EACH ROW EXECUTE FUNCTION accounts_keep_own_plan();
CREATE TRIGGER own_plan BEFORE INSERT OR UPDATE OF plan_version_id ON accounts_planupgrade
    FOR EACH ROW EXECUTE FUNCTION accounts_keep_own_plan();
