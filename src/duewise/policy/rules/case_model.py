"""What a worked case may say: the facts of one debtor, a question, the verdict."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from duewise.config import known_timezone, unknown_name
from duewise.contracts.vocabulary import ROLES
from duewise.policy.rules.conditions import ACTIONS

Outcome = Literal["allow", "deny", "warn", "attach"]
"""``attach``: allowed, and an artefact must go with it."""


class CaseContact(BaseModel):
    """Contacts of a case: on one date or several, or at an instant."""

    model_config = ConfigDict(extra="forbid")

    day: date | list[date] | None = None
    at: datetime | None = None
    times: int = 1
    channel: str = "call"
    direction: str = "outbound"
    outcome: str | None = None
    account: str | None = None
    point: str | None = None
    due: date | None = None
    amount: float | None = None
    reason: str | None = None

    def moments(self, case: "Case") -> Iterable[datetime]:
        """Return the naive UTC times meant; several on one date are a minute apart from noon on."""
        if self.at is not None:
            yield self.at.astimezone(UTC).replace(tzinfo=None) if self.at.tzinfo else self.at
            return
        for day in self.day if isinstance(self.day, list) else [self.day or case.local_day]:
            for minute in range(self.times):
                yield case.noon(day) + timedelta(minutes=minute)


class CaseFlag(BaseModel):
    """A flag of a case; a bare date begins at its 00:00 UTC."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    flag: str
    from_: datetime = Field(datetime(2026, 1, 1), alias="from")
    to: datetime | None = None
    account: str | None = None
    detail: str | None = None


class CaseAccount(BaseModel):
    """An account of a case."""

    model_config = ConfigDict(extra="forbid")

    id: str = "A1"
    product: str = "consumer_loan"
    past_due_since: date = date(2026, 1, 1)
    placed_on: date | None = None
    limitation_expires_on: date | None = None
    last_interrupted_on: date | None = None
    paid_on: date | None = Field(None, description="Date of a part payment.")


class CasePlanned(BaseModel):
    """A contact that tonight's run has already chosen."""

    model_config = ConfigDict(extra="forbid")

    action: str
    day: date


class Case(BaseModel):
    """One worked case: facts, a question, the verdict."""

    model_config = ConfigDict(extra="forbid")

    case: str = Field(min_length=3, description="What is tried, in words.")
    action: str
    then: Outcome
    at: datetime | None = None
    day: date | None = None
    about: str | None = Field(None, description="Account that the contact is about; default: all open ones.")
    role: str = "creditor"
    country: str | None = None
    portfolio_timezone: str = "UTC"
    artefacts: list[str] | None = None
    timezone: str | None = None
    region: str | None = None
    birth_year: int | None = None
    accounts: list[CaseAccount] = Field(default_factory=lambda: [CaseAccount()])
    contacts: list[CaseContact] = Field(default_factory=list)
    flags: list[CaseFlag] = Field(default_factory=list)
    planned: list[CasePlanned] = Field(default_factory=list)

    @model_validator(mode="after")
    def _answerable(self) -> "Case":
        if (self.at is None) == (self.day is None):
            raise ValueError("name either `at` (an instant, with Z) or `day` (a local date)")
        for zone in (self.timezone, self.portfolio_timezone):
            if zone is not None:
                known_timezone(zone)
        if self.action not in ACTIONS:
            raise ValueError(unknown_name(self.action, ACTIONS, what="action"))
        if self.role not in ROLES:
            raise ValueError(unknown_name(self.role, ROLES, what="role"))
        if self.about is not None and self.about not in {account.id for account in self.accounts}:
            raise ValueError(f"`about` names {self.about}, which is not among the accounts of the case")
        return self

    @property
    def local_day(self) -> date:
        """Day of the question."""
        return self.at.date() if self.at else self.day  # type: ignore[return-value]

    def noon(self, day: date) -> datetime:
        """Return noon on `day` where the debtor lives, as naive UTC."""
        zone = ZoneInfo(self.timezone or "UTC")
        return datetime.combine(day, time(12), tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
