"""Whatever a file or a portfolio file holds: it is judged without loss, or refused in a sentence."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from _mutations import fuzz


def nothing_lost_and_no_traceback(inputs: int, folder: Path, seed: int) -> None:
    found = fuzz(inputs, folder, seed)
    assert found.crashes == []
    assert found.lost == 0
    assert found.judged
    assert found.refused
    assert found.judged + found.refused == inputs


def test_a_hundred_mutated_inputs(tmp_path):
    nothing_lost_and_no_traceback(100, tmp_path, seed=1)


@pytest.mark.slow
def test_two_thousand_mutated_inputs(tmp_path):
    nothing_lost_and_no_traceback(2_000, tmp_path, seed=2)
