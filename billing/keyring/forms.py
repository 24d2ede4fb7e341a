"""What a person enters about a key, and how it is refused beside the field."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django import forms

from accounts.models import ApiKey
from billing.budgets import Budget, Period
from kernel import clock, money

from .changes import Allowance, Wish

__all__ = ["GRACES", "KeyForm", "RotateForm", "day_ends", "printable"]

_PERIODS = (
    (Period.MONTH.value, "a month"),
    (Period.WEEK.value, "a week, from Monday"),
    (Period.DAY.value, "a day"),
    (Period.NONE.value, "once, never renewed"),
)
GRACES = (
    (3600, "1 hour"),
    (24 * 3600, "24 hours"),
    (7 * 24 * 3600, "7 days"),
    (0, "not at all: it ends now"),
)
"""Seconds for which the secret before goes on working, as they are offered."""


class KeyForm(forms.Form):
    """What a key is called and what it may do; the last day is one of the workspace's time zone."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        help_text="What uses it, such as backend-prod.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    limit = forms.DecimalField(
        label="Limit in USD",
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(10**9),
        decimal_places=9,
        help_text="Requests beyond it are refused. Empty is no limit.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    period = forms.ChoiceField(label="Renewed", choices=_PERIODS, required=False, help_text="In UTC.")
    last_day = forms.DateField(
        label="Last day",
        required=False,
        help_text="It works until the end of that day. Empty is for ever.",
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}),
    )
    default_tag = forms.CharField(
        label="Tag",
        required=False,
        max_length=64,
        help_text="Stands on every request that names no tag of its own; spend can be grouped by it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    models = forms.MultipleChoiceField(label="Models", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, *given: object, zone: ZoneInfo, models: Sequence[str], key: ApiKey | None = None, **more: object
    ) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]  # as Django's own forms take it
        self._zone, self._key = zone, key
        named = [name for name in (key.allowed_models if key else None) or () if name not in models]
        self.fields["models"].choices = [(name, name) for name in (*models, *named)]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """Refuse what cannot be shown in one line."""
        return printable(self.cleaned_data["name"])

    def clean_default_tag(self) -> str:
        """Refuse what cannot be shown in one line."""
        return printable(self.cleaned_data["default_tag"])

    def clean_last_day(self) -> date | None:
        """Refuse a day that is over, unless it is the one that the key has."""
        day: date | None = self.cleaned_data["last_day"]
        if day is None or (self._key and day == _last_day(self._key, self._zone)):
            return day
        if day_ends(day, self._zone) <= clock.now():
            raise forms.ValidationError("This day is over. Choose today or a later one.")
        return day

    def wish(self) -> Wish:
        """Return what was entered; a last day that was not touched keeps its moment."""
        day, models = self.cleaned_data["last_day"], self.cleaned_data["models"]
        expires = day_ends(day, self._zone) if day is not None else None
        if self._key and day == _last_day(self._key, self._zone):
            expires = self._key.expires_at
        return Wish(
            name=self.cleaned_data["name"],
            expires_at=expires,
            default_tag=self.cleaned_data["default_tag"],
            allowed_models=tuple(models) or None,
            allowance=self._allowance(),
        )

    def _allowance(self) -> Allowance | None:
        limit = self.cleaned_data["limit"]
        if limit is None:
            return None
        return Allowance(money.from_usd(limit), Period(self.cleaned_data["period"] or Period.MONTH))

    @staticmethod
    def of(key: ApiKey, budget: Budget | None, *, zone: ZoneInfo) -> dict[str, object]:
        """Return what the fields hold for a key as it is."""
        day = _last_day(key, zone)
        return {
            "name": key.name,
            "limit": _usd(budget.limit) if budget else None,
            "period": budget.period if budget else Period.MONTH.value,
            "last_day": day.isoformat() if day else None,
            "default_tag": key.default_tag,
            "models": list(key.allowed_models or ()),
        }


class RotateForm(forms.Form):
    """For how long the secret before goes on working."""

    grace = forms.TypedChoiceField(
        label="The old secret goes on working for", choices=GRACES, coerce=int, initial=24 * 3600
    )


def printable(text: str) -> str:
    """Return a text as it is. Raises ValidationError for what cannot be shown in one line."""
    if not text.isprintable():
        raise forms.ValidationError("Only characters that can be seen.")
    return text


def day_ends(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment after a local day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)


def _last_day(key: ApiKey, zone: ZoneInfo) -> date | None:
    """Return the last day on which a key works, be it only in part."""
    if key.expires_at is None:
        return None
    return (key.expires_at - timedelta(microseconds=1)).astimezone(zone).date()


def _usd(nano: int) -> str:
    """Return an amount as a person would type it: at least cents, and no zeros behind them."""
    whole, _, part = money.show(nano).partition(".")
    return f"{whole}.{part[:2]}{part[2:].rstrip('0')}"
