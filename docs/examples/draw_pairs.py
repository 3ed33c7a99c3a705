"""Draw the scores of pairs.csv: made-up slides, readers and dates, always the same ones.

``python docs/examples/draw_pairs.py`` writes the table beside this file.
"""

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np

SEED = 5
N = 100
TABLE = Path(__file__).with_name("pairs.csv")
SPELT = (("0 (null)", "0 (ultralow)", "1+", "2+", "3+"), ("null", "ultralow", "1", "2", "3"),
         ("HER2-null", "HER2-ultralow", "IHC 1+", "IHC 2+", "IHC 3+"))  # fmt: skip
CUTS_PERCENT = (0.4, 9.0, 30.0, 62.0)
"""Where a made-up reader cuts a made-up percentage of stained cells; no rule of any guideline."""


def draw_rows() -> list[dict[str, str]]:
    """Give the rows of the table, one a slide."""
    rng = np.random.default_rng(SEED)
    stained = np.clip(100 * rng.beta(0.55, 1.1, N), 0.05, 98)
    rows: list[dict[str, str]] = []
    days = sorted(rng.integers(0, 330, N).tolist())
    # The second reader leans to 1+, the third errs more: what the page is to find.
    readers = [_read(stained, rng, lean, spread) for lean, spread in ((1.0, 0.16), (1.35, 0.2), (0.95, 0.42))]
    measured = [np.clip(stained * rng.lognormal(0.0, spread, N), 0, 100) for spread in (0.1, 0.16)]
    amplified = rng.random(N) < np.where(stained > CUTS_PERCENT[3], 0.97, np.where(stained > 45, 0.3, 0.05))
    for place in range(N):
        classes = [int(reader[place]) for reader in readers]
        tested = 3 in classes and place % 17 != 0
        rows.append(
            {
                "slide_id": f"S-{place + 1:03}",
                "case_id": f"P-{place - (place % 12 == 5) + 1:03}",
                "site": ("north", "south", "west")[int(rng.integers(3))],
                "date": (date(2026, 1, 5) + timedelta(days=days[place])).isoformat(),
                "ish": ("positive" if amplified[place] else "negative") if tested else "",
                **{
                    f"reader_{number + 1}": spelt[found]
                    for number, (spelt, found) in enumerate(zip(SPELT, classes, strict=True))
                },
                "percent_a": f"{measured[0][place]:.1f}",
                "percent_b": f"{measured[1][place] + 1.5:.1f}",
            }
        )
    # What occurs in every real table: a slide not read, and texts that may be two things.
    rows[11]["reader_2"] = ""
    rows[40]["reader_3"] = "low"
    rows[73]["reader_3"] = "1-2+"
    return rows


def _read(stained: np.ndarray, rng: np.random.Generator, lean: float, spread: float) -> np.ndarray:
    return np.searchsorted(CUTS_PERCENT, stained * lean * rng.lognormal(0.0, spread, len(stained)))


if __name__ == "__main__":
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        drawn = draw_rows()
        writer = csv.DictWriter(file, list(drawn[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(drawn)
