"""What determines the answer for each row of a manifest: its recipe, and its regions."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from her2path.errors import RegionFileError, UsageError
from her2path.recipe import Recipe
from her2path.scoring.terms import Specimen
from her2path.store.manifest import ManifestRow, parse_rows
from her2path.store.manifest_mistakes import Mistake, raise_all
from her2path.store.recipes import load_recipe, read_toml
from her2path.store.regions import Outline, read_regions
from her2path.store.tumours import Tumours, load_tumours


def read_batch(
    given: Sequence[Path],
    *,
    recipe: Path | None = None,
    rulebook: str | None = None,
    specimen: str | None = None,
    mpp_um: float | None = None,
    engine: str | None = None,
) -> tuple[tuple[ManifestRow, ...], tuple[Recipe, ...]]:
    """Read what ``batch`` was given, and make the recipe of every slide.

    What a row gives wins over the options, and these over the file. Where none of them names a rulebook, the
    row's tumour picks it (``configs/tumours.toml``).

    Parameters
    ----------
    given
        One manifest, or slides, folders and glob patterns.
    recipe
        TOML file; without one, every value has its default.
    rulebook, specimen, mpp_um, engine
        Options for every row; None where they are not given, engine ``auto`` is none either.

    Returns
    -------
    tuple of (tuple of ManifestRow, tuple of Recipe)
        A recipe a row. The digests of region files are those of ``her2path score`` with the same files.

    Raises
    ------
    UsageError
        With every mistake: row as a spreadsheet counts, column, what is wrong, what to do.
    """
    asked = _Asked(recipe, rulebook, specimen, mpp_um, engine)
    rows, mistakes = parse_rows(given)
    recipes, more = _make(rows, asked)
    told = {(mistake.where, mistake.column) for mistake in mistakes}
    # A cell that could not be read is not missing, and what follows from a rulebook is not known without it.
    news = (one for one in more if told.isdisjoint([(one.where, one.column), (one.where, "rulebook")]))
    raise_all([*mistakes, *news])
    return rows, tuple(recipes)


def regions_of(row: ManifestRow, recipe: Recipe) -> tuple[tuple[Outline, ...] | None, tuple[Outline, ...]]:
    """Read the regions of a row again, where the slide is scored.

    Returns
    -------
    tuple of (tuple of Outline or None, tuple of Outline)
        What to score, None for all tissue; and what to leave out: the shapes of ``control_roi`` are among
        it, each of a control class.

    Raises
    ------
    RegionFileError
        If a file cannot be read, or is no longer the one that the recipe was made with.
    """
    include = None if row.include is None else read_regions(row.include).outlines
    exclude = () if row.exclude is None else read_regions(row.exclude).outlines
    control = () if row.control_roi is None else read_regions(row.control_roi).outlines
    digests = _digests(row, _file_digest)
    if digests != {"include_sha256": recipe.include_sha256, "exclude_sha256": recipe.exclude_sha256}:
        files = ", ".join(path.name for path in (row.include, row.exclude, row.control_roi) if path)
        raise RegionFileError(
            f"a region file ({files or 'none named'}) is not the one that this batch began with; "
            "run the same command again"
        )
    return include, exclude + tuple(_as_control(outline, recipe.control_classes) for outline in control)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for every row."""

    recipe: Path | None
    rulebook: str | None
    specimen: str | None
    mpp_um: float | None
    engine: str | None

    def load(self, **of_row: Any) -> Recipe:  # noqa: ANN401 - checked by the recipe
        """Make the recipe; what the row gives wins."""
        options = {"rulebook": self.rulebook, "specimen": self.specimen, "mpp_um": self.mpp_um}
        values = options | {name: value for name, value in of_row.items() if value is not None}
        if values["mpp_um"] is not None:
            values["mpp_um"] = (values["mpp_um"], values["mpp_um"])
        return load_recipe(self.recipe, engine=None if self.engine == "auto" else self.engine, **values)

    def named_rulebook(self) -> str | None:
        """Give the rulebook that an option or the file names; None where it is the program's choice."""
        return self.rulebook or (read_toml(self.recipe).get("rulebook") if self.recipe else None)


@dataclass(frozen=True, slots=True)
class _Deciding:
    """What of a row decides its recipe, apart from regions; many rows are alike in it."""

    rulebook: str | None
    tumour: str | None
    specimen: Specimen | None
    mpp_um: float | None
    clone: str | None


def _make(rows: Sequence[ManifestRow], asked: _Asked) -> tuple[list[Recipe], list[Mistake]]:
    """Make the recipes, and list what is wrong; the recipes are of use only where nothing is."""
    try:
        general, named, tumours = asked.load(), asked.named_rulebook(), load_tumours()
    except UsageError as error:
        # What is wrong for all would be wrong again in every row.
        return [], [Mistake("", None, line) for line in str(error).splitlines()]
    digest, combine = cache(_file_digest), cache(partial(_combine, asked, general, named, tumours))
    recipes: list[Recipe] = []
    mistakes: list[Mistake] = []
    for row in rows:
        made = combine(_Deciding(row.rulebook, row.tumour, row.specimen, row.mpp_um, row.clone))
        if isinstance(made, Recipe):
            try:
                digests = _digests(row, digest)
            except RegionFileError as error:
                mistakes.append(Mistake(row.where, None, str(error)))
            else:
                recipes.append(made.model_copy(update=digests) if any(digests.values()) else made)
        else:
            mistakes += [Mistake(row.where, column, what) for column, what in made.items()]
    return recipes, mistakes


def _combine(
    asked: _Asked, general: Recipe, named: str | None, tumours: Tumours, of_row: _Deciding
) -> Recipe | dict[str, str]:
    """Make the recipe of a row, apart from its regions; or say what is wrong, by column."""
    wrong: dict[str, str] = {}
    specimen = of_row.specimen or general.specimen
    if general.tma is not None:
        if specimen not in (None, "tma-core"):
            wrong["specimen"] = f"the recipe scores cores of an array, and not a {specimen}; say tma-core"
        specimen = "tma-core"
    rulebook = of_row.rulebook
    if of_row.tumour is not None:
        tumour = tumours.named(of_row.tumour)
        try:
            if (chosen := rulebook or named) is not None:
                to_fill = "rulebook" if rulebook else "tumour"
                tumours.check(tumour, chosen)
            else:
                to_fill = "rulebook" if specimen else "specimen"
                rulebook = tumour.pick(specimen)
        except UsageError as error:
            by_whom = " (an option or the recipe names it)" if to_fill == "tumour" else ""
            wrong[to_fill] = f"{error}{by_whom}"
    try:
        recipe = asked.load(rulebook=rulebook, specimen=specimen, mpp_um=of_row.mpp_um, clone=of_row.clone)
    except UsageError as error:
        return wrong | {"clone": _in_one_line(error)}  # each other value was found good on its own
    try:
        recipe.rulebook.check_specimen(recipe.specimen)
    except UsageError as error:
        wrong = wrong or {"specimen": str(error)}  # of a rulebook that fits the tumour
    return wrong or recipe


def _digests(row: ManifestRow, digest: Callable[[Path], str]) -> dict[str, str | None]:
    """Give the digests of a row's regions, under their names in the recipe.

    ``exclude_sha256`` is that of the file to exclude, and where there is control tissue, one of both files.
    """
    include = None if row.include is None else digest(row.include)
    exclude = None if row.exclude is None else digest(row.exclude)
    if row.control_roi is not None:
        both = f"exclude {exclude or ''}\ncontrol {digest(row.control_roi)}\n"
        exclude = hashlib.sha256(both.encode()).hexdigest()
    return {"include_sha256": include, "exclude_sha256": exclude}


def _file_digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RegionFileError(
            f"{path} cannot be read ({error.strerror}); check the path of the region file"
        ) from error


def _as_control(outline: Outline, classes: Sequence[str]) -> Outline:
    """Give a shape a class of control tissue beside its own, which may tell the level it should reach."""
    parts = {part.strip().casefold() for part in outline.name.split(":")}
    if not classes or not parts.isdisjoint(name.casefold() for name in classes):
        return outline
    return replace(outline, name=f"{classes[0]}: {outline.name}" if outline.name else classes[0])


def _in_one_line(error: UsageError) -> str:
    return "; ".join(getattr(error, "problems", None) or str(error).splitlines())
