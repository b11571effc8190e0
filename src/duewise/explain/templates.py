"""Sentences with blanks, filled for many rows at once."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def blanks(template: str) -> list[str]:
    """Return the names of the blanks of a template.

    Examples
    --------
    >>> blanks("kept {kept} of {due} promises")
    ['kept', 'due']
    """
    return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]


def fill(template: str, values: Mapping[str, pa.Array]) -> pa.Array:
    """Return `template` once per row with its blanks filled; null where a value is null.

    Examples
    --------
    >>> fill("kept {kept} of {due}", {"kept": pa.array(["0", "3"]), "due": pa.array(["1", "4"])}).to_pylist()
    ['kept 0 of 1', 'kept 3 of 4']
    """
    pieces: list[Any] = []
    for text, name, _, _ in string.Formatter().parse(template):
        pieces += [pa.scalar(text)] if text else []
        pieces += [values[name]] if name is not None else []
    return pc.binary_join_element_wise(*pieces, pa.scalar(""))


def texts_of(values: Any, text: Callable[[Any], str]) -> pa.Array:
    """Return `text` of each value, made once per distinct value; null where the value is missing.

    Parameters
    ----------
    values : ndarray or Series of shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> texts_of(np.array([2.0, np.nan, 2.0]), lambda value: f"{value:.0f} days").to_pylist()
    ['2 days', None, '2 days']
    """
    codes, distinct = pd.factorize(values)
    made = pa.array([text(value) for value in distinct], type=pa.string())
    return made.take(pa.array(codes, mask=codes < 0))


def lone_singular(sentences: pa.Array, nouns: Sequence[str]) -> pa.Array:
    """Return the sentences with the plural s cut from `nouns` that follow a lone 1.

    Examples
    --------
    >>> lone_singular(pa.array(["1 days ago", "21 days ago", "2.1 months"]), ["day", "month"]).to_pylist()
    ['1 day ago', '21 days ago', '2.1 months']
    """
    if not nouns:
        return sentences
    pattern = rf"(^|[^0-9.,])1 ((?:[A-Za-z-]+ ){{0,2}})({'|'.join(map(re.escape, nouns))})s\b"
    return pc.replace_substring_regex(sentences, pattern, r"\11 \2\3")
