"""Addresses of databases in the portfolio file; a wrong one is refused without being shown."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from duewise.database_url import parse_database_url

SECRET = "secret"
"""Kind of fault whose value may hold a secret and is never shown."""


def _database_address(value: str) -> str:
    try:
        parse_database_url(value)
    except ValueError as error:
        raise PydanticCustomError(SECRET, "{why}", {"why": str(error)}) from None
    return value


DatabaseAddress = Annotated[str, AfterValidator(_database_address)]
