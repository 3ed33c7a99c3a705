"""``her2path calibrate-blank`` and ``her2path calibrate``: recipe fragments from measured controls."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from her2path.cli.mistakes import Mistakes
from her2path.errors import OutputError, UsageError
from her2path.pipeline.controls import read_controls, stained_share
from her2path.pipeline.rescore import find_tables
from her2path.scoring.blank import limit_of_blank
from her2path.scoring.calibration import fit_calibration
from her2path.scoring.settings import Calibration, Grading
from her2path.store.recipes import load_recipe


def run_calibrate_blank(
    negative: Sequence[Path], out: Path, *, low: Sequence[Path], recipe: Path | None, clone: str | None
) -> str:
    """Measure the limit of blank, write it as a recipe fragment, and say in one line what was found.

    Parameters
    ----------
    negative, low
        Results folders or cells.parquet of negative controls, and of controls of low expression.
    out
        The TOML file to write.
    recipe
        Its grading says what is stained; without one the stored patterns do.
    clone
        Antibody clone of the controls, written into the fragment.
    """
    grading = None if recipe is None else load_recipe(recipe).grading
    mistakes = Mistakes()
    shares: dict[str, list[float]] = {"negative": [], "low": []}
    for kind, paths in (("negative", negative), ("low", low)):
        for path in paths:
            with mistakes.noted():
                shares[kind] += [stained_share(table, grading) for table in find_tables(path.absolute())]
    mistakes.raise_all()
    found = limit_of_blank(shares["negative"], shares["low"])
    lines = [
        f"# Limit of blank from {found.n_negative} negative controls: share of stained cells "
        f"{found.mean_share:.5f} on average, SD {found.sd_share:.5f}.",
        "# It holds for the assay, the scanner and the grading that the controls were scored with.",
        *([] if clone is None else [f"clone = {_quoted(clone)}", ""]),
        "[statistics]",
        f"presence_limit_of_blank = {found.limit_of_blank:.6f}",
    ]
    if found.limit_of_detection is not None:
        lines.append(f"presence_limit_of_detection = {found.limit_of_detection:.6f}")
    _write(out, lines)
    detection = (
        "no limit of detection (give controls of low expression with --low)"
        if found.limit_of_detection is None
        else f"limit of detection {100 * found.limit_of_detection:.3f} % ({found.n_low} controls)"
    )
    return (
        f"limit of blank {100 * found.limit_of_blank:.3f} % of tumour cells "
        f"({found.n_negative} controls); {detection}; written to {out}"
    )


def run_calibrate(
    controls: Path,
    out: Path,
    *,
    assay: str,
    clone: str,
    scanner: str,
    day: date,
    recipe: Path | None,
) -> str:
    """Fit a calibration, write it as a recipe fragment, and say in one line what was found.

    Parameters
    ----------
    controls
        CSV with the columns ``path`` (results folder or cells.parquet of a control, relative to the CSV),
        ``level`` and ``expected_od``; others are left alone.
    out
        The TOML file to write.
    assay, clone, scanner, day
        What the calibration holds for.
    recipe
        Its cut-offs must lie within the controls; by default the default ones.
    """
    grading = load_recipe(recipe).grading.model_copy(update={"calibration": None})
    calibration = fit_calibration(
        read_controls(controls, grading), assay=assay, clone=clone, scanner=scanner, date=day
    )
    try:
        Grading.model_validate(grading.model_dump() | {"calibration": calibration})
    except ValueError as error:
        reason = str(error).split("Value error, ")[-1].split(" [type=")[0]
        raise UsageError(f"{controls}: {reason}") from error
    _write(out, _fragment(calibration))
    points = ", ".join(
        f"{level} {measured:.3f} -> {expected:.3f}"
        for level, measured, expected in zip(
            calibration.levels, calibration.measured_od, calibration.expected_od, strict=True
        )
    )
    return f"{points}; farthest control {calibration.residual_od:.3f} OD off; written to {out}"


def _fragment(calibration: Calibration) -> list[str]:
    levels = ", ".join(_quoted(level) for level in calibration.levels)
    return [
        f"# Membrane densities mapped onto those of a reference by {calibration.n_controls} controls.",
        "# For slides of this assay, clone and scanner; measure the controls anew when any of them changes.",
        f"clone = {_quoted(calibration.clone)}",
        "",
        "[grading.calibration]",
        f"assay = {_quoted(calibration.assay)}",
        f"clone = {_quoted(calibration.clone)}",
        f"scanner = {_quoted(calibration.scanner)}",
        f"date = {calibration.date.isoformat()}",
        f"levels = [{levels}]",
        f"measured_od = [{_numbers(calibration.measured_od)}]",
        f"expected_od = [{_numbers(calibration.expected_od)}]",
        f"n_controls = {calibration.n_controls}",
        f"residual_od = {calibration.residual_od!r}    # farthest that a control lies from the lines",
    ]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a basic string of TOML


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(repr(value) for value in values)


def _write(out: Path, lines: Sequence[str]) -> None:
    try:
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error.strerror}); give another file with --out"
        ) from error
