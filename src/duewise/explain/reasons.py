"""Reasons in words: for each reason its code, its direction and the fact behind it.

Sentences are made feature by feature, never row by row: a million debtors have five million of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from duewise.contracts.strategies import REASON_COUNT
from duewise.explain.explanation import Explanation
from duewise.explain.locale import Locale, load_locale
from duewise.explain.templates import blanks, fill, lone_singular, texts_of
from duewise.explain.value_text import value_text
from duewise.features.registry import Feature, Unit

ROWS_AT_ONCE = 250_000
DECIMALS = 4  # finer differences are never written, and would each make a text of their own
BLANK = "value"


def reason_columns(
    explanation: Explanation,
    debtors: pd.DataFrame,
    features: Mapping[str, Feature],
    language: str,
    currency: str,
) -> dict[str, pa.ChunkedArray]:
    """Return the columns ``reason_1`` … of the strategies: structs of code, direction and text.

    Parameters
    ----------
    explanation : Explanation
        Of the rows of `debtors`, in their order.
    debtors : DataFrame
        Feature values.
    features : mapping of name to Feature
        The catalogue, with the extra columns that the portfolio declares.
    language : {"en", "zh"}
    """
    locale = load_locale(language)
    blocks = [
        _block(explanation, debtors, slice(start, start + ROWS_AT_ONCE), features, locale, currency)
        for start in range(0, max(1, len(debtors)), ROWS_AT_ONCE)
    ]
    return {f"reason_{k + 1}": pa.chunked_array([block[k] for block in blocks]) for k in range(REASON_COUNT)}


def sentences(
    feature: Feature,
    debtors: pd.DataFrame,
    features: Mapping[str, Feature],
    locale: Locale,
    currency: str,
) -> pa.Array:
    """Return the fact behind a reason of `feature` for each row of `debtors`."""
    own = _values(debtors, feature)
    plain = fill(locale.plain_fact(feature), {BLANK: _texts(own, feature, locale, currency)})
    named = blanks_of(feature, locale)
    if not named or any(name not in features or name not in debtors for name in named):
        return lone_singular(_special(plain, own, [own], feature, locale), locale.plurals)
    values = {name: _values(debtors, features[name]) for name in named}
    texts = {name: _texts(values[name], features[name], locale, currency) for name in named}
    written = pc.coalesce(fill(locale.fact_of(feature), texts), plain)
    return lone_singular(_special(written, own, [*values.values()], feature, locale), locale.plurals)


def blanks_of(feature: Feature, locale: Locale) -> list[str]:
    """Return the features that the fact of `feature` names; none where the catalogue wrote no sentence."""
    return blanks(locale.fact_of(feature)) if locale.has_own_fact(feature) else []


def _special(written: pa.Array, own: Any, named: Sequence[Any], feature: Feature, locale: Locale) -> pa.Array:
    """Return `written` with what a missing value means, and what it means that all named values are zero."""
    zero = locale.zero_text(feature)
    if zero is not None:
        nothing = np.all([(values == 0) | pd.isna(values) for values in (own, *named)], axis=0)
        written = pc.if_else(pa.array(nothing), zero, written)
    return pc.if_else(pa.array(np.asarray(pd.isna(own))), locale.missing_text(feature), written)


def _block(
    explanation: Explanation,
    debtors: pd.DataFrame,
    rows: slice,
    features: Mapping[str, Feature],
    locale: Locale,
    currency: str,
) -> list[pa.StructArray]:
    speaker = explanation.speaker[rows].ravel()
    order = np.argsort(speaker, kind="stable")
    written = []
    ends = np.searchsorted(speaker[order], np.arange(-1, len(explanation.names)), side="right")
    for position, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True), start=-1):
        if position < 0:
            written.append(pa.nulls(end - start, pa.string()))
        elif end > start:
            feature = features[explanation.names[position]]
            needed = {feature.name, *blanks_of(feature, locale)} & set(debtors.columns)
            told = debtors[sorted(needed)].iloc[rows].take(order[start:end] // REASON_COUNT)
            written.append(sentences(feature, told, features, locale, currency))
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    text = pa.concat_arrays(written).take(pa.array(place))
    silent = pa.array(speaker < 0)
    code = pa.array(explanation.names, type=pa.string()).take(pa.array(np.maximum(speaker, 0)))
    up = explanation.contribution[rows].ravel() > 0
    direction = pa.array(["down", "up"]).take(pa.array(up.astype(np.int8)))
    whole = pa.StructArray.from_arrays([code, direction, text], ["code", "direction", "text"], mask=silent)
    return [whole.take(pa.array(np.arange(k, len(speaker), REASON_COUNT))) for k in range(REASON_COUNT)]


def _values(debtors: pd.DataFrame, feature: Feature) -> Any:
    """Return the values of a feature: words for a category, else numbers as fine as they are written."""
    column = debtors[feature.name]
    if feature.unit is Unit.CATEGORY:
        return column.astype(object)
    return column.to_numpy(dtype=np.float64, na_value=np.nan).round(DECIMALS)


def _texts(values: Any, feature: Feature, locale: Locale, currency: str) -> pa.Array:
    return texts_of(values, partial(value_text, unit=feature.unit, locale=locale, currency=currency))
