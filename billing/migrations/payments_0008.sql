-- Money from cards. Keys contain the workspace where a row has one; what was asked for and what was paid never changes.

CREATE TABLE billing_stripe_customer (
    id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    livemode boolean NOT NULL,
    customer_id text CHECK (customer_id <> ''),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, livemode)
);

CREATE TABLE billing_topup (
    id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    source text NOT NULL CHECK (source IN ('checkout', 'recharge')),
    amount_cents bigint NOT NULL CHECK (amount_cents BETWEEN 1 AND 10000000),
    currency text NOT NULL CHECK (currency = 'usd'),
    livemode boolean NOT NULL,
    customer_id text NOT NULL CHECK (customer_id <> ''),
    status text NOT NULL CHECK (status IN ('new', 'open', 'paid', 'failed', 'expired')),
    session_id text CHECK (session_id <> ''),
    payment_intent text CHECK (payment_intent <> ''),
    payment_method text NOT NULL,
    transaction_id uuid,
    refunded_cents bigint NOT NULL CHECK (refunded_cents BETWEEN 0 AND amount_cents),
    refund_no integer NOT NULL CHECK (refund_no >= 0),
    failure text NOT NULL,
    created_by bigint,
    created_at timestamptz NOT NULL,
    paid_at timestamptz,
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, session_id),
    UNIQUE (workspace_id, payment_intent),
    UNIQUE (workspace_id, transaction_id),
    CHECK ((status = 'paid') = (transaction_id IS NOT NULL)),
    CHECK ((paid_at IS NULL) = (transaction_id IS NULL)),
    CHECK (transaction_id IS NULL OR payment_intent IS NOT NULL),
    CHECK (refunded_cents = 0 OR transaction_id IS NOT NULL),
    CHECK (CASE source WHEN 'recharge' THEN payment_method <> '' ELSE created_by IS NOT NULL END)
);
-- Crossing the threshold twice at once makes one payment: the second waits for the outcome of the first.
CREATE UNIQUE INDEX billing_topup_one_recharge_at_a_time ON billing_topup (workspace_id)
    WHERE source = 'recharge' AND status IN ('new', 'open');
CREATE INDEX billing_topup_recent ON billing_topup (workspace_id, created_at);
CREATE INDEX billing_topup_payment_intent ON billing_topup (payment_intent);

CREATE FUNCTION billing_guard_topup() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.workspace_id, NEW.source, NEW.amount_cents, NEW.currency, NEW.livemode, NEW.customer_id, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.workspace_id, OLD.source, OLD.amount_cents, OLD.currency, OLD.livemode, OLD.customer_id, OLD.created_at)
        OR (NEW.created_by, NEW.payment_method) IS DISTINCT FROM (OLD.created_by, OLD.payment_method) THEN
        RAISE EXCEPTION 'what top-up % asked for does not change', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.session_id IS NOT NULL AND NEW.session_id IS DISTINCT FROM OLD.session_id)
        OR (OLD.payment_intent IS NOT NULL AND NEW.payment_intent IS DISTINCT FROM OLD.payment_intent)
        OR (OLD.transaction_id IS NOT NULL AND (NEW.transaction_id, NEW.paid_at, NEW.status)
            IS DISTINCT FROM (OLD.transaction_id, OLD.paid_at, OLD.status)) THEN
        RAISE EXCEPTION 'top-up % has its session, payment and credit once', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER asked_once BEFORE UPDATE ON billing_topup FOR EACH ROW EXECUTE FUNCTION billing_guard_topup();
CREATE TRIGGER kept BEFORE DELETE ON billing_topup FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_topup EXECUTE FUNCTION billing_refuse();

CREATE TABLE billing_recharge (
    workspace_id bigint PRIMARY KEY,
    enabled boolean NOT NULL,
    threshold_cents bigint NOT NULL CHECK (threshold_cents BETWEEN 0 AND 10000000),
    amount_cents bigint NOT NULL CHECK (amount_cents BETWEEN 0 AND 10000000),
    monthly_ceiling_cents bigint NOT NULL CHECK (monthly_ceiling_cents BETWEEN 0 AND 100000000),
    customer_id text NOT NULL,
    livemode boolean NOT NULL,
    payment_method text NOT NULL,
    card text NOT NULL,
    card_saved_at timestamptz,
    failures smallint NOT NULL CHECK (failures BETWEEN 0 AND 4),
    next_try_at timestamptz,
    off_because text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by bigint,
    CHECK (NOT enabled OR (payment_method <> '' AND customer_id <> '' AND off_because = '')),
    CHECK (NOT enabled OR (amount_cents > 0 AND monthly_ceiling_cents >= amount_cents))
);
CREATE INDEX billing_recharge_enabled ON billing_recharge (next_try_at) WHERE enabled;

CREATE FUNCTION billing_guard_ceiling() RETURNS trigger LANGUAGE plpgsql AS $$
-- The row of the rules is locked first, so two payments at once are counted one after the other. What failed may be
-- tried again; all else of the UTC month counts, also what has no outcome yet.
DECLARE ceiling bigint; used bigint;
BEGIN
    SELECT monthly_ceiling_cents INTO ceiling FROM billing_recharge
        WHERE workspace_id = NEW.workspace_id AND enabled FOR UPDATE;
    IF ceiling IS NULL THEN
        RAISE EXCEPTION 'auto-recharge of workspace % is off', NEW.workspace_id USING ERRCODE = 'check_violation';
    END IF;
    SELECT coalesce(sum(amount_cents), 0) INTO used FROM billing_topup
        WHERE workspace_id = NEW.workspace_id AND source = 'recharge' AND status <> 'failed'
          AND created_at >= date_trunc('month', NEW.created_at, 'UTC')
          AND date_trunc('month', created_at, 'UTC') = date_trunc('month', NEW.created_at, 'UTC');
    IF used + NEW.amount_cents > ceiling THEN
        RAISE EXCEPTION 'auto-recharge of workspace % would pass its ceiling of % cents', NEW.workspace_id, ceiling
            USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_recharge_ceiling';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER within_ceiling BEFORE INSERT ON billing_topup
    FOR EACH ROW WHEN (NEW.source = 'recharge') EXECUTE FUNCTION billing_guard_ceiling();

CREATE TABLE billing_dispute (
    id uuid NOT NULL,
    dispute_id text NOT NULL CHECK (dispute_id <> ''),
    workspace_id bigint NOT NULL,
    topup_id uuid NOT NULL,
    amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
    taken_cents bigint NOT NULL CHECK (taken_cents BETWEEN 0 AND amount_cents),
    movement_no integer NOT NULL CHECK (movement_no >= 0),
    reason text NOT NULL,
    status text NOT NULL,
    answer_by timestamptz,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, dispute_id)
);
CREATE INDEX billing_dispute_topup ON billing_dispute (workspace_id, topup_id);
CREATE TRIGGER kept BEFORE DELETE ON billing_dispute FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_dispute EXECUTE FUNCTION billing_refuse();

CREATE TABLE billing_refund_request (
    id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    topup_id uuid NOT NULL,
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    reason text NOT NULL CHECK (reason <> ''),
    by_two boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('asked', 'sent', 'done', 'failed', 'declined')),
    asked_by text NOT NULL CHECK (asked_by <> ''),
    asked_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    refund_id text CHECK (refund_id <> ''),
    failure text NOT NULL,
    PRIMARY KEY (id, workspace_id),
    CHECK ((status = 'asked') = (decided_by IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (NOT by_two OR status IN ('asked', 'declined') OR decided_by <> asked_by)
);
CREATE INDEX billing_refund_request_topup ON billing_refund_request (workspace_id, topup_id);
CREATE TRIGGER kept BEFORE DELETE ON billing_refund_request FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_refund_request EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER asked_once BEFORE UPDATE ON billing_refund_request FOR EACH ROW
    WHEN ((NEW.id, NEW.workspace_id, NEW.topup_id, NEW.amount_cents, NEW.reason, NEW.by_two, NEW.asked_by, NEW.asked_at)
        IS DISTINCT FROM (OLD.id, OLD.workspace_id, OLD.topup_id, OLD.amount_cents, OLD.reason, OLD.by_two, OLD.asked_by, OLD.asked_at))
    EXECUTE FUNCTION billing_refuse();

CREATE TABLE billing_stripe_event (
    event_id text PRIMARY KEY CHECK (event_id <> ''),
    type text NOT NULL,
    livemode boolean NOT NULL,
    payload_sha256 bytea NOT NULL CHECK (length(payload_sha256) = 32),
    outcome text CHECK (outcome IN ('credited', 'moved', 'noted', 'early', 'refused', 'passed', 'ignored')),
    workspace_id bigint,
    note text NOT NULL,
    created_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX billing_stripe_event_received ON billing_stripe_event (received_at);
-- An event is written before it is handled, so that its double waits; the outcome is added once, in the same commit.
CREATE TRIGGER told_once BEFORE UPDATE ON billing_stripe_event FOR EACH ROW
    WHEN (OLD.outcome IS NOT NULL OR (NEW.event_id, NEW.type, NEW.livemode, NEW.payload_sha256, NEW.created_at, NEW.received_at)
        IS DISTINCT FROM (OLD.event_id, OLD.type, OLD.livemode, OLD.payload_sha256, OLD.created_at, OLD.received_at))
    EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept BEFORE DELETE ON billing_stripe_event FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_stripe_event EXECUTE FUNCTION billing_refuse();

CREATE TABLE billing_payment_alert (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('misfit', 'dispute', 'recharge', 'refund')),
    workspace_id bigint,
    event_id text NOT NULL,
    message text NOT NULL CHECK (message <> ''),
    created_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by text NOT NULL,
    resolution text NOT NULL,
    CHECK ((resolved_at IS NULL) = (resolved_by = '')),
    CHECK ((resolved_at IS NULL) = (resolution = ''))
);
CREATE INDEX billing_payment_alert_open ON billing_payment_alert (created_at) WHERE resolved_at IS NULL;
CREATE TRIGGER kept BEFORE DELETE ON billing_payment_alert FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_payment_alert EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER said_once BEFORE UPDATE ON billing_payment_alert FOR EACH ROW
    WHEN (OLD.resolved_at IS NOT NULL OR (NEW.id, NEW.kind, NEW.event_id, NEW.message, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.kind, OLD.event_id, OLD.message, OLD.created_at))
    EXECUTE FUNCTION billing_refuse();
