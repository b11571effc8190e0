"""One small portfolio with its models, made once for all system tests and all test processes."""

import fcntl
from pathlib import Path

import pytest

from tiny_portfolio import AS_OF, TinyPortfolio, make


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> TinyPortfolio:
    shared = (
        tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    )
    portfolio = TinyPortfolio(shared / "tiny")
    with (shared / "tiny.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (portfolio.folder / "complete").exists():
            make(portfolio)
    return portfolio


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Name of this test process; `master` when there is only one."""
    return getattr(request.config, "workerinput", {"workerid": "master"})["workerid"]


@pytest.fixture(scope="session")
def night(tiny: TinyPortfolio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one published night."""
    runs = tmp_path_factory.mktemp("runs")
    done = tiny.nightly(runs)
    assert done.code == 0, done.stderr
    return runs / AS_OF.isoformat()
