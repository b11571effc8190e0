"""Files of a fitted model: text only, so that reading one never runs code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm as lgb


def write_json(path: Path, content: Any) -> None:
    """Write plain values as JSON, the same bytes for the same values."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return what `write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def save_booster(booster: lgb.Booster, path: Path) -> None:
    """Write the booster in LightGBM's own text format: nothing in it is executed when it is read."""
    path.write_text(booster.model_to_string(), encoding="utf-8")


def load_booster(path: Path) -> lgb.Booster:
    """Return the booster that `save_booster` wrote."""
    return lgb.Booster(model_str=path.read_text(encoding="utf-8"))
