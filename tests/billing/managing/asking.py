"""A workspace with something of every kind in it, and a caller of the management API."""

import json
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.test import Client

from accounts import inviting, keys, management_tokens
from accounts.models import ApiKey, Invitation, ManagementToken, Member, Workspace
from billing.paper import papers, statement
from kernel import clock, ids
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.paper.issuing import charge, issuer
from tests.billing.paper.test_statement import OVER, use

__all__ = ["Place", "ask", "furnished", "furnished_for", "seated", "token_of"]


@dataclass(frozen=True)
class Place:
    """A workspace, its owner, a token of theirs, and a row of each kind that the API names by its id."""

    workspace: Workspace
    owner: Member
    token: ManagementToken
    secret: str
    key: ApiKey
    request: UUID
    invitation: Invitation
    other: Member | None = None
    paper: UUID | None = None
    marks: tuple[str, ...] = field(default=())
    """What gives the workspace away wherever it is shown."""

    def at(self, path: str) -> str:
        """Return the address of a route with the ids of this workspace in it."""
        named: dict[str, object] = {"key_id": self.key.pk, "invitation_id": self.invitation.pk}
        named |= {
            "request_id": self.request,
            "paper_id": self.paper,
            "member_id": self.other and self.other.pk,
        }
        for name, number in named.items():
            path = path.replace(f"<str:{name}>", str(number))
        return path


def furnished(**terms: Any) -> Place:
    """Save a workspace with a key, a request, an invitation, a payment and an owner with a token."""
    workspace = Workspace.objects.get(pk=rows.workspace(**terms))
    owner = seated(workspace)
    token, secret = management_tokens.make(owner, name="script", scope="write", expires_at=None)
    key, _ = keys.mint(workspace, name=f"key of {workspace.slug}", created_by=owner.user)
    model, version = rows.price(input=500, output=500)
    request = rows.settle(
        workspace.pk,
        request_id=ids.request_id(),
        cost=7,
        api_key_id=key.pk,
        model_id=model,
        price_version_id=version,
        recorded_at=clock.now(),
    )
    rows.fund(workspace.pk, 5_000_000_000)
    invitation = inviting.invite(owner, f"guest-{workspace.slug}@example.com", Member.Role.VIEWER)
    marks = (workspace.slug, owner.user.email, key.name, str(request), invitation.email)
    return Place(workspace, owner, token, secret, key, request, invitation, marks=marks)


def furnished_for(route: str) -> Place:
    """Save such a workspace, and a second member and a statement where a route names one."""
    place = furnished()
    if "member_id" in route:
        other = seated(place.workspace, Member.Role.DEVELOPER)
        place = replace(place, other=other, marks=(*place.marks, other.user.email))
    if "paper_id" in route:
        paper = _statement(place.workspace.pk)
        place = replace(place, paper=paper, marks=(*place.marks, str(paper)))
    return place


def _statement(workspace: int) -> UUID:
    issuer()
    use(workspace, OVER.first, 3)
    charge(workspace)
    draft = statement.compose(workspace, OVER)
    assert draft is not None
    return papers.write(draft).id


def seated(workspace: Workspace, role: str = Member.Role.OWNER) -> Member:
    """Save a person of a workspace."""
    return Member.objects.select_related("user", "workspace").get(user=person(workspace, role=role))


def token_of(place: Place, role: str, scope: str = "write") -> str:
    """Return a token of a person with a role, who was more when they made it."""
    member = seated(place.workspace)
    _, secret = management_tokens.make(member, name="theirs", scope=scope, expires_at=None)
    Member.objects.filter(pk=member.pk).update(role=role)
    return secret


def ask(method: str, path: str, secret: str | None, body: Any = None, **headers: str) -> Any:
    """Send a request of a script, without cookies."""
    sent = {"Authorization": f"Bearer {secret}", **headers} if secret is not None else headers
    content = "" if body is None else json.dumps(body)
    return Client().generic(method, path, content, content_type="application/json", headers=sent)
