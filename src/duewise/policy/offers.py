"""What is proposed to the debtor: an offer that fits the means, inside the company's bounds.

Amounts that people will pay are computed in integer minor units (cents), so that instalments add up.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.config import OffersSection
from duewise.contracts.vocabulary import Offer, Stage, Tone

MINOR_UNITS = 100


@dataclass(frozen=True)
class OfferFacts:
    """What an offer depends on; every array has the shape (n_debtors,).

    Attributes
    ----------
    balance : money owed over the accounts in scope
    stage : codes of Stage
    monthly_income, monthly_instalment : money per month; NaN when unknown
    dependants : number of people; NaN when unknown
    needs_care : vulnerable or in hardship
    disputed : whether the debt is disputed
    remaining_cost : money that the usual treatment over the longest horizon costs
    recovery_curve : dict of int to array, money expected within so many days; NaN when not forecast
    """

    balance: NDArray[np.float64]
    stage: NDArray[Any]
    monthly_income: NDArray[np.float64]
    monthly_instalment: NDArray[np.float64]
    dependants: NDArray[np.float64]
    needs_care: NDArray[np.bool_]
    disputed: NDArray[np.bool_]
    remaining_cost: NDArray[np.float64]
    recovery_curve: dict[int, NDArray[np.float64]]


@dataclass(frozen=True)
class Offers:
    """The proposed offer of each debtor; every array has the shape (n_debtors,).

    `amount` is money: in full, per month, or to settle; NaN where the offer has none. `months` is NaN
    where the offer is not a plan.
    """

    offer: NDArray[Any]
    amount: NDArray[np.float64]
    months: NDArray[np.float64]
    tone: NDArray[Any]


def monthly_means(facts: OfferFacts, bounds: OffersSection) -> NDArray[np.float64]:
    """Return what a debtor can pay per month: a share of the income left after living and instalments.

    NaN where the income is unknown. The current contractual instalment is not deducted: the plan
    replaces it.
    """
    people = 1.0 + np.nan_to_num(facts.dependants, nan=0.0)
    disposable = facts.monthly_income - bounds.living_cost * people
    return np.asarray(np.maximum(disposable, 0.0) * bounds.instalment_share)


def months_to_afford(
    balance: NDArray[np.float64], means: NDArray[np.float64], longest: int
) -> NDArray[np.float64]:
    """Return the months in which `means` cover `balance`; NaN where even `longest` is not enough.

    Computed in minor units, rounding the means down: a plan never asks for more than the means.
    """
    owed = _minor(balance)
    means_minor = np.floor(np.nan_to_num(means, nan=0.0) * MINOR_UNITS + 1e-6)
    months = np.ceil(np.divide(owed, means_minor, out=np.full_like(owed, np.inf), where=means_minor > 0))
    return np.where(months <= longest, np.maximum(months, 1.0), np.nan)


def instalment_plan(balance: float, months: int) -> list[int]:
    """Return `months` instalments in minor units that add up to `balance` exactly, the last one smallest.

    Examples
    --------
    >>> instalment_plan(100.0, 3), sum(instalment_plan(100.0, 3))
    ([3334, 3334, 3332], 10000)
    """
    owed = round(balance * MINOR_UNITS)
    each = -(-owed // months)
    plan = []
    for _ in range(months):
        plan.append(min(each, owed))
        owed -= plan[-1]
    return plan


def choose_offers(facts: OfferFacts, bounds: OffersSection) -> Offers:
    """Return one offer per debtor; the first that applies of the list below.

    1. Disputed debt: none, the facts come first. 2. Hardship or vulnerability: a hardship plan over the
    longest term that means allow. 3. Disposal: sale where what is still expected, net of cost, is below
    the price; write-off where nothing is worth expecting and no price is named; settlement, where its floor
    beats waiting. 4. Legal stage: the legal route. 5. Means below the balance: instalments. 6. Pay now.
    """
    n = len(facts.balance)
    means = monthly_means(facts, bounds)
    months = months_to_afford(facts.balance, means, bounds.max_months)
    waiting = _value_of_waiting(facts, bounds)
    floor = bounds.settlement_floor

    disposal = facts.stage == Stage.DISPOSAL
    unknown_means = np.isnan(means)
    pays_in_full = ~unknown_means & (months <= 1)
    sells = (
        disposal & (bounds.sale_price is not None) & (waiting < (bounds.sale_price or 0.0) * facts.balance)
    )
    writes_off = disposal & (bounds.sale_price is None) & (waiting <= 0)
    settles = disposal & (floor is not None) & (waiting < (floor or 0.0) * facts.balance) & ~pays_in_full
    chosen = np.select(
        [
            facts.disputed,
            facts.needs_care,
            sells,
            writes_off,
            settles,
            facts.stage == Stage.LEGAL,
            ~pays_in_full & ~unknown_means,
        ],
        [
            str(offer)
            for offer in (
                Offer.NONE,
                Offer.HARDSHIP_PLAN,
                Offer.SALE,
                Offer.WRITE_OFF,
                Offer.SETTLEMENT,
                Offer.LEGAL_ROUTE,
                Offer.INSTALMENTS,
            )
        ],
        default=str(Offer.PAY_NOW),
    ).astype(object)

    plan = np.isin(chosen, [str(Offer.INSTALMENTS), str(Offer.HARDSHIP_PLAN)])
    # Even the longest plan does not fit some means: it is still the gentlest that the company grants.
    plan_months = np.where(np.isnan(months), float(bounds.max_months), months)
    plan_months = np.where(facts.needs_care, float(bounds.max_months), plan_months)
    owed = _minor(facts.balance)
    plan_months = np.minimum(plan_months, np.maximum(owed, 1.0))  # no instalment below one minor unit
    amount = np.full(n, np.nan)
    amount[plan] = np.ceil(owed[plan] / plan_months[plan]) / MINOR_UNITS
    full = np.isin(chosen, [str(Offer.PAY_NOW), str(Offer.LEGAL_ROUTE)])
    amount[full] = owed[full] / MINOR_UNITS
    settlement = chosen == Offer.SETTLEMENT
    amount[settlement] = np.ceil(owed[settlement] * (floor or 1.0)) / MINOR_UNITS
    sale = chosen == Offer.SALE
    amount[sale] = np.floor(owed[sale] * (bounds.sale_price or 0.0)) / MINOR_UNITS
    return Offers(
        offer=chosen,
        amount=amount,
        months=np.where(plan, plan_months, np.nan),
        tone=choose_tone(facts),
    )


def choose_tone(facts: OfferFacts) -> NDArray[Any]:
    """Return how the contact speaks: support for people in need, else by stage."""
    by_stage = {
        Stage.REMINDER: Tone.FRIENDLY,
        Stage.INTENSIFIED: Tone.FIRM,
        Stage.LEGAL: Tone.FORMAL,
        Stage.DISPOSAL: Tone.FORMAL,
    }
    conditions = [facts.needs_care, *(facts.stage == stage for stage in by_stage)]
    tones = [str(Tone.SUPPORT), *(str(tone) for tone in by_stage.values())]
    return np.select(conditions, tones, default=str(Tone.FRIENDLY)).astype(object)


def _value_of_waiting(facts: OfferFacts, bounds: OffersSection) -> NDArray[np.float64]:
    """Return what waiting is worth today: the recovery curve, discounted, net of cost.

    Infinite where nothing is forecast: what nobody knows is no reason to give a debt away.
    """
    worth = -facts.remaining_cost
    before, so_far = 0, np.zeros(len(facts.balance))
    for days in sorted(facts.recovery_curve):
        money = np.fmax(facts.recovery_curve[days], so_far)  # a horizon without a forecast adds nothing
        years = (before + days) / 2 / 365.0  # between two horizons money comes in evenly
        worth = worth + (money - so_far) * (1.0 + bounds.discount_rate) ** -years
        before, so_far = days, money
    known = np.isfinite(np.stack(list(facts.recovery_curve.values()))).any(axis=0)
    return np.where(known, worth, np.inf)


def _minor(amount: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.rint(amount * MINOR_UNITS)
