"""Which stains a slide shows: haematoxylin and DAB, or something that must not be scored as if it were.

Every mixture of haematoxylin and DAB lies on one line in the plane of colours: the more red light it takes,
the less blue. Eosin and the red chromogens take green beyond that line, green dyes let it pass, and what is
black takes all alike (docs/science/stain-type.md).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Doubles
from her2path.errors import NotEvaluableError
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, Vector, optical_density

Stain: TypeAlias = Literal["h-dab", "haematoxylin", "pink", "red-brown", "green", "black", "grey", "dark"]

STRIDE = 8
"""One pixel of so many is looked at: shares of a tissue are known to 0.1 % from a tenth of a million."""

MIN_OD = 0.15
"""Length of the density vector from which a pixel has a colour; below it is noise and compression."""

PINK_EXCESS, PINK_SHARE = 0.05, 0.10
"""Green share of a density beyond haematoxylin and DAB; share of the stained tissue that has it. Three HER2
cores, four HER2 fields, two Ki-67 fields and 15 phantoms show at most 0.016 of it, whole H&E slides 0.6 to
1."""

PINK_WHITE, GLASS_GREY = 0.98, 235.0
"""A white with less green than this for its red and blue, dimmer than glass on most scanners, is the palest
tissue of a field without glass: colours are then measured from a neutral white too."""

GREEN_EXCESS, GREEN_SHARE = -0.20, 0.30
"""As above, of green light that passes. A blue counterstain on a bluish slide shows 0.02 of it, the densities
of a 3+ core recoloured with light green 0.59 to 0.66."""

BROWN_RED = 0.22
"""A chromogen lets red pass: at most this share of its density lies in red. DAB 0.17, haematoxylin 0.40."""

REDDISH_HUE_DEG, RED_BROWN_SHARE = 188.0, 0.02
"""Median hue of the chromogen, where there is enough to tell. DAB lies at 195° to 218° on real slides and
phantoms, the published AEC at 180°, red chromogens below."""

BLACK_OD, BLACK_CHROMA, BLACK_OF_DENSE, BLACK_SHARE = 0.6, 0.12, 0.7, 0.05
"""Density from which black shows; distance from grey; share of all that is so dense; share of all tissue. Of
what is dense on real H-DAB up to 0.25 is grey (DAB on haematoxylin), of nickel DAB all. A smaller share of
the tissue than this may be carbon pigment."""

CLIPPED_GREY = 12
"""A pixel that is darker than this in every channel has lost its colour to the sensor."""

DAB_SHARE = 0.002
"""Share of brown from which a slide is said to show DAB; either way it is scored."""

GREY_CHROMA, COLOURED_SHARE = 4, 0.01
"""Difference between channels, in grey values, that JPEG leaves in a grey image; share of pixels above it."""

DARK_WHITE, DARK_GREY = 80.0, 38.0
"""Least white point of a lamp that is on (175 in a dim set of real fields), and least median over the tissue
of the channel that is brightest: 0.8 OD under a bright lamp, where chromogens let red pass."""

MAX_WHITE_RATIO = 1.6
"""Brightest over darkest channel of the white point; 1.05 on real scans, and 1.3 on brown tissue without
glass."""


GIVE_HER2 = "give the HER2 immunohistochemistry (haematoxylin and DAB) slide of this case"


@dataclass(frozen=True, slots=True)
class StainType:
    """What a slide is stained with, as far as its colours tell."""

    stain: Stain
    """``h-dab`` · ``haematoxylin``: no DAB on it, a negative slide · all others must not be scored."""

    evidence: str
    """What was seen, with its numbers: the first half of a sentence."""

    remedy: str
    """What to do; empty for a slide that may be scored."""

    @property
    def is_scorable(self) -> bool:
        """Whether this is a brightfield slide with haematoxylin, and with DAB or no chromogen at all."""
        return self.stain in ("h-dab", "haematoxylin")


def stain_type(pixels: NDArray[np.uint8], white: Vector) -> StainType:
    """Tell the stains of a slide from pixels of its tissue.

    Parameters
    ----------
    pixels
        ``(n, 3)`` uint8 at a fine level, spread over the tissue.
    white
        Grey values of clear glass, as estimated.
    """
    sample = pixels[::STRIDE]
    stained = _Stained.of(sample, white)
    return (
        _no_light(sample, white)
        or _no_colour(sample)
        or _pink(sample, white, stained)
        or _coloured_light(white)
        or _green(stained)
        or _red_brown(stained)
        or _black(stained)
        or _scorable(stained)
    )


@dataclass(frozen=True, eq=False)
class _Stained:
    """The stained pixels of a sample, ``n`` of them; all arrays are empty where nothing is stained."""

    od: Doubles
    """Length of each density vector."""

    shares: Doubles
    """``(n, 3)`` of the density in red, green and blue."""

    clipped: Bools
    n_looked_at: int

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], white: Vector) -> "_Stained":
        od = optical_density(pixels, white)
        length = np.linalg.norm(od, axis=1)
        stained = length >= MIN_OD
        od = od[stained]
        clipped = pixels[stained].max(axis=1) <= CLIPPED_GREY
        return cls(length[stained], od / od.sum(axis=1, keepdims=True), clipped, len(pixels))

    @property
    def brown(self) -> Bools:
        brown: Bools = self.shares[:, 0] < BROWN_RED
        return brown


def _no_light(pixels: NDArray[np.uint8], white: Vector) -> StainType | None:
    median = float(np.median(pixels.max(axis=1)))
    if max(white) >= DARK_WHITE and median >= DARK_GREY:
        return None
    return StainType(
        "dark",
        f"the image is dark (white point {_rgb(white)}, median of the tissue {median:.0f} of 255): "
        "fluorescence, an inverted image, or no light",
        f"{GIVE_HER2}, scanned in brightfield",
    )


def _no_colour(pixels: NDArray[np.uint8]) -> StainType | None:
    coloured = _share(np.ptp(pixels, axis=1) > GREY_CHROMA)
    if coloured > COLOURED_SHARE:
        return None
    return StainType(
        "grey",
        f"{1 - coloured:.0%} of the tissue has no colour: a grey image, in which DAB and haematoxylin "
        "cannot be "
        "told apart",
        "scan or export the slide in colour",
    )


def _pink(pixels: NDArray[np.uint8], white: Vector, stained: _Stained) -> StainType | None:
    pink = _share(green_excess(stained.shares) > PINK_EXCESS)
    red, green, blue = white
    if green < PINK_WHITE * np.sqrt(red * blue) and max(white) < GLASS_GREY:
        neutral = _Stained.of(pixels, (max(white),) * 3)
        pink = max(pink, _share(green_excess(neutral.shares) > PINK_EXCESS))
    if pink <= PINK_SHARE:
        return None
    return StainType(
        "pink",
        f"{pink:.0%} of the tissue is pink or red: eosin (an H&E slide), or a red chromogen such as Fast Red",
        GIVE_HER2,
    )


def _coloured_light(white: Vector) -> StainType | None:
    if max(white) <= MAX_WHITE_RATIO * min(white):
        return None
    return StainType(
        "dark",
        f"nothing on the slide is white (the palest is {_rgb(white)}): fluorescence, an inverted image, or a "
        "field without glass",
        f"{GIVE_HER2}, scanned in brightfield with some glass beside the tissue",
    )


def _green(stained: _Stained) -> StainType | None:
    green = _share(green_excess(stained.shares) < GREEN_EXCESS)
    if green <= GREEN_SHARE:
        return None
    return StainType(
        "green",
        f"{green:.0%} of the tissue is green or turquoise: a green chromogen or counterstain",
        GIVE_HER2,
    )


def _red_brown(stained: _Stained) -> StainType | None:
    share = _share(stained.brown)
    if share <= RED_BROWN_SHARE:
        return None
    hue_deg = float(np.median(_hue_deg(stained.shares[stained.brown])))
    if hue_deg >= REDDISH_HUE_DEG:
        return None
    return StainType(
        "red-brown",
        f"the chromogen, on {share:.0%} of the tissue, is red rather than brown (hue {hue_deg:.0f}°, DAB "
        "from "
        "195°): AEC, or another red chromogen",
        GIVE_HER2,
    )


def _black(stained: _Stained) -> StainType | None:
    dense = (stained.od >= BLACK_OD) & ~stained.clipped
    n_black = np.count_nonzero(dense & (_chroma(stained.shares) < BLACK_CHROMA))
    black = n_black / max(1, stained.n_looked_at)
    if black <= BLACK_SHARE or n_black <= BLACK_OF_DENSE * np.count_nonzero(dense):
        return None
    return StainType(
        "black",
        f"{black:.0%} of the tissue is black: nickel DAB, silver, or another black chromogen",
        GIVE_HER2,
    )


def _scorable(stained: _Stained) -> StainType:
    brown = _share(stained.brown)
    if brown > DAB_SHARE:
        return StainType("h-dab", f"blue, and brown on {brown:.1%} of the tissue", "")
    return StainType("haematoxylin", "blue and hardly any brown: haematoxylin without DAB", "")


def refuse_other_stain(found: StainType) -> None:
    """Let a slide pass that may be scored.

    Raises
    ------
    NotEvaluableError
        ``NOT_IHC``.
    """
    if not found.is_scorable:
        raise NotEvaluableError("NOT_IHC", f"{found.evidence}; {found.remedy}")


def green_excess(shares: Doubles) -> Doubles:
    """Green share of each density beyond what haematoxylin and DAB give at the same share of red: ``(n,)``.

    0 on the line through both published stains: 0.28 to 0.53 for eosin, 0.21 for Fast Red, 0.06 for AEC and
    -0.44 for methyl green.

    Parameters
    ----------
    shares
        ``(n, 3)`` red, green and blue density over their sum.
    """
    haematoxylin, dab = (np.asarray(stain) / sum(stain) for stain in (RUIFROK_HAEMATOXYLIN, RUIFROK_DAB))
    slope = (haematoxylin[1] - dab[1]) / (haematoxylin[0] - dab[0])
    excess: Doubles = shares[:, 1] - dab[1] - slope * (shares[:, 0] - dab[0])
    return excess


def _opponents(shares: Doubles) -> tuple[Doubles, Doubles]:
    """Red against the rest, and green against blue: the plane of density shares, grey at its origin."""
    red, green, blue = shares.T
    return 2 * red - green - blue, np.sqrt(3.0) * (green - blue)


def _hue_deg(shares: Doubles) -> Doubles:
    red, green = _opponents(shares)
    hue: Doubles = np.degrees(np.arctan2(green, red)) % 360.0
    return hue


def _chroma(shares: Doubles) -> Doubles:
    distance: Doubles = np.hypot(*_opponents(shares))
    return distance


def _share(which: Bools) -> float:
    """Of pixels that are so; 0 of none."""
    return float(np.count_nonzero(which)) / max(1, len(which))


def _rgb(white: Vector) -> str:
    return "/".join(f"{value:.0f}" for value in white)
