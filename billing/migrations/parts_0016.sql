-- The parts of a running Tollway, a row for each web process and each beat and one for all sweeps: when it was last
-- heard and what it said of itself. Not a truth of the money: a row may be lost, and is written again within seconds.

CREATE TABLE billing_part (
    name text NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('web', 'beat', 'sweep')),
    host text NOT NULL,
    pid integer NOT NULL,
    heard_at timestamptz NOT NULL,
    said jsonb NOT NULL CHECK (jsonb_typeof(said) = 'object')
) WITH (fillfactor = 50);
