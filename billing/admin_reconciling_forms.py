"""What operators are asked for when an upstream's file is read, and when something is decided of its lines."""

from typing import Any

from django import forms
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.models import LineDecision
from billing.reconciling.presets import FIELDS, PRESETS
from billing.reconciling.reading import MOST_BYTES, MOST_LINES
from catalog.admin_acts import Dialog
from catalog.models import Provider

__all__ = ["DecisionForm", "FileForm", "decides"]


class FileForm(forms.Form):
    """Asks for a file, of whom it is, and where its columns are."""

    provider = forms.ModelChoiceField(
        label="Upstream", queryset=Provider.objects.all(), widget=UnfoldAdminSelectWidget()
    )
    preset = forms.ChoiceField(
        label="Kind of file",
        choices=[(key, preset.name) for key, preset in PRESETS.items()],
        widget=UnfoldAdminSelectWidget(),
    )
    file = forms.FileField(
        label="CSV file",
        help_text=f"At most {MOST_BYTES // 2**20} MiB and {MOST_LINES:,} lines; days are UTC.",
        widget=UnfoldAdminFileFieldWidget(),
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        for field, name in FIELDS.items():
            self.fields[f"column_{field}"] = forms.CharField(
                label=f"Column: {name}", required=False, max_length=200, widget=UnfoldAdminTextInputWidget()
            )

    def given(self) -> dict[str, str]:
        """Return the names of columns that were typed."""
        return {field: self.cleaned_data[f"column_{field}"] for field in FIELDS}

    def columns(self) -> list[forms.BoundField]:
        """Return the fields for names of columns."""
        return [self[f"column_{field}"] for field in FIELDS]


class DecisionForm(Dialog):
    """Asks what is decided, and why."""

    verdict = forms.ChoiceField(
        label="Decision", choices=LineDecision.Verdict.choices, widget=UnfoldAdminSelectWidget()
    )
    reason = forms.CharField(
        label="Why",
        max_length=500,
        help_text="It stays with the line, with your name.",
        widget=UnfoldAdminTextInputWidget(),
    )


def decides(title: str, description: str) -> ActionDialog:
    return ActionDialog(
        title=title, description=description, form_class=DecisionForm, form_submit_text="Decide"
    )
