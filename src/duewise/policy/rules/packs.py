"""Reading packs: shipped ones by name, a company's own by path; broken ones are refused with a remedy."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from duewise.config import unknown_name
from duewise.errors import ConfigError
from duewise.policy.rules.model import Pack, Part, Rule

DEFAULT_PACK = "common.strict"
COMPANY_RANK = 4
"""A company's own rules are named last among the reasons of a denial."""


class _PackLoader(yaml.SafeLoader):
    """Safe YAML in which only `true` and `false` are booleans: `no` is Norway and `on` is a word."""


_PackLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tf"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class LoadedRule:
    """A rule with where it stands: its pack, that pack's calendar, and whether the company wrote it."""

    rule: Rule
    pack: str
    country: str | None
    holidays_of: str | None
    company: bool

    @property
    def rank(self) -> int:
        """Return how binding a denial is; smaller is named first."""
        return COMPANY_RANK if self.company else self.rule.rank


@dataclass(frozen=True)
class RuleSet:
    """Rules that are obeyed together, most binding first; the strictest wins because every one must allow."""

    rules: tuple[LoadedRule, ...] = ()
    packs: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rules."""
        return len(self.rules)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids in order of the bits of a denial."""
        return tuple(loaded.rule.id for loaded in self.rules)

    def parts(self) -> Iterator[tuple[int, LoadedRule, Part]]:
        """Yield every part of every rule with the number of its rule."""
        for number, loaded in enumerate(self.rules):
            for part in loaded.rule.parts:
                yield number, loaded, part

    def named(self, rule_id: str) -> LoadedRule:
        """Return the rule with this id."""
        for loaded in self.rules:
            if loaded.rule.id == rule_id:
                return loaded
        raise KeyError(unknown_name(rule_id, self.ids, what="rule"))

    def binding(self, role: str, country: str | None) -> "RuleSet":
        """Return the rules that a user in `role` obeys in `country`."""
        kept = tuple(
            loaded
            for loaded in self.rules
            if loaded.rule.binds(role) and (not loaded.rule.countries or country in loaded.rule.countries)
        )
        return RuleSet(kept, self.packs)


def shipped_packs() -> dict[str, Path]:
    """Return the packs that come with Duewise, by name."""
    folder = Path(str(resources.files("duewise.policy").joinpath("packs")))
    return {path.name.removesuffix(".yaml"): path for path in sorted(folder.glob("*.yaml"))}


def load_packs(names: Sequence[str] | None, company: Sequence[Path] = ()) -> RuleSet:
    """Return the rules of several packs, composed.

    Parameters
    ----------
    names : sequence of str, optional
        Shipped packs by name, or paths of a company's own; None stands for the default pack
        ``common.strict``, an empty sequence for no rules at all.
    company : sequence of Path
        Further packs of the company.

    Raises
    ------
    ConfigError
        For an unknown pack or one that cannot be used; the message names file, rule and remedy.
    """
    shipped = shipped_packs()
    own = list(company)
    chosen: list[Path] = []
    for name in [DEFAULT_PACK] if names is None else names:
        if name in shipped:
            chosen.append(shipped[name])
        elif name.endswith((".yaml", ".yml")):
            own.append(Path(name))
        else:
            raise ConfigError(
                f"rules: {unknown_name(name, shipped, what='pack')}, or a path that ends in .yaml"
            )
    packs = [(read_pack(path), path, False) for path in dict.fromkeys(chosen)]
    packs += [(read_pack(path), path, True) for path in dict.fromkeys(own)]
    return _compose(packs)


def read_pack(path: Path) -> Pack:
    """Return the pack in the file at `path`.

    Raises
    ------
    ConfigError
        All faults of the file at once, each with the rule it is in and what to do.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_PackLoader)
    except OSError as error:
        raise ConfigError(f"rules: {path} cannot be read ({error.strerror}); check the path") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a pack is a mapping with the keys `pack`, `says` and `rules`")
    try:
        return Pack.model_validate(content)
    except ValidationError as error:
        raise ConfigError(_faults(path, content, error)) from error


def _compose(packs: Iterable[tuple[Pack, Path, bool]]) -> RuleSet:
    loaded: dict[str, LoadedRule] = {}
    origin: dict[str, Path] = {}
    on: set[str] = set()
    off: set[str] = set()
    names = []
    for pack, path, company in packs:
        names.append(pack.pack)
        for rule in pack.rules:
            if rule.id in loaded:
                raise ConfigError(
                    f"{path}: rule {rule.id}: duplicate id, already in {origin[rule.id]}; "
                    "give it an id of its own (rules of other packs can be tightened, not replaced)"
                )
            loaded[rule.id] = LoadedRule(rule, pack.pack, pack.country, pack.holidays_of, company)
            origin[rule.id] = path
        on.update(pack.switch_on)
        off.update(pack.switch_off)
        for rule_id in (*pack.switch_on, *pack.switch_off):
            if rule_id not in loaded:
                raise ConfigError(
                    f"{path}: {unknown_name(rule_id, loaded, what='rule')}; name its pack before"
                )
        for rule_id in pack.switch_off:
            if not loaded[rule_id].rule.optional:
                raise ConfigError(
                    f"{path}: rule {rule_id} cannot be switched off: it is not declared `optional`; "
                    "a company pack can only tighten the rules of others"
                )
    kept = [
        one
        for rule_id, one in loaded.items()
        if rule_id not in off and (one.rule.switched_on or rule_id in on)
    ]
    return RuleSet(tuple(sorted(kept, key=lambda one: one.rank)), tuple(names))


def _faults(path: Path, content: dict[str, Any], error: ValidationError) -> str:
    lines = []
    faults = error.errors(include_url=False)
    for fault in faults:
        place = list(fault["loc"])
        inside = [
            other
            for other in faults
            if len(other["loc"]) > len(place) and other["loc"][: len(place)] == fault["loc"]
        ]
        if inside:  # a list that lacks what could not be read: the fault inside says it
            continue
        where = "pack"
        if place[:1] == ["rules"] and len(place) > 1:
            rules = content.get("rules") or []
            index = int(place[1])
            named = rules[index].get("id") if index < len(rules) and isinstance(rules[index], dict) else None
            where = f"rule {named or f'number {index + 1}'}"
            place = place[2:]
        key = ".".join(str(part) for part in place)
        lines.append(f"  {where}{': ' + key if key else ''}: {_remedy(key, fault)}")
    return (
        f"{path}: the pack cannot be used ({len(lines)} fault{'s' if len(lines) > 1 else ''}).\n"
        + "\n".join(lines)
    )


_MISSING = {
    "cite": "a rule needs its citation; write `cite: <paragraph>`",
    "in_force": "a rule needs its dates; write `in_force: {from: YYYY-MM-DD}`",
    "tests": "a rule needs worked examples; write `tests:` with facts and `then: allow` or `then: deny`",
    "mark": "say how well the citation is verified; write `mark: V1`, `V2` or `G`",
}


def _remedy(key: str, fault: Any) -> str:
    if fault["type"] in ("missing", "too_short") and key in _MISSING:
        return _MISSING[key]
    return str(fault["msg"]).removeprefix("Value error, ")


def in_force_on(rule: Rule, day: date) -> bool:
    """Return whether `rule` binds on `day`."""
    return rule.in_force.from_ <= day and (rule.in_force.to is None or day <= rule.in_force.to)
