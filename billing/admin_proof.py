"""The operator's pages of the proof: audits, seals, months that left; and the admin's home, which begins with them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Workspace
from billing import admin_desk, figures
from billing.admin_filters import WorkspaceFilter
from billing.admin_usage import WORKSPACE
from billing.glance import home as glance
from billing.models import AuditRun, DaySeal, DroppedMonth
from billing.templatetags.figures import money
from catalog.admin_page import (
    NOTHING,
    DeepPaginator,
    ReadOnlyPage,
    Reference,
    figure,
    link,
    moment,
    named,
    table,
)

__all__ = ["home"]

FINDINGS_ON_HOME = 5


@admin.register(AuditRun)
class AuditRunPage(ReadOnlyPage):
    """What each audit came to: every five minutes over the last days, every night over everything."""

    paginator = DeepPaginator
    list_display = (
        moment("started_at", "Began", order=True),
        "kind",
        "result",
        figure("compared", "Rows compared", lambda run: figures.count(run.compared)),
        figure("broken", "Findings", lambda run: figures.count(run.broken)),
        figure("seconds", "Took", lambda run: _took(run)),
        figure("seals", "Seals", lambda run: figures.count(run.seals)),
        "actor",
    )
    list_filter = ("kind",)
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": (("kind", "actor"), (moment("started_at", "Began"), moment("ended_at", "Ended")), (moment("since", "First day looked at"), "result"))}),
        ("Rules", {"fields": ("by_rule",)}),
        ("Findings", {"fields": ("found",)}),
    )  # fmt: skip

    @admin.display(description="Result")
    def result(self, run: AuditRun) -> SafeString:
        """Show in a word what it came to."""
        if run.ended_at is None:
            return format_html('<span class="badge cut">{}</span>', "not finished")
        if run.broken:
            return format_html('<span class="badge failed">{}</span>', f"{run.broken:,} findings")
        return format_html('<span class="badge">{}</span>', "all rules hold")

    @admin.display(description="Rules")
    def by_rule(self, run: AuditRun) -> SafeString:
        """Show each rule with what was compared."""
        rules = [
            (rule["name"], rule["says"], figures.count(rule["compared"]), figures.count(rule["broken"]),
             f"{rule['seconds']:.2f} s")
            for rule in run.rules
        ]  # fmt: skip
        return table(("", "Rule", "Compared", "Findings", "Took"), rules, figures_from=2)

    @admin.display(description="Findings")
    def found(self, run: AuditRun) -> SafeString | str:
        """Show the first findings of each rule, with a way to the workspace and to the day."""
        findings = [(rule["name"], finding) for rule in run.rules for finding in rule["findings"]]
        if not findings:
            return NOTHING
        names = Workspace.objects.in_bulk({finding["workspace_id"] for _, finding in findings})
        rows = [
            (name, _workspace(names, finding), _day(finding), finding["subject"], finding["expected"], finding["found"])
            for name, finding in findings
        ]  # fmt: skip
        heads = ("Rule", "Workspace", "UTC day", "What", "Expected", "Found")
        return format_html('<div class="wide-slip">{}</div>', table(heads, rows, figures_from=len(heads)))


@admin.register(DaySeal)
class DaySealPage(ReadOnlyPage):
    """What the requests of a workspace's day were when it was sealed, two days after it."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    paginator = DeepPaginator
    list_display = (
        moment("day", "UTC day"),
        named("workspace_id", "Workspace"),
        figure("no", "Seal", lambda row: row.no),
        figure("revision", "Revision", lambda row: row.revision or NOTHING),
        figure("events", "Requests", lambda row: figures.count(row.events)),
        figure("cost", "Cost", lambda row: money(row.sums["cost"], 9)),
        "hash",
        moment("sealed_at", "Sealed"),
    )
    list_filter = (WorkspaceFilter,)
    ordering = ("-day", "-id")
    fieldsets = (
        (None, {"fields": ((named("workspace_id", "Workspace"), "day"), ("no", "revision", "form"), "sealed_at")}),
        ("Covers", {"fields": (("events", "through_no", "ledger_seq"), "sums")}),
        ("Digests", {"fields": ("hash", "requests", "days", "ledger")}),
    )  # fmt: skip

    @admin.display(description="Hash")
    def hash(self, row: DaySeal) -> SafeString:
        """Show the hash of the seal."""
        return _hex(row.seal)

    @admin.display(description="Requests")
    def requests(self, row: DaySeal) -> SafeString:
        """Show the digest of the day's requests."""
        return _hex(row.events_digest)

    @admin.display(description="Sums of the day")
    def days(self, row: DaySeal) -> SafeString:
        """Show the digest of the day's sums."""
        return _hex(row.days_digest)

    @admin.display(description="Ledger so far")
    def ledger(self, row: DaySeal) -> SafeString:
        """Show the digest of the ledger."""
        return _hex(row.ledger_digest)


@admin.register(DroppedMonth)
class DroppedMonthPage(ReadOnlyPage):
    """Months whose requests have left; their sums, charges and seals stay."""

    list_display = (
        moment("month", "Month"),
        figure("events", "Requests", lambda row: figures.count(row.events)),
        moment("dropped_at", "Dropped"),
    )
    ordering = ("-month",)


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the admin's home shows, as the person may see it."""
    context |= {"title": "Home", **glance.home(request)}
    context["desk"] = admin_desk.rows(context["desk"], context["waiting"].now)
    found = context["findings"]
    shown = found[:FINDINGS_ON_HOME]
    # Nobody has the number −1; with it the query is made however few findings there are.
    names = Workspace.objects.in_bulk({-1, *(finding["workspace_id"] for _, finding in shown)})
    context["findings"] = [
        (name, _workspace(names, finding), _day(finding), finding["subject"]) for name, finding in shown
    ]
    context["findings_more"] = len(found) - len(shown)
    return context


def _took(run: AuditRun) -> str:
    if run.ended_at is None:
        return NOTHING
    return f"{(run.ended_at - run.started_at).total_seconds():.1f} s"


def _workspace(names: dict[int, Workspace], finding: dict[str, Any]) -> SafeString | str:
    found = names.get(finding["workspace_id"])
    return link(found) if found else f"#{finding['workspace_id']}"


def _day(finding: dict[str, Any]) -> SafeString | str:
    if not finding["day"]:
        return NOTHING
    usage = reverse("admin:billing_dailyusage_changelist")
    return format_html(
        '<a class="ref" href="{}?workspace={}&amp;day={}">{}</a>',
        *(usage, finding["workspace_id"], finding["day"], finding["day"]),
    )


def _hex(digest: bytes | memoryview) -> SafeString:
    text = bytes(digest).hex()
    return format_html('<code title="{}">{}</code>', text, text)
