"""Names of codes and columns for people, in English and Chinese."""

import functools
from importlib import resources
from typing import Any

import yaml

from duewise.contracts.vocabulary import LANGUAGES


def code_label(kind: str, code: str, language: str) -> str:
    """Return what people read for `code` of `kind`; the code itself where no label exists.

    Examples
    --------
    >>> code_label("action", "call", "en"), code_label("action", "call", "zh")
    ('agent call', '人工电话')
    """
    names = _labels().get(kind, {}).get(code)
    return str(names[LANGUAGES.index(language)]) if names else code


def code_labels(kind: str, language: str) -> dict[str, str]:
    """Return every code of `kind` with what people read for it."""
    return {code: names[LANGUAGES.index(language)] for code, names in _labels()[kind].items()}


def column_label(column: str, language: str) -> str:
    """Return the heading of a column of ``strategies``.

    Examples
    --------
    >>> column_label("expected_recovery_90d", "en"), column_label("effect_call", "zh")
    ('expected in 90 days', '人工电话增量')
    """
    exact = _labels()["column"].get(column)
    if exact:
        return str(exact[LANGUAGES.index(language)])
    stem, _, last = column.rpartition("_")
    names = _labels()["column"].get(stem)
    if names is None and column.startswith("effect_"):
        stem, last = "effect", column.removeprefix("effect_")
        names = _labels()["column"][stem]
    if names is None:
        return column
    template = str(names[LANGUAGES.index(language)])
    return template.format(days=last.removesuffix("d"), i=last, action=code_label("action", last, language))


@functools.cache
def _labels() -> dict[str, dict[str, Any]]:
    text = resources.files("duewise.contracts").joinpath("labels.yaml").read_text(encoding="utf-8")
    content: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return content
