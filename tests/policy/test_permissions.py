"""Who cannot be contacted at all and why; what a suit still lacks."""

from datetime import date

import numpy as np

from client_tables import portfolio_of
from duewise.explain.stage_reason import missing_sentences
from duewise.policy.debtor_facts import debtor_facts
from duewise.policy.legal_route import missing_for_suit
from duewise.policy.permissions import load_rules, permissions, uncontactable_by
from small_tables import small_tables

NIGHT = date(2026, 7, 10)


def found(actions=("sms", "call"), rules=("cn",), **texts):
    tables = small_tables(**texts)
    portfolio = portfolio_of(
        "unused", portfolio={"country": "CN", "timezone": "Asia/Shanghai"}, rules=list(rules)
    )
    facts = debtor_facts(tables, NIGHT).to_pandas().sort_values("debtor_id").reset_index(drop=True)
    return permissions(tables, portfolio, load_rules(portfolio), NIGHT, actions, facts)


def test_each_debtor_without_any_action_is_counted_once_under_the_most_binding_reason():
    people = """
        debtor_id | has_phone
        D1        | true
        D2        | true
        D3        | false
        D4        | true
    """
    flags = """
        debtor_id | flag         | starts_at
        D1        | deceased     | 2026-07-01
        D1        | opt_out:sms  | 2026-07-01
        D2        | opt_out:sms  | 2026-07-01
        D2        | opt_out:call | 2026-07-01
        D4        | opt_out:sms  | 2026-07-01
    """
    assert uncontactable_by(found(debtors=people, flags=flags)) == {
        "cn.deceased": 1,
        "cn.optout": 1,
        "possible.phone": 1,
    }


def test_a_suit_lacks_what_the_rules_ask_for_on_any_account():
    flags = """
        debtor_id | flag               | starts_at  | account_id
        D1        | evidence:contract  | 2026-07-01 |
        D1        | evidence:statement | 2026-07-01 | A1
    """
    accounts = """
        account_id | debtor_id
        A1         | D1
        A2         | D1
    """
    law = found(("litigation",), accounts=accounts, flags=flags)
    missing = missing_for_suit(law.ruleset, law.facts, NIGHT)
    lacks = {flag: bool(mask[0]) for flag, mask in missing.items()}
    assert not lacks["evidence:contract"]
    assert lacks["evidence:statement"]  # the second account has none
    assert lacks["evidence:notice_served"]
    (said,) = missing_sentences(missing, np.array([True]), "en").to_pylist()
    assert said.startswith(" Missing for a suit: ")
    assert "account statement, proof of service" in said
    assert missing_sentences(missing, np.array([False]), "en").to_pylist() == [""]


def test_without_a_pack_a_suit_needs_what_courts_usually_ask_for():
    law = found(("litigation",), rules=(), debtors="debtor_id\nD1")
    assert list(missing_for_suit(law.ruleset, law.facts, NIGHT)) == [
        "evidence:contract",
        "evidence:statement",
        "evidence:notice_served",
    ]
