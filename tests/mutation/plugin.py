"""Makes a pytest run one of mutants; loaded by `-p tests.mutation.plugin`, the tests to play are pytest's arguments."""

import hypothesis
import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take which modules are mutated, how many mutants of each are run, and where the results go."""
    group = parser.getgroup("mutation")
    group.addoption("--mutate", action="append", default=[], metavar="PATH", help="a module or a folder")
    group.addoption("--sample", type=int, default=10, help="so many mutants of a module that moves no money")
    group.addoption("--seed", type=int, default=1, help="of the samples")
    group.addoption(
        "--results", default=".tollway/mutants.jsonl", metavar="FILE", help="where outcomes are kept"
    )
    group.addoption(
        "--slowest", type=float, default=5.0, metavar="SECONDS", help="a test that takes longer is left out"
    )
    group.addoption(
        "--budget",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="so much is spent on tests of other modules, by what they take without the mutant",
    )
    group.addoption("--again", action="store_true", help="run those too whose outcome is settled")


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Let Hypothesis draw the same examples for every mutant, and shrink none."""
    hypothesis.settings.register_profile(
        "mutation",
        hypothesis.settings.get_profile("steady"),
        derandomize=True,
        database=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    hypothesis.settings.load_profile("mutation")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Run the tests once and then every mutant, instead of the tests alone."""
    from tests.mutation.run import Run  # reads the models, so Django has to be set up

    Run(session).all()
    return True
