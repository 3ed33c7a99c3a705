"""The words that rules speak: scores, categories, statuses, tags, kinds of specimen."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field

Specimen: TypeAlias = Literal["resection", "biopsy", "tma-core", "cytology"]
Score: TypeAlias = Literal["0", "1+", "2+", "3+"]
Category: TypeAlias = Literal["IHC0_NULL", "IHC0_STAINED", "IHC1", "IHC2", "IHC3"]
Her2Status: TypeAlias = Literal["negative", "equivocal", "positive"]
Tag: TypeAlias = Literal["her2-null", "her2-ultralow", "her2-low", "her2-positive"]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
FlagCode: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z0-9_]+$")]

CATEGORIES: tuple[Category, ...] = get_args(Category)
"""Lowest first."""

SCORES: tuple[Score, ...] = get_args(Score)
"""Lowest first."""

STATUSES: tuple[Her2Status, ...] = get_args(Her2Status)
"""Lowest first."""

TAGS: tuple[Tag, ...] = get_args(Tag)
"""Lowest first."""

SCORE_OF: Mapping[Category, Score] = dict(zip(CATEGORIES, ("0", *SCORES), strict=True))
