"""What the packs leave out is written down: the compliance reference is accounted for, rule by rule."""

import re
from collections import Counter
from pathlib import Path

import pytest

from duewise.policy.rules import read_pack, shipped_packs

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "compliance.md"
SCOPE = (ROOT / "docs" / "compliance-scope.md").read_text(encoding="utf-8")
OUT_OF_SCOPE, OTHER_CASES = (
    SCOPE.split(f"## {heading}")[1].split("\n## ")[0]
    for heading in ("Rules that are not in a pack", "Cases that are not in a pack")
)
CASES = {rule.id: len(rule.tests) for path in shipped_packs().values() for rule in read_pack(path).rules}
COUNTRY_OF_HEADING = {"2.2": "us", "3.2": "cn", "4.2": "uk", "5.": "eu", "6.1": "in", "6.2": "au"}


@pytest.fixture(scope="module")
def reference() -> str:
    if not REFERENCE.exists():
        pytest.skip(f"the compliance reference is not at {REFERENCE}")
    return REFERENCE.read_text(encoding="utf-8")


def listed(table: str) -> list[str]:
    """Return the rule ids in the first column of a table."""
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([a-z0-9_.*]+)`", row)]


def test_a_rule_is_in_a_pack_or_out_of_scope_and_never_both():
    assert [rule for rule in listed(OUT_OF_SCOPE) if rule in CASES] == []
    for rule in listed(OTHER_CASES):
        family = rule.removesuffix("*")
        assert any(name.startswith(family) for name in [*CASES, *listed(OUT_OF_SCOPE)]), rule


def test_every_rule_of_the_reference_is_in_a_pack_or_in_the_list(reference):
    rules = re.findall(r"^\| ((?:us|cn|uk|eu|in|au)\.[a-z0-9_.]+) \|", reference, re.MULTILINE)
    assert len(rules) > 90
    missing = [rule for rule in rules if rule not in CASES and rule not in listed(OUT_OF_SCOPE)]
    assert missing == []


def test_every_rule_of_the_default_pack_is_in_it(reference):
    named = reference.split("Rule ids: ")[1].split("\n")[0]
    for rule in re.findall(r"`(common\.[a-z_.]+)(?:<flag>)?`", named):
        assert any(name.startswith(rule) for name in CASES), rule


@pytest.mark.parametrize("section", ["7", "8", "9"])
def test_every_section_without_rules_for_a_pack_is_named(section):
    assert f"section {section}" in SCOPE


def test_every_case_of_the_reference_is_beside_its_rule_or_in_the_list(reference):
    wanted: Counter[tuple[str, str]] = Counter()
    country = ""
    for line in reference.splitlines():
        if heading := re.match(r"#+ (\d\.\d?)", line):
            country = COUNTRY_OF_HEADING.get(heading[1], "")
        row = re.match(r"\| ([a-z0-9_.]+)(?:, [^|]+)? \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", line)
        if row and country and row[1] != "rule":
            cases = [case for cell in row.groups()[1:] for case in cell.split(";") if "→" in case]
            wanted[country, row[1]] += len(cases)
    assert sum(wanted.values()) > 250
    short = []
    for (country, name), cases in wanted.items():
        beside = [rule for rule in CASES if rule.startswith(f"{country}.") and f".{name}" in rule]
        told = [rule for rule in [*listed(OTHER_CASES), *listed(OUT_OF_SCOPE)] if f".{name}" in rule]
        if sum(CASES[rule] for rule in beside) < cases and not told:
            short.append((country, name, cases, beside))
    assert short == []
