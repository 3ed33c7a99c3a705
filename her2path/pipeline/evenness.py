"""Whether a slide is stained alike everywhere: along its border, from side to side, and inwards."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from her2path.cells.table import CellTable
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas, at_cells
from her2path.quality.edge import edge_depth_um, edge_effect, edge_flags
from her2path.quality.gradient import gradient_flags, zone_depth_um
from her2path.quality.in_situ import hollow_nests, in_situ_flags
from her2path.quality.trend import staining_trends


@dataclass(frozen=True, eq=False)
class Evenness:
    """As it stands in score.json; None where there are too few cells to tell."""

    edge: Mapping[str, Any] | None
    trends: tuple[Mapping[str, Any], ...]
    flags: tuple[Flag, ...]


def look_at_evenness(
    cells: CellTable, areas: Areas, downsample: int, pixel_size: PixelSize, *, is_core: bool
) -> Evenness:
    """Compare the counted cells of one part of the tissue with those of another.

    Parameters
    ----------
    cells
        Settled and graded.
    areas
        On the survey grid.
    downsample
        Of that grid.
    pixel_size
        Of level 0.
    is_core
        Whether the tissue is a core of an array, most of which is border.
    """
    mpp_um = downsample * pixel_size.mean_um
    edge_um, zone_um = (
        at_cells(depth_um(areas.tissue, mpp_um), cells, downsample)
        for depth_um in (edge_depth_um, zone_depth_um)
    )
    edge = edge_effect(cells, edge_um, pixel_size)
    trends = staining_trends(cells, zone_um, pixel_size)
    return Evenness(
        edge=None if edge is None else asdict(edge),
        trends=tuple(asdict(trend) for trend in trends),
        flags=(
            *edge_flags(edge),
            *gradient_flags(trends, is_core=is_core),
            *in_situ_flags(hollow_nests(cells, pixel_size)),
        ),
    )
