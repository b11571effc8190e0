"""The ladder: days past due say what is due, steps and holds say what has been reached."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from duewise.config import StagesSection
from duewise.explain.stage_reason import stage_sentences
from duewise.policy.ladder_facts import ladder_facts
from duewise.policy.stages import LadderFacts, asked_flags, stage_of
from small_tables import small_tables

NIGHT = date(2026, 6, 1)
STEPS = StagesSection.model_validate(
    {
        "bounds": {
            "steps": {
                "legal": {"contacts": 3, "notices": ["final_demand"]},
                "disposal": {"evidence": ["statement"]},
            }
        },
        "products": {"microloan": {"intensified": 8, "legal": 31, "disposal": 91}},
    }
)


def facts(dpd, *, frozen=0, contacts=9, product="credit_card", flags=("notice:final_demand",)) -> LadderFacts:
    return LadderFacts(
        dpd=np.array([dpd]),
        frozen_days=np.array([frozen]),
        contacts=np.array([contacts]),
        product=np.array([product], dtype=object),
        flags={flag: np.array([flag in flags]) for flag in asked_flags(STEPS)},
    )


def reached(*args, **more):
    found = stage_of(facts(*args, **more), STEPS)
    return found.stage[0], found.waits_for[0]


@pytest.mark.parametrize(
    ("dpd", "stage"),
    [(0, "reminder"), (30, "reminder"), (31, "intensified"), (90, "intensified"), (91, "legal")],
)
def test_each_stage_begins_on_its_own_day(dpd, stage):
    assert reached(dpd) == (stage, "")


def test_products_have_bounds_and_steps_of_their_own():
    assert reached(31, product="microloan", contacts=0) == ("legal", "")
    assert reached(31) == ("intensified", "")


def test_a_stage_waits_for_its_steps_and_says_which():
    assert reached(120, contacts=1, flags=()) == ("intensified", "contacts 1/3, notice:final_demand")
    assert reached(120, contacts=3) == ("legal", "")


def test_no_stage_is_skipped_although_its_own_steps_are_done():
    assert reached(400, contacts=2, flags=("notice:final_demand", "evidence:statement")) == (
        "intensified",
        "contacts 2/3",
    )
    assert reached(400) == ("legal", "evidence:statement")
    assert reached(400, flags=("notice:final_demand", "evidence:statement")) == ("disposal", "")


def test_the_ladder_stands_still_from_the_day_of_a_hold_and_never_steps_down_for_it():
    found = stage_of(facts(120, frozen=60), STEPS)
    assert (found.stage[0], found.due[0], found.frozen[0]) == ("intensified", "legal", True)
    assert stage_of(facts(120, frozen=10), STEPS).stage[0] == "legal"


@pytest.mark.parametrize(
    ("case", "en", "zh"),
    [
        ({"dpd": 95}, "Stage: legal from 91 days past due, now 95.", "阶段：逾期95天，自91天起为法律催收。"),
        (
            {"dpd": 95, "contacts": 1},
            "Stage: still intensified at 95 days past due; legal waits for: 1 of 3 contacts.",
            "阶段：逾期95天仍为强化催收；进入法律催收尚缺：联络1次（需3次）。",
        ),
        (
            {"dpd": 95, "frozen": 30},
            "Stage: intensified; the ladder stands still under a dispute or legal protection.",
            "阶段：强化催收；争议或法律保护期间不升级。",
        ),
    ],
)
def test_every_stage_is_explained(case, en, zh):
    found = stage_of(facts(**case), STEPS)
    for language, said in (("en", en), ("zh", zh)):
        (text,) = stage_sentences(
            found.stage,
            found.due,
            found.begins,
            np.array([case["dpd"]]),
            found.waits_for,
            found.frozen,
            language,
        ).to_pylist()
        assert text.strip() == said


def test_facts_count_what_we_did_since_placement_and_what_stands_on_the_night():
    tables = small_tables(
        accounts="""
            account_id | debtor_id | past_due_since | placed_on
            A1         | D1        | 2026-01-01     | 2026-02-01
            A2         | D2        | 2026-01-01     | 2026-02-01
        """,
        contacts="""
            debtor_id | at         | direction | outcome
            D1        | 2026-01-31 | outbound  | no_answer
            D1        | 2026-02-01 | outbound  | no_answer
            D1        | 2026-05-01 | outbound  | bounced
            D1        | 2026-05-02 | inbound   | right_party
            D1        | 2026-06-01 | outbound  | no_answer
        """,
        flags="""
            debtor_id | flag                | starts_at  | ends_at
            D1        | dispute             | 2026-05-22 |
            D2        | dispute             | 2026-01-01 | 2026-05-01
            D2        | notice:final_demand | 2026-05-01 |
        """,
    )
    debtors = pd.DataFrame({"debtor_id": ["D1", "D2"], "dpd": [151, 151], "product": "credit_card"})
    found = ladder_facts(tables, NIGHT, STEPS, debtors)
    assert found.contacts.tolist() == [1, 0]
    assert found.frozen_days.tolist() == [10, 0]
    assert found.flags["notice:final_demand"].tolist() == [False, True]
