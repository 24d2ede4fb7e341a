-- What operators say of the things on their desk. Nothing of it is ever changed: the newest of a kind holds.

CREATE TABLE billing_desk_mark (
    id uuid PRIMARY KEY,
    item text NOT NULL CHECK (item <> ''),
    title text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('later', 'for')),
    until timestamptz CHECK (until IS NULL OR kind = 'later'),
    person_id bigint CHECK (person_id IS NULL OR kind = 'for'),
    by text NOT NULL CHECK (by <> ''),
    made_at timestamptz NOT NULL
);
CREATE INDEX billing_desk_mark_newest ON billing_desk_mark (item, kind, made_at DESC);
CREATE TRIGGER said_once BEFORE UPDATE ON billing_desk_mark FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept BEFORE DELETE ON billing_desk_mark FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_desk_mark EXECUTE FUNCTION billing_refuse();

-- What the home and the desk count of large tables: each index holds only the few rows that somebody asks for.
CREATE INDEX billing_usage_event_reaped ON billing_usage_event (id, recorded_at) WHERE status = 'reaped';
CREATE INDEX billing_refund_request_waiting ON billing_refund_request (asked_at) WHERE status = 'asked';
CREATE INDEX billing_dispute_unanswered ON billing_dispute (opened_at)
    WHERE status IN ('needs_response', 'warning_needs_response');
CREATE INDEX billing_recharge_failing ON billing_recharge (workspace_id) WHERE enabled AND failures > 0;
