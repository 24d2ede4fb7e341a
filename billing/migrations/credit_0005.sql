-- Where the credit of a workspace came from: lots, how each movement of the ledger is split over them, and the purse
-- whose row is locked first whenever lots change. Requests lock the account only, and never wait for any of these.

ALTER TABLE billing_account
    ADD COLUMN withheld bigint NOT NULL DEFAULT 0 CHECK (withheld >= 0),
    ADD COLUMN lapsing bigint NOT NULL DEFAULT 0 CHECK (lapsing >= 0),
    ADD COLUMN lapse_minute integer NOT NULL DEFAULT 2147483647;

CREATE TABLE billing_purse (
    workspace_id bigint PRIMARY KEY,
    uncovered bigint NOT NULL DEFAULT 0 CHECK (uncovered >= 0),
    spill text NOT NULL DEFAULT 'free' CHECK (spill IN ('free', 'off', 'on')),
    spill_ceiling bigint CHECK (spill_ceiling >= 0),
    spill_month date NOT NULL DEFAULT '1970-01-01',
    spilled bigint NOT NULL DEFAULT 0,
    spill_changed_at timestamptz,
    spill_changed_by text NOT NULL DEFAULT '',
    CONSTRAINT purse_ceiling_needs_spill CHECK (spill_ceiling IS NULL OR spill = 'on')
);

CREATE TABLE billing_credit_lot (
    id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    transaction_id uuid NOT NULL,
    source text NOT NULL
        CHECK (source IN ('plan', 'grant', 'voucher', 'topup', 'recharge', 'correction')),
    priority smallint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    remaining bigint NOT NULL,
    expires_on date,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, workspace_id),
    CONSTRAINT credit_lot_once_per_transaction UNIQUE (workspace_id, transaction_id),
    CONSTRAINT credit_lot_holds_what_it_got CHECK (remaining BETWEEN 0 AND amount)
);
CREATE INDEX billing_credit_lot_left ON billing_credit_lot (workspace_id) WHERE remaining > 0;
CREATE INDEX billing_credit_lot_lapse ON billing_credit_lot (expires_on) WHERE remaining > 0 AND expires_on IS NOT NULL;

CREATE TABLE billing_credit_movement (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    workspace_id bigint NOT NULL,
    transaction_id uuid NOT NULL,
    lot_id uuid,
    amount bigint NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (id, workspace_id)
);
CREATE INDEX billing_credit_movement_transaction ON billing_credit_movement (workspace_id, transaction_id);
CREATE INDEX billing_credit_movement_lot ON billing_credit_movement (workspace_id, lot_id);

CREATE FUNCTION billing_keep_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.workspace_id, NEW.transaction_id, NEW.source, NEW.priority, NEW.amount, NEW.expires_on, NEW.created_at)
        IS DISTINCT FROM
       (OLD.id, OLD.workspace_id, OLD.transaction_id, OLD.source, OLD.priority, OLD.amount, OLD.expires_on, OLD.created_at)
    THEN
        RAISE EXCEPTION 'of a credit lot only what remains changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lot_stays BEFORE UPDATE ON billing_credit_lot FOR EACH ROW EXECUTE FUNCTION billing_keep_lot();
CREATE TRIGGER append_only BEFORE DELETE ON billing_credit_lot FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_credit_lot EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_credit_movement FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_credit_movement EXECUTE FUNCTION billing_refuse();

-- What is in the ledger already: each entry moved what no lot covers; the balance is one lot of the last entry.
INSERT INTO billing_credit_movement (workspace_id, transaction_id, amount)
    SELECT workspace_id, transaction_id, amount FROM billing_ledger_entry WHERE account = 'workspace' AND amount <> 0;
WITH lots AS (
    INSERT INTO billing_credit_lot (id, workspace_id, transaction_id, source, priority, amount, remaining)
    SELECT gen_random_uuid(), a.workspace_id, e.transaction_id, 'correction', 100, a.posted, a.posted
    FROM billing_account a JOIN billing_ledger_entry e
        ON e.workspace_id = a.workspace_id AND e.account = 'workspace' AND e.seq = a.seq
    WHERE a.posted > 0
    RETURNING id, workspace_id, transaction_id, amount)
INSERT INTO billing_credit_movement (workspace_id, transaction_id, lot_id, amount)
    SELECT workspace_id, transaction_id, id, amount FROM lots
    UNION ALL SELECT workspace_id, transaction_id, NULL, -amount FROM lots;
INSERT INTO billing_purse (workspace_id, uncovered)
    SELECT workspace_id, greatest(0, -posted) FROM billing_account WHERE seq > 0;
