"""How operators move money by hand: what is asked, and who posts it."""

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from billing.admin_amounts import Amount, told
from billing.admin_filters import WorkspaceFilter
from billing.admin_usage import WORKSPACE, money_column
from billing.models import Move
from billing.moves import desk
from catalog.admin_acts import Dialog, action
from catalog.admin_page import DeepPaginator, ReadOnlyPage, Reference, go_to, moment, named

__all__ = ["MoveForm", "MovePage", "ReverseForm"]

KINDS = tuple(choice for choice in Move.Kind.choices if choice[0] != Move.Kind.CREDIT)


class MoveForm(Amount):
    """Asks what is moved, and until when a grant lasts."""

    kind = forms.ChoiceField(choices=KINDS, widget=UnfoldAdminSelectWidget(choices=KINDS))
    expires_on = forms.DateField(
        label="A grant ends on (UTC day it no longer pays for)",
        required=False,
        widget=UnfoldAdminSingleDateWidget(),
    )
    field_order = ("kind", "usd", "expires_on", "reason", "token")

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot be moved, at the field that says it."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind, usd = cleaned.get("kind"), cleaned.get("usd")
        if usd is None or kind is None:
            return cleaned
        try:
            desk.check(Move.Kind(kind), usd, cleaned.get("expires_on"))
        except desk.NotAllowed as error:
            self.add_error({"amount": "usd"}.get(error.field or "", error.field), str(error))
        return cleaned

    def ask(self, workspace_id: int, *, by: str) -> Move:
        """Ask for the movement. Raises desk.NotAllowed for what cannot be moved."""
        ends: date | None = self.cleaned_data["expires_on"]
        return desk.ask(
            workspace_id=workspace_id,
            kind=Move.Kind(self.cleaned_data["kind"]),
            amount=self.cleaned_data["usd"],
            reason=self.cleaned_data["reason"],
            by=by,
            token=self.cleaned_data["token"],
            expires_on=ends,
        )


class ReverseForm(Dialog):
    """Asks why a movement is reversed."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget())


class DecisionForm(Dialog):
    """Asks why a movement is posted or declined."""

    words = forms.CharField(label="Why", max_length=500, widget=UnfoldAdminTextInputWidget())


@admin.register(Move)
class MovePage(ReadOnlyPage):
    """A movement by hand: who asked for it and why, and who posted or declined it."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE | {
        "transaction_id": Reference("billing.LedgerTransaction")
    }
    list_display = (
        moment("asked_at", "Asked"),
        named("workspace_id", "Workspace"),
        "kind",
        money_column("amount", "Amount"),
        "status",
        "asked_by",
        "decided_by",
        "reason",
    )
    list_filter = (WorkspaceFilter, "status", "kind")
    ordering = ("-asked_at",)
    paginator = DeepPaginator
    actions_detail = ("approve", "decline")
    fieldsets = (
        (None, {"fields": (("status", named("workspace_id", "Workspace")), ("kind", money_column("amount", "Amount")), "reason", ("expires_on", "request_id"))}),
        ("Who", {"fields": (("asked_by", moment("asked_at", "Asked")), ("decided_by", moment("decided_at", "Decided")), "decision", "by_two")}),
        ("Record", {"fields": (named("transaction_id", "Movement"), "id")}),
    )  # fmt: skip

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return what can be decided: only what waits."""
        offered = super().get_actions_detail(request, object_id)
        waits = Move.objects.filter(pk=object_id, status=Move.Status.ASKED).exists()
        return list(offered) if waits else []

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may post to the ledger."""
        return request.user.has_perm("billing.add_ledgertransaction")

    @action(
        description="Post",
        permissions=("decide",),
        url_path="approve",
        dialog=ActionDialog(
            title="Post this movement?",
            description="It is posted at once, in both your names, for good.",
            form_class=DecisionForm,
            form_submit_text="Post",
        ),
    )
    def approve(self, request: HttpRequest, form: DecisionForm, object_id: str) -> HttpResponse:
        """Post what somebody else asked for."""
        move = Move.objects.get(pk=object_id)
        try:
            desk.approve(move, by=str(request.user), words=form.cleaned_data["words"])
        except desk.NotAllowed as error:
            messages.error(request, str(error))
            return go_to(request, reverse("admin:billing_move_change", args=[move.pk]))
        self.log_change(request, move, f"Posted: {form.cleaned_data['words']}")
        return told(request, move)

    @action(
        description="Decline",
        permissions=("decide",),
        url_path="decline",
        dialog=ActionDialog(
            title="Decline this movement?",
            description="Nothing is moved; the request stays as a record.",
            form_class=DecisionForm,
            form_submit_text="Decline",
        ),
    )
    def decline(self, request: HttpRequest, form: DecisionForm, object_id: str) -> HttpResponse:
        """Let it not happen."""
        move = Move.objects.get(pk=object_id)
        try:
            desk.decline(move, by=str(request.user), words=form.cleaned_data["words"])
        except desk.NotAllowed as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, move, f"Declined: {form.cleaned_data['words']}")
            messages.success(request, "Declined.")
        return go_to(request, reverse("admin:billing_move_change", args=[move.pk]))
