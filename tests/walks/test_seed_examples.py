"""The examples of the documents the product was ordered from, as written there, with base URL and key changed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.clients.runtimes import Node, Unavailable
from tests.fakes.exchange import ask
from tests.fakes.site import new_site
from tests.seeds.documents import NUMBERS, example, facts

# The packages of Node are installed first on a clean machine.
pytestmark = [pytest.mark.timeout(600), pytest.mark.early]
CURL = shutil.which("curl")
HOSTS = (
    *("https://api.routing.run", "https://api.therouter.ai", "https://your-app.insforge.app"),
    "https://inference-api-611798501438.us-central1.run.app",
)
GROUPED = """curl https://your-app.insforge.app/api/ai/models -H "Authorization: Bearer <token>\""""
DETAIL, PRICING = example("000", "curl", "/models/route"), example("000", "curl", "/pricing")
LISTED_WITH_A_KEY = example("000", "curl", "/v1/models \\")
ASKED = example("001", "curl", "/chat/completions")
SETUP = example("001", "python", "import os")
COMMANDS = [command for number in NUMBERS for command in facts(number).curl]
CHAT_MODELS = sorted({*facts("000").models, *facts("001").models} - {"route/minimax-image-1"})
TYPES = {int: (int,), float: (int, float), str: (str,), bool: (bool,), type(None): (str, type(None))}


@pytest.fixture(scope="module")
def known() -> Iterator[dict[str, Any]]:
    """The addresses and credentials of a site that has just been started for the first time."""
    with new_site() as site:
        site.up()
        yield site.credentials


@pytest.fixture
def client(known: dict[str, Any]) -> OpenAI:
    return OpenAI(api_key=known["api_key"], base_url=known["base_url"], max_retries=0, timeout=30)


def changed(known: dict[str, Any], code: str) -> str:
    """Return an example with the address and the key changed, and nothing else."""
    for host in HOSTS:
        code = code.replace(host, known["base_url"].removesuffix("/v1"))
    for key in ("inf_your_api_key_here", "<token>"):
        code = code.replace(key, known["api_key"])
    return code


def run(command: list[str], known: dict[str, Any]) -> str:
    keys = dict.fromkeys(("ROUTING_RUN_API_KEY", "THEROUTER_API_KEY", "ROUTING_API_KEY"), known["api_key"])
    base = {"API_BASE_URL": known["base_url"].removesuffix("/v1")}
    done = subprocess.run(
        command, env={**os.environ, **keys, **base}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def paste(known: dict[str, Any], command: str) -> dict[str, Any]:
    if CURL is None:
        pytest.skip("curl is not installed (Debian: apt-get install curl)")
    answer: dict[str, Any] = json.loads(run(["bash", "-c", changed(known, command)], known))
    return answer


def post(known: dict[str, Any], body: Any) -> dict[str, Any]:
    told = ask("POST", f"{known['base_url']}/chat/completions", body, headers={"X-API-Key": known["api_key"]})
    assert told.status == 200, told.body
    return dict(told.json)


def agree(shown: Any, told: Any, place: str = "") -> None:
    """Hold what is told against what a document shows: every key is there, with a value of its type."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in told, f"{place}.{name}"
            agree(value, told[name], f"{place}.{name}")
    elif isinstance(shown, list):
        for each in told:
            agree(shown[0], each, f"{place}[]")
    else:
        assert isinstance(told, TYPES[type(shown)]), f"{place}: {told!r}"


@pytest.mark.parametrize("command", COMMANDS, ids=range(len(COMMANDS)))
def test_every_command_is_answered(known: dict[str, Any], command: str) -> None:
    assert "error" not in paste(known, command)


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.count("/v1/models") and "route/" not in each], ids=range(3))  # fmt: skip
def test_models_are_listed(known: dict[str, Any], command: str) -> None:
    listed = paste(known, command)
    assert listed["object"] == "list"
    wanted = set(facts("000").fields[:5])
    assert wanted == {"id", "object", "created", "owned_by", "tier"}
    assert all(wanted <= item.keys() for item in listed["data"])


def test_every_published_model_is_listed_to_the_key_that_may_call_it(known: dict[str, Any]) -> None:
    listed = {item["id"] for item in paste(known, LISTED_WITH_A_KEY)["data"]}
    assert {*CHAT_MODELS, "route/minimax-image-1", *facts("003").models} <= listed


def test_a_model_is_told_in_detail(known: dict[str, Any]) -> None:
    model = paste(known, DETAIL)
    assert (model["id"], model["object"], model["allowed"]) == ("route/deepseek-v3.2", "model", True)
    assert set(facts("000").fields[:7]) <= model.keys()
    (sentence,) = facts("000").errors
    assert paste(known, DETAIL.replace("deepseek-v3.2", "none")) == json.loads(sentence)


def test_the_object_of_a_model_has_every_field_that_is_shown(known: dict[str, Any]) -> None:
    (shown,) = facts("003").json
    told = paste(known, example("003", "curl", "/v1/models"))
    (found,) = [each for each in told["data"] if each["id"] == json.loads(shown)["id"]]
    agree(json.loads(shown), found)


def test_a_price_for_a_token_is_that_for_a_million(known: dict[str, Any]) -> None:
    for line in facts("003").units:
        one, million = (Fraction(part.split(" ")[-1].lstrip("$")) for part in _parts(line))
        assert one * 10**6 == million
    listed = {each["id"]: each["pricing"]["prompt"] for each in paste(known, LISTED_WITH_A_KEY)["data"]}
    millions = {row["model"]: row["input_per_million"] for row in paste(known, PRICING)["models"]}
    both = listed.keys() & millions.keys()
    assert both
    assert [name for name in both if Fraction(listed[name]) * 10**6 != Fraction(str(millions[name]))] == []


def _parts(line: str) -> tuple[str, str]:
    """Return a line of units as what ends in the price of one, and what ends in that of a million."""
    one, _, million = line.partition("->")
    return one.partition(" USD")[0], million.partition(" per ")[0].strip()


def test_the_hub_lists_its_models_in_credits_after_its_margin(known: dict[str, Any]) -> None:
    models = {each["id"]: each for each in paste(known, example("004", "curl", "/models"))["models"]}
    assert all(list(each) == facts("004").fields for each in models.values())
    prices = {row["model"]: row for row in paste(known, PRICING)["models"]}
    found, listed = models["route/deepseek-v3.2"], prices["route/deepseek-v3.2"]["your_price"]
    assert found["cost_per_1k_input"] == pytest.approx(float(listed["input_per_million"]) * 1.4)
    assert found["cost_per_1k_output"] == pytest.approx(float(listed["output_per_million"]) * 1.4)


def test_the_grouped_catalogue_has_what_its_document_shows(known: dict[str, Any]) -> None:
    grouped = paste(known, GROUPED)
    assert list(grouped) == ["text", "image"]
    providers = {each["provider"]: each["configured"] for each in grouped["text"]}
    assert {"sandbox": True, "openrouter": False}.items() <= providers.items()
    drawn = [model["id"] for each in grouped["image"] for model in each["models"]]
    assert "route/minimax-image-1" in drawn
    for place in facts("002").fields:
        assert _reached(grouped, place.split(".")), place


def _reached(value: Any, names: list[str]) -> bool:
    """Tell whether a dotted name leads somewhere in every object on its way."""
    for place, name in enumerate(names):
        if isinstance(value, list):
            return bool(value) and all(_reached(each, names[place:]) for each in value)
        if name not in value:
            return False
        value = value[name]
    return True


def test_prices_are_told(known: dict[str, Any]) -> None:
    (shown,) = facts("000").json
    agree(json.loads(shown), paste(known, PRICING))


def test_the_image_model_draws(known: dict[str, Any], client: OpenAI) -> None:
    drawn = client.images.generate(model="route/minimax-image-1", prompt="A toll road.")
    (picture,) = drawn.data or []
    assert picture.url or picture.b64_json


def test_curl_is_answered(known: dict[str, Any]) -> None:
    answer = paste(known, ASKED)
    assert answer["model"] == "route/minimax-m2.7"
    assert answer["choices"][0]["message"]["content"]


def test_an_answer_has_every_field_that_is_shown(known: dict[str, Any]) -> None:
    shown = json.loads(example("001", "json", "chat.completion"))
    told = paste(known, ASKED)
    thought = shown["choices"][0]["message"].pop("reasoning_content")
    agree(shown, told)
    assert told["object"] == shown["object"]
    assert isinstance(told["provider"], str)
    aloud = post(known, {"model": "sandbox/reasoning", "messages": [{"role": "user", "content": "Why?"}]})
    assert isinstance(aloud["choices"][0]["message"]["reasoning_content"], type(thought))


def test_a_small_bound_may_be_spent_on_thinking(known: dict[str, Any]) -> None:
    few = {"model": "sandbox/reasoning", "messages": [{"role": "user", "content": "Why?"}], "max_tokens": 2}
    (choice,) = post(known, few)["choices"]
    assert choice["finish_reason"] == "length"
    assert (choice["message"]["content"] or "", bool(choice["message"]["reasoning_content"])) == ("", True)


@pytest.mark.parametrize("start", ["product announcement", "long document"])
def test_bodies_are_taken_as_they_are_shown(known: dict[str, Any], start: str) -> None:
    body = json.loads(example("001", "json", start))
    answer = post(known, body)
    assert answer["model"] == body["model"]
    assert answer["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("start", "more"),
    [
        ("import os", ""),
        ("stream=True", ""),
        ("tools=tools", "\nsaid = response.choices[0].message\nprint(said.content or said.tool_calls)"),
    ],
)
def test_python_runs(known: dict[str, Any], start: str, more: str) -> None:
    code = example("001", "python", start)
    whole = code if code == SETUP else f"{SETUP}\nprint()\n{code}{more}"
    said = run([sys.executable, "-c", changed(known, whole)], known)
    assert said.strip().splitlines()[-1]


def test_typescript_runs(known: dict[str, Any], tmp_path: Path) -> None:
    (code,) = facts("001").typescript
    try:
        node, _ = Node("openai.mjs").command()
    except Unavailable as reason:
        pytest.skip(str(reason))
    before = "const { API_BASE_URL, ROUTING_API_KEY } = process.env as Record<string, string>\n"
    after = '\nconsole.log(JSON.stringify(await summarizeWithMistral("A long road.")))\n'
    (tmp_path / "summarize.mts").write_text(before + code + after)
    said = run([node, "--experimental-strip-types", str(tmp_path / "summarize.mts")], known)
    assert json.loads(said)["model"] == "route/mistral-medium-2505"


def test_another_host_name_serves_the_same_keys_and_paths(known: dict[str, Any]) -> None:
    other = {**known, "base_url": known["base_url"].replace("127.0.0.1", "localhost")}
    assert other != known
    assert paste(other, ASKED)["model"] == paste(known, ASKED)["model"]


@pytest.mark.parametrize("name", CHAT_MODELS)
def test_every_published_model_answers(client: OpenAI, name: str) -> None:
    response = client.chat.completions.create(
        model=name,
        messages=[
            {"role": "system", "content": "Summarize the user's text into 5 bullet points."},
            {"role": "user", "content": "<long document text here>"},
        ],
        max_tokens=700,
    )
    assert response.model == name
    assert response.choices[0].message.content
