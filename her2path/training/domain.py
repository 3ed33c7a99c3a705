"""What a field to learn from may look like: a random tissue and a random scanner, each time anew."""

from typing import Any

import numpy as np
from numpy.random import Generator

from her2path.arrays import Doubles
from her2path.cells.vocabulary import PATTERNS
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, Vector
from her2path.phantom.scanner import SCANNERS, Scanner
from her2path.phantom.spec import SlideSpec

TRAINING_MPP_UM = (0.23, 0.242, 0.25, 0.2525, 0.263, 0.30, 0.50)
"""Pixel sizes learnt from, those of common scanners; 0.2208, 0.27 and 0.46 µm are kept for evaluation."""

_MPP_SHARE = (0.20, 0.15, 0.25, 0.15, 0.10, 0.10, 0.05)
"""How often each: a slide of 0.5 µm/px shows too little to teach much."""

HELD_OUT = ("warm", "harsh")
"""Scanners kept for evaluation."""

HELD_OUT_DEGREES = 4.0
"""No scanner is learnt from whose stains both lie this near to those of one that is held out."""

UNSTAINED_SHARE = 0.35
"""Of the fields, without any membrane staining: the pale negative tumour is the denominator."""

_HAEMATOXYLIN = (RUIFROK_HAEMATOXYLIN, *(SCANNERS[n].stains.haematoxylin for n in ("bluish", "grey")))
_DAB = (RUIFROK_DAB, *(SCANNERS[n].stains.dab for n in ("bluish", "grey")))
"""Published and measured vectors that random ones are turned away from."""

STAIN_SPREAD_DEGREES = 3.0
"""Standard deviation of that turn along each of two directions. Between laboratories the vectors of one
stain differ by this much: those of ``SCANNERS`` lie 2 to 10 degrees apart."""

_LEAST_DEGREES_APART = 15.0
"""Haematoxylin and DAB nearer than this cannot be told apart on any slide."""


def random_domain(rng: Generator, side_px: int) -> tuple[SlideSpec, Scanner]:
    """Draw the description of one field and the scanner it is looked at through.

    Parameters
    ----------
    rng
        Source of randomness.
    side_px
        Edge of the field, at least 256.

    Returns
    -------
    SlideSpec, Scanner
        ``scanner`` of the spec means nothing; the second value takes its place.
    """
    spec = {
        "name": "field",
        "size_px": (side_px, side_px),
        "mpp": float(rng.choice(TRAINING_MPP_UM, p=_MPP_SHARE)),
        "seed": int(rng.integers(2**31)),
        "patterns": _patterns(rng),
        "mixing": "clustered" if rng.random() < 0.25 else "mixed",
        "tissue": _tissue(rng),
        "tumour": _tumour(rng),
        "stroma": _stroma(rng),
        "confounders": _confounders(rng),
    }
    return SlideSpec.model_validate(spec), _scanner(rng)


def _patterns(rng: Generator) -> dict[str, float]:
    """One to five patterns, each as likely as the others, in any shares."""
    if rng.random() < UNSTAINED_SHARE:
        return {"N": 1.0}
    names = rng.choice(PATTERNS, size=int(rng.integers(1, 6)), replace=False)
    shares = rng.dirichlet(np.ones(len(names)))
    return {str(name): float(share) for name, share in zip(names, shares, strict=True)}


def _tissue(rng: Generator) -> dict[str, Any]:
    edge = rng.random() < 0.15
    return {
        "shape": "blob" if edge else "full",
        "share": rng.uniform(0.5, 0.9),
        "gaps": rng.beta(1.2, 2.5),
    }


def _tumour(rng: Generator) -> dict[str, Any]:
    cell_um = rng.uniform(9, 17)
    nucleus_od = 0.07 * (0.45 / 0.07) ** rng.beta(1.1, 1.8)
    least_clear = rng.uniform(0.1, 0.9)
    return {
        "architecture": str(rng.choice(["nests", "glands", "sheets", "files"], p=[0.35, 0.2, 0.25, 0.2])),
        "share": rng.uniform(0.3, 0.9),
        "cell_um": cell_um,
        # A nucleus fills a third to nine tenths of its cell's width.
        "nucleus_um": np.clip(cell_um * rng.uniform(0.45, 0.85), 5.5, 11),
        "nucleus_od": nucleus_od,
        # Pale nuclei lie in paler cytoplasm, or nobody would find them.
        "cytoplasm_od": min(0.12 * rng.beta(1, 1.6), 0.6 * nucleus_od),
        "hyperchromatic": rng.beta(0.8, 3.5),
        "vesicular": (least_clear, least_clear + rng.uniform(0, 0.9)),
        "granular": _sometimes(rng, 0.7, 0.1, 1.2),
        "irregular": rng.uniform(0, 2),
        "signet": _sometimes(rng, 0.12, 0.1, 0.6),
        "overlap": _sometimes(rng, 0.5, 0.05, 0.4),
        "necrosis": _sometimes(rng, 0.06, 0.1, 0.4),
    }


def _stroma(rng: Generator) -> dict[str, Any]:
    return {
        "spacing_um": 9 * (40 / 9) ** rng.random(),
        "fibre_od": rng.uniform(0.01, 0.10),
        "lymphocytes": 0.6 * rng.beta(0.7, 1.5),
        "vessels": rng.uniform(0, 0.15),
        "lacy": rng.beta(1.2, 0.7),
        "pale_cells": rng.random(),
        "retraction": _sometimes(rng, 0.5, 0.1, 0.8),
        "fat": _sometimes(rng, 0.08, 0.2, 0.8),
    }


def _confounders(rng: Generator) -> dict[str, Any]:
    return {
        "blush_od": _sometimes(rng, 0.4, 0.02, 0.15),
        "golgi": _sometimes(rng, 0.08, 0.05, 0.5),
        "brown_nuclei": _sometimes(rng, 0.05, 0.05, 0.6),
        "secretion_od": _sometimes(rng, 0.06, 0.1, 0.5),
        "edge_od": _sometimes(rng, 0.3, 0.05, 0.25),
        "folds": _sometimes(rng, 0.04, 0.05, 0.2),
        "background_od": rng.uniform(0, 0.04),
        "eosinophilic_od": _sometimes(rng, 0.5, 0.01, 0.07),
        "pigment": _sometimes(rng, 0.08, 5, 80),
        "pen": bool(rng.random() < 0.02),
        "blurred": _sometimes(rng, 0.06, 0.1, 0.5),
    }


def _sometimes(rng: Generator, share: float, low: float, high: float) -> float:
    """Give 0, or now and then something between two values."""
    value = float(rng.uniform(low, high))
    return value if rng.random() < share else 0.0


def _scanner(rng: Generator) -> Scanner:
    stains = _stains(rng)
    while any(_near(stains, SCANNERS[name].stains) for name in HELD_OUT):
        stains = _stains(rng)
    return Scanner(
        stains=stains,
        blur_um=rng.uniform(0.18, 0.45),
        sharpening=rng.uniform(0, 1.8),
        noise=rng.uniform(0.5, 3.0),
        quality=int(rng.integers(60, 96)),
        subsampling=(2, 2) if rng.random() < 0.7 else (1, 1),
        gamma=float(np.exp(rng.normal(0, 0.06))),
    )


def _stains(rng: Generator) -> StainMatrix:
    haematoxylin, dab = (_turned(known[rng.integers(len(known))], rng) for known in (_HAEMATOXYLIN, _DAB))
    while degrees_between(haematoxylin, dab) < _LEAST_DEGREES_APART:
        haematoxylin = _turned(_HAEMATOXYLIN[rng.integers(len(_HAEMATOXYLIN))], rng)
    brightness = rng.uniform(215, 250) if rng.random() < 0.7 else rng.uniform(160, 215)
    white = np.clip(brightness + rng.normal(0, 3.5, 3), 155, 254)
    return StainMatrix(haematoxylin, dab, _vector(white), source="published")


def _turned(vector: Vector, rng: Generator) -> Vector:
    """Turn a unit vector by a random angle, staying among positive densities."""
    start = np.asarray(vector, float) / np.linalg.norm(vector)
    push = np.deg2rad(STAIN_SPREAD_DEGREES) * rng.standard_normal(3)
    turned = np.clip(start + push - start * (push @ start), 0.05, None)
    return _vector(turned / np.linalg.norm(turned))


def _vector(values: Doubles) -> Vector:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _near(stains: StainMatrix, other: StainMatrix) -> bool:
    return (
        degrees_between(stains.haematoxylin, other.haematoxylin) < HELD_OUT_DEGREES
        and degrees_between(stains.dab, other.dab) < HELD_OUT_DEGREES
    )


def degrees_between(a: Vector, b: Vector) -> float:
    """Angle between two stain vectors."""
    cosine = np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.rad2deg(np.arccos(np.clip(cosine, -1, 1))))


DENSE_OD, DENSE_HAZE = (0.8, 1.9), (1.0, 4.0)
"""Crests and haze of dense tumour. The densest of the real 3+ fields have crests of 1.0 to 1.8, and cytoplasm
as dark as a weak membrane."""


def densely_stained(spec: SlideSpec, rng: Generator) -> SlideSpec:
    """Give the same tissue with mostly strong, dark staining.

    Parameters
    ----------
    spec
        Any field.
    rng
        Source of randomness.
    """
    strong = float(rng.uniform(0.3, 1.0))
    complete = float(rng.uniform(0.5, 1.0))
    patterns = {"SC": strong * complete, "SI": strong * (1 - complete)}
    for name, share in spec.patterns.items():
        patterns[name] = patterns.get(name, 0.0) + (1 - strong) * share
    return spec.model_copy(
        update={
            "patterns": patterns,
            "tumour": spec.tumour.model_copy(update={"strong_od": float(rng.uniform(*DENSE_OD))}),
            "confounders": spec.confounders.model_copy(update={"haze": float(rng.uniform(*DENSE_HAZE))}),
        }
    )
