"""Every published client shows every capability it is asked for, on one product that is started once for all workers."""

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients import conformance
from tests.clients.capabilities import claims
from tests.clients.clients import CLIENTS

# On a clean machine the clients are installed first.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="session")
def findings(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, dict[str, Any]]:
    """What the run came to, by client and capability; the first worker that asks makes it, the others wait."""
    place = tmp_path_factory.getbasetemp()
    # Workers of one run have folders beside each other.
    shared = place if worker_id == "master" else place.parent
    return _once(shared / "conformance.json")


def _once(file: Path) -> dict[str, dict[str, Any]]:
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            found = conformance.run(list(CLIENTS))
            known = {f"{each.client} {each.capability}": vars(each) for each in found}
            file.write_text(json.dumps(known))
    read: dict[str, dict[str, Any]] = json.loads(file.read_text())
    return read


@pytest.mark.parametrize(("client", "capability"), claims(CLIENTS))
def test_client_shows(findings: dict[str, dict[str, Any]], client: str, capability: str) -> None:
    finding = findings[f"{client} {capability}"]
    if finding["ok"] is None:
        pytest.skip(finding["detail"])
    assert finding["ok"], finding["detail"]
