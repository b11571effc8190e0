"""The closed vocabulary of conditions that a rule may state; there is nothing else a pack can say.

Every condition describes the situation in which its rule *denies*. Hours are the one exception, since a
statute names the permitted hours: the rule denies outside them.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, field_validator, model_validator

from duewise.config import known_timezone, unknown_name
from duewise.contracts.vocabulary import (
    CALL_CHANNELS,
    CHANNELS,
    LEGAL_CHANNELS,
    LIVE_CHANNELS,
    MESSAGE_CHANNELS,
    SOFT_CHANNELS,
)

SALE = "sale"
"""Selling or placing the debt: no channel, yet rules speak about it."""

ACTIONS: tuple[str, ...] = (*map(str, CHANNELS), SALE)

GROUPS: dict[str, tuple[str, ...]] = {
    "remote_live": tuple(map(str, CALL_CHANNELS)),
    "message": tuple(map(str, MESSAGE_CHANNELS)),
    "live": tuple(map(str, LIVE_CHANNELS)),
    "soft": tuple(map(str, SOFT_CHANNELS)),
    "legal": tuple(map(str, LEGAL_CHANNELS)),
    "all": tuple(map(str, CHANNELS)),
}
"""Groups of actions that a pack may name."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60

Window = tuple[int, int] | None
"""Minutes of the local day, ``[start, end)``; None where nothing is permitted."""


def expand_actions(names: Any) -> tuple[str, ...]:
    """Return the actions that a list of actions and groups stands for, in the product's order."""
    wanted: set[str] = set()
    for name in names if isinstance(names, list | tuple) else [names]:
        if name in GROUPS:
            wanted.update(GROUPS[name])
        elif name in ACTIONS:
            wanted.add(name)
        else:
            raise ValueError(unknown_name(name, [*ACTIONS, *GROUPS], what="action"))
    return tuple(action for action in ACTIONS if action in wanted)


Actions = Annotated[tuple[str, ...], PlainValidator(expand_actions)]


class Condition(BaseModel):
    """One thing a rule can look at: immutable, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hours(Condition):
    """Permitted local hours by weekday and holiday.

    Written as ``{mon-fri: ["09:00", "19:00"], sat: ["09:00", "18:00"], sun: none, holidays: none}`` or
    ``{daily: ["08:00", "21:00"]}``; without ``holidays`` a holiday is like any day of its weekday.
    """

    week: tuple[Window, ...] = Field(description="Permitted minutes, Monday to Sunday.")
    holidays: Window = Field(None, description="Permitted minutes on a public holiday.")
    holidays_differ: bool = Field(False, description="Whether holidays have hours of their own.")
    zones: tuple[str, ...] = Field((), description="Clocks to obey instead of the debtor's own.")
    holiday_names: tuple[str, ...] = Field((), description="Beginnings of the holidays meant; empty: all.")

    @model_validator(mode="before")
    @classmethod
    def _read_days(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "week" in value:
            return value
        rest = dict(value)
        given = {key: rest.pop(key) for key in list(rest) if key not in cls.model_fields}
        week: dict[str, Window] = {}
        for key, hours in given.items():
            for day in _weekdays(key):
                if day in week:
                    raise ValueError(f"contradictory hours: {day} is named twice; name each weekday once")
                week[day] = _window(hours)
        if missing := [day for day in WEEKDAYS if day not in week]:
            raise ValueError(f"hours are missing for {', '.join(missing)}; write `none` for no hours")
        if "holidays" in rest:
            rest |= {"holidays": _window(rest["holidays"]), "holidays_differ": True}
        return rest | {"week": tuple(week[day] for day in WEEKDAYS)}

    @field_validator("zones")
    @classmethod
    def _known_zones(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(known_timezone(zone) for zone in value)


class QuietHours(Condition):
    """The debtor asked not to be contacted at these hours (flag ``quiet_hours``, detail ``18:00-20:00``)."""


class Count(Condition):
    """How many past contacts of one kind fall on the last local days, the planned day included."""

    what: Literal["attempt", "connected_attempt", "unanswered", "conversation", "contact", "disputing"]
    channels: Actions | None = Field(None, description="Channels counted; default: the rule's own actions.")
    direction: Literal["outbound", "inbound", "any"] = "outbound"
    last_days: int = Field(ge=1, le=90, description="Local calendar dates, both ends included; 1 is today.")
    include_planned: bool = Field(
        True,
        description="Count what tonight chose, and what earlier nights assigned and no record shows yet.",
    )
    exclude: frozenset[Literal["prior_consent_7d", "not_connected", "to_attorney"]] = Field(
        frozenset(), description="Contacts left out; the consent exempts the planned call as well."
    )


class Hold(Condition):
    """A flag is on (or, with `ended`, was on and ended without clearing the matter)."""

    flags: tuple[str, ...] = Field(min_length=1)
    ended: bool = False
    unless_detail: tuple[str, ...] = Field((), description="Details of the flag that do not hold.")
    max_days: int | None = Field(None, ge=1, description="The hold lapses after these days.")
    longer_detail: str | None = Field(None, description="Detail that prolongs the hold to `longer_days`.")
    longer_days: int = 0
    cleared_by: tuple[str, ...] = Field((), description="Flags that, dated later, lift the hold.")


class OptOut(Condition):
    """The debtor opted out of a channel: flag ``opt_out:<channel>`` or a contact that ended so."""

    denies: dict[str, Actions] = Field(
        default_factory=lambda: {
            "call": ("ai_call", "call"),
            **{name: (name,) for name in ("sms", "email", "app_push", "ai_call", "letter", "visit")},
            "all": GROUPS["soft"],
        },
        description="Actions denied by each channel opted out of.",
    )


class Consent(Condition):
    """No flag ``consent:<channel>`` is on for the action's own channel; absent means no."""


class Grace(Condition):
    """Fewer than `days` since the oldest missed payment fell due."""

    days: int = Field(ge=1)


class Limitation(Condition):
    """The claim is barred on that day, or nobody knows."""

    years: int | None = Field(
        None, ge=1, description="Years from the last interruption when no date is on file."
    )
    year_end: bool = Field(False, description="The period starts at the end of the year (German law).")
    restarted_by_payment: bool = Field(False, description="A part payment starts the period anew.")


class Notice(Condition):
    """A notice has not been served, or not for long enough (flag ``notice:<kind>``)."""

    kind: str = Field(description="Kind of notice; `any` for whichever was served first.")
    min_days: int = Field(0, ge=0, description="Days that must have passed since service.")
    after_first_contact_days: int | None = Field(
        None, ge=0, description="Missing only matters when the first contact is older than this."
    )
    remedy_date_in_detail: bool = Field(
        False, description="The flag's detail is the date to remedy by: valid at `min_days`, then waited for."
    )
    only_if_served: bool = Field(False, description="Silent when no such notice was served.")


class Evidence(Condition):
    """An item is not on file (flag ``evidence:<item>``)."""

    items: tuple[str, ...] = Field(min_length=1)


class Minor(Condition):
    """Flagged a minor, or possibly under age by birth year alone, unless ``evidence:adult`` is on file."""

    under: int = Field(18, ge=1, le=30)


class PromiseOpen(Condition):
    """A promise to pay is open: live contact waits, one reminder may go out around the due date."""

    until_after_due: int = Field(ge=0, description="Days after the due date on which the promise is open.")
    reminder_before: int | None = Field(
        None, ge=0, description="Messages are permitted from so many days before until the due date."
    )


class WrongParty(Condition):
    """Every number known for the debtor last reached somebody else."""

    last_days: int | None = Field(None, ge=1, description="The doubt lapses after these days.")


class Always(Condition):
    """Nothing to look at: the rule speaks whenever it applies."""


class Unless(Condition):
    """What lifts a rule: one of these flags is on."""

    flags: tuple[str, ...] = Field(min_length=1)
    within_days: int | None = Field(None, ge=1, description="Only when the flag began within these days.")


class Requirement(Condition):
    """An artefact (script line, template, document, review) that makes the action permissible."""

    artefact: str
    actions: Actions | None = Field(None, description="Actions it can cure; default: all of the rule.")
    undeclared: Literal["deny", "ask"] = Field(
        "deny", description="When the portfolio declares no artefacts: deny, or ask the sender to attach it."
    )


CONDITIONS: dict[str, type[Condition]] = {
    "hours": Hours,
    "quiet_hours": QuietHours,
    "count": Count,
    "hold": Hold,
    "opt_out": OptOut,
    "consent": Consent,
    "grace": Grace,
    "limitation": Limitation,
    "notice": Notice,
    "evidence": Evidence,
    "minor": Minor,
    "promise_open": PromiseOpen,
    "wrong_party": WrongParty,
    "always": Always,
}
"""Key in a pack and what it means; a rule has exactly one."""


class Threshold(BaseModel):
    """The comparison after which a count denies, read from ``count >= 7``."""

    model_config = ConfigDict(frozen=True)

    at_least: bool
    number: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the threshold that ``count >= N`` or ``count < N`` states; nothing else is understood."""
        match = re.fullmatch(r"\s*count\s*(>=|<)\s*(\d+)\s*", text)
        if match is None:
            raise ValueError(f"deny_if `{text}` is not understood; write `count >= N` or `count < N`")
        return cls(at_least=match[1] == ">=", number=int(match[2]))


def read_clock(text: str) -> int:
    """Return minutes since midnight of ``HH:MM``; ``24:00`` ends a day."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)|24:00", str(text))
    if match is None:
        raise ValueError(f'`{text}` is not a time of day; write it in quotes as "08:00"')
    return DAY_MINUTES if match[1] is None else int(match[1]) * 60 + int(match[2])


def _window(value: Any) -> Window:
    if value is None or value == "none":
        return None
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f'hours `{value}` are not understood; write ["08:00", "21:00"] or none')
    start, end = read_clock(value[0]), read_clock(value[1])
    if start >= end:
        raise ValueError(f"contradictory hours: {value[0]} is not before {value[1]}")
    return start, end


def _weekdays(key: str) -> list[str]:
    if key == "daily":
        return list(WEEKDAYS)
    first, _, last = key.partition("-")
    last = last or first
    if first not in WEEKDAYS or last not in WEEKDAYS or WEEKDAYS.index(first) > WEEKDAYS.index(last):
        raise ValueError(unknown_name(key, [*WEEKDAYS, "mon-fri", "mon-sat", "sat-sun", "daily"], what="day"))
    return list(WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last) + 1])
