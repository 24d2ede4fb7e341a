"""The routes on the workspace as it stands: what it is, what it has left, how much of its limits is used."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ManagementToken, Member, Workspace
from accounts.powers import Power
from billing import statements

from .document import tells
from .door import Managed, Principal, principal
from .fields import Usd

__all__ = ["Balance", "Limits", "Whole"]


class TokenTold(serializers.Serializer[Any]):
    """The token that asks, and the role of whoever made it."""

    name = serializers.CharField(source="token.name")
    scope = serializers.ChoiceField(ManagementToken.Scope.values, source="token.scope")
    made_by = serializers.CharField(source="user.email")
    role = serializers.ChoiceField(Member.Role.values, source="member.role")
    expires_at = serializers.DateTimeField(source="token.expires_at", allow_null=True)


class WorkspaceTold(serializers.Serializer[Principal]):
    """A workspace; `plan` is the one whose terms count now, until `plan_ends_at` where it is an upgrade."""

    id = serializers.CharField(source="workspace.pk")
    name = serializers.CharField(source="workspace.name")
    slug = serializers.CharField(source="workspace.slug")
    status = serializers.ChoiceField(Workspace.Status.values, source="workspace.status")
    time_zone = serializers.CharField(source="workspace.time_zone")
    plan = serializers.CharField(source="workspace.terms.plan.slug")
    plan_ends_at = serializers.DateTimeField(source="workspace.upgrade.ends_at", allow_null=True)
    created_at = serializers.DateTimeField(source="workspace.created_at")
    token = TokenTold(source="*")


class BalanceTold(serializers.Serializer[statements.Balance]):
    """`available` = `posted` − `unbilled` − `held` − `withheld`, and the overdraft: what a request may still reserve."""

    posted = Usd()
    unbilled = Usd()
    held = Usd()
    withheld = Usd()
    available = Usd()
    open_requests = serializers.IntegerField(min_value=0)


class MeterTold(serializers.Serializer[statements.Meter]):
    """How much of a limit is used; a null cap is not enforced."""

    used = serializers.IntegerField(min_value=0)
    cap = serializers.IntegerField(allow_null=True)
    resets_at = serializers.DateTimeField(allow_null=True)


class LimitsTold(serializers.Serializer[statements.Limits]):
    """The windows of UTC in weighted requests, and the open streams."""

    minute = MeterTold()
    hour = MeterTold()
    day = MeterTold()
    streams = MeterTold()


class Whole(Managed):
    """The workspace."""

    powers = {"get": Power.SEE}

    @tells(WorkspaceTold, name="read_workspace")
    def get(self, request: Request) -> Response:
        """Tell the workspace that the token opens, and as whom it acts there."""
        return Response(WorkspaceTold(principal(request)).data)


class Balance(Managed):
    """Its money."""

    powers = {"get": Power.SEE}

    @tells(BalanceTold, name="read_balance")
    def get(self, request: Request) -> Response:
        """Tell the money of the workspace as of this moment, as the page Home does."""
        return Response(BalanceTold(statements.balance(principal(request).workspace.pk)).data)


class Limits(Managed):
    """Its limits."""

    powers = {"get": Power.SEE}

    @tells(LimitsTold, name="read_limits")
    def get(self, request: Request) -> Response:
        """Tell how much of each window is used, as admission sees it."""
        return Response(LimitsTold(statements.limits(principal(request).workspace.pk)).data)
