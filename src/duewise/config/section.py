"""What every part of the portfolio file is made of: strict sections, and kinds of numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Days = Annotated[int, Field(ge=1, le=3650)]
Amount = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """A part of the portfolio file: immutable, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
