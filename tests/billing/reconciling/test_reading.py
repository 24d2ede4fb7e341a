"""An upstream's file as lines: what is read of the known exports, what is refused, and within which bounds."""

from datetime import date
from uuid import UUID

import pytest

from billing.reconciling import reading
from billing.reconciling.reading import Charged, Unreadable, read

REQUEST = UUID("01a2029d-620e-71b3-afb5-ae58551e2100")


def lines(text: str, preset: str = "plain", **given: str) -> list[Charged]:
    return read(text.encode(), preset=preset, given=given)[0]


def test_a_plain_file_is_read_with_costs_finer_than_a_nano_rounded_half_up() -> None:
    text = (
        "day,model,request_id,requests,input_tokens,output_tokens,cost\n"
        f"2026-11-20,gpt-x,{REQUEST},1,100,20,0.0000000015\n"
        '2026-11-21,"gpt, y",chatcmpl-other,"1,200",,7,$3.5\n'
    )
    assert lines(text) == [
        Charged(2, date(2026, 11, 20), "gpt-x", REQUEST, 1, 100, 20, 2),
        Charged(3, date(2026, 11, 21), "gpt, y", None, 1200, None, 7, 3_500_000_000),
    ]


@pytest.mark.parametrize(
    ("preset", "text", "found"),
    [
        (
            "openai",
            "start_time,start_time_iso,num_model_requests,model,input_tokens,output_tokens,input_cached_tokens\n"
            "1763596800,2025-11-20T00:00:00+00:00,12,gpt-4o-2024-08-06,900,80,300\n"
            "1763683200,2025-11-21T00:00:00+00:00,,,,,\n",
            Charged(2, date(2025, 11, 20), "gpt-4o-2024-08-06", None, 12, 900, 80, None),
        ),
        (
            "openai",
            "start_time,end_time,amount_value,amount_currency,line_item\n1763596800,1763683200,0.8958740000000000,usd,gpt-4o\n",
            Charged(2, date(2025, 11, 20), "gpt-4o", None, None, None, None, 895_874_000),
        ),
        (
            "openrouter",
            "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,model_permaslug,user\n"
            "gen-1,2026-11-20 23:59:59.123,0.00123,10,5,deepseek/deepseek-chat,\n",
            Charged(2, date(2026, 11, 20), "deepseek/deepseek-chat", None, None, 10, 5, 1_230_000),
        ),
        (
            "anthropic",
            "usage_date_utc,model_version,api_key,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
            "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens\n"
            "2026-11-20,claude-haiku-4-5,k,5,10,20,40,3\n",
            Charged(2, date(2026, 11, 20), "claude-haiku-4-5", None, None, 75, 3, None),
        ),
    ],
)
def test_known_exports_are_read(preset: str, text: str, found: Charged) -> None:
    assert lines(text, preset) == [found]


def test_columns_are_named_by_hand_and_several_are_summed() -> None:
    text = "When;Engine;A;B;Total\n2026-11-20T23:30:00-02:00;m;1;2;0.5\n"
    assert lines(text, day="When", model="Engine", input="A + B", cost="Total") == [
        Charged(2, date(2026, 11, 21), "m", None, None, 3, None, 500_000_000)
    ]


def test_a_byte_order_mark_empty_lines_and_a_marked_text_are_read_over() -> None:
    found = lines("\ufeffday,model,cost\n\n2026-11-20,'=m,1\n,,\n")
    assert [(line.number, line.model) for line in found] == [(3, "=m")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "name the columns"),
        ("day,cost\n2026-11-20,1\n", "Model: no column says it; the file has day, cost"),
        ("day,model\n2026-11-20,m\n", "no column says it, nor any count"),
        ("day,model,cost\n", "no line below"),
        ("day,model,cost\n2026-11-20,m\n", "line 2: it has 2 cells, and there are 3 columns"),
        ("day,model,cost\nyesterday,m,1\n", "line 2: Day or moment: 'yesterday' is no day like"),
        ("day,model,cost\n1999-01-01,m,1\n", "is before 2015"),
        ("day,model,cost\n2026-11-20,,1\n", "line 2: Model: it is empty"),
        ("day,model,cost\n2026-11-20,m,many\n", "line 2: Cost, USD: 'many' is no number"),
        ("day,model,cost\n2026-11-20,m,NaN\n", "is no number"),
        ("day,model,cost\n2026-11-20,m,1e-999999\n", "is no number"),
        ("day,model,cost\n2026-11-20,m,1e10\n", "is too much"),
        ("day,model,requests\n2026-11-20,m,1.5\n", "is no count"),
        ("day,model,requests\n2026-11-20,m,-1\n", "is no count"),
        (f"day,model,requests\n2026-11-20,m,{2**40 + 1}\n", "is no count"),
        ('day,model,cost\n2026-11-20,"m,1\n', "line"),
        (f"day,model,cost\n2026-11-20,{'m' * 3000},1\n", "the cell is too long"),
        ("day,model,cost\n9999999999,m,x\n", "Cost, USD"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        lines(text)


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(Unreadable, match="Cost, USD: the file has no column 'price'"):
        lines("day,model,cost\n2026-11-20,m,1\n", cost="price")


def test_a_file_that_is_no_text_or_too_large_or_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreadable, match="UTF-8"):
        read(b"PK\x03\x04\xff\xfe", preset="plain", given={})
    monkeypatch.setattr(reading, "MOST_LINES", 2)
    with pytest.raises(Unreadable, match="more than 2 lines"):
        lines("day,model,cost\n" + "2026-11-20,m,1\n" * 3)
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    with pytest.raises(Unreadable, match="larger than"):
        lines("day,model,cost\n2026-11-20,m,1\n")
