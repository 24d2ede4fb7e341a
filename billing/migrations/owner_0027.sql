-- What only the owner of the tables may do, for a product that runs as another role: functions that run as their owner,
-- each for one deed and within bounds that are looked at here. With one role they do what was done before.

ALTER FUNCTION billing_make_event_partitions(integer) SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION billing_guard_event_partitions() SECURITY DEFINER SET search_path = public, pg_temp;

CREATE FUNCTION billing_make_event_partitions_since(day date) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Makes the missing partitions of the month that holds a past UTC day, and of all months up to the present one.
DECLARE month date;
BEGIN
    FOR month IN SELECT generate_series(date_trunc('month', day::timestamp), date_trunc('month', now() AT TIME ZONE 'UTC'),
        interval '1 month')::date LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS billing_usage_event_%s PARTITION OF billing_usage_event FOR VALUES FROM (%L) TO (%L)',
            to_char(month, 'YYYYMM'), billing_first_id(month), billing_first_id((month + interval '1 month')::date));
    END LOOP;
    PERFORM billing_guard_event_partitions();
END $$;

CREATE FUNCTION billing_close_month(month date) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Has nobody write to a past month until the transaction ends; the lock is waited for as long as the caller's lock_timeout says.
BEGIN
    IF month <> date_trunc('month', month::timestamp)::date OR month >= date_trunc('month', now() AT TIME ZONE 'UTC') THEN
        RAISE EXCEPTION '% is no past month', month USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('LOCK TABLE billing_usage_event_%s IN SHARE MODE', to_char(month, 'YYYYMM'));
END $$;

CREATE FUNCTION billing_drop_month(month date) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Drops a month of events and returns how many. Whoever asks, it has to be older than the least that is kept
-- (TOLLWAY_USAGE_RETENTION_DAYS, 124 days), and each of its events charged: the ledger and the sums have them.
DECLARE
    part text := format('billing_usage_event_%s', to_char(month, 'YYYYMM'));
    after date := (month + interval '1 month')::date;
    late boolean;
    events bigint;
BEGIN
    PERFORM billing_close_month(month);
    IF after > (now() AT TIME ZONE 'UTC')::date - 124 THEN
        RAISE EXCEPTION 'events of % are younger than 124 days', month USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I e LEFT JOIN billing_account a USING (workspace_id)
        WHERE e.charge_no > coalesce(a.charged_no, 0))', part) INTO late;
    IF late THEN
        RAISE EXCEPTION 'events of % are not charged', month USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE format('SELECT count(*) FROM %I', part) INTO events;
    INSERT INTO billing_dropped_month (month, events) VALUES (month, events);
    -- A row with an id of a month that left would land in the partition for all the rest: it is refused instead.
    EXECUTE format('ALTER TABLE billing_usage_event_default DROP CONSTRAINT IF EXISTS usage_event_month_has_not_left,
        ADD CONSTRAINT usage_event_month_has_not_left CHECK (id >= billing_first_id(%L::date)) NOT VALID', after);
    EXECUTE format('DROP TABLE %I', part);
    RETURN events;
END $$;

-- Everybody may run a function unless told otherwise; who may run these is said by the grants to the product's role.
REVOKE EXECUTE ON FUNCTION billing_make_event_partitions(integer), billing_guard_event_partitions(),
    billing_make_event_partitions_since(date), billing_close_month(date), billing_drop_month(date) FROM PUBLIC;
