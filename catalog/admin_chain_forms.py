"""What operators fill in about chains: why a version goes live or leaves, and when."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminTextInputWidget

from kernel import clock

from .admin_acts import Dialog, asked_why
from .admin_chain_panel import panel
from .models import Chain

__all__ = ["DRAFT", "PUBLISH", "ROLL_BACK", "SCHEDULE", "UNSCHEDULE"]

_TO_THE_MINUTE = "%Y-%m-%dT%H:%M"


class ReasonForm(Dialog):
    """Why something is done, in a sentence for those who look at it later."""

    note = asked_why("Kept with the version and in the list of changes.")

    def __init__(
        self, request: HttpRequest, object_id: int | str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        # The page has a note of its own, and a label leads to the first that has its id.
        super().__init__(request, object_id, *args, **{"auto_id": "asked_%s", **kwargs})


class GoingLiveForm(ReasonForm):
    """Why a draft goes live, with what that changes and what speaks against it."""

    form_before_template = "admin/chains/panel.html"

    def __init__(
        self, request: HttpRequest, object_id: int | str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        self.fields["note"].initial = (
            Chain.objects.filter(pk=object_id or 0).values_list("note", flat=True).first()
        )

    def get_before_template_context(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> dict[str, Any]:
        """Return what is shown above the fields."""
        chain = Chain.objects.select_related("model").filter(pk=object_id or 0).first()
        return {"in_dialog": True, "panel": panel(chain) if chain is not None else None}


class ScheduleForm(GoingLiveForm):
    """When a draft goes live by itself, and why."""

    at = forms.DateTimeField(
        label="Goes live at, in UTC",
        input_formats=[_TO_THE_MINUTE, "%Y-%m-%dT%H:%M:%S"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )
    field_order = ("at", "note")

    def __init__(
        self, request: HttpRequest, object_id: int | str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        planned = Chain.objects.filter(pk=object_id or 0).values_list("publish_at", flat=True).first()
        moment = planned or (clock.now() + timedelta(hours=1)).replace(minute=0)
        self.fields["at"].initial = f"{moment:{_TO_THE_MINUTE}}"
        self.fields["at"].help_text = f"It is {clock.now():%Y-%m-%d %H:%M} UTC now."

    def clean_at(self) -> datetime:
        """Return the moment. Raises ValidationError for one that is over."""
        moment: datetime = self.cleaned_data["at"]
        if timezone.is_naive(moment):
            raise forms.ValidationError("The moment has no time zone.")
        if moment <= clock.now():
            raise forms.ValidationError("This moment is over: choose one to come.")
        return moment


PUBLISH = ActionDialog(
    title="Publish this version?",
    description="Requests take it from now on. The version that is live now is retired, and can be rolled back to.",
    form_class=GoingLiveForm,
    form_submit_text="Publish",
)
SCHEDULE = ActionDialog(
    title="Schedule this version",
    description="It goes live by itself, within half a minute of its moment. If something speaks against it then, "
    "it stays a draft and says why.",
    form_class=ScheduleForm,
    form_submit_text="Schedule",
)
UNSCHEDULE = ActionDialog(
    title="Unschedule this version?",
    description="It stays a draft until it is published.",
    form_class=ReasonForm,
    form_submit_text="Unschedule",
)
ROLL_BACK = ActionDialog(
    title="Roll back?",
    description="The hops that were live before go live at once, as a new version. Charges keep naming the version they took.",
    form_class=ReasonForm,
    form_submit_text="Roll back",
)
DRAFT = ActionDialog(
    title="Draft a new version?",
    description="The draft begins with these hops. Nothing changes for requests until it is published.",
    form_class=None,
    form_submit_text="Draft",
)
