"""What a paper looks like, whatever it is drawn on: its facts, parties, tables and notes, made of its content alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from billing import figures
from billing.models import Paper
from kernel import money

from . import papers
from .months import Month

__all__ = ["CLASSES", "Cell", "Face", "Head", "Party", "Table", "face"]

# The counts with a column of their own; the others stand below the model's name.
COLUMNS: Mapping[str, str] = {
    "input_tokens": "Input",
    "cached_tokens": "Cached",
    "cache_write_tokens": "Cache writes",
    "output_tokens": "Output",
    "reasoning_tokens": "Reasoning",
}
OTHERS: Mapping[str, str] = {
    "cache_write_1h_tokens": "cache writes kept 1 h",
    "image_in_tokens": "image tokens in",
    "image_out_tokens": "image tokens out",
    "audio_in_tokens": "audio tokens in",
    "audio_out_tokens": "audio tokens out",
    "images": "images",
    "web_searches": "web searches",
}
CLASSES = (*COLUMNS, *OTHERS)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; figures are set flush right."""

    label: str
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with a smaller one below it, or an amount of nano-USD with so many decimals."""

    text: str = ""
    under: str = ""
    nano: int | None = None
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads, sums at the foot; `wide` has many columns."""

    title: str
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    foot: Sequence[Sequence[Cell]] = ()
    note: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """Who issues, or whom it is made out to."""

    role: str
    name: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Face:
    """A paper ready to be drawn."""

    kind: str
    number: str
    issued: datetime
    facts: Sequence[tuple[str, str]]
    parties: Sequence[Party]
    figure: Cell
    figure_says: str
    sentence: str
    tables: Sequence[Table]
    notes: Sequence[str]

    @property
    def title(self) -> str:
        """What the document is called: Receipt R-000123."""
        return f"{self.kind} {self.number}"


def face(paper: Paper) -> Face:
    """Return what a paper shows. Raises ValueError if its content is not what was written."""
    said = papers.content(paper)
    issued = datetime.fromisoformat(said["issued_at"])
    parties = [_party("Made out to", said["customer"])]
    if said["issuer"]:
        parties.insert(0, _party("Issued by", said["issuer"]))
    facts = [
        ("Number", said["number"]),
        ("Issued", f"{figures.day(issued.date(), year=True)}, {issued:%H:%M} UTC"),
    ]
    if said["customer"]["reference"]:
        facts.append(("Your reference", said["customer"]["reference"]))
    notes = [note for note in ((said["issuer"] or {}).get("note", ""),) if note]
    draw = _statement if paper.kind == Paper.Kind.STATEMENT else _payment
    return draw(
        said,
        Face(Paper.Kind(paper.kind).label, said["number"], issued, facts, parties, Cell(), "", "", (), notes),
    )


def _party(role: str, said: Mapping[str, Any]) -> Party:
    lines = [*said["lines"]]
    if said["tax_id"]:
        lines.append(f"Tax id {said['tax_id']}")
    if said["email"]:
        lines.append(said["email"])
    return Party(role, said["name"], lines)


def _payment(said: Mapping[str, Any], begun: Face) -> Face:
    payment, workspace = said["payment"], said["customer"]["workspace"]
    amount = _exact(payment["amount"])
    received = said["kind"] == Paper.Kind.RECEIPT
    day = _day(payment["day"])
    corrects = ", ".join(payment["corrects"])
    facts = [*begun.facts, ("Received" if received else "Given back", f"{day} (UTC)")]
    if corrects:
        facts.append(("Corrects", corrects))
    what = (
        f"Prepaid credit for {workspace}"
        if received
        else f"{payment['what']} of prepaid credit of {workspace}"
    )
    return replace(
        begun,
        facts=facts,
        figure=amount,
        figure_says="Paid" if received else "Refunded",
        sentence="Nothing is due." if received else "Taken off the balance on the same day.",
        tables=[
            Table(
                title="",
                heads=[Head("What"), Head("Amount in USD", figures=True)],
                rows=[[Cell(what, under=f"Ledger transaction {payment['transaction']}"), amount]],
                foot=[[Cell("Total"), amount]],
            )
        ],
        notes=begun.notes,
    )


def _statement(said: Mapping[str, Any], begun: Face) -> Face:
    usage, account = said["usage"], said["account"]
    month = Month.of(date.fromisoformat(said["period"]["first"]))
    return replace(
        begun,
        facts=[*begun.facts, ("Month", f"{month.words}, days in UTC")],
        figure=Cell(nano=money.from_cents(usage["cents"])),
        figure_says=f"Used in {month.words}",
        sentence="No amount due. Usage was paid from prepaid credit.",
        tables=[_balance(account, month), _by_model(usage), *_moved(account)],
        notes=[
            *begun.notes,
            "This is a statement of usage, not an invoice: no amount is due and no tax is shown.",
            _cents_note(usage),
        ],
    )


def _balance(account: Mapping[str, Any], month: Month) -> Table:
    rows = [[Cell(what), _nano(amount)] for what, amount in account["kinds"]]
    opening = [Cell(f"Balance on {figures.day(month.first)}, 00:00"), _nano(account["opening"])]
    closing = [Cell(f"Balance on {figures.day(month.last)}, 24:00"), _nano(account["closing"])]
    return Table("Balance", [Head("What"), Head("Amount in USD", figures=True)], [opening, *rows], [closing])


def _by_model(usage: Mapping[str, Any]) -> Table:
    heads = ["Requests", *COLUMNS.values(), "Amount in USD"]
    rows = [_line(line, Cell(line["model"], under=line["key"])) for line in usage["lines"]]
    if usage["rest"]:
        more = f"{figures.count(usage['rest']['parts'])} further lines"
        rows.append(_line(usage["rest"], Cell(more, under="in full in the CSV of all requests")))
    blank = [Cell()] * len(COLUMNS)
    if usage["late"]:
        says = Cell("Charged late", under="of days before this month")
        rows.append([says, Cell(), *blank, _cents(usage["late"]["cents"])])
    foot = [Cell("Total"), Cell(figures.count(usage["requests"])), *blank, _cents(usage["cents"])]
    return Table(
        "Usage by model and key",
        [Head("Model and key"), *(Head(label, figures=True) for label in heads)],
        rows,
        [foot],
        note="" if rows else "Nothing was used.",
        wide=True,
    )


def _line(line: Mapping[str, Any], name: Cell) -> list[Cell]:
    counts: Mapping[str, int] = line["counts"]
    others = [f"{figures.count(counts[each])} {label}" for each, label in OTHERS.items() if counts.get(each)]
    requests = Cell(
        figures.count(line["requests"]),
        under=f"{figures.count(line['failed'])} failed" if line["failed"] else "",
    )
    return [
        Cell(name.text, under=" · ".join(part for part in (name.under, *others) if part)),
        requests,
        *(Cell(figures.count(counts[each]) if counts.get(each) else "") for each in COLUMNS),
        _cents(line["cents"]),
    ]


def _moved(account: Mapping[str, Any]) -> list[Table]:
    rows = [
        [Cell(_day(moved["day"])), Cell(moved["what"]), _nano(moved["amount"])]
        for moved in account["movements"]
    ]
    if account["more"]:
        more = f"{figures.count(account['more']['count'])} further movements"
        rows.append([Cell(), Cell(more), _nano(account["more"]["amount"])])
    heads = [Head("Day"), Head("What"), Head("Amount in USD", figures=True)]
    return [Table("Movements beside usage", heads, rows)] if rows else []


def _cents_note(usage: Mapping[str, Any]) -> str:
    return (
        f"To the last digit, {money.show(usage['nano'])} USD was used. Brought forward below a cent:"
        f" {money.show(usage['brought'])}; carried into the next statement: {money.show(usage['carried'])}."
        " Lines are in whole cents and sum to the total; the balance is exact."
    )


def _day(text: str) -> str:
    return figures.day(date.fromisoformat(text), year=True)


def _nano(amount: int) -> Cell:
    return Cell(nano=amount, decimals=9)


def _cents(cents: int) -> Cell:
    return Cell(nano=money.from_cents(cents), decimals=2)


def _exact(amount: int) -> Cell:
    """Set an amount in cents, or to the last digit where it has more."""
    return Cell(nano=amount, decimals=9 if amount % money.NANO_PER_CENT else 2)
