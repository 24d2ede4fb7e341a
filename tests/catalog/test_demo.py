"""The demo catalogue, as loaded into a real database and as the gateway reads it."""

from fnmatch import fnmatchcase

import pytest

from catalog import credentials, demo
from catalog.demo import rows
from catalog.models import Chain, Endpoint, Hop, Model, Multiplier, Plan, PlanVersion, PriceVersion, Rate
from catalog.pricing import OUTPUT_CLASSES, PROMPT_CLASSES
from inference.sandbox import script

pytestmark = pytest.mark.django_db

SANDBOX = "http://127.0.0.1:8099/v1"
PUBLISHED_ROUTES = [
    "deepseek-r1",
    "deepseek-v3.2",
    "deepseek-v3.2-speciale",
    "glm-4.7",
    "glm-4.7-flash",
    "glm-5",
    "glm-5-highspeed",
    "glm-5.1",
    "glm-5.1-precision",
    "kimi-k2.5",
    "kimi-k2.5-highspeed",
    "minimax-m2.5",
    "minimax-m2.7",
    "minimax-m2.7-highspeed",
    "qwen3.5-9b",
    "qwen3.5-397b-a17b",
    "qwen3.5-plus",
    "qwen3.6-plus",
    "qwen3.6-plus-preview",
    "minimax-image-1",
]
PUBLISHED_CHAINS = {
    "minimax-m2.5": (["minimax", "opencode"], 100),
    "minimax-m2.7": (["opencode", "minimax"], 100),
    "kimi-k2.5": (["crof"], 131),
    "kimi-k2.6": (["crof"], 131),
    "glm-5": (["crof"], 200),
    "deepseek-v3.2": (["crof", "chutes"], 163),
    "deepseek-v4-pro": (["crof"], 163),
    "qwen3.5-plus": (["opencode"], 100),
}
PUBLISHED_NAMES = [
    "anthropic/claude-sonnet-4.5",
    "openai/gpt-4o",
    "google/gemini-2.5-pro",
    "mistralai/mistral-large",
]
NAMED_BY_THE_HUB = [
    "GPT-5.2",
    "GPT-5 Mini",
    "GPT-5.2 Codex",
    "CMO Agent",
    "Claude Sonnet 4.6",
    "Claude Haiku 4.5",
    "Claude Opus 4.6",
    "Gemini 3 Flash",
    "Gemini 3.1 Pro",
    "Seedream 4.5",
    "Llama 4 Maverick",
    "DeepSeek V3.1",
    "Qwen3 235B A22B",
    "Kimi K2",
    "Grok 4.3",
]
TABLES = (Chain, Endpoint, Hop, Model, Multiplier, Plan, PlanVersion, PriceVersion, Rate)


@pytest.fixture
def loaded() -> None:
    demo.load(sandbox_url=SANDBOX)


def everything() -> dict[str, list[tuple[object, ...]]]:
    return {table.__name__: list(table._default_manager.order_by("pk").values_list()) for table in TABLES}


def providers_of(model: str) -> list[str]:
    hops = Hop.objects.filter(chain__model__public_id=model, chain__status="live").order_by("position")
    return list(hops.values_list("endpoint__provider__slug", flat=True))


@pytest.mark.usefixtures("loaded")
def test_a_second_load_changes_no_row() -> None:
    before = everything()
    assert demo.load(sandbox_url=SANDBOX) == 0
    assert everything() == before


@pytest.mark.usefixtures("loaded")
def test_what_an_operator_changed_survives_another_load() -> None:
    Model.objects.filter(public_id="route/glm-5").update(tier="max", active=False)
    Multiplier.objects.filter(scope="dialect").update(factor_ppm=1_500_000)
    demo.load(sandbox_url=SANDBOX)
    assert Model.objects.get(public_id="route/glm-5").tier == "max"
    assert not Model.objects.get(public_id="route/glm-5").active
    assert Multiplier.objects.get(scope="dialect").factor_ppm == 1_500_000


@pytest.mark.usefixtures("loaded")
def test_the_sandbox_is_followed_to_its_new_address() -> None:
    demo.load(sandbox_url="http://127.0.0.1:9/v1")
    assert Endpoint.objects.get(provider__slug="sandbox").base_url == "http://127.0.0.1:9/v1"


@pytest.mark.usefixtures("loaded")
def test_every_model_of_the_published_list_is_sold() -> None:
    wanted = {f"route/{name}" for name in PUBLISHED_ROUTES} | set(PUBLISHED_NAMES)
    assert wanted <= set(Model.objects.filter(active=True).values_list("public_id", flat=True))


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("name", PUBLISHED_CHAINS)
def test_chains_and_contexts_are_the_published_ones(name: str) -> None:
    providers, thousands = PUBLISHED_CHAINS[name]
    assert providers_of(f"route/{name}") == [*providers, "sandbox"]
    assert Model.objects.get(public_id=f"route/{name}").context_length // 1000 == thousands


@pytest.mark.usefixtures("loaded")
def test_models_of_the_hub_wait_for_a_credential_without_the_sandbox() -> None:
    waiting = Model.objects.filter(active=False)
    assert sorted(waiting.values_list("name", flat=True)) == sorted(NAMED_BY_THE_HUB)
    assert not [model for model in waiting if "sandbox" in providers_of(model.public_id)]


@pytest.mark.usefixtures("loaded")
def test_every_active_model_can_be_answered_offline() -> None:
    active = Model.objects.filter(active=True).values_list("public_id", flat=True)
    assert not [model for model in active if providers_of(model)[-1] != "sandbox"]


@pytest.mark.usefixtures("loaded")
def test_only_the_sandbox_is_configured() -> None:
    assert [str(endpoint) for endpoint in Endpoint.objects.all() if endpoint.configured] == [
        "sandbox/default"
    ]


@pytest.mark.usefixtures("loaded")
def test_sandbox_models_are_names_that_the_sandbox_plays() -> None:
    doors = {"chat", "embedding", "rerank", "image"}
    names = Model.objects.filter(author="sandbox").values_list("public_id", flat=True)
    assert {name.removeprefix("sandbox/") for name in names} - doors <= set(script.SCRIPT)


@pytest.mark.usefixtures("loaded")
def test_every_class_that_a_chat_model_can_report_has_a_price() -> None:
    for model in Model.objects.filter(capability="chat"):
        priced = set(Rate.objects.filter(price_version__model=model).values_list("token_class", flat=True))
        wanted = {"input", "cached", "output", "reasoning"}
        wanted |= {"image_in"} & {f"{kind}_in" for kind in model.input_modalities}
        assert wanted <= priced, model
        assert priced <= {*PROMPT_CLASSES, *OUTPUT_CLASSES, "web_search"}, model


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("model", "token_class", "above", "micro"),
    [
        ("route/deepseek-v3.2", "input", 0, 492_800),
        ("route/deepseek-v3.2", "output", 0, 739_200),
        ("google/gemini-2.5-pro", "input", 0, 1_250_000),
        ("google/gemini-2.5-pro", "output", 0, 5_000_000),
        ("route/mimo-v2.5-pro", "input", 256_000, 2_000_000),
        ("route/minimax-image-1", "image", 0, 50_000_000_000),
    ],
)
def test_prices_are_exact(model: str, token_class: str, above: int, micro: int) -> None:
    rate = Rate.objects.get(
        price_version__model__public_id=model, token_class=token_class, min_prompt_tokens=above
    )
    assert rate.micro_usd_per_million == micro


def test_a_price_finer_than_a_rate_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="finer than a micro-dollar"):
        rows.rates({"input": "0.0000001"}, PriceVersion())


@pytest.mark.usefixtures("loaded")
def test_every_price_names_its_source() -> None:
    assert not PriceVersion.objects.filter(source="")


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("slug", "usd", "caps"),
    [
        ("free", 0, (50, 50, 100)),
        ("lite", 10, (500, None, 100)),
        ("weekly", 7, (1800, 500, 100)),
        ("premium", 20, (1500, 500, 100)),
        ("max", 50, (3000, 1000, 100)),
        ("ultra", 150, (10_000, 1500, 100)),
        ("payg", 0, (None, None, 600)),
    ],
)
def test_plans_have_their_price_and_caps(slug: str, usd: int, caps: tuple[int | None, ...]) -> None:
    terms = PlanVersion.objects.get(plan__slug=slug)
    assert terms.price_nano == usd * 10**9
    assert (terms.day_cap, terms.hour_cap, terms.minute_cap) == caps
    assert terms.stream_cap == 50


@pytest.mark.usefixtures("loaded")
def test_every_plan_counts_a_request_for_pictures_as_five() -> None:
    pictures = Model.objects.filter(capability="image").values_list("public_id", flat=True)
    assert len(pictures) > 1
    for terms in PlanVersion.objects.all():
        for name in pictures:
            weights = [weight for pattern, weight in terms.request_weights if fnmatchcase(name, pattern)]
            assert weights[:1] == [5], (terms, name)


@pytest.mark.usefixtures("loaded")
def test_keys_of_the_environment_reach_the_providers_sealed() -> None:
    wired = demo.wire({"OPENAI_API_KEY": "sk-test-1234567890"})
    endpoint = Endpoint.objects.get(provider__slug="openai")
    assert wired.providers == ("openai",)
    assert endpoint.configured
    (key,) = endpoint.keys.all()
    assert key.hint == "…7890"
    assert b"1234567890" not in bytes(key.sealed)
    assert credentials.decrypt(bytes(key.sealed)) == "sk-test-1234567890"


@pytest.mark.usefixtures("loaded")
def test_a_first_key_switches_on_the_models_that_waited_for_it_and_no_others() -> None:
    wired = demo.wire({"OPENAI_API_KEY": "sk-test-1234567890"})
    assert wired.models == ("openai/cmo-agent", "openai/gpt-5-mini", "openai/gpt-5.2", "openai/gpt-5.2-codex")
    assert Model.objects.get(public_id="openai/gpt-5.2").active
    assert not Model.objects.get(public_id="anthropic/claude-opus-4.6").active


@pytest.mark.usefixtures("loaded")
def test_a_second_key_leaves_alone_what_the_operator_switched_off() -> None:
    demo.wire({"OPENAI_API_KEY": "sk-test-1234567890"})
    Model.objects.filter(public_id="openai/gpt-5.2").update(active=False)
    assert demo.wire({"OPENAI_API_KEY": "sk-test-0987654321"}).models == ()
    assert not Model.objects.get(public_id="openai/gpt-5.2").active
    assert [key.hint for key in Endpoint.objects.get(provider__slug="openai").keys.all()] == ["…4321"]


@pytest.mark.usefixtures("loaded")
def test_a_server_of_ones_own_becomes_a_provider_with_a_model() -> None:
    environment = {
        "TOLLWAY_UPSTREAM_URL": "http://127.0.0.1:11434/v1/",
        "TOLLWAY_UPSTREAM_MODELS": "llama3.2",
    }
    assert demo.wire(environment).models == ("upstream/llama3.2",)
    assert demo.wire(environment).models == ()
    assert Endpoint.objects.get(provider__slug="upstream").configured
    assert providers_of("upstream/llama3.2") == ["upstream"]


def test_seen_variables_are_named_without_their_values() -> None:
    assert demo.seen({"OPENAI_API_KEY": "sk-1", "MISTRAL_API_KEY": "", "OTHER": "x"}) == ("OPENAI_API_KEY",)
