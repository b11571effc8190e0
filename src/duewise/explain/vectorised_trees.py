"""A LightGBM model as woodelf computes on it: every split a comparison of small integer codes.

woodelf (MIT licence) computes path-dependent Shapley values with whole columns at a time. Its own reader of
LightGBM models knows neither categorical splits nor LightGBM's three ways with missing values, and it
compares floating-point columns. So the trees are built here from LightGBM's dump, and the table is coded
once: a number becomes its position among the thresholds of its feature, a category stays its number. The walk
over the leaves is here too, because woodelf's own keeps the interpreter locked and so one core idle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from woodelf.core.cube_metric import ShapleyValues
from woodelf.core.decision_patterns import decision_patterns_generator, ignore_right_neighbor
from woodelf.core.path_to_s_vectors.lts_recursive_p2s import LTSRecursivePathToSVectors
from woodelf.core.trees.decision_trees_ensemble import DecisionTreeNode
from woodelf.core.utils import get_covers_vector, get_unique_features_in_path

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Table = NDArray[np.floating[Any]]

DEEPEST = 60  # woodelf keeps one bit per feature of a path in a signed 64-bit integer
ZERO_WIDTH = 1e-35  # what LightGBM takes for zero where zero stands for missing

Missing = Literal["as_zero", "left", "right", "zero_left", "zero_right"]
"""Where a missing number goes; with ``zero_`` in front, a zero is missing too."""


@dataclass(frozen=True)
class _NumberColumn:
    """A feature coded as its position among the thresholds of the model."""

    feature: int
    missing: Missing
    thresholds: Floats

    def codes(self, values: Table) -> NDArray[Any]:
        """Return how many thresholds lie below each value, missing values beyond either end."""
        absent = np.isnan(values)
        if self.missing == "as_zero":
            values, absent = np.where(absent, 0.0, values), np.zeros(len(values), dtype=bool)
        elif self.missing.startswith("zero_"):
            absent |= np.abs(values) <= ZERO_WIDTH
        codes = np.searchsorted(self.thresholds, values)
        codes[absent] = 0 if self.missing.endswith("left") else len(self.thresholds)
        return codes.astype(np.min_scalar_type(len(self.thresholds)))


@dataclass(frozen=True)
class _CategoryColumn:
    """A feature coded as its category; whatever the model does not know shares the last code."""

    feature: int
    n_known: int

    def codes(self, values: Table) -> NDArray[Any]:
        """Return the category of each value."""
        whole = np.trunc(values)  # as LightGBM casts
        known = (whole >= 0) & (whole < self.n_known)
        return np.where(known, whole, self.n_known).astype(np.min_scalar_type(self.n_known))


class _NumberSplit(DecisionTreeNode):  # type: ignore[misc]  # woodelf is untyped
    """Sends codes up to `last_left` to the left."""

    column: str
    last_left: int

    def shall_go_left(self, row: pd.DataFrame, GPU: bool = False) -> pd.Series[bool]:
        return row[self.column] <= self.last_left


class _CategorySplit(DecisionTreeNode):  # type: ignore[misc]
    """Sends the codes marked in `goes_left` to the left."""

    column: str
    goes_left: NDArray[np.bool_]

    def shall_go_left(self, row: pd.DataFrame, GPU: bool = False) -> pd.Series[bool]:
        return pd.Series(self.goes_left[row[self.column].to_numpy()])


@dataclass(frozen=True)
class _Leaf:
    """What decides the contributions of one leaf, or of two neighbouring leaves taken as one.

    Attributes
    ----------
    features : tuple of int
        Those on the way to the leaf, each once.
    covers : ndarray of shape (len(features),)
        Share of training rows that follow the way at the splits of each feature.
    value, neighbour : float
        Of the leaf, and of its right neighbour when both are taken as one.
    """

    features: tuple[int, ...]
    covers: Floats
    value: float
    neighbour: float | None

    @classmethod
    def of(cls, node: DecisionTreeNode, path: list[DecisionTreeNode]) -> _Leaf:
        """Return the leaf at the end of `path`."""
        features = get_unique_features_in_path(path)
        covers = np.array(get_covers_vector([*path, node], features))
        paired = ignore_right_neighbor(node, path, use_neighbor_leaf_trick=True)
        return cls(tuple(features), covers, node.value, node.parent.right.value if paired else None)


@dataclass(frozen=True)
class VectorisedTrees:
    """Trees that share their comparisons between rows.

    Attributes
    ----------
    base : float
        Mean margin over the training rows: what is said of a debtor of whom nothing is known.
    """

    base: float
    _columns: Mapping[str, _NumberColumn | _CategoryColumn]
    _trees: Sequence[tuple[DecisionTreeNode, Mapping[int, _Leaf]]]

    def contributions(self, matrix: Table) -> dict[int, Floats32]:
        """Return the contribution of each feature that any tree splits on, by its position in `matrix`."""
        codes = {name: column.codes(matrix[:, column.feature]) for name, column in self._columns.items()}
        frame = pd.DataFrame(codes)
        values = {
            column.feature: np.zeros(len(matrix), dtype=np.float32) for column in self._columns.values()
        }
        shapley = LTSRecursivePathToSVectors(ShapleyValues(), max_depth=DEEPEST)
        part = np.empty(len(matrix), dtype=np.float32)
        for tree, leaves in self._trees:
            # A pattern holds one bit per feature on the way to the leaf: whether the row goes that way.
            for node, patterns in decision_patterns_generator(tree, frame, ignore_neighbor_leaf=True):
                leaf = leaves[node.index]
                position, distinct = pd.factorize(patterns)
                shares = shapley.get_path_dependent_s_matrix(
                    leaf.features, distinct, leaf.covers, leaf.value, leaf.neighbour
                )
                for feature, share in shares.items():
                    # `take` lets other threads work meanwhile, plain indexing does not.
                    np.take(np.ascontiguousarray(share), position, out=part, mode="clip")
                    values[feature] += part
        return values


def vectorise(booster: lgb.Booster) -> VectorisedTrees | None:
    """Return the trees of `booster`, or None where woodelf cannot hold them.

    It cannot hold linear leaves, averaged forests, several outputs, paths of more than 60 splits, and
    branches without training rows.
    """
    dump = booster.dump_model(num_iteration=booster.current_iteration())
    roots = [tree["tree_structure"] for tree in dump["tree_info"]]
    if dump.get("average_output") or dump["num_tree_per_iteration"] != 1:
        return None
    splits = [node for root in roots for node in _nodes(root) if "split_index" in node]
    leaves = [node for root in roots for node in _nodes(root) if "split_index" not in node]
    if any("leaf_const" in leaf for leaf in leaves):
        return None
    trunks = [root for root in roots if "split_index" in root]
    if any(_depth(root) > DEEPEST or _emptiest(root) <= 0 for root in trunks):
        return None
    columns = _columns_of(splits)
    trees = [_woodelf_tree(root, columns) for root in trunks]
    return VectorisedTrees(
        base=float(sum(_mean_leaf(root) for root in roots)),
        _columns=columns,
        _trees=[(tree, _leaves_of(tree)) for tree in trees],
    )


def _leaves_of(tree: DecisionTreeNode) -> dict[int, _Leaf]:
    """Return the leaves of a tree by the index of their node."""
    paths = tree.get_all_leaves_with_paths(only_feature_names=False)
    return {node.index: _Leaf.of(node, path) for node, path in paths}


def _nodes(root: dict[str, Any]) -> list[dict[str, Any]]:
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if "split_index" in node:
            waiting += [node["right_child"], node["left_child"]]
    return found


def _depth(node: dict[str, Any]) -> int:
    return 1 + max(_depth(node["left_child"]), _depth(node["right_child"])) if "split_index" in node else 0


def _rows(node: dict[str, Any]) -> float:
    """Return how many training rows reached the node."""
    return float(node["internal_count"] if "split_index" in node else node.get("leaf_count", 0))


def _emptiest(root: dict[str, Any]) -> float:
    return min(_rows(node) for node in _nodes(root))


def _mean_leaf(root: dict[str, Any]) -> float:
    if "split_index" not in root:
        return float(root["leaf_value"])
    leaves = [node for node in _nodes(root) if "split_index" not in node]
    return float(sum(leaf["leaf_value"] * leaf["leaf_count"] for leaf in leaves)) / _rows(root)


def _columns_of(splits: list[dict[str, Any]]) -> dict[str, _NumberColumn | _CategoryColumn]:
    """Return the coded columns that the splits compare, by name."""
    thresholds: dict[int, set[float]] = {}
    categories: dict[int, int] = {}
    for split in splits:
        feature = split["split_feature"]
        if split["decision_type"] == "==":
            categories[feature] = max(categories.get(feature, 0), 1 + max(_left_categories(split)))
        else:
            thresholds.setdefault(feature, set()).add(split["threshold"])
    columns: dict[str, _NumberColumn | _CategoryColumn] = {}
    for split in splits:
        feature = split["split_feature"]
        if split["decision_type"] == "==":
            columns[_column_name(split)] = _CategoryColumn(feature, categories[feature])
        else:
            cuts = np.array(sorted(thresholds[feature]), dtype=np.float64)
            columns[_column_name(split)] = _NumberColumn(feature, _missing(split), cuts)
    return columns


def _column_name(split: dict[str, Any]) -> str:
    kind = "category" if split["decision_type"] == "==" else _missing(split)
    return f"{split['split_feature']}:{kind}"


def _missing(split: dict[str, Any]) -> Missing:
    side: Missing = "left" if split["default_left"] else "right"
    if split["missing_type"] == "NaN":
        return side
    if split["missing_type"] == "Zero":
        return "zero_left" if side == "left" else "zero_right"
    return "as_zero"


def _left_categories(split: dict[str, Any]) -> list[int]:
    return [int(code) for code in str(split["threshold"]).split("||")]


def _woodelf_tree(
    root: dict[str, Any], columns: Mapping[str, _NumberColumn | _CategoryColumn]
) -> DecisionTreeNode:
    """Return one tree in woodelf's form, its features by position."""
    count = 0

    def made(node: dict[str, Any]) -> DecisionTreeNode:
        nonlocal count
        count += 1
        place = {"index": count, "cover": _rows(node), "left": None, "right": None}
        if "split_index" not in node:
            return DecisionTreeNode(feature_name=None, value=node["leaf_value"], **place)
        name = _column_name(node)
        column = columns[name]
        kind = _CategorySplit if isinstance(column, _CategoryColumn) else _NumberSplit
        split = kind(feature_name=column.feature, value=np.nan, **place)
        split.column = name
        if isinstance(column, _CategoryColumn):
            split.goes_left = np.zeros(column.n_known + 1, dtype=bool)
            split.goes_left[_left_categories(node)] = True
        else:
            split.last_left = int(np.searchsorted(column.thresholds, node["threshold"]))
        split.left, split.right = made(node["left_child"]), made(node["right_child"])
        split.left.parent = split.right.parent = split
        return split

    tree = made(root)
    tree.depth = tree.get_depth()
    return tree
