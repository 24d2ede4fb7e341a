-- What proves the money: seals of days that are over, and which months of events have left.

CREATE TABLE billing_day_seal (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    workspace_id bigint NOT NULL,
    no bigint NOT NULL CHECK (no > 0),
    form smallint NOT NULL,
    day date NOT NULL,
    revision smallint NOT NULL CHECK (revision >= 0),
    through_no bigint NOT NULL CHECK (through_no > 0),
    events bigint NOT NULL CHECK (events > 0),
    sums jsonb NOT NULL,
    events_digest bytea NOT NULL CHECK (octet_length(events_digest) = 32),
    days_digest bytea NOT NULL CHECK (octet_length(days_digest) = 32),
    ledger_seq bigint NOT NULL CHECK (ledger_seq >= 0),
    ledger_digest bytea NOT NULL CHECK (octet_length(ledger_digest) = 32),
    seal bytea NOT NULL CHECK (octet_length(seal) = 32),
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, no),
    UNIQUE (workspace_id, day, revision)
);
CREATE INDEX billing_day_seal_day ON billing_day_seal (day);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_day_seal FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_day_seal EXECUTE FUNCTION billing_refuse();

CREATE TABLE billing_dropped_month (
    month date PRIMARY KEY CHECK (month = date_trunc('month', month::timestamp)::date),
    events bigint NOT NULL,
    dropped_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_dropped_month FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_dropped_month EXECUTE FUNCTION billing_refuse();

-- The last days are found by day. None of these columns ever changes, so updates of the sums stay heap-only.
CREATE INDEX billing_daily_usage_day ON billing_daily_usage (day, workspace_id);
CREATE INDEX billing_usage_bucket_starts ON billing_usage_bucket (starts_at);
-- Corrections are few; without this a search for them reads every event.
CREATE INDEX billing_usage_event_correction ON billing_usage_event (id, workspace_id) WHERE rev > 0;

-- Rows of a partition can be emptied by its own name: the trigger on the table above it does not see that.
CREATE FUNCTION billing_guard_event_partitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE part regclass;
BEGIN
    FOR part IN SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = 'billing_usage_event'::regclass
        AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = i.inhrelid AND t.tgname = 'append_only_truncate') LOOP
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION billing_refuse()', part);
    END LOOP;
END $$;
SELECT billing_guard_event_partitions();
