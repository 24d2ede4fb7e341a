-- How months were closed: never changed, numbered without gaps, each with the hash of the one before it.

CREATE TABLE billing_book_month (
    first date PRIMARY KEY CHECK (extract(day FROM first) = 1),
    figures jsonb NOT NULL CHECK (jsonb_typeof(figures) = 'object'),
    counted_at timestamptz,
    asked_at timestamptz
);

CREATE TABLE billing_month_close (
    no bigint PRIMARY KEY,
    first date NOT NULL UNIQUE CHECK (extract(day FROM first) = 1),
    figures jsonb NOT NULL CHECK (jsonb_typeof(figures) = 'object'),
    counted_at timestamptz NOT NULL,
    against jsonb NOT NULL CHECK (jsonb_typeof(against) = 'array'),
    reason text NOT NULL CHECK (reason <> ''),
    closed_by text NOT NULL CHECK (closed_by <> ''),
    closed_at timestamptz NOT NULL,
    before bytea NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    CHECK (counted_at >= (first + interval '1 month') AT TIME ZONE 'UTC')
);

CREATE FUNCTION billing_month_hash(c billing_month_close) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(c.before || convert_to(jsonb_build_array(
        c.no, c.first, c.figures, (extract(epoch FROM c.counted_at) * 1000000)::bigint, c.against, c.reason, c.closed_by,
        (extract(epoch FROM c.closed_at) * 1000000)::bigint)::text, 'UTF8'))
$$;

CREATE FUNCTION billing_chain_month() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last billing_month_close;
BEGIN
    LOCK TABLE billing_month_close IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO last FROM billing_month_close ORDER BY no DESC LIMIT 1;
    NEW.no := coalesce(last.no, 0) + 1;
    NEW.before := coalesce(last.hash, '');
    NEW.hash := billing_month_hash(NEW);
    RETURN NEW;
END $$;
CREATE TRIGGER chains BEFORE INSERT ON billing_month_close FOR EACH ROW EXECUTE FUNCTION billing_chain_month();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_month_close FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_month_close EXECUTE FUNCTION billing_refuse();
