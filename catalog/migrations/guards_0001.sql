-- Prices are append-only, and every change of the catalogue raises its revision.

CREATE FUNCTION catalog_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_priceversion FOR EACH ROW EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON catalog_priceversion EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_rate FOR EACH ROW EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON catalog_rate EXECUTE FUNCTION catalog_refuse();

INSERT INTO catalog_catalogrevision (id, number) VALUES (1, 0);
CREATE FUNCTION catalog_raise_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalog_catalogrevision SET number = number + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER raises_revision AFTER INSERT OR UPDATE OR DELETE ON catalog_model FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
CREATE TRIGGER raises_revision AFTER INSERT OR UPDATE OR DELETE ON catalog_provider FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
CREATE TRIGGER raises_revision AFTER INSERT OR UPDATE OR DELETE ON catalog_endpoint FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
CREATE TRIGGER raises_revision AFTER INSERT OR UPDATE OR DELETE ON catalog_chain FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
CREATE TRIGGER raises_revision AFTER INSERT OR UPDATE OR DELETE ON catalog_hop FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
CREATE TRIGGER raises_revision AFTER INSERT ON catalog_priceversion FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
CREATE TRIGGER raises_revision AFTER INSERT ON catalog_rate FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
CREATE TRIGGER raises_revision AFTER INSERT OR UPDATE OR DELETE ON catalog_multiplier FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
CREATE TRIGGER raises_revision AFTER INSERT OR UPDATE OR DELETE ON catalog_plan FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
CREATE TRIGGER raises_revision AFTER INSERT OR UPDATE OR DELETE ON catalog_planversion FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
