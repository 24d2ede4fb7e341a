-- What people agreed to stays as it was written.

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_legaltext FOR EACH ROW EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON accounts_legaltext EXECUTE FUNCTION catalog_refuse();
