"""A portfolio with tables, models and one run that stands, and what is wrong with its runs."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import yaml
from _nursery import Nursery

from duewise.config import load_portfolio
from duewise.pipelines.sample import make_sample
from duewise.pipelines.train import train

AS_OF = date(2026, 6, 1)
EARLIER = AS_OF - timedelta(days=1)
PORTFOLIO = Path(__file__).parents[1] / "pipelines" / "sample.yaml"
_WHOLE = {"strategies.parquet", "assignments.parquet", "worklist.xlsx", "report.html", "manifest.json"}
_PENDING = ".database-pending"


@dataclass(frozen=True)
class World:
    """Where the parts of the world lie; its rows go to a SQLite database too."""

    file: Path
    data: Path
    store: Path
    runs: Path

    @property
    def database(self) -> Path:
        return self.runs.with_name(f"{self.runs.name}.db")

    def command(self, as_of: date = AS_OF) -> tuple[str | Path, ...]:
        """Return the arguments of a night."""
        database = f"publish.database=sqlite:///{self.database}"
        return (self.file, "--out", self.runs, "--as-of", as_of.isoformat(), "--set", database)

    def earlier(self) -> bytes:
        return (self.runs / EARLIER.isoformat() / "strategies.parquet").read_bytes()

    def faults_seen(self, standing: bytes) -> list[str]:
        """Return what is wrong with the runs and the database, given the bytes of the earlier run."""
        shown = {path.name for path in self.runs.iterdir() if not path.name.startswith(".")}
        nights = shown & {EARLIER.isoformat(), AS_OF.isoformat()}
        wrong = [f"{name} shows" for name in shown - nights - {"latest"} if not name.endswith(".failed")]
        if self.earlier() != standing:
            wrong.append("the earlier run has changed")
        for name in nights:
            missing = _WHOLE - {path.name for path in (self.runs / name).iterdir()}
            wrong += [f"{name} lacks {file}" for file in missing]
        if not (self.runs / "latest").exists():
            wrong.append("latest leads nowhere")
        if not (self.runs / _PENDING).exists():
            wrong += [f"database and folder differ on {name}" for name in nights if not self.agree_on(name)]
        return wrong

    def agree_on(self, night: str) -> bool:
        """Return whether the database holds exactly the strategies of the folder."""
        run = self.runs / night
        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        columns = ["debtor_id", "action", "rank"]
        rows = pq.read_table(run / "strategies.parquet", columns=columns).to_pylist()
        with closing(sqlite3.connect(self.database)) as con:
            held = con.execute("SELECT run_id, written_at FROM duewise_runs WHERE as_of = ?", [night])
            if held.fetchall() != [(manifest["run_id"], manifest["written_at"])]:
                return False
            kept = con.execute(f"SELECT {', '.join(columns)} FROM strategies WHERE as_of = ?", [night])
            return sorted(kept) == sorted(tuple(row.values()) for row in rows)


def prepare(folder: Path, nights: Nursery, debtors: int = 600) -> World:
    """Make a portfolio, train on it, and publish the earlier run."""
    world = World(folder / "portfolio.yaml", folder / "data", folder / "models", folder / "runs")
    settings = yaml.safe_load(PORTFOLIO.read_text(encoding="utf-8"))
    settings["sources"] = {"path": str(world.data)}
    settings["models"] = {"store": str(world.store)}
    settings["portfolio"]["language"] = "en"
    # What a night survives does not hang on what its models know: a short history trains at once.
    settings["horizons"] = [14, 30]
    settings["training"] = {"history_days": 60, "posting_delay_days": 3}
    world.file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    portfolio = load_portfolio(world.file)
    make_sample(portfolio, AS_OF, debtors=debtors, months=10)
    train(portfolio, AS_OF)
    publish_earlier(world, nights)
    return world


def publish_earlier(world: World, nights: Nursery) -> None:
    """Publish the run that every fault must leave as it is."""
    ended = nights.night(*world.command(EARLIER))
    assert ended.code == 0, ended.output
