"""How tests look at the page: a portfolio whose nights are synthetic, signing in, and the tokens of forms."""

from datetime import date
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from duewise.config import Portfolio, parse_portfolio

NIGHTS = (date(2026, 5, 31), date(2026, 6, 1))
DEBTORS = 300
PASSWORD = "correct horse battery"


def page_portfolio(runs: Path, **serve: Any) -> Portfolio:
    """Return a portfolio whose runs lie in `runs`."""
    return parse_portfolio(
        {
            "portfolio": {"name": "shown", "language": "en"},
            "sources": {"path": str(runs.parent / "data")},
            "actions": {"sms": {"cost": 0.1}, "call": {"cost": 4}, "litigation": {"cost": 300}},
            "publish": {"runs": str(runs)},
            "serve": serve,
        },
        origin="test",
    )


def form_token(page: str) -> str:
    """Return the token that the forms of a page bring back."""
    return page.partition('name="form_token" value="')[2].partition('"')[0]


def sign_in(browser: TestClient, name: str, password: str, **more: str) -> Any:
    token = form_token(browser.get("/sign-in").text)
    return browser.post("/sign-in", data={"name": name, "password": password, "form_token": token, **more})


def first_debtor(browser: TestClient, **query: str) -> str:
    """Return the id of the first debtor of a list."""
    rows = browser.get("/api/v1/strategies", params={"limit": "1", **query}).json()["strategies"]
    return str(rows[0]["debtor_id"])
