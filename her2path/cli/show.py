"""``her2path info``: what is known of a slide."""

from pathlib import Path

from rich.console import Console

from her2path.errors import PixelSizeError, SlideError, UsageError
from her2path.image.geometry import MEMBRANE_MPP_UM, PixelSize
from her2path.slides.open import open_slide


def show_slide(path: Path, mpp: float | None) -> int:
    """Show size, levels and pixel size; give the exit code. Associated images are not read."""
    try:
        if mpp is not None:
            PixelSize(mpp, mpp)
    except PixelSizeError as error:
        raise UsageError(str(error)) from error
    console = Console(highlight=False, soft_wrap=True)
    try:
        slide = open_slide(path, mpp_um=None if mpp is None else (mpp, mpp))
    except SlideError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"her2path: {error}", markup=False)
        return 1
    size = slide.pixel_size
    full = slide.levels[0]
    rows = {
        "file": path.name,
        "reader": type(slide).__name__,
        "size": f"{full.width_px} × {full.height_px} px (width × height), "
        f"{full.width_px * size.x_um / 1000:.2f} × {full.height_px * size.y_um / 1000:.2f} mm",
        "pixel size": f"{size.x_um:g} × {size.y_um:g} µm/px ({slide.pixel_size_source})",
        "objective": "not stated" if slide.objective is None else f"{slide.objective:g}x",
        "levels": ", ".join(
            f"{level.width_px} × {level.height_px} (1:{level.downsample:g})" for level in slide.levels
        ),
    }
    for name, value in rows.items():
        console.print(f"{name:<11}{value}", markup=False)
    if size.mean_um > MEMBRANE_MPP_UM:
        console.print(
            f"coarser than {MEMBRANE_MPP_UM} µm/px: scored with a flag, never tagged null, ultralow or low",
            markup=False,
        )
    return 0
