"""The demo's providers: where each of them answers, and which variables of the environment hold a key for it.

Beside each row stands the page that it was written from; docs/upstreams.md shows them as a table.
"""

from .rows import House

__all__ = ["PROVIDERS", "SANDBOX"]

SANDBOX = House(
    slug="sandbox", name="Sandbox", base_url="", dialect="sandbox", needs_credential=False, private=True
)  # its address is given when the demo is loaded

PROVIDERS = (
    SANDBOX,
    # platform.claude.com/docs/en/api/messages
    House(
        slug="anthropic",
        name="Anthropic",
        base_url="https://api.anthropic.com/v1",
        dialect="anthropic",
        variables=("ANTHROPIC_API_KEY",),
        reasoning="thinking",
        status_page="https://status.anthropic.com",
    ),
    # chutes.ai/agents/vercel-ai-sdk
    House(
        slug="chutes",
        name="Chutes",
        base_url="https://llm.chutes.ai/v1",
        variables=("CHUTES_API_KEY", "CHUTES_API_TOKEN"),
    ),
    # crof.ai/docs
    House(slug="crof", name="Crof", base_url="https://crof.ai/v1", variables=("CROF_API_KEY",)),
    # api-docs.deepseek.com/guides/thinking_mode
    House(
        slug="deepseek",
        name="DeepSeek",
        base_url="https://api.deepseek.com",
        variables=("DEEPSEEK_API_KEY",),
        reasoning="thinking",
        status_page="https://status.deepseek.com",
    ),
    # ai.google.dev/api; asked by OpenRouter's field, which can say an effort as well as a budget
    House(
        slug="gemini",
        name="Google Gemini API",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        dialect="gemini",
        variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        reasoning="reasoning",
        status_page="https://aistudio.google.com/status",
    ),
    # console.groq.com/docs/openai
    House(
        slug="groq",
        name="Groq",
        base_url="https://api.groq.com/openai/v1",
        variables=("GROQ_API_KEY",),
        status_page="https://groqstatus.com",
    ),
    # platform.minimax.io/docs; its models think by themselves and take no effort
    House(
        slug="minimax",
        name="MiniMax",
        base_url="https://api.minimax.io/v1",
        variables=("MINIMAX_API_KEY",),
        reasoning="none",
    ),
    # docs.mistral.ai/capabilities/reasoning/adjustable
    House(
        slug="mistral",
        name="Mistral",
        base_url="https://api.mistral.ai/v1",
        variables=("MISTRAL_API_KEY",),
        status_page="https://status.mistral.ai",
    ),
    # docs.ollama.com/api/openai-compatibility. Runs where its operator runs it, often at
    # http://127.0.0.1:11434/v1: the address is entered in the admin, lest a server that is not there count as down.
    House(slug="ollama", name="Ollama", base_url="", needs_credential=False, private=True),
    # platform.openai.com/docs/api-reference
    House(
        slug="openai",
        name="OpenAI",
        base_url="https://api.openai.com/v1",
        variables=("OPENAI_API_KEY",),
        developer_role=True,
        status_page="https://status.openai.com",
    ),
    # opencode.ai/docs/zen
    House(
        slug="opencode",
        name="OpenCode Zen",
        base_url="https://opencode.ai/zen/v1",
        variables=("OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"),
    ),
    # openrouter.ai/docs/api-reference
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
    # docs.together.ai/docs/inference/responses-api
    House(
        slug="together",
        name="Together AI",
        base_url="https://api.together.ai/v1",
        variables=("TOGETHER_API_KEY",),
        status_page="https://status.together.ai",
    ),
    # docs.cloud.google.com/vertex-ai/generative-ai/docs. The address names the operator's own project and place:
    # https://aiplatform.googleapis.com/v1/projects/PROJECT/locations/global/publishers/google, say.
    House(
        slug="vertex",
        name="Google Vertex AI",
        base_url="",
        dialect="gemini",
        variables=("GOOGLE_APPLICATION_CREDENTIALS_JSON",),
        reasoning="reasoning",
        status_page="https://status.cloud.google.com",
    ),
    # docs.vllm.ai/en/latest/serving/openai_compatible_server. As with Ollama, often at http://127.0.0.1:8000/v1.
    House(slug="vllm", name="vLLM", base_url="", needs_credential=False, private=True),
    # docs.z.ai/api-reference/introduction
    House(
        slug="zai",
        name="Z.AI",
        base_url="https://api.z.ai/api/paas/v4",
        variables=("ZAI_API_KEY", "Z_AI_API_KEY"),
        reasoning="thinking",
    ),
)
