"""The real cores and fields: what each engine makes of them, and crops to be judged by eye.

Nobody knows the cells of these slides. The digit in a file's name is the score that a pathologist gave to the
core, or to the whole slide that a field was cut from.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from compare import column, places_px
from engines import read_slides, score_of

from her2path.arrays import Rgb8
from her2path.cells.contours import contour_vertices
from her2path.cells.table import N_RAYS, RADIUS_STEP_UM
from her2path.cells.vocabulary import KINDS
from her2path.image.geometry import Region
from her2path.slides.open import open_slide

REALDATA = Path(__file__).parents[3] / "shared" / "realdata"
CORE_MPP_UM, FIELD_MPP_UM = 0.23, 0.46
"""Estimated from the size of a core, and from that of the cells in the BCI fields."""

CROP_UM = 250.0
CROPS_YX_PX = {
    "0_a6d0": ((1050, 1230), (1960, 2190), (3780, 2550)),  # sheets; single cells; glands
    "1_154a": ((3190, 3140), (1640, 3740), (4240, 1960)),  # glands with a little stain
    "2_a559": ((1050, 910), (2920, 4010), (3190, 2920)),  # stained sheets; columnar glands; pale glands
}
"""Upper left corners of three places in each core; not to be moved, so that counts can be compared."""

ZOOM = 2
RING_UM = 3.0
"""Radius of the mark of a cell without contours."""

Colour = tuple[int, int, int]

KIND_COLOURS: dict[str, Colour] = {
    "tumour": (0, 140, 40),
    "stroma": (0, 90, 230),
    "lymphocyte": (200, 0, 190),
    "other": (20, 20, 20),
}
GRADE_COLOURS: tuple[Colour, ...] = ((142, 160, 180), (236, 194, 56), (221, 122, 31), (168, 23, 42))
"""Red, green, blue; grades as in the report."""


@dataclass(frozen=True, slots=True)
class Group:
    """Real slides that are read alike."""

    slides: tuple[Path, ...]
    mpp_um: float
    options: tuple[str, ...]


def groups(data: Path) -> list[Group]:
    """Cores and fields, as far as they are there."""
    cores, fields = data / "her2_cores", data / "her2_fields"
    gastric = ("--rulebook", "gastric-biopsy", "--specimen", "tma-core")
    found = (
        Group(tuple(sorted(cores.glob("*.jpg"))), CORE_MPP_UM, gastric),
        Group(tuple(sorted(fields.glob("*.png"))), FIELD_MPP_UM, ()),
    )
    return [group for group in found if group.slides]


def show_real(engines: Sequence[str], data: Path, out: Path, options: Sequence[str] = ()) -> int:
    """Print what each engine makes of the real slides, and leave the crops; give the exit code."""
    wanted = groups(data)
    if not wanted:
        print(f"neither her2_cores nor her2_fields in {data}", file=sys.stderr)
        return 1
    for engine in engines:
        folder = out / engine
        print(f"\n{engine}", flush=True)
        for group in wanted:
            own = (*group.options, *options)
            if not read_slides(engine, group.slides, folder, mpp_um=group.mpp_um, options=own):
                break
            for slide in group.slides:
                print("\n".join(_lines(slide.stem, folder / slide.stem)), flush=True)
                if slide.stem in CROPS_YX_PX:
                    _write_crops(slide, folder / slide.stem, out / "crops" / engine)
    return 0


def _lines(name: str, result: Path) -> Iterator[str]:
    score, cells = score_of(result), pq.read_table(result / "cells.parquet")
    kinds, counted = Counter(cells["kind"].to_pylist()), column(cells, "counted")
    stained = column(cells, "membrane_od")[counted & (column(cells, "grade") > 0)]
    verdict = score["score"] or score["status"]
    yield f"  {name:18} score {verdict:4} {score['n_cells']} cells, {score['seconds']:.1f} s"
    yield "    kinds     " + ", ".join(f"{kind} {kinds[kind]}" for kind in KINDS)
    if score["fractions"]:
        yield "    fractions " + ", ".join(
            f"{k} {share:.3f}" for k, share in score["fractions"].items() if share
        )
    if len(stained):
        middle, high = np.quantile(stained, (0.5, 0.9))
        yield f"    stained   {len(stained)} cells, median {middle:.2f} OD, 90th percentile {high:.2f} OD"
    if score["flags"]:
        yield "    flags     " + ", ".join(flag["code"] for flag in score["flags"])


def _write_crops(path: Path, result: Path, folder: Path) -> None:
    """Leave each crop of a core thrice: bare, all cells by kind, those that count by grade."""
    folder.mkdir(parents=True, exist_ok=True)
    slide = open_slide(path, mpp_um=(CORE_MPP_UM, CORE_MPP_UM))
    cells, edge_px = pq.read_table(result / "cells.parquet"), round(CROP_UM / CORE_MPP_UM)
    y_px, x_px = places_px(cells).T
    for number, (top, left) in enumerate(CROPS_YX_PX[path.stem], start=1):
        rgb = slide.read(Region(top, left, edge_px, edge_px))
        large = cv2.resize(rgb, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC)
        inside = (y_px >= top) & (y_px < top + edge_px) & (x_px >= left) & (x_px < left + edge_px)
        here = cells.filter(pa.array(inside))
        counted = here.filter(pc.field("counted"))
        by_kind = [KIND_COLOURS[word] for word in here["kind"].to_pylist()]
        by_grade = [GRADE_COLOURS[grade] for grade in column(counted, "grade")]
        pictures = {
            "bare": large,
            "kind": _drawn(large, here, by_kind, (top, left)),
            "grade": _drawn(large, counted, by_grade, (top, left)),
        }
        for title, picture in pictures.items():
            cv2.imwrite(str(folder / f"{path.stem}-{number}-{title}.png"), picture[..., ::-1])


def _drawn(rgb: Rgb8, cells: pa.Table, colours: Sequence[Colour], corner_yx_px: tuple[int, int]) -> Rgb8:
    """Outline nucleus and cell of every cell; a cell without contours gets a ring."""
    picture = rgb.copy()
    y_px, x_px = (column(cells, name) for name in ("y_px", "x_px"))
    for name, thickness in (("nucleus_radii", 2), ("cell_radii", 1)):
        if name in cells.column_names:
            radii = np.array(cells[name].to_pylist(), np.uint8).reshape(-1, N_RAYS)
        elif name == "nucleus_radii":
            radii = np.full((len(cells), N_RAYS), round(RING_UM / RADIUS_STEP_UM), np.uint8)
        else:
            continue
        vertices = contour_vertices(radii, y_px, x_px, (CORE_MPP_UM, CORE_MPP_UM))
        points = np.rint((vertices - corner_yx_px + 0.5) * ZOOM)[..., ::-1].astype(np.int32)
        for outline, colour in zip(points, colours, strict=True):
            cv2.polylines(picture, [outline], True, colour, thickness, cv2.LINE_AA)
    return picture
