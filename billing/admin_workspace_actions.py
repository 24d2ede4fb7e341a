"""What an operator does to a workspace from its page: freeze, thaw and close it, raise its limits for a while, move money."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import upgrades, workspaces
from accounts.admin_workspaces import operator
from accounts.models import Workspace
from billing.admin_amounts import told
from billing.admin_moves import MoveForm
from billing.admin_workspace_forms import (
    CLOSE,
    FREEZE,
    MOVE_MONEY,
    RAISE_LIMITS,
    THAW,
    LimitsForm,
    StatusForm,
)
from billing.admin_workspace_viewing import Viewed
from billing.moves import desk
from catalog.admin_acts import action
from catalog.admin_page import go_to

__all__ = ["Acted"]

Status = Workspace.Status
_OFFERED = {
    Status.ACTIVE: {"freeze", "close", "raise-limits"},
    Status.SUSPENDED: {"thaw", "close"},
    Status.CLOSED: {"thaw"},
}
_OF_STATUS = {"freeze", "thaw", "close", "raise-limits"}


class Acted(Viewed):
    """A workspace to which these things can be done."""

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> tuple[str, ...]:
        """Return what does not change in the form: the status changes by a dialog, with a reason."""
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "status") if obj is not None else fixed

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done with it as it is."""
        offered = super().get_actions_detail(request, object_id)
        status = Workspace.objects.filter(pk=object_id).values_list("status", flat=True).first()
        left = _OFFERED.get(Status(status), set()) if status else set()
        return [each for each in offered if each.path not in _OF_STATUS or each.path in left]

    def has_status_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may freeze customers."""
        return request.user.has_perm("accounts.change_workspace")

    def has_money_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may post to the ledger."""
        return request.user.has_perm("billing.add_ledgertransaction")

    @action(description="Freeze", permissions=("status",), url_path="freeze", dialog=FREEZE)
    def freeze(self, request: HttpRequest, form: StatusForm, object_id: int) -> HttpResponse:
        """Refuse its requests and end the open ones."""
        return self._put(request, form, object_id, Status.SUSPENDED)

    @action(description="Thaw", permissions=("status",), url_path="thaw", dialog=THAW)
    def thaw(self, request: HttpRequest, form: StatusForm, object_id: int) -> HttpResponse:
        """Let its requests in again."""
        return self._put(request, form, object_id, Status.ACTIVE)

    @action(description="Close", permissions=("status",), url_path="close", dialog=CLOSE)
    def close(self, request: HttpRequest, form: StatusForm, object_id: int) -> HttpResponse:
        """End it; what it used and paid stays."""
        return self._put(request, form, object_id, Status.CLOSED)

    @action(
        description="Raise limits for a while",
        permissions=("upgrades",),
        url_path="raise-limits",
        dialog=RAISE_LIMITS,
    )
    def raise_limits(self, request: HttpRequest, form: LimitsForm, object_id: int) -> HttpResponse:
        """Give it the limits that the dialog asked for, until their end."""
        workspace = Workspace.objects.select_related("plan_version__plan").get(pk=object_id)
        asked = form.cleaned_data
        before = form.words(workspace.plan_version)
        try:
            made = upgrades.raise_limits(
                workspace, asked, ends_at=asked["ends_at"], reason=asked["reason"], by=operator(request)
            )
        except upgrades.OtherPrices:
            messages.error(request, "Its own terms have other prices than its plan: give it custom terms, or upgrade it for a while.")  # fmt: skip
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            said = (
                f"Limits {before} → {form.words(made.plan_version)} until {made.ends_at:%Y-%m-%d %H:%M} UTC."
            )
            self.log_change(request, workspace, f"{said} {made.reason}")
            messages.success(request, f"{said} Requests have them within two seconds.")
        return self._back(request, object_id)

    @action(description="Move money", permissions=("money",), url_path="move-money", dialog=MOVE_MONEY)
    def move_money(self, request: HttpRequest, form: MoveForm, object_id: int) -> HttpResponse:
        """Ask for the movement; a large one waits for somebody else."""
        workspace = Workspace.objects.get(pk=object_id)
        try:
            move = form.ask(workspace.pk, by=str(request.user))
        except desk.NotAllowed as error:
            messages.error(request, str(error))
            return self._back(request, object_id)
        self.log_change(request, workspace, f"Asked for movement {move.pk}: {move.reason}")
        return told(request, move)

    def _put(self, request: HttpRequest, form: StatusForm, object_id: int, status: Status) -> HttpResponse:
        before = workspaces.put(object_id, status)
        if before is None:
            messages.info(request, f"It is {status.label.lower()} already.")
        else:
            said = f"{before.label} → {status.label.lower()}: {form.cleaned_data['reason']}"
            self.log_change(request, Workspace.objects.get(pk=object_id), said)
            messages.success(request, f"{before.label} → {status.label.lower()}. Requests notice within two seconds.")  # fmt: skip
        return self._back(request, object_id)

    def _back(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))
