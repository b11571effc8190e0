"""A person's rows out of the database."""

from collections.abc import Sequence

from duewise.database_url import parse_database_url
from duewise.publish.database.engines import connected
from duewise.publish.database.schema import RUNS, Places
from duewise.sources.sql import ident, literal


def erase_rows(address: str, portfolio: str, ids: Sequence[str]) -> int:
    """Delete the strategies and assignments of the debtors `ids`; return how many rows went."""
    removed = 0
    with connected(parse_database_url(address)) as engine:
        if engine.relation(RUNS) is None:
            return 0
        places = Places.of(engine)
        which = f"portfolio = {literal(portfolio)} AND debtor_id IN ({', '.join(map(literal, ids))})"
        for table in (places.strategies, places.assignments):
            ((rows,),) = engine.execute(f"SELECT count(*) FROM {ident(table)} WHERE {which}")
            engine.execute(f"DELETE FROM {ident(table)} WHERE {which}")
            removed += rows
        engine.commit()
    return removed


def drop_nights(address: str, portfolio: str, nights: Sequence[str]) -> None:
    """Delete every row of `nights`."""
    with connected(parse_database_url(address)) as engine:
        if not nights or engine.relation(RUNS) is None:
            return
        places = Places.of(engine)
        which = f"portfolio = {literal(portfolio)} AND as_of IN ({', '.join(map(literal, nights))})"
        for table in (places.strategies, places.assignments, RUNS):
            engine.execute(f"DELETE FROM {ident(table)} WHERE {which}")
        engine.commit()
