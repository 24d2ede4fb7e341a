-- What came of the calls to providers, counted by minute and by hour. `begins` is a minute since 1970, UTC. The row of
-- model 0 is the provider's own: the sum over its models, and the checks. Histograms leave out empty buckets at their
-- end. A row is added to about once a second while it lasts: the free half of a page keeps those updates out of the key.

CREATE TABLE billing_health (
    span smallint NOT NULL CHECK (span IN (1, 60)),
    begins integer NOT NULL,
    provider_id bigint NOT NULL,
    model_id bigint NOT NULL,
    calls bigint NOT NULL CHECK (calls >= 0),
    timeouts bigint NOT NULL CHECK (timeouts >= 0),
    rate_limited bigint NOT NULL CHECK (rate_limited >= 0),
    refused_keys bigint NOT NULL CHECK (refused_keys >= 0),
    errors bigint NOT NULL CHECK (errors >= 0),
    checks bigint NOT NULL CHECK (checks >= 0),
    checks_failed bigint NOT NULL CHECK (checks_failed >= 0),
    checks_refused bigint NOT NULL CHECK (checks_refused >= 0),
    first_byte integer[] NOT NULL CHECK (cardinality(first_byte) <= 40),
    speed integer[] NOT NULL CHECK (cardinality(speed) <= 40),
    PRIMARY KEY (span, begins, provider_id, model_id),
    CONSTRAINT health_begins_with_its_span CHECK (begins % span = 0),
    CONSTRAINT health_failures_are_calls CHECK (timeouts + rate_limited + refused_keys + errors <= calls),
    CONSTRAINT health_failed_checks_are_checks CHECK (checks_failed + checks_refused <= checks),
    CONSTRAINT health_checks_are_the_providers CHECK (checks = 0 OR model_id = 0)
) WITH (fillfactor = 50);

-- Which minute a provider was last checked in: who moves it on has the check to make.
CREATE TABLE billing_health_check (
    provider_id bigint PRIMARY KEY,
    minute_no integer NOT NULL
);
