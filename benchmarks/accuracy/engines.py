"""Who reads the slides: the engines of the program, and the plain recipe beside them."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PEER = Path(__file__).parents[1] / "peers" / "plain.py"

ENGINES = ("classical", "cnn", "plain")
"""``plain`` is what a few calls of scikit-image give; the others are ``her2path score --engine``."""

UNUSABLE = 2
"""Exit code of both commands where nothing was started."""

SCORE_FILE = "score.json"


def read_slides(
    engine: str,
    slides: Sequence[Path],
    out: Path,
    *,
    mpp_um: float | None = None,
    options: Sequence[str] = (),
) -> bool:
    """Have an engine read slides, one worker, and leave ``out/NAME/cells.parquet`` and ``score.json``.

    Parameters
    ----------
    engine
        One of ``ENGINES``.
    slides
        Paths of slides.
    out
        Folder of the results; what is there of the same slides is done again.
    mpp_um
        Pixel size, for images that do not tell it.
    options
        More of ``her2path score``; the plain recipe knows none of them.

    Returns
    -------
    bool
        False where the engine is not to be had; why stands on the screen.

    Raises
    ------
    RuntimeError
        If a slide is left without a result.
    """
    results = [out / slide.stem / SCORE_FILE for slide in slides]
    for result in results:
        result.unlink(missing_ok=True)  # what an earlier call left is not this one's
    plain = [sys.executable, str(PEER)]
    program = [
        *(sys.executable, "-m", "her2path", "score", "--engine", engine),
        *("--workers", "1", "--overwrite", "--quiet", *options),
    ]
    command = [*(plain if engine == "plain" else program), *map(str, slides), "--out", str(out)]
    if mpp_um is not None:
        command += ["--mpp", str(mpp_um)]
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == UNUSABLE:
        return False
    if missing := [result.parent.name for result in results if not result.exists()]:
        raise RuntimeError(f"{engine} left no result for {', '.join(missing)}; see above")
    return True


def score_of(result_dir: Path) -> dict[str, Any]:
    """Content of score.json."""
    return json.loads((result_dir / SCORE_FILE).read_text())
