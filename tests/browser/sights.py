"""What there is to be seen on a site: the addresses of its pages, and the commands that fill it before."""

__all__ = ["CUSTOMERS", "FILLING", "OPERATORS", "STRANGERS"]

# What nights do: seals, papers, an audit of everything, months counted.
_NIGHT = """
from billing.month_end import sweeps
from billing.paper import sweeps as papers
from billing.proof import runs, seals
from kernel import clock
for workspace, days in seals.due(clock.now()).items():
    seals.seal(workspace, days)
papers.for_months(clock.now(), seconds=60)
runs.run(days=None, actor="make pictures")
sweeps.count_due(clock.now(), seconds=60)
"""
# What the demo's customer has watched, and is told of.
_WATCHED = """
from accounts.models import Member
from billing.customer_alerts import rounds, rules
from kernel import clock, money
owner = Member.objects.select_related("user", "workspace").filter(role="owner")[0]
for kind, usd, percent in (("spend", 50, None), ("forecast", 500, None), ("errors", None, 10), ("balance", 5, None)):
    rules.add(owner, rules.Wish(kind, usd and usd * money.NANO_PER_USD, percent, None, True))
rounds.make(clock.now(), seconds=60)
"""
FILLING = (
    ("seed_demo", "--requests", "20000", "--days", "60"),
    ("shell", "-c", _WATCHED),
    ("shell", "-c", _NIGHT),
)
"""What `manage.py` is told, in this order, on a site with the demo."""

CUSTOMERS = (
    *("/dashboard/", "/dashboard/activity", "/dashboard/logs"),
    *("/dashboard/keys", "/dashboard/keys/new", "/dashboard/tokens", "/dashboard/set-up"),
    *("/dashboard/models", "/dashboard/models/route/deepseek-v3.2", "/dashboard/playground"),
    *("/dashboard/credit", "/dashboard/plan", "/dashboard/papers", "/dashboard/papers/details"),
    *("/dashboard/voucher", "/dashboard/alerts", "/dashboard/alerts?kind=balance"),
    *("/dashboard/alerts/messages", "/dashboard/team", "/dashboard/team/changes"),
    *("/dashboard/workspace", "/dashboard/workspace/new"),
    *("/accounts/profile/", "/accounts/sessions/", "/accounts/2fa/"),
    *("/catalog/models", "/catalog/models/route/deepseek-v3.2", "/status", "/announcements", "/trust"),
    *("/terms", "/privacy", "/rankings"),
    *("/docs/", "/docs/quickstart", "/docs/limits", "/docs/api"),
)
"""The pages of customers, and those for everybody."""

STRANGERS = ("/", "/accounts/signup/", "/accounts/login/")
"""The pages that only those see who are not signed in."""

OPERATORS = ("/admin/", "/admin/reconcile/")
"""Where the operators' pages begin; the sidebar and the tabs lead to all others."""
