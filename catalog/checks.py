"""What of the catalogue contradicts itself: the part of `manage.py check` that looks at what is sold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Notice

from kernel import postgres

from .included import includes

__all__ = ["CONTRADICTIONS", "NEEDED_RATES", "SERVED", "catalogue_agrees", "contradictions"]

# What every request of a kind is charged by.
NEEDED_RATES = {"chat": ("input", "output"), "embedding": ("input",), "image": ("image",)}
# What a dialect has words for; those that are not here have them for every capability.
SERVED = {"anthropic": ("chat",), "gemini": ("chat", "embedding")}

MIGRATIONS = Path(__file__).parent / "migrations"


class Cursor(Protocol):
    """A cursor of Django's or of the driver's."""

    def execute(self, query: Any, params: Any = None, /) -> Any:
        """Run a statement."""

    def fetchall(self) -> Sequence[Any]:
        """Return all rows."""


@dataclass(frozen=True)
class Contradiction:
    """Something that cannot be meant: its id, what is said of a model, what to do, and how such models are found.

    What the statement gives beside the model's id stands in the places that `message` has for it. What no statement can
    tell is asked of `meant`, with all that it gives; then the model is named once, and by its id alone.
    """

    id: str
    message: str
    hint: str
    sql: str
    meant: Callable[..., bool] | None = None


# A model is sold once it is active and has a live chain; `priced` has the standard sell price in force, which is what
# remains when promotions end.
_SOLD = """
WITH sold AS (
    SELECT m.*, c.id AS chain_id FROM catalog_model m
    JOIN catalog_chain c ON c.model_id = m.id AND c.status = 'live' WHERE m.active
), priced AS (
    SELECT DISTINCT ON (v.model_id) v.model_id, v.id AS version_id FROM catalog_priceversion v
    WHERE v.provider_id IS NULL AND v.kind = 'standard' AND v.valid_until IS NULL
      AND v.valid_from <= statement_timestamp() ORDER BY v.model_id, v.valid_from DESC
), named AS (
    SELECT id, public_id, public_id AS name FROM sold UNION SELECT id, public_id, unnest(aliases) FROM sold
)
"""


def _included(
    public_id: str, tier: str, tiers: Sequence[str], also: Sequence[str], without: Sequence[str]
) -> bool:
    return includes(public_id, tier, tiers=tiers, also=also, without=without)


_PAIRS = ", ".join(f"('{kind}', '{rate}')" for kind, rates in NEEDED_RATES.items() for rate in rates)
_NARROW = ", ".join(f"'{dialect}'" for dialect in SERVED)
_SERVED = ", ".join(f"('{dialect}', '{kind}')" for dialect, kinds in SERVED.items() for kind in kinds)
_NEEDED = f"(VALUES {_PAIRS}) AS needed (capability, class)"

CONTRADICTIONS = (
    Contradiction(
        "catalog.E001",
        "is sold without a price in force",
        "Add a price version that is valid by now, or switch the model off.",
        "SELECT public_id FROM sold WHERE id NOT IN (SELECT model_id FROM priced)",
    ),
    Contradiction(
        "catalog.E002",
        "has a live chain without a hop",
        "Publish a chain that leads somewhere, or switch the model off.",
        "SELECT public_id FROM sold WHERE chain_id NOT IN (SELECT chain_id FROM catalog_hop)",
    ),
    Contradiction(
        "catalog.E003",
        "has a price that lacks a rate which every request of its kind needs",
        "Add a price version with input and output for chat, input for embeddings, image for images.",
        f"""SELECT DISTINCT public_id FROM sold JOIN priced ON model_id = id JOIN {_NEEDED} USING (capability)
            WHERE NOT EXISTS (SELECT FROM catalog_rate r WHERE r.price_version_id = version_id
                              AND r.token_class = class AND r.min_prompt_tokens = 0)""",
    ),
    Contradiction(
        "catalog.E004",
        "does not give out what its capability is for",
        "Chat models give text, image models give image: mend the capability or the output modalities.",
        """SELECT public_id FROM sold JOIN (VALUES ('chat', 'text'), ('image', 'image')) AS gives (capability, modality)
           USING (capability) WHERE modality <> ALL (output_modalities)""",
    ),
    Contradiction(
        "catalog.E005",
        "supports tools, and is no chat model",
        "Take the tool parameters out of what it supports, or mend its capability.",
        """SELECT public_id FROM sold WHERE capability <> 'chat'
           AND supported_parameters && ARRAY['tools', 'tool_choice', 'parallel_tool_calls']::varchar[]""",
    ),
    Contradiction(
        "catalog.E006",
        "supports a choice among tools, and no tools",
        "Add tools to what it supports, or take tool_choice and parallel_tool_calls out.",
        """SELECT public_id FROM sold WHERE capability = 'chat' AND 'tools' <> ALL (supported_parameters)
           AND supported_parameters && ARRAY['tool_choice', 'parallel_tool_calls']::varchar[]""",
    ),
    Contradiction(
        "catalog.E007",
        "is a chat model that may write nothing",
        "Set its maximum of output tokens.",
        "SELECT public_id FROM sold WHERE capability = 'chat' AND max_output_tokens = 0",
    ),
    Contradiction(
        "catalog.E008",
        "has a name that another model has too",
        "Take the alias from one of them: requests by that name reach only the other.",
        """SELECT DISTINCT a.public_id FROM named a JOIN named b ON a.name = b.name AND a.id <> b.id""",
    ),
    Contradiction(
        "catalog.E009",
        "has a live chain that asks the same place twice",
        "Publish a chain without the loop: the same endpoint and model there, once.",
        """SELECT DISTINCT public_id FROM sold JOIN catalog_hop h ON h.chain_id = sold.chain_id
           GROUP BY public_id, h.endpoint_id, h.upstream_model HAVING count(*) > 1""",
    ),
    Contradiction(
        "catalog.E010",
        "has a live chain with a hop whose dialect does not have what the model is for",
        "Publish a chain without it, or mend the provider's dialect.",
        f"""SELECT DISTINCT public_id FROM sold JOIN catalog_hop h ON h.chain_id = sold.chain_id
            JOIN catalog_endpoint e ON e.id = h.endpoint_id JOIN catalog_provider p ON p.id = e.provider_id
            WHERE p.dialect IN ({_NARROW}) AND (p.dialect, capability) NOT IN (VALUES {_SERVED})""",
    ),
    Contradiction(
        "catalog.E011",
        "has no hop for a plan that includes it",
        "Publish a chain with a hop for that plan, or take the model out of the plan's terms.",
        """SELECT DISTINCT public_id, tier, t.tiers, t.also_models, t.except_models FROM sold
           JOIN LATERAL (SELECT min(plan_ranks_from) AS lowest FROM catalog_hop h WHERE h.chain_id = sold.chain_id) hops ON true
           JOIN catalog_plan p ON p.rank < lowest
           JOIN LATERAL (SELECT tiers, also_models, except_models FROM catalog_planversion v WHERE v.plan_id = p.id
               ORDER BY version DESC LIMIT 1) t ON true""",
        meant=_included,
    ),
    Contradiction(
        "catalog.E012",
        "has a price {} that lacks a rate for {}, which the standard price beneath it has",
        "A charge names one price version, so a promotion or a time of day carries every class: end it and add a whole one.",
        """SELECT DISTINCT public_id, v.label, r.token_class FROM sold
           JOIN catalog_priceversion v ON v.model_id = sold.id AND v.provider_id IS NULL AND v.kind <> 'standard'
             AND coalesce(v.valid_until, 'infinity') > greatest(v.valid_from, statement_timestamp())
           JOIN LATERAL (SELECT id FROM catalog_priceversion b WHERE b.model_id = v.model_id AND b.provider_id IS NULL
               AND b.kind = 'standard' AND b.valid_until IS NULL AND b.valid_from <= v.valid_from
               ORDER BY b.valid_from DESC LIMIT 1) beneath ON true
           JOIN catalog_rate r ON r.price_version_id = beneath.id
           WHERE NOT EXISTS (SELECT FROM catalog_rate o WHERE o.price_version_id = v.id AND o.token_class = r.token_class)""",
    ),
)


def catalogue_agrees(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Return an error for every model that is sold and contradicts itself; nothing before the catalogue is migrated."""
    # On a connection of its own: Django's would leave a pool behind, which workers must not inherit by a fork.
    try:
        with psycopg.connect(postgres.conninfo()) as connection, connection.cursor() as cursor:
            return contradictions(cursor)
    except psycopg.OperationalError:
        return [
            Notice(
                "The catalogue was not checked, because the database cannot be reached.",
                hint="Check DATABASE_URL, and that PostgreSQL runs.",
                id="catalog.W001",
            )
        ]


def contradictions(cursor: Cursor) -> list[CheckMessage]:
    """Return the contradictions that a database holds, none where its catalogue is older than this code.

    `migrate` checks before it migrates: an upgrade that adds a column must not be refused for want of that column.
    """
    return [error for each in CONTRADICTIONS for error in _found(cursor, each)] if _migrated(cursor) else []


def _migrated(cursor: Cursor) -> bool:
    cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
    ((any_yet,),) = cursor.fetchall()
    if not any_yet:
        return False
    wanted = [file.stem for file in MIGRATIONS.glob("[0-9]*.py")]
    cursor.execute(
        "SELECT count(*) FROM django_migrations WHERE app = 'catalog' AND name = ANY (%s)", [wanted]
    )
    ((applied,),) = cursor.fetchall()
    return int(applied) == len(wanted)


def _found(cursor: Cursor, each: Contradiction) -> list[CheckMessage]:
    cursor.execute(f"{_SOLD} {each.sql} ORDER BY public_id")
    rows = cursor.fetchall()
    if each.meant is not None:
        rows = [(public_id,) for public_id in dict.fromkeys(row[0] for row in rows if each.meant(*row))]
    return [
        Error(f"{public_id} {each.message.format(*details)}.", hint=each.hint, id=each.id)
        for public_id, *details in rows
    ]
