"""Bad input, as it comes: one paragraph that says file, column, count and remedy, and the right exit code."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from client_tables import AS_OF, clean_tables, dirty_tables, write_csv
from command import Finished, duewise

Tables = dict[str, pd.DataFrame]


def run(
    folder: Path, tables: Tables, command: str = "check", as_of: str = AS_OF.isoformat(), **sections: object
) -> Finished:
    write_csv(folder / "data", tables)
    return run_on(folder, command, as_of, **sections)


def run_on(
    folder: Path, command: str = "check", as_of: str = AS_OF.isoformat(), **sections: object
) -> Finished:
    content = {
        "portfolio": {"name": "test", "language": "en", "timezone": "UTC"},
        "sources": {"path": str(folder / "data")},
        "models": {"store": str(folder / "mlflow")},
        "publish": {"runs": str(folder / "runs")},
        **sections,
    }
    (folder / "portfolio.yaml").write_text(yaml.safe_dump(content))
    return duewise(command, folder / "portfolio.yaml", "--as-of", as_of)


def spoilt(table: str, rows: int, column: str, value: str) -> Callable[[Tables], None]:
    def spoil(tables: Tables) -> None:
        tables[table].loc[range(rows), column] = value

    return spoil


def without_rows(table: str) -> Callable[[Tables], None]:
    def empty(tables: Tables) -> None:
        tables[table] = tables[table].iloc[:0]

    return empty


def without_column(table: str, column: str) -> Callable[[Tables], None]:
    def drop(tables: Tables) -> None:
        tables[table] = tables[table].drop(columns=column)

    return drop


REFUSED = {
    "an empty table": (without_rows("payments"), "payments.csv: holds no rows", "export was written in full"),
    "a missing column": (
        without_column("accounts", "placed_balance"),
        "accounts.csv: the required column `placed_balance` is missing",
        "mapping: {accounts:",
    ),
    "a wrong type": (
        spoilt("payments", 200, "amount", "lots"),
        "payments.csv: 200 of 200 rows (100.00%) are bad; the limit is 1.00%. `amount`: the value cannot",
        "mapping.payments.",
    ),
    "nulls in a key": (
        spoilt("contacts", 60, "contact_id", ""),
        "contacts.csv: 60 of 200 rows (30.00%) are bad; the limit is 1.00%. `contact_id`: the key is empty",
        "map the column that holds it under mapping.contacts.columns",
    ),
    "negative balances": (
        spoilt("accounts", 9, "placed_balance", "-5"),
        "accounts.csv: 9 of 200 rows (4.50%) are bad; the limit is 1.00%. `placed_balance`: the number is",
        "give amounts without sign",
    ),
    "future dates": (
        spoilt("payments", 9, "at", "2131-01-01"),
        "payments.csv: 9 of 200 rows (4.50%) are bad; the limit is 1.00%. `at`: the event lies in the future",
        "check mapping.payments.timezone",
    ),
    "duplicated ids": (
        spoilt("accounts", 9, "account_id", "A50"),
        "accounts.csv: 9 of 200 rows (4.50%) are bad; the limit is 1.00%. `account_id`: an earlier row has",
        "make the key unique",
    ),
    "accounts without debtor": (
        spoilt("accounts", 9, "debtor_id", "nobody"),
        "accounts.csv: 9 of 200 rows (4.50%) are bad; the limit is 1.00%. `debtor_id`: no accepted row of",
        "export debtors of the same moment",
    ),
}


@pytest.mark.parametrize(("spoil", "says", "remedy"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("command", ["check", "nightly"])
def test_bad_tables_are_refused(tmp_path, command, spoil, says, remedy):
    tables = clean_tables(100)
    spoil(tables)
    done = run(tmp_path, tables, command)
    assert done.code == 3
    assert says in done.message
    assert remedy in done.message
    assert "Traceback" not in done.stdout + done.stderr
    assert not list((tmp_path / "runs").glob(AS_OF.isoformat()))


DOUBTED = {
    "an unknown code": (
        spoilt("contacts", 9, "channel", "pigeon"),
        "9 of 200 rows of contacts have a code in `channel` outside the vocabulary (e.g. 'pigeon'); they",
    ),
    "a debtor without accounts": (
        spoilt("accounts", 200, "debtor_id", "D7"),
        "99 of 100 rows of debtors have no account",
    ),
    "no contact yet": (without_rows("contacts"), "contacts holds no rows"),
}


@pytest.mark.parametrize(("spoil", "says"), DOUBTED.values(), ids=DOUBTED)
def test_doubtful_tables_are_read_with_a_warning(tmp_path, spoil, says):
    tables = clean_tables(100)
    spoil(tables)
    done = run(tmp_path, tables)
    assert done.code == 0
    assert says in " ".join(done.stdout.split())


def test_twelve_kinds_of_bad_rows_are_shown_with_their_exact_counts(tmp_path):
    tables, expected = dirty_tables()
    done = run(tmp_path, tables)
    assert done.code == 3
    assert len({reason for _, _, reason in expected}) >= 11
    assert len(expected) >= 12
    lines = [line.replace("│", " ").split() for line in done.stdout.splitlines()]
    for (table, column, reason), rows in expected.items():
        shown = [words[3] for words in lines if words[:3] == [table, column, str(reason)]]
        assert shown == [f"{rows:,}"], (table, column, reason)


def broken_gzip(data: Path) -> None:
    (data / "accounts.csv").unlink()
    (data / "accounts.csv.gz").write_bytes(b"\x1f\x8b\x08\x00garbage")


def text_named_parquet(data: Path) -> None:
    (data / "accounts.csv").rename(data / "accounts.parquet")


def cut_parquet(data: Path) -> None:
    pd.read_csv(data / "accounts.csv").to_parquet(data / "accounts.parquet")
    whole = (data / "accounts.parquet").read_bytes()
    (data / "accounts.parquet").write_bytes(whole[: len(whole) // 2])
    (data / "accounts.csv").unlink()


def workbook_named_csv(data: Path) -> None:
    (data / "accounts.csv").write_bytes(b"PK\x03\x04" + b"\0" * 100)


def folder_named_csv(data: Path) -> None:
    (data / "accounts.csv").unlink()
    (data / "accounts.csv").mkdir()


UNREADABLE = {
    broken_gzip: "gzip file is cut off or damaged",
    text_named_parquet: "is not a parquet file",
    cut_parquet: "is damaged or not what its name says",
    workbook_named_csv: "Save it as CSV",
    folder_named_csv: "a folder of accounts must hold *.parquet files",
}


@pytest.mark.parametrize(
    ("damage", "says"), UNREADABLE.items(), ids=lambda case: getattr(case, "__name__", "")
)
def test_an_unreadable_file_is_named(tmp_path, damage, says):
    write_csv(tmp_path / "data", clean_tables())
    damage(tmp_path / "data")
    done = run_on(tmp_path)
    assert done.code == 3
    assert "accounts" in done.message
    assert says in done.message


def test_a_missing_table_is_named(tmp_path):
    tables = clean_tables()
    del tables["accounts"]
    done = run(tmp_path, tables)
    assert done.code == 3
    assert "1 table is missing: accounts" in done.message
    assert "mapping: {accounts: {file:" in done.message


def test_a_missing_folder_is_named(tmp_path):
    done = run_on(tmp_path)
    assert done.code == 3
    assert "no such folder" in done.message
    assert "--data" in done.message


def test_gbk_declared_as_utf8_is_refused_with_the_line(tmp_path):
    tables = clean_tables()
    tables["debtors"]["region"] = "华北地区"
    write_csv(tmp_path / "data", tables)
    file = tmp_path / "data" / "debtors.csv"
    file.write_bytes(file.read_text().encode("gbk"))
    done = run_on(tmp_path, mapping={"debtors": {"encoding": "utf-8"}})
    assert done.code == 3
    assert "debtors.csv: is declared as utf-8, but near line 2" in done.message
    assert "gb18030" in done.message
    undeclared = run_on(tmp_path)
    assert undeclared.code == 0
    assert "debtors.csv: is not UTF-8 and was read as GB18030" in undeclared.stdout


IMPOSSIBLE_NIGHTS = {
    "1999-01-01": "no account was placed before that day",
    "2150-01-01": "more than a year before",
    "yesterday": "is not a date; write it as YYYY-MM-DD",
    "2024-02-30": "is not a date; write it as YYYY-MM-DD",
}


@pytest.mark.parametrize(("as_of", "says"), IMPOSSIBLE_NIGHTS.items())
@pytest.mark.parametrize("command", ["check", "train", "nightly"])
def test_an_impossible_night_is_wrong_usage(tmp_path, command, as_of, says):
    done = run(tmp_path, clean_tables(), command, as_of)
    assert done.code == 2
    assert as_of in done.message
    assert says in done.message


def test_too_few_debtors_cannot_be_learned_from(tmp_path):
    done = run(tmp_path, clean_tables(50), "train")
    assert done.code == 3
    assert "Only 50 debtors" in done.message
    assert "200 are needed" in done.message
    assert "training.min_debtors" in done.message


def test_a_portfolio_in_which_nobody_pays_cannot_be_learned_from(tmp_path):
    tables = clean_tables(250)
    tables["payments"]["amount"] = "0"
    done = run(tmp_path, tables, "train")
    assert done.code == 3
    assert "nobody repaid" in done.message
    assert "training.repay_share" in done.message


def test_a_night_without_models_asks_for_training(tmp_path):
    done = run(tmp_path, clean_tables(), "nightly")
    assert done.code == 3
    assert "Run `duewise train` first" in done.message


WRONG_FILES = {
    "portfolio: {name: test, langauge: en}\nsources: {path: data}": "portfolio.langauge: unknown key "
    "`langauge`; did you mean `language`?",
    "portfolio: {name: test}\nsources: {path: data}\nhorizons: [thirty]": "horizons.0:",
    "portfolio: {name: test}\nsources: {path: data}\nactions: {phone: {}}": "unknown name `phone`",
    "portfolio: [": "is not valid YAML",
    "just text": "this one holds none",
    "": "this one holds none",
}


@pytest.mark.parametrize(("text", "says"), WRONG_FILES.items(), ids=range(len(WRONG_FILES)))
def test_a_wrong_portfolio_file_is_wrong_usage(tmp_path, text, says):
    (tmp_path / "portfolio.yaml").write_text(text)
    done = duewise("check", tmp_path / "portfolio.yaml")
    assert done.code == 2
    assert "portfolio.yaml" in done.message
    assert says in done.message


def test_wrong_usage_is_told_in_one_line(tmp_path):
    for arguments in (
        ["frobnicate"],
        ["check"],
        ["check", "x.yaml", "--frob"],
        ["check", tmp_path / "no.yaml"],
    ):
        done = duewise(*arguments)
        assert done.code == 2
        assert len(done.events) == 1
        assert done.message
