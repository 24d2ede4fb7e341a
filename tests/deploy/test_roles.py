"""A product that owns nothing: it does its job as a role that can neither change facts nor take their guards away."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import errors

from tests.deploy.engines_over_tcp import PASSWORD, skip_without
from tests.deploy.site import HOST, Deployed, deployed
from tests.deploy.test_external_engines import MODEL, charged
from tests.house.test_rules import ROOT

pytestmark = pytest.mark.timeout(400)

OWNER, PRODUCT, DATABASE = "toll_owner", "tollway_product", "apart"


@dataclass(frozen=True)
class Roles:
    """A site whose product and owner are two roles, and the addresses of both."""

    site: Deployed
    product: str
    owner: str


def address(url: str, user: str, database: str = DATABASE) -> str:
    """Return an address for another role and database of the same server."""
    parts = urlsplit(url)
    place = f"{user}:{PASSWORD}@{parts.hostname}:{parts.port}"
    return urlunsplit(parts._replace(netloc=place, path=f"/{database}"))


@pytest.fixture(scope="module")
def roles() -> Iterator[Roles]:
    """A database of the owner's, migrated by it, in front of which the product runs."""
    skip_without("psql")
    with deployed() as site:
        server = site.engines.database_url
        product, owner = address(server, PRODUCT), address(server, OWNER)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'".encode())
            _made_by_compose(site)
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}".encode())
        site.environment |= {"DATABASE_URL": product, "MIGRATION_DATABASE_URL": owner}
        assert f"rights given to {PRODUCT}" in site.manage("migrate", "--noinput")
        yield Roles(site, product, owner)


def _made_by_compose(site: Deployed) -> None:
    """Have the product's role made by the script that compose runs when it makes the database."""
    server = urlsplit(site.engines.database_url)
    surroundings = {
        "PATH": f"{site.engines.postgres}{os.pathsep}{os.environ['PATH']}",
        **{"PGHOST": str(server.hostname), "PGPORT": str(server.port), "PGPASSWORD": PASSWORD},
        **{"POSTGRES_USER": "tollway", "POSTGRES_DB": "tollway", "PRODUCT_PASSWORD": PASSWORD},
    }
    script = ROOT / "deploy/compose/roles.sh"
    subprocess.run(["sh", str(script)], env=surroundings, check=True, timeout=60)


def test_the_product_does_its_job_as_a_role_that_owns_nothing(roles: Roles) -> None:
    site = roles.site
    site.manage("demo", "--credentials", str(site.base / "credentials.json"))
    made = json.loads(site.manage("create_workspace", "Acme", "--plan", "payg", "--credit", "5", "--json"))
    for part in ("web", "worker", "beat"):
        site.serve(part)
    site.eventually(site.answers)
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "What is a role?"}]}
    status, _, body = site.ask("/v1/chat/completions", body=asked, X_API_Key=made["api_key"], Host=HOST)
    assert status == 200, body
    site.eventually(lambda: charged(roles.product, made["workspace"]) > 0)
    site.manage("audit")


@pytest.mark.parametrize(
    "deed",
    [
        "DELETE FROM billing_ledger_entry",
        "UPDATE billing_ledger_entry SET amount = 0",
        "UPDATE billing_usage_event SET cost = 0",
        "DELETE FROM billing_usage_event_default",
        "TRUNCATE billing_ledger_transaction",
        "DROP TABLE billing_ledger_entry",
        "DROP TRIGGER append_only ON billing_ledger_entry",
        "ALTER TABLE billing_ledger_entry DISABLE TRIGGER ALL",
        "ALTER TABLE billing_ledger_entry ADD COLUMN note text",
        "CREATE TRIGGER mine BEFORE INSERT ON billing_ledger_entry FOR EACH ROW EXECUTE FUNCTION billing_refuse()",
        "CREATE OR REPLACE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TABLE public.mine (id int)",
        "SET session_replication_role = replica",
        f"SET ROLE {OWNER}",
        "DELETE FROM accounts_trail",
        "DELETE FROM django_migrations",
        "ALTER ROLE CURRENT_USER SUPERUSER",
    ],
)
def test_the_product_cannot_change_facts_or_their_guards(roles: Roles, deed: str) -> None:
    with psycopg.connect(roles.product) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(deed.encode())


def test_the_product_makes_partitions_and_drops_no_month_that_is_kept(roles: Roles) -> None:
    with psycopg.connect(roles.product, autocommit=True) as connection:
        connection.execute("SELECT billing_make_event_partitions(3), billing_guard_event_partitions()")
        with pytest.raises(errors.InvalidParameterValue, match="is no past month"):
            connection.execute("SELECT billing_drop_month(date_trunc('month', now())::date)")
        connection.execute("SELECT billing_make_event_partitions_since((now() - interval '40 days')::date)")
        with pytest.raises(errors.RestrictViolation, match="younger than 124 days"):
            connection.execute(
                "SELECT billing_drop_month(date_trunc('month', now() - interval '40 days')::date)"
            )


def test_migrating_again_changes_nothing_of_the_rights(roles: Roles) -> None:
    rights = (
        "SELECT relname, relacl::text FROM pg_class"
        " WHERE relname LIKE 'billing%' AND NOT relispartition ORDER BY 1"
    )
    with psycopg.connect(roles.owner) as connection:
        before = connection.execute(rights).fetchall()
        roles.site.manage("migrate", "--noinput")
        assert connection.execute(rights).fetchall() == before


def test_a_migration_that_does_not_get_its_lock_gives_up(roles: Roles) -> None:
    with psycopg.connect(roles.owner) as busy:
        busy.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(AssertionError, match="a table was locked by others for more than 1 s"):
            roles.site.manage("migrate", "--noinput", "--lock-seconds", "1")
    roles.site.manage("migrate", "--noinput", "--lock-seconds", "1")


def test_an_owner_of_another_database_is_refused(roles: Roles) -> None:
    elsewhere = address(roles.owner, OWNER, "tollway")
    with pytest.raises(AssertionError, match="MIGRATION_DATABASE_URL names the database tollway"):
        roles.site.manage("migrate", "--check", MIGRATION_DATABASE_URL=elsewhere)
