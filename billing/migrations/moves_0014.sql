-- What operators ask to be moved by hand: posted at once, or by a second person above a threshold; never more for a
-- request than it cost.

CREATE TABLE billing_move (
    id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('grant', 'topup', 'adjustment', 'credit')),
    amount bigint NOT NULL CHECK (amount <> 0 AND (amount > 0 OR kind = 'adjustment')),
    expires_on date,
    request_id uuid,
    reason text NOT NULL CHECK (reason <> ''),
    by_two boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('asked', 'posted', 'declined')),
    asked_by text NOT NULL CHECK (asked_by <> ''),
    asked_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    decision text NOT NULL DEFAULT '',
    transaction_id uuid,
    PRIMARY KEY (id, workspace_id),
    CONSTRAINT move_credits_a_request CHECK ((kind = 'credit') = (request_id IS NOT NULL)),
    CONSTRAINT move_ends_if_given CHECK (expires_on IS NULL OR kind = 'grant'),
    CONSTRAINT move_is_decided_by_somebody CHECK (
        (status = 'asked') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT move_is_posted_once CHECK ((status = 'posted') = (transaction_id IS NOT NULL)),
    CONSTRAINT move_takes_two_persons CHECK (NOT by_two OR status <> 'posted' OR decided_by <> asked_by)
);
CREATE INDEX billing_move_waiting ON billing_move (asked_at) WHERE status = 'asked';
CREATE INDEX billing_move_request ON billing_move (workspace_id, request_id) WHERE request_id IS NOT NULL;
CREATE TRIGGER kept BEFORE DELETE ON billing_move FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_move EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER asked_once BEFORE UPDATE ON billing_move FOR EACH ROW
    WHEN (OLD.status <> 'asked' OR (NEW.id, NEW.workspace_id, NEW.kind, NEW.amount, NEW.expires_on, NEW.request_id, NEW.reason, NEW.by_two, NEW.asked_by, NEW.asked_at)
        IS DISTINCT FROM (OLD.id, OLD.workspace_id, OLD.kind, OLD.amount, OLD.expires_on, OLD.request_id, OLD.reason, OLD.by_two, OLD.asked_by, OLD.asked_at))
    EXECUTE FUNCTION billing_refuse();

CREATE FUNCTION billing_check_credit() RETURNS trigger LANGUAGE plpgsql AS $$
-- Runs under the lock of the workspace's purse, which every posting takes: no two credits are added up at once.
DECLARE cost numeric; credited numeric;
BEGIN
    SELECT coalesce(sum(e.cost), 0) INTO cost FROM billing_usage_event e
        WHERE e.workspace_id = NEW.workspace_id AND e.request_id = NEW.request_id
            AND e.id >= NEW.request_id AND e.id <= encode(set_byte(uuid_send(NEW.request_id), 15, 255), 'hex')::uuid;
    SELECT coalesce(sum(amount), 0) INTO credited FROM billing_move m
        WHERE m.workspace_id = NEW.workspace_id AND m.request_id = NEW.request_id AND m.status = 'posted';
    IF credited > cost THEN
        RAISE EXCEPTION 'request % cost % and would be credited %', NEW.request_id, cost, credited USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER no_more_than_it_cost AFTER INSERT OR UPDATE ON billing_move
    FOR EACH ROW WHEN (NEW.status = 'posted' AND NEW.request_id IS NOT NULL) EXECUTE FUNCTION billing_check_credit();
