"""The body of a legacy text completion."""

from ...ask import GREATEST_N
from ...dialects.completions import GREATEST_LOGPROBS, USUAL_MAX_TOKENS
from ..fields import Body, needed, optional
from ..schemas import FLAG, WORD, choice, fixed, listed, open_record, whole
from .chat import FORWARDED, GREATEST, MODEL

__all__ = ["COMPLETIONS"]

COMPLETIONS = Body(
    name="CompletionRequest",
    fields={
        "model": MODEL,
        "prompt": needed(
            {"anyOf": [WORD, listed(WORD, 1, 1)]},
            "One text, bare or alone in a list; it is asked as a chat of one message. Tokens are not taken.",
        ),
        "stream": optional(FLAG, "Answers with server-sent events."),
        "stream_options": optional(
            open_record(), "`include_usage: true` asks for a last chunk with the usage."
        ),
        "max_tokens": optional(
            whole(1, GREATEST), f"Most output tokens of each text; {USUAL_MAX_TOKENS} if it is left out."
        ),
        "n": optional(whole(1, GREATEST_N), "How many texts; each is held and paid for."),
        "echo": optional(FLAG, "Puts the prompt before each text. Not together with `logprobs`."),
        "logprobs": optional(
            whole(0, GREATEST_LOGPROBS), "How many alternatives to tell for each token, where the model can."
        ),
        "best_of": optional(fixed(1), "Only 1: ask for `n` texts and choose."),
        "suffix": optional(choice([""]), "Only empty: models that chat cannot write what comes between."),
    },
    rest=f"{FORWARDED} `messages`, `tools` and `functions` are refused.",
    rules=("A field that the gateway acts on must not be given twice.",),
    example={"model": "route/deepseek-v3.2", "prompt": "A rate limiter is", "max_tokens": 20},
)
