"""What kind of world is simulated: a few named numbers, and presets that each isolate one difficulty."""

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from duewise.contracts.vocabulary import CHANNELS, Channel
from duewise.errors import ConfigError
from duewise.simulate.arrays import Floats, Ints

N_CHANNELS = len(CHANNELS)


def per_channel(default: float, **exceptions: float) -> tuple[float, ...]:
    """Return one number per channel, in the order of the vocabulary."""
    unknown = set(exceptions) - {str(channel) for channel in CHANNELS}
    if unknown:
        raise ConfigError(f"No such channel: {', '.join(sorted(unknown))}.")
    return tuple(exceptions.get(str(channel), default) for channel in CHANNELS)


def by_channel(table: dict[Channel, float], channel: Ints) -> Floats:
    """Return the entry of each row's channel; zero where the table has none."""
    values = np.array([table.get(name, 0.0) for name in CHANNELS])
    result: Floats = values[channel]
    return result


@dataclass(frozen=True)
class World:
    """Parameters of a simulated world; hazards are on the log scale, rates are per day."""

    name: str = "default"

    log_hazard: float = -4.35
    """Log of the daily payment hazard of the average debtor, one day past due, without contact."""
    log_hazard_drift: float = 0.0
    """Change of the log hazard per year, counted from the first day."""
    effect: tuple[float, ...] = per_channel(1.0)
    """Multiplies what each channel really changes; all zeros: contacts change nothing."""
    effect_drift: tuple[float, ...] = per_channel(0.0)
    """Relative change of each channel's effect per year."""
    harm: float = 1.0
    """Multiplies the chances of complaint, opt-out and dispute after a contact."""
    early_payers: bool = False
    """People pay early in the week and collectors contact from Wednesday on."""

    balance_scale: float = 1.0
    balance_tail: float = 0.0
    """Share of debts whose balance is multiplied by a Pareto number with infinite variance."""

    randomised: bool = False
    """Actions are drawn uniformly with logged propensities, instead of by the old ladder policy."""
    randomised_none: float = 0.4
    """Probability of no action on a randomised decision night."""
    contact_rate: float = 1.0
    """Multiplies the old policy's daily chance of contact."""
    channel_weight: tuple[float, ...] = per_channel(1.0)
    """Multiplies the old policy's preference for each channel."""
    hidden_confounding: float = 0.0
    """How strongly the old policy feels a debtor's willingness beyond what the data show."""
    delivery: tuple[float, ...] = per_channel(1.0)
    """Share of decided contacts that are carried out."""

    @property
    def has_effects(self) -> bool:
        """Whether contacts change anything at all."""
        return any(self.effect)


_DEFAULT = World()

PRESETS: MappingProxyType[str, World] = MappingProxyType(
    {
        world.name: world
        for world in (
            _DEFAULT,
            replace(_DEFAULT, name="randomised", randomised=True),
            replace(_DEFAULT, name="no_effect", effect=per_channel(0.0), early_payers=True),
            replace(
                _DEFAULT, name="harmful_calls", effect=per_channel(1.0, call=-1.2, ai_call=-1.2), harm=2.0
            ),
            replace(
                _DEFAULT,
                name="thin_channels",
                channel_weight=per_channel(1.0, letter=0.01, visit=0.01, legal_letter=0.01, litigation=0.002),
            ),
            replace(
                _DEFAULT,
                name="drift",
                log_hazard_drift=-0.4,
                effect_drift=per_channel(0.0, sms=-0.5, app_push=-0.5, call=0.4),
            ),
            replace(_DEFAULT, name="tiny_balances", balance_scale=0.015),
            replace(_DEFAULT, name="heavy_tails", balance_tail=0.1),
            replace(_DEFAULT, name="hidden_confounding", hidden_confounding=1.0),
            replace(
                _DEFAULT,
                name="delivery_gap",
                randomised=True,
                delivery=per_channel(0.9, ai_call=0.8, call=0.6, visit=0.5, litigation=0.7),
            ),
        )
    }
)


def preset(name: str) -> World:
    """Return the preset called `name`."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ConfigError(
            f"No simulated world is called {name!r}; there are: {', '.join(PRESETS)}."
        ) from None
