"""Feature frames: numbers in float32, words as categories with levels that can be frozen."""

from collections.abc import Mapping, Sequence

import ibis
import pandas as pd
import pyarrow as pa

from duewise.contracts.vocabulary import Bucket
from duewise.features.registry import Feature

MOST_LEVELS = 200
"""Levels kept of a category without a vocabulary, the most frequent ones: beyond, each says too little."""

Levels = Mapping[str, Sequence[str]]


def stack(parts: Sequence[ibis.Table | pa.Table]) -> pd.DataFrame:
    """Return tables of one shape, one below the other, as one pandas frame with ``as_of`` as a time."""
    arrow = [part if isinstance(part, pa.Table) else part.to_pyarrow() for part in parts]
    frame: pd.DataFrame = pa.concat_tables(arrow).to_pandas(
        split_blocks=True, self_destruct=True, date_as_object=False
    )
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
    frame = stack(parts)
    closed = {f.name: f.levels for f in features if f.is_category and f.levels}
    closed["bucket"] = tuple(map(str, Bucket))
    open_ended = {f.name for f in features if f.is_category and not f.levels} | {"region"}
    present = [c for c in frame.columns if c in closed or c in open_ended]
    levels = {c: closed[c] if c in closed else most_frequent(frame[c]) for c in present}
    return with_levels(frame, levels)


def most_frequent(words: "pd.Series[str]") -> list[str]:
    """Return the levels of a category without a vocabulary: the most frequent words, sorted."""
    counts = words.dropna().astype(str).value_counts().rename_axis("word").reset_index(name="n")
    ranked = counts.sort_values(["n", "word"], ascending=[False, True])["word"]
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
    typed = {c: pd.Categorical(frame[c], categories=list(v)) for c, v in levels.items() if c in frame}
    return frame.assign(**typed)
