-- Tables of the money. Keys of hot tables contain the workspace, no foreign keys on account, admission and event:
-- a lock on a referenced row would couple every request, and each statement stays within one shard.

CREATE TABLE billing_account (
    workspace_id bigint PRIMARY KEY,
    posted bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    unbilled bigint NOT NULL DEFAULT 0,
    overdraft_limit bigint NOT NULL DEFAULT 0 CHECK (overdraft_limit >= 0),
    seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
    charge_no bigint NOT NULL DEFAULT 1,
    charged_no bigint NOT NULL DEFAULT 0 CHECK (charged_no >= 0 AND charged_no < charge_no),
    minute_no integer NOT NULL DEFAULT 0,
    minute_count integer NOT NULL DEFAULT 0 CHECK (minute_count >= 0),
    hour_count integer NOT NULL DEFAULT 0 CHECK (hour_count >= 0),
    day_count integer NOT NULL DEFAULT 0 CHECK (day_count >= 0),
    open_streams integer NOT NULL DEFAULT 0 CHECK (open_streams >= 0),
    kill_generation integer NOT NULL DEFAULT 0,
    status smallint NOT NULL DEFAULT 0 CHECK (status IN (0, 1, 2))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);
-- No further index, ever: one on a changing column would end heap-only updates of the hottest row.

CREATE TABLE billing_worker (
    worker_id uuid PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL,
    draining boolean NOT NULL DEFAULT false
);

CREATE TABLE billing_admission (
    request_id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    api_key_id bigint NOT NULL,
    model_id bigint NOT NULL,
    chain_id bigint NOT NULL,
    price_version_id bigint NOT NULL,
    multipliers text NOT NULL,
    hold bigint NOT NULL CHECK (hold >= 0),
    weight integer NOT NULL CHECK (weight >= 0),
    stream boolean NOT NULL,
    tag text NOT NULL,
    minute_no integer NOT NULL,
    kill_generation integer NOT NULL,
    worker_id uuid NOT NULL,
    admitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    provider_id bigint NOT NULL DEFAULT 0,
    first_byte_at timestamptz,
    progress_input bigint NOT NULL DEFAULT 0 CHECK (progress_input BETWEEN 0 AND 1099511627776),
    progress_output bigint NOT NULL DEFAULT 0 CHECK (progress_output BETWEEN 0 AND 1099511627776),
    PRIMARY KEY (request_id, workspace_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_cost_delay = 0);

CREATE TABLE billing_usage_event (
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    rev smallint NOT NULL DEFAULT 0 CHECK (rev BETWEEN 0 AND 255),
    workspace_id bigint NOT NULL,
    api_key_id bigint NOT NULL,
    charge_no bigint NOT NULL,
    minute_no integer NOT NULL,
    weight integer NOT NULL,
    model_id bigint NOT NULL,
    chain_id bigint NOT NULL,
    provider_id bigint NOT NULL DEFAULT 0,
    endpoint_id bigint NOT NULL DEFAULT 0,
    upstream_model text NOT NULL DEFAULT '',
    attempts smallint NOT NULL DEFAULT 0,
    stream boolean NOT NULL,
    status text NOT NULL
        CHECK (status IN ('ok', 'client_gone', 'upstream_cut', 'killed', 'drained', 'reaped', 'failed')),
    http_status smallint NOT NULL,
    error_code text NOT NULL DEFAULT '',
    finish_reason text NOT NULL DEFAULT '',
    usage_source text NOT NULL CHECK (usage_source IN ('upstream', 'counted', 'checkpoint', 'bound', 'none')),
    suspect boolean NOT NULL DEFAULT false,
    input_tokens bigint NOT NULL DEFAULT 0,
    cached_tokens bigint NOT NULL DEFAULT 0,
    cache_write_tokens bigint NOT NULL DEFAULT 0,
    cache_write_1h_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    reasoning_tokens bigint NOT NULL DEFAULT 0,
    image_in_tokens bigint NOT NULL DEFAULT 0,
    image_out_tokens bigint NOT NULL DEFAULT 0,
    audio_in_tokens bigint NOT NULL DEFAULT 0,
    audio_out_tokens bigint NOT NULL DEFAULT 0,
    images bigint NOT NULL DEFAULT 0,
    web_searches bigint NOT NULL DEFAULT 0,
    price_version_id bigint NOT NULL,
    multipliers text NOT NULL DEFAULT '',
    cost bigint NOT NULL,
    provider_cost bigint NOT NULL DEFAULT 0,
    hold bigint NOT NULL,
    ttfb_ms integer,
    latency_ms integer NOT NULL,
    tag text NOT NULL DEFAULT '',
    admitted_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, workspace_id),
    CONSTRAINT usage_event_id_is_request_and_rev CHECK (
        uuid_send(id) = set_byte(uuid_send(request_id), 15, rev::int) AND get_byte(uuid_send(request_id), 15) = 0),
    CONSTRAINT usage_event_cost_positive CHECK (rev > 0 OR cost >= 0),
    CONSTRAINT usage_event_tokens_in_range CHECK (rev > 0 OR (
        input_tokens BETWEEN 0 AND 1099511627776 AND cached_tokens BETWEEN 0 AND 1099511627776
        AND cache_write_tokens BETWEEN 0 AND 1099511627776 AND cache_write_1h_tokens BETWEEN 0 AND 1099511627776
        AND output_tokens BETWEEN 0 AND 1099511627776 AND reasoning_tokens BETWEEN 0 AND 1099511627776
        AND image_in_tokens BETWEEN 0 AND 1099511627776 AND image_out_tokens BETWEEN 0 AND 1099511627776
        AND audio_in_tokens BETWEEN 0 AND 1099511627776 AND audio_out_tokens BETWEEN 0 AND 1099511627776
        AND images BETWEEN 0 AND 1099511627776 AND web_searches BETWEEN 0 AND 1099511627776))
) PARTITION BY RANGE (id);
CREATE INDEX billing_usage_event_charge ON billing_usage_event (workspace_id, charge_no);
CREATE TABLE billing_usage_event_default PARTITION OF billing_usage_event DEFAULT;

CREATE FUNCTION billing_make_event_partitions(months integer) RETURNS integer LANGUAGE plpgsql AS $$
-- Makes the partitions of this month and the next `months`; bounds are the first UUIDv7 of each month.
DECLARE
    first date := date_trunc('month', now() AT TIME ZONE 'UTC');
    month date;
    made integer := 0;
BEGIN
    FOR n IN 0..months LOOP
        month := first + make_interval(months => n);
        IF to_regclass(format('billing_usage_event_%s', to_char(month, 'YYYYMM'))) IS NULL THEN
            EXECUTE format('CREATE TABLE billing_usage_event_%s PARTITION OF billing_usage_event FOR VALUES FROM (%L) TO (%L)',
                to_char(month, 'YYYYMM'), billing_first_id(month), billing_first_id((month + interval '1 month')::date));
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;
CREATE FUNCTION billing_first_id(day date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM day::timestamp) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;
SELECT billing_make_event_partitions(2);

CREATE TABLE billing_attempt (
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    number smallint NOT NULL,
    provider_id bigint NOT NULL,
    endpoint_id bigint NOT NULL,
    upstream_model text NOT NULL,
    outcome text NOT NULL,
    http_status integer,
    started_at timestamptz NOT NULL,
    milliseconds integer NOT NULL,
    PRIMARY KEY (id, workspace_id)
);

CREATE TABLE billing_daily_usage (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    workspace_id bigint NOT NULL,
    day date NOT NULL,
    api_key_id bigint NOT NULL,
    model_id bigint NOT NULL,
    provider_id bigint NOT NULL,
    tag text NOT NULL,
    requests bigint NOT NULL,
    failed bigint NOT NULL,
    input_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    cache_write_1h_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    image_in_tokens bigint NOT NULL,
    image_out_tokens bigint NOT NULL,
    audio_in_tokens bigint NOT NULL,
    audio_out_tokens bigint NOT NULL,
    images bigint NOT NULL,
    web_searches bigint NOT NULL,
    cost bigint NOT NULL,
    provider_cost bigint NOT NULL,
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, day, api_key_id, model_id, provider_id, tag)
);

CREATE TABLE billing_usage_bucket (LIKE billing_daily_usage INCLUDING DEFAULTS);
ALTER TABLE billing_usage_bucket DROP COLUMN day, ADD COLUMN starts_at timestamptz NOT NULL,
    ADD PRIMARY KEY (id, workspace_id),
    ADD UNIQUE (workspace_id, starts_at, api_key_id, model_id, provider_id, tag);

CREATE TABLE billing_ledger_transaction (
    id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN
        ('usage', 'topup', 'refund', 'dispute', 'grant', 'expiry', 'adjustment', 'reversal')),
    idem_key text NOT NULL,
    day date NOT NULL,
    charge_no bigint CHECK ((charge_no IS NOT NULL) = (kind = 'usage')),
    reason text NOT NULL DEFAULT '' CHECK (kind NOT IN ('adjustment', 'reversal') OR reason <> ''),
    actor text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, idem_key)
);

CREATE TABLE billing_ledger_entry (
    id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    account text NOT NULL
        CHECK (account IN ('workspace', 'revenue', 'clearing', 'promotion', 'disputes', 'expired')),
    seq bigint CHECK ((seq IS NOT NULL) = (account = 'workspace')),
    amount bigint NOT NULL,
    balance_after bigint CHECK ((balance_after IS NOT NULL) = (account = 'workspace')),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, seq),
    FOREIGN KEY (transaction_id, workspace_id) REFERENCES billing_ledger_transaction (id, workspace_id)
);
CREATE INDEX billing_ledger_entry_transaction ON billing_ledger_entry (transaction_id);
