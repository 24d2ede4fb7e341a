"""Rerank: a query and documents go in, a score for each document comes back, the best first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from kernel import money

from .. import tokens
from ..ask import invalid
from . import Measured, Told
from .forwarded import AnsweredWhole, Forwarded, flag, meter, read_body, required_text, size_of, whole_number

__all__ = ["RERANK", "Rerank", "RerankAsk"]

GREATEST_DOCUMENTS = 1000
GREATEST_TOP = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankAsk(Forwarded):
    """Documents to be ordered: how many of the best are wanted, and whether their texts are to come back."""

    prompt_field = "documents"

    documents: tuple[Any, ...]
    top: int
    return_documents: bool


class Rerank(AnsweredWhole):
    """The dialect of /rerank."""

    capability = "rerank"
    path = "/rerank"

    def read(self, raw: bytes) -> RerankAsk:
        """Read a body. Raises Failure naming the field, or the one document, that is wrong."""
        body = read_body(raw, acted_on=("query", "documents", "top_n", "return_documents"))
        query, documents = required_text(body, "query"), _documents(body.get("documents"))
        top = whole_number(body, "top_n", greatest=GREATEST_TOP)
        if top is not None:
            body["top_n"] = top = min(top, len(documents))
        # Some upstreams read the query anew with each document, and bill it so.
        extra = tokens.beside_text(messages=len(documents), images=0)
        extra += size_of(query) * (len(documents) - 1)
        texts = (query, *map(_text, documents))
        return RerankAsk(
            # We have the documents: the upstream need not send them back, and not all know the field.
            body={name: value for name, value in body.items() if name != "return_documents"},
            model=body["model"],
            texts=texts,
            prompt_bound=extra + sum(map(size_of, texts)),
            prompt_extra=extra,
            documents=tuple(documents),
            top=top or len(documents),
            return_documents=flag(body, "return_documents"),
        )

    def accepts(self, ask: RerankAsk, answer: Mapping[str, Any]) -> bool:
        """Tell whether there are scores, each for another of the documents."""
        results = answer.get("results")
        if not isinstance(results, list) or not results:
            return False
        if not all(
            isinstance(result, dict) and _is_score(result.get("relevance_score")) for result in results
        ):
            return False
        places = [result.get("index") for result in results]
        known = all(type(place) is int and 0 <= place < len(ask.documents) for place in places)
        return known and len(set(places)) == len(places)

    def measure(self, ask: RerankAsk, answer: Mapping[str, Any], *, output_bound: int) -> Measured:
        """Return what went in; nothing comes out as tokens, and yet no such answer is empty."""
        reading = meter(ask, answer.get("usage"), ("prompt_tokens", "total_tokens"))
        return Measured(reading, finish="", empty=False)

    def whole(self, ask: RerankAsk, answer: dict[str, Any], told: Told) -> bytes:
        """Return the best results, best first, with the documents as they were sent if that was asked for."""
        order = sorted(answer["results"], key=lambda each: (-each["relevance_score"], each["index"]))
        count = told.reading.counts.prompt_tokens
        cost = told.cost / money.NANO_PER_USD
        return orjson.dumps(
            {
                "id": f"rerank-{told.request_id.hex}",
                "model": told.model,
                "results": [_result(ask, each) for each in order[: ask.top]],
                "usage": {"prompt_tokens": count, "total_tokens": count, "cost": cost},
                "provider": told.provider,
            }
        )


def _documents(given: Any) -> list[Any]:
    if not isinstance(given, list) or not 1 <= len(given) <= GREATEST_DOCUMENTS:
        raise invalid("documents", f"documents must be a list of 1 to {GREATEST_DOCUMENTS} documents.")
    for number, document in enumerate(given):
        text = document.get("text") if isinstance(document, dict) else document
        if not isinstance(text, str):
            place = f"documents[{number}]"
            raise invalid(place, f"{place} must be a string or an object with a text.")
    return given


def _text(document: Any) -> str:
    if isinstance(document, str):
        return document
    if len(document) == 1:
        return str(document["text"])
    # What else is in it may be read by the model as well.
    try:
        return orjson.dumps(document).decode()
    except orjson.JSONEncodeError as error:
        raise invalid("documents", "documents are nested too deeply.") from error


def _is_score(value: Any) -> bool:
    return type(value) in (int, float)


def _result(ask: RerankAsk, result: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"index": result["index"], "relevance_score": result["relevance_score"]}
    if ask.return_documents:
        document = ask.documents[result["index"]]
        shown["document"] = {"text": document} if isinstance(document, str) else document
    return shown


RERANK = Rerank()
