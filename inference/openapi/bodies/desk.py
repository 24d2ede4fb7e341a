"""The bodies of the desk that are read by hand, as they are those of a chat that is only asked about."""

from ..fields import Body, Field, optional
from ..schemas import ANY, TEXT
from .chat import MODEL

__all__ = ["DENIAL", "SIMULATION"]

_REST = "Every other field is read as that of a chat completion."

DENIAL = Body(
    name="DenialQuestion",
    fields={
        "request_id": optional(TEXT, "The refused request; the newest refusal of the workspace if left out."),
        "id": optional(TEXT, "The same."),
        "model": Field(ANY, "Without `request_id`: asks whether a chat with this body would be refused now."),
    },
    rest=_REST,
    example={},
)
SIMULATION = Body(
    name="Simulation",
    fields={"model": Field(ANY, MODEL.use), "messages": Field(ANY, "An empty prompt if left out.")},
    rest=_REST + " One that would be refused is told as such, not refused.",
    example={"model": "route/deepseek-v3.2"},
)
