"""What there is to be seen on a site: the addresses of its pages, and the commands that fill it before."""

__all__ = ["CUSTOMERS", "FILLING", "OPERATORS"]

# The customer of the demo moves in with the seeded workspace that has most usage; then comes what nights do.
_NIGHT = """
from billing.models import DailyUsage
from accounts.models import Member
from billing.month_end import sweeps
from billing.paper import sweeps as papers
from billing.proof import runs, seals
from config.demo_people import CUSTOMER
from django.db.models import Sum
from kernel import clock
most = DailyUsage.objects.values("workspace_id").annotate(n=Sum("requests")).order_by("-n")[0]["workspace_id"]
Member.objects.filter(user__email=CUSTOMER).update(workspace_id=most)
for workspace, days in seals.due(clock.now()).items():
    seals.seal(workspace, days)
papers.for_months(clock.now(), seconds=60)
runs.run(days=None, actor="make pictures")
sweeps.count_due(clock.now(), seconds=60)
"""
FILLING = (
    ("seed_events", "--count", "20000", "--workspaces", "12", "--days", "45", "--here"),
    ("shell", "-c", _NIGHT),
)
"""What `manage.py` is told, in this order, on a site with the demo."""

CUSTOMERS = (
    *("/dashboard/", "/dashboard/activity", "/dashboard/logs"),
    *("/dashboard/keys", "/dashboard/keys/new", "/dashboard/set-up"),
    *("/dashboard/models", "/dashboard/models/route/deepseek-v3.2", "/dashboard/playground"),
    *("/dashboard/credit", "/dashboard/plan", "/dashboard/papers", "/dashboard/papers/details"),
    *("/dashboard/voucher", "/dashboard/team", "/dashboard/team/changes"),
    *("/dashboard/workspace", "/dashboard/workspace/new"),
    *("/accounts/profile/", "/accounts/sessions/", "/accounts/2fa/"),
    *("/catalog/models", "/catalog/models/route/deepseek-v3.2", "/announcements", "/trust"),
    *("/docs/", "/docs/quickstart", "/docs/limits", "/docs/api"),
)
"""The pages of customers, and those for everybody."""

OPERATORS = ("/admin/", "/admin/reconcile/")
"""Where the operators' pages begin; the sidebar and the tabs lead to all others."""
