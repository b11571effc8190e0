"""A simulated portfolio laid down in the truth folder, to be taken up again where it stopped or replayed."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duewise.contracts.vocabulary import Table
from duewise.errors import DataError
from duewise.simulate.arrays import Columns, Ints
from duewise.simulate.calendar import MICROSECONDS_PER_DAY
from duewise.simulate.day import play_day
from duewise.simulate.debts import MAX_ACCOUNTS, Debts, draw_debts
from duewise.simulate.luck import Luck
from duewise.simulate.people import People, draw_people
from duewise.simulate.state import Portfolio, State, fresh_state
from duewise.simulate.world import World

_RECIPE_FILE = "recipe.json"
_Part = TypeVar("_Part", bound=Columns)


@dataclass(frozen=True)
class Recipe:
    """All that a simulated history depends on; days are numbers since 1970-01-01, the last is not played."""

    world: World
    n_debtors: int
    seed: int
    first_day: int
    last_day: int


def draw_portfolio(recipe: Recipe, index: Ints) -> Portfolio:
    """Return the debtors with the given places in the portfolio, before anything has happened."""
    luck = Luck(recipe.seed, index)
    people = draw_people(luck, index, recipe.first_day, recipe.last_day, recipe.world.hidden_confounding)
    debts = draw_debts(luck, people, recipe.world, recipe.first_day, recipe.last_day)
    state = fresh_state(len(index), MAX_ACCOUNTS)
    return Portfolio(recipe.world, recipe.first_day, people, debts, state, luck)


def replay(recipe: Recipe, day: int) -> Portfolio:
    """Return the portfolio as it truly stood on the morning of an earlier `day`."""
    portfolio = draw_portfolio(recipe, np.arange(recipe.n_debtors, dtype=np.int64))
    for past in range(recipe.first_day, day):
        play_day(portfolio, past)
    return portfolio


def write_recipe(recipe: Recipe, truth_path: Path) -> None:
    """Write the recipe beside the truth it led to."""
    text = json.dumps(asdict(recipe), indent=1, sort_keys=True)
    (truth_path / _RECIPE_FILE).write_text(text + "\n", encoding="utf-8")


def read_recipe(truth_path: Path) -> Recipe:
    """Return the recipe of a truth folder."""
    file = truth_path / _RECIPE_FILE
    if not file.is_file():
        raise DataError(f"{file} does not exist: {truth_path} is not the truth folder of a simulated sample.")
    values = json.loads(file.read_text(encoding="utf-8"))
    world: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in values.pop("world").items()
    }
    return Recipe(World(**world), **values)


def read_portfolio(truth_path: Path) -> Portfolio:
    """Return the portfolio as it truly stood at the end of the sample."""
    recipe = read_recipe(truth_path)
    table = pq.read_table(truth_path / "portfolio.parquet")
    people = _read_columns(table, "people", People)
    debts = _read_columns(table, "debts", Debts)
    state = _read_columns(table, "state", State)
    luck = Luck(recipe.seed, people.index)
    return Portfolio(recipe.world, recipe.first_day, people, debts, state, luck)


def portfolio_table(portfolio: Portfolio) -> pa.Table:
    """Return everything latent and current of each debtor, one row each, a column per array column."""
    columns = {}
    for part in ("people", "debts", "state"):
        for f in fields(getattr(portfolio, part)):
            values = getattr(getattr(portfolio, part), f.name)
            if values.ndim == 1:
                columns[f"{part}.{f.name}"] = values
            else:
                columns |= {f"{part}.{f.name}.{k}": values[:, k].copy() for k in range(values.shape[1])}
    return pa.table(columns)


def _read_columns(table: pa.Table, part: str, kind: type[_Part]) -> _Part:
    def read(name: str) -> Ints:
        if name in table.column_names:
            values: Ints = table[name].to_numpy().copy()
            return values
        n_columns = sum(column.startswith(f"{name}.") for column in table.column_names)
        return np.stack([table[f"{name}.{k}"].to_numpy() for k in range(n_columns)], axis=1)

    return kind(**{f.name: read(f"{part}.{f.name}") for f in fields(kind)})


def split_posted(rows: pa.Table, day: int) -> tuple[pa.Table, pa.Table]:
    """Return the rows that the books know on the morning of `day`, and those that are still on their way."""
    if "recorded_at" not in rows.column_names:
        return rows, rows.slice(0, 0)
    morning = pa.scalar(day * MICROSECONDS_PER_DAY, pa.int64()).cast(pa.timestamp("us"))
    known = pc.less(rows["recorded_at"], morning)
    return rows.filter(known), rows.filter(pc.invert(known))


def unposted_name(table: Table) -> str:
    """Return the name of the file, in the truth folder, of rows that the books do not know yet."""
    return f"unposted_{table}"
