"""From columns of identifiers and codes to facts: local dates, row numbers, what a contact counts as."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from duewise.contracts.vocabulary import CHANNELS, SOFT_CHANNELS, Direction, Outcome
from duewise.policy.rules import facts as f
from duewise.policy.rules.kinds import DIRECTIONS, OUTCOMES, Kind, kind_table
from duewise.policy.rules.places import (
    DAY_SECONDS,
    Place,
    candidate_zones,
    day_number,
    local_days,
    reference_zone,
)
from duewise.policy.rules.timetable import day_zone

_NO_SECOND = np.iinfo(np.int64).min
_UNKNOWN_OUTCOME = OUTCOMES.index(Outcome.UNKNOWN)


@dataclass(frozen=True)
class Columns:
    """Rows of the four tables for debtors in scope, numbered and sorted.

    Attributes
    ----------
    debtors : DataFrame
        debtor_id, timezone, region, birth_year, promise_at, promise_due_on, promise_paid, wrong_party_at.
    accounts : DataFrame
        debtor_row, account_id, product, past_due_since, placed_on, limitation_expires_on,
        last_interrupted_on, last_payment_at, first_contact_at, balance.
    contacts : DataFrame
        debtor_row, account_row, second (UTC), channel, direction and outcome as positions in their
        vocabularies (-1: other), disputes.
    flags : DataFrame
        debtor_row, account_row, flag, starts_at, ends_at, detail.
    assigned : DataFrame
        debtor_row, as_of, channel: what the last nights decided, whether or not it is known to be done.
    """

    debtors: pd.DataFrame
    accounts: pd.DataFrame
    contacts: pd.DataFrame
    flags: pd.DataFrame
    assigned: pd.DataFrame


def assemble(columns: Columns, context: f.Context, as_of: date) -> f.Facts:
    """Return the facts that `columns` hold, with dates on each debtor's own calendar."""
    people, debts, events, marks = columns.debtors, columns.accounts, columns.contacts, columns.flags
    place, places = _places(people)
    zone, zones = _zones(places, context, day_number(as_of))

    def local(debtor: f.Ints, second: f.Seconds) -> f.Ints:
        return _local(zone[place[debtor]], zones, second)

    everybody = np.arange(len(people), dtype=np.int32)
    debtor_of = {
        name: _ints(frame["debtor_row"]) for name, frame in vars(columns).items() if name != "debtors"
    }
    starts, ends = _seconds(marks["starts_at"]), _seconds(marks["ends_at"])
    end_day = local(debtor_of["flags"], ends)
    names = sorted(map(str, marks["flag"].unique()))
    recorded = f.Contacts(
        debtor=debtor_of["contacts"],
        account=_ints(events["account_row"]),
        day=local(debtor_of["contacts"], events["second"].to_numpy(dtype=np.int64)),
        channel=_ints(events["channel"]),
        kinds=_kinds(events),
    )
    this_morning = np.full(len(people), day_number(as_of) * DAY_SECONDS, dtype=np.int64)
    waiting = _may_be_on_its_way(columns.assigned, local(everybody, this_morning), context.report_days)
    pending = _pending(columns.assigned[waiting], recorded)
    return f.Facts(
        context=context,
        places=places,
        flag_names=tuple(names),
        debtors=f.Debtors(
            debtor_id=people["debtor_id"].to_numpy(dtype=object),
            place=place,
            birth_year=_ints(people["birth_year"].fillna(0)),
            promise_made=local(everybody, _seconds(people["promise_at"])),
            promise_due=_days(people["promise_due_on"]),
            promise_paid=people["promise_paid"].fillna(False).to_numpy(dtype=bool),
            wrong_party=local(everybody, _seconds(people["wrong_party_at"])),
        ),
        accounts=f.Accounts(
            debtor=debtor_of["accounts"],
            account_id=debts["account_id"].to_numpy(dtype=object),
            product=debts["product"].to_numpy(dtype=object),
            past_due_since=_days(debts["past_due_since"]),
            limitation_expires=_days(debts["limitation_expires_on"]),
            last_interrupted=_days(debts["last_interrupted_on"]),
            last_payment=local(debtor_of["accounts"], _seconds(debts["last_payment_at"])),
            first_contact=_first_contact(
                local(debtor_of["accounts"], _seconds(debts["first_contact_at"])),
                debtor_of["accounts"],
                _days(debts["placed_on"]),
                pending,
            ),
            balance=debts["balance"].to_numpy(dtype=float),
        ),
        contacts=_together(recorded, pending),
        flags=f.Flags(
            debtor=debtor_of["flags"],
            account=_ints(marks["account_row"]),
            name=_ints(pd.Series(pd.Categorical(marks["flag"], categories=names).codes)),
            starts=starts,
            ends=np.where(ends == _NO_SECOND, f.NEVER, ends),
            start_day=local(debtor_of["flags"], starts),
            end_day=np.where(end_day == f.NO_DAY, np.iinfo(np.int32).max, end_day).astype(np.int32),
            detail=marks["detail"].fillna("").to_numpy(dtype=object),
        ),
    )


def _may_be_on_its_way(assigned: pd.DataFrame, today: f.Ints, report_days: int) -> f.Mask:
    """Return the assigned contacts whose record may still come.

    It is typed in by the end of the day, on the debtor's clock, that lies `report_days` after the contact.
    At 00:00 UTC that day is over east of Greenwich and goes on west of it.
    """
    last_day = _days(assigned["as_of"]).astype(np.int64) + report_days
    return np.asarray(last_day >= today[_ints(assigned["debtor_row"])])


def _pending(assigned: pd.DataFrame, recorded: f.Contacts) -> f.Contacts:
    """Return the assigned contacts of which no record has come, read against the caller.

    A plan is for one local day, so an outbound record of that day and channel is its own. Without one it may
    have been made and have been a conversation; it counts for every account.
    """
    debtor, channel = _ints(assigned["debtor_row"]), _ints(assigned["channel"])
    day = _days(assigned["as_of"])
    # The debtor's own call says nothing of ours.
    ours = (recorded.kinds & int(Kind.INBOUND)) == 0
    lately = ours & (recorded.day >= day.min(initial=np.iinfo(np.int32).max))
    made = _key(recorded.debtor[lately], recorded.day[lately], recorded.channel[lately])
    open_ = ~np.isin(_key(debtor, day, channel), made)
    kinds = kind_table()[channel, DIRECTIONS.index(Direction.OUTBOUND), _UNKNOWN_OUTCOME]
    everywhere = np.full(len(assigned), f.ALL_ACCOUNTS, dtype=np.int32)
    assumed = (kinds[open_] | int(Kind.PENDING)).astype(np.int32)
    return f.Contacts(debtor[open_], everywhere[open_], day[open_], channel[open_], assumed)


def _key(debtor: f.Ints, day: f.Ints, channel: f.Ints) -> f.Seconds:
    """Return one number per debtor, day (before the year 2149) and channel."""
    return np.asarray((debtor.astype(np.int64) << 20) + (day.astype(np.int64) << 4) + channel, dtype=np.int64)


def _first_contact(known: f.Ints, debtor: f.Ints, placed: f.Ints, pending: f.Contacts) -> f.Ints:
    """Return the first contact about each account, counting those of which no record has come yet."""
    soft = np.isin(pending.channel, [CHANNELS.index(channel) for channel in SOFT_CHANNELS])
    never = np.iinfo(np.int32).max
    earliest = np.full(debtor.max(initial=-1) + 1, never, dtype=np.int32)
    np.minimum.at(earliest, pending.debtor[soft], pending.day[soft])
    assigned = earliest[debtor]
    return np.where((known == f.NO_DAY) & (assigned != never) & (assigned >= placed), assigned, known)


def _together(one: f.Contacts, other: f.Contacts) -> f.Contacts:
    """Return the rows of both, sorted by debtor."""
    columns = {name: np.concatenate([column, getattr(other, name)]) for name, column in vars(one).items()}
    order = np.argsort(columns["debtor"], kind="stable")
    return f.Contacts(**{name: column[order] for name, column in columns.items()})


def _places(people: pd.DataFrame) -> tuple[f.Ints, tuple[Place, ...]]:
    pairs = people[["timezone", "region"]].astype(object)
    pairs = pairs.where(pairs.notna(), None)
    codes, distinct = pd.factorize(pd.MultiIndex.from_frame(pairs))
    places = tuple(Place(_text(timezone), _text(region)) for timezone, region in distinct)
    return codes.astype(np.int32), places


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _zones(places: Iterable[Place], context: f.Context, day: int) -> tuple[f.Ints, tuple[str, ...]]:
    """Return the clock on which each place reads its calendar, as an index into the distinct ones."""
    found: dict[str, int] = {}
    index = []
    for place in places:
        candidates = day_zone(candidate_zones(place, context.country), context.country, context.timezone)
        index.append(found.setdefault(reference_zone(candidates, day), len(found)))
    return np.array(index, dtype=np.int32), tuple(found)


def _local(zone: f.Ints, zones: tuple[str, ...], second: f.Seconds) -> f.Ints:
    day = np.full(len(second), f.NO_DAY, dtype=np.int32)
    known = second != _NO_SECOND
    for index, name in enumerate(zones):
        there = np.flatnonzero(known & (zone == index))
        day[there] = local_days(second[there], name)
    return day


def _seconds(times: pd.Series) -> f.Seconds:
    """Return UTC seconds, rounded up: an instant in whole seconds then compares as with the exact time."""
    exact = pd.to_datetime(times).astype("datetime64[us]")
    micros = exact.to_numpy().astype(np.int64)
    return np.where(exact.isna(), _NO_SECOND, -(-micros // 1_000_000))


def _days(dates: pd.Series) -> f.Ints:
    exact = pd.to_datetime(dates).astype("datetime64[s]")
    days = exact.to_numpy().astype(np.int64) // DAY_SECONDS
    return np.where(exact.isna(), f.NO_DAY, days).astype(np.int32)


def _ints(column: pd.Series) -> f.Ints:
    return np.asarray(column.to_numpy(), dtype=np.int32)


def _kinds(events: pd.DataFrame) -> f.Ints:
    channel, direction, outcome = (_ints(events[name]) for name in ("channel", "direction", "outcome"))
    outcome = np.where(outcome < 0, _UNKNOWN_OUTCOME, outcome)
    direction = np.maximum(direction, 0)  # unknown: read as outbound, against the caller
    table = np.concatenate([kind_table(), np.zeros((1, 2, len(OUTCOMES)), dtype=np.int32)])
    kinds = table[np.where(channel < 0, len(CHANNELS), channel), direction, outcome]
    return np.where(events["disputes"].to_numpy(dtype=bool), kinds | int(Kind.DISPUTING), kinds).astype(
        np.int32
    )
