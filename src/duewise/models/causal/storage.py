"""Fitted effects as files that hold values only: reading one never runs code.

The tree of a fitted :class:`~duewise.models.channel.ChannelValue` is written as JSON, its arrays beside it
in NumPy's plain format, its boosters in LightGBM's text format. Only the classes named here are read back.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from duewise.models.causal.covariates import CovariateEncoder
from duewise.models.causal.dr_scores import Estimate
from duewise.models.causal.effect_boosted import BoostedEffect
from duewise.models.causal.effect_linear import LinearEffect
from duewise.models.causal.effect_stage import ActionEffect
from duewise.models.causal.overlap import OverlapRule
from duewise.models.causal.propensity import PropensityModel
from duewise.models.causal.support import ActionSupport
from duewise.models.channel import ChannelValue
from duewise.models.files import read_json, write_json

KIND = "kind"
_PLAIN = (CovariateEncoder, ChannelValue)
_DATACLASSES = (
    Estimate,
    BoostedEffect,
    LinearEffect,
    ActionEffect,
    OverlapRule,
    PropensityModel,
    ActionSupport,
)
_CLASSES: dict[str, type] = {cls.__name__: cls for cls in (*_PLAIN, *_DATACLASSES)}
_LOGISTIC = ("classes_", "coef_", "intercept_")


def save_channel_value(value: ChannelValue, folder: Path, name: str) -> None:
    """Write a fitted estimator as ``<name>.json`` and ``<name>.npz`` into `folder`."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    write_json(folder / f"{name}.json", _written(value.without_training_rows(), arrays))
    np.savez(folder / f"{name}.npz", **arrays)  # type: ignore[arg-type]


def load_channel_value(folder: Path, name: str) -> ChannelValue:
    """Return the estimator that :func:`save_channel_value` wrote; it predicts and was never fitted anew."""
    with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
        value = _read(read_json(folder / f"{name}.json"), arrays)
    if not isinstance(value, ChannelValue):
        raise TypeError(f"{folder / name}.json does not hold a ChannelValue")
    return value


def _written(item: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if item is None or isinstance(item, bool | int | float | str):
        return item
    if isinstance(item, np.generic):
        return item.item()
    if isinstance(item, np.ndarray) and item.dtype == object:
        return {KIND: "texts", "values": [str(text) for text in item]}
    if isinstance(item, np.ndarray):
        key = f"array_{len(arrays)}"
        arrays[key] = item
        return {KIND: "array", "key": key}
    if isinstance(item, pd.Index):
        return {KIND: "index", "values": item.astype(str).tolist()}
    if isinstance(item, lgb.Booster):
        return {KIND: "booster", "text": item.model_to_string()}
    if isinstance(item, LogisticRegression):
        return {KIND: "logistic", **{name: _written(getattr(item, name), arrays) for name in _LOGISTIC}}
    if isinstance(item, list | tuple):
        values = [_written(part, arrays) for part in item]
        return {KIND: "tuple", "values": values} if isinstance(item, tuple) else values
    if isinstance(item, dict):
        pairs = [[_written(key, arrays), _written(part, arrays)] for key, part in item.items()]
        return {KIND: "dict", "pairs": pairs}
    name = type(item).__name__
    if _CLASSES.get(name) is not type(item):
        raise TypeError(f"a fitted effect holds a {name}, which storage does not know")
    fields = (
        {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
        if dataclasses.is_dataclass(item)
        else vars(item)
    )
    return {KIND: name, "fields": {key: _written(part, arrays) for key, part in fields.items()}}


def _read(item: Any, arrays: Any) -> Any:
    if isinstance(item, list):
        return [_read(part, arrays) for part in item]
    if not isinstance(item, dict):
        return item
    kind = item[KIND]
    if kind == "texts":
        return np.array(item["values"], dtype=object)
    if kind == "array":
        return arrays[item["key"]]
    if kind == "index":
        return pd.Index(item["values"])
    if kind == "booster":
        return lgb.Booster(model_str=item["text"])
    if kind == "logistic":
        model = LogisticRegression()
        for name in _LOGISTIC:
            setattr(model, name, _read(item[name], arrays))
        return model
    if kind == "tuple":
        return tuple(_read(part, arrays) for part in item["values"])
    if kind == "dict":
        return {_read(key, arrays): _read(part, arrays) for key, part in item["pairs"]}
    cls = _CLASSES[kind]
    fields = {key: _read(part, arrays) for key, part in item["fields"].items()}
    if dataclasses.is_dataclass(cls):
        return cls(**fields)
    made: Any = object.__new__(cls)
    vars(made).update(fields)
    return made
