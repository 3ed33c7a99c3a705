"""What of the tissue is analysed and what is left out, on the survey grid, and which part each cell is in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from her2path.arrays import Mask
from her2path.cells.table import NOWHERE, CellTable
from her2path.image.fragments import Labels, label_fragments
from her2path.image.geometry import PixelSize
from her2path.pipeline.survey import Survey, mask_area_mm2
from her2path.store.raster import region_mask
from her2path.store.regions import Outline


@dataclass(frozen=True, eq=False)
class Areas:
    """What of the tissue is analysed, as masks on the survey grid."""

    tissue: Mask
    requested: Mask
    excluded: Mapping[str, Mask]
    unreadable: Mask
    fragments: Labels
    """Number of the tissue fragment of each pixel of the tissue; 0 on glass."""

    regions: Labels | None = None
    """Number of the region to include, 0 outside all; None where all tissue was asked for."""

    region_names: tuple[str, ...] = ()
    """Of the regions from 1."""

    @property
    def analysed(self) -> Mask:
        """Requested, readable and not excluded."""
        left_out = self.unreadable.copy()
        for mask in self.excluded.values():
            left_out |= mask
        return self.requested & ~left_out

    def mm2(self, downsample: int, pixel_size: PixelSize) -> dict[str, object]:
        """Areas under the names of score.json."""

        def area(mask: Mask) -> float:
            return mask_area_mm2(mask, downsample, pixel_size)

        return {
            "requested": area(self.requested),
            "tissue": area(self.tissue),
            "analysed": area(self.analysed),
            "unreadable": area(self.unreadable),
            "excluded": {reason: area(mask) for reason, mask in self.excluded.items()},
        }


def find_areas(
    survey: Survey,
    pixel_size: PixelSize,
    *,
    include: Sequence[Outline] | None,
    exclude: Sequence[Outline],
    in_situ_classes: Sequence[str],
) -> Areas:
    """Draw the regions on the tissue.

    A shape of an in-situ class is left out whichever file it stands in: a file of every annotation of a slide
    may be given to include.

    Parameters
    ----------
    survey
        Tissue, ink, and what cannot be read.
    pixel_size
        Of level 0.
    include
        Regions to score; None for all tissue. A pixel in several of them belongs to the smallest, as a
        region drawn inside another is a part of its own.
    exclude
        Regions to leave out.
    in_situ_classes
        Names of the classes that are no invasive tumour.

    Returns
    -------
    Areas
        Every reason of ``excluded`` holds what no reason before it has.
    """
    tissue = survey.tissue.tissue
    in_situ = [one for one in (*(include or ()), *exclude) if is_of_class(one, in_situ_classes)]
    by_hand = [one for one in exclude if not is_of_class(one, in_situ_classes)]
    requested, regions = tissue, None
    names: tuple[str, ...] = ()
    if include is not None:
        wanted = [one for one in include if not is_of_class(one, in_situ_classes)]
        regions = label_regions(wanted, tissue.shape, survey.downsample)
        requested, names = tissue & (regions > 0), tuple(one.label for one in wanted)
    excluded, left = {}, requested.copy()
    for reason, mask in (
        ("in_situ", label_regions(in_situ, tissue.shape, survey.downsample) > 0),
        ("region", label_regions(by_hand, tissue.shape, survey.downsample) > 0),
        ("pen", survey.tissue.pen),
    ):
        excluded[reason] = left & mask
        left &= ~mask
    unreadable = left & survey.unreadable
    if survey.is_eosin:
        excluded["not_ihc"] = left & ~unreadable
    pixel_mm2 = survey.downsample**2 * pixel_size.area_um2 * 1e-6
    fragments = label_fragments(tissue, pixel_mm2)
    return Areas(tissue, requested, excluded, unreadable, fragments, regions, names)


def label_regions(outlines: Sequence[Outline], shape: tuple[int, ...], downsample: int) -> Labels:
    """Draw outlines with their numbers, from 1 in the order given.

    Where some overlap the smallest is on top; of two of one size, the first.

    Parameters
    ----------
    outlines
        In level-0 pixels.
    shape
        ``(y, x)`` of the grid.
    downsample
        Level-0 pixels per pixel of the grid.
    """
    labels = np.zeros(shape, np.min_scalar_type(len(outlines)))
    size = [outline.geometry.area for outline in outlines]
    for k in sorted(range(len(outlines)), key=lambda k: (-size[k], -k)):
        # Only the box around the outline is drawn: a slide may have hundreds.
        left, top, right, bottom = shapely.bounds(outlines[k].geometry) / downsample
        y, x = max(0, int(np.floor(top))), max(0, int(np.floor(left)))
        window = labels[y : max(0, int(np.ceil(bottom))), x : max(0, int(np.ceil(right)))]
        if window.size:
            inside = region_mask(
                [outlines[k].geometry],
                (window.shape[0], window.shape[1]),
                downsample=downsample,
                origin_yx_px=(y * downsample, x * downsample),
            )
            window[inside] = k + 1
    return labels


def is_of_class(outline: Outline, classes: Sequence[str]) -> bool:
    """Whether a shape is of one of the classes, by its class or its own name.

    Capitals, hyphens and spaces do not matter; a derived class of QuPath (``Tumor: DCIS``) is of each of its
    parts.
    """
    known = {_plain(name) for name in classes}
    parts = [_plain(part) for name in (outline.name, outline.title) for part in name.split(":")]
    return not known.isdisjoint(parts)


def _plain(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.casefold().strip()))


def with_places(cells: CellTable, areas: Areas, downsample: int) -> CellTable:
    """Write into the table in which fragment and in which region each cell lies."""
    height, width = areas.tissue.shape
    rows = np.clip(cells.y_px // downsample, 0, height - 1)
    columns = np.clip(cells.x_px // downsample, 0, width - 1)

    def numbers(labels: Labels) -> np.ndarray:
        found = labels[rows, columns].astype(np.int32)
        return np.where(found == 0, NOWHERE, found)

    placed = replace(cells, fragment=numbers(areas.fragments))
    return placed if areas.regions is None else replace(placed, region=numbers(areas.regions))
