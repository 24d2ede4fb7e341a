"""The list of settings: nothing is read that it lacks, nothing is in it that nobody reads, and no secret is shown."""

import ast
import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from config import env, settings_told
from config.asked import ask, asked
from config.meanings import MEANINGS
from tests.house.test_rules import ROOT, modules

NAMES = [name for group in MEANINGS.values() for name in group]
OF_THE_PRODUCT = ("platform", "accounts", "billing", "catalog", "inference", "manage.py")
# What customers call the key in their own environment.
OF_CUSTOMERS = {"TOLLWAY_API_KEY"}
CANARY = "canary-5f1d2e"


def written(path: Path) -> set[str]:
    """Return the variables that a module names, as whole strings."""
    words = {
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {
        word
        for word in words
        if re.fullmatch(
            r"(?:TOLLWAY|STRIPE)_[A-Z_]+|(?:MIGRATION_)?DATABASE_(?:REPLICA_)?URL|REDIS_URL", word
        )
    }


def named() -> set[str]:
    """Return the variables that the product names outside of their list."""
    sources = [path for path in modules() if path.relative_to(ROOT).parts[0] in OF_THE_PRODUCT]
    return set().union(*(written(path) for path in sources if path.name != "meanings.py")) - OF_CUSTOMERS


def test_every_variable_that_the_product_names_is_listed_and_no_other() -> None:
    assert named() == set(NAMES)


def test_each_has_one_meaning_that_is_a_sentence() -> None:
    meanings = [meaning for group in MEANINGS.values() for meaning in group.values()]
    assert len(set(NAMES)) == len(NAMES)
    assert [meaning for meaning in meanings if not meaning.endswith(".") or "|" in meaning] == []


def test_page_is_what_the_code_says() -> None:
    assert (ROOT / "docs/settings.md").read_text() == settings_told.page(), "run make docs"


def test_variable_without_a_meaning_cannot_be_read() -> None:
    with pytest.raises(LookupError, match="TOLLWAY_NEW is read and config/meanings"):
        env.text("TOLLWAY_NEW")


def test_variable_cannot_be_read_in_two_ways() -> None:
    with pytest.raises(LookupError, match="TOLLWAY_SIGN_UP is read in two ways"):
        ask("TOLLWAY_SIGN_UP", "yes or no", "perhaps")
    assert asked()["TOLLWAY_SIGN_UP"].default == "no"


def told(name: str) -> settings_told.Told:
    return next(each for each in settings_told.listed() if each.name == name)


def test_it_tells_what_comes_from_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLWAY_DRAIN_SECONDS", "45")
    monkeypatch.delenv("TOLLWAY_BODY_SECONDS", raising=False)
    assert (told("TOLLWAY_DRAIN_SECONDS").value, told("TOLLWAY_DRAIN_SECONDS").source) == (
        "45",
        "environment",
    )
    assert (told("TOLLWAY_BODY_SECONDS").value, told("TOLLWAY_BODY_SECONDS").source) == ("30", "default")


def test_secrets_of_the_embedded_engine_are_kept_and_its_defaults_are_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DATABASE_URL", "TOLLWAY_KEY_PEPPER", "TOLLWAY_HTTPS"):
        monkeypatch.delenv(name, raising=False)
    assert (told("TOLLWAY_KEY_PEPPER").source, told("TOLLWAY_KEY_PEPPER").value) == ("kept", "hidden")
    assert told("TOLLWAY_HTTPS").value == "no"
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/tollway")
    assert told("TOLLWAY_HTTPS").value == "yes"


def test_no_secret_is_shown_in_any_form(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:{CANARY}@db:5432/tollway?password={CANARY}")
    monkeypatch.setenv("REDIS_URL", f"rediss://:{CANARY}@cache:6379/0")
    secret = {each.name for each in settings_told.listed() if "secret" in each.kind}
    assert {"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "TOLLWAY_SMTP_PASSWORD"} <= secret
    assert {"TOLLWAY_GITHUB_SECRET", "TOLLWAY_UPSTREAM_API_KEY", "TOLLWAY_METRICS_TOKEN"} <= secret
    assert {told(name).value for name in secret} == {"hidden"}
    assert told("DATABASE_URL").value == "postgresql://db:5432/tollway"
    assert told("REDIS_URL").value == "rediss://cache:6379/0"


def test_command_prints_lines_or_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLWAY_DRAIN_SECOND", "9")
    lines, text = StringIO(), StringIO()
    call_command("settings", stdout=lines)
    call_command("settings", "--json", stdout=text)
    found = json.loads(text.getvalue())
    assert [each["name"] for each in found["settings"]] == NAMES
    assert "TOLLWAY_DRAIN_SECOND" in found["unread"]
    assert "TOLLWAY_DRAIN_SECOND is set, and nothing reads it." in lines.getvalue()
    assert "  TOLLWAY_HTTPS = no  [environment; yes or no]" in lines.getvalue()
