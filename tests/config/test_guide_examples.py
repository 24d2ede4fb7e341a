"""Every example of the pages for developers does what it says, pasted as it stands into a site of its own."""

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from config.guide.rendering import ORIGIN
from tests.clients.runtimes import Node, Python, Unavailable
from tests.config.examples import Example, examples
from tests.config.interpreter import Interpreter, interpreter
from tests.fakes.exchange import ask
from tests.fakes.site import new_site

# On a clean machine some clients are installed first.
pytestmark = pytest.mark.timeout(600)

LOCKED = {"langchain_openai": "langchain-openai", "litellm": "litellm"}
STRIPPED = ("--experimental-strip-types", "--no-warnings")
CHECKED = (
    "--strict",
    "--noEmit",
    "--skipLibCheck",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--types",
    "node",
)
# So that an answer that is an error is a failure of the command.
STRICT = 'curl() { command curl -sS --fail-with-body "$@"; }\n'


def of(language: str) -> list[Example]:
    return [example for example in examples() if example.language == language]


CALLS = [example for example in of("bash") if "curl " in example.code]


@pytest.fixture(scope="module")
def site() -> Iterator[dict[str, Any]]:
    """The addresses and credentials of a site that has just been started for the first time."""
    with new_site() as started:
        started.up()
        yield started.credentials


@pytest.fixture(scope="module")
def python() -> Iterator[Interpreter]:
    """What the SDKs of the project's own environment are imported into: seconds of processor, which is once enough."""
    with interpreter() as started:
        yield started


def surroundings(site: dict[str, Any]) -> dict[str, str]:
    person = site["customer"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {
        **kept,
        "TOLLWAY_API_KEY": site["api_key"],
        "TOLLWAY_EMAIL": person["email"],
        "TOLLWAY_PASSWORD": person["password"],
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it looks for prices on the network
    }


def run(command: list[str], site: dict[str, Any], **environment: str) -> str:
    done = subprocess.run(
        command,
        env={**surroundings(site), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def origin(site: dict[str, Any]) -> str:
    return str(site["base_url"]).removesuffix("/v1")


def found(runtime: Python | Node) -> list[str]:
    try:
        return runtime.command()
    except Unavailable as reason:
        pytest.skip(str(reason))


@contextmanager
def beside_its_clients(shown: list[Example], at: str) -> Iterator[tuple[str, list[Path]]]:
    """Write programs where Node finds the packages they import; give Node itself and the files."""
    node, driver = found(Node("openai.mjs"))
    files = [Path(driver).with_name(f".{each}-{os.getpid()}.mts") for each in shown]
    try:
        for file, each in zip(files, shown, strict=True):
            file.write_text(each.at(at))
        yield node, files
    finally:
        for file in files:
            file.unlink(missing_ok=True)


@pytest.mark.parametrize("example", of("python"), ids=str)
def test_python_runs(site: dict[str, Any], python: Interpreter, example: Example) -> None:
    code = example.at(origin(site))
    lock = next((lock for module, lock in LOCKED.items() if module in code), "")
    own = [found(Python("none", lock=lock))[0], "-c", code] if lock else []
    assert (run(own, site) if lock else python.run(code, surroundings(site))).strip()


@pytest.mark.parametrize("example", CALLS, ids=str)
def test_curl_is_answered(site: dict[str, Any], example: Example) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed (Debian: apt-get install curl)")
    assert run(["bash", "-ec", STRICT + example.at(origin(site))], site)


def test_the_request_on_the_first_page_is_answered(site: dict[str, Any]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed (Debian: apt-get install curl)")
    page = ask("GET", f"{origin(site)}/").body.decode()
    shown = page.partition('id="try"')[2].partition(">")[2].partition("</pre>")[0]
    command = html.unescape(re.sub("<[^>]+>", "", shown))
    assert command.startswith(f"curl {origin(site)}/v1/")
    assert json.loads(run(["bash", "-ec", STRICT + command], site))["choices"]


@pytest.mark.parametrize("example", of("typescript"), ids=str)
def test_typescript_runs(site: dict[str, Any], example: Example) -> None:
    with beside_its_clients([example], origin(site)) as (node, (file,)):
        assert run([node, *STRIPPED, str(file)], site).strip()


def test_typescript_is_strict() -> None:
    with beside_its_clients(of("typescript"), ORIGIN) as (node, files):
        compiler = Path("node_modules", "typescript", "bin", "tsc")
        command = [node, str(compiler), *CHECKED, *(file.name for file in files)]
        at = files[0].parent
        done = subprocess.run(command, cwd=at, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_llm_answers_with_the_model_that_the_page_declares(site: dict[str, Any], tmp_path: Path) -> None:
    (declared,) = (example for example in of("yaml") if example.slug == "sdks")
    (tmp_path / declared.name).write_text(declared.at(origin(site)))
    (tmp_path / "keys.json").write_text(json.dumps({"tollway": site["api_key"]}))
    python = found(Python("none", lock="llm"))[0]
    asked = [python, "-m", "llm", "-m", "tollway", "Say hello."]
    assert run(asked, site, LLM_USER_PATH=str(tmp_path)).strip()


def test_a_key_is_made_as_the_page_says(site: dict[str, Any]) -> None:
    (wanted,) = (example for example in of("json") if example.slug == "authentication")
    login = {name: site["customer"][name] for name in ("email", "password")}
    as_json = {"Content-Type": "application/json"}
    token = ask("POST", f"{origin(site)}/auth/login", login, headers=as_json).json["access_token"]
    made = ask(
        "POST",
        f"{origin(site)}/v1/user/key",
        json.loads(wanted.code),
        headers={**as_json, "Authorization": f"Bearer {token}"},
    )
    assert made.json["key"].startswith("rk_")
    assert made.json["name"] == json.loads(wanted.code)["name"]
