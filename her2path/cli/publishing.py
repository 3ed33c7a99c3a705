"""From a scored slide to its folder: the page, the small picture, the files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from her2path.export.slide_files import GEOJSON_FILE, publish
from her2path.pipeline.result import ScoredSlide
from her2path.report.document import render_report
from her2path.report.thumbnail import render_thumbnail


def publisher(*, geojson: bool) -> Callable[[ScoredSlide, Path], None]:
    """Give what draws the page of a slide and writes its folder."""

    def write(scored: ScoredSlide, folder: Path) -> None:
        publish(
            scored,
            folder,
            report_html=partial(render_report, scored),
            thumbnail_jpg=render_thumbnail(scored),
            geojson=geojson,
        )

    return write


def extra_files(*, geojson: bool) -> tuple[str, ...]:
    """Name the files that a result must hold beside the usual ones."""
    return (GEOJSON_FILE,) if geojson else ()
