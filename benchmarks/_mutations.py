"""Inputs as an enemy, a careless export or a bad cable leave them, and what reading each must come to."""

import gzip
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from duewise.config import load_portfolio, parse_portfolio
from duewise.errors import DuewiseError
from duewise.sources.examine import examine_sources

AS_OF = date(2024, 6, 1)
NOW = datetime(2024, 6, 1, 2)
MOST_SECONDS = 20.0
"""Processor time after which an input counts as having hung the reader."""

HOSTILE = (
    "<script>alert(1)</script>",
    "'; DROP TABLE debtors; --",
    '"',
    '=HYPERLINK("http://x","y")',
    "+cmd|' /C calc'!A0",
    "\x00\x01\x1b[31m\x7f",
    "\u202egnp.exe\u2066",
    "\ud7ff\ufffd\U0001f4a9",
    "../../../etc/passwd",
    "x" * 70_000,
    "1e400",
    "-1e308",
    "NaN",
    "inf",
    "9" * 400,
    "0000-00-00",
    "2024-02-30",
    "10000-01-01",
    "1,2,3",
    "{{7*7}}",
    "%s%n",
    "",
    " ",
    "null",
    '💣\r\n,"',
)

Random = random.Random


def _tables() -> dict[str, pd.DataFrame]:
    ids = [f"D{i}" for i in range(20)]
    return {
        "debtors": pd.DataFrame({"debtor_id": ids, "region": "north", "birth_year": "1980"}),
        "accounts": pd.DataFrame(
            {
                "account_id": [f"A{i}" for i in ids],
                "debtor_id": ids,
                "product": "credit_card",
                "past_due_since": "2024-01-01",
                "placed_on": "2024-02-01",
                "placed_balance": "1000.5",
            }
        ),
        "payments": pd.DataFrame(
            {
                "payment_id": [f"P{i}" for i in ids],
                "account_id": [f"A{i}" for i in ids],
                "at": "2024-05-30T10:00:00",
                "amount": "20",
                "kind": "payment",
            }
        ),
        "contacts": pd.DataFrame(
            {
                "contact_id": [f"C{i}" for i in ids],
                "debtor_id": ids,
                "at": "2024-05-31T09:30:00",
                "channel": "call",
                "direction": "outbound",
                "outcome": "no_answer",
                "note": 'said "later"',
            }
        ),
        "flags": pd.DataFrame({"debtor_id": ids, "flag": "consent:sms", "starts_at": "2024-02-01"}),
    }


def _flipped(content: bytes, draw: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice((1, 3, 30))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut(content: bytes, draw: Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _repeated(content: bytes, draw: Random) -> bytes:
    begin = draw.randrange(len(content))
    end = min(len(content), begin + draw.choice((1, 50, 500)))
    return content[:end] * draw.choice((1, 2)) + content[begin:]


def _poisoned(content: bytes, draw: Random) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + draw.choice(HOSTILE).encode("utf-8", "surrogatepass") + content[at:]


def _recoded(content: bytes, draw: Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(draw.choice(("utf-16", "utf-16-le", "gb18030", "utf-8-sig", "utf-32")))


def _other_lines(content: bytes, draw: Random) -> bytes:
    return content.replace(b"\n", draw.choice((b"\r", b"\r\n", b"\n\n", b"\x0b", b"")))


def _other_delimiters(content: bytes, draw: Random) -> bytes:
    return content.replace(b",", draw.choice((b";", b"\t", b"|", b"^", b",,")))


MUTATIONS: tuple[Callable[[bytes, Random], bytes], ...] = (
    _flipped,
    _cut,
    _repeated,
    _poisoned,
    _recoded,
    _other_lines,
    _other_delimiters,
)


@dataclass
class Found:
    """What came of reading mutated inputs; `lost` are rows neither accepted nor quarantined."""

    inputs: int = 0
    judged: int = 0
    refused: int = 0
    rows: int = 0
    lost: int = 0
    crashes: list[str] = field(default_factory=list)


def fuzz(inputs: int, folder: Path, seed: int = 1) -> Found:
    """Read `inputs` mutated inputs, files and portfolio files in turn; `folder` is for the files."""
    found = Found()
    for number in range(inputs):
        draw = Random(f"{seed}/{number}")
        found.inputs += 1
        begin = time.process_time()
        try:
            (_read_file if number % 2 else _read_portfolio_file)(draw, folder, found)
            found.judged += 1
        except DuewiseError as error:
            found.refused += 1
            if not str(error).strip() or "Traceback" in str(error):
                found.crashes.append(f"input {number}: an empty refusal")
        except Exception as error:
            found.crashes.append(f"input {number}: {type(error).__name__}: {str(error)[:200]}")
        if time.process_time() - begin > MOST_SECONDS:
            found.crashes.append(f"input {number}: took {time.process_time() - begin:.0f} s")
    return found


def _read_file(draw: Random, folder: Path, found: Found) -> None:
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    tables = _tables()
    victim = draw.choice(sorted(tables))
    for name, frame in tables.items():
        frame.to_csv(data / f"{name}.csv", index=False)
    path = data / f"{victim}.csv"
    if draw.random() < 0.3:
        frame = tables[victim].astype(object)
        for _ in range(draw.choice((1, 4))):
            frame.iloc[draw.randrange(len(frame)), draw.randrange(frame.shape[1])] = draw.choice(HOSTILE)
        frame.to_csv(path, index=False, errors="replace")
    elif draw.random() < 0.2:
        path.unlink()
        path = data / f"{victim}.parquet"
        tables[victim].to_parquet(path)
    content = path.read_bytes()
    for _ in range(draw.choice((0, 1, 1, 2))):
        content = draw.choice(MUTATIONS)(content, draw) if content else content
    path.write_bytes(content)
    if path.suffix == ".csv" and draw.random() < 0.15:
        packed = gzip.compress(content)
        path.with_suffix(".csv.gz").write_bytes(_flipped(packed, draw) if draw.random() < 0.5 else packed)
        path.unlink()
    portfolio = parse_portfolio(
        {"portfolio": {"name": "x", "language": "en"}, "sources": {"path": str(data), "max_bad_share": 1.0}},
        origin="fuzz",
    )
    with examine_sources(portfolio, AS_OF, now=NOW) as examination:
        for table in examination.report.tables.values():
            found.rows += table.read
            found.lost += abs(table.read - table.accepted - table.quarantined)
        examination.write_quarantine(folder / "quarantine")
    shutil.rmtree(folder / "quarantine", ignore_errors=True)


_WHOLE_FILE = """\
portfolio: {name: demo, currency: CNY, timezone: Asia/Shanghai, country: CN, language: en}
sources:   {path: data/sample, max_bad_share: 0.01}
mapping:
  contacts:
    columns: {no: contact_id}
    codes:   {channel: {SMS: sms}}
horizons:  [30, 90]
actions:
  call: {cost: 4.0, capacity: 300, uses: {agent_minutes: 6}}
resources: {agent_minutes: {limit: 2400}, visit_slots: {limit: 20, per: region}}
rules:     [cn]
cells:     {control: 0.05, explore: 0.05, seed: x}
publish:   {runs: runs, excel: true, database: null}
"""


def _read_portfolio_file(draw: Random, folder: Path, found: Found) -> None:
    content = _WHOLE_FILE.encode()
    for _ in range(draw.choice((1, 1, 2, 4))):
        content = draw.choice(MUTATIONS)(content, draw) if content else content
    if draw.random() < 0.1:
        content += b"x: " + b"[" * 5_000
    if draw.random() < 0.1:
        content += b"a: &a [1,1,1,1,1,1,1,1,1]\n" + b"".join(
            b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(7)
        )
    (folder / "portfolio.yaml").write_bytes(content)
    load_portfolio(folder / "portfolio.yaml", ["horizons=[30]"] if draw.random() < 0.2 else ())
