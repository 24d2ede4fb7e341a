"""What is asked before something is done to a workspace, and what is shown of it as it is."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from accounts import upgrades
from accounts.models import ApiKey, Workspace
from billing import statements
from billing.admin_moves import MoveForm
from billing.models import Account
from catalog.admin_acts import ReasonForm
from catalog.models import PlanVersion
from kernel import clock

__all__ = ["CLOSE", "FREEZE", "MOVE_MONEY", "RAISE_LIMITS", "THAW", "LimitsForm", "StatusForm"]

_TO_THE_MINUTE = "%Y-%m-%dT%H:%M"
_DAY = timedelta(days=1)
_LABELS = {
    "minute_cap": "Requests a minute; empty means no cap",
    "hour_cap": "Requests an hour",
    "day_cap": "Requests a day",
    "stream_cap": "Streams at once",
}


class StatusForm(ReasonForm):
    """Asks why; says what is open and in use."""

    form_before_template = "admin/workspaces/status.html"

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        """Return what is shown above the field."""
        workspace = Workspace.objects.filter(pk=object_id or 0).first()
        if workspace is None:
            return {}
        account = Account.objects.get(pk=workspace.pk)
        return {
            "workspace": workspace,
            "keys": ApiKey.objects.filter(workspace=workspace, revoked_at=None).count(),
            "streams": account.open_streams,
            "balance": statements.balance(workspace.pk),
        }


class LimitsForm(ReasonForm):
    """Asks for limits, until when, and why; they begin as those that count now, with what is used of them."""

    form_before_template = "admin/workspaces/limits.html"
    field_order = (*upgrades.CAPS, "ends_at", "reason")
    ends_at = forms.DateTimeField(
        label="Until, in UTC",
        input_formats=[_TO_THE_MINUTE, "%Y-%m-%dT%H:%M:%S"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        rows = Workspace.objects.select_related("plan_version__plan")
        self._workspace = rows.filter(pk=object_id or 0).first()
        for name in upgrades.CAPS:
            cap = None if self._workspace is None else getattr(self._workspace.plan_version, name)
            self.fields[name] = forms.IntegerField(
                label=_LABELS[name],
                initial=cap,
                min_value=1,
                max_value=2**31 - 1,
                required=name == "stream_cap",
                widget=UnfoldAdminIntegerFieldWidget(),
            )
        self.order_fields(self.field_order)
        self.fields["ends_at"].initial = f"{clock.now() + _DAY:{_TO_THE_MINUTE}}"

    def clean_ends_at(self) -> datetime:
        """Refuse a moment that is over."""
        ends: datetime = self.cleaned_data["ends_at"]
        if ends <= clock.now():
            raise forms.ValidationError("This moment is over: choose one to come.")
        return ends

    def clean(self) -> dict[str, Any]:
        """Refuse limits that are those it has."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and self._workspace is not None:
            terms = self._workspace.plan_version
            if all(cleaned[name] == getattr(terms, name) for name in upgrades.CAPS):
                self.add_error("minute_cap", "These are the limits that it has: change one.")
        return cleaned

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        """Return what is shown above the fields."""
        if self._workspace is None:
            return {}
        limits = statements.limits(self._workspace.pk)
        meters = (limits.minute, limits.hour, limits.day, limits.streams)
        names = ("This minute", "This hour", "Today", "Streams open")
        return {"terms": self._workspace.plan_version, "rows": list(zip(names, meters, strict=True))}

    def words(self, terms: PlanVersion) -> str:
        """Return the limits of terms: minute, hour, day, streams."""
        caps = (getattr(terms, name) for name in upgrades.CAPS)
        return " / ".join("no cap" if cap is None else f"{cap:,}" for cap in caps)


FREEZE = ActionDialog(
    title="Freeze this workspace?",
    description="Its requests are refused, and the open ones end within two seconds. Nothing is lost: thaw it when it is cleared up.",
    form_class=StatusForm,
    form_submit_text="Freeze",
)
THAW = ActionDialog(
    title="Thaw this workspace?",
    description="Its requests are let in again within two seconds, with the keys that it had.",
    form_class=StatusForm,
    form_submit_text="Thaw",
)
CLOSE = ActionDialog(
    title="Close this workspace?",
    description="Its requests are refused for good, and the open ones end. Its balance stays on the account: refund it before.",
    form_class=StatusForm,
    form_submit_text="Close",
)
RAISE_LIMITS = ActionDialog(
    title="Raise limits for a while",
    description="Its plan's models and prices stay. At the end its own limits count again by themselves.",
    form_class=LimitsForm,
    form_submit_text="Raise",
)
MOVE_MONEY = ActionDialog(
    title="Move money on this account",
    description="In your name, for good: what was wrong is reversed, not deleted. A large one waits for a second person.",
    form_class=MoveForm,
    form_submit_text="Post",
)
