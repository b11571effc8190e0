"""A simulated portfolio as one flat table, to be taken up again where it stopped."""

from dataclasses import fields

import numpy as np
import pyarrow as pa

from duewise.simulate.arrays import Columns
from duewise.simulate.debts import Debts
from duewise.simulate.luck import Luck
from duewise.simulate.people import People
from duewise.simulate.state import Portfolio, State
from duewise.simulate.world import World

_PARTS: dict[str, type[Columns]] = {"people": People, "debts": Debts, "state": State}


def portfolio_table(portfolio: Portfolio) -> pa.Table:
    """Return everything known and latent about each debtor, one row each; a column per array column."""
    columns = {}
    for part, kind in _PARTS.items():
        table = getattr(portfolio, part)
        for f in fields(kind):
            values = getattr(table, f.name)
            if values.ndim == 1:
                columns[f"{part}.{f.name}"] = values
            else:
                for k in range(values.shape[1]):
                    columns[f"{part}.{f.name}.{k}"] = np.ascontiguousarray(values[:, k])
    return pa.table(columns)


def portfolio_from_table(table: pa.Table, world: World, first_day: int, seed: int) -> Portfolio:
    """Return the portfolio that `portfolio_table` wrote."""
    parts = {part: _read_part(table, part, kind) for part, kind in _PARTS.items()}
    people = parts["people"]
    assert isinstance(people, People)
    return Portfolio(world, first_day, people, parts["debts"], parts["state"], Luck(seed, people.index))  # type: ignore[arg-type]


def _read_part(table: pa.Table, part: str, kind: type[Columns]) -> Columns:
    arrays = {}
    for f in fields(kind):
        name = f"{part}.{f.name}"
        if name in table.column_names:
            arrays[f.name] = table[name].to_numpy().copy()
        else:
            n_columns = sum(column.startswith(f"{name}.") for column in table.column_names)
            arrays[f.name] = np.stack([table[f"{name}.{k}"].to_numpy() for k in range(n_columns)], axis=1)
    return kind(**arrays)
