"""The words of the page in each language, read from gettext catalogues at start: nothing is compiled."""

import functools
from collections.abc import Mapping
from importlib import resources

from babel.messages.pofile import read_po

from duewise.contracts.vocabulary import LANGUAGES

DOMAIN = "duewise"


def gettext_noop(message: str) -> str:
    """Mark `message` for the catalogues; it is translated where it is shown."""
    return message


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return every message with its translation."""
    path = resources.files("duewise.web").joinpath("locales", language, "LC_MESSAGES", f"{DOMAIN}.po")
    with path.open("rb") as file:
        messages = read_po(file, locale=language)
    return {
        str(message.id): str(message.string)
        for message in messages
        if message.id and message.string and not message.fuzzy
    }


def translate(language: str, message: str) -> str:
    """Return `message` in a language; itself where the catalogue has none."""
    return catalogue(language).get(message, message)


def chosen_language(wanted: str | None, fallback: str) -> str:
    """Return the wanted language when the page speaks it."""
    return wanted if wanted in LANGUAGES else fallback
