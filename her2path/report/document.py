"""The page a pathologist opens: one self-contained HTML file, made from the values of one slide alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from statistics import mean
from typing import Any

from her2path import DISCLAIMER
from her2path.pipeline.result import ScoredSlide
from her2path.report import numbers, words
from her2path.report.areas import areas_section, hatches
from her2path.report.array import array_section
from her2path.report.controls import controls_section
from her2path.report.evenness import evenness_section
from her2path.report.evidence import critical, fired, rules_seen
from her2path.report.figures import class_groups, density_histogram, score_segments, stack
from her2path.report.page import page_environment
from her2path.report.parts import parts_section
from her2path.report.pictures import CellPicture, cell_pictures
from her2path.report.provenance import provenance_tables, stage_rows, stain_swatches
from her2path.report.robustness import (
    continuous_rows,
    design_sentence,
    margin_sentences,
    sweep_picture,
    tag_shares,
)
from her2path.report.slide_map import H_SCORE_STEPS, draw_map
from her2path.report.witnesses import witness_sentence
from her2path.scoring.settings import Grading

_ENVIRONMENT = page_environment(
    "templates",
    {
        "area": numbers.area,
        "count": numbers.count,
        "fixed": numbers.fixed,
        "interval": numbers.interval,
        "p_value": numbers.p_value,
        "percent": numbers.percent,
        "plain": words.plain,
        "reason_words": words.reason_words,
        "text": numbers.text,
        "whole_percent": numbers.whole_percent,
    },
)


def render_report(scored: ScoredSlide) -> str:
    """Draw the report of one slide, whatever its fate.

    Parameters
    ----------
    scored
        Everything known about the slide; a slide without a score gets a page that says why.

    Returns
    -------
    str
        A whole HTML document. It loads nothing, works without JavaScript, and prints on A4. Directories of
        the slide's path are not shown.
    """
    score, recipe = scored.score, scored.run.get("recipe") or {}
    rulebook = recipe.get("rulebook") or {}
    flags = score["flags"] or ()
    grading = Grading.model_validate(recipe.get("grading") or {})
    rules = rules_seen(score, rulebook)
    overview = scored.overview
    mpp_yx_um = scored.mpp_yx_um
    pictures = cell_pictures(scored.examples, scored.cells, mpp_yx_um) if mpp_yx_um else []
    excluded = (score["area_mm2"] or {}).get("excluded") or {}
    drawn = overview.excluded if overview else {}
    areas = areas_section(score["area_mm2"], drawn, recipe.get("leave_in") or ())
    return _ENVIRONMENT.get_template("report.html.j2").render(
        scored=scored,
        score=score,
        disclaimer=DISCLAIMER,
        file_name=file_name(score["path"]),
        specimen=score.get("specimen") or recipe.get("specimen"),
        status_words=words.STATUS_WORDS[score["status"]],
        category_words=words.CATEGORY_WORDS.get(score["category"] or "", ""),
        tag_words=(score.get("display") or {}).get("tag") or words.TAG_WORDS.get(score["tag"] or ""),
        grade=words.SCORES.index(score["score"]) if score["score"] is not None else None,
        score_names=words.SCORES,
        rules=rules,
        decided=fired(rules),
        critical=critical(rules),
        rule_citation=_rule_citation(rulebook, score["rule_fired"]),
        score_segments=score_segments(score["score_ci"]),
        reason_code=next((f["code"] for f in flags if f["detail"] == score["reason"]), ""),
        flags=_flag_rows([f for f in flags if score["score"] is not None or f["detail"] != score["reason"]]),
        map=draw_map(overview, scored.heterogeneity, mpp_yx_um, grading.grades)
        if overview and mpp_yx_um
        else None,
        hatches=hatches(excluded, drawn, ("unreadable",)),
        h_steps=H_SCORE_STEPS,
        areas=areas,
        area_segments=stack([(part.label, part.mm2, part.style) for part in areas.parts]) if areas else [],
        array=array_section(
            score, grading.grades, overview.downsample * mean(mpp_yx_um) if overview and mpp_yx_um else None
        ),
        controls=controls_section(score, grading.grades),
        evenness=evenness_section(score, grading),
        parts=parts_section(score, grading.grades, overview.downsample if overview else None),
        class_groups=class_groups(score, scored.cells, grading.grades),
        example_rows=_example_rows(pictures),
        histogram=density_histogram(scored.cells, grading),
        reading=words.heterogeneity_reading(score["heterogeneity"]),
        shown=(score.get("display") or {}).get("category") or score["score"],
        margins=margin_sentences(score),
        witnesses=witness_sentence(scored.cells, grading),
        design=design_sentence(score),
        tag_shares=tag_shares(score),
        sweep=sweep_picture(score),
        continuous=continuous_rows(score),
        provenance=provenance_tables(score, scored.run),
        stain_swatches=stain_swatches(score["stains"]),
        stages=stage_rows(scored.run),
        rulebook_disclaimers=rulebook.get("disclaimers") or (),
    )


def file_name(path: str | None) -> str:
    """Keep the last part of a path, of either kind of system: directories may name a patient or a machine."""
    return PureWindowsPath(PurePosixPath(path).name).name if path else numbers.NOT_GIVEN


def _rule_citation(rulebook: Mapping[str, Any], name: str | None) -> str:
    """Where the rule that fired is written down; empty where the recipe does not hold the rulebook."""
    rules = (*(rulebook.get("rules") or ()), rulebook.get("fall_through") or {})
    return next((rule["citation"] for rule in rules if name and rule.get("name") == name), "")


@dataclass(frozen=True, slots=True)
class _FlagRow:
    code: str
    severity: str
    severity_words: str
    detail: str


def _flag_rows(flags: Sequence[Mapping[str, Any]]) -> list[_FlagRow]:
    ordered = sorted(flags, key=lambda flag: words.SEVERITIES.index(flag["severity"]))
    return [
        _FlagRow(f["code"], f["severity"], words.SEVERITY_WORDS[f["severity"]], f["detail"]) for f in ordered
    ]


@dataclass(frozen=True, slots=True)
class _ExampleRow:
    """The example cells of one grade, by pattern."""

    grade: int | None
    """None where the cells could not be graded."""

    score: str
    patterns: dict[str, list[CellPicture]]
    """Words of the pattern -> its cells."""


def _example_rows(pictures: Sequence[CellPicture]) -> list[_ExampleRow]:
    by_grade: dict[int, dict[str, list[CellPicture]]] = defaultdict(lambda: defaultdict(list))
    for picture in pictures:
        name = words.PATTERN_WORDS[picture.pattern] if picture.pattern else "Not graded"
        by_grade[picture.grade][name].append(picture)
    return [
        _ExampleRow(
            grade=grade if grade >= 0 else None,
            score=words.SCORES[grade] if grade >= 0 else "?",
            patterns=dict(by_grade[grade]),
        )
        for grade in sorted(by_grade)
    ]
