"""Exports in whatever encoding, separator and state of repair."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from client_tables import AS_OF, NOW, clean_tables, portfolio_of
from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError, DataError, DuewiseError
from duewise.sources.examine import examine_sources
from duewise.sources.open import open_tables

NOTES = ["承诺周五还款", '他说 "马上", 然后挂断', "第一行\n第二行", "a;b|c\td", "", "=1+1", "普通", "末尾"]


def contacts_with_notes() -> pd.DataFrame:
    return clean_tables()["contacts"].assign(note=NOTES)


def notes_of(folder: Path, **sections) -> list[str | None]:
    with open_tables(portfolio_of(folder, **sections), AS_OF, now=NOW) as opened:
        frame = opened.tables.contacts.execute().sort_values("contact_id")
        report = opened.report.tables[Table.CONTACTS]
        assert report.accepted == report.read == len(frame)
        return [None if pd.isna(note) else note for note in frame.note]


EXPECTED = [note or None for note in NOTES]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("compressed", [False, True])
def test_every_encoding_gives_the_same_rows(folder, encoding, compressed):
    (folder / "contacts.csv").unlink()
    data = contacts_with_notes().to_csv(index=False).encode(encoding)
    name = "contacts.csv.gz" if compressed else "contacts.csv"
    (folder / name).write_bytes(gzip.compress(data) if compressed else data)
    assert notes_of(folder) == EXPECTED


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_separator_and_line_end_is_told_by_itself(folder, separator, line_end):
    frame = contacts_with_notes()
    frame["note"] = frame.note.str.replace("\n", " ")
    text = frame.to_csv(index=False, sep=separator, lineterminator=line_end)
    (folder / "contacts.csv").write_bytes(text.encode())
    assert notes_of(folder) == [note.replace("\n", " ") or None for note in NOTES]


def test_line_ends_may_be_mixed_and_null_characters_vanish(folder):
    lines = clean_tables()["contacts"].to_csv(index=False).splitlines()
    text = lines[0] + "\r\n" + "\n".join(lines[1:4]) + "\r\n" + "\n".join(lines[4:]).replace("call", "ca\0ll")
    (folder / "contacts.csv").write_bytes(text.encode())
    with open_tables(portfolio_of(folder), AS_OF, now=NOW) as opened:
        assert opened.tables.contacts.channel.execute().eq("call").all()
        assert opened.report.tables[Table.CONTACTS].accepted == 8


def test_a_declared_encoding_is_honoured_and_a_guessed_one_is_said(folder):
    data = contacts_with_notes().to_csv(index=False).encode("gb18030")
    (folder / "contacts.csv").write_bytes(data)
    assert notes_of(folder, mapping={"contacts": {"encoding": "gb18030", "timezone": "UTC"}}) == EXPECTED
    with examine_sources(portfolio_of(folder), AS_OF, now=NOW) as examination:
        assert "contacts.csv: is not UTF-8 and was read as GB18030." in examination.report.notes
        assert examination.report.tables[Table.CONTACTS].files[0].encoding == "gb18030"


def refusal(folder: Path, error: type[DuewiseError], **sections) -> str:
    with pytest.raises(error) as refused:
        open_tables(portfolio_of(folder, **sections), AS_OF, now=NOW)
    return str(refused.value)


def test_a_gbk_file_declared_utf8_is_refused_with_the_remedy(folder):
    (folder / "contacts.csv").write_bytes(contacts_with_notes().to_csv(index=False).encode("gbk"))
    message = refusal(folder, DataError, mapping={"contacts": {"encoding": "utf-8"}})
    assert "contacts.csv: is declared as utf-8, but near line 2 byte 0x" in message
    assert "mapping.contacts.encoding, e.g. gb18030" in message


def test_a_damaged_utf8_file_is_not_taken_for_gbk(folder):
    text = pd.concat([contacts_with_notes()] * 20).to_csv(index=False).encode()
    (folder / "contacts.csv").write_bytes(text[:-300] + b"\xff" + text[-300:])
    assert "looks like UTF-8 but is damaged" in refusal(folder, DataError)


@pytest.mark.parametrize("encoding", ["klingon", "hex", "undefined", "a\0"])
def test_an_unknown_encoding_is_wrong_configuration(folder, encoding):
    message = refusal(folder, ConfigError, mapping={"contacts": {"encoding": encoding}})
    assert f"no encoding is called `{encoding}`" in message


@pytest.mark.parametrize("cut", [20, 200])
def test_a_truncated_gzip_is_refused(folder, cut):
    (folder / "contacts.csv").unlink()
    whole = gzip.compress(contacts_with_notes().to_csv(index=False).encode())
    (folder / "contacts.csv.gz").write_bytes(whole[:cut])
    assert "contacts.csv.gz: the gzip file is cut off or damaged" in refusal(folder, DataError)


def test_a_file_that_unpacks_without_end_is_refused(folder, monkeypatch):
    monkeypatch.setattr("duewise.sources.text_files._BOMB_BYTES", 1 << 20)
    (folder / "contacts.csv").unlink()
    (folder / "contacts.csv.gz").write_bytes(gzip.compress(b"contact_id\n" + b"\n" * (64 << 20)))
    assert "times its size" in refusal(folder, DataError)


def test_other_peoples_formats_are_named(folder):
    (folder / "contacts.csv").write_bytes(b"PK\x03\x04 rest of a workbook")
    assert "Excel workbook" in refusal(folder, DataError)
    (folder / "contacts.csv").unlink()
    (folder / "contacts.parquet").write_bytes(b"no parquet at all")
    assert "is not a parquet file" in refusal(folder, DataError)
    (folder / "contacts.parquet").write_bytes(b"PAR1 cut off")
    assert "is damaged" in refusal(folder, DataError)


def test_a_corrupt_page_is_told_as_a_damaged_file(folder):
    (folder / "contacts.csv").unlink()
    clean_tables(1000)["contacts"].to_parquet(folder / "contacts.parquet", compression="none")
    data = bytearray((folder / "contacts.parquet").read_bytes())
    data[4:400] = bytes(396)
    (folder / "contacts.parquet").write_bytes(data)
    assert "contacts.parquet: is damaged" in refusal(folder, DataError)


@pytest.mark.parametrize("content", [b"", b"\n", b"contact_id,debtor_id,at,channel,direction,outcome\n"])
def test_a_file_without_rows_is_an_empty_contacts_table(folder, content):
    (folder / "contacts.csv").write_bytes(content)
    with open_tables(portfolio_of(folder), AS_OF, now=NOW) as opened:
        assert opened.tables.contacts.count().execute() == 0
        assert [warning.code for warning in opened.report.warnings] == ["table_empty"]


@pytest.mark.parametrize("table", ["debtors", "accounts", "payments"])
def test_no_run_without_debtors_accounts_and_payments(folder, table):
    (folder / f"{table}.csv").write_bytes(b"")
    assert f"{table}.csv: holds no rows" in refusal(folder, DataError)


def damaged(folder: Path, mutate) -> tuple[list[str], dict[int, str]]:
    """Accepted contact ids, and malformed lines by row number, of a mutated contacts file."""
    lines = contacts_with_notes().to_csv(index=False).splitlines(keepends=True)
    (folder / "contacts.csv").write_text("".join(mutate(lines)), encoding="utf-8")
    portfolio = portfolio_of(folder, sources={"max_bad_share": 1})
    with open_tables(portfolio, AS_OF, now=NOW) as opened:
        report = opened.report.tables[Table.CONTACTS]
        assert report.accepted + report.quarantined == report.read
        written = opened.write_quarantine(folder.parent / "quarantine")
        kept = list(opened.tables.contacts.contact_id.execute())
    rows = pd.read_csv(written["contacts.csv"], dtype=str).fillna("") if "contacts.csv" in written else None
    broken = {} if rows is None else dict(zip(rows.row_number.astype(int), rows.line, strict=True))
    return kept, broken


def test_ragged_rows_are_quarantined_and_the_others_kept(folder):
    kept, broken = damaged(folder, lambda lines: [*lines[:2], "C77,D0\n", *lines[2:5], "\n", *lines[5:]])
    assert kept == [f"C{i}" for i in range(8)]
    assert broken == {2: "C77,D0"}


def test_a_stray_quote_costs_one_row_and_not_the_rest_of_the_file(folder):
    stray = 'C77,D0,2024-05-31,call,outbound,done,0.5,"he said\n'
    kept, broken = damaged(folder, lambda lines: [*lines[:2], stray, *lines[2:]])
    assert kept == [f"C{i}" for i in range(8)]
    assert broken == {2: stray.strip()}


def test_long_fields_pass(folder):
    frame = contacts_with_notes()
    frame.loc[0, "note"] = "长" * 400_000
    frame.to_csv(folder / "contacts.csv", index=False)
    assert notes_of(folder)[0] == "长" * 400_000


def test_a_column_name_that_occurs_twice_matters_only_where_it_is_needed(folder):
    text = clean_tables()["contacts"].assign(a="1", b="2").to_csv(index=False)
    (folder / "contacts.csv").write_text(text.replace("a,b\n", "x,x\n", 1))
    with examine_sources(portfolio_of(folder), AS_OF, now=NOW) as examination:
        assert examination.report.tables[Table.CONTACTS].extra_columns == ("x", "x")
    (folder / "contacts.csv").write_text(text.replace("a,b\n", "x,at\n", 1))
    assert "the column `at` is there more than once" in refusal(folder, DataError)


def test_names_with_quotes_and_wildcards_are_only_names(folder):
    odd = folder / 'it\'s [a] "file"*?.csv'
    (folder / "contacts.csv").rename(odd)
    frame = pd.read_csv(odd, dtype=str).assign(**{"; DROP TABLE x --": "1", 'q"q': "2"})
    frame.to_csv(odd, index=False)
    (folder / "itsa.csv").write_text("decoy")
    mapping = {"contacts": {"file": odd.name, "timezone": "UTC"}}
    with examine_sources(portfolio_of(folder, mapping=mapping), AS_OF, now=NOW) as examination:
        assert examination.report.tables[Table.CONTACTS].accepted == 8
        assert examination.report.tables[Table.CONTACTS].extra_columns == ("; DROP TABLE x --", 'q"q')
