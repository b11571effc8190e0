"""Room for the debtors of a night beside the engine that holds its tables."""

from datetime import date

from duewise.features.scope import open_accounts
from duewise.sources.memory import engine_memory
from duewise.sources.tables import Tables


def make_room(tables: Tables, most: int | None, as_of: date) -> None:
    """Shrink the engine so that everybody who may be in scope can be held beside it.

    Parameters
    ----------
    most : int or None
        ``machine.memory``, in bytes.

    Raises
    ------
    DuewiseError
        When they do not fit.
    """
    if most is None:
        return
    debtors = int(open_accounts(tables, as_of).debtor_id.nunique().execute())
    tables.con.raw_sql(f"SET memory_limit = '{engine_memory(most, debtors)}B'")
