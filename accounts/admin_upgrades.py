"""How an operator gives a workspace another plan's terms for a while: what is asked, and the list of upgrades."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from catalog import plans
from catalog.admin_acts import ReasonForm
from catalog.admin_page import Inline, ReadOnlyPage, moment
from catalog.models import PlanVersion
from kernel import clock

from . import upgrades
from .models import PlanUpgrade, User, Workspace

__all__ = ["END_UPGRADE", "GRANT_UPGRADE", "UpgradeForm", "UpgradesInline"]

_TO_THE_MINUTE = "%Y-%m-%dT%H:%M"
_WEEK = timedelta(days=7)


class UpgradesInline(Inline):
    """The upgrades of a workspace, on its page."""

    model = PlanUpgrade
    fields = readonly_fields = (
        "plan_version",
        moment("starts_at", "From"),
        moment("ends_at", "Until"),
        "reason",
        "granted_by",
    )
    verbose_name_plural = "Upgrades, times in UTC"
    can_delete = False
    hide_title = True
    per_page = 10

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlanUpgrade]:
        """Return the upgrades with the names that are shown."""
        rows: QuerySet[PlanUpgrade] = super().get_queryset(request)
        return rows.select_related("plan_version__plan", "granted_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: an upgrade is granted by a dialog of its own."""
        return False


class UpgradeForm(ReasonForm):
    """Asks which plan's terms a workspace gets, from when, until when, and why."""

    plan_version = forms.ModelChoiceField(
        label="Terms of",
        queryset=PlanVersion.objects.none(),
        empty_label="Choose a plan",
        widget=UnfoldAdminSelectWidget(),
    )
    starts_at = forms.DateTimeField(
        label="From, in UTC",
        input_formats=[_TO_THE_MINUTE, "%Y-%m-%dT%H:%M:%S"],
        required=False,
        help_text="Empty means now.",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )
    ends_at = forms.DateTimeField(
        label="Until, in UTC",
        input_formats=[_TO_THE_MINUTE, "%Y-%m-%dT%H:%M:%S"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )
    field_order = ("plan_version", "starts_at", "ends_at", "reason")

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        self._workspace = Workspace.objects.filter(pk=object_id or 0).first()
        self.fields["plan_version"].queryset = plans.on_offer()
        self.fields["ends_at"].initial = f"{clock.now() + _WEEK:{_TO_THE_MINUTE}}"

    def clean(self) -> dict[str, Any]:
        """Refuse what ends before it begins, is over, or meets another upgrade."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or self._workspace is None:
            return cleaned
        if cleaned["ends_at"] <= clock.now():
            self.add_error("ends_at", "This moment is over: choose one to come.")
            return cleaned
        try:
            self._upgrade().full_clean(exclude={"granted_by"})
        except ValidationError as error:
            self.add_error("ends_at", " ".join(error.messages))  # the dialog shows errors at fields only
        return cleaned

    def grant(self, *, by: User) -> PlanUpgrade:
        """Save the upgrade. Raises ValidationError if another one came in between."""
        asked = self._upgrade()
        return upgrades.grant(
            asked.workspace,
            asked.plan_version,
            starts_at=asked.starts_at,
            ends_at=asked.ends_at,
            reason=asked.reason,
            by=by,
        )

    def _upgrade(self) -> PlanUpgrade:
        asked = self.cleaned_data
        begins: datetime | None = asked.get("starts_at")
        return PlanUpgrade(
            workspace=self._workspace,
            plan_version=asked["plan_version"],
            starts_at=begins or clock.now(),
            ends_at=asked["ends_at"],
            reason=asked["reason"],
        )


GRANT_UPGRADE = ActionDialog(
    title="Upgrade for a while",
    description="Caps, models and prices are those of the other plan until its end; then the standing plan counts again "
    "by itself. Credits and subscription stay as they are.",
    form_class=UpgradeForm,
    form_submit_text="Upgrade",
)
END_UPGRADE = ActionDialog(
    title="End the upgrade now?",
    description="Requests have the terms of the standing plan again within two seconds.",
    form_class=ReasonForm,
    form_submit_text="End",
)


@admin.register(PlanUpgrade)
class UpgradePage(ReadOnlyPage):
    """The upgrades of all workspaces: which terms, from when, until when, why."""

    list_display = (
        "workspace",
        "plan_version",
        moment("starts_at", "From", order=True),
        moment("ends_at", "Until", order=True),
        "in_force",
        "reason",
        "granted_by",
    )
    list_select_related = ("workspace", "plan_version__plan", "granted_by")
    search_fields = ("workspace__name", "workspace__slug", "reason")
    ordering = ("-pk",)

    @admin.display(boolean=True, description="In force")
    def in_force(self, upgrade: PlanUpgrade) -> bool:
        """Tell whether its terms count now."""
        return upgrade.starts_at <= clock.now() < upgrade.ends_at
