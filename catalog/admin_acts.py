"""What a page of the admin offers to do: actions, their dialogs, and the question why; the theme's own, typed here once."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from unfold.decorators import action as _action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

__all__ = ["Dialog", "ReasonForm", "action", "asked_why"]

LONGEST = 200
F = TypeVar("F", bound=Callable[..., Any])


def action(**offered: Any) -> Callable[[F], F]:
    """Return the theme's decorator of a method that a page offers as a button: description, permissions, dialog."""
    decorated: Callable[[F], F] = _action(**offered)
    return decorated


def asked_why(kept: str) -> forms.CharField:
    """Return the field that asks for a reason in a sentence; `kept` says where the answer can be read."""
    return forms.CharField(
        label="Why", max_length=LONGEST, widget=UnfoldAdminTextInputWidget(), help_text=kept
    )


class Dialog(BaseDialogForm):  # type: ignore[misc]  # unfold has no types
    """The form of a dialog that is asked before something is done."""


class ReasonForm(Dialog):
    """Asks why."""

    reason = asked_why("Kept in the list of changes.")
