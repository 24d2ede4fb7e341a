"""scripts/bootstrap.py on a small checkout of its own: one wheel made here, no network."""

import base64
import hashlib
import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder with a space, whose locks ask for one wheel, and for a uv that cannot be had."""
    folder = tmp_path / "a clone"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "bootstrap.py", folder / "scripts")
    (folder / "platform" / "kernel").mkdir(parents=True)
    (folder / "platform" / "kernel" / "__init__.py").write_text("")
    (folder / "manage.py").write_text(
        "import sys, probe, kernel, platform\nplatform.system()\nprint(sys.argv[1:])\n"
    )
    lock(folder, probe=wheel(folder, "probe", {"probe.py": ""}))
    return folder


def wheel(checkout: Path, name: str, files: dict[str, str]) -> str:
    """Write version 1.0 of `name` as a wheel where pip will look; return its SHA-256."""
    info = f"{name}-1.0.dist-info"
    described = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{path},sha256={hash_of(text)},{len(text)}" for path, text in described.items()]
    path = checkout.parent / "wheels" / f"{name}-1.0-py3-none-any.whl"
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in (
            described | {f"{info}/RECORD": "\n".join([*record, f"{info}/RECORD,,", ""])}
        ).items():
            entry = zipfile.ZipInfo(member)
            entry.external_attr = 0o100755 << 16  # a file that may be run
            archive.writestr(entry, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def hash_of(text: str) -> str:
    """Return the hash as a wheel's record spells it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def lock(checkout: Path, *, probe: str, uv: str = "0" * 64) -> None:
    """Write both lock files with these hashes; the default for uv fits nothing."""
    entry = "{}==1.0 \\\n    --hash=sha256:{}\n"
    (checkout / "requirements.txt").write_text(entry.format("probe", probe))
    (checkout / "requirements-dev.txt").write_text(entry.format("probe", probe) + entry.format("uv", uv))


def bootstrap(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a newcomer does: by the system's Python, from another folder."""
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": (checkout.parent / "wheels").as_uri(),
        "PIP_CONFIG_FILE": os.devnull,
    }
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    base = getattr(sys, "_base_executable", sys.executable)
    return subprocess.run(
        [base, checkout / "scripts" / "bootstrap.py", *arguments],
        cwd=checkout.parent,
        env=kept | offline,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_installs_by_pip_where_uv_cannot_be_had_then_runs_with_both_roots(checkout: Path) -> None:
    done = bootstrap(checkout, "run", "--port", "9000")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['up', '--port', '9000']\n"
    assert "uv could not be had" in done.stderr


def test_does_nothing_the_second_time_until_the_lock_changes(checkout: Path) -> None:
    bootstrap(checkout, "install")
    assert bootstrap(checkout, "install").stderr == ""
    with (checkout / "requirements.txt").open("a") as locked:
        locked.write("# one more line\n")
    assert "installing requirements.txt" in bootstrap(checkout, "install").stderr


def test_lets_pip_finish_what_uv_could_not_and_counts_development_as_runtime_too(checkout: Path) -> None:
    broken_uv = wheel(checkout, "uv", {"uv-1.0.data/scripts/uv": "#!/bin/sh\nexit 1\n"})
    lock(checkout, probe=wheel(checkout, "probe", {"probe.py": ""}), uv=broken_uv)
    done = bootstrap(checkout, "install", "--dev")
    assert done.returncode == 0, done.stderr
    assert "uv could not install it" in done.stderr
    assert bootstrap(checkout, "run").stderr == ""


def test_installs_again_after_the_checkout_was_moved(checkout: Path) -> None:
    bootstrap(checkout, "install")
    moved = checkout.rename(checkout.parent / "elsewhere")
    done = bootstrap(moved, "run")
    assert "installing requirements.txt" in done.stderr
    assert done.stdout == "['up']\n"


def test_refuses_a_package_whose_hash_is_not_the_locked_one(checkout: Path) -> None:
    lock(checkout, probe="0" * 64)
    done = bootstrap(checkout, "install")
    assert done.returncode == 1
    assert (
        done.stderr.splitlines()[-1]
        == "tollway: requirements.txt could not be installed; the reason stands above."
    )
    assert "installing" in bootstrap(checkout, "install").stderr, "a failed install must not leave a stamp"


def test_tells_an_older_python_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / "scripts" / "bootstrap.py"))
    assert str(stop.value).startswith("tollway: Python 3.11 or newer is needed; this is Python ")


@pytest.mark.parametrize("arguments", [("up",), ("install", "--all")])
def test_explains_itself_when_asked_for_what_it_does_not_know(
    checkout: Path, arguments: tuple[str, ...]
) -> None:
    done = bootstrap(checkout, *arguments)
    assert done.returncode == 2
    assert done.stdout.startswith("usage: python3 scripts/bootstrap.py COMMAND")


def test_takes_uv_with_its_hashes_from_the_development_lock() -> None:
    take = runpy.run_path(str(ROOT / "scripts" / "bootstrap.py"))["uv_requirement"]
    entry = take((ROOT / "requirements-dev.txt").read_text())
    first, *hashes = entry.splitlines()
    assert first.startswith("uv==")
    assert len(hashes) > 5
    assert all(line.strip().startswith("--hash=sha256:") for line in hashes)
