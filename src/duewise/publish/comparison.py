"""The chosen action beside the second best, in words: from what the details of a night hold."""

import functools
from collections.abc import Mapping
from importlib import resources
from typing import Any

import yaml

from duewise.contracts.labels import code_label
from duewise.contracts.money import money_text
from duewise.contracts.vocabulary import NONE

COLUMNS = ("over_runner_up", "difference_reasons", "flip")


def comparison_of(
    row: Mapping[str, Any], details: Mapping[str, Any] | None, language: str, currency: str
) -> dict[str, Any] | None:
    """Return the difference to the runner-up, what is behind it, and the smallest changes that flip it.

    Parameters
    ----------
    row, details : mapping
        Of one debtor; details None where the night wrote none.

    Returns
    -------
    dict or None
        The columns `COLUMNS` as they were written, and ``text``: sentences. None where nothing was compared.
    """
    told = {name: (details or {}).get(name) for name in COLUMNS}
    if told["over_runner_up"] is None and told["flip"] is None:
        return None
    texts = _texts()[language]

    def money(amount: float) -> str:
        return money_text(amount, currency, language)

    def signed(amount: float) -> str:
        return f"+{money(amount)}" if amount > 0 else money(amount)

    def action(code: str) -> str:
        return code_label("action", code, language)

    sentences = []
    difference = told["over_runner_up"]
    if difference is not None and difference["gain"] is not None:
        parts = {name: signed(value or 0.0) for name, value in difference.items()}
        sentences.append(texts["difference"].format(runner_up=action(row["runner_up_action"]), **parts))
    if told["difference_reasons"]:
        features = texts["listing"].join(
            texts["feature"].format(name=one[language], money=signed(one["money"]))
            for one in told["difference_reasons"]
        )
        sentences.append(texts["features"].format(features=features))
    flip = told["flip"]
    if flip is not None:
        kind = "cheaper" if row["action"] == NONE else "dearer"
        sentences.append(
            texts[kind].format(cost=money(abs(flip["cost"])), alternative=action(flip["alternative"]))
        )
        if flip["limit"] is not None:
            sentences.append(
                texts["less" if flip["units"] < 0 else "more"].format(
                    units=f"{abs(flip['units']):,.0f}",
                    limit=_limit(flip["limit"], language),
                    then=action(flip["then"]),
                )
            )
    return {**told, "text": sentences}


def _limit(name: str, language: str) -> str:
    """Return what people call a limit: a resource, or an action whose capacity it is."""
    resource = code_label("resource", name, language)
    return code_label("action", name, language) if resource == name else resource


@functools.cache
def _texts() -> dict[str, dict[str, str]]:
    text = resources.files("duewise.publish").joinpath("comparison.yaml").read_text(encoding="utf-8")
    content: dict[str, dict[str, str]] = yaml.safe_load(text)
    return content
