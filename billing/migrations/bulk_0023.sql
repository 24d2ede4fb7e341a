-- What is done to many rows at once. The rows are fixed before anything is done; each is done once; what was done stays.

CREATE TABLE billing_bulk_job (
    id uuid PRIMARY KEY,
    what text NOT NULL CHECK (what IN ('revoke', 'freeze', 'credit')),
    narrowed jsonb NOT NULL,
    percent smallint NOT NULL DEFAULT 100 CHECK (percent BETWEEN 1 AND 100),
    total integer NOT NULL CHECK (total BETWEEN 1 AND 100000),
    customers integer NOT NULL CHECK (customers BETWEEN 1 AND total),
    amount_nano bigint NOT NULL DEFAULT 0 CHECK (amount_nano >= 0),
    by_two boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'asked', 'running', 'done', 'stopped')),
    reason text NOT NULL DEFAULT '',
    made_by text NOT NULL CHECK (made_by <> ''),
    made_by_id bigint NOT NULL,
    made_at timestamptz NOT NULL,
    asked_by text NOT NULL DEFAULT '',
    asked_by_id bigint,
    begun_by text NOT NULL DEFAULT '',
    begun_by_id bigint,
    begun_at timestamptz,
    ended_at timestamptz,
    done integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0,
    CONSTRAINT bulk_job_has_its_reason CHECK (reason <> '' OR state IN ('draft', 'stopped')),
    CONSTRAINT bulk_job_takes_two_persons CHECK (
        NOT by_two OR state NOT IN ('running', 'done') OR (asked_by_id IS NOT NULL AND begun_by_id <> asked_by_id)),
    CONSTRAINT bulk_job_is_begun_by_somebody CHECK (state NOT IN ('running', 'done') OR begun_by_id IS NOT NULL)
);
CREATE INDEX billing_bulk_job_made ON billing_bulk_job (made_at);
CREATE INDEX billing_bulk_job_under_way ON billing_bulk_job (begun_at) WHERE state = 'running';
CREATE TRIGGER kept BEFORE DELETE ON billing_bulk_job FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_bulk_job EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER what_was_asked_stays BEFORE UPDATE ON billing_bulk_job FOR EACH ROW
    WHEN (OLD.state IN ('done', 'stopped')
        OR (NEW.id, NEW.what, NEW.narrowed, NEW.percent, NEW.total, NEW.customers, NEW.amount_nano, NEW.by_two, NEW.made_by_id, NEW.made_at)
        IS DISTINCT FROM (OLD.id, OLD.what, OLD.narrowed, OLD.percent, OLD.total, OLD.customers, OLD.amount_nano, OLD.by_two, OLD.made_by_id, OLD.made_at)
        OR (OLD.state <> 'draft' AND (NEW.reason, NEW.asked_by_id) IS DISTINCT FROM (OLD.reason, OLD.asked_by_id)))
    EXECUTE FUNCTION billing_refuse();

CREATE TABLE billing_bulk_line (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    job_id uuid NOT NULL REFERENCES billing_bulk_job (id),
    no integer NOT NULL,
    workspace_id bigint NOT NULL,
    subject text NOT NULL,
    amount_nano bigint NOT NULL DEFAULT 0,
    outcome text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'done', 'skipped')),
    said text NOT NULL DEFAULT '',
    done_at timestamptz,
    UNIQUE (job_id, no),
    UNIQUE (job_id, subject),
    CONSTRAINT bulk_line_is_done_at_a_moment CHECK ((outcome = '') = (done_at IS NULL))
);
CREATE INDEX billing_bulk_line_open ON billing_bulk_line (job_id, no) WHERE outcome = '';
CREATE TRIGGER kept BEFORE DELETE ON billing_bulk_line FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_bulk_line EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER done_once BEFORE UPDATE ON billing_bulk_line FOR EACH ROW
    WHEN (OLD.outcome <> '' OR (NEW.id, NEW.job_id, NEW.no, NEW.workspace_id, NEW.subject, NEW.amount_nano)
        IS DISTINCT FROM (OLD.id, OLD.job_id, OLD.no, OLD.workspace_id, OLD.subject, OLD.amount_nano))
    EXECUTE FUNCTION billing_refuse();
