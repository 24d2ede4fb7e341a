"""Where a person who signed in sits: their role in a workspace, and the row their usage is written under."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import AsyncConnection

from .provider_keys import OF_WORKSPACE
from .tokens import Access
from .upgrades import CHANGES_IN, IN_FORCE, PLAN

__all__ = ["STANDS", "Seat", "SignedIn", "find"]

# That the sign-in `s` and its person `u` are as they were when it began. The digest is tokens.password_mark's.
STANDS = """u.id = s.person_id AND u.is_active AND s.ended_at IS NULL AND s.expires_at > now()
  AND s.password_mark = left(encode(sha256(convert_to(u.password, 'UTF8')), 'hex'), 16)"""

_FIND = f"""
SELECT w.id, {PLAN}, w.status, m.role, k.id, k.name, {OF_WORKSPACE}, {CHANGES_IN}
FROM accounts_signin s JOIN accounts_user u ON {STANDS}
LEFT JOIN (accounts_member m JOIN accounts_workspace w ON w.id = m.workspace_id) ON m.user_id = u.id
  AND CASE WHEN %(named)s = '' THEN w.id = %(own)s ELSE w.slug = %(named)s OR w.id::text = %(named)s END
LEFT JOIN accounts_apikey k ON k.workspace_id = w.id AND k.person_id = u.id
{IN_FORCE}
WHERE s.id = %(sign_in)s AND s.person_id = %(person)s
ORDER BY w.slug = %(named)s DESC NULLS LAST LIMIT 1""".encode()

_SIT = b"""
INSERT INTO accounts_apikey (workspace_id, name, digest, prefix, last_four, created_by_id, person_id, created_at,
  revoked_at, default_tag)
SELECT %(workspace)s, left(u.email, 88) || ' (signed in)', %(digest)s, '', '', u.id, u.id, now(), now(), ''
FROM accounts_user u WHERE u.id = %(person)s
ON CONFLICT (workspace_id, person_id) WHERE person_id IS NOT NULL DO UPDATE SET name = excluded.name
RETURNING id, name"""


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in a workspace; `api_key_id` and `name` are of the row that their usage is written under.

    `own_keys` are the workspace's own keys by provider, sealed. Another plan may count after `plan_changes_in` seconds.
    """

    workspace_id: int
    plan_version_id: int
    workspace_status: str
    role: str
    api_key_id: int
    name: str
    own_keys: Mapping[str, str] | None = field(default=None, repr=False)
    plan_changes_in: float | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that stands; without a seat the person is no member of the workspace that was meant."""

    seat: Seat | None


async def find(connection: AsyncConnection[Any], said: Access, workspace: str) -> SignedIn | None:
    """Return where a person sits, in the workspace of that slug or number, or in the token's; None if they signed out.

    Their row for usage is made at the first time. Raises psycopg.Error if the database is away.
    """
    asked = {
        "named": workspace,
        "own": said.workspace_id,
        "sign_in": said.sign_in,
        "person": said.person_id,
    }
    row = await (await connection.execute(_FIND, asked)).fetchone()
    if row is None:
        return None
    workspace_id, plan, status, role, key, name, own_keys, changes_in = row
    if workspace_id is None:
        return SignedIn(None)
    if key is None:
        # The digest is of no secret: nothing opens by it.
        made = {"workspace": workspace_id, "person": said.person_id, "digest": os.urandom(32)}
        key, name = await (await connection.execute(_SIT, made)).fetchone() or (0, "")
    return SignedIn(Seat(workspace_id, plan, status, role, key, name, own_keys, changes_in))
