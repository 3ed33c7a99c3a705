"""A slide drawn block by block: pixels on the way out, contour sums into the tally."""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from her2path.arrays import Rgb8
from her2path.phantom.optics import displaced, scan_strips, scanner_of
from her2path.phantom.plan import CellPlan
from her2path.phantom.render import HALO_UM, Drawn, draw
from her2path.phantom.scanner import expose
from her2path.phantom.spec import SlideSpec
from her2path.phantom.texture import READ_PX
from her2path.phantom.tissue import TissueMap
from her2path.phantom.truth import Tally
from her2path.phantom.view import View, make_textures

FINEST_MPP_UM = 0.3
"""A coarser slide is drawn at a whole fraction of its pixel size and averaged: thin lines must not alias."""


class Painter:
    """Draws any block of a slide; the pixels do not depend on how the slide is cut.

    Parameters
    ----------
    spec, tissue, plan
        The slide, its maps and its cells.
    rng
        Source of the textures.
    stained_od
        A membrane counts as stained from here.
    """

    def __init__(
        self, spec: SlideSpec, tissue: TissueMap, plan: CellPlan, rng: Generator, *, stained_od: float
    ) -> None:
        self._factor = int(np.ceil(spec.mpp / FINEST_MPP_UM))
        self.mpp_um = spec.mpp / self._factor
        """Pixel size of drawing."""

        self.tally = Tally(len(plan))
        """What was drawn so far along every contour."""

        self._spec, self._tissue, self._plan, self._stained_od = spec, tissue, plan, stained_od
        self._textures = make_textures(rng, self.mpp_um)
        self._tree = cKDTree(np.stack([plan.y_um, plan.x_um], axis=1))
        self._scanner, self._strips = scanner_of(spec), scan_strips(spec)
        off_um = (self._strips.widest_px - 1) * spec.mpp
        self._halo_px = int(np.ceil((HALO_UM + max(0.0, off_um)) / self.mpp_um))

    @property
    def block_px(self) -> int:
        """Largest block at level 0 that can be drawn at once."""
        return (READ_PX - 2 * self._halo_px) // self._factor

    def paint(self, y_px: int, x_px: int, height_px: int, width_px: int) -> Rgb8:
        """Draw a block of level 0, and add its cells to the tally; draw each pixel once."""
        y, x, height, width = (value * self._factor for value in (y_px, x_px, height_px, width_px))
        halo = self._halo_px
        view = View(y - halo, x - halo, height + 2 * halo, width + 2 * halo, self.mpp_um, self._textures)
        middle_um = ((y + height / 2) * self.mpp_um, (x + width / 2) * self.mpp_um)
        # Nothing whose middle lies outside the window by more than a cell can be seen in it.
        reach_um = max(view.shape) / 2 * self.mpp_um + 12
        rows = np.sort(np.asarray(self._tree.query_ball_point(middle_um, reach_um, p=np.inf), np.int64))
        drawn = draw(
            view,
            self._plan.take(rows),
            spec=self._spec,
            tissue=self._tissue,
            scanner=self._scanner,
        )
        self._count(drawn, view, rows)
        return self._expose(drawn, view)

    def _count(self, drawn: Drawn, view: View, rows: NDArray[np.int64]) -> None:
        """Add what lies inside the halo to the tally."""
        halo, shapes = self._halo_px, drawn.shapes
        core = np.zeros(view.shape, bool)
        core[halo:-halo, halo:-halo] = True
        mine = core.ravel()[shapes.edge]
        self.tally.add_contour(
            rows[shapes.cell.ravel()[shapes.edge[mine]]], drawn.crest_od[mine], self._stained_od
        )
        self.tally.add_nucleus(rows[shapes.cell[drawn.nucleus & core]])

    def _expose(self, drawn: Drawn, view: View) -> Rgb8:
        # Three far places of one texture are the noise of the three channels. Averaging to level 0 takes from
        # it, so a finer drawing gets more.
        noise = np.stack([view.read(view.textures.sensor, 331 * c) for c in range(3)], axis=-1) * self._factor
        at = (view.y_px, view.x_px, view.height_px, view.width_px, self.mpp_um)
        defocus, glass = None, self._tissue.glass
        if self._spec.confounders.blurred:
            defocus = self._tissue.block(self._tissue.defocus, *at)
        if glass.is_soft:
            soft = glass.softness(*at)
            defocus = soft if defocus is None else np.maximum(defocus, soft)
        level0_row = np.arange(view.y_px, view.y_px + view.height_px, dtype=np.int64) // self._factor
        strip = self._strips.of_rows(level0_row)
        rgb = expose(
            drawn.densities,
            scanner=self._scanner,
            mpp_um=self.mpp_um,
            noise=np.asarray(noise, np.float32),
            defocus=defocus,
            foreign_od=drawn.foreign_od,
            smear_px=self._strips.smear_px[strip] * self._factor if self._strips.is_smeared else None,
        )
        rgb = displaced(rgb, self._strips.shift_px[strip] * self._factor, self._halo_px)
        if self._factor == 1:
            return rgb
        size = (rgb.shape[1] // self._factor, rgb.shape[0] // self._factor)
        return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
