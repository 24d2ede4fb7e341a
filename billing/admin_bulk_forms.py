"""What an operator fills in to choose the requests that are given back."""

from datetime import UTC, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.models import Workspace
from billing.bulk.requests import LONGEST, Chosen
from billing.models import UsageEvent
from catalog.admin_acts import Dialog
from catalog.models import Model, Provider
from kernel import clock

__all__ = ["CREDIT_REQUESTS", "RequestsForm"]

_TO_THE_MINUTE = "%Y-%m-%dT%H:%M"
_HOUR = timedelta(hours=1)
_STATUSES = (("", "However they ended"), *UsageEvent.Status.choices)
_HOURS = int(LONGEST.total_seconds() // 3600)


def _moment(label: str, **named: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        input_formats=[_TO_THE_MINUTE, "%Y-%m-%dT%H:%M:%S"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        **named,
    )


class RequestsForm(Dialog):
    """Asks for the requests; what stands in the address is filled in, so that a list of requests can lead here."""

    since = _moment("Admitted from, in UTC")
    until = _moment(f"Until, in UTC; at most {_HOURS} hours later")
    workspace = forms.SlugField(
        label="Workspace, by its slug; empty means all", required=False, widget=UnfoldAdminTextInputWidget()
    )
    model = forms.ModelChoiceField(
        label="Model",
        queryset=Model.objects.none(),
        required=False,
        empty_label="All models",
        widget=UnfoldAdminSelectWidget(),
    )
    provider = forms.ModelChoiceField(
        label="Upstream",
        queryset=Provider.objects.none(),
        required=False,
        empty_label="All upstreams",
        widget=UnfoldAdminSelectWidget(),
    )
    status = forms.ChoiceField(
        label="Ended", choices=_STATUSES, required=False, widget=UnfoldAdminSelectWidget(choices=_STATUSES)
    )
    error_code = forms.CharField(
        label="With the code; empty means any",
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget(),
    )
    slower_than_ms = forms.IntegerField(
        label="Took longer than, ms",
        required=False,
        min_value=0,
        max_value=10**7,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    percent = forms.IntegerField(
        label="Given back of each charge, percent",
        initial=100,
        min_value=1,
        max_value=100,
        widget=UnfoldAdminIntegerFieldWidget(),
    )

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        self.fields["model"].queryset = Model.objects.order_by("public_id")
        self.fields["provider"].queryset = Provider.objects.order_by("name")
        now = clock.now()
        self.initial = {
            "since": f"{now - _HOUR:{_TO_THE_MINUTE}}",
            "until": f"{now:{_TO_THE_MINUTE}}",
            **{name: request.GET[name] for name in self.fields if name in request.GET},
        }

    def clean_workspace(self) -> int | None:
        """Return the workspace's number."""
        slug = self.cleaned_data["workspace"]
        if not slug:
            return None
        found = Workspace.objects.filter(slug=slug).values_list("pk", flat=True).first()
        if found is None:
            raise forms.ValidationError("There is no workspace with this slug.")
        return int(found)

    def clean(self) -> dict[str, Any]:
        """Refuse a span that is empty or too long."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.chosen()
            except ValueError as error:
                self.add_error("until", f"{error}".partition(": ")[2].capitalize() + ".")
        return cleaned

    def chosen(self) -> Chosen:
        """Return what was chosen. Raises ValueError for a span that cannot be."""
        asked = self.cleaned_data
        return Chosen(
            since=asked["since"].astimezone(UTC),
            until=asked["until"].astimezone(UTC),
            workspace_id=asked["workspace"],
            model_id=asked["model"].pk if asked["model"] else None,
            provider_id=asked["provider"].pk if asked["provider"] else None,
            status=asked["status"] or None,
            error_code=asked["error_code"] or None,
            slower_than_ms=asked["slower_than_ms"],
        )


CREDIT_REQUESTS = ActionDialog(
    title="Give requests back",
    description="Choose what went wrong. Next is a page that names the customers and the sum; nothing is moved before.",
    form_class=RequestsForm,
    form_submit_text="Look at them",
)
