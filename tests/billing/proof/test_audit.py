"""The audit command: what it says, how it exits, and that live traffic does not alarm it."""

import json
import threading
import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from billing import rollup
from billing.proof.invariants import INVARIANTS
from tests.billing import rows


def audit(*words: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("audit", *words, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.usefixtures("committed")
def test_the_command_says_what_it_compared() -> None:
    workspace = rows.workspace()
    rows.settle(workspace)
    status, said = audit("--workspace", str(workspace))
    assert status == 0
    assert "I8 quarters" in said
    assert "the money is right" in said
    status, said = audit("--workspace", str(workspace), "--json")
    answer = json.loads(said)
    assert (status, answer["sound"], len(answer["invariants"])) == (0, True, len(INVARIANTS) + 1)


@pytest.mark.usefixtures("committed")
def test_the_command_lists_what_is_broken_and_exits_1() -> None:
    workspace = rows.workspace()
    rows.run("UPDATE billing_account SET unbilled = 5 WHERE workspace_id = %s", workspace)
    try:
        status, said = audit("--workspace", str(workspace))
        assert status == 1
        assert f"I4: workspace {workspace}: unbilled: expected 0, found 5" in said
        status, said = audit("--workspace", str(workspace), "--json")
        assert status == 1
        assert json.loads(said)["sound"] is False
    finally:
        rows.run("UPDATE billing_account SET unbilled = 0 WHERE workspace_id = %s", workspace)


@pytest.mark.usefixtures("committed")
def test_live_traffic_makes_no_false_alarm() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 10**9)
    until = time.monotonic() + 4

    def settle() -> None:
        try:
            while time.monotonic() < until:
                rows.settle(workspace)
                rows.admit(workspace, hold=1)
        finally:
            connection.close()

    def charge() -> None:
        try:
            while time.monotonic() < until:
                rollup.close(workspace)
                rollup.post(workspace)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for work in (settle, settle, charge)]
    for thread in threads:
        thread.start()
    try:
        rounds = 0
        while time.monotonic() < until:
            status, said = audit("--workspace", str(workspace))
            assert status == 0, said
            rounds += 1
    finally:
        for thread in threads:
            thread.join()
    assert rounds > 3
