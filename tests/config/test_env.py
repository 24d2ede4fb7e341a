"""What stops the start: settings that nobody can mean, each with a sentence that names the variable."""

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from config import env, sense
from tests.house.test_rules import ROOT

GOOD = "0f9c4a7e2b6d8135" * 4
OTHER = "9b1e5d3c7f2a4860" * 4


def refusal(monkeypatch: pytest.MonkeyPatch, read: str, name: str, value: str | None) -> str:
    """Return the sentence that reading a variable ends in."""
    if value is None:
        monkeypatch.delenv(name, raising=False)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as refused:
        getattr(env, read)(name)
    return str(refused.value)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        pytest.param(None, "must be set, to at least 32 random characters", id="missing"),
        pytest.param("", "must be set, to at least 32 random characters", id="empty"),
        pytest.param("0f9c4a7e2b6d8135", "must be set, to at least 32 random characters", id="short"),
        pytest.param("x" * 64, "must be random: it looks like a placeholder", id="one character"),
        pytest.param(f"django-insecure-{GOOD}", "must be random: it looks like a placeholder", id="default"),
    ],
)
@pytest.mark.parametrize("name", ["TOLLWAY_SECRET_KEY", "TOLLWAY_KEY_PEPPER"])
def test_secret_that_is_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, sentence: str
) -> None:
    assert refusal(monkeypatch, "secret", name, value) == f"{name} {sentence}."


def test_one_secret_for_two_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLWAY_SECRET_KEY", GOOD)
    monkeypatch.setenv("TOLLWAY_KEY_PEPPER", GOOD)
    with pytest.raises(ImproperlyConfigured, match=r"TOLLWAY_SECRET_KEY and TOLLWAY_KEY_PEPPER must be two"):
        env.secrets_apart("TOLLWAY_SECRET_KEY", "TOLLWAY_KEY_PEPPER")
    monkeypatch.setenv("TOLLWAY_KEY_PEPPER", OTHER)
    assert env.secrets_apart("TOLLWAY_SECRET_KEY", "TOLLWAY_KEY_PEPPER") == [GOOD, OTHER]


def test_no_engines_and_no_place_for_own_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("TOLLWAY_HOME", "/proc/nowhere")
    assert refusal(monkeypatch, "secret", "TOLLWAY_SECRET_KEY", None).startswith(
        "TOLLWAY_SECRET_KEY and DATABASE_URL must be set: engines of Tollway's own have no place here"
    )


def test_keys_that_seal_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    name, key = "TOLLWAY_CREDENTIAL_KEYS", Fernet.generate_key().decode()
    assert refusal(monkeypatch, "fernet_keys", name, f"{key},{GOOD}") == (
        f"{name} must list Fernet keys (32 bytes, URL-safe base64), and key 2 is none."
    )
    monkeypatch.setenv(name, f"{key}, {key}")
    assert env.fernet_keys(name) == [key.encode()] * 2


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        pytest.param(None, "must name the hosts that are answered, such as tollway.example.com", id="none"),
        pytest.param(
            "*", "must name hosts, not '*': any name would be believed, also in mails", id="everyone"
        ),
        pytest.param(
            "a.example,*.example",
            "must name hosts, not '*.example': any name would be believed, also in mails",
            id="a star",
        ),
        pytest.param(
            "https://a.example",
            "lists names without scheme and port, not 'https://a.example'",
            id="an origin",
        ),
        pytest.param(
            "a.example:443", "lists names without scheme and port, not 'a.example:443'", id="a port"
        ),
    ],
)
def test_hosts_that_are_none(monkeypatch: pytest.MonkeyPatch, value: str | None, sentence: str) -> None:
    assert refusal(monkeypatch, "hosts", "TOLLWAY_HOSTS", value) == f"TOLLWAY_HOSTS {sentence}."


def test_hosts_and_addresses_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLWAY_HOSTS", "a.example, .b.example,[::1],127.0.0.1")
    assert env.hosts("TOLLWAY_HOSTS") == ["a.example", ".b.example", "[::1]", "127.0.0.1"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param({"TOLLWAY_KEY_PEPPER": ""}, "TOLLWAY_KEY_PEPPER must be set", id="no pepper"),
        pytest.param(
            {"STRIPE_SECRET_KEY": "sk_live_0123456789"},
            "STRIPE_WEBHOOK_SECRET must be set where STRIPE_SECRET_KEY is",
            id="payments never credited",
        ),
        pytest.param({"TOLLWAY_HOSTS": "*"}, "TOLLWAY_HOSTS must name hosts", id="every host"),
        pytest.param({"TOLLWAY_DRAIN_SECONDS": "soon"}, "TOLLWAY_DRAIN_SECONDS must be", id="no number"),
        pytest.param({"TOLLWAY_HTTPS": "maybe"}, "TOLLWAY_HTTPS must be yes or no", id="no answer"),
        pytest.param({"DATABASE_URL": "mysql://db/x"}, "DATABASE_URL must begin with", id="another engine"),
        pytest.param({"REDIS_URL": "amqp://mq"}, "REDIS_URL must begin with", id="another broker"),
    ],
)
def test_no_process_starts_on_it(given: dict[str, str], sentence: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **given}
    ended = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert f"django.core.exceptions.ImproperlyConfigured: {sentence}" in ended.stderr


def test_what_works_and_is_hardly_meant_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
    monkeypatch.setenv("TOLLWAY_DRAIN_SECOND", "9")
    monkeypatch.delenv("DATABASE_URL")
    found = {warning.id: warning.msg for warning in sense.settings_make_sense()}
    assert found["config.W001"] == "The embedded database is for trying and developing."
    assert "Mails are printed" in found["config.W002"]
    assert found["config.W003"] == "TOLLWAY_DRAIN_SECOND is set, and nothing reads it."
