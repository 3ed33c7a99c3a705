"""The card of a network: what it learnt from, how well it does, where it fails, what it is for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from her2path import DISCLAIMER
from her2path.nets.weights import ModelFacts
from her2path.training.config import TrainingConfig
from her2path.training.curves import CHECK, Row

ENGINE = "cnn"
"""The network's name in what the evaluation writes."""

EVALUATED = {
    "drawn": "cells drawn",
    "f1": "detection F1",
    "recall": "recall",
    "precision": "precision",
    "lymphocytes_counted": "lymphocytes counted",
    "od_bias": "OD bias",
    "od_mae": "OD MAE",
    "completeness_mae": "completeness MAE",
    "grade_kappa": "grade κ",
}
"""Columns of the tables, by their names in the evaluation."""

READINGS = {
    "od_bias": "membrane OD, bias",
    "od_mae": "membrane OD, MAE",
    "completeness_bias": "completeness, bias",
    "completeness_mae": "completeness, MAE",
}


def render_card(
    facts: ModelFacts, config: TrainingConfig, rows: Sequence[Row], evaluation: Mapping[str, Any] | None
) -> str:
    """Write the card as Markdown.

    Parameters
    ----------
    facts
        Of the weights.
    config
        That they were trained with.
    rows
        History of the training.
    evaluation
        What ``benchmarks/accuracy/evaluate.py`` wrote of these weights; without it the card says that there
        is none.
    """
    sections = (
        _head(facts),
        ("## What it is for", _purpose()),
        ("## What it learnt from", _data(facts, config)),
        ("## How well it does", _evaluated(evaluation)),
        ("## Calibration", _calibration(evaluation)),
        ("## While it learnt", _checked(rows)),
        ("## Where it fails", _failures(config)),
        ("## How to make it again", _again(facts)),
    )
    return "\n\n".join("\n\n".join(part.rstrip() for part in section) for section in sections) + "\n"


def _head(facts: ModelFacts) -> tuple[str, str]:
    return f"# {facts.name} {facts.version}", _table(
        ("", ""),
        [
            ("input", f"RGB over white at {facts.input.mpp_um:g} µm/px"),
            ("output grid", f"{facts.input.mpp_um * facts.input.stride:g} µm"),
            ("widths, cell head", f"{', '.join(map(str, facts.network.widths))}; {facts.network.hidden}"),
            ("kinds of cell", ", ".join(facts.network.kinds)),
            ("parameters", f"{facts.parameters:,}"),
            ("SHA-256 of the weights", f"`{facts.sha256}`"),
        ],
    )


def _purpose() -> str:
    return (
        "Finds nuclei and stained membranes on HER2 immunohistochemistry (haematoxylin and DAB), tells "
        "invasive tumour cells from others, and estimates each cell's membrane staining and completeness.\n\n"
        f"{DISCLAIMER} It must not be used on other stains, other antibodies or H&E."
    )


def _data(facts: ModelFacts, config: TrainingConfig) -> str:
    drawn = "Fields drawn by her2path itself: random tissue, random scanners, under its own licence."
    if not facts.trained_with.real_data:
        return f"{drawn}\n\nNo real image was learnt from."
    used = [one for one in config.real.sets if one.doi in facts.trained_with.real_data]
    rows = [(one.title, f"[{one.doi}](https://doi.org/{one.doi})", one.licence, one.change) for one in used]
    return (
        f"{drawn} In {config.real.share:.0%} of the fields the nuclei are real, from these sets:\n\n"
        f"{_table(('set', 'DOI', 'licence', 'change'), rows)}"
    )


def _evaluated(evaluation: Mapping[str, Any] | None) -> str:
    if evaluation is None:
        return "Not evaluated yet."
    found = evaluation["engines"][ENGINE]
    head = ("slides", *EVALUATED.values())
    parts = [
        f"On drawn slides that it did not learn from (set `{evaluation['set']}`). This says something about "
        "drawings, nothing about patients.",
        _table(("", *head), [("all", *_evaluated_row(found["all"]))]),
    ]
    for title, key in (("scanner", "by_scanner"), ("µm/px", "by_mpp")):
        rows = [(name, *_evaluated_row(group)) for name, group in found[key].items()]
        parts.append(_table((title, *head), rows))
    whole = found["all"]
    parts.append(
        f"Slide scores: {whole['scores_right']} of {whole['slides']} right; wrong and not near a cut-off: "
        f"{whole['scores_wrong_away_from_a_cut_off']}."
    )
    return "\n\n".join(parts)


def _evaluated_row(group: Mapping[str, Any]) -> Iterator[str]:
    yield str(group["slides"])
    yield from (_number(group.get(name)) for name in EVALUATED)


def _calibration(evaluation: Mapping[str, Any] | None) -> str:
    if evaluation is None:
        return "Not measured yet."
    whole = evaluation["engines"][ENGINE]["all"]
    rows = [
        (label, _number(whole.get(f"network_{name}")), _number(whole.get(name)))
        for name, label in READINGS.items()
    ]
    return (
        "What the network says, and what grades by default, its mean with the pixels, against the truth:\n\n"
        + (_table(("", "network", "what grades"), rows))
    )


def _checked(rows: Sequence[Row]) -> str:
    seen = [row for row in rows if CHECK + "loss" in row]
    if not seen:
        return "Never looked at."
    last = seen[-1]
    lines = [
        (name.removeprefix(CHECK).replace("_", " "), _number(value))
        for name, value in last.items()
        if name.startswith(CHECK)
    ]
    return (
        "On fields drawn from another seed (real nuclei among them are those it learnt from), after "
        f"{last['step']:,} steps; the way there is in `curves.png` and `history.csv`:\n\n"
        f"{_table(('', ''), lines)}"
    )


def _failures(config: TrainingConfig) -> str:
    known = config.card.failures or ("Not looked for yet.",)
    return "\n".join(f"- {line}" for line in known)


def _again(facts: ModelFacts) -> str:
    data = " --data FOLDER" if facts.trained_with.real_data else ""
    start = facts.trained_with.start_sha256
    return (
        f"    her2path train CONFIG.toml --out DIR{' --start FIRST' if start else ''}{data}\n\n"
        f"{f'from the weights with the SHA-256 `{start}`, ' if start else ''}"
        f"with the configuration whose digest is `{facts.trained_with.config_digest}`"
        f"{' (with these sets)' if data else ''}, {facts.trained_with.steps:,} steps, by "
        f"{facts.trained_with.software}. On one CPU with the same number of threads the weights are the same "
        "bit for bit; elsewhere they differ by rounding, which grows."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _number(value: float | None) -> str:
    """Three digits after the point, whole numbers with their thousands; missing is not zero."""
    if value is None or value != value:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
