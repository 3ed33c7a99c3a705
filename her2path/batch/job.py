"""One slide of a batch: what is to be done, and what came of doing it once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from her2path.recipe import Recipe
from her2path.store.claims import Holder
from her2path.store.manifest import ManifestRow


@dataclass(frozen=True, slots=True)
class Job:
    """One slide to score."""

    slide_id: str
    row: ManifestRow
    recipe: Recipe
    """With the digest of the network that will be asked."""

    n_bytes: int | None
    """Size of the file; None where it is not there, or cannot be asked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt at a slide: a score, or who holds the slide, or trouble.

    Trouble that made a slide fail comes with its score.
    """

    host: str
    score: Mapping[str, Any] | None = None
    """Content of score.json."""

    stood: bool = False
    """Whether the result stood there already."""

    holder: Holder | None = None
    """Who is scoring the slide now, and not we."""

    trouble: str | None = None
    """Of storage, so that it may pass, or be put right; a technician can act on it."""

    output_trouble: bool = False
    """Whether the trouble is with the results' folder, which every slide shares."""
