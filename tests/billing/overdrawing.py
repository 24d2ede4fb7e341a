"""Plays rounds in which very many requests want the same credit at once, through the gates of two processes."""

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

from django.conf import settings

from billing.settlement import Settlement
from tests.billing import gate_apart, rows
from tests.billing.test_admission import ask

AT_ONCE = 200
PROCESSES = 2
_PATIENCE = 60  # seconds for one answer of a process


@dataclass(frozen=True)
class Round:
    """What came of one round: for how many requests there was credit, and what each of all got; money in nano-USD."""

    covered: int
    admitted: int
    by_process: tuple[int, ...]
    refused: Counter[str]
    hold: int
    funds: int
    held: int
    left: int
    held_at_last: int
    seconds: float

    @property
    def exact(self) -> bool:
        """Whether as many were let in as the credit covers, no more was held, and what is left is not below zero."""
        return (
            self.admitted == self.covered
            and self.admitted + self.refused.total() == AT_ONCE
            and self.held == self.covered * self.hold
            and self.held_at_last == 0
            and self.left >= 0
        )


Process = tuple[Connection, Any]


@contextmanager
def gates() -> Iterator[list[Connection]]:
    """Start processes with a gate each on the present database; they end with the block."""
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(PROCESSES):
        here, there = spawn.Pipe()
        process = spawn.Process(
            target=gate_apart.serve, args=(there, settings.DATABASES["default"]["NAME"]), daemon=True
        )
        process.start()
        there.close()
        pipes.append(here)
        processes.append(process)
    try:
        for pipe in pipes:
            assert _answer(pipe) == "ready"
        yield pipes
    finally:
        for pipe in pipes:
            pipe.send(None)
            pipe.close()
        for process in processes:
            process.join(_PATIENCE)
            process.close()


def play(pipes: list[Connection], dice: random.Random) -> Round:
    """Let all requests of a round begin at once, then settle those that were let in for what they held or less."""
    workspace, hold = rows.workspace(), dice.randrange(1, 10**9)
    covered = dice.choice((0, 1, AT_ONCE - 1, AT_ONCE, *(dice.randrange(AT_ONCE) for _ in range(6))))
    funds = covered * hold + dice.randrange(hold)
    if funds:
        rows.fund(workspace, funds)
    asks = [
        ask(workspace_id=workspace, hold=hold, minute_cap=None, hour_cap=None, day_cap=None)
        for _ in range(AT_ONCE)
    ]
    began = time.monotonic()
    verdicts = _told(pipes, "admit", [asks[place::PROCESSES] for place in range(PROCESSES)])
    seconds = time.monotonic() - began
    account = rows.account(workspace)
    let_in = [[request for request, code in told if code == ""] for told in verdicts]
    _told(
        pipes, "settle", [[_settled(request, workspace, hold, dice) for request in each] for each in let_in]
    )
    after = rows.account(workspace)
    return Round(
        covered=covered,
        admitted=sum(len(each) for each in let_in),
        by_process=tuple(len(each) for each in let_in),
        refused=Counter(code for told in verdicts for _, code in told if code),
        hold=hold,
        funds=funds,
        held=account["held"],
        left=after["posted"] - after["unbilled"],
        held_at_last=after["held"],
        seconds=seconds,
    )


def _settled(request: UUID, workspace: int, hold: int, dice: random.Random) -> Settlement:
    return Settlement(
        request_id=request, workspace_id=workspace, status="ok", http_status=200, usage_source="upstream",
        cost=dice.choice((hold, dice.randrange(hold + 1))), multipliers="",
    )  # fmt: skip


def _told(pipes: list[Connection], what: str, shares: list[list[Any]]) -> list[list[tuple[UUID, str]]]:
    for pipe, share in zip(pipes, shares, strict=True):
        pipe.send((what, share))
    return [_answer(pipe) for pipe in pipes]


def _answer(pipe: Connection) -> Any:
    if not pipe.poll(_PATIENCE):
        raise TimeoutError(f"a process of the round said nothing for {_PATIENCE} s")
    return pipe.recv()
