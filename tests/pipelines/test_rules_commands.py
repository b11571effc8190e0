"""Rules in force and the packs' own cases, as the command line shows them."""

from datetime import date

import pytest
from typer.testing import CliRunner

from duewise.cli import app
from duewise.config import parse_portfolio
from duewise.errors import ConfigError
from duewise.pipelines.rules import rules_in_force, run_cases

OWN_PACK = """
pack: own
says: Rules of the house.
rules:
  - id: own.no_letters
    says: No letters go out from this office.
    force: C
    in_force: {{from: 2020-01-01}}
    cite: House rules 1
    mark: G
    actions: [letter]
    always: true
    tests:
      - {{case: a letter, day: 2026-07-10, action: letter, then: {then}}}
"""

PORTFOLIO = "portfolio: {{name: p}}\nsources: {{path: data}}\nrules: [{pack}]\n"


def pack_file(folder, then="deny"):
    path = folder / "own.yaml"
    path.write_text(OWN_PACK.format(then=then))
    return path


def test_the_rules_of_a_portfolio_are_those_of_its_place_and_those_nobody_switches_off():
    content = {"portfolio": {"name": "p", "country": "CN"}, "sources": {"path": "x"}, "rules": ["cn"]}
    rules = rules_in_force(parse_portfolio(content, "test"), date(2026, 6, 1))
    assert {rule["pack"] for rule in rules} == {"cn", "base"}
    for rule in rules:
        assert rule["says"]
        assert rule["cite"]
        assert rule["mark"]
        assert rule["from"] <= "2026-06-01"
    assert any("not verified" in rule["verified"] for rule in rules)


def test_a_rule_that_is_not_yet_in_force_is_not_listed(tmp_path):
    content = {
        "portfolio": {"name": "p"},
        "sources": {"path": "x"},
        "rules": [str(pack_file(tmp_path))],
    }
    portfolio = parse_portfolio(content, "test")
    assert "own.no_letters" in {rule["id"] for rule in rules_in_force(portfolio, date(2020, 1, 1))}
    assert "own.no_letters" not in {rule["id"] for rule in rules_in_force(portfolio, date(2019, 12, 31))}


def test_a_portfolio_file_stands_for_its_packs(tmp_path):
    file = tmp_path / "portfolio.yaml"
    file.write_text(PORTFOLIO.format(pack=pack_file(tmp_path)))
    assert [report.pack for report in run_cases([str(file)])] == ["own", "base"]


def test_passing_cases_are_counted_and_end_well(tmp_path):
    shown = CliRunner().invoke(app, ["rules", "test", str(pack_file(tmp_path))])
    assert shown.exit_code == 0


def test_a_failing_case_ends_with_exit_code_1(tmp_path):
    path = pack_file(tmp_path, then="allow")
    assert CliRunner().invoke(app, ["rules", "test", str(path)]).exit_code == 1
    (report,) = run_cases([str(path)])
    assert [(case.rule_id, case.expected, case.got) for case in report.failures] == [
        ("own.no_letters", "allow", "deny")
    ]


def test_a_broken_pack_is_refused_with_file_rule_and_remedy(tmp_path):
    path = pack_file(tmp_path)
    path.write_text(path.read_text().replace("    cite: House rules 1\n", ""))
    with pytest.raises(ConfigError, match=r"own\.yaml(?s:.*)own\.no_letters(?s:.*)write `cite:") as refused:
        run_cases([str(path)])
    assert refused.value.exit_code == 2


def test_an_unknown_pack_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match="did you mean `uk`"):
        run_cases(["ukk"])
