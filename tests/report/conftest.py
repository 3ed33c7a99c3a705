"""A scored slide made of random cells, with pictures that look enough like tissue to judge the page by."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import cv2
import numpy as np
import pytest

from her2path.arrays import Doubles, Rgb8
from her2path.cells.table import N_RAYS, CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix
from her2path.pipeline.result import Example, Overview, ScoredSlide
from her2path.qa.comparison import Comparison, compare_methods
from her2path.qa.readings import Rater, Readings
from her2path.qa.study import Study, study_agreement
from her2path.scoring.heterogeneity import HeterogeneityIndices, HeterogeneityMap
from her2path.scoring.settings import Grading

MPP_UM = 0.25
HEIGHT_PX, WIDTH_PX = 24_000, 36_000
BIN_UM = 250.0
STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (242.0, 241.0, 239.0), "estimated")
GRADES = np.array(Grading().grades, np.int8)


def _smooth(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> Doubles:
    field = cv2.GaussianBlur(rng.normal(size=shape), (0, 0), sigma)
    return np.asarray((field - field.min()) / (field.max() - field.min()), np.float64)


def make_cells(rng: np.random.Generator, n: int) -> CellTable:
    tumour_y, tumour_x = 0.50 * HEIGHT_PX, 0.42 * WIDTH_PX
    angle, radius = rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.uniform(0, 1, n))
    y_px = (tumour_y + 0.33 * HEIGHT_PX * radius * np.sin(angle)).astype(np.int32)
    x_px = (tumour_x + 0.26 * WIDTH_PX * radius * np.cos(angle)).astype(np.int32)
    warmth = np.clip((x_px - 0.2 * WIDTH_PX) / (0.5 * WIDTH_PX), 0, 1)
    od = np.clip(rng.normal(0.08 + 0.34 * warmth**2, 0.10), 0, 1.3)
    completeness = np.clip(rng.beta(2 + 6 * warmth, 2.2), 0, 1)
    level = np.searchsorted([0.08, 0.20, 0.40, 0.60], od, side="right")
    level[completeness < 0.10] = 0
    pattern = np.where(level == 0, 0, 2 * level - 1 + (completeness >= 0.80)).astype(np.int8)
    kind = rng.choice(4, n, p=[0.7, 0.15, 0.1, 0.05]).astype(np.int8)
    nucleus = np.clip(rng.normal(42, 5, (n, 1)) + rng.normal(0, 2, (n, N_RAYS)), 20, 80).astype(np.uint8)
    table = CellTable(
        cell_id=y_px.astype(np.int64) * WIDTH_PX + x_px,
        y_px=y_px,
        x_px=x_px,
        kind=kind,
        counted=kind == 0,
        membrane_od=np.where(rng.random(n) < 0.01, np.nan, od).astype(np.float32),
        completeness=completeness.astype(np.float32),
        longest_gap=(1 - completeness).astype(np.float32),
        cytoplasm_od=(0.3 * od).astype(np.float32),
        pixel_od=np.full(n, np.nan, np.float32),
        pixel_completeness=np.full(n, np.nan, np.float32),
        network_od=np.full(n, np.nan, np.float32),
        network_completeness=np.full(n, np.nan, np.float32),
        pattern=pattern,
        grade=GRADES[pattern],
        tumour_probability=rng.uniform(0.5, 1, n).astype(np.float32),
        nucleus_area_um2=rng.normal(55, 9, n).astype(np.float32),
        bin=np.full(n, -1, np.int32),
        nucleus_radii=nucleus,
        cell_radii=(nucleus + 22).astype(np.uint8),
    )
    return table.in_order()


def make_map(cells: CellTable) -> HeterogeneityMap:
    """Counted cells in hexagons whose rows lie √3/2 apart, odd rows shifted by half."""
    y_um, x_um = cells.y_px[cells.counted] * MPP_UM, cells.x_px[cells.counted] * MPP_UM
    row = np.rint(y_um / (BIN_UM * np.sqrt(3) / 2)).astype(int)
    column = np.rint(x_um / BIN_UM - 0.5 * (row % 2)).astype(int)
    keys, inverse, n_cells = np.unique(row * 1000 + column, return_inverse=True, return_counts=True)
    fractions = np.zeros((len(keys), len(PATTERNS)))
    np.add.at(fractions, (inverse, cells.pattern[cells.counted]), 1.0)
    fractions /= n_cells[:, None]
    h_score = np.where(n_cells >= 8, 100 * fractions @ GRADES, np.nan)
    rows, columns = keys // 1000, keys % 1000
    return HeterogeneityMap(
        bin_um=BIN_UM,
        bin=np.arange(len(keys), dtype=np.int32),
        y_um=(rows * BIN_UM * np.sqrt(3) / 2).astype(np.float32),
        x_um=((columns + 0.5 * (rows % 2)) * BIN_UM).astype(np.float32),
        n_cells=n_cells.astype(np.int32),
        fractions=fractions.astype(np.float32),
        h_score=h_score.astype(np.float32),
        membrane_od=(h_score / 400).astype(np.float32),
        gi_z=((h_score - 90) / 30).astype(np.float32),
        gi_q=np.where(h_score > 150, 0.01, 0.5).astype(np.float32),
        hot=np.nan_to_num(h_score) > 150,
        indices=HeterogeneityIndices(1.42, 0.71, 0.38, 0.46, 0.001, 0.11, "clustered"),
    )


def make_overview(rng: np.random.Generator, downsample: float) -> Overview:
    shape = round(HEIGHT_PX / downsample), round(WIDTH_PX / downsample)
    y, x = np.mgrid[: shape[0], : shape[1]] / np.array(shape)[:, None, None]
    coarse = _smooth(rng, shape, shape[0] / 18)
    fine = _smooth(rng, shape, 1.5)
    tissue = ((y - 0.5) / 0.40) ** 2 + ((x - 0.46) / 0.38) ** 2 < 0.8 + 0.5 * coarse
    tumour = ((y - 0.5) / 0.33) ** 2 + ((x - 0.42) / 0.26) ** 2 < 1
    dab = tissue * tumour * np.clip(x / 0.7, 0, 1) ** 2 * (0.15 + 0.7 * fine)
    haematoxylin = tissue * (0.08 + 0.25 * fine + 0.12 * tumour)
    excluded = {
        "out_of_focus": tissue & (x > 0.70) & (y < 0.45),
        "pen": tissue & (y > 0.78),
        "in_situ": tissue & (((y - 0.72) / 0.07) ** 2 + ((x - 0.66) / 0.06) ** 2 < 1),
    }
    return Overview(mix(np.stack([haematoxylin, dab, 0 * dab]), STAINS), downsample, tissue, excluded)


def make_crop(rng: np.random.Generator, cells: CellTable, row: int, size_px: int) -> Rgb8:
    y, x = np.mgrid[:size_px, :size_px] - size_px / 2
    distance_um, angle = np.hypot(y, x) * MPP_UM, np.arctan2(-y, x)
    ring = np.exp(-(((distance_um - 6.4) / 0.6) ** 2))
    ring *= (angle + np.pi) / (2 * np.pi) < cells.completeness[row]
    texture = _smooth(rng, (size_px, size_px), 2.0)
    nucleus = 1 / (1 + np.exp((distance_um - 4.2) / 0.25))
    dab = np.nan_to_num(cells.membrane_od[row]) * (ring + 0.12 * texture)
    return mix(np.stack([0.08 + 0.35 * nucleus * (0.6 + 0.6 * texture), dab, 0 * dab]), STAINS)


def make_examples(rng: np.random.Generator, cells: CellTable, size_px: int) -> tuple[Example, ...]:
    good = cells.counted & np.isfinite(cells.membrane_od)
    rows = [row for code in range(9) for row in np.flatnonzero(good & (cells.pattern == code))[:4].tolist()]
    half = size_px // 2
    return tuple(
        Example(make_crop(rng, cells, r, size_px), int(cells.y_px[r]) - half, int(cells.x_px[r]) - half, r)
        for r in rows
    )


RULES = (
    ("strong-complete", ("SC",), "percent", 10.0),
    ("strong-complete-limited", ("SC",), "presence", None),
    ("complete-weak-to-moderate", ("WC", "MC", "SC"), "percent", 10.0),
    ("faint-or-incomplete", tuple(PATTERNS[1:]), "percent", 10.0),
)


def make_evidence(fractions: dict[str, float], n_cells: int) -> list[dict[str, Any]]:
    shares = [100 * sum(fractions[p] for p in patterns) for _, patterns, _, _ in RULES]
    return [
        {
            "rule": name,
            "patterns": patterns,
            "metric": metric,
            "count": round(share / 100 * n_cells),
            "percent": share,
            "percent_ci": (max(0.0, share - 3.0), min(100.0, share + 3.0)),
            "op": ">" if metric == "percent" else None,
            "threshold": threshold,
            "met": share > (0.5 if threshold is None else threshold),
            "sentence": f"Membrane staining in {share:.2f} % of tumour cells; asked for more than 10 %.",
        }
        for (name, patterns, metric, threshold), share in zip(RULES, shares, strict=True)
    ]


def make_score(cells: CellTable) -> dict[str, Any]:
    pattern = cells.pattern[cells.counted]
    share = np.bincount(pattern, minlength=9) / len(pattern)
    spread = 0.25 * np.sqrt(share * (1 - share)) * 0.2
    fractions = dict(zip(PATTERNS, share.tolist(), strict=True))
    intervals = {
        p: [max(0.0, f - s), min(1.0, f + s)] for (p, f), s in zip(fractions.items(), spread, strict=True)
    }
    evidence = make_evidence(fractions, len(pattern))
    return {
        "schema": "her2path.score/1",
        "slide_id": "B26-01172_HER2",
        "path": "/archive/2026/november/B26-01172_HER2.svs",
        "status": "scored",
        "reason": None,
        "score": "2+",
        "category": "IHC2",
        "her2_status": "equivocal",
        "tag": None,
        "rulebook": {
            "id": "breast-2018",
            "version": "1",
            "citation": "Wolff AC et al. J Clin Oncol 2018;36:2105",
        },
        "rule_fired": "complete-weak-to-moderate",
        "explanation": evidence[2]["sentence"],
        "evidence": evidence,
        "n_cells": len(pattern),
        "fractions": fractions,
        "fractions_ci": intervals,
        "score_ci": {"0": 0.0, "1+": 0.13, "2+": 0.87, "3+": 0.0},
        "borderline": True,
        "h_score": 118.4,
        "complete_intense_fraction": fractions["SC"],
        "membrane_od": {"mean": 0.27, "p10": 0.09, "p50": 0.25, "p90": 0.47},
        "heterogeneity": {
            "shannon": 1.42,
            "simpson": 0.71,
            "rao": 0.38,
            "moran_i": 0.46,
            "moran_p": 0.001,
            "hotspot_fraction": 0.11,
            "pattern": "clustered",
        },
        "area_mm2": {
            "requested": 31.42,
            "tissue": 31.50,
            "analysed": 25.1,
            "unreadable": 0.12,
            "excluded": {"region": 0.0, "out_of_focus": 3.4, "pen": 1.9, "in_situ": 0.9},
        },
        "mpp": (MPP_UM, MPP_UM),
        "mpp_source": "slide property",
        "objective": 40.0,
        "stains": {
            "haematoxylin": list(STAINS.haematoxylin),
            "dab": list(STAINS.dab),
            "white": list(STAINS.white),
            "source": "estimated",
        },
        "flags": [
            {"code": "CONTROL_NOT_ASSESSED", "severity": "info", "detail": "No on-slide control was given."},
            {
                "code": "GUIDELINE_GAP",
                "severity": "warning",
                "detail": "Weak complete staining in 8.9 % of cells: the guideline names no score for it.",
            },
        ],
        "engine": "classical",
        "device": "cpu",
        "recipe_digest": "6f1c0d2e9ab34587",
        "software": "her2path 0.1.0",
        "seconds": 74.2,
        "disclaimer": "For Research Use Only. Not for use in diagnostic procedures.",
    }


def make_run() -> dict[str, Any]:
    return {
        "versions": {"her2path": "0.1.0", "numpy": "2.4.6", "opencv": "5.0.0"},
        "recipe": {"engine": "auto", "grading": Grading().model_dump()},
        "recipe_digest": "6f1c0d2e9ab34587",
        "weights_sha256": None,
        "input_sha256": "9b" * 32,
        "device": "cpu",
        "seconds": {"open": 0.4, "stains": 2.1, "tiles": 66.0, "score": 5.7},
        "pixels": {"open": None, "stains": 12_000_000, "tiles": 864_000_000},
        "peak_memory_mb": 812.0,
    }


def make_scored(*, n_cells: int = 3000, downsample: float = 60.0, crop_px: int = 64) -> ScoredSlide:
    rng = np.random.default_rng(7)
    cells = make_cells(rng, n_cells)
    return ScoredSlide(
        slide_id="B26-01172_HER2",
        score=make_score(cells),
        run=make_run(),
        mpp_yx_um=(MPP_UM, MPP_UM),
        size_px=(HEIGHT_PX, WIDTH_PX),
        cells=cells,
        heterogeneity=make_map(cells),
        overview=make_overview(rng, downsample),
        examples=make_examples(rng, cells, crop_px),
    )


def make_unscored(scored: ScoredSlide, status: str, reason: str) -> ScoredSlide:
    """The same slide with nothing given: every number null, as the contract has it."""
    keep = {"schema", "slide_id", "path", "rulebook", "software", "disclaimer", "recipe_digest"}
    empty: dict[str, Any] = {key: value if key in keep else None for key, value in scored.score.items()}
    empty |= {
        "status": status,
        "reason": reason,
        "flags": [{"code": "NO_TISSUE", "severity": "refusal", "detail": reason}],
    }
    return replace(scored, score=empty, cells=CellTable.empty(), heterogeneity=None, examples=())


@pytest.fixture(scope="session")
def scored() -> ScoredSlide:
    return make_scored()


@pytest.fixture(scope="session")
def refuse() -> Callable[[ScoredSlide, str, str], ScoredSlide]:
    return make_unscored


@pytest.fixture(scope="session")
def qa_readings() -> Readings:
    """A hundred slides: two raters with a known table, a third who errs, a site that sees 3+ alone."""
    table = np.array([[18, 5, 0, 0], [4, 22, 6, 0], [0, 5, 17, 1], [0, 0, 1, 21]])
    reader, program = (np.repeat(place, table.ravel()) for place in np.indices(table.shape).reshape(2, -1))
    rng = np.random.default_rng(3)
    second = np.clip(reader + rng.choice([-1, 0, 1], 100, p=[0.1, 0.75, 0.15]), 0, 3)

    def rater(name: str, scores: np.ndarray) -> Rater:
        codes = scores.astype(np.int8)
        return Rater(name, codes, np.where(codes == 0, rng.integers(0, 2, 100), codes + 1).astype(np.int8))

    return Readings(
        slide_ids=tuple(f"S-{place:03}" for place in range(100)),
        raters=(rater("reader", reader), rater("program", program), rater("second", second)),
        ish=np.where(reader >= 2, rng.integers(0, 2, 100), -1).astype(np.int8),
        dates=tuple(date(2026, 1, 1) + timedelta(days=3 * place) for place in rng.permutation(100).tolist()),
        groups={"site": tuple("west" if score == 3 else "north" for score in reader.tolist())},
        measures={
            "by_eye": np.clip(30 * reader + rng.normal(5, 6, 100), 0, 100),
            "by_cells": np.clip(30 * reader + rng.normal(7, 6, 100), 0, 100),
        },
    )


@pytest.fixture(scope="session")
def qa_study(qa_readings: Readings) -> tuple[Study, Comparison]:
    """The study of ``qa_readings`` with ``reader`` as the comparator."""
    return study_agreement(qa_readings, reference="reader"), compare_methods(
        qa_readings, reference="reader", program="program", measure_pairs=[("by_eye", "by_cells")]
    )
