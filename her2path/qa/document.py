"""A study as plain values: ``qa.json``, and the rows of its tables."""

from collections.abc import Iterator, Mapping
from typing import Any

from her2path.qa.comparison import Comparison
from her2path.qa.confusion import Cut
from her2path.qa.many_raters import ManyAgreement
from her2path.qa.pairs import ScaleAgreement
from her2path.qa.plain import plain
from her2path.qa.readings import SCALES, Readings
from her2path.qa.study import PairAgreement, Study
from her2path.qa.values import Statistic, Undefined, as_json, interval_json, value_json

SCHEMA = "her2path.qa/1"

EVIDENCE = ("rule", "deciding_fraction", "cut_fraction", "borderline", "explanation", "folder")
"""What a table tells of a slide on which raters differ; `discordance.Evidence` says what each is."""


def study_document(study: Study, comparison: Comparison) -> dict[str, Any]:
    """Give everything that was found, as values for JSON.

    A statistic stands twice: under its own name (and ``…_ci``), as the schema fixes, and under ``statistics``
    with interval, n and method. One that is not defined is ``{"value": null, "reason": …}``.
    """
    readings = study.readings
    return {
        "schema": SCHEMA,
        "reference": study.reference,
        "n_slides": len(readings.slide_ids),
        "n_cases": len(set(readings.units.tolist())),
        "raters": [
            {
                "name": rater.name,
                "n": int((rater.scores >= 0).sum()),
                "tells_null_from_ultralow": rater.splits_zero,
            }
            for rater in readings.raters
        ],
        "pairs": [_pair(pair) for pair in study.pairs],
        "all_raters": {name: _together(found) for name, found in study.together.items()},
        "comparison": plain(comparison),
        "groups": list(readings.groups),
        "measures": list(readings.measures),
        "unread": unread_rows(readings),
        "columns_left_out": dict(readings.left_out),
        "only_in": {name: list(slides) for name, slides in readings.only_in.items()},
    }


def agreement_rows(study: Study) -> list[dict[str, Any]]:
    """Give every statistic of the study, one a row."""
    rows = []
    for a, b, scale, cut, name, statistic in _every_statistic(study):
        who = {"a": a, "b": b, "scale": scale, "cut": cut, "statistic": name}
        rows.append(who | {"note": statistic.note if not isinstance(statistic, Undefined) else None})
        rows[-1] |= as_json(statistic)
    return rows


def confusion_rows(study: Study) -> list[dict[str, Any]]:
    """Give every cell of every confusion table, one a row."""
    return [
        {
            "a": pair.a,
            "b": pair.b,
            "scale": name,
            "class_a": of_a,
            "class_b": of_b,
            "n": int(found.table[place_a, place_b]),
        }
        for pair in study.pairs
        for name, found in pair.scales.items()
        if not isinstance(found, Undefined)
        for place_a, of_a in enumerate(found.scale.classes)
        for place_b, of_b in enumerate(found.scale.classes)
    ]


def discordant_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Give every slide on which two raters differ, one a row and pair, with what is known of it."""
    rows = []
    for shift in comparison.shifts:
        for kind in shift.discordant:
            apart = {"a": shift.a, "b": shift.b, "class_a": kind.a, "class_b": kind.b, "steps": kind.steps}
            for slide in kind.slides:
                known = plain(slide.evidence) or {}
                rows.append(
                    apart | {"slide_id": slide.slide_id} | {name: known.get(name) for name in EVIDENCE}
                )
    return rows


def reading_rows(readings: Readings) -> list[dict[str, Any]]:
    """Give what was read of every slide, one a row: the category where it was told, else the score."""
    scores, categories = (dict(enumerate(scale.classes)) for scale in SCALES[:2])
    return [
        {"slide_id": slide}
        | {
            rater.name: categories.get(int(rater.categories[place]), scores.get(int(rater.scores[place])))
            for rater in readings.raters
        }
        for place, slide in enumerate(readings.slide_ids)
    ]


def unread_rows(readings: Readings) -> list[dict[str, Any]]:
    """Give every text that could not be read, one a row."""
    return [
        {"row": one.row, "column": one.column, "slide_id": one.slide_id, "text": one.text, "why": one.why}
        for one in readings.unread
    ]


def _pair(pair: PairAgreement) -> dict[str, Any]:
    by_scale = {
        name: as_json(found) if isinstance(found, Undefined) else _scale(found)
        for name, found in pair.scales.items()
    }
    return {"a": pair.a, "b": pair.b} | by_scale.pop("score") | by_scale


def _scale(found: ScaleAgreement) -> dict[str, Any]:
    return {
        "n": found.n,
        "n_left_out": found.n_left_out,
        "classes": list(found.scale.classes),
        **_short(found.statistics),
        "confusion": found.table.tolist(),
        "cuts": {name: _cut(cut) for name, cut in found.cuts.items()},
        "statistics": _full(found.statistics),
    }


def _cut(cut: Cut) -> dict[str, Any]:
    return _short(cut.statistics) | {"confusion": cut.table.tolist(), "statistics": _full(cut.statistics)}


def _together(found: ManyAgreement | Undefined) -> dict[str, Any]:
    if isinstance(found, Undefined):
        return as_json(found)
    return {"raters": list(found.raters), **_short(found.statistics), "statistics": _full(found.statistics)}


def _short(statistics: Mapping[str, Statistic]) -> dict[str, Any]:
    short: dict[str, Any] = {}
    for name, statistic in statistics.items():
        short |= {name: value_json(statistic), f"{name}_ci": interval_json(statistic)}
    return short


def _full(statistics: Mapping[str, Statistic]) -> dict[str, Any]:
    return {name: as_json(statistic) for name, statistic in statistics.items()}


def _every_statistic(study: Study) -> Iterator[tuple[str, str, str, str | None, str, Statistic]]:
    for pair in study.pairs:
        for scale, found in pair.scales.items():
            if isinstance(found, Undefined):
                yield pair.a, pair.b, scale, None, "every", found
                continue
            for name, statistic in found.statistics.items():
                yield pair.a, pair.b, scale, None, name, statistic
            for cut_name, cut in found.cuts.items():
                for name, statistic in cut.statistics.items():
                    yield pair.a, pair.b, scale, cut_name, name, statistic
    for scale, together in study.together.items():
        everybody = together.statistics if not isinstance(together, Undefined) else {"every": together}
        for name, statistic in everybody.items():
            yield "all raters", "all raters", scale, None, name, statistic
