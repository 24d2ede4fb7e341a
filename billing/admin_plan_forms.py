"""What an operator fills in about a workspace's plan: another plan, custom terms, and whether usage may spill."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.http import HttpRequest
from unfold.dataclasses import ActionDialog
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from accounts.models import Workspace
from billing.models import Purse
from billing.replay import replay
from billing.subscriptions import book
from billing.subscriptions.comparing import compare, price
from billing.subscriptions.rule import Course, Step
from catalog import plans
from catalog.admin_acts import Dialog
from catalog.models import PlanVersion, Tier
from kernel import money

__all__ = ["CHANGE_PLAN", "CUSTOM_TERMS", "SET_SPILL", "CustomForm", "PlanForm", "SpillForm", "Usd"]

_GREATEST_USD = 1_000_000


class Usd(forms.CharField):
    """An amount of USD, zero or more, as nano-USD; empty is None where it need not be given."""

    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})

    def clean(self, value: Any) -> Any:
        """Return nano-USD. Raises ValidationError for what is no amount, negative or finer than a nano-dollar."""
        text = super().clean(value)
        if not text:
            return None
        try:
            amount = money.from_usd(text.strip())
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None
        if not 0 <= amount <= _GREATEST_USD * money.NANO_PER_USD:
            raise forms.ValidationError(f"An amount from 0 to {_GREATEST_USD:,} USD.")
        return amount


class ReasonForm(Dialog):
    """Asks why; its token makes two clicks one change."""

    reason = forms.CharField(label="Why", max_length=500, widget=UnfoldAdminTextInputWidget())
    token = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput())

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        rows = Workspace.objects.select_related("plan_version__plan")
        self.workspace = rows.filter(pk=object_id or 0).first()


@dataclass(frozen=True)
class Choice:
    """A plan that can be chosen, and what choosing it comes to."""

    terms: PlanVersion
    price: str
    course: Course
    lost: int
    gained: int
    replayed: replay.Line | None

    @property
    def counts_now(self) -> bool:
        """Whether it would count at once."""
        return self.course.step == Step.AT_ONCE


class PlanForm(ReasonForm):
    """Which plan a workspace goes to, with what each one comes to."""

    form_before_template = "admin/plans/choices.html"
    to = forms.ModelChoiceField(
        label="Plan",
        queryset=PlanVersion.objects.none(),
        empty_label="Choose a plan",
        widget=UnfoldAdminSelectWidget(),
    )
    at_once = forms.BooleanField(
        label="At once, also where the rule waits for the end of the period",
        required=False,
        widget=UnfoldBooleanWidget(),
    )
    field_order = ("to", "at_once", "reason")

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        self.fields["to"].queryset = self._offered()

    def _offered(self) -> Any:
        own = PlanVersion.objects.filter(plan__only_for=self.workspace.pk if self.workspace else 0)
        newest = own.order_by("plan_id", "-version").distinct("plan_id").values("pk")
        everyone = plans.on_offer().values("pk")
        rows = PlanVersion.objects.filter(pk__in=everyone) | PlanVersion.objects.filter(pk__in=newest)
        return rows.select_related("plan").order_by("plan__rank", "pk")

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        """Return what is shown above the fields."""
        if self.workspace is None:
            return {}
        others = [terms for terms in self._offered() if terms.pk != self.workspace.plan_version_id]
        try:
            replayed = replay.each(self.workspace, others)
        except replay.TooMuch:
            replayed = {}
        return {
            "workspace": self.workspace,
            "now": book.now_of(self.workspace),
            "choices": list(self._choices(others, replayed)),
            "too_much": bool(others) and not replayed,
        }

    def _choices(self, others: list[PlanVersion], replayed: Mapping[int, replay.Line]) -> Iterator[Choice]:
        assert self.workspace is not None
        for terms in others:
            models = compare(self.workspace.plan_version, terms)
            course = book.foresee(self.workspace, terms)
            line = replayed.get(terms.pk)
            yield Choice(terms, price(terms), course, models.lost_count, models.gained_count, line)


def _cap(label: str, *, needed: bool = False) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=0, max_value=2**31 - 1, required=needed, widget=UnfoldAdminIntegerFieldWidget()
    )


def _patterns(label: str) -> SimpleArrayField:
    return SimpleArrayField(
        forms.CharField(max_length=128), label=label, required=False, widget=UnfoldAdminTextInputWidget()
    )


class CustomForm(ReasonForm):
    """The terms that one workspace gets; they begin as those it has."""

    price_nano = Usd(label="Price a period, USD")
    credits_nano = Usd(label="Credits a period, USD")
    minute_cap = _cap("Requests a minute; empty means no cap")
    hour_cap = _cap("Requests an hour")
    day_cap = _cap("Requests a day")
    stream_cap = _cap("Streams at once", needed=True)
    default_max_tokens = forms.IntegerField(
        label="Output where no limit is asked, tokens",
        min_value=1,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    tiers = forms.MultipleChoiceField(
        label="Tiers", choices=Tier.choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )
    also_models = _patterns("Models beside the tiers, patterns with commas")
    except_models = _patterns("Models that are kept out")
    field_order = (
        *("price_nano", "credits_nano", "minute_cap", "hour_cap", "day_cap", "stream_cap"),
        *("default_max_tokens", "tiers", "also_models", "except_models", "reason"),
    )

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        if self.workspace is None:
            return
        terms = self.workspace.plan_version
        for name in self.terms_asked:
            value = getattr(terms, name)
            if name in ("price_nano", "credits_nano"):
                value = money.show(value, decimals=2)
            self.fields[name].initial = value

    @property
    def terms_asked(self) -> list[str]:
        """The columns of terms that the form asks for."""
        return [name for name in self.fields if name in plans.COPIED]

    def clean(self) -> dict[str, Any]:
        """Refuse terms that include nothing."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not cleaned["tiers"] and not cleaned["also_models"]:
            self.add_error("tiers", "Choose a tier, or name models.")
        return cleaned

    def terms(self) -> dict[str, Any]:
        """Return the columns as they were asked for."""
        return {name: self.cleaned_data[name] for name in self.terms_asked}


class SpillForm(ReasonForm):
    """Whether usage goes on with the balance once plan credits are spent, and up to how much a month."""

    enabled = forms.BooleanField(
        label="Usage goes on with the balance", required=False, widget=UnfoldBooleanWidget()
    )
    monthly_ceiling = Usd(label="At most, USD a UTC month; empty means all of it", required=False)
    field_order = ("enabled", "monthly_ceiling", "reason")

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        if self.workspace is None:
            return
        purse = Purse.objects.filter(pk=self.workspace.pk).first()
        self.fields["enabled"].initial = purse is None or purse.spill != Purse.Spill.OFF
        offered = self.workspace.plan_version.spill_ceiling_nano
        ceiling = purse.spill_ceiling if purse is not None and purse.spill == Purse.Spill.ON else offered
        if ceiling is not None:
            self.fields["monthly_ceiling"].initial = money.show(ceiling, decimals=2)


CHANGE_PLAN = ActionDialog(
    title="Change plan",
    description="An upgrade counts at once: where the kind of period stays, the difference of the credits comes for the days "
    "that are left of it, rounded down to the cent; else a new period begins with all of them. A downgrade counts from "
    "the end of the period. What is left of credits stays until its own end.",
    form_class=PlanForm,
    form_submit_text="Change plan",
)
CUSTOM_TERMS = ActionDialog(
    title="Custom terms",
    description="A plan of this workspace's own, which begins as the terms it has now and counts at once. Prices stay "
    "as they are: multipliers on its plan are copied.",
    form_class=CustomForm,
    form_submit_text="Give these terms",
)
SET_SPILL = ActionDialog(
    title="Spill to the balance",
    description="While it is off, requests are refused once plan credits are spent, and the balance is left alone.",
    form_class=SpillForm,
    form_submit_text="Save",
)
