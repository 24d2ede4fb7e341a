"""`manage.py up`, `down` and `credentials`: the whole of Tollway, started, called, killed and started again."""

import contextlib
import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines_plugin import SECRETS as ENGINES_SECRETS
from tests.fakes.site import SECRETS, Site, new_site
from tests.kernel.engine_homes import CHECKOUT, eventually, kill, processes_of, temporary_base

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with new_site() as found:
        yield found


@pytest.fixture
def banner(site: Site) -> str:
    """Tollway is up: started by the first who asks, and by the first after a test that ended it."""
    if not is_up(site):
        site.up()
    return (site.base / "run" / "up.log").read_text()


def is_up(site: Site) -> bool:
    with contextlib.suppress(FileNotFoundError, OSError):
        return status(f"http://127.0.0.1:{site.state['port']}/readyz") == 200
    return False


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def paste(text: str) -> dict[str, object]:
    """Send what the curl in a text would send; its answer."""
    command = re.search(r"^curl .*?[^\\]$", text, re.MULTILINE | re.DOTALL)
    assert command is not None
    words = shlex.split(command[0].replace("\\\n", " "))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    request = urllib.request.Request(words[1], words[words.index("-d") + 1].encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        known: dict[str, object] = json.loads(answer.read())
    return known


def is_answered(text: str) -> bool:
    """Whether the call succeeds; a gateway that still misses its database says 503."""
    try:
        return paste(text)["object"] == "chat.completion"
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 503:
            raise
        return False


def test_curl_of_the_banner_is_answered(banner: str) -> None:
    assert paste(banner)["object"] == "chat.completion"


def test_banner_names_pages_that_are_there_and_the_limits_of_the_database(site: Site, banner: str) -> None:
    assert "The embedded database is for trying and developing: never for production." in banner
    for url in re.findall(r"(?:Dashboard|Admin) +(http\S+)", banner):
        assert status(url) == 200


def test_credentials_are_those_of_the_banner(site: Site, banner: str) -> None:
    known = site.credentials
    assert set(known) == {"base_url", "api_key", "model", "operator", "customer"}
    shown = [known["base_url"], known["api_key"], *known["operator"].values(), *known["customer"].values()]
    assert [word for word in shown if word not in banner] == []


def test_secrets_are_for_the_owner_alone(site: Site, banner: str) -> None:
    assert (site.base / "run" / "credentials.json").stat().st_mode & 0o077 == 0


def test_demo_that_is_loaded_again_beside_it_still_finds_the_sandbox(site: Site, banner: str) -> None:
    assert site.manage("demo").returncode == 0
    called = (
        "from catalog.models import Endpoint; print(Endpoint.objects.get(provider__slug='sandbox').base_url)"
    )
    assert site.manage("shell", "-v", "0", "-c", called).stdout == (
        f"http://127.0.0.1:{site.state['sandbox_port']}/v1\n"
    )


def test_second_up_is_refused_by_the_name_of_the_first(site: Site, banner: str) -> None:
    second = site.manage("up", "--port", "0")
    assert second.returncode == 1
    assert f"Tollway is already up (process {site.state['pid']})" in second.stderr
    assert is_up(site)


def test_killed_postgres_is_back_and_the_site_ready_again(site: Site, banner: str) -> None:
    postmaster = int((site.base / "run" / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    kill(postmaster)
    assert eventually(lambda: postmaster not in processes_of(site.base), seconds=5)
    assert eventually(lambda: is_up(site), seconds=60)
    assert eventually(lambda: is_answered(banner), seconds=60)
    assert "postgres: was ended by signal 9; restarting" in (site.base / "run" / "up.log").read_text()


def test_down_leaves_no_process_and_the_next_up_finds_the_data(site: Site, banner: str) -> None:
    before, sandbox = site.processes(), site.state["sandbox_port"]
    assert len(before) > 8
    site.down()
    assert [pid for pid in before if alive(pid)] == []
    again = site.up()
    keys = [re.findall(r"rk_[0-9a-f]+", text)[0] for text in (banner, again)]
    assert keys[0] == keys[1]
    assert site.state["sandbox_port"] == sandbox
    assert paste(again)["object"] == "chat.completion"


def test_nothing_outlives_a_killed_supervisor(site: Site, banner: str) -> None:
    before = site.processes()
    kill(site.state["pid"])
    assert eventually(lambda: not any(alive(pid) for pid in before), seconds=60), before
    assert site.manage("down").stdout == "Tollway is not up.\n"


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_in_the_foreground_stops_everything_with_exit_code_0(
    site: Site, number: signal.Signals
) -> None:
    site.down()
    started = subprocess.Popen(
        [sys.executable, str(CHECKOUT / "manage.py"), "up", "--port", "0"],
        env=site.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert started.stdout is not None
    with started.stdout:
        shown = []
        for line in started.stdout:
            shown.append(line)
            if "never for production" in line:
                started.send_signal(number)
    assert started.wait(60) == 0, shown
    assert shown[-1] == "up      | stopped\n"
    assert not processes_of(site.base)


def test_taken_port_is_named_before_anything_starts() -> None:
    with temporary_base() as base, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = Site(base).manage("up", "--port", str(port))
        assert refused.returncode == 1
        assert refused.stderr.strip() == (
            f"Port {port} on 127.0.0.1 is taken by another program; stop it or choose another with --port."
        )
        assert not (base / "run" / "postgres").exists()


def test_unusable_database_url_is_one_sentence() -> None:
    with temporary_base() as base:
        secrets = {name: value for name, value in ENGINES_SECRETS.items() if name in SECRETS}
        refused = Site(base).manage(
            "up", DATABASE_URL="postgresql://127.0.0.1:1/shop", TOLLWAY_HOSTS="localhost", **secrets
        )
        assert refused.returncode == 1
        assert refused.stderr.startswith(
            "DATABASE_URL names a PostgreSQL at 127.0.0.1:1/shop that cannot be used:"
        )


def test_credentials_before_the_first_up_say_what_to_do() -> None:
    with temporary_base() as base:
        refused = Site(base).manage("credentials", "--json")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == "There are no demo credentials yet; start Tollway with manage.py up.\n"


def test_down_with_nothing_up_is_no_error() -> None:
    with temporary_base() as base:
        found = Site(base).manage("down")
        assert (found.returncode, found.stdout) == (0, "Tollway is not up.\n")
