-- What people did to the product, one row for each deed, each with the hash of the one before it: nothing in it changes,
-- and a row that is changed, left out or put in behind these guards breaks the chain.

CREATE TABLE accounts_trail (
    no bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_id bigint,
    actor text NOT NULL CHECK (actor <> ''),
    address text NOT NULL,
    request_id text NOT NULL,
    verb text NOT NULL CHECK (verb IN ('add', 'change', 'delete')),
    model text NOT NULL,
    object_id text NOT NULL,
    object text NOT NULL,
    workspace_id bigint,
    said text NOT NULL,
    reason text NOT NULL,
    changes jsonb NOT NULL CHECK (jsonb_typeof(changes) = 'object'),
    before bytea NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE INDEX accounts_trail_of_actor ON accounts_trail (actor_id, no);
CREATE INDEX accounts_trail_of_object ON accounts_trail (model, object_id, no);
CREATE INDEX accounts_trail_of_workspace ON accounts_trail (workspace_id, no) WHERE workspace_id IS NOT NULL;
CREATE INDEX accounts_trail_at ON accounts_trail (at, no);

-- The newest row's number and hash. Its one row is the lock under which the chain grows, and tells of an end that was cut off.
CREATE TABLE accounts_trail_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    no bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO accounts_trail_head (no, hash) VALUES (0, '');

CREATE FUNCTION accounts_trail_hash(t accounts_trail) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(t.before || convert_to(jsonb_build_array(
        t.no, (extract(epoch FROM t.at) * 1000000)::bigint, t.actor_id, t.actor, t.address, t.request_id, t.verb, t.model,
        t.object_id, t.object, t.workspace_id, t.said, t.reason, t.changes)::text, 'UTF8'))
$$;

CREATE FUNCTION accounts_chain_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts_trail_head SET no = no + 1 RETURNING no, hash INTO NEW.no, NEW.before;
    NEW.at := clock_timestamp();
    NEW.hash := accounts_trail_hash(NEW);
    UPDATE accounts_trail_head SET hash = NEW.hash;
    RETURN NEW;
END $$;
CREATE TRIGGER chains BEFORE INSERT ON accounts_trail FOR EACH ROW EXECUTE FUNCTION accounts_chain_trail();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_trail FOR EACH ROW EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON accounts_trail EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER only_with_the_trail BEFORE UPDATE ON accounts_trail_head FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER kept BEFORE INSERT OR DELETE ON accounts_trail_head FOR EACH ROW EXECUTE FUNCTION catalog_refuse();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON accounts_trail_head EXECUTE FUNCTION catalog_refuse();
