-- What one key may spend: a limit per UTC window, what it spent in the present one, and what its open requests hold.
-- Rows change only while their account is locked, in the statements that admit and settle.

CREATE TABLE billing_key_budget (
    workspace_id bigint NOT NULL,
    api_key_id bigint NOT NULL,
    period text NOT NULL CHECK (period IN ('day', 'week', 'month', 'none')),
    limit_nano bigint NOT NULL CHECK (limit_nano >= 0),
    window_day integer NOT NULL,
    spent bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT '',
    PRIMARY KEY (workspace_id, api_key_id)
) WITH (fillfactor = 50);

ALTER TABLE billing_admission ADD COLUMN budgeted boolean NOT NULL DEFAULT false;

CREATE FUNCTION billing_window_day(period text, minute_no integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- The first day, since 1970, of the UTC window that holds a minute; weeks begin on Monday. 1970-01-01 was a Thursday.
RETURN CASE period
    WHEN 'day' THEN minute_no / 1440
    WHEN 'week' THEN (minute_no / 1440 + 3) / 7 * 7 - 3
    WHEN 'month' THEN date_trunc('month', (DATE '1970-01-01' + minute_no / 1440)::timestamp)::date - DATE '1970-01-01'
    ELSE 0 END;
