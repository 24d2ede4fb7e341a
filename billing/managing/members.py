"""The routes on one member: another role, and taken out of the workspace, as the page Team does."""

from collections.abc import Callable
from typing import TypeVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import members
from accounts.models import Member
from accounts.powers import Power
from accounts.rest_route import Refusal, valid

from .document import MISSING, tells
from .door import Managed, Principal, changes, missing, principal
from .fields import Form, number
from .team import MemberTold

__all__ = ["OneMember"]

_Made = TypeVar("_Made")
_REFUSALS = {**MISSING, 409: "A workspace keeps one owner at least."}


class RoleForm(Form):
    """The role that a member shall have."""

    role = serializers.ChoiceField(Member.Role.values)


class OneMember(Managed):
    """Another member than whoever made the token: nobody decides about their own place."""

    powers = {"patch": Power.TEAM, "delete": Power.TEAM}

    @tells(MemberTold, name="change_role", form=RoleForm, refusals=_REFUSALS)
    @changes
    def patch(self, request: Request, member_id: str) -> Response:
        """Give a member another role; what it does not allow ends with their next request."""
        asks, role = principal(request), valid(RoleForm, request)["role"]
        other = _other(asks, member_id)
        changed = _granted(asks, lambda: members.change_role(asks.member, other.pk, role))
        return Response(MemberTold(changed).data)

    @tells(MemberTold, name="remove_member", refusals=_REFUSALS)
    @changes
    def delete(self, request: Request, member_id: str) -> Response:
        """Take a member out. Their tokens end; keys that they made go on until they are revoked."""
        asks = principal(request)
        other = _other(asks, member_id)
        told = MemberTold(other).data
        _granted(asks, lambda: members.remove(asks.member, other.pk))
        return Response(told)


def _other(asks: Principal, member_id: str) -> Member:
    found = Member.objects.filter(workspace_id=asks.workspace.pk, pk=number(member_id) or 0)
    other = found.exclude(pk=asks.member.pk).select_related("user").first()
    if other is None:
        raise missing("other member")
    return other


def _granted(asks: Principal, deed: Callable[[], _Made]) -> _Made:
    """Return what a deed returns, its refusals told in the words of the API."""
    try:
        return deed()
    except members.LastOwner as error:
        raise Refusal(409, "CONFLICT", "A workspace keeps one owner at least.") from error
    except members.NotAllowed as error:
        words = f"The role {asks.member.role} does not let you decide about owners."
        raise Refusal(403, "AUTHORIZATION_ERROR", words) from error
