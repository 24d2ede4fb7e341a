"""The operator's page of terms, with those who have them, and the move of all of them to the newest terms."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, F
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import Workspace
from billing.replay import replay
from billing.subscriptions import cohort
from catalog import plans
from catalog.admin_acts import Dialog, action
from catalog.admin_page import figure, go_to
from catalog.admin_plans import PlanVersionPage
from catalog.models import PlanVersion

admin.site.unregister(PlanVersion)


class CohortForm(Dialog):
    """Asks why all who have some terms are moved to the newest, and shows who and what changes for them."""

    form_before_template = "admin/plans/cohort.html"
    reason = forms.CharField(label="Why", max_length=500, widget=UnfoldAdminTextInputWidget())
    token = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput())

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        """Return what is shown above the fields."""
        before = PlanVersion.objects.select_related("plan").filter(pk=object_id or 0).first()
        after = plans.newest(before.plan.slug) if before is not None else None
        if before is None or after is None:
            return {}
        shown = {"before": before, "after": after, "preview": cohort.preview(before, after)}
        try:
            return {**shown, "replay": replay.cohort(before, after)}
        except replay.TooMuch:
            return {**shown, "too_much": True}


@admin.register(PlanVersion)
class TermsPage(PlanVersionPage):
    """Terms of a plan, and how many have them."""

    list_display = (
        *PlanVersionPage.list_display,
        figure("subscribers", "Workspaces", lambda terms: f"{terms.workspaces_on:,}"),
    )
    actions_detail = ("move_subscribers",)

    def prepare(self, rows: Any) -> None:
        """Count who has the terms: one query for the page."""
        counts = Workspace.objects.filter(plan_version__in=rows).order_by().values_list("plan_version")
        found = dict(counts.annotate(Count("pk")))
        for row in rows:
            row.workspaces_on = found.get(row.pk, 0)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done here: only from older terms can anybody be moved to the newest."""
        offered = list(super().get_actions_detail(request, object_id))
        older = PlanVersion.objects.filter(pk=object_id, plan__versions__version__gt=F("version"))
        return offered if older.exists() else []

    def has_cohorts_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may change plans of customers."""
        return request.user.has_perm("accounts.change_workspace")

    @action(
        description="Move subscribers to the newest terms",
        permissions=("cohorts",),
        url_path="move-subscribers",
        dialog=ActionDialog(
            title="Move subscribers to the newest terms",
            description="Caps, models and prices count at once, credits from each one's next period on. At most "
            f"{cohort.PER_ROUND} are moved at a time.",
            form_class=CohortForm,
            form_submit_text="Move",
        ),
    )
    def move_subscribers(self, request: HttpRequest, form: CohortForm, object_id: int) -> HttpResponse:
        """Move everyone who has these terms to the newest of the plan."""
        before, asked = PlanVersion.objects.select_related("plan").get(pk=object_id), form.cleaned_data
        after = plans.newest(before.plan.slug)
        if after is None or after.pk == before.pk:
            messages.error(request, "These are the newest terms that are published.")
        else:
            self._move(request, before, after, asked)
        return go_to(request, reverse("admin:catalog_planversion_change", args=[object_id]))

    def _move(
        self, request: HttpRequest, before: PlanVersion, after: PlanVersion, asked: dict[str, Any]
    ) -> None:
        try:
            moved = cohort.move(
                before, after, token=asked["token"], actor=str(request.user), reason=asked["reason"]
            )
        except cohort.Unlike:
            messages.error(
                request, "The periods are of another kind: change each workspace's plan on its page."
            )
            return
        left = Workspace.objects.filter(plan_version=before).count()
        told = f"{moved} moved from {before} to {after}; {left} left."
        self.log_change(request, before, f"{told} {asked['reason']}")
        messages.success(request, told)
