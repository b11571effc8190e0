"""A small portfolio that lives on: decided by the product, carried out as planned, judged apart.

The people and their answers come from the simulated world; the places, and so the clocks and holidays, are
those of the jurisdiction under test.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
from rule_reference import Account, Contact, Debtor, Flag, Payment, Reference, World

from duewise.config import Portfolio, parse_portfolio
from duewise.contracts.columns import ENGINE_TYPES
from duewise.contracts.tables import TABLES
from duewise.features.scope import accounts_in_scope
from duewise.models.bundle import Bundle
from duewise.pipelines.decision import DecidedNight
from duewise.pipelines.tonight import decide_portfolio, score_debtors
from duewise.policy.decide import Decision, action_names
from duewise.policy.permissions import load_rules
from duewise.policy.rules import RuleSet
from duewise.simulate.sample import simulate_portfolio
from duewise.simulate.simulation import Simulation
from duewise.simulate.world import preset
from duewise.sources.tables import Tables

LEFT_OUT_BEFORE = timedelta(days=100)
"""No rule looks further back than ninety days; older contacts would only cost the slow evaluator time."""

SCRIPTS = [
    "opt_out_line",
    "collector_disclosure",
    "verification_step",
    "approved_script",
    "neutral_envelope",
    "doorstep_check",
    "institution_named",
    "visit_team",
]
"""What the team can attach: everything that lets contacts happen, but no human review."""

CONVERSATIONS = ("right_party", "promise", "refusal", "dispute", "hardship", "complaint", "opt_out", "done")


@dataclass(frozen=True)
class Country:
    """Where the debtors live, under which packs, and the night on which the story begins."""

    code: str
    packs: list[str] | None
    places: list[tuple[str | None, str | None]]
    """Zone and region of one debtor after the other."""
    begins: date
    role: str = "creditor"


@dataclass(frozen=True)
class TenPercent(Bundle):
    """A bundle that expects a tenth of every balance: what a night needs of models, and no fitting."""

    def score(self, frame: pd.DataFrame, threads: int = 1) -> pd.DataFrame:
        return pd.DataFrame({"expected_share_30d": 0.1}, index=frame.index)


@dataclass
class Living:
    """The portfolio between two nights."""

    folder: Path
    settings: Portfolio
    rules: RuleSet
    simulation: Simulation

    @property
    def as_of(self) -> date:
        return self.simulation.as_of

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "data" / f"{name}.parquet")


@dataclass(frozen=True)
class CarriedOut:
    """A night that was decided, and when each of its contacts was made."""

    as_of: date
    debtors: pd.DataFrame
    decided: DecidedNight
    at: dict[str, datetime]
    action: dict[str, str]


def settle(folder: Path, country: Country, begins: date, debtors: int, seed: int) -> Living:
    """Make the portfolio as its books stand on the evening before `begins`."""
    simulate_portfolio(preset("default"), debtors, 4, seed, begins, folder / "data", folder / "truth")
    people = pd.read_parquet(folder / "data" / "debtors.parquet")
    places = [country.places[i % len(country.places)] for i in range(len(people))]
    people["timezone"] = [zone for zone, _ in places]
    people["region"] = [region for _, region in places]
    people.to_parquet(folder / "data" / "debtors.parquet", index=False)
    settings = parse_portfolio(
        {
            "portfolio": {
                "name": "living",
                "country": country.code,
                "timezone": country.places[0][0],
                "role": country.role,
                "language": "en",
            },
            "sources": {"path": str(folder / "data"), "max_bad_share": 1.0},
            "horizons": [30],
            "actions": {
                "sms": {"cost": 0.05, "capacity": debtors // 6},
                "email": {"cost": 0.01, "capacity": debtors // 8},
                "ai_call": {"cost": 0.4, "uses": {"line_minutes": 2}},
                "call": {"cost": 4.0, "uses": {"agent_minutes": 6}},
                "letter": {"cost": 3.0, "capacity": 5},
                "visit": {"cost": 60.0, "uses": {"visit_slots": 1}},
                "legal_letter": {"cost": 25.0, "capacity": 3},
                "litigation": {"cost": 300.0, "capacity": 1},
            },
            "resources": {
                "line_minutes": {"limit": 20},
                "agent_minutes": {"limit": 90},
                "visit_slots": {"limit": 1, "per": "region"},
            },
            "rules": country.packs,
            "artefacts": SCRIPTS,
            "cells": {"control": 0.05, "explore": 0.3, "seed": "law"},
            "publish": {"runs": str(folder / "runs")},
        },
        origin="test",
    )
    return Living(folder, settings, load_rules(settings), Simulation.load(folder / "truth"))


def decide(living: Living, start: Decision | None = None) -> tuple[pd.DataFrame, DecidedNight]:
    """Decide the night by the product's own path, from the files of the books."""
    bundle = TenPercent(info=None, encoding=None, repayment={}, amount={})
    tables = _books(living.folder / "data")
    debtors = _debts_in_scope(tables, living.as_of)
    scored = score_debtors(bundle, debtors, living.settings.horizons)
    decided = decide_portfolio(
        living.settings, living.rules, tables, living.as_of, bundle, scored, start=start
    )
    return debtors, decided


def _books(folder: Path) -> Tables:
    """Return the files of the books as accepted tables; what is sound needs no second look every night."""
    con = ibis.duckdb.connect()
    for table, schema in TABLES.items():
        types = {name: ENGINE_TYPES[c.metadata["kind"]] for name, c in schema.columns.items()}
        columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        con.raw_sql(f'create table "{table}" ({columns})')
        file = folder / f"{table}.parquet"
        if file.exists():
            con.raw_sql(f"insert into \"{table}\" by name select * from read_parquet('{file}')")
    return Tables(con=con, **{str(table): con.table(str(table)) for table in TABLES})


def _debts_in_scope(tables: Tables, as_of: date) -> pd.DataFrame:
    """Return what decisions read of a snapshot; its other features take long and feed the models alone."""
    accounts = accounts_in_scope(tables, as_of)
    largest = accounts.size_rank == 0
    debts = accounts.group_by("debtor_id").agg(
        balance=accounts.balance.sum(), dpd=accounts.dpd.max(), product=accounts["product"].max(where=largest)
    )
    people = tables.debtors.select("debtor_id", "region")
    rows: pd.DataFrame = debts.inner_join(people, "debtor_id").order_by("debtor_id").execute()
    return rows


def carry_out(living: Living, debtors: pd.DataFrame, decided: DecidedNight) -> CarriedOut:
    """Make every planned contact inside its window (early, late, in between) and let the day happen."""
    as_of, ids = living.as_of, debtors["debtor_id"].tolist()
    actions = action_names(decided.decision.choice, decided.values.actions)
    start = decided.plan.window_start.astype("datetime64[s]")
    end = decided.plan.window_end.astype("datetime64[s]")
    night = as_of.toordinal()
    share = np.array([((i + night) % 3) / 2 for i in range(len(ids))])  # first, middle, last second
    length = np.where(np.isnat(start), 0, (end - start).astype(np.int64) - 1)
    at = start + np.rint(share * length).astype("timedelta64[s]")
    acting = np.flatnonzero(decided.decision.choice > 0)
    made = {ids[i]: at[i].astype(object) for i in acting}
    done = CarriedOut(as_of, debtors, decided, made, {ids[i]: str(actions[i]) for i in acting})
    plans = pd.DataFrame({"debtor_id": list(made), "action": list(done.action.values()), "at": made.values()})
    night_rows = living.simulation.step(plans)
    night_rows.append_to(living.folder / "data")
    _append_assignments(living, as_of, ids, actions, decided)
    return done


def _append_assignments(
    living: Living, as_of: date, ids: list[str], actions: Any, decided: DecidedNight
) -> None:
    file = living.folder / "data" / "assignments.parquet"
    rows = pd.DataFrame(
        {
            "debtor_id": ids,
            "as_of": as_of,
            "action": actions.astype(str),
            "propensity": decided.decision.propensity,
            "policy": decided.values.policy_version,
            "cell": decided.cell.astype(str),
        }
    )
    before = [pd.read_parquet(file)] if file.exists() else []
    pd.concat([*before, rows]).to_parquet(file, index=False)


def opt_out(living: Living, debtors: list[str], channel: str) -> None:
    """Enter an opt-out said in the afternoon before the night."""
    file = living.folder / "data" / "flags.parquet"
    said = datetime.combine(living.as_of - timedelta(days=1), time(15))
    flags = pd.read_parquet(file)
    rows = pd.DataFrame({"debtor_id": debtors, "flag": f"opt_out:{channel}"})
    rows["starts_at"] = pd.Timestamp(said, tz=flags["starts_at"].dt.tz)
    rows["recorded_at"] = rows["starts_at"] + pd.Timedelta(hours=1)
    pd.concat([flags, rows], ignore_index=True).to_parquet(file, index=False)


class Witness:
    """What an outsider who saw everything knows about each debtor, for the slow evaluator."""

    def __init__(self, living: Living, planned: list[CarriedOut]) -> None:
        self.world = World(
            living.settings.portfolio.role,
            living.settings.portfolio.country,
            living.settings.portfolio.timezone,
            None if living.settings.artefacts is None else frozenset(living.settings.artefacts),
        )
        self.people = living.table("debtors").set_index("debtor_id")
        self.accounts = _grouped(living.table("accounts"))
        self.contacts = _grouped(living.table("contacts"))
        self.flags = _grouped(living.table("flags"))
        owner = living.table("accounts").set_index("account_id")["debtor_id"]
        payments = living.table("payments")
        self.payments = _grouped(payments.assign(debtor_id=payments["account_id"].map(owner)))
        self.planned = planned

    def debtor(self, debtor_id: str, night: date, now: datetime) -> Debtor:
        """Return what binds a contact at `now` that was decided on `night`.

        What the debtor said or paid binds from when it was in the books; what was done to the debtor counts
        from the second it was done, whether or not it had been typed in.
        """
        known = datetime.combine(night, time(0))
        person = self.people.loc[debtor_id]
        contacts = []
        for row in self.contacts.get(debtor_id, []):
            at, recorded = _naive(row["at"]), _naive(row["recorded_at"])
            in_books = at < known and recorded < known
            if not known - LEFT_OUT_BEFORE < at < now or not (in_books or row["direction"] == "outbound"):
                continue
            contact = Contact(
                at,
                row["channel"],
                row["direction"],
                row["outcome"],
                _text(row["account_id"]),
                due=_date(row["promise_due_on"]),
                promised=_number(row["promise_amount"]),
                reason=_text(row["stated_reason"]),
                point=_text(row["contact_point"]),
            )
            if not in_books:
                talked = contact.outcome in CONVERSATIONS
                contact = replace(
                    contact, outcome="right_party" if talked else "no_answer", due=None, reason=None
                )
            contacts.append(contact)
        seen = {(c.at, c.channel) for c in contacts}
        for earlier in self.planned:  # made, and not even typed in yet
            at = earlier.at.get(debtor_id)
            if at and at < now and earlier.as_of < night and (at, earlier.action[debtor_id]) not in seen:
                contacts.append(Contact(at, earlier.action[debtor_id], "outbound", "no_answer"))
        return Debtor(
            _text(person["timezone"]),
            _text(person["region"]),
            None if pd.isna(person["birth_year"]) else int(person["birth_year"]),
            [
                Account(
                    row["account_id"],
                    row["product"],
                    _date(row["past_due_since"]),
                    _date(row["limitation_expires_on"]),
                    _date(row["last_interrupted_on"]),
                )
                for row in self.accounts[debtor_id]
                if self.in_scope(row, night)
            ],
            contacts,
            [
                Flag(
                    row["flag"],
                    starts,
                    _naive(row["ends_at"]),
                    _text(row["account_id"]),
                    _text(row["detail"]),
                )
                for row in self.flags.get(debtor_id, [])
                if (starts := _naive(row["starts_at"])) < known and _naive(row["recorded_at"]) < known
            ],
            [
                Payment(row["account_id"], at, row["amount"])
                for row in self.payments.get(debtor_id, [])
                if row["kind"] == "payment"
                and (at := _naive(row["at"])) < known
                and _naive(row["recorded_at"]) < known
            ],
        )

    def in_scope(self, account: dict[str, Any], night: date) -> bool:
        closed = _date(account["closed_on"])
        return _date(account["placed_on"]) < night and (closed is None or closed >= night)

    def broken(self, living: Living, done: CarriedOut) -> Iterator[tuple[str, str, datetime, set[str]]]:
        """Yield every contact of a night that a rule forbade at the second it was made."""
        for debtor_id, at in done.at.items():
            debtor = self.debtor(debtor_id, done.as_of, at)
            reference = Reference(debtor, self.world, at, at, None)
            action = done.action[debtor_id]
            denying = reference.denied_by(living.rules, action, at_instant=True)
            if denying:
                yield debtor_id, action, at, denying
            if reference.day != done.as_of:
                yield debtor_id, action, at, {"not on the debtor's day"}
            if at < datetime.combine(done.as_of, time(0)):
                yield debtor_id, action, at, {"before the night was decided"}

    def broken_follow_ups(
        self, living: Living, done: CarriedOut
    ) -> Iterator[tuple[str, str, date, set[str]]]:
        """Yield every follow-up that a rule would forbid after tonight's contact, made and not answered."""
        ids = done.debtors["debtor_id"].tolist()
        plan = done.decided.plan
        names = action_names(plan.follow_up, done.decided.values.actions)
        for row in np.flatnonzero(plan.follow_up > 0):
            debtor_id, day = ids[row], plan.follow_up_on[row].astype(object)
            debtor = self.debtor(debtor_id, done.as_of, datetime.combine(done.as_of, time(0)))
            tonight = Contact(done.at[debtor_id], done.action[debtor_id], "outbound", "no_answer")
            debtor = replace(debtor, contacts=[*debtor.contacts, tonight])
            dawn = datetime.combine(day, time(0))
            denying = Reference(debtor, self.world, dawn, dawn, day).denied_by(
                living.rules, str(names[row]), False
            )
            if denying:
                yield debtor_id, str(names[row]), day, denying


def _grouped(table: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    return {str(key): rows.to_dict("records") for key, rows in table.groupby("debtor_id")}


def _naive(value: Any) -> Any:
    """Return an instant as naive UTC."""
    if value is None or pd.isna(value):
        return None
    moment = pd.Timestamp(value)
    return (moment.tz_convert(UTC) if moment.tzinfo else moment).tz_localize(None).to_pydatetime()


def _date(value: Any) -> Any:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).date()


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else str(value)


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
