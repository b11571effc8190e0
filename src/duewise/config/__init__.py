"""The portfolio file: one YAML file describes one portfolio, every command reads it.

The keys are public interface. Whatever is unknown or of the wrong type is refused with the path of
the key and the nearest valid name.
"""

from duewise.config.actions import Action, Resource
from duewise.config.cells import CellsSection
from duewise.config.learning import DEFAULT_PROTECTED
from duewise.config.names import known_timezone, unknown_name
from duewise.config.offers import OffersSection
from duewise.config.portfolio import Portfolio
from duewise.config.queues import DEFAULT_GRACE_DAYS
from duewise.config.reading import load_portfolio, parse_portfolio
from duewise.config.sources import TableMapping
from duewise.config.stages import StageBounds, StagesSection, StageSteps

__all__ = [
    "DEFAULT_GRACE_DAYS",
    "DEFAULT_PROTECTED",
    "Action",
    "CellsSection",
    "OffersSection",
    "Portfolio",
    "Resource",
    "StageBounds",
    "StageSteps",
    "StagesSection",
    "TableMapping",
    "known_timezone",
    "load_portfolio",
    "parse_portfolio",
    "unknown_name",
]
