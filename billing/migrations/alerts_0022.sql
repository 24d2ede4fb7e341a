-- What was told and when is history: a firing only goes on, ends, and is then left alone; one that never began may go.

CREATE FUNCTION billing_keep_firing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moving constant text[] := '{worst,value,title,detail,url,began_at,clear_since,ended_at}';
BEGIN
    IF TG_OP = 'DELETE' AND OLD.began_at IS NULL THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL
       AND to_jsonb(NEW) - moving = to_jsonb(OLD) - moving
       AND (OLD.began_at IS NULL OR (NEW.began_at, NEW.value, NEW.title) = (OLD.began_at, OLD.value, OLD.title)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'alert firing % is history: % refused', OLD.id, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON billing_alert_firing FOR EACH ROW EXECUTE FUNCTION billing_keep_firing();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_alert_firing EXECUTE FUNCTION billing_refuse();

CREATE FUNCTION billing_keep_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moving constant text[] := '{status,tries,due_at,sent_at,log}';
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - moving = to_jsonb(OLD) - moving
       AND NEW.tries >= OLD.tries AND jsonb_array_length(NEW.log) >= jsonb_array_length(OLD.log) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'alert delivery % is history: % refused', OLD.id, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON billing_alert_delivery
    FOR EACH ROW EXECUTE FUNCTION billing_keep_delivery();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON billing_alert_delivery EXECUTE FUNCTION billing_refuse();

-- When the rules were last looked at, and what could not be read then. Its one row is the lock of a round.
CREATE TABLE billing_alert_round (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    ended_at timestamptz,
    unread text[] NOT NULL DEFAULT '{}'
);
INSERT INTO billing_alert_round DEFAULT VALUES;

-- The rules that come with the product, all on, told by mail to those who may do everything.
INSERT INTO billing_alert_channel (name, kind, address, private, sealed, active)
VALUES ('Operators', 'mail', '', false, '', true);
INSERT INTO billing_alert_rule (kind, name, threshold, minutes, active) VALUES
    ('audit', 'Audit is red', 1, 0, true),
    ('lag', 'Charges reach the ledger late', 300, 2, true),
    ('degraded', 'Something is away', 1, 1, true),
    ('journal', 'Settlements wait on a disk', 1, 2, true),
    ('breaker', 'Breaker open', 10, 0, true),
    ('errors', 'Upstream fails', 20, 3, true),
    ('keys', 'Key of ours refused', 1, 0, true),
    ('unpriced', 'Models without a price', 1, 5, true),
    ('margin', 'Margin below the floor', 10, 30, true),
    ('spending', 'Spend far above a workspace''s own week', 5, 0, true),
    ('refusals', 'Surge of refusals', 1000, 5, true),
    ('webhooks', 'Events of Stripe fail', 1, 5, true),
    ('disputes', 'Payment disputed', 1, 0, true),
    ('payments', 'Payment needs a person', 1, 0, true);
INSERT INTO billing_alert_rule_channels (alertrule_id, alertchannel_id)
SELECT r.id, c.id FROM billing_alert_rule r CROSS JOIN billing_alert_channel c;
