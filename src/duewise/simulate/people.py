"""Who owes: what the data show of each debtor, and the latent traits that they do not show."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from duewise.contracts.vocabulary import CHANNELS, Channel, Employment
from duewise.simulate.arrays import ALWAYS, Bools, Columns, Floats, Ints, sigmoid
from duewise.simulate.luck import Luck

REGIONS = (
    ("CN-GD", 0.16, 0.12),
    ("CN-JS", 0.11, 0.15),
    ("CN-ZJ", 0.09, 0.18),
    ("CN-SD", 0.10, 0.00),
    ("CN-HA", 0.10, -0.12),
    ("CN-SC", 0.10, -0.08),
    ("CN-HB", 0.07, -0.02),
    ("CN-HN", 0.07, -0.06),
    ("CN-AH", 0.06, -0.08),
    ("CN-SH", 0.05, 0.35),
    ("CN-BJ", 0.05, 0.38),
    ("CN-XJ", 0.04, -0.05),
)
"""ISO 3166-2 code, share of debtors, shift of log income."""

EMPLOYMENT = (
    (Employment.EMPLOYED, 0.62),
    (Employment.SELF_EMPLOYED, 0.20),
    (Employment.UNEMPLOYED, 0.06),
    (Employment.STUDENT, 0.05),
    (Employment.RETIRED, 0.07),
)

EMPLOYED, SELF_EMPLOYED, UNEMPLOYED, STUDENT, RETIRED = range(len(EMPLOYMENT))

PAYDAYS = (5, 10, 15, 20, 25)
MEDIAN_INCOME = 5400.0

_LABOUR_HOURS = np.array([0.2, 0.1, 0.0, 0.7, 0.6, -0.2, -0.4, -0.3, 0.0, 0.5, 0.9, 1.0])
"""Log odds of being reached from 9:00 to 20:00 local time, for people at work by day."""
_HOME_HOURS = np.array([0.5, 0.7, 0.6, 0.2, 0.0, 0.2, 0.4, 0.3, 0.2, 0.0, 0.0, -0.1])
"""The same for people who are at home by day."""
HOUR_PROFILES = np.stack([_LABOUR_HOURS, _HOME_HOURS])
FIRST_LOCAL_HOUR = 9


@dataclass
class People(Columns):
    """One row per debtor; nothing here changes over time.

    Traits in standard units: `ability`, `willingness`, `reach`. In [0, 1]: `forgetful`, `hostile`,
    `disorganised`. Days are numbers since 1970-01-01.
    """

    index: Ints
    ability: Floats
    willingness: Floats
    reach: Floats
    forgetful: Floats
    disorganised: Floats
    hostile: Floats
    payday: Ints
    payday_strength: Floats
    income: Floats
    hour_profile: Ints
    job_loss_day: Ints
    job_found_day: Ints
    illness_day: Ints
    recovery_day: Ints
    has_grounds: Bools
    """Has a reason to dispute the debt, and will when spoken to."""
    gut: Floats
    """What the old policy's agents believe beyond the file: noise, unless the world hides a confounder."""
    usable: Bools
    """Shape (n, channels): a number or address for the channel is known."""

    region: Ints
    employment: Ints
    birth_year: Ints
    female: Bools
    dependants: Ints
    stated_income: Floats
    registered_day: Ints
    consents_ai: Bools


def draw_people(luck: Luck, index: Ints, first_day: int, last_day: int, hidden_confounding: float) -> People:
    """Return the debtors with the given global indices; shocks fall between the two days or after."""
    n = len(index)
    normal = luck.normal
    uniform = luck.uniform
    ability = normal("ability")
    willingness = 0.25 * ability + np.sqrt(1 - 0.25**2) * normal("willingness")
    hostile = ndtr(-0.6 * willingness + 0.8 * normal("hostile")) ** 2

    region = np.searchsorted(np.cumsum([share for _, share, _ in REGIONS]), uniform("region"))
    region = np.minimum(region, len(REGIONS) - 1)
    employment = np.searchsorted(np.cumsum([share for _, share in EMPLOYMENT]), uniform("employment"))
    employment = np.minimum(employment, len(EMPLOYMENT) - 1)
    jobless = np.isin(employment, (UNEMPLOYED, STUDENT))
    ability = np.where(jobless, ability - 0.7, ability)
    shift = np.array([shift for *_, shift in REGIONS])[region]
    income = MEDIAN_INCOME * np.exp(0.45 * ability + shift)

    age = np.clip(36 + 10 * normal("age"), 19, 72)
    age = np.where(employment == STUDENT, 19 + 6 * uniform("student_age"), age)
    age = np.where(employment == RETIRED, 56 + 14 * uniform("retired_age"), age)

    dependants = np.floor(3.2 * uniform("dependants") ** 1.5 * (age > 25)).astype(np.int8)

    usable = np.ones((n, len(CHANNELS)), dtype=bool)
    phone = uniform("phone") < 0.97
    address = uniform("address") < 0.86
    for channel, known in {
        Channel.SMS: phone,
        Channel.AI_CALL: phone,
        Channel.CALL: phone,
        Channel.EMAIL: uniform("email") < 0.55,
        Channel.APP_PUSH: uniform("app") < 0.62,
        Channel.LETTER: address,
        Channel.VISIT: address,
        Channel.LEGAL_LETTER: address,
        Channel.LITIGATION: address,
    }.items():
        usable[:, CHANNELS.index(channel)] = known

    horizon = last_day - first_day + 365
    loses_job = (uniform("loses_job") < 0.10) & np.isin(employment, (EMPLOYED, SELF_EMPLOYED))
    job_loss = first_day - 60 + (horizon * uniform("job_loss_day")).astype(np.int32)
    falls_ill = uniform("falls_ill") < 0.05
    illness = first_day - 60 + (horizon * uniform("illness_day")).astype(np.int32)

    return People(
        index=index,
        ability=ability,
        willingness=willingness,
        reach=0.9 * normal("reach"),
        forgetful=uniform("forgetful") ** 2,
        disorganised=sigmoid(
            normal("disorganised") - 1.0 + 1.6 * (employment == SELF_EMPLOYED) + 0.7 * (dependants > 0)
        ),
        hostile=hostile,
        payday=np.where(
            uniform("usual_payday") < 0.85,
            np.array(PAYDAYS)[(len(PAYDAYS) * uniform("payday")).astype(int)],
            1 + (28 * uniform("odd_payday")).astype(int),
        ).astype(np.int32),
        payday_strength=np.where(np.isin(employment, (EMPLOYED, RETIRED)), 1.0, 0.3),
        income=income,
        hour_profile=np.isin(employment, (UNEMPLOYED, RETIRED)).astype(np.int8),
        job_loss_day=np.where(loses_job, job_loss, ALWAYS).astype(np.int32),
        job_found_day=np.where(loses_job, job_loss + 60 + 240 * uniform("jobless_days"), ALWAYS).astype(
            np.int32
        ),
        illness_day=np.where(falls_ill, illness, ALWAYS).astype(np.int32),
        recovery_day=np.where(falls_ill, illness + 30 + 120 * uniform("ill_days"), ALWAYS).astype(np.int32),
        has_grounds=uniform("has_grounds") < 0.03,
        gut=0.4 * normal("gut") - hidden_confounding * willingness,
        usable=usable,
        region=region.astype(np.int16),
        employment=employment.astype(np.int8),
        birth_year=(1970 + last_day / 365.25 - age).astype(np.int32),
        female=uniform("female") < 0.42,
        dependants=dependants,
        stated_income=np.where(
            uniform("income_known") < 0.82,
            np.round(income * np.exp(0.18 * normal("income_error")), -2),
            np.nan,
        ),
        registered_day=(first_day - 90 - 2500 * uniform("registered")).astype(np.int32),
        consents_ai=phone & (uniform("consents_ai") < 0.6),
    )


def present_ability(people: People, day: int, rows: Ints) -> Floats:
    """Return ability today: the trait less what a lost job or an illness takes from it now."""
    jobless = (people.job_loss_day[rows] <= day) & (day < people.job_found_day[rows])
    ill = (people.illness_day[rows] <= day) & (day < people.recovery_day[rows])
    result: Floats = people.ability[rows] - 1.4 * jobless - 0.8 * ill
    return result


def disposable_income(people: People, ability: Floats, rows: Ints) -> Floats:
    """Return what a debtor can put to debt in a month, given the ability of today."""
    shock = np.exp(0.9 * (ability - people.ability[rows]))
    result: Floats = 0.3 * people.income[rows] * shock / (1 + 0.15 * people.dependants[rows])
    return result
