"""The question why, as operators are asked it before they do what others will look at later."""

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

__all__ = ["asked_why"]

LONGEST = 160


def asked_why(kept: str) -> forms.CharField:
    """Return the field that asks for a reason in a sentence; `kept` says where the answer can be read."""
    return forms.CharField(
        label="Why", max_length=LONGEST, widget=UnfoldAdminTextInputWidget(), help_text=kept
    )
