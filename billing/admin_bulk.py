"""The operator's page of jobs on many rows: what one is about, who is affected, how far it is, and its beginning and end."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_workspaces import operator
from accounts.models import Workspace
from billing import figures
from billing.admin_bulk_forms import CREDIT_REQUESTS, RequestsForm
from billing.bulk import jobs
from billing.models import BulkJob, BulkLine
from billing.templatetags.figures import money
from catalog.admin_acts import Dialog, action
from catalog.admin_page import NOTHING, DeepPaginator, ReadOnlyPage, badge, figure, go_to, moment

__all__ = ["BulkJobPage", "drafted", "narrowed"]

NAMED, SHOWN = 12, 50
_MAY: Mapping[str, str] = {
    BulkJob.What.REVOKE: "accounts.change_apikey",
    BulkJob.What.FREEZE: "accounts.change_workspace",
    BulkJob.What.CREDIT: "billing.add_ledgertransaction",
}
_SAYS: Mapping[str, str] = {
    BulkJob.What.REVOKE: "Requests with these keys are refused within two seconds, and their open streams end. This cannot be undone.",
    BulkJob.What.FREEZE: "Requests of these workspaces are refused within two seconds, and the open ones end. Each can be thawed.",
    BulkJob.What.CREDIT: "Each request is given back by itself, once, and never more than it cost. Customers read the reason.",
}


class BeginForm(Dialog):
    """Asks why; names what it is about and how many customers are affected."""

    form_before_template = "admin/workspaces/bulk_begin.html"
    reason = forms.CharField(label="Why", max_length=500, widget=UnfoldAdminTextInputWidget())

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        """Return what is shown above the field."""
        job = BulkJob.objects.filter(pk=object_id).first()
        return {"job": job, "says": _SAYS[job.what] if job else ""}


class StopForm(Dialog):
    """Asks why."""

    reason = forms.CharField(label="Why", max_length=500, widget=UnfoldAdminTextInputWidget())


@admin.register(BulkJob)
class BulkJobPage(ReadOnlyPage):
    """One thing done to many rows: a draft first, which names its customers, then begun with a reason."""

    change_form_before_template = "admin/workspaces/bulk.html"
    paginator = DeepPaginator
    list_display = (
        moment("made_at", "Made"),
        "what",
        "badge",
        figure("total", "Rows", lambda job: figures.count(job.total)),
        figure("customers", "Customers", lambda job: figures.count(job.customers)),
        figure("amount", "Amount", lambda job: money(job.amount_nano, 2) if job.amount_nano else NOTHING),
        figure("done", "Done", lambda job: figures.percent(job.done + job.skipped, job.total, decimals=0)),
        "made_by",
        "reason",
    )
    list_filter = ("state", "what")
    ordering = ("-made_at", "-pk")
    actions_list = ("credit_requests",)
    actions_detail = ("begin", "stop")
    fieldsets = (
        (None, {"fields": (("what", "badge"), ("total", "customers"), "reason")}),
        ("Who", {"fields": (("made_by", moment("made_at", "Made")), ("asked_by", "begun_by"), (moment("begun_at", "Begun"), moment("ended_at", "Ended")))}),
    )  # fmt: skip

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Show a job with its customers and what came of its rows."""
        job = BulkJob.objects.filter(pk=object_id or "").first() if _is_id(object_id) else None
        context = {**(extra_context or {}), "panel": _panel(job) if job else None}
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="State")
    def badge(self, job: BulkJob) -> SafeString:
        """Show the state as a badge."""
        return _badge(job)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return what can be done with it by whoever may do the thing itself."""
        job = BulkJob.objects.filter(pk=object_id).first()
        offered = list(super().get_actions_detail(request, object_id))
        if job is None or not request.user.has_perm(_MAY[job.what]):
            return []
        begins = job.state == BulkJob.State.DRAFT or (
            job.state == BulkJob.State.ASKED and job.asked_by_id != request.user.pk
        )
        stops = job.state not in (BulkJob.State.DONE, BulkJob.State.STOPPED)
        paths = {path for path, may in (("begin", begins), ("stop", stops)) if may}
        return [each for each in offered if each.path in paths]

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may do what the job does."""
        job = BulkJob.objects.filter(pk=object_id).first()
        return job is not None and request.user.has_perm(_MAY[job.what])

    def has_credit_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may post to the ledger."""
        return request.user.has_perm(_MAY[BulkJob.What.CREDIT])

    @action(
        description="Give requests back",
        permissions=("credit",),
        url_path="credit-requests",
        dialog=CREDIT_REQUESTS,
    )
    def credit_requests(self, request: HttpRequest, form: RequestsForm) -> HttpResponse:
        """Draft giving back the requests that the dialog chose; nothing is moved yet."""
        try:
            job = jobs.draft_credit(form.chosen(), percent=form.cleaned_data["percent"], by=operator(request))
        except jobs.NotAllowed as error:
            messages.error(request, str(error))
            return go_to(request, reverse("admin:billing_bulkjob_changelist"))
        return drafted(request, self, job)

    @action(
        description="Begin",
        permissions=("decide",),
        url_path="begin",
        dialog=ActionDialog(
            title="Begin this job?",
            description="It is done row by row in your name, each once; it can be stopped in between.",
            form_class=BeginForm,
            form_submit_text="Begin",
        ),
    )
    def begin(self, request: HttpRequest, form: BeginForm, object_id: str) -> HttpResponse:
        """Begin it, or ask somebody else to."""
        try:
            job = jobs.begin(UUID(str(object_id)), reason=form.cleaned_data["reason"], by=operator(request))
        except jobs.NotAllowed as error:
            messages.error(request, str(error))
        else:
            said = "Asked for" if job.state == BulkJob.State.ASKED else "Begun"
            self.log_change(
                request, job, f"{said}, {job.customers:,} customers: {form.cleaned_data['reason']}"
            )
            waits = "Kept. Somebody else must begin it, because of its size."
            messages.success(request, waits if said == "Asked for" else "Begun. It goes on by itself.")
        return go_to(request, reverse("admin:billing_bulkjob_change", args=[object_id]))

    @action(
        description="Stop",
        permissions=("decide",),
        url_path="stop",
        dialog=ActionDialog(
            title="Stop this job?",
            description="What is done stays done; the rest is left as it is, for good.",
            form_class=StopForm,
            form_submit_text="Stop",
        ),
    )
    def stop(self, request: HttpRequest, form: StopForm, object_id: str) -> HttpResponse:
        """Stop it."""
        if jobs.stop(UUID(str(object_id))):
            job = BulkJob.objects.get(pk=object_id)
            self.log_change(request, job, f"Stopped: {form.cleaned_data['reason']}")
            messages.success(request, "Stopped.")
        return go_to(request, reverse("admin:billing_bulkjob_change", args=[object_id]))


@admin.register(BulkLine)
class BulkLinePage(ReadOnlyPage):
    """One row of a job and what came of it."""

    paginator = DeepPaginator
    list_display = ("job", figure("no", "No.", lambda line: line.no), "subject", "outcome", "said")
    list_filter = (("job", admin.RelatedOnlyFieldListFilter), "outcome")
    list_select_related = ("job",)
    ordering = ("-job_id", "no")


def drafted(request: HttpRequest, page: Any, job: BulkJob) -> HttpResponse:
    """Note a draft in the trail, and lead to its page, where it is looked at and begun."""
    page.log_addition(request, job, f"Drafted: {job}, {job.customers:,} customers.")
    messages.info(request, "Nothing is done yet: look at it, and begin it.")
    return go_to(request, reverse("admin:billing_bulkjob_change", args=[job.pk]))


def narrowed(request: HttpRequest) -> dict[str, str]:
    """Return how the rows of an action on a list were chosen: by its filters, or by hand."""
    if request.POST.get("select_across") == "1":
        return {name: str(value) for name, value in request.GET.items() if value} or {"all": "of the list"}
    return {"chosen": "by hand"}


def _panel(job: BulkJob) -> dict[str, Any]:
    lines = BulkLine.objects.filter(job=job)
    most = lines.values_list("workspace_id").annotate(rows=Count("pk")).order_by("-rows", "workspace_id")
    found = list(most[:NAMED])
    names = Workspace.objects.in_bulk([pk for pk, _ in found])
    return {
        "job": job,
        "narrowed": job.narrowed.items(),
        "customers": [(names.get(pk), rows) for pk, rows in found],
        "more": max(job.customers - NAMED, 0),
        "worked_on": job.done + job.skipped,
        "worked": lines.exclude(outcome=BulkLine.Outcome.OPEN).order_by("-no")[:SHOWN],
    }


def _badge(job: BulkJob) -> SafeString:
    kind = {"draft": "begun", "asked": "waits", "running": "begun", "done": "", "stopped": "cut"}[job.state]
    return badge(kind, job.get_state_display())


def _is_id(text: str | None) -> bool:
    try:
        UUID(text or "")
    except ValueError:
        return False
    return True
