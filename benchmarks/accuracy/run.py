"""Draw phantoms, score them, and compare the cells found with the cells drawn.

    python benchmarks/accuracy/run.py ['unseen-*'] [--keep DIR]

Runs ``her2path phantom`` for every recipe of ``benchmarks/accuracy/phantoms/`` whose name matches, then
``her2path score``, then ``compare.py``. The ``dev-*`` were looked at while the program was made; figures that
are quoted come from the ``unseen-*``.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def run(pattern: str, folder: Path) -> int:
    """Leave the slides in ``folder/slides`` and the results in ``folder/out``; give the exit code."""
    recipes = sorted((HERE / "phantoms").glob(f"{pattern}.toml"))
    if not recipes:
        print(f"no recipe in {HERE / 'phantoms'} matches {pattern!r}", file=sys.stderr)
        return 2
    her2path = (sys.executable, "-m", "her2path")
    slides, out = folder / "slides", folder / "out"
    for recipe in recipes:
        subprocess.run([*her2path, "phantom", recipe, "--out", slides], check=True, stdout=subprocess.DEVNULL)
    drawn = [slides / f"{recipe.stem}.svs" for recipe in recipes]
    subprocess.run([*her2path, "score", *drawn, "--out", out, "--overwrite", "--quiet"], check=True)
    return subprocess.run([sys.executable, HERE / "compare.py", slides, out], check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pattern", nargs="?", default="unseen-*", help="names of recipes, without .toml")
    parser.add_argument("--keep", type=Path, help="leave slides and results in this folder, a new one")
    options = parser.parse_args()
    if options.keep:
        return run(options.pattern, options.keep)
    with tempfile.TemporaryDirectory() as folder:
        return run(options.pattern, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
