"""Recall on real nuclei: H&E fields held back from training, recoloured as HER2 slides without staining.

The fields of a set are laid on sheets with glass between them, and each sheet is recoloured through a random
scanner of its own, as the training does with other fields. Counted are nuclei of any kind: the labels say
where nuclei are, not whose. Fields whose labels training would not trust (blurred, thick) are left out.
Nuclei that it doubts, and cells found where it sees a nucleus without a label, are neither right nor wrong.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from compare import MATCH_UM, column, match, places_px, ratio
from engines import read_slides

from her2path.arrays import Rgb8
from her2path.nets.sample import INPUT_MPP_UM
from her2path.training.bridge import recoloured
from her2path.training.photographs import Photograph, held_back_photographs, read_photograph, white_of

SHEET_PX = 1280
"""No larger field can be recoloured at once."""

GAP_PX = 64
"""Glass between two fields, and round the sheet: 16 µm, more than a cell and its surroundings."""

Field = tuple[Path, Photograph]
Corner = tuple[int, int]

SEED = 510_700
"""Of the scanners of the sheets."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some fields as one slide; ``n`` nuclei."""

    path: Path
    places_px: np.ndarray
    """``(n, 2)`` centres."""

    sure: np.ndarray
    """``(n,)`` certainly one nucleus, whole."""

    epithelial: np.ndarray
    """``(n,)`` among large nuclei: tumour in the set of breast cancers."""

    judged: np.ndarray
    """``(y, x)`` where a found cell is right or wrong: in a field, on nothing that lacks a label."""


def show_nuclei(engines: Sequence[str], data: Path, out: Path, options: Sequence[str] = ()) -> int:
    """Print how many nuclei each engine finds, by set; give the exit code."""
    sheets = {
        source: list(_sheets(source, paths, out)) for source, paths in held_back_photographs(data).items()
    }
    head = ("nuclei", "recall", "precision", "F1", "epithelial counted as tumour")
    print(f"{'engine':12}{'set':10}" + "".join(f"{name:>11}" for name in head[:-1]) + f"  {head[-1]}")
    for engine in engines:
        for source, several in sheets.items():
            folder = out / engine
            paths = [sheet.path for sheet in several]
            if not read_slides(engine, paths, folder, mpp_um=INPUT_MPP_UM, options=options):
                break
            counts = sum(_counts(sheet, folder / sheet.path.stem) for sheet in several)
            print(f"{engine:12}{source:10}{counts[0]:11}{_figures(counts)}", flush=True)
    return 0


def _sheets(source: str, paths: Sequence[Path], out: Path) -> Iterator[Sheet]:
    """Lay the trusted fields of a set on recoloured sheets, and write these."""
    fields = [(path, read_photograph(path)) for path in paths]
    trusted = [(path, photograph) for path, photograph in fields if photograph.trusted]
    print(f"{source}: {len(trusted)} of {len(fields)} held-back fields have labels to trust", file=sys.stderr)
    (out / "sheets").mkdir(parents=True, exist_ok=True)
    step_px = max(max(photograph.nucleus_at.shape) for _, photograph in trusted) + GAP_PX
    across = (SHEET_PX - GAP_PX) // step_px
    for number, start in enumerate(range(0, len(trusted), across**2)):
        fields = trusted[start : start + across**2]
        corners = [tuple(GAP_PX + step_px * axis for axis in divmod(k, across)) for k in range(len(fields))]
        path = out / "sheets" / f"{source}-{number}.png"
        yield _sheet(path, fields, corners, np.random.default_rng((SEED, number)))


def _sheet(path: Path, fields: Sequence[Field], corners: Sequence[Corner], rng: np.random.Generator) -> Sheet:
    pictures = [np.asarray(cv2.imread(str(own), cv2.IMREAD_COLOR)[..., ::-1], np.uint8) for own, _ in fields]
    photographs = [photograph for _, photograph in fields]
    glass = white_of(np.concatenate(pictures))
    sheet: Rgb8 = np.tile(np.rint(glass).astype(np.uint8), (SHEET_PX, SHEET_PX, 1))
    judged = np.zeros((SHEET_PX, SHEET_PX), bool)
    for (top, left), picture, photograph in zip(corners, pictures, photographs, strict=True):
        box = slice(top, top + picture.shape[0]), slice(left, left + picture.shape[1])
        sheet[box], judged[box] = picture, ~photograph.unlabelled
    cv2.imwrite(str(path), recoloured(sheet, rng)[..., ::-1])
    own_px = (photograph.centre_yx_px for photograph in photographs)
    return Sheet(
        path=path,
        places_px=np.concatenate([yx_px + corner for yx_px, corner in zip(own_px, corners, strict=True)]),
        sure=np.concatenate([~photograph.doubtful for photograph in photographs]),
        epithelial=np.concatenate([photograph.epithelial for photograph in photographs]),
        judged=judged,
    )


def _counts(sheet: Sheet, result: Path) -> np.ndarray:
    """Count sure nuclei, those found, judged cells, epithelial nuclei, and those counted as tumour."""
    cells = pq.read_table(result / "cells.parquet")
    places = places_px(cells)
    to_nucleus, to_cell = match(sheet.places_px * INPUT_MPP_UM, places * INPUT_MPP_UM, MATCH_UM)
    hit = sheet.sure[to_nucleus]
    alone = np.setdiff1d(np.arange(len(cells)), to_cell)
    invented = sheet.judged[tuple(places[alone].astype(int).T)].sum()
    epithelial = sheet.sure & sheet.epithelial
    counted = column(cells, "counted")[to_cell] & epithelial[to_nucleus]
    return np.array([sheet.sure.sum(), hit.sum(), hit.sum() + invented, epithelial.sum(), counted.sum()])


def _figures(counts: np.ndarray) -> str:
    nuclei, hit, judged, epithelial, counted = counts.tolist()
    values = (
        ratio(hit, nuclei),
        ratio(hit, judged),
        ratio(2 * hit, nuclei + judged),
        ratio(counted, epithelial),
    )
    return "".join(f"{value:11.3f}" for value in values) + f" of {epithelial}"
