"""Recommendations to hold a study against: what they ask, and what a study of agreement can show of it."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Text: TypeAlias = Annotated[str, Field(min_length=1)]


class Item(BaseModel):
    """One recommendation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asks: Text
    """In our words."""

    citation: Text
    evidence: Literal["read", "recalled"]
    """``read``: in the text that is cited or in a report of it. ``recalled``: to be checked."""

    here: Text
    """What of the page, or of the program, bears on it; what a laboratory must look after by itself."""


class Checklist(BaseModel):
    """Content of a checklist file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text
    note: Text
    """What the list is and is not."""

    items: Annotated[tuple[Item, ...], Field(min_length=1)]
