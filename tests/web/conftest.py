"""Two synthetic nights, and the page as somebody sees it who has signed in, or has not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from duewise.web.app import create_app
from duewise.web.serve import open_site
from duewise.web.users import keep_user
from page_visits import DEBTORS, NIGHTS, PASSWORD, page_portfolio, sign_in
from synthetic_nights import publish_synthetic_night

Open = Callable[..., TestClient]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights of the same debtors."""
    folder = tmp_path_factory.mktemp("shown") / "runs"
    for night in NIGHTS:
        publish_synthetic_night(page_portfolio(folder), night, DEBTORS)
    return folder


@pytest.fixture(scope="session")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manager, an auditor, an agent of one region, and a machine."""
    path = tmp_path_factory.mktemp("users") / "users.yaml"
    keep_user(path, "mei", "manager", [], [], password=PASSWORD)
    keep_user(path, "audit", "auditor", [], [], password=PASSWORD)
    keep_user(path, "bo", "agent", ["CN-BJ"], [], password=PASSWORD)
    keep_user(path, "crm", "agent", ["CN-BJ"], [], token="a token of the machine")
    return path


@pytest.fixture
def visit(runs: Path) -> Open:
    """Return a browser; options are those of the portfolio's `serve` section."""

    def opened(folder: Path = runs, address: str = "127.0.0.1", **serve: Any) -> TestClient:
        app = create_app(open_site(page_portfolio(folder, **serve)))
        return TestClient(
            app, base_url="https://localhost", client=(address, 50000), follow_redirects=False,
            raise_server_exceptions=False,
        )  # fmt: skip

    return opened


@pytest.fixture
def signed_in(visit: Open, users: Path) -> Callable[[str], TestClient]:
    """Return the browser of somebody who has signed in."""

    def opened(name: str) -> TestClient:
        browser = visit(users=str(users))
        answer = sign_in(browser, name, PASSWORD)
        assert answer.status_code == 303, answer.text
        return browser

    return opened
