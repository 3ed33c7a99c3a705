"""What a synthetic slide must come out as: in all, in its control, core by core."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from her2path.arrays import Bools
from her2path.phantom.arrangement import core_at, core_labels, core_middles_um
from her2path.phantom.optics import seen_at_um, spoilt
from her2path.phantom.plan import CellPlan
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap
from her2path.phantom.truth import OBSCURED, SCORES, category_of, fractions_of
from her2path.scoring.cascade import presence_gate
from her2path.scoring.settings import Statistics


def obscured_cells(spec: SlideSpec, tissue: TissueMap, plan: CellPlan) -> Bools:
    """Whether no reader would judge the cells of a plan: blurred, covered, cut, or in no stain for HER2."""
    y_um, x_um = plan.nucleus_y_um, plan.nucleus_x_um
    blurred = tissue.at(tissue.defocus, y_um, x_um) > OBSCURED
    covered = (tissue.at(tissue.pen, y_um, x_um) > -5) | tissue.glass.covers(y_um, x_um)
    return np.asarray(blurred | covered | spoilt(spec, y_um) | (spec.stain != "h-dab"))


def control_cells(tissue: TissueMap, plan: CellPlan) -> Bools:
    """Whether cells of a plan lie in a piece of control tissue."""
    return np.asarray(tissue.at(tissue.control, plan.nucleus_y_um, plan.nucleus_x_um) > -5)


def score_of(cells: pa.Table) -> dict[str, Any]:
    """Score, category, fractions and number of rows of a table of tumour cells."""
    fractions, n = fractions_of(cells), len(cells)
    category = category_of(fractions, n, present_from=float(presence_gate(n, Statistics())))
    return {"score": SCORES[category], "category": category, "fractions": fractions, "n_cells": n}


def account_of(spec: SlideSpec, table: pa.Table) -> dict[str, Any]:
    """Say what a slide and its parts must come out as.

    Parameters
    ----------
    spec
        The slide.
    table
        Its cells, as ``truth_table`` gives them.

    Returns
    -------
    dict
        What ``score_of`` gives for the counted cells, all null where the stain is none for HER2; under
        ``control`` and ``cores`` that of the parts, where there are such.
    """
    account = score_of(table.filter(pc.field("counted")))
    if spec.stain != "h-dab":
        account |= {"score": None, "category": None, "fractions": None}
    if spec.tissue.control != "none":
        graded = table.filter(pc.field("in_control") & pc.is_valid(pc.field("pattern")))
        account["control"] = {"asked": spec.tissue.control, **score_of(graded)}
    if spec.tissue.shape == "array":
        account["cores"] = _cores(spec, table)
    return account


def _cores(spec: SlideSpec, table: pa.Table) -> list[dict[str, Any]]:
    """Each core of an array: where it belongs, what became of it, its score; null where nothing is left."""
    y_um, x_um = (table[name].to_numpy() * spec.mpp for name in ("y_px", "x_px"))
    core, counted = core_at(spec, y_um, x_um), table["counted"].to_numpy()
    middles_um = core_middles_um(spec)
    states = dict.fromkeys(spec.tissue.broken, "broken") | dict.fromkeys(spec.tissue.missing, "missing")
    cores = []
    for index, label in enumerate(core_labels(spec.tissue)):
        known = score_of(table.filter(pa.array((core == index) & counted)))
        if not known["n_cells"]:
            known |= {"score": None, "category": None, "fractions": None}
        y_px, x_px = (round(um / spec.mpp) for um in middles_um[index].tolist())
        cores.append(
            {"label": label, "state": states.get(label, "whole"), "y_px": y_px, "x_px": x_px, **known}
        )
    return cores


def as_seen(spec: SlideSpec, plan: CellPlan) -> CellPlan:
    """Give a plan with nuclei where the scan shows them."""
    if not spec.confounders.seam_um:
        return plan
    return replace(plan, nucleus_x_um=seen_at_um(spec, plan.nucleus_y_um, plan.nucleus_x_um))
