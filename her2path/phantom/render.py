"""One window of a slide: densities of every stain, and what the truth is made of."""

from dataclasses import dataclass

import numpy as np

from her2path.arrays import Floats, Mask
from her2path.phantom.artefacts import draw_artefacts
from her2path.phantom.ground import draw_confounders, draw_cytoplasm, draw_stroma, read_ground
from her2path.phantom.nuclei import draw_nuclei
from her2path.phantom.overlay import draw_on_glass
from her2path.phantom.plan import CellPlan
from her2path.phantom.scanner import Scanner
from her2path.phantom.shapes import Shapes, draw_shapes
from her2path.phantom.spec import SlideSpec
from her2path.phantom.stain import crest_density, draw_membranes
from her2path.phantom.tissue import TissueMap
from her2path.phantom.view import View
from her2path.phantom.wear import clear_for_blood, draw_bundles, draw_crush, guest_od, lose_stain

HALO_UM = 28.0
"""Beyond a block: the reach of a cell, half its spine, and the reach of the optics."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A drawn window."""

    densities: Floats
    """``(y, x, 5)`` haematoxylin, DAB, eosinophilic, neutral, pen."""

    shapes: Shapes
    crest_od: Floats
    """True density of the membrane at ``shapes.edge``."""

    nucleus: Mask
    """``(y, x)``: inside the nucleus of the cell of that pixel."""

    foreign_od: Floats | None
    """``(y, x, 3)`` red, green, blue densities of what is no stain, below 0 where glass gathers light; None
    where nothing foreign can be seen."""


def draw(view: View, plan: CellPlan, *, spec: SlideSpec, tissue: TissueMap, scanner: Scanner) -> Drawn:
    """Draw a window of a slide.

    Parameters
    ----------
    view
        The window; what lies within ``HALO_UM`` of its border is not right.
    plan
        Cells that can reach the window.
    spec, tissue
        The slide.
    scanner
        That it will be looked at through: membranes are drawn as dark as it must find them.
    """
    warp = (
        np.asarray(view.read(view.textures.wave_y) / view.mpp_um, np.float32),
        np.asarray(view.read(view.textures.wave_x) / view.mpp_um, np.float32),
    )
    ground = read_ground(view, tissue, warp)
    shapes = draw_shapes(plan, view, warp=warp, outside=ground.outside)
    crest_od = crest_density(plan, shapes, view)
    densities = np.zeros((*view.shape, 5), np.float32)
    draw_stroma(densities, view, shapes, ground, spec)
    if spec.confounders.nerve or spec.confounders.vessels_muscle:
        draw_bundles(densities, view, tissue)
    draw_cytoplasm(densities, view, shapes, plan, ground, spec)
    nucleus = draw_nuclei(densities, view, shapes, plan, spec.tumour)
    draw_membranes(densities, view, shapes, crest_od, scanner=scanner, pixel_um=spec.mpp)
    if spec.confounders.haemorrhage:
        clear_for_blood(densities, view, tissue)
    if spec.confounders.crush:
        draw_crush(densities, view, tissue)
    lose_stain(densities, view, tissue, spec)
    draw_confounders(densities, view, ground, spec)
    draw_artefacts(densities, view, shapes, plan, ground, tissue, spec)
    foreign_od = draw_on_glass(densities, view, tissue.glass, ground)
    if (guests := guest_od(view, shapes, plan, tissue, spec)) is not None:
        foreign_od = guests if foreign_od is None else foreign_od + guests
    np.maximum(densities, 0, out=densities)
    return Drawn(densities, shapes, crest_od, nucleus, foreign_od)
