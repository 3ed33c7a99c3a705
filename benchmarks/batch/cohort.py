"""Draw a cohort of small slides of every score, and beside them slides that no program can score.

    python benchmarks/batch/cohort.py FOLDER --slides 288 --bad 12

writes the slides, ``manifest.csv``, and ``expected.csv``: what must become of each. Slides that are there
stay.
"""

import argparse
import csv
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image

from her2path.phantom import PhantomSpec, SlideSpec, write_phantoms

PATTERNS = {
    "0": {"N": 1.0},
    "1+": {"N": 0.45, "FI": 0.40, "FC": 0.10, "WI": 0.05},
    "2+": {"N": 0.30, "FI": 0.10, "WC": 0.50, "MC": 0.10},
    "3+": {"N": 0.10, "WC": 0.10, "SC": 0.80},
}
SCANNERS = ("neutral", "bluish")
EDGE_PX = 1280


def slide(name: str, index: int, **more: object) -> SlideSpec:
    score = tuple(PATTERNS)[index % len(PATTERNS)]
    return SlideSpec.model_validate(
        {
            "name": name,
            "size_px": (EDGE_PX, EDGE_PX),
            "seed": 50_000 + index,
            "scanner": SCANNERS[index // len(PATTERNS) % len(SCANNERS)],
            "patterns": PATTERNS[score],
            "tumour": {"architecture": "nests", "share": 0.6},
            **more,
        }
    )


def draw(spec: SlideSpec, folder: Path) -> None:
    if not (folder / f"{spec.name}.svs").exists():
        write_phantoms(PhantomSpec(slides=(spec,)), folder)


def cut_off(path: Path, source: Path) -> None:
    whole = source.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])


def overwritten(path: Path, source: Path) -> None:
    path.write_bytes(b"\x00" * 4096 + source.read_bytes()[4096:])


def text(path: Path, source: Path) -> None:
    path.write_text("the scanner was busy\n")


def empty(path: Path, source: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path, source: Path) -> None:
    path.mkdir(exist_ok=True)


def missing(path: Path, source: Path) -> None:
    path.unlink(missing_ok=True)


def without_pixel_size(path: Path, source: Path) -> None:
    Image.new("RGB", (EDGE_PX, EDGE_PX), (240, 240, 240)).save(path)


BAD: dict[str, tuple[str, str, Callable[[Path, Path], None] | None]] = {
    "bad-cut-off": ("svs", "failed", cut_off),
    "bad-overwritten": ("svs", "failed", overwritten),
    "bad-text": ("svs", "failed", text),
    "bad-empty": ("svs", "failed", empty),
    "bad-folder": ("svs", "failed", folder),
    "bad-missing-1": ("svs", "failed", missing),
    "bad-missing-2": ("ndpi", "failed", missing),
    "bad-no-pixel-size-1": ("png", "failed", without_pixel_size),
    "bad-no-pixel-size-2": ("tif", "failed", without_pixel_size),
    "bad-he-1": ("svs", "not_evaluable", None),
    "bad-he-2": ("svs", "not_evaluable", None),
    "bad-he-3": ("svs", "not_evaluable", None),
}
"""Name -> ending, what must become of it, how it is made from a good slide; None draws an H&E stain."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slides", type=int, default=288)
    parser.add_argument("--bad", type=int, default=12)
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    good = [slide(f"s{index:03}", index) for index in range(wanted.slides)]
    bad = dict(list(BAD.items())[: wanted.bad])
    he = [slide(name, index, stain="h-e") for index, name in enumerate(bad) if bad[name][2] is None]
    with ProcessPoolExecutor() as pool:
        list(pool.map(draw, [*good, *he], [wanted.folder] * len(good + he)))
    rows = [(f"{spec.name}.svs", "scored") for spec in good]
    for name, (ending, status, make) in bad.items():
        path = wanted.folder / f"{name}.{ending}"
        if make is not None:
            make(path, wanted.folder / "s000.svs")
        rows.append((path.name, status))
    with (wanted.folder / "manifest.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["path", "case_id", "scanner", "block"])
        lines.writerows(
            (name, f"case-{i // 2:03}", SCANNERS[i // len(PATTERNS) % len(SCANNERS)], f"B{i % 7}")
            for i, (name, _) in enumerate(rows)
        )
    with (wanted.folder / "expected.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["slide_id", "status"])
        lines.writerows((Path(name).stem, status) for name, status in rows)
    size = sum(p.stat().st_size for p in wanted.folder.glob("*.svs"))
    print(f"{len(rows)} slides, {size / 1e6:.0f} MB, in {wanted.folder}")


if __name__ == "__main__":
    main()
