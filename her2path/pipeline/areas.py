"""What of the tissue is analysed and what is left out, on the survey grid, and which part each cell is in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from her2path.arrays import Ints, Mask
from her2path.cells.table import NOWHERE, CellTable
from her2path.image.fragments import Labels, label_fragments
from her2path.image.geometry import PixelSize
from her2path.image.masks import is_light, light
from her2path.pipeline.region_classes import RegionClasses, sort_by_meaning
from her2path.pipeline.survey import Survey, mask_area_mm2
from her2path.store.raster import region_mask
from her2path.store.regions import Outline

Value = TypeVar("Value", bound=np.generic)

MOST_OF_FRAGMENT = 0.5
"""Of a fragment that control shapes cover, from which all of it is control tissue: a section is tumour or
control, and the two are laid apart on the glass."""


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

    controls: Labels | None = None
    """Number of the control, 0 outside all: control tissue that can be measured, asked for or not; None
    where none was drawn."""

    control_shapes: tuple[Outline, ...] = ()
    """Of the controls from 1."""

    normal: Labels | None = None
    """The same of normal epithelium."""

    normal_shapes: tuple[Outline, ...] = ()

    @cached_property
    def analysed(self) -> Mask:
        """Requested, readable and not excluded: what is scored; read-only."""
        left = self.requested & ~self.unreadable
        for mask in self.excluded.values():
            if not is_light(mask):
                left &= ~mask
        left.setflags(write=False)
        return left

    @property
    def apart(self) -> Mask:
        """What is measured beside the score: control tissue and normal epithelium."""
        mask = np.zeros_like(self.tissue)
        for labels in (self.controls, self.normal):
            if labels is not None:
                mask |= labels > 0
        return mask

    @property
    def measured(self) -> Mask:
        """Where cells are looked for: what is scored and what is measured apart."""
        return self.analysed | self.apart

    def without(self, masks: Mapping[str, Mask]) -> "Areas":
        """Leave out more, of what is analysed and of what is measured apart.

        A pixel with two reasons counts for the first.
        """
        excluded, left, spoilt = dict(self.excluded), self.analysed.copy(), np.zeros_like(self.tissue)
        for reason, mask in masks.items():
            excluded[reason] = light(left & mask)
            left &= ~mask
            spoilt |= mask
        return replace(self._spoilt(spoilt), excluded=excluded)

    def without_unreadable(self, mask: Mask) -> "Areas":
        """Leave out what turned out not to be readable."""
        return replace(self._spoilt(mask), unreadable=light(self.unreadable | (self.analysed & mask)))

    def _spoilt(self, mask: Mask) -> "Areas":
        def clean(labels: Labels | None) -> Labels | None:
            return None if labels is None else np.where(mask, 0, labels).astype(labels.dtype)

        return replace(self, controls=clean(self.controls), normal=clean(self.normal))

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
    control_classes: Sequence[str] = (),
    normal_classes: Sequence[str] = (),
    leave_in: Collection[str] = (),
) -> Areas:
    """Draw the regions on the tissue.

    A shape of one of the classes is left out of the score whichever file it stands in: a file of every
    annotation of a slide may be given to include.

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
    in_situ_classes, control_classes, normal_classes
        Names of the classes that are no invasive tumour.
    leave_in
        What lies on the glass and is not to be left out, by reason.

    Returns
    -------
    Areas
        Every reason of ``excluded`` holds what no reason before it has.
    """
    tissue, shape = survey.tissue.tissue, survey.tissue.tissue.shape
    classes = RegionClasses(in_situ_classes, control_classes, normal_classes)

    def draw(outlines: Sequence[Outline]) -> Labels:
        return label_regions(outlines, shape, survey.downsample)

    fragments = label_fragments(tissue, survey.downsample**2 * pixel_size.area_um2 * 1e-6)
    everything = sort_by_meaning((*(include or ()), *exclude), classes)
    in_situ, normal = draw(everything["in_situ"]) > 0, draw(everything["normal"]) * tissue
    requested, regions = tissue, None
    names: tuple[str, ...] = ()
    if include is not None:
        wanted = sort_by_meaning(include, classes)["plain"]
        regions = draw(wanted)
        requested, names = tissue & (regions > 0), tuple(one.label for one in wanted)
    by_hand = draw(sort_by_meaning(exclude, classes)["plain"]) > 0
    free = ~in_situ & ~by_hand & (normal == 0) & (True if regions is None else regions == 0)
    controls = _whole_fragments(draw(everything["control"]) * tissue, fragments, free)
    on_glass = {reason: mask for reason, mask in survey.on_glass.items() if reason not in leave_in}
    excluded, left = {}, requested.copy()
    for reason, mask in (
        ("in_situ", in_situ),
        ("control", controls > 0),
        ("normal", normal > 0),
        ("region", by_hand),
        *on_glass.items(),
    ):
        excluded[reason] = light(left & mask)
        left &= ~mask
    unreadable = light(left & survey.unreadable)
    if not survey.stain.is_scorable:
        excluded["not_ihc"] = left & ~unreadable
    return Areas(
        tissue=tissue,
        requested=requested,
        excluded=excluded,
        unreadable=unreadable,
        fragments=fragments,
        regions=regions,
        region_names=names,
        controls=controls if everything["control"] else None,
        control_shapes=everything["control"],
        normal=np.where(controls > 0, 0, normal).astype(normal.dtype) if everything["normal"] else None,
        normal_shapes=everything["normal"],
    )._spoilt(np.logical_or.reduce([in_situ, survey.unreadable, *on_glass.values()]))


def _whole_fragments(controls: Labels, fragments: Labels, free: Mask) -> Labels:
    """Give the rest of a fragment to the control that covers ``MOST_OF_FRAGMENT`` of it.

    An outline is seldom drawn to the edge, and the strip that is left over is no tumour.
    """
    n = int(controls.max()) + 1
    if n == 1:
        return controls
    pairs = fragments.astype(np.int64) * n + controls
    area = np.bincount(pairs.ravel(), minlength=n * (int(fragments.max()) + 1)).reshape(-1, n)
    area[0] = 0  # the glass
    by_control = area[:, 1:]
    covered = by_control.sum(axis=1) > MOST_OF_FRAGMENT * area.sum(axis=1)
    owner = np.where(covered, by_control.argmax(axis=1) + 1, 0)
    whole: Labels = np.where((controls == 0) & free, owner[fragments], controls).astype(controls.dtype)
    return whole


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


def with_places(cells: CellTable, areas: Areas, downsample: int) -> CellTable:
    """Write into the table in which fragment and in which region each cell lies."""

    def numbers(labels: Labels) -> Ints:
        found = at_cells(labels, cells, downsample).astype(np.int32)
        return np.where(found == 0, NOWHERE, found).astype(np.int32)

    placed = replace(cells, fragment=numbers(areas.fragments))
    return placed if areas.regions is None else replace(placed, region=numbers(areas.regions))


def at_cells(plane: NDArray[Value], cells: CellTable, downsample: int) -> NDArray[Value]:
    """Look up what a plane holds at each cell.

    Parameters
    ----------
    plane
        ``(y, x)``: labels, a mask, distances; one pixel for ``downsample`` × ``downsample`` level-0 pixels.
    cells
        ``n`` cells; one beyond the plane reads the nearest pixel.
    downsample
        Of the plane.

    Returns
    -------
    NDArray
        ``(n,)``, of the type of the plane.
    """
    rows = np.clip(cells.y_px // downsample, 0, plane.shape[0] - 1)
    columns = np.clip(cells.x_px // downsample, 0, plane.shape[1] - 1)
    return plane[rows, columns]
