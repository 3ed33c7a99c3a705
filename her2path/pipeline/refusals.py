"""When there is no tissue that could be scored: none where it was asked for, or none that is left."""

from her2path.errors import NotEvaluableError
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas
from her2path.pipeline.survey import mask_area_mm2


def refuse_beside_tissue(areas: Areas) -> None:
    """Raise where no tissue was asked for.

    Raises
    ------
    NotEvaluableError
        ``NO_TISSUE_IN_REGION``.
    """
    if not areas.requested.any():
        raise NotEvaluableError(
            "NO_TISSUE_IN_REGION",
            "no tissue lies in the regions to include; check that they were drawn on this slide, and that "
            "not all of them are of a class that is never scored (in situ, control, normal)",
        )


def refuse_nothing_left(areas: Areas, downsample: int, pixel_size: PixelSize) -> None:
    """Raise where all that was asked for has been left out.

    Parameters
    ----------
    areas, downsample
        On the survey grid, of so many level-0 pixels a pixel.
    pixel_size
        Of level 0.

    Raises
    ------
    NotEvaluableError
        ``ONLY_CONTROL`` where there is control tissue, else ``NOTHING_LEFT``.
    """
    if areas.analysed.any():
        return
    if areas.controls is not None and areas.controls.any():
        raise NotEvaluableError(
            "ONLY_CONTROL",
            "only control tissue was found, which is never scored; "
            "give the slide with the tumour, or check which regions are of a control class",
        )
    out = {**areas.excluded, "unreadable": areas.unreadable}
    reasons = ", ".join(
        f"{reason} {mask_area_mm2(mask, downsample, pixel_size):.2f} mm²"
        for reason, mask in out.items()
        if mask.any()
    )
    raise NotEvaluableError(
        "NOTHING_LEFT",
        f"all of the tissue was left out ({reasons}); look at the overview, and scan or cut the slide again; "
        "a reason that is mistaken can be named under leave_in in a recipe",
    )
