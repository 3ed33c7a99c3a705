"""The heterogeneity map as a table of hexagons and as a picture registered to the slide."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tifffile
from numpy.typing import NDArray

from her2path import __version__
from her2path.arrays import Floats
from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.heterogeneity import HeterogeneityMap
from her2path.scoring.hexagons import hex_bins
from her2path.store.arrow import arrow_numbers

SCHEMA = "her2path.heterogeneity/1"

PICTURE_UM = 16.0
"""Wanted pixel size, met as near as whole level-0 pixels allow: 15 pixels across a hexagon of 250 µm."""

TILE_PX = 256
SMALLEST_LEVEL_PX = 256
"""The pyramid ends with the first level whose longest edge is no longer than this."""

UNITS = {
    "bin": ("1", "number of the hexagon, as in cells.parquet"),
    "y_um": ("µm", "centre of the hexagon from the slide's corner"),
    "x_um": ("µm", "centre of the hexagon from the slide's corner"),
    "n_cells": ("1", "counted cells"),
    **{
        f"fraction_{pattern}": ("1", f"share of pattern {pattern} among the counted cells")
        for pattern in PATTERNS
    },
    "h_score": ("1", "0 to 300; null where the hexagon holds too few cells, as are the next three"),
    "membrane_od": ("OD", "mean DAB optical density of the membranes"),
    "gi_z": ("1", "Getis-Ord Gi* of the H-score"),
    "gi_q": ("1", "its p-value after Benjamini-Hochberg"),
    "hot": ("1", "Gi* above 0 with q < 0.05"),
}


def write_map_table(heterogeneity: HeterogeneityMap, path: Path) -> None:
    """Write one row a hexagon, with units, as Parquet; NaN becomes null."""
    fractions = {f"fraction_{name}": heterogeneity.fractions[:, code] for code, name in enumerate(PATTERNS)}
    columns = {name: np.asarray(fractions.get(name, getattr(heterogeneity, name, None))) for name in UNITS}
    arrays = {name: arrow_numbers(values, np.isnan(values)) for name, values in columns.items()}
    fields = [
        pa.field(name, arrays[name].type, metadata={"unit": unit, "meaning": meaning})
        for name, (unit, meaning) in UNITS.items()
    ]
    schema = pa.schema(fields, metadata={"schema": SCHEMA, "bin_um": repr(heterogeneity.bin_um)})
    pq.write_table(pa.Table.from_arrays(list(arrays.values()), schema=schema), path, compression="zstd")


def picture_channels(heterogeneity: HeterogeneityMap) -> dict[str, Floats]:
    """Channels of the picture: name -> ``(n,)`` float32 by hexagon, NaN where it holds too few cells."""
    intense = heterogeneity.fractions[:, PATTERNS.index("SC")]
    return {
        "H-score": heterogeneity.h_score,
        "Membrane OD": heterogeneity.membrane_od,
        "Complete intense fraction": np.where(np.isnan(heterogeneity.h_score), np.float32(np.nan), intense),
        "Gi* z": heterogeneity.gi_z,
        "Counted cells": heterogeneity.n_cells.astype(np.float32),
    }


def write_map_picture(
    heterogeneity: HeterogeneityMap, path: Path, *, shape_px: tuple[int, int], mpp_yx_um: tuple[float, float]
) -> None:
    """Write the map as an OME-TIFF pyramid whose corner is the slide's corner.

    Channels are those of ``picture_channels``, float32, NaN outside the hexagons; one pixel is a whole
    number of level-0 pixels. Coarser levels stand in SubIFDs and take every second pixel: a value of the
    map is never averaged with its neighbour's.

    Parameters
    ----------
    heterogeneity
        The map.
    path
        ``heterogeneity.ome.tif``.
    shape_px
        Height and width of the slide at level 0.
    mpp_yx_um
        Micrometres per level-0 pixel.
    """
    step = max(1, round(PICTURE_UM / float(np.sqrt(mpp_yx_um[0] * mpp_yx_um[1]))))
    height, width = (-(-size // step) for size in shape_px)
    hexagon = _hexagon_rows(heterogeneity, (height, width), step, mpp_yx_um)
    channels = picture_channels(heterogeneity)
    # The last value answers to the row -1: outside every hexagon.
    levels = [
        np.stack([np.append(values, np.float32(np.nan))[hexagon] for values in channels.values()]).astype(
            np.float32
        )
    ]
    while max(levels[-1].shape[1:]) > SMALLEST_LEVEL_PX:
        levels.append(levels[-1][:, ::2, ::2])
    size_um = step * mpp_yx_um[0], step * mpp_yx_um[1]
    metadata = {
        "axes": "CYX",
        "Channel": {"Name": list(channels)},
        "PhysicalSizeY": size_um[0],
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeX": size_um[1],
        "PhysicalSizeXUnit": "µm",
        "Description": f"{step} x {step} level-0 pixels in each; hexagons of {heterogeneity.bin_um:g} µm",
    }
    with tifffile.TiffWriter(path, ome=True) as file:
        for k, level in enumerate(levels):
            scale = 2**k
            file.write(
                np.ascontiguousarray(level),
                tile=(TILE_PX, TILE_PX),
                compression="deflate",
                predictor=True,
                photometric="minisblack",
                resolution=(1e4 / (size_um[1] * scale), 1e4 / (size_um[0] * scale)),
                resolutionunit="CENTIMETER",
                software=f"her2path {__version__}",
                subfiletype=int(k > 0),
                subifds=len(levels) - 1 if k == 0 else None,
                metadata=metadata if k == 0 else None,
            )


def _hexagon_rows(
    heterogeneity: HeterogeneityMap, shape: tuple[int, int], step: int, mpp_yx_um: tuple[float, float]
) -> NDArray[np.intp]:
    """Row of the map's table that each pixel's centre falls in; -1 where there is none."""
    y_um, x_um = ((np.arange(n) + 0.5) * step * mpp for n, mpp in zip(shape, mpp_yx_um, strict=True))
    if not len(heterogeneity.bin):
        return np.full(shape, -1, np.intp)
    rows = np.empty(shape, np.intp)
    for i, row_um in enumerate(y_um):  # row by row: the whole picture at once needs 100 bytes a pixel
        bins = hex_bins(np.full(len(x_um), row_um), x_um, heterogeneity.bin_um)
        at = np.minimum(np.searchsorted(heterogeneity.bin, bins), len(heterogeneity.bin) - 1)
        rows[i] = np.where(heterogeneity.bin[at] == bins, at, -1)
    return rows
