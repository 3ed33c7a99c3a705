"""``her2path doctor``: whether this installation can score a slide."""

import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from her2path.errors import Her2pathError

FREE_GB = 2.0


def run_doctor() -> int:
    """Run every check, print a line for each; give 0 if all passed, else 1."""
    console = Console(highlight=False, soft_wrap=True)
    passed = True
    for name, check in CHECKS.items():
        try:
            detail, good = check(), True
        except (Her2pathError, ImportError, OSError, AssertionError) as error:
            detail, good = str(error), False
        passed &= good
        console.print(f"{'ok  ' if good else 'FAIL'} {name:<14}{detail}", markup=False)
    return 0 if passed else 1


def _libraries() -> str:
    names = (
        "numpy",
        "opencv-python-headless",
        "openslide-python",
        "openslide-bin",
        "tifffile",
        "imagecodecs",
    )
    return ", ".join(f"{name} {version(name)}" for name in names)


def _engine() -> str:
    """Say which engine ``auto`` takes, and what another would need."""
    from her2path.segment.build import build_segmenter, lacking_for_cnn

    segmenter = build_segmenter("auto", "auto")
    if segmenter.weights is None:
        return f"{segmenter.name}; for cnn: {lacking_for_cnn()}"
    return f"{segmenter.name} ({segmenter.weights.name}) on {segmenter.device}"


def _rulebooks() -> str:
    from her2path.store.recipes import list_rulebooks

    return ", ".join(rulebook.id for rulebook in list_rulebooks())


def _golden() -> str:
    """Score a small drawn slide whose answer is known."""
    import numpy as np

    from her2path.phantom import PhantomSpec, write_phantoms
    from her2path.pipeline.slide import SlideRequest, score_slide
    from her2path.runners.threads import ThreadRunner
    from her2path.segment.build import build_segmenter
    from her2path.store.recipes import load_recipe

    with tempfile.TemporaryDirectory() as folder:
        spec = PhantomSpec.model_validate({"slides": [GOLDEN]})
        (path,) = write_phantoms(spec, Path(folder))
        recipe = load_recipe()
        segmenter = build_segmenter(recipe.engine, "auto")
        first, second = (
            score_slide(SlideRequest("golden", path), recipe, segmenter, ThreadRunner(workers))
            for workers in (1, 2)
        )
    found = first.score["score"]
    if found != GOLDEN_SCORE:
        raise Her2pathError(f"a drawn {GOLDEN_SCORE} slide was scored {found}; reinstall the pinned versions")
    if not first.cells.equals(second.cells) or not np.isfinite(first.score["h_score"]):
        raise Her2pathError("one and two workers gave different cells; reinstall the pinned versions")
    return f"a drawn {GOLDEN_SCORE} slide is scored {found}, with one worker and with two"


def _disk() -> str:
    free_gb = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    if free_gb < FREE_GB:
        raise OSError(f"{free_gb:.1f} GB free for temporary files; {FREE_GB:g} are needed")
    return f"{free_gb:.0f} GB free for temporary files"


def _cores() -> str:
    return f"{os.cpu_count()} cores"


GOLDEN_SCORE = "3+"
GOLDEN = {
    "name": "golden",
    "size_px": [1280, 1280],
    "seed": 7,
    "category": "IHC3",
    "patterns": {"N": 0.2, "SC": 0.8},
}

CHECKS: dict[str, Callable[[], str]] = {
    "libraries": _libraries,
    "rulebooks": _rulebooks,
    "engine": _engine,
    "cores": _cores,
    "disk": _disk,
    "golden slide": _golden,
}
