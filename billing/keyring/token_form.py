"""What a person enters about a new management token, and how it is refused beside the field."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django import forms

from accounts.models import ManagementToken
from kernel import clock

from .forms import day_ends, printable

__all__ = ["TokenForm"]


class TokenForm(forms.Form):
    """What a token is called, what it may do, until when; the last day is one of the workspace's time zone."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        help_text="What uses it, such as nightly-report.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(label="May", choices=ManagementToken.Scope.choices)
    last_day = forms.DateField(
        label="Last day",
        required=False,
        help_text="It works until the end of that day. Empty is for ever.",
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}),
    )

    def __init__(self, *given: object, zone: ZoneInfo, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]  # as Django's own forms take it
        self._zone = zone

    def clean_name(self) -> str:
        """Refuse what cannot be shown in one line."""
        return printable(self.cleaned_data["name"])

    def clean_last_day(self) -> date | None:
        """Refuse a day that is over."""
        day: date | None = self.cleaned_data["last_day"]
        if day is not None and day_ends(day, self._zone) <= clock.now():
            raise forms.ValidationError("This day is over. Choose today or a later one.")
        return day

    @property
    def expires_at(self) -> datetime | None:
        """The first moment at which it does not work, in UTC."""
        day = self.cleaned_data["last_day"]
        return None if day is None else day_ends(day, self._zone)
