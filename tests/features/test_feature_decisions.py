from datetime import date

from duewise.features.decisions import decisions
from small_tables import small_tables

AS_OF = date(2024, 4, 1)


def decided(**texts):
    return decisions(small_tables(**texts), [AS_OF], decision_days=7).set_index("debtor_id")


def test_the_action_is_the_first_contact_of_the_day_and_the_rest_is_told_beside_it():
    got = decided(
        contacts="""
        debtor_id | at               | channel | propensity
        D1        | 2024-04-01 09:00 | sms     | 0.3
        D1        | 2024-04-01 15:00 | call    | 0.9
        D1        | 2024-04-05 09:00 | call    |
        """
    ).loc["D1"]
    assert (got["action"], got["propensity"]) == ("sms", 0.3)
    assert (got["n_later_contacts"], got["days_to_next_contact"]) == (2, 0)
    assert got["delivered"]
    assert not got["assigned"]


def test_a_contact_later_in_the_week_is_not_the_action_of_the_date():
    got = decided(contacts="debtor_id | at | channel\nD1 | 2024-04-02 00:00 | call").loc["D1"]
    assert got["action"] == "none"
    assert (got["n_later_contacts"], got["days_to_next_contact"]) == (1, 1)
    assert got["contacted_again_within"]


def test_the_period_ends_before_its_last_instant():
    got = decided(contacts="debtor_id | at | channel\nD1 | 2024-04-08 00:00 | call").loc["D1"]
    assert got["n_later_contacts"] == 0
    assert not got["contacted_again_within"]


def test_the_heaviest_of_contacts_at_one_instant_is_the_action():
    got = decided(
        contacts="""
        debtor_id | at         | channel
        D1        | 2024-04-01 | sms
        D1        | 2024-04-01 | visit
        D1        | 2024-04-01 | call
        """
    ).loc["D1"]
    assert got["action"] == "visit"


def test_what_the_debtor_started_is_no_action():
    got = decided(contacts="debtor_id | at | channel | direction\nD1 | 2024-04-01 | call | inbound").loc["D1"]
    assert (got["action"], got["n_later_contacts"]) == ("none", 0)


def test_an_assignment_is_the_action_delivered_or_not():
    got = decided(
        assignments="""
        debtor_id | as_of      | action | cell    | propensity
        D1        | 2024-04-01 | call   | explore | 0.2
        D2        | 2024-04-01 | call   | policy  | 0.6
        D3        | 2024-04-01 | none   | control | 0.05
        D4        | 2024-04-01 | none   | control | 0.05
        D5        | 2024-03-31 | call   | policy  | 0.5
        """,
        contacts="""
        debtor_id | at               | channel
        D1        | 2024-04-01 09:00 | sms
        D1        | 2024-04-01 10:00 | call
        D2        | 2024-04-02 10:00 | call
        D4        | 2024-04-01 10:00 | sms
        """,
    )
    assert got["action"].astype(str).to_dict() == {
        "D1": "call",
        "D2": "call",
        "D3": "none",
        "D4": "none",
        "D5": "none",
    }
    assert got["delivered"].to_dict() == {"D1": True, "D2": False, "D3": True, "D4": False, "D5": True}
    assert got["cell"].astype(str).tolist() == ["explore", "policy", "control", "control", "unknown"]
    assert got["assigned"].tolist() == [True] * 4 + [False]
    assert got["n_later_contacts"].tolist() == [1, 1, 0, 1, 0]
    assert got["propensity"].tolist()[:2] == [0.2, 0.6]


def test_every_debtor_in_scope_is_there_once_in_the_order_of_the_snapshot():
    got = decided(
        debtors="debtor_id\nD2\nD10\nD1", contacts="debtor_id | at\nD1 | 2024-04-01\nD1 | 2024-04-01"
    )
    assert got.index.tolist() == ["D1", "D10", "D2"]
