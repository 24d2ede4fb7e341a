-- What was done to a plan stays told. Workspaces that are on a plan with a price or credits begin their first period
-- today; the sweep grants its credits.

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_subscription_change
    FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_subscription_change EXECUTE FUNCTION billing_refuse();

INSERT INTO billing_subscription (id, workspace_id, plan_version_id, status, source, anchor, current_period_start,
    current_period_end, due_on, cancel_at_period_end, missed, stripe_heard, created_at)
SELECT gen_random_uuid(), w.id, v.id, 'active', 'operator', t.today, t.today,
    CASE v.period WHEN 'month' THEN (t.today + interval '1 month')::date WHEN 'week' THEN t.today + 7 END,
    t.today, false, 0, 0, now()
FROM accounts_workspace w JOIN catalog_planversion v ON v.id = w.plan_version_id
CROSS JOIN (SELECT (now() AT TIME ZONE 'UTC')::date AS today) t
WHERE w.status <> 'closed' AND (v.price_nano > 0 OR v.credits_nano > 0);
