"""Feature frames: numbers in float32, words as categories with levels that can be frozen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa

from duewise.contracts.vocabulary import Bucket
from duewise.features.registry import Feature

MOST_LEVELS = 200
"""Levels kept of a category without a vocabulary, the most frequent ones: beyond, each says too little."""

Levels = Mapping[str, Sequence[str]]


def stack(parts: Sequence[ibis.Table | pa.Table], words: Collection[str] = ()) -> pd.DataFrame:
    """Return tables of one shape, one below the other, as one pandas frame with ``as_of`` as a time.

    Parameters
    ----------
    words : collection of str
        Columns to hold as categories: codes, not text, reach pandas.
    """
    table = pa.concat_tables(part if isinstance(part, pa.Table) else part.to_pyarrow() for part in parts)
    for name in words:
        position = table.column_names.index(name)
        table = table.set_column(position, name, table[name].cast(pa.string()).dictionary_encode())
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True, date_as_object=False)
    return frame.assign(as_of=frame["as_of"].astype("datetime64[s]"))


def to_frame(parts: Sequence[pa.Table], features: Sequence[Feature]) -> pd.DataFrame:
    """Return snapshots as one pandas frame.

    Parameters
    ----------
    parts : sequence of pyarrow.Table
        Snapshots of one shape.
    features : sequence of Feature
        Which columns are categories, and the levels of those with a vocabulary.
    """
    vocabularies = {f.name: f.levels for f in features if f.is_category}
    vocabularies |= {"bucket": tuple(map(str, Bucket)), "region": ()}
    frame = stack(parts, words=vocabularies)
    levels = {name: listed or most_frequent(frame[name]) for name, listed in vocabularies.items()}
    return with_levels(frame, levels)


def most_frequent(words: pd.Series[Any]) -> list[str]:
    """Return the levels of a category without a vocabulary: the most frequent words, sorted."""
    counts = words.value_counts().rename_axis("word").reset_index(name="n").astype({"word": str})
    ranked = counts[counts["n"] > 0].sort_values(["n", "word"], ascending=[False, True])["word"]
    return sorted(ranked.iloc[:MOST_LEVELS])


def levels_of(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Return the levels of every category, to be frozen with a model."""
    return {
        str(name): list(column.cat.categories)
        for name, column in frame.items()
        if isinstance(column.dtype, pd.CategoricalDtype)
    }


def with_levels(frame: pd.DataFrame, levels: Levels) -> pd.DataFrame:
    """Return `frame` with its words as categories of the given levels; other words become missing."""
    typed = {name: _category(frame[name], listed) for name, listed in levels.items() if name in frame}
    return frame.assign(**typed)


def _category(words: pd.Series[Any], levels: Sequence[str]) -> pd.Series[Any]:
    if isinstance(words.dtype, pd.CategoricalDtype):
        return words.cat.set_categories(list(levels))
    return words.astype(pd.CategoricalDtype(list(levels)))
