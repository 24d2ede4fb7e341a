"""Tests of catalog.declared.litellm: configurations like those of its documentation become catalogue files."""

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from catalog.declared import applying, litellm, reading
from catalog.declared.tree import Refused
from catalog.models import Chain, Endpoint, Hop, Model, PriceVersion
from catalog.proposals.listing import Entry, Tariff

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = "model_list:\n"


def converted(text: str, **environment: str) -> tuple[dict[str, Any], str]:
    """Return the document that comes of a configuration, and what was said of the rest."""
    made = litellm.convert(text, environment, tier="lite", moment=MOMENT)
    reading.read(made.text)
    return yaml.safe_load(made.text), "\n".join(made.left)


def deployment(name: str, model: str, info: str = "", **params: object) -> str:
    more = "".join(f"      {key}: {value}\n" for key, value in params.items())
    said = f"    model_info: {info}\n" if info else ""
    return f"  - model_name: {name}\n    litellm_params:\n      model: {model}\n{more}{said}"


BALANCED = HEAD + "".join(
    deployment(
        "gpt-4o",
        f"azure/gpt-4o-{place}",
        api_base=f"https://{place}.openai.azure.com/",
        api_key=f"os.environ/AZURE_{place.upper()}",
        rpm=rpm,
    )
    for place, rpm in (("eu", 6), ("ca", 6), ("fr", 1440))
)


def test_deployments_of_one_name_share_the_load_of_one_chain() -> None:
    document, left = converted(BALANCED)
    assert document["models"]["route/gpt-4o"]["chain"] == [
        {"to": "azure/default", "model": "gpt-4o-eu", "weight": 1},
        {"to": "azure/ca", "model": "gpt-4o-ca", "weight": 1},
        {"to": "azure/fr", "model": "gpt-4o-fr", "weight": 240},
    ]
    endpoints = document["providers"]["azure"]["endpoints"]
    assert endpoints["fr"] == {
        "base_url": "https://fr.openai.azure.com/openai/v1",
        "credential": "env:AZURE_FR",
    }
    assert "model_list[2].litellm_params.rpm: not carried over" in left


def test_weights_go_before_limits_and_are_whole_numbers() -> None:
    text = HEAD + "".join(
        deployment("m", f"openai/gpt-{letter}", weight=weight, rpm=9)
        for letter, weight in (("a", 0.75), ("b", 0.25), ("c", 0))
    )
    chain = converted(text)[0]["models"]["route/m"]["chain"]
    assert [(hop["model"], hop.get("weight", 0)) for hop in chain] == [
        ("gpt-a", 3),
        ("gpt-b", 1),
        ("gpt-c", 0),
    ]


def test_orders_come_one_after_the_other() -> None:
    text = HEAD + "".join(
        deployment("m", f"openai/gpt-{letter}", order=order)
        for letter, order in (("late", 2), ("a", 1), ("b", 1))
    )
    chain = converted(text)[0]["models"]["route/m"]["chain"]
    assert [(hop["model"], hop.get("weight", 0)) for hop in chain] == [
        ("gpt-a", 1),
        ("gpt-b", 1),
        ("gpt-late", 0),
    ]


def test_fallbacks_are_further_hops_where_they_do_the_same_work() -> None:
    text = (
        HEAD
        + deployment("small", "openai/gpt-4o-mini")
        + deployment("large", "anthropic/claude-sonnet-4-5", timeout=300, stream_timeout=60)
        + deployment("vectors", "openai/text-embedding-3-small")
        + "litellm_settings:\n  fallbacks: [{small: [large, vectors, gone]}]\n"
        "  context_window_fallbacks: [{small: [large]}]\n"
        "router_settings: {default_fallbacks: [small]}\n"
    )
    document, left = converted(text)
    assert document["models"]["route/small"]["chain"] == [
        {"to": "openai/default", "model": "gpt-4o-mini"},
        {
            "to": "anthropic/default",
            "model": "claude-sonnet-4-5",
            "waits": {"first_byte": 60, "total": 300},
        },
    ]
    assert [hop["model"] for hop in document["models"]["route/large"]["chain"]] == [
        "claude-sonnet-4-5",
        "gpt-4o-mini",
    ]
    assert [hop["model"] for hop in document["models"]["route/vectors"]["chain"]] == [
        "text-embedding-3-small"
    ]
    assert "fallbacks[0].small: not carried over: the fallback vectors does no chat" in left
    assert "fallbacks[0].small: not carried over: the fallback gone is not carried over itself" in left
    assert "litellm_settings.context_window_fallbacks: not carried over" in left
    assert "whose answers are sold as route/small" in left


def test_a_fallback_may_name_one_deployment_by_its_id() -> None:
    text = (
        HEAD
        + deployment("gpt-4", "openai/gpt-4", "{id: mine}")
        + deployment("claude", "anthropic/claude-3-opus-20240229")
        + "litellm_settings: {fallbacks: [{claude: [mine]}]}\n"
    )
    chain = converted(text)[0]["models"]["route/claude"]["chain"]
    assert [hop["to"] for hop in chain] == ["anthropic/default", "openai/default"]


def test_aliases_are_carried_over() -> None:
    text = (
        HEAD
        + deployment("gpt-4o", "gpt-4o")
        + "router_settings:\n  model_group_alias: {gpt-4: gpt-4o, GPT: {model: gpt-4o, hidden: true}, x: gone}\n"
    )
    document, left = converted(text)
    assert document["models"]["route/gpt-4o"]["aliases"] == ["gpt-4", "GPT"]
    assert "model_group_alias.x: not carried over: gone is not carried over" in left


def test_costs_of_the_configuration_are_exact() -> None:
    info = (
        "{input_cost_per_token: 0.00000125, output_cost_per_token: 1e-05,"
        " cache_read_input_token_cost: 3.125e-07, input_cost_per_token_above_200k_tokens: 2.5e-6,"
        " max_input_tokens: 1000000, max_output_tokens: 65536, output_cost_per_second: 1}"
    )
    document, left = converted(HEAD + deployment("m", "openai/own", info))
    model = document["models"]["route/m"]
    assert model["sell"] == [
        {
            "source": "LiteLLM configuration",
            "rates": {
                "input": "1.25",
                "input>200000": "2.5",
                "cached": "0.3125",
                "output": "10",
                "reasoning": "10",
            },
        }
    ]
    assert model["costs"] == {"openai": model["sell"]}
    assert (model["context_length"], model["max_output_tokens"]) == (1_000_000, 65_536)
    assert "model_info.output_cost_per_second: not carried over: a cost that is not charged by here" in left
    assert "assumed" not in left


def test_costs_that_are_missing_are_looked_up_and_their_source_is_named() -> None:
    document, _ = converted(HEAD + deployment("m", "gpt-4o"))
    (price,) = document["models"]["route/m"]["sell"]
    assert price["source"].startswith("genai-prices ")
    assert price["source"].endswith("openai gpt-4o")
    assert price["rates"]["input"] == "2.5"


def test_costs_that_are_looked_up_and_cannot_be_carried_whole_are_named_and_left() -> None:
    document, left = converted(HEAD + deployment("m", "gemini/gemini-2.5-flash"))
    model = document["models"]["route/m"]
    assert ("sell" in model, model["active"]) == (False, False)
    assert "google gemini-2.5-flash is not carried over: cache_audio_read_mtok differs from" in left
    assert "no price is known, so it is switched off" in left


def test_costs_that_lack_what_the_model_needs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    half = Entry("gpt-4o", tariff=Tariff({"input": ((0, 5),)}), evidence={"source": "a list"})
    monkeypatch.setattr("catalog.proposals.genai.known", lambda *_: half)
    document, left = converted(HEAD + deployment("m", "gpt-4o"))
    assert "sell" not in document["models"]["route/m"]
    assert "its price in a list lacks what chat needs" in left


def test_costs_that_are_looked_up_keep_their_steps_and_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {
        "input": ((0, 1_250_000), (200_000, 2_500_001)),
        "output": ((0, 1),),
        "web_search": ((0, 10**10),),
    }
    listed = Entry("gpt-4o", context=9, tariff=Tariff(rates), evidence={"source": "a list"})
    monkeypatch.setattr("catalog.proposals.genai.known", lambda *_: listed)
    document, _ = converted(HEAD + deployment("m", "gpt-4o"))
    (price,) = document["models"]["route/m"]["sell"]
    assert price["source"] == "a list; cache reads at the input price, as none is listed"
    assert price["rates"] == {
        "input": "1.25",
        "input>200000": "2.500001",
        "cached": "1.25",
        "cached>200000": "2.500001",
        "output": "0.000001",
        "reasoning": "0.000001",
        "web_search": "0.01",
    }


def test_a_model_without_a_price_is_switched_off_and_said() -> None:
    document, left = converted(HEAD + deployment("m", "ollama/mistral", api_base="http://10.1.2.3:11434"))
    model = document["models"]["route/m"]
    assert model["active"] is False
    assert "sell" not in model
    assert "no price is known, so it is switched off" in left
    assert document["providers"]["ollama"]["private"] is True
    assert document["providers"]["ollama"]["endpoints"]["default"] == {
        "base_url": "http://10.1.2.3:11434/v1",
        "needs_credential": False,
    }


def test_secrets_in_clear_are_named_and_never_repeated() -> None:
    text = (
        HEAD
        + deployment("a", "openai/gpt-4o", api_key="sk-secret-one", organization="org-secret")
        + deployment(
            "b", "openai/gpt-4o", api_key="sk-secret-two", extra_headers="{X-Team: a, X-Api-Key: sk-secret-3}"
        )
        + "general_settings: {master_key: sk-secret-4, database_url: 'postgresql://u:secret@h/d'}\n"
        "environment_variables: {REDIS_PASSWORD: secret-5}\n"
    )
    made = litellm.convert(text, {}, tier="lite", moment=MOMENT)
    assert "secret-" not in made.text + "\n".join(made.left)
    assert "u:secret" not in made.text + "\n".join(made.left)
    document = yaml.safe_load(made.text)
    assert [each["credential"] for each in document["providers"]["openai"]["endpoints"].values()] == [
        "env:OPENAI_API_KEY",
        "env:OPENAI_API_KEY_2",
    ]
    assert document["providers"]["openai"]["headers"] == {"X-Team": "a"}
    assert "litellm_params.api_key: not carried over: a secret in clear" in "\n".join(made.left)


def test_keys_and_addresses_may_come_from_shared_credentials_and_the_environment() -> None:
    text = (
        HEAD
        + deployment("m", "azure/gpt-4o", litellm_credential_name="mine")
        + "credential_list:\n  - credential_name: mine\n    credential_values:\n"
        "      api_key: os.environ/AZURE_KEY\n      api_base: os.environ/AZURE_BASE\n"
    )
    document, _ = converted(text, AZURE_BASE="https://a.openai.azure.com", AZURE_KEY="secret")
    assert document["providers"]["azure"]["endpoints"]["default"] == {
        "base_url": "https://a.openai.azure.com/openai/v1",
        "credential": "env:AZURE_KEY",
    }
    _, left = converted(text)
    assert "AZURE_BASE is not set here" in left


def test_a_project_of_vertex_ai_is_an_address() -> None:
    text = HEAD + deployment(
        "m",
        "vertex_ai/gemini-2.5-pro",
        vertex_project="mine",
        vertex_location="europe-west4",
        vertex_credentials="os.environ/SA",
    )
    document, left = converted(text)
    assert document["providers"]["vertex"]["endpoints"]["default"] == {
        "base_url": "https://europe-west4-aiplatform.googleapis.com/v1/projects/mine/locations/europe-west4/publishers/google",
        "credential": "env:SA",
    }
    assert "vertex" not in left


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (deployment('"*"', '"*"'), "model_list[0]: not carried over: a wildcard route"),
        (deployment("anthropic/*", "anthropic/*"), "a wildcard route"),
        (deployment("m", "bedrock/anthropic.claude-v2"), "the provider bedrock is not known here"),
        (deployment("m", "nobody-knows-it"), "the provider nobody-knows-it is not known here"),
        (deployment("m", "whisper-1", "{mode: audio_transcription}"), "audio_transcription is nothing"),
        (deployment("m", "openai/x", api_base="http://169.254.169.254/v1"), "no address that may be called"),
        (deployment("m", "vertex_ai/claude-opus-4-6"), "of Vertex AI only Gemini is spoken to"),
        (deployment("m", "vertex_ai/gemini-2.5-pro"), "Google Vertex AI needs a vertex_project"),
        (deployment("m", "gemini/imagen-4"), "Google Gemini API is not asked for image here"),
        (deployment("m", "hosted_vllm/own"), "vLLM needs an api_base"),
        ("  - litellm_params: {model: gpt-4o}\n", "it lacks model_name"),
    ],
)
def test_what_cannot_be_carried_over_is_named(entry: str, said: str) -> None:
    document, left = converted(HEAD + entry)
    assert document["models"] == {}
    assert said in left


def test_settings_are_named_each_by_its_path() -> None:
    text = (
        HEAD
        + deployment("m", "gpt-4o", temperature=0.2, tpm=1000)
        + "litellm_settings: {callbacks: [otel], cache: true}\nrouter_settings: {num_retries: 2}\n"
        "general_settings: {alerting: [slack]}\nguardrails: [{guardrail_name: pii}]\ninclude: [other.yaml]\n"
    )
    _, left = converted(text)
    for path in (
        "model_list[0].litellm_params.temperature",
        "model_list[0].litellm_params.tpm",
        "litellm_settings.callbacks",
        "litellm_settings.cache",
        "router_settings.num_retries",
        "general_settings.alerting",
        "guardrails",
        "include",
    ):
        assert f"{path}: not carried over" in left
    assert "line 5: model_list[0].litellm_params.temperature" in left


@pytest.mark.parametrize("text", ["tollway: 1\n", "- 1\n", "", "a: [\n", "model_list: {}\n"])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        litellm.convert(text, {}, tier="lite", moment=MOMENT)


@pytest.mark.django_db
def test_the_file_it_makes_can_be_applied() -> None:
    text = (
        HEAD
        + deployment("gpt-4o", "gpt-4o", weight=3)
        + deployment("gpt-4o", "azure/mine", '{base_model: "gpt-4o"}', weight=1, api_base="https://a.openai.azure.com")
        + deployment("local", "openai/own", api_base="http://10.0.0.9:8000/v1", api_key="none")
    )  # fmt: skip
    made = litellm.convert(text, {}, tier="premium", moment=MOMENT)
    keys = {"OPENAI_API_KEY": "sk-aaaaaaaaaaaa", "AZURE_API_KEY": "az-bbbbbbbbbbbb"}
    applying.apply(reading.read(made.text), keys)
    model = Model.objects.get(public_id="route/gpt-4o")
    assert (model.tier, model.active) == ("premium", True)
    hops = Hop.objects.filter(chain__model=model, chain__status=Chain.Status.LIVE).order_by("position")
    assert list(hops.values_list("endpoint__provider__slug", "weight")) == [("openai", 3), ("azure", 1)]
    assert PriceVersion.objects.filter(model=model).count() == 3
    assert Endpoint.objects.get(provider__slug="10-0-0-9").configured
    assert not Model.objects.get(public_id="route/local").active
    assert applying.apply(reading.read(made.text), keys).changes == ()
