"""The tables of the guidelines, at and around every cut-off; and a cut-off that moves is noticed.

Cells are per thousand of the invasive tumour, the remainder unstained; one stained cell counts as present.
"""

import copy
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from her2path.cells.table import COLUMNS, CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.errors import ConfigurationError
from her2path.image.geometry import PixelSize
from her2path.scoring.cascade import cluster_suffices, conditions_met, deciding_rule, membership
from her2path.scoring.clusters import group_sizes
from her2path.scoring.rulebook import Rulebook, parse_rulebook
from her2path.scoring.score import score_cells
from her2path.scoring.settings import Statistics
from her2path.scoring.terms import Specimen

RULEBOOKS = {
    path.stem: path for path in sorted((Path(__file__).parents[2] / "configs" / "rulebooks").glob("*.toml"))
}
STATISTICS = Statistics(bootstrap_replicates=100, presence_min_cells=1, min_cells_for_tag=1)
FINE = PixelSize(0.25, 0.25)


@dataclass(frozen=True)
class Row:
    """One row of a table: what is on the slide, and what the rulebook calls it."""

    per_thousand: dict[str, int]
    category: str
    strict: str | None = None
    status: str | None = None
    flags: frozenset[str] = frozenset()
    specimen: Specimen | None = None
    spacing_um: float | None = None
    """Of the stained cells, which stand in lines of ``group``; None: no positions."""

    group: int = 0
    """Stained cells in a line; the lines are far from one another. 0: all in one line."""

    tag: str | None = None


def row(category: str, **more: Any) -> Row:
    options = {name: more.pop(name) for name in list(more) if name in Row.__dataclass_fields__}
    options["flags"] = frozenset(options.get("flags", ()))
    return Row(more, category, **options)


GAP = ("GUIDELINE_GAP",)
U1, U2 = ("U1_STRONG_COMPLETE_LE10",), ("U2_INCOMPLETE_MODERATE_STRONG",)
ALONE = ("ISOLATED_STRONG_CELLS",)

RESECTION = [
    row("IHC0_NULL"),
    row("IHC0_STAINED", FI=99),
    row("IHC1", FI=100),
    row("IHC1", FC=101),
    row("IHC0_STAINED", WI=99),
    row("IHC2", WI=100),
    row("IHC2", MI=50, WC=50),
    row("IHC1", FI=50, WI=50),
    row("IHC0_STAINED", SI=99),
    row("IHC3", SI=100),
    row("IHC3", SC=50, SI=50),
    row("IHC2", SI=50, MI=50),
    row("IHC3", SC=101),
]
BIOPSY = [
    row("IHC0_NULL"),
    row("IHC1", FI=5, spacing_um=22.5),
    row("IHC2", WI=5, spacing_um=22.5),
    row("IHC3", SI=5, spacing_um=22.5),
    row("IHC3", SC=6, spacing_um=22.5),
    row("IHC0_STAINED", FI=4, spacing_um=22.5),
    row("IHC0_STAINED", MC=4, spacing_um=22.5),
    row("IHC0_STAINED", SC=4, spacing_um=22.5, flags=ALONE),
    row("IHC0_STAINED", SC=5, spacing_um=22.75, flags=ALONE),
    row("IHC0_STAINED", FI=500, spacing_um=22.5, group=4),
    row("IHC2", SC=4, WI=1, spacing_um=22.5, flags=ALONE),
    row("IHC1", SC=1, WI=1, MI=1, FI=2, spacing_um=22.5, flags=ALONE),
    row("IHC3", SC=5, FI=900, spacing_um=22.5),
]

TABLES: dict[str, list[Row]] = {
    "breast-2018": [
        row("IHC0_NULL", tag="her2-null"),
        row("IHC0_STAINED", FI=1),
        row("IHC0_STAINED", FI=99),
        row("IHC0_STAINED", FI=100, tag="her2-ultralow"),
        row("IHC1", FI=101, tag="her2-low"),
        row("IHC1", FC=400),
        row("IHC1", WI=300),
        row("IHC1", WC=99, strict="IHC2", flags=GAP),
        row("IHC1", WC=100, strict="IHC2", flags=GAP),
        row("IHC2", WC=101),
        row("IHC2", MC=60, WC=60),
        row("IHC1", FI=60, WC=60, strict="IHC2", flags=GAP),
        row("IHC2", SC=5, flags=U1),
        row("IHC2", SC=99, flags=U1),
        row("IHC2", SC=100, flags=U1),
        row("IHC3", SC=101, tag="her2-positive"),
        row("IHC2", SC=60, MC=60, flags=U1),
        row("IHC2", SC=80, FI=800, flags=U1),
        row("IHC1", MI=100, strict="IHC2", flags=GAP),
        row("IHC2", MI=101, flags=U2),
        row("IHC2", MI=300, flags=U2),
        row("IHC2", SI=110, flags=U2),
        row("IHC2", MI=60, MC=60, flags=U2),
        row("IHC1", MI=80, strict="IHC2", flags=GAP),
        # A tenth of the strong cells together, or just less; linked at 25 µm, or just not.
        row("IHC3", SC=200, spacing_um=25.0, group=20),
        row("IHC3", SC=200, spacing_um=25.25, group=20, flags=("3PLUS_NOT_CONTIGUOUS",)),
        row("IHC3", SC=203, spacing_um=25.0, group=20, flags=("3PLUS_NOT_CONTIGUOUS",)),
    ],
    "breast-2013": [
        row("IHC0_NULL"),
        row("IHC0_STAINED", FI=100),
        row("IHC1", FI=101),
        row("IHC1", FC=400),
        row("IHC0_STAINED", WI=99),
        row("IHC0_STAINED", WI=100),
        row("IHC2", WI=101),
        row("IHC2", WC=101),
        row("IHC2", MI=101),
        row("IHC1", WC=100, strict="IHC2", flags=GAP),
        row("IHC1", MI=100, strict="IHC2", flags=GAP),
        row("IHC2", SC=1),
        row("IHC2", SC=99),
        row("IHC2", SC=100),
        row("IHC3", SC=101, tag="her2-positive"),
        row("IHC3", SC=200, spacing_um=25.0, group=20),
        row("IHC3", SC=200, spacing_um=25.25, group=20, flags=("3PLUS_NOT_CONTIGUOUS",)),
        row("IHC3", SC=203, spacing_um=25.0, group=20, flags=("3PLUS_NOT_CONTIGUOUS",)),
    ],
    "breast-2007": [
        row("IHC0_NULL"),
        row("IHC1", FI=1),
        row("IHC1", FI=101),
        row("IHC1", WI=900),
        row("IHC1", WC=99, strict="IHC2", flags=GAP),
        row("IHC2", WC=100),
        row("IHC2", WC=101),
        row("IHC2", MC=50, WC=50),
        row("IHC1", MI=500, strict="IHC2", flags=GAP),
        row("IHC2", SC=1),
        row("IHC2", SC=101),
        row("IHC2", SC=299),
        row("IHC2", SC=300),
        row("IHC3", SC=301, tag="her2-positive"),
    ],
    "gastric-resection": [replace(one, specimen="resection") for one in RESECTION],
    "gastric-biopsy": [replace(one, specimen="biopsy") for one in BIOPSY],
    "tumour-agnostic": [
        *(replace(one, specimen="resection") for one in RESECTION),
        *(replace(one, specimen="biopsy") for one in BIOPSY),
    ],
    "colorectal-heracles": [
        row("IHC0_NULL", status="negative"),
        row("IHC1", FI=1, status="negative"),
        row("IHC1", FC=1000, status="negative"),
        row("IHC1", WC=499, status="negative"),
        row("IHC1", WC=500, status="negative", flags=GAP),
        row("IHC2", MI=499, status="negative"),
        row("IHC2", MI=500, status="equivocal"),
        row("IHC2", MC=501, status="equivocal"),
        row("IHC2", SI=99, status="negative"),
        row("IHC2", SI=100, status="negative"),
        row("IHC3", SI=101, status="positive", flags=("ISH_DECIDES",)),
        row("IHC3", SC=499, status="positive", flags=("ISH_DECIDES",)),
        row("IHC3", SC=500, status="positive", tag="her2-positive"),
        row("IHC3", SI=501, status="positive", tag="her2-positive"),
        row("IHC2", SI=50, MI=450, status="equivocal"),
    ],
    "endometrial-serous": [
        row("IHC0_NULL"),
        row("IHC1", FI=1),
        row("IHC1", FC=900),
        row("IHC1", WC=99),
        row("IHC2", WC=100),
        row("IHC2", MI=101),
        row("IHC2", SI=1),
        row("IHC2", SI=299),
        row("IHC2", SI=300),
        row("IHC3", SC=301, tag="her2-positive"),
        row("IHC3", SC=151, SI=150),
    ],
}
STATUS = {"IHC2": "equivocal", "IHC3": "positive"}
CASES = [
    pytest.param(name, number, id=f"{name}-{number:02d}")
    for name, table in TABLES.items()
    for number in range(len(table))
]


@cache
def _cells(name: str, number: int) -> CellTable:
    one = TABLES[name][number]
    stained = np.repeat([PATTERNS.index(p) for p in one.per_thousand], list(one.per_thousand.values()))
    pattern = np.zeros(1000, np.int64)
    pattern[: len(stained)] = stained
    line, place = np.divmod(np.arange(1000), one.group or max(len(stained), 1))
    spacing_px = (one.spacing_um or 10.0) / FINE.x_um  # else they touch
    columns = {c.name: np.zeros((1000, 0) if c.name.endswith("_radii") else 1000, c.dtype) for c in COLUMNS}
    columns |= {"counted": np.ones(1000, bool), "pattern": pattern, "cell_id": np.arange(1000)}
    columns |= {"x_px": place * spacing_px, "y_px": line * 4000}
    return CellTable(**columns)


def _answer(book: Rulebook, name: str, number: int) -> tuple[object, ...]:
    one = TABLES[name][number]
    # Positions cost a bootstrap: they are given where rules or tags need them.
    measured = one.spacing_um or one.tag or any(rule.metric == "cluster" for rule in book.rules)
    score = score_cells(
        _cells(name, number),
        rulebook=book,
        statistics=STATISTICS,
        pixel_size=FINE if measured else None,
        specimen=one.specimen,
    )
    raising = [*(rule.flag for rule in book.rules), *(notice.flag for notice in book.notices)]
    codes = {flag.code for flag in score.flags} & {*raising, "3PLUS_NOT_CONTIGUOUS"}
    return score.category, score.her2_status, score.tag, score.rule_fired, frozenset(codes)


@cache
def _book(name: str, policy: str = "convention") -> Rulebook:
    mapping = tomllib.loads(RULEBOOKS[name].read_text(encoding="utf-8"))
    return parse_rulebook(mapping | {"gap_policy": policy}, name)


@pytest.mark.parametrize("policy", ["convention", "strict"])
@pytest.mark.parametrize(("name", "number"), CASES)
def test_every_row_of_the_tables(name: str, number: int, policy: str) -> None:
    one = TABLES[name][number]
    expected = one.strict if one.strict and policy == "strict" else one.category
    category, status, tag, _, flags = _answer(_book(name, policy), name, number)
    assert category == expected
    assert status == (one.status or STATUS.get(expected, "negative"))
    assert flags == one.flags
    if one.tag is not None:
        assert tag == one.tag


def _mutants(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every threshold a little up and down, every operator the other one, every distance and share."""
    original = tomllib.loads(RULEBOOKS[name].read_text(encoding="utf-8"))
    for part in ("rules", "notices"):
        for number, condition in enumerate(original.get(part, ())):
            if "threshold" not in condition:
                continue
            step = 0.1 if condition["metric"] == "percent" else 1
            changes: list[dict[str, Any]] = [
                {"threshold": round(condition["threshold"] + sign * step, 1)}
                for sign in (-1, 1)
                if condition["threshold"] + sign * step >= 0
            ]
            changes.append({"op": ">" if condition["op"] == ">=" else ">="})
            for change in changes:
                mutant = copy.deepcopy(original)
                mutant[part][number] |= change
                yield f"{part}[{number}] {change}", mutant
    for table, key in ((original, "link_um"), (original.get("contiguity", {}), "min_share")):
        for factor in (0.98, 1.02):
            if key in table:
                mutant = copy.deepcopy(original)
                (mutant if table is original else mutant["contiguity"])[key] = table[key] * factor
                yield f"{key} * {factor}", mutant


def _decision(book: Rulebook, name: str, number: int) -> tuple[int, tuple[bool, ...], bool]:
    """What the rules alone say of a row: many times as fast as a slide is scored."""
    cells = _cells(name, number)
    book = book.for_specimen(TABLES[name][number].specimen)
    counts = np.bincount(cells.pattern, minlength=len(PATTERNS))
    yx_um = np.stack([cells.y_px, cells.x_px], axis=1).astype(np.float64) * FINE.x_um
    members = membership(book.rules).astype(bool)[cells.pattern] & (cells.pattern > 0)[:, None]
    sizes = (
        np.zeros(len(book.rules), np.int64)
        if book.link_um is None
        else (group_sizes(yx_um, members, book.link_um).max(axis=0))
    )
    clustered = np.array(
        [
            rule.metric == "cluster" and bool(cluster_suffices(rule, size))
            for rule, size in zip(book.rules, sizes, strict=True)
        ]
    )
    fired = int(deciding_rule(conditions_met(book.rules, counts, clustered, STATISTICS)))
    noticed = conditions_met(book.notices, counts, np.zeros(len(book.notices), bool), STATISTICS)
    # The strong cells of a 3+ that hangs together: its first rule counts the cells of the contiguity.
    apart = book.contiguity is not None and bool(sizes[0] < book.contiguity.min_share * counts[-1])
    return fired, tuple(noticed.tolist()), apart


def test_every_shipped_rulebook_has_a_table_and_every_rule_fires_in_it() -> None:
    assert TABLES.keys() == RULEBOOKS.keys()
    for name, table in TABLES.items():
        fired = set()
        for number, one in enumerate(table):
            book = _book(name).for_specimen(one.specimen)
            fired.add(book.name_of(_decision(_book(name), name, number)[0]))
        names = [rule.name for rule in _book(name).rules]
        assert fired == {*names, _book(name).fall_through.name}, name


@pytest.mark.parametrize("name", sorted(RULEBOOKS))
def test_a_cut_off_that_moves_is_noticed(name: str) -> None:
    rows = range(len(TABLES[name]))
    before = [_decision(_book(name), name, number) for number in rows]
    unnoticed = []
    for what, mutant in _mutants(name):
        try:
            book = parse_rulebook(mutant, name)
        except ConfigurationError:
            continue
        if all(_decision(book, name, number) == before[number] for number in rows):
            unnoticed.append(what)
    assert unnoticed == []
