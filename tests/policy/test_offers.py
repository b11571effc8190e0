import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duewise.config import OffersSection
from duewise.policy.offers import OfferFacts, choose_offers, instalment_plan, months_to_afford

BOUNDS = OffersSection(
    settlement_floor=0.6, max_months=24, living_cost=1500, instalment_share=0.5, sale_price=0.05
)


def facts(**changes) -> OfferFacts:
    one = {
        "balance": 12_000.0,
        "stage": "intensified",
        "monthly_income": 5_000.0,
        "monthly_instalment": 800.0,
        "dependants": 1.0,
        "needs_care": False,
        "disputed": False,
        "remaining_cost": 50.0,
    } | changes
    curve = one.pop("recovery_curve", {180: one.pop("expected_recovery", 6_000.0)})
    arrays = {
        name: np.array([value], dtype=object if name == "stage" else None) for name, value in one.items()
    }
    return OfferFacts(**arrays, recovery_curve={days: np.array([money]) for days, money in curve.items()})


def offer_of(bounds: OffersSection = BOUNDS, **changes):
    offers = choose_offers(facts(**changes), bounds)
    return offers.offer[0], offers.amount[0], offers.months[0], offers.tone[0]


def test_means_below_the_balance_give_instalments_that_fit_them():
    offer, amount, months, tone = offer_of()
    # (5,000 - 2 x 1,500) x 0.5 = 1,000 a month over 12 months.
    assert (offer, amount, months, tone) == ("instalments", 1000.0, 12.0, "firm")


def test_means_above_the_balance_ask_for_all_of_it():
    assert offer_of(monthly_income=30_000.0)[:2] == ("pay_now", 12_000.0)


def test_unknown_means_ask_for_all_and_presume_nothing():
    assert offer_of(monthly_income=np.nan)[0] == "pay_now"


def test_a_disputed_debt_gets_no_offer():
    offer, amount, _, _ = offer_of(disputed=True)
    assert offer == "none"
    assert np.isnan(amount)


def test_people_in_need_get_the_longest_plan_and_a_supporting_tone():
    offer, amount, months, tone = offer_of(needs_care=True, stage="legal")
    assert (offer, months, tone) == ("hardship_plan", 24.0, "support")
    assert amount == 500.0


def test_a_debt_in_disposal_is_sold_when_the_price_beats_waiting():
    offer, amount, _, _ = offer_of(stage="disposal", expected_recovery=100.0)
    assert (offer, amount) == ("sale", 600.0)


def test_a_debt_in_disposal_settles_above_the_floor_when_that_beats_waiting():
    offer, amount, _, _ = offer_of(stage="disposal", expected_recovery=3_000.0)
    assert (offer, amount) == ("settlement", 7_200.0)


def test_the_sooner_money_comes_the_more_waiting_is_worth():
    """7,200 now against 7,500 within a year: early money beats settling, late money does not."""
    early = {30: 7_500.0, 365: 7_500.0}
    late = {30: 0.0, 365: 7_500.0}
    assert offer_of(stage="disposal", recovery_curve=early)[0] == "instalments"
    assert offer_of(stage="disposal", recovery_curve=late)[0] == "settlement"


def test_a_debt_without_a_forecast_is_neither_sold_nor_settled_nor_written_off():
    assert offer_of(stage="disposal", expected_recovery=np.nan)[0] == "instalments"
    no_price = OffersSection(settlement_floor=None, sale_price=None)
    assert (
        offer_of(no_price, stage="disposal", expected_recovery=np.nan, monthly_income=np.nan)[0] == "pay_now"
    )


def test_a_horizon_without_a_model_is_bridged():
    curve = {30: 100.0, 90: np.nan, 180: 100.0}
    assert offer_of(stage="disposal", recovery_curve=curve)[0] == "sale"


def test_without_a_floor_nothing_is_settled_and_without_a_price_nothing_sold():
    bounds = OffersSection(settlement_floor=None, sale_price=None)
    assert offer_of(bounds, stage="disposal", expected_recovery=3_000.0)[0] not in ("settlement", "sale")
    assert offer_of(bounds, stage="disposal", expected_recovery=0.0)[0] == "write_off"


def test_a_settlement_never_falls_below_the_floor_by_a_cent():
    _, amount, _, _ = offer_of(stage="disposal", expected_recovery=3_000.0, balance=10_000.01)
    assert amount >= 0.6 * 10_000.01


@given(cents=st.integers(1, 10**9), months=st.integers(1, 120))
def test_instalments_add_up_to_the_cent_and_never_rise(cents, months):
    plan = instalment_plan(cents / 100, months)
    assert sum(plan) == cents
    assert plan == sorted(plan, reverse=True)
    assert len(plan) == months


@given(
    balance=st.floats(0.01, 1e7).map(lambda x: round(x, 2)),
    means=st.floats(0, 1e6),
    longest=st.integers(1, 120),
)
def test_a_plan_that_is_found_fits_the_means(balance, means, longest):
    months = months_to_afford(np.array([balance]), np.array([means]), longest)[0]
    if not np.isnan(months):
        assert 1 <= months <= longest
        assert max(instalment_plan(balance, int(months))) <= means * 100 + 1e-6


@pytest.mark.parametrize(
    ("means", "months"), [(1000.0, 12.0), (999.99, 13.0), (0.0, np.nan), (400.0, np.nan)]
)
def test_months_at_the_edges(means, months):
    found = months_to_afford(np.array([12_000.0]), np.array([means]), 24)[0]
    assert found == months or (np.isnan(found) and np.isnan(months))
