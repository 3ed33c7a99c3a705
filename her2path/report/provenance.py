"""How the score was made, as rows of name and text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from her2path.image.stains import StainMatrix, mix
from her2path.report.numbers import NOT_GIVEN, count, fixed, is_given, percent, text

Rows: TypeAlias = list[tuple[str, str]]

SWATCH_OD = 0.7
"""Density at which a stain's colour is shown: a strong membrane."""


def provenance_tables(score: Mapping[str, Any], run: Mapping[str, Any]) -> list[tuple[str, Rows]]:
    """List, in titled tables, what made the score."""
    rulebook = score["rulebook"] or {}
    memory_mb = run.get("peak_memory_mb")
    program = [
        ("Software", text(score["software"])),
        ("Engine", text(score["engine"])),
        ("Device", text(score["device"])),
        ("Rulebook", f"{text(rulebook.get('id'))}, version {text(rulebook.get('version'))}"),
        ("Rule that fired", text(score["rule_fired"])),
        ("Category", text(score["category"])),
        ("Recipe digest", text(score["recipe_digest"])),
        ("Weights SHA-256", text(run.get("weights_sha256"))),
        ("Result schema", text(score["schema"])),
    ]
    slide = [
        ("Pixel size", pixel_size(score.get("mpp_yx") or score["mpp"])),
        ("Pixel size from", text(score["mpp_source"])),
        ("Objective", f"{score['objective']:g}×" if is_given(score["objective"]) else NOT_GIVEN),
        ("Slide SHA-256", text(run.get("input_sha256"))),
        ("Time", fixed(score["seconds"], 1, "s")),
        ("Peak memory", f"{count(memory_mb)}\u202fMB" if is_given(memory_mb) else NOT_GIVEN),
    ]
    versions = [(name, text(version)) for name, version in (run.get("versions") or {}).items()]
    return [
        ("Program and rules", program),
        ("Slide", slide),
        ("Assay and controls", _assay(run.get("recipe") or {})),
        ("Versions", versions or [("Versions", NOT_GIVEN)]),
    ]


def _assay(recipe: Mapping[str, Any]) -> Rows:
    """Tell what was stated of the stain, and what controls say of blank and of density."""
    calibration = (recipe.get("grading") or {}).get("calibration")
    statistics = recipe.get("statistics") or {}
    rows = [
        ("Clone", text(recipe.get("clone"))),
        ("Limit of blank", percent(statistics.get("presence_limit_of_blank"))),
        ("Limit of detection", percent(statistics.get("presence_limit_of_detection"))),
    ]
    if calibration is None:
        return [*rows, ("Calibration", NOT_GIVEN)]
    return [
        *rows,
        ("Calibration", f"{calibration['assay']}, clone {calibration['clone']}, {calibration['scanner']}"),
        ("Calibrated on", text(calibration["date"])),
        ("Controls", f"{calibration['n_controls']} ({text(calibration['levels'])})"),
        ("Density as measured", text(calibration["measured_od"])),
        ("Density of the reference", text(calibration["expected_od"])),
    ]


@dataclass(frozen=True, slots=True)
class Swatch:
    """A colour beside its numbers; no colour where there are none."""

    colour: str | None
    text: str


def stain_swatches(stains: Mapping[str, Any] | None) -> list[tuple[str, Swatch]]:
    """Show the stain vectors and the white point as the scanner would see them."""
    held = stains or {}
    vectors = [held.get(name) for name in ("haematoxylin", "dab", "white")]
    colours: list[str | None] = [None, None, None]
    if all(vector is not None for vector in vectors):
        haematoxylin, dab, white = (tuple(vector) for vector in vectors if vector is not None)
        matrix = StainMatrix(haematoxylin, dab, white, "recipe")
        densities = np.zeros((3, 1, 3))
        densities[0, 0, 0] = densities[1, 0, 1] = SWATCH_OD
        colours = [f"rgb({r} {g} {b})" for r, g, b in mix(densities, matrix)[0].tolist()]
    labels = ("Haematoxylin", "DAB", "White point")
    rows = [
        (label, Swatch(colour, _vector(vector, decimals)))
        for label, colour, vector, decimals in zip(labels, colours, vectors, (3, 3, 0), strict=True)
    ]
    return [*rows, ("Source", Swatch(None, text(held.get("source"))))]


def pixel_size(mpp: float | Sequence[float] | None) -> str:
    """Write the pixel size: one number, or height and width where they differ."""
    if mpp is None or isinstance(mpp, float | int):
        return fixed(mpp, 4, "µm")
    y_um, x_um = mpp
    if y_um == x_um:
        return fixed(y_um, 4, "µm")
    return f"{fixed(y_um, 4)} high, {fixed(x_um, 4, 'µm')} wide"


def stage_rows(run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """List stage, seconds, and pixels where they were counted."""
    seconds, pixels = run.get("seconds") or {}, run.get("pixels") or {}
    rows = [
        (
            str(stage),
            fixed(seconds.get(stage), 1, "s"),
            fixed(pixels[stage] / 1e6, 1, "megapixels") if is_given(pixels.get(stage)) else "",
        )
        for stage in dict.fromkeys((*seconds, *pixels))
    ]
    return rows or [("Stages", NOT_GIVEN, "")]


def _vector(vector: Sequence[float] | None, decimals: int) -> str:
    return NOT_GIVEN if vector is None else "  ".join(fixed(value, decimals) for value in vector)
