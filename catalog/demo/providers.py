"""The demo's providers: where each of them answers, and which variables of the environment hold a key for it."""

from .rows import House

__all__ = ["PROVIDERS", "SANDBOX"]

SANDBOX = House(
    slug="sandbox", name="Sandbox", base_url="", dialect="sandbox", needs_credential=False, private=True
)  # its address is given when the demo is loaded

PROVIDERS = (
    SANDBOX,
    House(
        slug="anthropic",
        name="Anthropic",
        base_url="https://api.anthropic.com/v1",
        dialect="anthropic",
        variables=("ANTHROPIC_API_KEY",),
        status_page="https://status.anthropic.com",
    ),
    House(
        slug="chutes",
        name="Chutes",
        base_url="https://llm.chutes.ai/v1",
        variables=("CHUTES_API_KEY", "CHUTES_API_TOKEN"),
    ),
    House(slug="crof", name="Crof", base_url="https://crof.ai/v1", variables=("CROF_API_KEY",)),
    House(
        slug="minimax",
        name="MiniMax",
        base_url="https://api.minimax.io/v1",
        variables=("MINIMAX_API_KEY",),
    ),
    House(
        slug="mistral",
        name="Mistral",
        base_url="https://api.mistral.ai/v1",
        variables=("MISTRAL_API_KEY",),
        status_page="https://status.mistral.ai",
    ),
    House(
        slug="openai",
        name="OpenAI",
        base_url="https://api.openai.com/v1",
        variables=("OPENAI_API_KEY",),
        developer_role=True,
        status_page="https://status.openai.com",
    ),
    House(
        slug="opencode",
        name="OpenCode Zen",
        base_url="https://opencode.ai/zen/v1",
        variables=("OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"),
    ),
    House(
        slug="openrouter",
        reasoning="reasoning",
        developer_role=True,
        name="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        variables=("OPENROUTER_API_KEY",),
        status_page="https://status.openrouter.ai",
    ),
    # Runs where its operator runs it: the address is entered in the admin.
    House(slug="routing-inference", name="Routing Inference", base_url=""),
    House(
        slug="vertex",
        name="Google Vertex AI",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        dialect="gemini",
        variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        status_page="https://status.cloud.google.com",
    ),
    House(
        slug="zai",
        name="Z.AI",
        base_url="https://api.z.ai/api/paas/v4",
        variables=("ZAI_API_KEY", "Z_AI_API_KEY"),
        reasoning="thinking",
    ),
)
