"""Which provider LiteLLM's prefixes mean, and where that provider answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from catalog.demo.providers import PROVIDERS

__all__ = ["HOUSES", "House", "of_host"]


@dataclass(frozen=True, slots=True)
class House:
    """A provider as LiteLLM knows it.

    `own` runs where its operator runs it, and may need no key. `ending` is what an address of LiteLLM's lacks here.
    `priced` is what genai-prices calls it.
    """

    slug: str
    name: str
    base_url: str = ""
    dialect: str = "openai"
    reasoning: str = "effort"
    developer_role: bool = False
    variable: str = ""
    own: bool = False
    ending: str = ""
    priced: str = ""


def _demo(slug: str, priced: str, ending: str = "") -> House:
    """Return a provider that the demo has too, with its facts, so that both files agree."""
    (house,) = (house for house in PROVIDERS if house.slug == slug)
    return House(
        slug=slug,
        name=house.name,
        base_url=house.base_url,
        dialect=house.dialect,
        reasoning=house.reasoning,
        developer_role=house.developer_role,
        variable=house.variables[0],
        ending=ending,
        priced=priced,
    )


def _hosted(slug: str, name: str, base_url: str, variable: str, priced: str = "") -> House:
    return House(slug=slug, name=name, base_url=base_url, variable=variable, priced=priced)


def _own(slug: str, name: str, base_url: str = "", ending: str = "") -> House:
    return House(slug=slug, name=name, base_url=base_url, own=True, ending=ending)


_OPENAI = _demo("openai", "openai")
_OLLAMA = _own("ollama", "Ollama", "http://localhost:11434/v1", "/v1")
_VLLM = _own("vllm", "vLLM")
_FIREWORKS = _hosted(
    "fireworks",
    "Fireworks AI",
    "https://api.fireworks.ai/inference/v1",
    "FIREWORKS_AI_API_KEY",
    "fireworks",
)
_TOGETHER = _hosted("together", "Together AI", "https://api.together.ai/v1", "TOGETHERAI_API_KEY", "together")
_AZURE = House(
    slug="azure", name="Azure OpenAI", variable="AZURE_API_KEY", ending="/openai/v1", priced="azure"
)
_COMPATIBLE = House(slug="", name="")  # whoever answers at its address

HOUSES: Mapping[str, House] = {
    "anthropic": _demo("anthropic", "anthropic", "/v1"),
    "azure": _AZURE,
    "azure_ai": _AZURE,
    "cerebras": _hosted("cerebras", "Cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", "cerebras"),
    "cohere": _hosted(
        "cohere", "Cohere", "https://api.cohere.ai/compatibility/v1", "COHERE_API_KEY", "cohere"
    ),
    "custom_openai": _COMPATIBLE,
    "deepinfra": _hosted(
        "deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"
    ),
    "deepseek": _demo("deepseek", "deepseek"),
    "fireworks_ai": _FIREWORKS,
    "gemini": _demo("gemini", "google", "/v1beta"),
    "groq": _demo("groq", "groq"),
    "hosted_vllm": _VLLM,
    "huggingface": _own("tgi", "Text Generation Inference", ending="/v1"),
    "hyperbolic": _hosted("hyperbolic", "Hyperbolic", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY"),
    "litellm_proxy": _own("litellm", "LiteLLM"),
    "llamafile": _own("llamafile", "llamafile", "http://localhost:8080/v1"),
    "lm_studio": _own("lm-studio", "LM Studio"),
    "minimax": _demo("minimax", "minimax"),
    "mistral": _demo("mistral", "mistral"),
    "moonshot": _hosted(
        "moonshot", "Moonshot AI", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", "moonshotai"
    ),
    "nebius": _hosted("nebius", "Nebius", "https://api.studio.nebius.ai/v1", "NEBIUS_API_KEY"),
    "novita": _hosted("novita", "Novita", "https://api.novita.ai/v3/openai", "NOVITA_API_KEY", "novita"),
    "nvidia_nim": _hosted(
        "nvidia-nim", "NVIDIA NIM", "https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY"
    ),
    "ollama": _OLLAMA,
    "ollama_chat": _OLLAMA,
    "openai": _OPENAI,
    "openai_like": _COMPATIBLE,
    "openrouter": _demo("openrouter", "openrouter"),
    "perplexity": _hosted(
        "perplexity", "Perplexity", "https://api.perplexity.ai", "PERPLEXITYAI_API_KEY", "perplexity"
    ),
    "sambanova": _hosted("sambanova", "SambaNova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
    "together_ai": _TOGETHER,
    "vertex_ai": _demo("vertex", "google"),
    "vllm": _VLLM,
    "xai": _hosted("xai", "xAI", "https://api.x.ai/v1", "XAI_API_KEY", "x-ai"),
    "xinference": _own("xinference", "Xinference"),
    "zai": _demo("zai", "zai"),
}


def of_host(host: str) -> House | None:
    """Return the provider that answers at a host, or None."""
    for house in HOUSES.values():
        if house.base_url and not house.own and urlsplit(house.base_url).hostname == host:
            return house
    return None
