"""What a server process logs: lines of JSON whoever speaks, the request that is served, and no secret however it is held."""

import json
import os
import subprocess
import sys
from typing import Any

from django.conf import settings

from tests.fakes.gateway import ROOT, database_url

CANARY = "canary-7b1e90d2c4"
BEGIN = """
import logging, os, sys, warnings, uuid
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
import structlog
from config import logs
from kernel import served
logs.configure()
log = structlog.get_logger()
"""


def logged(code: str, **environment: str) -> list[dict[str, Any]]:
    """Run code in a process that logs as a server does, and return its lines. Raises ValueError for one that is no JSON."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    given = {**os.environ, "PYTHONPATH": paths, "DATABASE_URL": database_url(), **environment}
    ended = subprocess.run(
        [sys.executable, "-c", BEGIN + code],
        env=given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ended.stderr == ""
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_all_who_speak_write_lines_of_json_with_level_and_time() -> None:
    ours, theirs, warned, broke = logged(
        "log.error('ours', count=3)\n"
        "logging.getLogger('uvicorn.error').error('theirs %s', 5)\n"
        "warnings.warn('take care')\n"
        "logging.getLogger('asyncio').info('not worth a line')\n"
        "try:\n    {}['missing']\nexcept KeyError:\n    logging.getLogger('django.request').exception('it broke')\n"
    )
    assert (ours["event"], ours["count"], ours["level"]) == ("ours", 3, "error")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == ("theirs 5", "uvicorn.error", "error")
    assert "take care" in warned["event"]
    assert "KeyError: 'missing'" in broke["exception"]
    assert all(line["timestamp"].endswith("Z") for line in (ours, theirs, warned, broke))


def test_a_line_names_the_request_that_is_served() -> None:
    before, ours, theirs, other = logged(
        "log.error('before')\n"
        "served.begin(uuid.UUID(int=7))\n"
        "log.error('ours')\n"
        "logging.getLogger('django.request').error('theirs')\n"
        "log.error('of another', request_id='8')\n"
    )
    assert "request_id" not in before
    assert ours["request_id"] == theirs["request_id"] == "00000000-0000-0000-0000-000000000007"
    assert other["request_id"] == "8"


SECRETS_SAID = {
    "key": f"log.error('x', api_key='{CANARY}')",
    "cookie": f"log.error('x', headers_cookie='{CANARY}')",
    "header": f"log.error('x', Authorization=b'{CANARY}')",
    "ours": f"log.error('sent rk_{CANARY}')",
    "inside": f"log.error('x', told=['sk-{CANARY}'])",
    "stripe": f"logging.getLogger('stripe').error('key %s', 'sk_live_{CANARY}')",
    "bearer": f"logging.getLogger('aiohttp').error('Authorization: Bearer {CANARY}')",
    "address": f"log.error('cannot reach postgresql://tollway:{CANARY}@db.example.com/tollway')",
    "raised": f"try:\n    raise ValueError('whsec_{CANARY}')\nexcept ValueError:\n    log.exception('x')",
}


def test_what_has_the_name_or_the_form_of_a_secret_is_taken_out() -> None:
    lines = dict(zip(SECRETS_SAID, map(json.dumps, logged("\n".join(SECRETS_SAID.values()))), strict=True))
    assert {name: line for name, line in lines.items() if CANARY in line or "***" not in line} == {}


def test_secrets_of_this_site_are_taken_out_whatever_their_form() -> None:
    code = (
        "from django.conf import settings\n"
        "log.error('one', said=settings.SECRET_KEY)\n"
        "log.error('two ' + settings.KEY_PEPPER.decode())\n"
        "logging.getLogger('x').error(settings.CREDENTIAL_KEYS[0].decode())\n"
        "log.error('four', said=settings.METRICS_TOKEN)\n"
    )
    lines = logged(code, TOLLWAY_METRICS_TOKEN=f"{CANARY}-of-prometheus")
    assert len(lines) == 4
    for secret in (settings.SECRET_KEY, settings.KEY_PEPPER.decode(), settings.CREDENTIAL_KEYS[0].decode()):
        assert secret not in json.dumps(lines)
    assert CANARY not in json.dumps(lines)


def test_what_is_no_secret_stays() -> None:
    [line] = logged(
        "log.error('task-force of disk-space', max_tokens=17, key_id=4, requests=['Basic', 'sk-1'])"
    )
    assert line["event"] == "task-force of disk-space"
    assert (line["max_tokens"], line["key_id"], line["requests"]) == (17, 4, ["Basic", "sk-1"])
