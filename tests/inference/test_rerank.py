"""Rerank, as read and as written back."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given

from catalog.pricing import Counts
from inference.dialects import Told
from inference.dialects.rerank import RERANK, RerankAsk
from inference.errors import Failure
from inference.meter import Reading
from tests.fakes.hops import ONE
from tests.inference.anything import ANYTHING, taken

TOLD = Told(UUID(int=5), "route/r", "p", 3, Reading(Counts(input=7), "upstream"), cost=2_000_000)
DOCUMENTS = ["red", "green", {"text": "blue"}]
SCORED = [
    {"index": 0, "relevance_score": 0.1},
    {"index": 2, "relevance_score": 0.9},
    {"index": 1, "relevance_score": 0.1},
]


def ask(**fields: Any) -> RerankAsk:
    body = {"model": "route/x", "query": "Which colour?", "documents": DOCUMENTS, **fields}
    return RERANK.read(orjson.dumps(body))


def sent(asked: RerankAsk) -> Any:
    return asked.outgoing(ONE, max_tokens=0)


def written(asked: RerankAsk, results: list[dict[str, Any]]) -> Any:
    return orjson.loads(RERANK.whole(asked, {"results": results}, TOLD))


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"query": ""}, "query", "non-empty string"),
        ({"query": 5}, "query", "non-empty string"),
        ({"documents": []}, "documents", "1 to 1000 documents"),
        ({"documents": "red"}, "documents", "1 to 1000 documents"),
        ({"documents": ["x"] * 1001}, "documents", "1 to 1000 documents"),
        ({"documents": ["x", 5]}, "documents[1]", "a string or an object with a text"),
        ({"documents": ["x", {"image": "y"}]}, "documents[1]", "a string or an object with a text"),
        ({"top_n": 0}, "top_n", "whole number from 1"),
        ({"top_n": "3"}, "top_n", "whole number from 1"),
        ({"return_documents": "yes"}, "return_documents", "true or false"),
        ({"stream": True}, "stream", "stream must be false"),
    ],
)
def test_names_the_field_that_is_wrong(fields: dict[str, Any], param: str, said: str) -> None:
    with pytest.raises(Failure) as refused:
        ask(**fields)
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", param)
    assert said in refused.value.message


@pytest.mark.parametrize("name", ["model", "query", "documents", "top_n", "return_documents", "max_chunks"])
@given(value=ANYTHING)
def test_reads_or_refuses_whatever_stands_in_a_field(name: str, value: Any) -> None:
    asked = taken(lambda: ask(**{name: value}))
    if asked is not None:
        assert 1 <= asked.top <= len(asked.documents)
        sent(asked)


def test_refuses_documents_nested_too_deeply() -> None:
    document = b'{"text":"x","more":' + b"[" * 300 + b"]" * 300 + b"}"
    with pytest.raises(Failure, match="nested too deeply"):
        RERANK.read(b'{"model":"route/x","query":"q","documents":[' + document + b"]}")


def test_keeps_the_documents_to_itself_and_passes_on_what_it_does_not_know() -> None:
    asked = ask(return_documents=True, top_n=50, max_chunks_per_doc=2, provider={})
    assert sent(asked) == {
        "model": ONE.upstream_model,
        "query": "Which colour?",
        "documents": DOCUMENTS,
        "top_n": 3,
        "max_chunks_per_doc": 2,
    }


def test_bounds_the_prompt_by_the_query_with_each_document() -> None:
    asked = ask(query="q" * 100, documents=["d" * 10] * 5)
    assert asked.prompt_bound == 5 * (100 + 10 + 16)
    assert asked.prompt_text() == "\n".join(["q" * 100, *["d" * 10] * 5])


def test_counts_all_that_stands_in_a_document() -> None:
    assert '"title":"Hue"' in ask(documents=[{"text": "red", "title": "Hue"}]).prompt_text()


@pytest.mark.parametrize(
    ("usage", "tokens", "source", "suspect"),
    [
        ({"prompt_tokens": 40, "total_tokens": 41}, 40, "upstream", False),
        ({"total_tokens": 41}, 41, "upstream", False),
        ({"search_units": 1}, 6, "counted", False),
        (None, 6, "counted", False),
        ({"total_tokens": 100_000}, 6, "counted", True),
        ({"total_tokens": -1}, 6, "counted", True),
    ],
)
def test_believes_the_figure_of_an_upstream_where_it_is_possible(
    usage: Any, tokens: int, source: str, suspect: bool
) -> None:
    found = RERANK.measure(ask(), {"usage": usage}, output_bound=0)
    assert found.reading == Reading(Counts(input=tokens), source, suspect)
    assert not found.empty


@pytest.mark.parametrize(
    "results",
    [
        None,
        [],
        {},
        [5],
        [{"index": 0}],
        [{"relevance_score": 0.5}],
        [{"index": 3, "relevance_score": 0.5}],
        [{"index": -1, "relevance_score": 0.5}],
        [{"index": True, "relevance_score": 0.5}],
        [{"index": [], "relevance_score": 0.5}],
        [{"index": 0, "relevance_score": None}],
        [{"index": 0, "relevance_score": "1"}],
        [{"index": 0, "relevance_score": 0.5}, {"index": 0, "relevance_score": 0.4}],
    ],
)
def test_takes_nothing_but_a_score_for_each_of_some_documents(results: Any) -> None:
    assert not RERANK.accepts(ask(), {"results": results})


def test_gives_the_best_first_and_equals_in_the_order_of_the_documents() -> None:
    asked = ask()
    assert RERANK.accepts(asked, {"results": SCORED})
    assert written(asked, SCORED) == {
        "id": f"rerank-{UUID(int=5).hex}",
        "model": "route/r",
        "results": [SCORED[1], SCORED[0], SCORED[2]],
        "usage": {"prompt_tokens": 7, "total_tokens": 7, "cost": 0.002},
        "provider": "p",
    }


def test_gives_no_more_than_was_asked_for_even_if_more_came() -> None:
    assert [result["index"] for result in written(ask(top_n=2), SCORED)["results"]] == [2, 0]


def test_gives_documents_back_as_objects_where_they_are_wanted() -> None:
    asked = ask(return_documents=True, documents=["red", "green", {"text": "blue", "page": 3}])
    documents = [result["document"] for result in written(asked, SCORED)["results"]]
    assert documents == [{"text": "blue", "page": 3}, {"text": "red"}, {"text": "green"}]
