"""Write the table of speeds in README.md from the results of the last run.

python benchmarks/readme_table.py
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- speed: benchmarks/readme_table.py writes this -->", "<!-- speed: end -->"
NAMES = {
    "floor": "only decoding each JPEG tile once",
    "OpenSlide": "OpenSlide reading what her2path reads",
    "recipe": "a few calls of scikit-image (a sample of the tiles, scaled)",
    "classical": "**her2path, classical engine**",
    "cnn": "**her2path, network**",
}


def table() -> str:
    """Give the lines between the marks."""
    facts = json.loads((HERE / "results" / "slide-dense-16384.json").read_text())
    (result,) = (one for one in facts["results"] if one["workers"] == 2)
    machine = facts["hardware"]
    lines = [
        f"One slide of 16 384 × 16 384 px, {facts['tissue_mm2']:.1f} mm² of tissue from edge to edge, from "
        f"file to report; two workers on {machine['cores']} cores ({machine['cpu']}), no GPU, medians of "
        f"{facts['repeats']} interleaved runs:",
        "",
        "| | seconds | Mpx/s | × OpenSlide reading | peak memory |",
        "|---|---|---|---|---|",
    ]
    reading = result["runs"]["OpenSlide"]["seconds"]
    for way, name in NAMES.items():
        run = result["runs"][way]
        lines.append(
            f"| {name} | {run['seconds']:.1f} | {facts['level0_mpx'] / run['seconds']:.0f} | "
            f"{reading / run['seconds']:.2f} | {run['peak_mb']:.0f} MB |"
        )
    scaling = HERE / "results" / "scaling.json"
    if scaling.exists():
        lines += ["", *map(_growth, json.loads(scaling.read_text())["results"])]
    return "\n".join(lines)


def _growth(facts: dict) -> str:
    first, last = facts["by_size"][0], facts["by_size"][-1]
    return (
        f"{facts['engine']}: from {first['edge_px']} to {last['edge_px']} px a side, time grows as the "
        f"pixels to the power of {facts['growth']:.2f}, and the largest slide ({last['cells']:,} cells, "
        f"{last['seconds']:.0f} s) takes {facts['peak_of_largest']:.2f} times the memory of 16 384 px.  "
    )


def main() -> None:
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"README.md has no lines {BEGIN} and {END}")
    README.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
