-- What is kept of requests that were not let in. No statement of admission reads or writes these; keys contain the
-- workspace. The minute is that of the request's id, so a refusal is found by its id through the primary key.

CREATE TABLE billing_refusal (
    request_id uuid NOT NULL,
    workspace_id bigint NOT NULL,
    minute_no integer NOT NULL,
    api_key_id bigint NOT NULL,
    model text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    refused_at timestamptz NOT NULL,
    weight integer NOT NULL CHECK (weight >= 0),
    cap bigint NOT NULL,
    used bigint NOT NULL,
    resets_at timestamptz,
    required bigint NOT NULL,
    available bigint NOT NULL,
    held bigint NOT NULL,
    PRIMARY KEY (workspace_id, minute_no, request_id)
);
CREATE INDEX billing_refusal_minute ON billing_refusal (minute_no);

CREATE TABLE billing_refusal_count (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    workspace_id bigint NOT NULL,
    minute_no integer NOT NULL,
    api_key_id bigint NOT NULL,
    model text NOT NULL,
    code text NOT NULL,
    refusals bigint NOT NULL CHECK (refusals > 0),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, minute_no, api_key_id, model, code)
);
CREATE INDEX billing_refusal_count_minute ON billing_refusal_count (minute_no);
