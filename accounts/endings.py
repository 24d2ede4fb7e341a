"""Which credentials have ended: asked about those that still have something open."""

from collections.abc import Sequence
from typing import Any

from .callers import Credential
from .persons import STANDS

__all__ = ["ENDED", "parameters"]

# Gives (kind, place in the list) of what no longer opens anything; a suspended workspace ends all of its own.
ENDED = f"""
SELECT 'key', c.place, 0 FROM unnest(%s::bytea[]) WITH ORDINALITY c (digest, place)
WHERE NOT EXISTS (
  SELECT FROM accounts_apikey k JOIN accounts_workspace w ON w.id = k.workspace_id AND w.status = 'active'
  LEFT JOIN accounts_user u ON u.id = k.created_by_id
  WHERE (k.digest = c.digest OR (k.retired_digest = c.digest AND k.retired_until > now()))
    AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND u.is_active IS NOT FALSE)
UNION ALL
SELECT 'person', c.place, 0 FROM unnest(%s::uuid[], %s::bigint[]) WITH ORDINALITY c (sign_in, workspace, place)
WHERE NOT EXISTS (
  SELECT FROM accounts_signin s JOIN accounts_user u ON {STANDS}
  JOIN accounts_member m ON m.user_id = u.id AND m.workspace_id = c.workspace
  JOIN accounts_workspace w ON w.id = m.workspace_id AND w.status = 'active'
  WHERE s.id = c.sign_in)"""


def parameters(keys: Sequence[Credential], persons: Sequence[Credential]) -> list[Any]:
    """Return the parameters of ENDED; places count from 1 in `keys`, and in `persons`."""
    return [
        [credential.digest for credential in keys],
        [credential.sign_in for credential in persons],
        [credential.workspace_id for credential in persons],
    ]
