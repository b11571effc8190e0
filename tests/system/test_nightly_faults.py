"""Whatever happens to a night, earlier runs stay whole and the next start succeeds."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiny_portfolio import AS_OF, TinyPortfolio

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import faults
from _nursery import Nursery, nursery


@pytest.fixture(scope="module")
def nights() -> Iterator[Nursery]:
    with nursery() as opened:
        yield opened


@pytest.fixture
def world(tiny: TinyPortfolio, nights: Nursery, tmp_path: Path) -> faults.World:
    assert faults.AS_OF == AS_OF
    ended = nights.night(tiny.file, "--out", tmp_path / "runs", "--as-of", faults.EARLIER)
    assert ended.code == 0, ended.output
    return faults.World(tiny.file, tiny.data, tiny.folder / "mlflow", tmp_path / "runs")


def test_a_killed_night_leaves_nothing_half_written(world, nights):
    killed, survived = faults.survive_kills(world, nights, kills=3)
    assert survived == killed
    done = nights.night(world.file, "--out", world.runs, "--as-of", AS_OF)
    assert done.code == 0, done.output
    assert (world.runs / "latest").resolve().name == AS_OF.isoformat()
    assert not list(world.runs.glob(".*.partial"))


@pytest.mark.slow
def test_many_killed_nights_leave_nothing_half_written(world, nights):
    killed, survived = faults.survive_kills(world, nights, kills=40)
    assert survived == killed
    assert killed >= 20


@pytest.mark.slow
def test_every_fault_is_survived_and_told(world, nights):
    assert faults.survive_faults(world, nights) == []
