"""One debtor's story, told from what was published."""

import json

import pytest

from duewise.console import print_explanation
from duewise.contracts.strategies import strategies_schema
from duewise.errors import ConfigError
from duewise.publish.debtor_story import explain_debtor
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
