"""What to say to a debtor: sentences by tone, stage, offer, segment and queue of the published row."""

import functools
from collections.abc import Collection, Mapping
from importlib import resources
from typing import Any

import yaml

from duewise.contracts.money import money_text
from duewise.contracts.vocabulary import LIVE_CHANNELS, NONE

_BY_COLUMN = ("stage", "offer", "segment", "queue")


def talking_points(
    row: Mapping[str, Any], actions: Collection[str], language: str, currency: str
) -> list[dict[str, str]]:
    """Return what to say, in the order in which to say it.

    Parameters
    ----------
    row : mapping
        Columns of ``strategies``.
    actions : collection of str
        What the portfolio can do; where the rules deny all of it, nobody gets in touch.

    Returns
    -------
    list of dict
        ``code`` (such as ``stage.legal``: stable) and ``text``. The opening speaks of a call where the
        action is one, and else of a debtor who gets in touch; where nothing is permitted, one point says so.
    """
    texts = _texts()[language]
    if row["action"] == NONE and set(actions) <= {denial["action"] for denial in row["denied"] or ()}:
        return [{"code": "nobody", "text": texts["nobody"]}]
    facts = _facts(row, language, currency)
    found = [_opening(row, texts)]
    for column in _BY_COLUMN:
        text = texts[column].get(row[column])
        if text is not None and all(facts[name] is not None for name in _blanks(text)):
            found.append((f"{column}.{row[column]}", text))
    found.append(("closing", texts["closing"]))
    return [{"code": code, "text": text.format(**facts)} for code, text in found]


def _opening(row: Mapping[str, Any], texts: Mapping[str, Any]) -> tuple[str, str]:
    if row["action"] in LIVE_CHANNELS and row["tone"] is not None:
        return f"opening.{row['tone']}", texts["opening"][row["tone"]]
    return "inbound", texts["inbound"]


def _facts(row: Mapping[str, Any], language: str, currency: str) -> dict[str, str | None]:
    def money(column: str) -> str | None:
        return None if row[column] is None else money_text(row[column], currency, language)

    def count(column: str) -> str | None:
        return None if row[column] is None else f"{row[column]:,}"

    return {
        "owed": money("balance"),
        "dpd": count("dpd"),
        "amount": money("offer_amount"),
        "months": count("offer_months"),
    }


def _blanks(text: str) -> list[str]:
    return [name for name in ("owed", "dpd", "amount", "months") if f"{{{name}}}" in text]


@functools.cache
def _texts() -> dict[str, dict[str, Any]]:
    text = resources.files("duewise.publish").joinpath("talking_points.yaml").read_text(encoding="utf-8")
    content: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return content
