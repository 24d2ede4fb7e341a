"""The examples of the documents the product was ordered from, as written there, with base URL and key changed."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests.fakes.site import new_site

pytestmark = pytest.mark.timeout(300)
CURL = shutil.which("curl")

LISTED = """curl -sS https://api.routing.run/v1/models"""
LISTED_WITH_A_KEY = """curl -sS https://api.routing.run/v1/models \\
  -H "X-API-Key: ${ROUTING_RUN_API_KEY}\""""
LISTED_WITH_A_BEARER = """curl https://api.therouter.ai/v1/models \\
  -H "Authorization: Bearer $THEROUTER_API_KEY\""""
ASKED = """curl -sS -X POST https://api.routing.run/v1/chat/completions \\
  -H "X-API-Key: ${ROUTING_RUN_API_KEY}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "model": "route/minimax-m2.7",
    "messages": [
      {"role": "user", "content": "Hello"}
    ]
  }'"""
HUB = "https://inference-api-611798501438.us-central1.run.app"
HUB_LISTED = """curl -X GET https://inference-api-611798501438.us-central1.run.app/models \\
  -H "X-Api-Key: inf_your_api_key_here\""""
GROUPED = """curl https://your-app.insforge.app/api/ai/models -H "Authorization: Bearer <token>\""""
DETAIL = """curl -sS "https://api.routing.run/v1/models/route/deepseek-v3.2" \\
  -H "X-API-Key: ${ROUTING_RUN_API_KEY}\""""
PRICING = """curl -sS https://api.routing.run/v1/pricing \\
  -H "X-API-Key: ${ROUTING_RUN_API_KEY}\""""
CHAT_MODELS = (
    *("deepseek-r1", "deepseek-v3.2", "deepseek-v3.2-speciale", "glm-4.7", "glm-4.7-flash", "glm-5"),
    *("glm-5-highspeed", "glm-5.1", "glm-5.1-precision", "kimi-k2.5", "kimi-k2.5-highspeed", "kimi-k2.6"),
    *("minimax-m2.5", "minimax-m2.7", "minimax-m2.7-highspeed", "qwen3.5-9b", "qwen3.5-397b-a17b"),
    *("qwen3.5-plus", "qwen3.6-plus", "qwen3.6-plus-preview", "deepseek-v4-pro", "mistral-large-3"),
    *("mistral-medium-2505", "mistral-small-2503"),
)


@pytest.fixture(scope="module")
def known() -> Iterator[dict[str, Any]]:
    """The addresses and credentials of a site that has just been started for the first time."""
    with new_site() as site:
        site.up()
        yield site.credentials


@pytest.fixture
def client(known: dict[str, Any]) -> OpenAI:
    return OpenAI(api_key=known["api_key"], base_url=known["base_url"], max_retries=0, timeout=30)


def paste(known: dict[str, Any], command: str) -> dict[str, Any]:
    if CURL is None:
        pytest.skip("curl is not installed (Debian: apt-get install curl)")
    for host in ("https://api.routing.run/v1", "https://api.therouter.ai/v1"):
        command = command.replace(host, known["base_url"])
    for host in (HUB, "https://your-app.insforge.app"):
        command = command.replace(host, known["base_url"].removesuffix("/v1"))
    for key in ("inf_your_api_key_here", "<token>"):
        command = command.replace(key, known["api_key"])
    keys = dict.fromkeys(("ROUTING_RUN_API_KEY", "THEROUTER_API_KEY"), known["api_key"])
    said = subprocess.run(
        ["bash", "-c", command], env={**os.environ, **keys}, capture_output=True, timeout=60, check=True
    )
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer


@pytest.mark.parametrize("command", [LISTED, LISTED_WITH_A_KEY, LISTED_WITH_A_BEARER])
def test_models_are_listed(known: dict[str, Any], command: str) -> None:
    listed = paste(known, command)
    assert listed["object"] == "list"
    assert all({"id", "object", "created", "owned_by", "tier"} <= item.keys() for item in listed["data"])


def test_every_published_model_is_listed_to_the_key_that_may_call_it(known: dict[str, Any]) -> None:
    listed = {item["id"] for item in paste(known, LISTED_WITH_A_KEY)["data"]}
    assert {f"route/{name}" for name in CHAT_MODELS} <= listed


def test_a_model_is_told_in_detail(known: dict[str, Any]) -> None:
    model = paste(known, DETAIL)
    assert (model["id"], model["object"], model["allowed"]) == ("route/deepseek-v3.2", "model", True)
    assert {"created", "owned_by", "tier", "providers"} <= model.keys()
    assert paste(known, DETAIL.replace("deepseek-v3.2", "none")) == {"error": "Model not found"}


def test_the_hub_lists_its_models_in_credits_after_its_margin(known: dict[str, Any]) -> None:
    models = {each["id"]: each for each in paste(known, HUB_LISTED)["models"]}
    prices = {row["model"]: row for row in paste(known, PRICING)["models"]}
    found, listed = models["route/deepseek-v3.2"], prices["route/deepseek-v3.2"]["your_price"]
    assert found["cost_per_1k_input"] == pytest.approx(float(listed["input_per_million"]) * 1.4)
    assert found["cost_per_1k_output"] == pytest.approx(float(listed["output_per_million"]) * 1.4)


def test_the_grouped_catalogue_has_text_and_image(known: dict[str, Any]) -> None:
    grouped = paste(known, GROUPED)
    assert list(grouped) == ["text", "image"]
    providers = {each["provider"]: each["configured"] for each in grouped["text"]}
    assert {"sandbox": True, "openrouter": False}.items() <= providers.items()
    assert any(
        model["id"] == "route/minimax-image-1" for each in grouped["image"] for model in each["models"]
    )


def test_prices_are_told(known: dict[str, Any]) -> None:
    prices = {row["model"]: row for row in paste(known, PRICING)["models"]}
    row = prices["route/deepseek-v3.2"]
    assert {"display_name", "tier"} <= row.keys()
    assert isinstance(row["input_per_million"], float)
    assert isinstance(row["output_per_million"], float)


def test_the_image_model_draws(known: dict[str, Any], client: OpenAI) -> None:
    drawn = client.images.generate(model="route/minimax-image-1", prompt="A toll road.")
    (picture,) = drawn.data or []
    assert picture.url or picture.b64_json


def test_curl_is_answered(known: dict[str, Any]) -> None:
    answer = paste(known, ASKED)
    assert answer["model"] == "route/minimax-m2.7"
    assert isinstance(answer["latency_ms"], int)
    assert answer["choices"][0]["message"]["content"]
    assert {"prompt_tokens", "completion_tokens", "total_tokens"} <= answer["usage"].keys()


def test_quick_setup(client: OpenAI) -> None:
    response = client.chat.completions.create(
        model="route/deepseek-v3.2",
        messages=[
            {"role": "system", "content": "You are a staff engineer reviewing a pull request."},
            {"role": "user", "content": "List concrete issues in this diff: …"},
        ],
        temperature=0.2,
    )
    assert response.choices[0].message.content


def test_streaming_loop(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="route/deepseek-v3.2",
        messages=[{"role": "user", "content": "Stream a short design for a rate limiter."}],
        stream=True,
    )
    heard = ""
    for chunk in stream:
        if chunk.choices[0].delta.content:
            heard += chunk.choices[0].delta.content
    assert heard


def test_tools(client: OpenAI) -> None:
    tools: Any = [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "Get current weather for a location",
                "parameters": {
                    "type": "object",
                    "properties": {"location": {"type": "string", "description": "City name"}},
                    "required": ["location"],
                },
            },
        }
    ]
    response = client.chat.completions.create(
        model="route/deepseek-v3.2",
        messages=[{"role": "user", "content": "What's the weather in Tokyo?"}],
        tools=tools,
        tool_choice="auto",
    )
    message = response.choices[0].message
    assert message.content or message.tool_calls  # which of the two, `auto` leaves to the model


@pytest.mark.parametrize("name", CHAT_MODELS)
def test_every_published_model_answers(client: OpenAI, name: str) -> None:
    response = client.chat.completions.create(
        model=f"route/{name}",
        messages=[
            {"role": "system", "content": "Summarize the user's text into 5 bullet points."},
            {"role": "user", "content": "<long document text here>"},
        ],
        max_tokens=700,
    )
    assert response.model == f"route/{name}"
    assert response.choices[0].message.content
