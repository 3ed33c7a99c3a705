"""Draw the slides of a recipe into files: an SVS-like pyramid, the cells, and the score."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import orjson
import pyarrow.parquet as pq
import tifffile

from her2path import __version__
from her2path.arrays import Rgb8
from her2path.errors import ConfigurationError, OutputError
from her2path.phantom.account import account_of, as_seen, control_cells, obscured_cells
from her2path.phantom.ducts import write_regions
from her2path.phantom.guests import apart_from_tumour, outlines_of
from her2path.phantom.layout import lay_out_cells
from her2path.phantom.optics import restained, scanner_of
from her2path.phantom.paint import Painter
from her2path.phantom.spec import PhantomSpec, SlideSpec, read_spec
from her2path.phantom.tissue import draw_tissue
from her2path.phantom.truth import truth_table, with_seen_od
from her2path.scoring.settings import Grading

TILE_PX = 256
"""Edge of a TIFF tile, as Aperio scanners write them."""

STEP = 4
"""Downsample from each level to the next, as in Aperio files."""

LEVELS = 3
"""×1, ×4, ×16."""


def write_phantoms(recipe: Path | PhantomSpec, out_dir: Path) -> list[Path]:
    """Write the synthetic slides of a recipe.

    Parameters
    ----------
    recipe
        A TOML file, or what was read from one.
    out_dir
        Gets ``NAME.svs``, ``NAME.truth.parquet`` and ``NAME.truth.json`` of every slide, and
        ``NAME.regions.geojson`` where ducts are drawn.

    Returns
    -------
    list of Path
        The slides, in the order of the recipe.

    Raises
    ------
    ConfigurationError
        If the recipe holds mistakes, or a slide does not come out as the category it asks for.
    OutputError
        If the folder cannot be written.
    """
    spec = recipe if isinstance(recipe, PhantomSpec) else read_spec(recipe)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        return [_write_slide(slide, out_dir) for slide in spec.slides]
    except OSError as error:
        raise OutputError(
            f"{out_dir}: cannot be written ({error}); choose another folder with --out"
        ) from error


def _write_slide(spec: SlideSpec, out_dir: Path) -> Path:
    grading = Grading()
    rng = np.random.default_rng(spec.seed)
    drawn = restained(spec)
    tissue = draw_tissue(drawn, rng)
    plan = lay_out_cells(drawn, tissue, rng)
    painter = Painter(drawn, tissue, plan, rng, stained_od=grading.stained_od)
    path = out_dir / f"{spec.name}.svs"
    _write_pyramid(path, spec, painter)

    apart = apart_from_tumour(spec, tissue.guests, plan)
    if spec.tissue.control != "none":
        apart = {**apart, "in_control": control_cells(tissue, plan)}
    table = truth_table(
        as_seen(spec, plan),
        painter.tally,
        spec=spec,
        drawn_mpp_um=painter.mpp_um,
        obscured=obscured_cells(spec, tissue, plan),
        grading=grading,
        apart=apart,
    )
    table = with_seen_od(table, spec=spec, tissue=tissue)
    account = account_of(spec, table)
    if spec.category is not None and account["category"] != spec.category:
        fractions = account["fractions"] or {}
        shares = ", ".join(f"{name} {share:.3f}" for name, share in fractions.items() if share)
        found = f"came out as {account['category']} ({shares}), not {spec.category}"
        problem = f"category: {found}; change patterns or seed"
        path.unlink()  # a slide without its truth is none
        raise ConfigurationError(spec.name, [problem])
    if outlines := outlines_of(spec, tissue.guests):
        write_regions(out_dir / f"{spec.name}.regions.geojson", outlines, spec.mpp)
    pq.write_table(table, out_dir / f"{spec.name}.truth.parquet", compression="zstd")
    truth = {
        "slide_id": spec.name,
        **account,
        "seed": spec.seed,
        "mpp": spec.mpp,
        "rulebook": "breast-2018",
        "grading": grading.model_dump(),
        "recipe": spec.model_dump(),
        "software": f"her2path {__version__}",
    }
    (out_dir / f"{spec.name}.truth.json").write_bytes(orjson.dumps(truth, option=orjson.OPT_INDENT_2))
    return path


def _write_pyramid(path: Path, spec: SlideSpec, painter: Painter) -> None:
    """Level by level; all but one row of blocks lives on disk."""
    scanner = scanner_of(spec)
    height, width = spec.size_px
    sizes = [(max(1, height // STEP**level), max(1, width // STEP**level)) for level in range(LEVELS)]
    with (
        tempfile.TemporaryDirectory(prefix="her2path-phantom-") as scratch,
        tifffile.TiffWriter(path, bigtiff=height * width > 2**31) as tiff,
    ):
        below = [
            np.memmap(Path(scratch) / f"level{level}", np.uint8, "w+", shape=(*sizes[level], 3))
            for level in range(1, LEVELS)
        ]
        for level, (rows, columns) in enumerate(sizes):
            strips = (
                _painted_strips(painter, rows, columns) if level == 0 else _stored_strips(below[level - 1])
            )
            target = below[level] if level < LEVELS - 1 else None
            tiff.write(
                _tiles(strips, target),
                shape=(rows, columns, 3),
                dtype=np.uint8,
                tile=(TILE_PX, TILE_PX),
                photometric="rgb",
                compression="jpeg",
                compressionargs={"level": scanner.quality},
                subsampling=scanner.subsampling,
                subfiletype=0,
                description=_description(spec, rows, columns),
                metadata=None,
                software=False,
            )


def _painted_strips(painter: Painter, height_px: int, width_px: int) -> Iterator[Rgb8]:
    """Rows of tiles, left to right and top to bottom, each drawn once."""
    step = painter.block_px // TILE_PX * TILE_PX
    for top in range(0, height_px, step):
        rows = min(step, height_px - top)
        strip = np.empty((rows, width_px, 3), np.uint8)
        for left in range(0, width_px, step):
            columns = min(step, width_px - left)
            strip[:, left : left + columns] = painter.paint(top, left, rows, columns)
        yield from (strip[y : y + TILE_PX] for y in range(0, rows, TILE_PX))


def _stored_strips(level: Rgb8) -> Iterator[Rgb8]:
    return (np.asarray(level[y : y + TILE_PX]) for y in range(0, len(level), TILE_PX))


def _tiles(strips: Iterator[Rgb8], below: Rgb8 | None) -> Iterator[Rgb8]:
    """Cut strips into tiles, padded with white; average each strip into the next level on the way."""
    for index, strip in enumerate(strips):
        if below is not None:
            top = index * TILE_PX // STEP
            rows = min(strip.shape[0] // STEP, below.shape[0] - top)
            if rows > 0:
                whole = strip[: rows * STEP, : below.shape[1] * STEP]
                below[top : top + rows] = cv2.resize(
                    whole, (below.shape[1], rows), interpolation=cv2.INTER_AREA
                )
        for left in range(0, strip.shape[1], TILE_PX):
            tile = np.full((TILE_PX, TILE_PX, 3), 255, np.uint8)
            piece = strip[:, left : left + TILE_PX]
            tile[: piece.shape[0], : piece.shape[1]] = piece
            yield tile


def _description(spec: SlideSpec, height_px: int, width_px: int) -> str:
    """As Aperio scanners write it, which is how OpenSlide knows the format and the pixel size."""
    whole_height, whole_width = spec.size_px
    title = f"Aperio Image Library her2path phantom {__version__}\n"
    size = f"{whole_width}x{whole_height} [0,0 {whole_width}x{whole_height}] (256x256)"
    if (height_px, width_px) != (whole_height, whole_width):
        size += f" -> {width_px}x{height_px}"
    objective = 40 if spec.mpp < 0.35 else 20
    return f"{title}{size} JPEG/RGB Q={scanner_of(spec).quality}|AppMag = {objective}|MPP = {spec.mpp:.6g}"
