"""Pictures inside the page: JPEG as data, and the outlines that are drawn over them."""

import base64
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Mask, Rgb8
from her2path.cells.contours import contour_vertices
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS, UNGRADED
from her2path.pipeline.result import Example

OVERVIEW_QUALITY = 82
CELL_QUALITY = 90
"""JPEG quality: cells are judged by their colour at the membrane, the overview at a glance."""

CELL_VIEW_UM = 26.0
"""Edge of the tissue shown around a cell: the cell and the membranes it shares with its neighbours."""

OUTLINE_TOLERANCE_PX = 1.2
"""A mask's outline is simplified by about a pixel: not to be seen, and a tenth of the size."""

SPECK_PX = 12.0
"""Parts of a mask smaller than this many overview pixels are not outlined."""


def jpeg_data(rgb: Rgb8, *, quality: int) -> str:
    """Encode a picture as a ``data:`` address; see `jpeg_bytes`."""
    encoded = base64.b64encode(jpeg_bytes(rgb, quality=quality))
    return "data:image/jpeg;base64," + encoded.decode("ascii")


def jpeg_bytes(rgb: Rgb8, *, quality: int) -> bytes:
    """Encode a picture as JPEG, colour at full resolution (4:4:4).

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8.
    quality
        1 to 100.
    """
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, encoded = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), options)
    return encoded.tobytes()


def outline_path(mask: Mask) -> str:
    """Trace a mask, holes too, as the ``d`` of an SVG path to be filled ``evenodd``.

    Parameters
    ----------
    mask
        ``(y, x)`` bool; one unit of the path is one pixel.
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    parts = []
    for contour in contours:
        if cv2.contourArea(contour) < SPECK_PX:
            continue
        simple = cv2.approxPolyDP(contour, OUTLINE_TOLERANCE_PX, True)[:, 0]
        if len(simple) > 2:
            parts.append("M" + "L".join(f"{x} {y}" for x, y in simple.tolist()) + "Z")
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class CellPicture:
    """One example cell, ready to draw; the polygons are SVG ``points`` in pixels of the crop."""

    data: str
    width: int
    height: int
    nucleus: str
    membrane: str
    pattern: str | None
    """None where the cell could not be graded."""

    grade: int
    membrane_od: float
    completeness: float


def cell_pictures(
    examples: tuple[Example, ...], cells: CellTable, mpp_yx_um: tuple[float, float]
) -> list[CellPicture]:
    """Draw every example cell: by grade, by pattern, then by membrane density.

    Parameters
    ----------
    examples
        Crops with the row of their cell.
    cells
        The table that the rows point into.
    mpp_yx_um
        Micrometres per level-0 pixel, ``(y, x)``.
    """
    if not examples:
        return []
    examples = tuple(_trimmed(example, mpp_yx_um) for example in examples)
    chosen = cells.take(np.array([example.row for example in examples], np.int64))
    nuclei = contour_vertices(chosen.nucleus_radii, chosen.y_px, chosen.x_px, mpp_yx_um)
    membranes = contour_vertices(chosen.cell_radii, chosen.y_px, chosen.x_px, mpp_yx_um)
    pictures = []
    for i, example in enumerate(examples):
        # The anchor is a pixel; its middle lies half a pixel into the crop's coordinates.
        corner = np.array([example.y_px - 0.5, example.x_px - 0.5])
        code = int(chosen.pattern[i])
        pictures.append(
            CellPicture(
                data=jpeg_data(example.rgb, quality=CELL_QUALITY),
                width=example.rgb.shape[1],
                height=example.rgb.shape[0],
                nucleus=_points(nuclei[i] - corner),
                membrane=_points(membranes[i] - corner),
                pattern=None if code == UNGRADED else PATTERNS[code],
                grade=int(chosen.grade[i]),
                membrane_od=float(chosen.membrane_od[i]),
                completeness=float(chosen.completeness[i]),
            )
        )
    return sorted(pictures, key=_order)


def _trimmed(example: Example, mpp_yx_um: tuple[float, float]) -> Example:
    """Cut a wide crop down to ``CELL_VIEW_UM`` around its middle."""
    size = np.array(example.rgb.shape[:2])
    view = np.minimum(size, np.rint(CELL_VIEW_UM / np.asarray(mpp_yx_um)).astype(int))
    y, x = ((size - view) // 2).tolist()
    rgb = example.rgb[y : y + view[0], x : x + view[1]]
    return replace(example, rgb=rgb, y_px=example.y_px + y, x_px=example.x_px + x)


def _order(picture: CellPicture) -> tuple[int, int, float]:
    code = UNGRADED if picture.pattern is None else PATTERNS.index(picture.pattern)
    return picture.grade, code, float(np.nan_to_num(picture.membrane_od, nan=-1.0))


def _points(vertices_yx: NDArray[np.float64]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for y, x in vertices_yx.tolist())
