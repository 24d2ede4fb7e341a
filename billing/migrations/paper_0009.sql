-- Papers: what a customer is given for money that moved. Written once, numbered without gaps, never changed.

CREATE TABLE billing_paper_series (
    series text PRIMARY KEY CHECK (series ~ '^[A-Z]{1,8}$'),
    last bigint NOT NULL CHECK (last > 0)
);

CREATE TABLE billing_paper (
    id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('receipt', 'credit_note', 'statement')),
    series text REFERENCES billing_paper_series (series),
    number bigint CHECK (number > 0),
    transaction_id uuid,
    period_start date,
    period_end date,
    currency text NOT NULL DEFAULT 'USD' CHECK (currency = 'USD'),
    total_nano bigint NOT NULL,
    total_cents bigint NOT NULL,
    -- Only of a statement: where the next one goes on.
    ledger_seq bigint,
    next_seq bigint,
    charge_no bigint,
    closing bigint,
    remainder bigint CHECK (remainder BETWEEN 0 AND 9999999),
    content text NOT NULL,
    digest bytea NOT NULL,
    foreign_number text NOT NULL DEFAULT '',
    foreign_url text NOT NULL DEFAULT '',
    issued_at timestamptz NOT NULL,
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, kind, transaction_id),
    UNIQUE (workspace_id, kind, period_start),
    UNIQUE (series, number),
    FOREIGN KEY (transaction_id, workspace_id) REFERENCES billing_ledger_transaction (id, workspace_id),
    CONSTRAINT paper_content_has_its_digest CHECK (digest = sha256(convert_to(content, 'UTF8'))),
    CONSTRAINT paper_is_ours_or_foreign CHECK (
        (series IS NULL) = (number IS NULL) AND (series IS NULL) = (foreign_url <> '')
        AND (series IS NULL) = (foreign_number <> '')),
    CONSTRAINT paper_foreign_is_a_receipt_or_credit_note CHECK (series IS NOT NULL OR kind <> 'statement'),
    CONSTRAINT paper_is_for_a_movement_or_a_month CHECK (
        CASE kind WHEN 'statement' THEN transaction_id IS NULL AND extract(day FROM period_start) = 1
            AND period_end = (period_start + interval '1 month' - interval '1 day')::date
            AND ledger_seq IS NOT NULL AND next_seq IS NOT NULL AND charge_no IS NOT NULL AND closing IS NOT NULL AND remainder IS NOT NULL
        ELSE transaction_id IS NOT NULL AND period_start IS NULL AND period_end IS NULL
            AND ledger_seq IS NULL AND next_seq IS NULL AND charge_no IS NULL AND closing IS NULL AND remainder IS NULL END)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_paper FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_paper EXECUTE FUNCTION billing_refuse();
-- Newest first, for the lists of a workspace and of the operator.
CREATE INDEX billing_paper_issued ON billing_paper (workspace_id, issued_at);
CREATE INDEX billing_paper_id ON billing_paper (id DESC);

CREATE FUNCTION billing_check_number() RETURNS trigger LANGUAGE plpgsql AS $$
-- The series' row is locked by whoever moved it on, until their commit: the number is theirs alone.
BEGIN
    IF NEW.number IS DISTINCT FROM (SELECT last FROM billing_paper_series WHERE series = NEW.series) THEN
        RAISE EXCEPTION 'paper % of series % is not the next one', NEW.number, NEW.series USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER numbers_follow BEFORE INSERT ON billing_paper
    FOR EACH ROW WHEN (NEW.series IS NOT NULL) EXECUTE FUNCTION billing_check_number();

CREATE FUNCTION billing_check_series() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before bigint := 0;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.series = OLD.series THEN
        before := OLD.last;
    ELSIF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'a series of papers is neither renamed nor dropped' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.last <> before + 1 THEN
        RAISE EXCEPTION 'series % of papers counts on by one', NEW.series USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER counts_on BEFORE INSERT OR UPDATE OR DELETE ON billing_paper_series
    FOR EACH ROW EXECUTE FUNCTION billing_check_series();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_paper_series EXECUTE FUNCTION billing_refuse();

CREATE FUNCTION billing_check_used() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_paper WHERE series = NEW.series AND number = NEW.last) THEN
        RAISE EXCEPTION 'number % of series % has no paper', NEW.last, NEW.series USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER numbers_are_used AFTER INSERT OR UPDATE ON billing_paper_series
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_used();

-- Up to which UTC day the months of a workspace are stated, or were looked at and had nothing to state.
CREATE TABLE billing_stated (
    workspace_id bigint PRIMARY KEY,
    through date NOT NULL
);

-- The few movements that need a paper, among the many charges.
CREATE INDEX billing_ledger_transaction_payments ON billing_ledger_transaction (id)
    WHERE kind IN ('topup', 'refund', 'reversal');
