"""A pack of rules as data: what a rule may say, and what makes a pack unusable."""

from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from duewise.config import known_timezone, unknown_name
from duewise.contracts.vocabulary import FLAG_PREFIXES, PLAIN_FLAGS, ROLES
from duewise.policy.rules.conditions import (
    ACTIONS,
    CONDITIONS,
    Actions,
    Condition,
    Consent,
    Count,
    Hold,
    Hours,
    OptOut,
    QuietHours,
    Requirement,
    Threshold,
    Unless,
)

Force = Literal["L", "P", "S", "C"]
"""Binding law, legal presumption, standard or guideline, company default."""

UNKNOWN_CHOICES: dict[str, tuple[str, ...]] = {
    "region": ("apply", "warn", "silent"),
    "limitation": ("deny", "allow"),
    "timezone": ("deny", "all_zones", "portfolio"),
}
"""What a rule may do about each unknown fact; ``timezone`` also takes the name of a zone."""


class InForce(BaseModel):
    """First and last day on which a rule binds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_: date = Field(alias="from")
    to: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to is not None and self.to < self.from_:
            raise ValueError(f"in_force ends ({self.to}) before it begins ({self.from_})")
        return self


class Part(BaseModel):
    """One condition of a rule and whom it concerns; a rule denies where any of its parts does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    actions: Actions
    condition: Condition
    threshold: Threshold | None = None
    scope: Literal["person", "person_and_debt"] = "person"
    effect: Literal["deny", "warn"] = "deny"
    in_force: InForce
    regions: frozenset[str] = Field(frozenset(), description="ISO 3166-2 codes; empty: everywhere.")
    products: frozenset[str] = Field(frozenset(), description="Products of an account; empty: all.")
    if_flags: tuple[str, ...] = Field((), description="The rule speaks only where one of these is on.")
    unless: Unless | None = None
    require: Requirement | None = None
    unknown: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _one_condition(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "condition" in value:
            return value
        rest = dict(value)
        found = [key for key in CONDITIONS if key in rest]
        known = set(cls.model_fields) | set(CONDITIONS) | {"deny_if"}
        if strangers := [key for key in rest if key not in known]:
            raise ValueError(unknown_name(strangers[0], known, what="condition or key"))
        if len(found) != 1:
            raise ValueError(
                f"exactly one condition is needed, found {', '.join(found) or 'none'}; "
                "several belong in a list under `any_of`"
            )
        content = rest.pop(found[0])
        condition = CONDITIONS[found[0]].model_validate({} if content is True else content)
        deny_if = rest.pop("deny_if", None)
        if isinstance(condition, Count) != (deny_if is not None):
            raise ValueError(
                "`deny_if` belongs to `count`, and `count` needs it: write `deny_if: count >= N`"
            )
        threshold = None if deny_if is None else Threshold.read(str(deny_if))
        return rest | {"condition": condition, "threshold": threshold}

    @field_validator("unknown")
    @classmethod
    def _known_unknowns(cls, value: dict[str, str]) -> dict[str, str]:
        for fact, choice in value.items():
            if fact not in UNKNOWN_CHOICES:
                raise ValueError(unknown_name(fact, UNKNOWN_CHOICES, what="unknown fact"))
            if fact == "timezone" and choice not in UNKNOWN_CHOICES[fact]:
                known_timezone(choice)
            elif choice not in UNKNOWN_CHOICES[fact]:
                raise ValueError(
                    unknown_name(choice, UNKNOWN_CHOICES[fact], what=f"answer to unknown {fact}")
                )
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        flags = [*self.if_flags, *(self.unless.flags if self.unless else ())]
        if isinstance(self.condition, Hold):
            flags += [*self.condition.flags, *self.condition.cleared_by]
        for flag in flags:
            if flag not in PLAIN_FLAGS and not flag.startswith(FLAG_PREFIXES):
                raise ValueError(unknown_name(flag, [*PLAIN_FLAGS, *FLAG_PREFIXES], what="flag"))
        if self.is_time and self.require is not None:
            raise ValueError(
                "hours cannot be cured by an artefact; state agreed hours as a flag `consent:hours`"
            )
        return self

    @property
    def is_time(self) -> bool:
        """Return whether it is about the clock, so that it yields windows."""
        return isinstance(self.condition, Hours | QuietHours)

    @property
    def per_debt(self) -> bool:
        """Return whether it may deny one account of a debtor and not another."""
        return not self.is_time and (self.scope == "person_and_debt" or bool(self.products))


class Rule(BaseModel):
    """One rule: what it says, where it comes from, its parts, and the cases that show it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9]+(\.[a-z0-9_]+)+$")
    says: str = Field(min_length=10, description="The rule in one sentence.")
    force: Force
    in_force: InForce
    cite: str = Field(min_length=3, description="Paragraph it comes from.")
    mark: str = Field(pattern=r"^(V1|V2|G)\b", description="How well the citation was verified.")
    applies_to: frozenset[str] = Field(frozenset(ROLES), description="Roles that the rule binds.")
    recommended_to: frozenset[str] = Field(
        frozenset(), description="Roles for which it is kept as a company default (force C)."
    )
    countries: frozenset[str] = Field(frozenset(), description="ISO 3166 codes; empty: everywhere.")
    parts: tuple[Part, ...] = Field(min_length=1)
    optional: bool = Field(False, description="A company pack may switch it off.")
    switched_on: bool = Field(True, description="Whether it speaks without a company pack asking for it.")
    tests: tuple[dict[str, Any], ...] = Field(min_length=1, description="Worked cases: facts and verdict.")

    @model_validator(mode="before")
    @classmethod
    def _split_into_parts(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "parts" in value:
            return value
        own = set(cls.model_fields) - {"parts"}
        shared = {key: content for key, content in value.items() if key not in own and key != "any_of"}
        if "in_force" in value:
            shared["in_force"] = value["in_force"]
        parts = [shared | part for part in value["any_of"]] if "any_of" in value else [shared]
        return {key: content for key, content in value.items() if key in own} | {"parts": parts}

    @field_validator("applies_to", "recommended_to")
    @classmethod
    def _known_roles(cls, value: frozenset[str]) -> frozenset[str]:
        for role in value:
            if role not in ROLES:
                raise ValueError(unknown_name(role, ROLES, what="role"))
        return value

    @property
    def actions(self) -> tuple[str, ...]:
        """Return the actions that any part speaks about."""
        named = {action for part in self.parts for action in part.actions}
        return tuple(action for action in ACTIONS if action in named)

    @property
    def rank(self) -> int:
        """Return how binding a denial is: legal hold, consent and opt-out, frequency, time."""
        return min(_RANKS.get(type(part.condition), 0) for part in self.parts)

    def binds(self, role: str) -> bool:
        """Return whether a user in `role` obeys the rule, by law or as a company default."""
        return role in self.applies_to or role in self.recommended_to

    def shown_force(self, role: str) -> Force:
        """Return the force that the rule has for `role`: a recommended rule is a company default."""
        return self.force if role in self.applies_to else "C"


_RANKS: dict[type[Condition], int] = {Consent: 1, OptOut: 1, Count: 2, Hours: 3, QuietHours: 3}


class Pack(BaseModel):
    """One file of rules."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pack: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    says: str = Field(min_length=10)
    country: str | None = Field(None, pattern=r"^[A-Z]{2}$", description="Country whose calendar holds.")
    holidays_of: str | None = Field(
        None, description="Subdivision whose holidays stand in for the country's."
    )
    switch_on: tuple[str, ...] = Field((), description="Optional rules of other packs that shall speak.")
    switch_off: tuple[str, ...] = Field((), description="Optional rules of other packs that shall be silent.")
    rules: tuple[Rule, ...] = ()
    rule_defaults: dict[str, Any] = Field(default_factory=dict, description="Keys that every rule shares.")
    case_defaults: dict[str, Any] = Field(default_factory=dict, description="Facts that every case shares.")
    tests: tuple[dict[str, Any], ...] = Field(
        (), description="Cases that all rules of the pack decide together."
    )

    @model_validator(mode="after")
    def _one_rule_per_id(self) -> Self:
        ids = [rule.id for rule in self.rules]
        if twice := sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1}):
            raise ValueError(f"rule {', '.join(twice)}: duplicate id; give each rule an id of its own")
        return self

    @model_validator(mode="before")
    @classmethod
    def _share(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("rules"), list):
            return value
        shared = value.get("rule_defaults") or {}
        rules = [shared | rule if isinstance(rule, dict) else rule for rule in value["rules"]]
        return value | {"rules": rules}
