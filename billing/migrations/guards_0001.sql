-- Rules that no program may break: what is written stays, legs sum to zero, balances chain, accounts exist.

CREATE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_usage_event FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_usage_event EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_ledger_transaction FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_ledger_transaction EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_ledger_entry FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_ledger_entry EXECUTE FUNCTION billing_refuse();

CREATE FUNCTION billing_check_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE legs integer; total numeric;
BEGIN
    SELECT count(*), coalesce(sum(amount), 0) INTO legs, total FROM billing_ledger_entry
        WHERE transaction_id = NEW.id AND workspace_id = NEW.workspace_id;
    IF legs < 2 OR total <> 0 THEN
        RAISE EXCEPTION 'ledger transaction % has % legs that sum to %', NEW.id, legs, total USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER legs_sum_to_zero AFTER INSERT ON billing_ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_sum();

CREATE FUNCTION billing_check_late_leg() RETURNS trigger LANGUAGE plpgsql AS $$
-- A leg added to a transaction of an earlier commit would slip past the trigger on the transaction.
DECLARE total numeric;
BEGIN
    SELECT coalesce(sum(amount), 0) INTO total FROM billing_ledger_entry
        WHERE transaction_id = NEW.transaction_id AND workspace_id = NEW.workspace_id;
    IF total <> 0 THEN
        RAISE EXCEPTION 'legs of ledger transaction % sum to %', NEW.transaction_id, total USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER legs_stay_balanced AFTER INSERT ON billing_ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_late_leg();

CREATE FUNCTION billing_check_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before bigint := 0;
BEGIN
    IF NEW.seq > 1 THEN
        SELECT balance_after INTO before FROM billing_ledger_entry
            WHERE workspace_id = NEW.workspace_id AND seq = NEW.seq - 1;
        IF before IS NULL THEN
            RAISE EXCEPTION 'ledger of workspace % has no entry %', NEW.workspace_id, NEW.seq - 1 USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.seq < 1 OR NEW.balance_after <> before + NEW.amount THEN
        RAISE EXCEPTION 'ledger entry % of workspace % breaks the chain of balances', NEW.seq, NEW.workspace_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER balances_chain BEFORE INSERT ON billing_ledger_entry
    FOR EACH ROW WHEN (NEW.account = 'workspace') EXECUTE FUNCTION billing_check_chain();

CREATE FUNCTION billing_open_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO billing_account (workspace_id, status)
            VALUES (NEW.id, CASE NEW.status WHEN 'active' THEN 0 WHEN 'suspended' THEN 1 ELSE 2 END);
    ELSE
        UPDATE billing_account SET status = CASE NEW.status WHEN 'active' THEN 0 WHEN 'suspended' THEN 1 ELSE 2 END
            WHERE workspace_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER every_workspace_has_an_account AFTER INSERT OR UPDATE OF status ON accounts_workspace
    FOR EACH ROW EXECUTE FUNCTION billing_open_account();
