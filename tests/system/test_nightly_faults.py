"""Whatever happens to a night, earlier runs stay whole and the next start succeeds."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiny_portfolio import AS_OF, TinyPortfolio

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import faults
from _nursery import Nursery, nursery
from _worlds import AS_OF as NIGHT
from _worlds import World, publish_earlier


@pytest.fixture(scope="module")
def nights() -> Iterator[Nursery]:
    with nursery() as opened:
        yield opened


@pytest.fixture
def world(tiny: TinyPortfolio, nights: Nursery, tmp_path: Path) -> World:
    assert NIGHT == AS_OF
    world = World(tiny.file, tiny.data, tiny.folder / "mlflow", tmp_path / "runs")
    publish_earlier(world, nights)
    return world


def test_a_killed_night_leaves_nothing_half_written(world, nights):
    killed, wrong = faults.survive_kills(world, nights, kills=2)
    assert killed == 2
    assert wrong == []
    assert (world.runs / "latest").resolve().name == AS_OF.isoformat()


@pytest.mark.slow
def test_many_killed_nights_leave_nothing_half_written(world, nights):
    killed, wrong = faults.survive_kills(world, nights, kills=40)
    assert killed == 40
    assert wrong == []


@pytest.mark.slow
def test_every_fault_is_survived_and_told(world, nights):
    assert faults.survive_faults(world, nights) == []
