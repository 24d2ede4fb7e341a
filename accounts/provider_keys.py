"""A workspace's own keys at providers: entered, listed without their secrets, taken away; opened for its own calls only."""

from collections.abc import Mapping

import structlog
from django.db import transaction
from django.db.models import QuerySet

from catalog import credentials
from catalog.changes import note
from catalog.models import Provider

from .models import ProviderKey, User, Workspace

__all__ = ["OF_WORKSPACE", "listed", "opened", "put", "remove"]

log = structlog.get_logger()

# The sealed keys in use by provider, of the workspace whose row is called w; null where it has none.
OF_WORKSPACE = """(
    SELECT jsonb_object_agg(o.provider_id::text, convert_from(o.sealed, 'UTF8')) FROM accounts_providerkey o
    WHERE o.workspace_id = w.id AND o.active)"""


@transaction.atomic
def put(workspace: Workspace, provider: Provider, secret: str, *, by: User) -> ProviderKey:
    """Keep a workspace's own key at a provider, in the place of the one before; calls take it within two seconds.

    Raises ValidationError for what cannot be a key.
    """
    credentials.check_secret(secret)
    _lock(workspace)
    replaced = _take_away(workspace, provider)
    key = ProviderKey.objects.create(
        workspace=workspace,
        provider=provider,
        sealed=credentials.encrypt(secret),
        hint=credentials.hint(secret),
        created_by=by,
    )
    note(workspace, f"{'Replaced' if replaced else 'Set'} the own key at {key}.", by=by.pk)
    return key


@transaction.atomic
def remove(workspace: Workspace, provider: Provider, *, by: User) -> bool:
    """Take a workspace's own key at a provider away, its secret for good; tell whether there was one."""
    _lock(workspace)
    removed = _take_away(workspace, provider)
    if removed:
        note(workspace, f"Took the own key at {provider} away.", by=by.pk)
    return removed


def listed(workspace: Workspace) -> QuerySet[ProviderKey]:
    """Return the keys in use, by provider; of the secrets only the hints can be shown."""
    return ProviderKey.objects.filter(workspace=workspace, active=True).select_related(
        "provider", "created_by"
    )


def opened(sealed: Mapping[str, str] | None, *, workspace_id: int) -> Mapping[int, str]:
    """Return the secrets by provider of what OF_WORKSPACE found; one that cannot be opened is empty."""
    return {
        int(provider): _opened(token, provider=int(provider), workspace_id=workspace_id)
        for provider, token in (sealed or {}).items()
    }


def _opened(token: str, *, provider: int, workspace_id: int) -> str:
    try:
        return credentials.decrypt(token.encode())
    except credentials.Unreadable as error:
        # Empty and not left out: a call that is meant for the customer's own account must not be charged on ours.
        log.error("own key cannot be opened", provider=provider, workspace=workspace_id, reason=str(error))
        return ""


def _lock(workspace: Workspace) -> None:
    # Two who set a key at once do it one after the other.
    Workspace.objects.select_for_update().get(pk=workspace.pk)


def _take_away(workspace: Workspace, provider: Provider) -> bool:
    found = ProviderKey.objects.filter(workspace=workspace, provider=provider, active=True)
    return found.update(active=False, sealed=b"") > 0
