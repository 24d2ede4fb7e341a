"""The bodies that the inference routes take, by the name of their view; those of the desk are ninja's to describe."""

from collections.abc import Mapping

from ..fields import Body
from .chat import CHAT
from .completions import COMPLETIONS
from .desk import DENIAL, SIMULATION
from .messages import COUNT, MESSAGES
from .responses import RESPONSES
from .single import EMBEDDINGS, IMAGES, RERANK

__all__ = ["BODIES"]

BODIES: Mapping[str, Body] = {
    "api.chat_completions": CHAT,
    "api.completions": COMPLETIONS,
    "api.responses": RESPONSES,
    "api.messages": MESSAGES,
    "api.count_tokens": COUNT,
    "api.embeddings": EMBEDDINGS,
    "api.rerank": RERANK,
    "api.images": IMAGES,
    "explain.denial": DENIAL,
    "simulate.simulate": SIMULATION,
}
