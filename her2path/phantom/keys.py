"""What the tables of a recipe of synthetic slides have in common."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Density: TypeAlias = Annotated[float, Field(ge=0, le=1.5)]


class Keys(BaseModel):
    """A table of keys: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
