"""The words of the page: what a pathologist calls what score.json holds as codes."""

from collections.abc import Mapping
from typing import Any

from her2path.cells.vocabulary import PATTERNS
from her2path.report.numbers import NOT_GIVEN, fixed, is_given, p_value, percent

SCORES = ("0", "1+", "2+", "3+")
"""In the order of the grades 0 to 3."""

PATTERN_WORDS = dict(
    zip(
        PATTERNS,
        (
            "No staining",
            "Faint, incomplete",
            "Faint, complete",
            "Weak, incomplete",
            "Weak, complete",
            "Moderate, incomplete",
            "Moderate, complete",
            "Strong, incomplete",
            "Strong, complete",
        ),
        strict=True,
    )
)

CATEGORY_WORDS = {
    "IHC0_NULL": "no membrane staining",
    "IHC0_STAINED": "membrane staining, too little for 1+",
    "IHC1": "faint or partial membrane staining",
    "IHC2": "weak to moderate membrane staining",
    "IHC3": "strong membrane staining",
}
"""Not the guideline's definition, which differs between rulebooks: a reading aid beside the score."""

TAG_WORDS = {
    "her2-null": "HER2-null",
    "her2-ultralow": "HER2-ultralow",
    "her2-low": "HER2-low",
    "her2-positive": "HER2-positive",
}

STATUS_WORDS = {
    "scored": "Scored",
    "partial": "Scored in part",
    "not_evaluable": "Not evaluable",
    "failed": "Not read",
}

SEVERITIES = ("refusal", "warning", "info")
"""Most severe first."""

SEVERITY_WORDS = {"refusal": "No score", "warning": "Look first", "info": "Note"}

REASON_WORDS = {
    "in_situ": "Carcinoma in situ",
    "control": "Control tissue",
    "normal": "Normal epithelium",
    "region": "Left out by hand",
    "pen": "Pen marks",
    "bubble": "Air bubbles",
    "coverslip": "Edge of the cover glass",
    "fold": "Folds",
    "crush": "Crushed tissue",
    "not_ihc": "Not a HER2 stain",
}
"""Why tissue was left out, where the code alone does not say it."""

HETEROGENEITY_WORDS = {
    "homogeneous": "The tumour stains evenly.",
    "clustered": "Stained tumour lies together in areas, apart from unstained tumour.",
    "mosaic": "Stained and unstained cells lie side by side throughout the tumour.",
    "scattered": "Single stained cells lie scattered among unstained ones.",
}


def plain(code: str | None) -> str:
    """Write a code as words: ``out_of_focus`` becomes ``Out of focus``."""
    if not code:
        return NOT_GIVEN
    spaced = code.replace("_", " ").replace("-", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def reason_words(reason: str) -> str:
    """Say why tissue was left out."""
    return REASON_WORDS.get(reason) or plain(reason)


def heterogeneity_reading(indices: Mapping[str, Any] | None) -> str:
    """Say the indices in two or three short sentences; empty where there is nothing to say."""
    if indices is None:
        return ""
    sentences = [HETEROGENEITY_WORDS.get(indices["pattern"] or "", "")]
    if is_given(indices["moran_i"]) and is_given(indices["moran_p"]):
        alike = indices["moran_p"] < 0.05 and indices["moran_i"] > 0
        numbers = f"(Moran’s I {fixed(indices['moran_i'])}, {p_value(indices['moran_p'])})"
        sentences.append(
            f"Neighbouring areas stain alike {numbers}."
            if alike
            else f"Neighbouring areas are no more alike than chance makes them {numbers}."
        )
    if is_given(indices["hotspot_fraction"]):
        share = indices["hotspot_fraction"]
        sentences.append(
            "There is no hot spot." if share == 0 else f"Hot spots hold {percent(share)} of the mapped areas."
        )
    return " ".join(sentence for sentence in sentences if sentence)
