"""The bodies of requests that are answered whole: embeddings, rerank, images."""

from ...dialects import embeddings, images, rerank
from ..fields import Body, needed, optional
from ..schemas import FLAG, TEXT, WORD, choice, fixed, listed, open_record, whole
from .chat import FORWARDED, MODEL

__all__ = ["EMBEDDINGS", "IMAGES", "RERANK"]

_TOKENS = listed(whole(0, embeddings.GREATEST_TOKEN), 1)
_MANY = embeddings.GREATEST_INPUTS
_WHOLE = optional(fixed(False), "Only false: the answer comes whole.")
_RULES = ("A field that the gateway acts on must not be given twice.",)

EMBEDDINGS = Body(
    name="EmbeddingRequest",
    fields={
        "model": MODEL,
        "input": needed(
            {"anyOf": [WORD, listed(WORD, 1, _MANY), _TOKENS, listed(_TOKENS, 1, _MANY)]},
            f"A text, tokens, or a list of up to {_MANY:,} texts or token lists; an empty one is refused.",
        ),
        "encoding_format": optional(
            choice(embeddings.FORMATS),
            "The form of the vectors, whatever the upstream sends; `float` if left out.",
        ),
        "dimensions": optional(whole(1, embeddings.GREATEST_DIMENSIONS), "Checked and forwarded."),
        "stream": _WHOLE,
    },
    rest=FORWARDED,
    rules=_RULES,
    example={"model": "route/bge-m3", "input": ["What is a limit?", "What is a budget?"]},
)
RERANK = Body(
    name="RerankRequest",
    fields={
        "model": MODEL,
        "query": needed(WORD, "What the documents are compared with."),
        "documents": needed(
            listed({"anyOf": [TEXT, open_record(text=TEXT)]}, 1, rerank.GREATEST_DOCUMENTS),
            f"1 to {rerank.GREATEST_DOCUMENTS:,} texts, or objects with a `text`.",
        ),
        "top_n": optional(whole(1, rerank.GREATEST_TOP), "How many of the best to return; all if left out."),
        "return_documents": optional(FLAG, "Puts each document beside its score."),
        "stream": _WHOLE,
    },
    rest=FORWARDED,
    rules=_RULES,
    example={"model": "route/bge-reranker", "query": "limits", "documents": ["Rate limits", "Cookies"]},
)
IMAGES = Body(
    name="ImageRequest",
    fields={
        "model": MODEL,
        "prompt": needed(WORD, "What to draw."),
        "n": optional(whole(1, images.GREATEST_N), "How many pictures; those that come are paid for."),
        "size": optional(
            {"type": "string", "pattern": f"^(?:{images.SIZE.pattern})$"}, "`auto`, `1024x1024` or `2K`."
        ),
        "aspect_ratio": optional(
            {"type": "string", "pattern": f"^(?:{images.RATIO.pattern})$"}, "Like `16:9`; instead of a size."
        ),
        "width": optional(whole(1, images.GREATEST_SIDE), "In pixels, with `height`; instead of a size."),
        "height": optional(whole(1, images.GREATEST_SIDE), "In pixels, with `width`."),
        "response_format": optional(
            choice(images.FORMATS),
            "The key of each picture, whatever the upstream sends; `base64` is `b64_json`.",
        ),
        "stream": _WHOLE,
    },
    rest=FORWARDED,
    rules=(*_RULES, "`size`, `aspect_ratio`, and `width` with `height` exclude each other."),
    example={"model": "route/flux-schnell", "prompt": "A toll booth at dawn", "size": "1024x1024"},
)
