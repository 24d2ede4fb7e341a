"""What operators fill in about prices: a new version with its rates, held against the one it replaces, and its end."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.models import BaseInlineFormSet
from unfold.dataclasses import ActionDialog
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminTextInputWidget,
)

from kernel import clock

from . import price_book, price_rules
from .admin_acts import Dialog, asked_why
from .models import PriceKind, PriceVersion, Rate
from .pricing import RateCard
from .quote import PER_UNIT, decimal_text
from .timetable import EVERY_DAY, MINUTES_PER_DAY, WEEKDAYS, Timetable, Version, Window

__all__ = ["END", "RateForm", "RatesFormSet", "VersionForm", "usd"]

_MILLION = 10**6
MOST_PER_MILLION, MOST_PER_UNIT = 100_000, 1_000
LEAST_PER_MILLION = Decimal("0.001")


def usd(token_class: str, micro: int) -> str:
    """Return a rate (micro-USD per million) as exact USD per million tokens, or per unit where units are sold."""
    return decimal_text(micro, decimals=12 if token_class in PER_UNIT else 6)


class MinuteField(forms.CharField):
    """A time of the UTC day such as 22:00, as its minute; 24:00 is the end of the day."""

    widget = UnfoldAdminTextInputWidget(attrs={"placeholder": "22:00"})

    def to_python(self, value: Any) -> Any:
        """Return the minute, or None where nothing was typed."""
        text = super().to_python(value)
        if not text:
            return None
        hours, _, minutes = text.partition(":")
        if hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 and int(minutes) < 60:
            minute = int(hours) * 60 + int(minutes)
            if minute <= MINUTES_PER_DAY:
                return minute
        raise forms.ValidationError("Write a time of the UTC day such as 22:00.")


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A new price version, when it holds, and what is confirmed of it."""

    daily_from = MinuteField(required=False, label="Daily from, UTC")
    daily_until = MinuteField(
        required=False, label="Daily until, UTC", help_text="Before its beginning: it runs past midnight."
    )
    days = forms.TypedMultipleChoiceField(
        choices=[(day, name.title()) for day, name in enumerate(WEEKDAYS)],
        coerce=int,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        label="Weekdays on which it begins",
        help_text="None means every day.",
    )
    confirm = forms.CharField(
        required=False,
        label="Confirm a jump",
        widget=UnfoldAdminTextInputWidget(),
        help_text=f"Only where a rate becomes more than {price_rules.JUMP} times dearer or cheaper: type the model's id.",
    )

    class Meta:
        model = PriceVersion
        fields = (
            *("model", "provider", "kind", "label", "valid_from", "valid_until"),
            *("daily_from", "daily_until", "below_cost", "reason", "source"),
        )

    def clean(self) -> dict[str, Any]:
        """Refuse what contradicts itself, and give a time of day its weekdays."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        if kind == PriceKind.TIME_OF_DAY:
            self._clean_window(cleaned)
        elif kind is not None:
            for name in ("daily_from", "daily_until", "days"):
                if cleaned.get(name) not in (None, []):
                    self.add_error(name, "Only a time of day has this.")
        if kind == PriceKind.PROMOTION and not cleaned.get("valid_until"):
            self.add_error("valid_until", "A promotion ends: say when.")
        if kind == PriceKind.STANDARD and cleaned.get("valid_until"):
            self.add_error("valid_until", "A standard price holds until another follows it.")
        if kind not in (None, PriceKind.STANDARD) and not cleaned.get("label"):
            self.add_error("label", "Customers read this beside the price: name it.")
        if cleaned.get("below_cost") and not cleaned.get("reason"):
            self.add_error("reason", "Say why it is sold below cost.")
        return cleaned

    def _clean_window(self, cleaned: dict[str, Any]) -> None:
        begins, ends = cleaned.get("daily_from"), cleaned.get("daily_until")
        for name, minute in (("daily_from", begins), ("daily_until", ends)):
            if minute is None and name not in self.errors:
                self.add_error(name, "A time of day has this.")
        if begins == MINUTES_PER_DAY:
            self.add_error("daily_from", "24:00 is the end of a day: write 00:00.")
        elif begins is not None and ends is not None and (begins == ends or ends == 0):
            self.add_error("daily_until", "Write another time than its beginning; midnight is 24:00 here.")
        self.instance.weekdays = sum(1 << day for day in cleaned.get("days", ())) or EVERY_DAY


class RateForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rate as people write it: USD per million tokens, or per unit."""

    price = forms.DecimalField(
        min_value=0,
        max_digits=20,
        decimal_places=12,
        label="USD per million tokens, or per request, image or search",
        widget=UnfoldAdminDecimalFieldWidget(),
    )

    class Meta:
        model = Rate
        fields = ("token_class", "min_prompt_tokens")

    def clean(self) -> dict[str, Any]:
        """Turn the price into an exact integer rate; refuse what is finer, and what no price is."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        price, token_class = cleaned.get("price"), cleaned.get("token_class")
        if price is None or token_class is None:
            return cleaned
        by_unit = token_class in PER_UNIT
        micro = price * _MILLION * (_MILLION if by_unit else 1)
        if micro != micro.to_integral_value():
            self.add_error("price", "This is finer than a micro-dollar per million.")
        elif price > (MOST_PER_UNIT if by_unit else MOST_PER_MILLION):
            self.add_error("price", "This is more than any price can be.")
        elif not by_unit and 0 < price < LEAST_PER_MILLION:
            self.add_error("price", "This looks like the price of one token: write it per million tokens.")
        else:
            self.instance.micro_usd_per_million = int(micro)
        return cleaned


class RatesFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The rates of a new version, held together against the price they replace and against what they cost us."""

    def clean(self) -> None:
        """Refuse a version that lacks classes, that jumps unconfirmed, or that is sold below cost unsaid."""
        super().clean()
        version: PriceVersion = self.instance
        if any(self.errors) or version.pk is not None or version.valid_from is None or not version.model_id:
            return
        known = price_book.prices_of([version.model_id]).get(version.model_id, {})
        new = _version(version, self._card())
        said = [*self._against(new, known.get(version.provider_id, Timetable())), *self._lost(new, known)]
        if said:
            raise forms.ValidationError(said)

    def _card(self) -> RateCard:
        rates: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for form in self.forms:
            if "token_class" in form.cleaned_data:
                above = form.cleaned_data["min_prompt_tokens"]
                rates[form.cleaned_data["token_class"]].append((above, form.instance.micro_usd_per_million))
        return RateCard(0, {name: tuple(sorted(steps)) for name, steps in rates.items()})

    def _against(self, new: Version, known: Timetable) -> Iterator[str]:
        standing = price_rules.beneath(known, new)
        if standing is None:
            if new.kind != PriceKind.STANDARD:
                yield "There is no standard price beneath it when it begins: add that first."
            return
        missing = () if new.kind == PriceKind.STANDARD else price_rules.lacking(new.card, standing.card)
        if missing:
            yield f"It lacks {', '.join(missing)}, which the standard price has: a charge takes one version whole."
        moved = price_rules.jumps(new.card, standing.card)
        model = self.instance.model
        if moved and self.data.get("confirm", "").strip() != model.public_id:
            told = "; ".join(
                f"{jump.token_class} {usd(jump.token_class, jump.old)} → {usd(jump.token_class, jump.new)} USD, {jump.times}"
                for jump in moved
            )
            yield f"{told}. If it is meant, type {model.public_id} into “Confirm a jump”."

    def _lost(self, new: Version, known: Any) -> Iterator[str]:
        version = self.instance
        if version.provider_id is not None or new.kind == PriceKind.STANDARD or version.below_cost:
            return
        lost = [f"{name} at {slug}" for slug, name in price_book.losses_of(new, version.model, known)]
        if lost:
            yield f"It sells {', '.join(lost)} below cost. If it is meant, tick “Below cost” and say why."


class EndForm(Dialog):
    """Why a promotion or a time of day ends early, or an announced price is taken back."""

    why = asked_why("Kept in the list of changes.")


END = ActionDialog(
    title="End this price?",
    description="One that has begun ends with the running minute; one that is announced is taken back. "
    "What was charged stays as it is.",
    form_class=EndForm,
    form_submit_text="End it",
)


def _version(row: PriceVersion, card: RateCard) -> Version:
    windowed = row.daily_from is not None and row.daily_until is not None and row.weekdays is not None
    return Version(
        card=card,
        valid_from=row.valid_from or clock.now(),
        valid_until=row.valid_until,
        kind=row.kind,
        window=Window(row.daily_from or 0, row.daily_until or 0, row.weekdays or 0) if windowed else None,
        label=row.label,
    )
