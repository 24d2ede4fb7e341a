"""What operators fill in about re-pricings: what is charged anew and by what, and that it is meant."""

from datetime import datetime
from typing import Any

from django import forms
from django.db import OperationalError
from django.http import HttpRequest
from django.utils import timezone
from unfold.dataclasses import ActionDialog
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
)

from billing.models import Reprice
from billing.repricing.dry_run import DryRun, measure
from billing.repricing.terms import Refused, Terms
from catalog.admin_acts import Dialog
from catalog.models import Model
from catalog.pricing import PPM

__all__ = ["APPLY", "DISCARD", "ApplyForm", "RepriceForm"]

_FIELDS = {"models": "sold", "begins": "begins_at", "ends": "ends_at"}


def _minute(label: str) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )


class RepriceForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """What is re-priced; to be valid it is measured, and `run` is what came of it."""

    run: DryRun
    sold = forms.ModelMultipleChoiceField(
        Model.objects.order_by("public_id"), label="Models", widget=UnfoldAdminSelectMultipleWidget()
    )
    begins_at = _minute("From, UTC")
    ends_at = _minute("Until, UTC")
    price_version = forms.IntegerField(
        required=False,
        min_value=1,
        label="Price version",
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Its number in the price book. Empty: each request keeps the one it was charged by.",
    )
    multiplier = forms.IntegerField(
        required=False,
        min_value=1,
        label="Multiplier that was wrong",
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Its number in the list of multipliers.",
    )
    factor = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=1000,
        decimal_places=6,
        label="What it should have been",
        widget=UnfoldAdminDecimalFieldWidget(),
    )
    reason = forms.CharField(
        max_length=300,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Customers read it beside the adjustment.",
    )

    class Meta:
        model = Reprice
        fields = ("reason",)

    def clean(self) -> dict[str, Any]:
        """Measure what is asked; refuse what cannot be measured."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            self.run = measure(self._terms(cleaned))
        except Refused as refused:
            self.add_error(_FIELDS.get(refused.field or "", refused.field), str(refused))
        except OperationalError:
            self.add_error("ends_at", "Measuring this takes too long: choose a shorter span.")
        else:
            if "_measure" not in self.data and not self.run.raised and not self.run.lowered:
                self.add_error(None, "This moves no money: every request cost what it should have.")
        return cleaned

    def _terms(self, cleaned: dict[str, Any]) -> Terms:
        factor = cleaned["factor"]
        return Terms(
            models=tuple(sorted(model.pk for model in cleaned["sold"])),
            begins=_utc(cleaned["begins_at"]),
            ends=_utc(cleaned["ends_at"]),
            price_version_id=cleaned["price_version"],
            multiplier_id=cleaned["multiplier"],
            multiplier_ppm=int(factor * PPM) if factor is not None and cleaned["multiplier"] else None,
        )


class ApplyForm(Dialog):
    """That a draft is meant; where some pay more, that is said in so many words."""

    charge_more = forms.BooleanField(required=False, label="Charge customers more")

    def __init__(
        self, request: HttpRequest, object_id: int | str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        if not Reprice.objects.filter(pk=str(object_id), raised__gt=0).exists():
            self.fields["charge_more"].widget = forms.HiddenInput()


class WhyForm(Dialog):
    """Why something is done, for those who look at it later."""

    why = forms.CharField(label="Why", max_length=160, widget=UnfoldAdminTextInputWidget())


APPLY = ActionDialog(
    title="Apply this re-pricing?",
    description="One adjustment is posted for each workspace whose charges differ, today, with the reason. It is "
    "measured again first. What is wrong with it afterwards is reversed in the ledger.",
    form_class=ApplyForm,
    form_submit_text="Apply",
)
DISCARD = ActionDialog(
    title="Discard this draft?",
    description="It stays in the list and cannot be applied any more.",
    form_class=WhyForm,
    form_submit_text="Discard",
)


def _utc(moment: datetime) -> datetime:
    return (
        timezone.make_aware(moment, timezone.get_fixed_timezone(0)) if timezone.is_naive(moment) else moment
    )
