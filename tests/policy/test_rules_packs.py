"""Packs: every shipped one proves itself, every broken one is refused with file, rule and remedy."""

import re
from datetime import date
from pathlib import Path

import pytest

from duewise.contracts.vocabulary import ROLES
from duewise.errors import ConfigError
from duewise.policy.rules import list_rules, load_packs, read_pack, run_pack_tests, shipped_packs
from duewise.policy.rules.conditions import CONDITIONS
from duewise.policy.rules.packs import RuleSet

SOUND = """
pack: mine
says: A pack of our own for tests.
rules:
  - id: mine.hours
    says: Nobody is called before ten.
    force: C
    in_force: {from: 2026-01-01}
    actions: [call]
    hours: {daily: ["10:00", "20:00"]}
    unknown: {timezone: portfolio}
    cite: Our own policy
    mark: G
    tests:
      - {case: half past nine, at: "2026-07-10T09:30:00Z", action: call, timezone: UTC, then: deny}
      - {case: half past ten, at: "2026-07-10T10:30:00Z", action: call, timezone: UTC, then: allow}
"""


@pytest.fixture
def write(tmp_path):
    def write_pack(text: str, name: str = "mine.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_pack


@pytest.mark.parametrize("name", sorted(shipped_packs()))
def test_every_case_of_a_shipped_pack_comes_out_as_written(name):
    report = run_pack_tests(name)
    assert report.failures == ()
    assert len(report.results) >= 2 * len(read_pack(shipped_packs()[name]).rules)


@pytest.mark.parametrize("name", sorted(shipped_packs()))
def test_every_rule_shows_what_it_denies_and_what_it_does_not(name):
    for rule in read_pack(shipped_packs()[name]).rules:
        verdicts = {case["then"] for case in rule.tests}
        speaks = {"deny", "warn"} & verdicts
        assert speaks, f"{rule.id} has no case in which it speaks"
        assert verdicts - {"deny"}, f"{rule.id} has no case that it lets pass"


def test_all_packs_compose():
    everything = load_packs(sorted(shipped_packs()))
    assert len(everything) == sum(len(load_packs([name])) for name in shipped_packs())
    assert [loaded.rank for loaded in everything.rules] == sorted(loaded.rank for loaded in everything.rules)


def test_absent_rules_are_the_strict_default_and_an_empty_list_is_none():
    assert load_packs(None).packs == ("common.strict",)
    assert load_packs([]) == RuleSet()


def test_a_pack_is_found_by_path_and_ranks_behind_the_law(write):
    ruleset = load_packs(["cn", str(write(SOUND))])
    assert ruleset.ids[-1] == "mine.hours"
    assert run_pack_tests(write(SOUND)).failures == ()


def test_a_wrong_expectation_is_reported_not_raised(write):
    report = run_pack_tests(write(SOUND.replace("timezone: UTC, then: allow", "timezone: UTC, then: deny")))
    (failure,) = report.failures
    assert (failure.case, failure.expected, failure.got) == ("half past ten", "deny", "allow")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    hours: {daily", "    houres: {daily", r"mine\.hours.*houres.*did you mean `hours`"),
        ('    hours: {daily: ["10:00", "20:00"]}\n', "", r"mine\.hours.*exactly one condition"),
        ("    cite: Our own policy\n", "", r"mine\.hours: cite.*needs its citation"),
        ("    in_force: {from: 2026-01-01}\n", "", r"mine\.hours: in_force.*needs its dates"),
        ("    mark: G\n", "", r"mine\.hours: mark.*verified"),
        (
            '"10:00", "20:00"',
            '"20:00", "10:00"',
            r"mine\.hours.*contradictory hours: 20:00 is not before 10:00",
        ),
        (
            '{daily: ["10:00", "20:00"]}',
            '{mon: ["10:00", "20:00"], mon-fri: none, sat-sun: none}',
            "named twice",
        ),
        ('{daily: ["10:00", "20:00"]}', '{mon-fri: ["10:00", "20:00"]}', "missing for sat, sun"),
        ('"20:00"]}', '"20:00"], zones: [Asia/Shangai]}', "did you mean `Asia/Shanghai`"),
        ("timezone: portfolio", "timezone: Europe/Lodnon", "did you mean `Europe/London`"),
        ("actions: [call]", "actions: [report]", "unknown action `report`"),
        ("    force: C", "    force: X", r"mine\.hours: force"),
        ("{daily:", "{dayly:", "unknown day `dayly`"),
        ("from: 2026-01-01", "from: 2026-01-01, to: 2025-01-01", "before it begins"),
    ],
)
def test_a_broken_pack_is_refused_with_file_rule_and_remedy(write, old, new, said):
    assert old in SOUND
    path = write(SOUND.replace(old, new))
    with pytest.raises(ConfigError) as refused:
        read_pack(path)
    assert str(path) in str(refused.value)
    assert "after validation" not in str(refused.value)  # what follows from the fault is not one of its own
    assert re.search(said, str(refused.value), re.DOTALL), refused.value


def test_a_rule_without_examples_is_refused(write):
    text = SOUND[: SOUND.index("    tests:")]
    with pytest.raises(ConfigError, match="needs worked examples"):
        read_pack(write(text))


def test_a_case_that_cannot_be_read_names_the_rule(write):
    path = write(
        SOUND.replace("action: call, timezone: UTC, then: deny", "action: phone, timezone: UTC, then: deny")
    )
    with pytest.raises(ConfigError, match=r"mine\.hours.*half past nine.*unknown action `phone`"):
        run_pack_tests(path)


def test_a_case_in_an_unknown_time_zone_is_refused(write):
    path = write(SOUND.replace("timezone: UTC, then: deny", "timezone: Asia/Pekin, then: deny"))
    with pytest.raises(ConfigError, match=r"mine\.hours.*unknown time zone `Asia/Pekin`"):
        run_pack_tests(path)


def test_the_same_id_twice_in_a_pack_is_refused(write):
    rule = SOUND[SOUND.index("  - id: mine.hours") :]
    with pytest.raises(ConfigError, match=r"(?s)mine\.yaml.*rule mine\.hours: duplicate id; give each"):
        read_pack(write(SOUND + rule))


def test_the_same_id_in_two_packs_is_refused(write):
    one, other = write(SOUND), write(SOUND.replace("pack: mine", "pack: other"), "other.yaml")
    with pytest.raises(
        ConfigError, match=r"other\.yaml: rule mine\.hours: duplicate id, already in .*mine\.yaml"
    ):
        load_packs([], [one, other])


def test_a_company_can_only_tighten(write):
    loosening = write(SOUND + "switch_off: [cn.gb45251.hours]\n")
    with pytest.raises(ConfigError, match=r"cn\.gb45251\.hours cannot be switched off.*only tighten"):
        load_packs(["cn", str(loosening)])


def test_an_optional_rule_is_switched_on_by_the_company(write):
    path = write(SOUND + "switch_on: [cn.company.holiday_quiet]\n")
    assert "cn.company.holiday_quiet" not in load_packs(["cn"]).ids
    assert "cn.company.holiday_quiet" in load_packs(["cn", str(path)]).ids


def test_an_unknown_pack_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r"did you mean `common\.strict`"):
        load_packs(["common-strict"])


def test_a_path_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"nowhere\.yaml cannot be read"):
        load_packs(["nowhere.yaml"])


def test_a_listing_shows_force_dates_and_how_well_the_citation_is_verified():
    rows = {row["id"]: row for row in list_rules(load_packs(["us-fdcpa"]), role="creditor")}
    assert rows["us.bk.stay"]["force"] == "binding law"
    assert rows["us.regf.hours"]["force"] == "company default"  # the Act does not bind creditors
    assert rows["us.regf.venue"]["binds"] == "not a creditor"
    assert rows["us.tcpa.landline"]["verified"] == "general knowledge, not verified"


def test_a_listing_for_a_day_leaves_out_what_is_not_in_force():
    ids = {row["id"] for row in list_rules(load_packs(["cn"]), on=date(2026, 1, 29))}
    assert "cn.gb45251.voice_daily" in ids
    assert "cn.cba.unanswered_daily" not in ids


@pytest.mark.parametrize("role", ROLES)
def test_only_rules_that_bind_a_role_are_obeyed_by_it(role):
    binding = load_packs(["us-fdcpa"]).binding(role, "US")
    assert all(loaded.rule.binds(role) for loaded in binding.rules)


DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
def test_every_condition_is_explained(condition):
    assert f"| `{condition}` |" in (DOCS / "rules.md").read_text(encoding="utf-8")


def test_the_example_of_the_guide_is_a_sound_pack(write):
    guide = (DOCS / "rules.md").read_text(encoding="utf-8")
    example = guide.split("```yaml\n")[1].split("```")[0]
    path = write("pack: guide\nsays: The example of the guide.\nrules:\n" + example)
    assert run_pack_tests(path).failures == ()
