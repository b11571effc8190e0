"""Whatever an export holds, no row is lost: accepted + quarantined = read."""

import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, event, example, given, reject, settings
from hypothesis import strategies as st

from client_tables import AS_OF, NOW, clean_tables, portfolio_of, write_csv
from duewise.contracts.tables import TABLES
from duewise.errors import ConfigError, DuewiseError
from duewise.sources.examine import examine_sources
from duewise.sources.open import open_tables
from duewise.sources.repair import records

CLEAN = clean_tables()

NASTY = [
    "NULL",
    "nan",
    "-1",
    "0",
    "1e999",
    "D0",
    "A1",
    "P1",
    "C1",
    "other",
    "call",
    "2024-02-30",
    "2024-06-01",
    "2024-06-01T00:00:00Z",
    "2024-06-02",
    "2031-01-01",
    "infinity",
    "1,5",
    "1.234,5",
    "是",
    "opt_out:sms",
    "'",
    '"',
    ";DROP",
    "=1+1",
    "🙂",
    "﷽",
]

dirt = st.one_of(
    st.sampled_from(["", " ", "\u202eabc", "\x00", "\r", "\n", *NASTY]),
    st.text(max_size=6),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
)


@st.composite
def dirty_exports(draw) -> dict[str, pd.DataFrame]:
    """The clean tables with some cells overwritten, some rows repeated, some rows dropped."""
    tables = {}
    for name, clean in CLEAN.items():
        frame = clean.astype(object).copy()
        rows, columns = frame.shape
        for _ in range(draw(st.integers(0, 6))):
            frame.iat[draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))] = draw(dirt)
        order = draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=2 * rows))
        tables[name] = frame.iloc[order]
    return tables


def counts(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Read, accepted and quarantined rows of each table; the quarantine holds as many rows as are bad."""
    portfolio = portfolio_of(folder, sources={"max_bad_share": 1})
    with examine_sources(portfolio, AS_OF, now=NOW) as examination:
        written = examination.write_quarantine(folder / "quarantine")
        reports = examination.report.tables
    for name, report in reports.items():
        file = written.get(f"{name}.csv")
        with file.open(encoding="utf-8", newline="") if file else open("/dev/null") as rows:  # noqa: PTH123
            assert sum(1 for _ in csv.DictReader(rows)) == report.bad
    return {name: (report.read, report.accepted, report.quarantined) for name, report in reports.items()}


@contextmanager
def the_date_suits() -> Iterator[None]:
    """Pass over exports in which nobody is in collections yet, or all is long past: the date is refused."""
    try:
        yield
    except ConfigError as refusal:
        if not str(refusal).startswith("--as-of"):
            raise
        reject()


NOBODY_YET = {**CLEAN, "accounts": CLEAN["accounts"].iloc[:1].assign(placed_on=AS_OF.isoformat())}

few = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(tables=dirty_exports())
@example(tables=NOBODY_YET)
def test_accepted_and_quarantined_rows_add_up_to_what_was_read(tables) -> None:
    with tempfile.TemporaryDirectory() as scratch, the_date_suits():
        folder = Path(scratch)
        write_csv(folder, tables)
        found = counts(folder)
    for name, frame in tables.items():
        read, accepted, quarantined = found[name]
        assert read == len(frame)
        assert accepted + quarantined == read


@few
@given(tables=dirty_exports())
@example(tables=NOBODY_YET)
def test_what_is_accepted_satisfies_the_contract(tables) -> None:
    with tempfile.TemporaryDirectory() as scratch, the_date_suits():
        write_csv(Path(scratch), tables)
        portfolio = portfolio_of(Path(scratch), sources={"max_bad_share": 1})
        with open_tables(portfolio, AS_OF, now=NOW) as opened:
            accepted = {name: getattr(opened.tables, name) for name in TABLES}
            rows = {name: table.execute() for name, table in accepted.items()}
            for name, schema in TABLES.items():
                if len(rows[name]):
                    schema.validate(accepted[name])
                if schema.unique:
                    assert not rows[name].duplicated(schema.unique).any()
    assert set(rows["accounts"].debtor_id) <= set(rows["debtors"].debtor_id)
    assert set(rows["payments"].account_id) <= set(rows["accounts"].account_id)
    assert set(rows["contacts"].debtor_id) <= set(rows["debtors"].debtor_id)


@few
@given(edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=3)), max_size=5))
def test_mutated_bytes_are_accepted_quarantined_or_refused_with_a_message(edits) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_csv(folder, CLEAN)
        data = bytearray((folder / "contacts.csv").read_bytes())
        for share, length, inserted in edits:
            at = int(share * len(data))
            data[at : at + length] = inserted
        (folder / "contacts.csv").write_bytes(data)
        try:
            found = counts(folder)
        except DuewiseError as refused:
            event(f"refused: {type(refused).__name__}")
            return
    assert all(accepted + quarantined == read for read, accepted, quarantined in found.values())


fields = st.text(st.sampled_from('ab",\n '), max_size=5)


@given(rows=st.lists(st.tuples(fields, fields, fields), max_size=8))
def test_repair_leaves_a_sound_file_as_it_is(rows) -> None:
    with tempfile.TemporaryFile("w+", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
        file.seek(0)
        found = list(records(file, ",", 3))
    assert [record.fields for record in found] == rows
    assert [record.number for record in found] == list(range(1, len(rows) + 1))


@given(lines=st.lists(st.text(st.sampled_from('ab",'), min_size=1, max_size=8), max_size=12))
def test_repair_loses_no_line(lines) -> None:
    found = list(records([line + "\n" for line in lines], ",", 2))
    assert "\n".join(record.text for record in found) == "\n".join(lines)
