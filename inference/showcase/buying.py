"""The shelf as a workspace meets it on its pages: its plan's terms, its factors, its own keys at providers."""

from accounts import provider_keys
from accounts.callers import Caller, Credential
from accounts.models import Workspace
from catalog import at_hand

from ..shelf.visible import Shelf, shelf

__all__ = ["nobodys", "of"]


def of(workspace: Workspace) -> Shelf:
    """Return what a workspace meets now, with the prices that its requests would be charged at this moment."""
    held = at_hand.current()
    # Its own secrets stay where they are: what a call costs depends on their being there.
    own_keys = {key.provider_id: "" for key in provider_keys.listed(workspace)}
    caller = Caller(
        workspace_id=workspace.pk,
        api_key_id=0,
        key_name="",
        plan_version_id=workspace.terms.pk,
        default_tag="",
        allowed_models=None,
        workspace_status=workspace.status,
        credential=Credential(workspace.pk),
        own_keys=own_keys,
    )
    return shelf(held.catalogue, held.register, caller)


def nobodys() -> Shelf:
    """Return what is for sale, as somebody meets it who is not signed in."""
    held = at_hand.current()
    return shelf(held.catalogue, held.register, None)
