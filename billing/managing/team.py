"""The routes on a workspace's people: who belongs to it, who is invited, inviting somebody, taking that back."""

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import inviting, powers
from accounts.models import Invitation, Member
from accounts.powers import Power
from accounts.rest_route import Refusal, take, valid, wrong
from billing.team.invitations import INVITED_A_MINUTE, mailed

from .document import CONFLICT, MISSING, tells
from .door import Managed, changes, missing, principal
from .fields import Form, OneLine, number

__all__ = ["Invitations", "Members", "OneInvitation"]


class MemberTold(serializers.Serializer[Member]):
    """A person and their role."""

    id = serializers.CharField(source="pk")
    email = serializers.CharField(source="user.email")
    name = serializers.CharField(source="user.name", allow_blank=True)
    role = serializers.ChoiceField(Member.Role.values)
    joined_at = serializers.DateTimeField()


class MembersTold(serializers.Serializer[Any]):
    """All members, those who joined first at the head; there are 100 at most."""

    data = MemberTold(many=True)  # type: ignore[assignment]  # a field: no `data` of the class is left


class InvitationTold(serializers.Serializer[Invitation]):
    """An invitation, without its link: that goes to the address alone."""

    id = serializers.CharField(source="pk")
    email = serializers.CharField()
    role = serializers.ChoiceField(Member.Role.values)
    invited_by = serializers.CharField(source="invited_by.email")
    sent_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class InvitationsTold(serializers.Serializer[Any]):
    """The open invitations, the newest first; there are 100 at most."""

    data = InvitationTold(many=True)  # type: ignore[assignment]  # a field: no `data` of the class is left


class InvitationSent(InvitationTold):
    """An invitation that was just made; `mailed` is false where its mail could not be sent."""

    mailed = serializers.SerializerMethodField()

    def get_mailed(self, instance: Invitation) -> bool:
        """Tell whether its mail went out."""
        return bool(self.context["mailed"])


class InvitationForm(Form):
    """Who is invited, as what."""

    email = OneLine(max_length=254)
    role = serializers.ChoiceField(Member.Role.values)


class Members(Managed):
    """The members."""

    powers = {"get": Power.SEE}

    @tells(MembersTold, name="list_members")
    def get(self, request: Request) -> Response:
        """List who belongs to the workspace."""
        found = Member.objects.filter(workspace_id=principal(request).workspace.pk).select_related("user")
        return Response(MembersTold({"data": found.order_by("joined_at", "pk")[: inviting.MOST]}).data)


class Invitations(Managed):
    """The open invitations."""

    powers = {"get": Power.TEAM, "post": Power.TEAM}

    @tells(InvitationsTold, name="list_invitations")
    def get(self, request: Request) -> Response:
        """List the open invitations, the expired ones too."""
        found = _open(principal(request).workspace.pk).order_by("-sent_at", "-pk")
        return Response(InvitationsTold({"data": found[: inviting.MOST]}).data)

    @tells(InvitationSent, name="invite", form=InvitationForm, status=201, refusals=CONFLICT)
    @changes
    def post(self, request: Request) -> Response:
        """Invite an address: a link goes there, good for 7 days, once."""
        asks, sent = principal(request), valid(InvitationForm, request)
        if not powers.may_give(asks.member.role, sent["role"]):
            words = f"The role {asks.member.role} does not let you invite somebody as {sent['role']}."
            raise Refusal(403, "AUTHORIZATION_ERROR", words)
        take("invite", str(asks.workspace.pk), INVITED_A_MINUTE, "invitations")
        try:
            made = inviting.invite(asks.member, sent["email"], sent["role"])
        except ValidationError as error:
            raise wrong("email", str(error.messages[0])) from error
        except inviting.Refused as error:
            raise Refusal(409, "CONFLICT", str(error)) from error
        context = {"mailed": mailed(request._request, made)}
        return Response(InvitationSent(made, context=context).data, status=201)


class OneInvitation(Managed):
    """One open invitation."""

    powers = {"delete": Power.TEAM}

    @tells(InvitationTold, name="revoke_invitation", refusals={**MISSING, **CONFLICT})
    @changes
    def delete(self, request: Request, invitation_id: str) -> Response:
        """Take an open invitation back: its link leads nowhere from now on."""
        asks = principal(request)
        found = _open(asks.workspace.pk).filter(pk=number(invitation_id)).first()
        if found is None:
            raise missing("open invitation")
        try:
            return Response(InvitationTold(inviting.revoke(asks.member, found.pk)).data)
        except inviting.Refused as error:
            raise Refusal(409, "CONFLICT", str(error)) from error


def _open(workspace_id: int) -> Any:
    found = Invitation.objects.filter(workspace_id=workspace_id, ended_at=None)
    return found.select_related("invited_by")
