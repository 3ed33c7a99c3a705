"""Published rates to lay beside one's own: how other laboratories read other patients, and no standard."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from her2path.qa.rates import RateName
from her2path.qa.values import Estimate

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
BandPlace: TypeAlias = Literal["below", "inside", "above", "undecided"]


class Band(BaseModel):
    """One published rate, as a share of slides, and how far it spreads."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rate: RateName
    tumour: Text
    where: Text
    """Whose patients."""

    n: Annotated[int, Field(ge=1)] | None = None
    """Patients or tests."""

    centre: Share | None = None
    low: Share | None = None
    high: Share | None = None
    """What ``spread`` says; None where none was published."""

    spread: Text | None = None
    """What lies between ``low`` and ``high``: the range over departments, or over years."""

    citation: Text

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if (self.low is None, self.high is None) not in ((True, True), (False, False)):
            raise ValueError("low and high belong together")
        if (self.low is None) != (self.spread is None):
            raise ValueError("spread says what lies between low and high: give all three, or none")
        known = [value for value in (self.low, self.centre, self.high) if value is not None]
        if not known or known != sorted(known):
            raise ValueError("low <= centre <= high must hold, and one of them must be there")
        return self


class Bands(BaseModel):
    """Content of a file of published rates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bands: tuple[Band, ...]


def place_in(rate: Estimate, band: Band) -> BandPlace | None:
    """Say where a rate lies against a published band.

    Parameters
    ----------
    rate
        With its interval.
    band
        Of the same rate.

    Returns
    -------
    BandPlace or None
        ``undecided`` where the interval of the rate reaches over an edge of the band; None where the band has
        no edges, or the rate no interval.
    """
    if band.low is None or band.high is None or rate.low is None or rate.high is None:
        return None
    if rate.high < band.low:
        return "below"
    if rate.low > band.high:
        return "above"
    return "inside" if band.low <= rate.low and rate.high <= band.high else "undecided"
