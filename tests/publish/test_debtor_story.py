"""One debtor's story, told from what was published."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from duewise.console_explanation import print_explanation
from duewise.contracts.strategies import strategies_schema
from duewise.errors import ConfigError
from duewise.publish.debtor_story import explain_debtor
from duewise.publish.details_file import DETAILS, DIFFERENCE, DIFFERENCE_REASON, FLIP, write_details
from duewise.publish.feedback import Feedback, FeedbackStore
from published_night import NIGHT, RUN_ID, client_portfolio, publish_night

REASON = {"code": "dpd", "direction": "down", "text": "61 days past due"}


@pytest.fixture
def portfolio(tmp_path):
    found = client_portfolio(tmp_path)
    publish_night(
        found,
        ["call", "none"],
        reason_1=[REASON, None],
        effect_call=[12.5, None],
        denied=[[{"action": "sms", "rule_id": "common.time"}], []],
        queue=["promise_due", "no_action"],
        runner_up_action=["none", "none"],
        tone=["firm", "friendly"],
        expected_recovery_90d=[250.0, 1.0],
    )
    return found


def test_the_story_names_the_rule_and_its_citation(portfolio):
    told = explain_debtor(portfolio, "D0")
    assert told.denied == [
        {
            "action": "sms",
            "rule_id": "common.time",
            "says": "Not at night.",
            "cite": "Act 1",
            "mark": "V1",
            "force": "L",
        }
    ]
    assert told.reasons == [REASON]
    assert told.effects["call"] == 12.5
    assert told.effects["sms"] is None
    assert told.sections["money"]["expected_recovery_90d"] == 250.0


def test_every_published_column_is_told(portfolio):
    told = explain_debtor(portfolio, "D0")
    columns = {column for section in told.sections.values() for column in section}
    columns |= {*told.identity, "denied"}
    for name in strategies_schema(portfolio.horizons).columns:
        assert name in columns or name.startswith(("reason_", "effect_")), name


def test_the_story_can_be_read_by_other_systems(portfolio):
    content = json.loads(json.dumps(explain_debtor(portfolio, "D0", NIGHT).as_dict()))
    assert (content["run_id"], content["as_of"]) == (RUN_ID, "2026-06-01")
    assert content["plan"]["window_start"] == "2026-06-01T01:00:00+00:00"


def test_an_unknown_debtor_is_refused_with_the_nearest_id(portfolio):
    with pytest.raises(ConfigError, match=r"(?s)did you mean `D1`.*in scope"):
        explain_debtor(portfolio, "D11")


def test_another_night_is_refused_with_those_that_stand(portfolio):
    with pytest.raises(ConfigError, match="there are: 2026-06-01"):
        explain_debtor(portfolio, "D0", NIGHT.replace(day=2))


def test_the_terminal_shows_the_labels_of_the_portfolio_language(portfolio, capsys):
    print_explanation(explain_debtor(portfolio, "D0"))
    shown = capsys.readouterr().out
    assert "action tonight: agent call" in shown
    assert "common.time: Not at night. (Act 1; V1)" in shown


@pytest.fixture
def compared(portfolio):
    """The night of `portfolio` with details: D0 is called, D1 left alone for want of callers."""
    flips = [
        {"alternative": "sms", "cost": 8.0, "limit": "agent_minutes", "units": -12.0, "then": "sms"},
        {"alternative": "call", "cost": -3.0, "limit": "call", "units": 2.0, "then": "call"},
    ]
    write_details(
        portfolio.publish.runs / NIGHT.isoformat() / DETAILS,
        {
            "debtor_id": ["D0", "D1"],
            "over_runner_up": pa.array(
                [{"gain": 30.0, "harm": 0.0, "cost": 3.9, "capacity": 18.1}, None], DIFFERENCE
            ),
            "difference_reasons": pa.array(
                [[{"feature": "dpd", "money": 25.0, "en": "days past due", "zh": "逾期天数"}], []],
                pa.list_(DIFFERENCE_REASON),
            ),
            "flip": pa.array(flips, FLIP),
        },
    )
    return portfolio


def test_the_story_sets_the_choice_beside_the_second_best(compared, capsys):
    told = explain_debtor(compared, "D0")
    assert told.comparison["text"] == [
        "Against no action: gain +¥30, harm ¥0, cost +¥3.90, use of scarce capacity +¥18.10.",
        "Behind the difference in gain: days past due (+¥25).",
        "Were it ¥8 dearer, it would be: text message.",
        "With 12 less of agent minutes it would be: text message.",
    ]
    print_explanation(told)
    assert "Were it ¥8 dearer" in capsys.readouterr().out


def test_the_story_says_what_would_bring_an_action(compared):
    assert explain_debtor(compared, "D1").comparison["text"] == [
        "Were the action ¥3 cheaper, it would be: agent call.",
        "With 2 more of agent call it would be: agent call.",
    ]


def test_a_night_that_compared_nothing_says_so(portfolio):
    assert explain_debtor(portfolio, "D0").comparison is None


def test_every_key_for_other_systems_is_documented_and_none_more(portfolio):
    page = (Path(__file__).parents[2] / "docs" / "explain-json.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:4] for line in page.splitlines() if line.startswith("| `")]
    documented = {key: row[2] for row in rows for key in re.findall(r"`(\w+)`", row[0])}
    content = explain_debtor(portfolio, "D0").as_dict()
    assert set(documented) == set(content)
    for section in ("strategy", "money", "person", "plan", "offer"):
        columns = {
            re.sub(r"^(p_repay|expected_recovery)_\d+d$", r"\1_<days>d", column)
            for column in content[section]
        }
        assert columns == set(re.findall(r"`([\w<>]+)`", documented[section])), section


def test_the_story_says_what_to_say_and_what_was_said(portfolio, capsys):
    at = datetime(2026, 6, 1, 9, tzinfo=UTC)
    store = FeedbackStore(portfolio.publish.runs / "feedback.sqlite")
    promise = {"amount": 300.0, "due_on": NIGHT, "note": "[by] phone"}
    store.add(Feedback(at, "li", NIGHT, "D0", "promised", **promise))
    told = explain_debtor(portfolio, "D0")
    codes = [point["code"] for point in told.talking_points]
    assert codes[0].startswith("opening.")
    assert codes[-1] == "closing"
    assert "queue.promise_due" in codes
    (remark,) = told.as_dict()["feedback"]
    assert (remark["kind"], remark["due_on"], remark["amount"]) == ("promised", "2026-06-01", 300.0)
    print_explanation(told)
    shown = capsys.readouterr().out
    assert "what to say" in shown
    assert "promised to pay ¥300 2026-06-01 ([by] phone)" in shown
