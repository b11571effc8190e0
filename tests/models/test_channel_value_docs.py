"""The example in the index of the method notes runs and says what it claims."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

NOTE = Path(__file__).resolve().parents[2] / "docs" / "methods" / "README.md"


def test_the_ten_line_example_runs_and_finds_the_effect_despite_confounding():
    (example,) = re.findall(r"```python\n(.*?)```", NOTE.read_text(encoding="utf-8"), flags=re.DOTALL)
    scope: dict[str, object] = {}
    exec(example, scope)
    (call,) = scope["model"].average_effects()
    assert call.lower < 2.0 < call.upper
    assert scope["model"].support_report()[1].naive_difference < 0
    assert np.isfinite(scope["lower"]).all()
    assert len(example.strip().splitlines()) <= 12
