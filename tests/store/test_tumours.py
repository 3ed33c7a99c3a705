"""The rulebook that a tumour picks is one that there is, and no other tumour's rules are taken for it."""

from typing import get_args

import pytest

from her2path.errors import UsageError
from her2path.scoring.terms import Specimen
from her2path.store.recipes import list_rulebooks, load_rulebook
from her2path.store.tumours import Tumour, load_tumours

TUMOURS = load_tumours()


@pytest.mark.parametrize(
    ("tumour", "specimen", "rulebook"),
    [
        ("breast", None, "breast-2018"),
        ("breast", "cytology", "breast-2018"),
        ("gastric", "resection", "gastric-resection"),
        ("gastric", "biopsy", "gastric-biopsy"),
        ("colorectal", None, "colorectal-heracles"),
        ("endometrial", "biopsy", "endometrial-serous"),
        ("other", "biopsy", "tumour-agnostic"),
    ],
)
def test_a_tumour_picks_its_rulebook(tumour: str, specimen: Specimen | None, rulebook: str) -> None:
    assert TUMOURS.named(tumour).pick(specimen) == rulebook


def test_where_the_specimen_decides_it_must_be_given() -> None:
    gastric = TUMOURS.named("gastric")
    with pytest.raises(UsageError, match=r"depends on the specimen: give it \(resection, biopsy\)"):
        gastric.pick(None)
    with pytest.raises(
        UsageError, match=r"tma-core alone; name the rulebook .*gastric-resection, gastric-bi"
    ):
        gastric.pick("tma-core")


@pytest.mark.parametrize("text", ["Stomach", "GASTRIC", "gastro oesophageal", "GEJ", "gastric_cancer"])
def test_a_few_spellings_are_known(text: str) -> None:
    assert TUMOURS.named(text).name == "gastric"


def test_an_unknown_tumour_is_told_the_nearest_and_all() -> None:
    with pytest.raises(UsageError, match=r"'brest' is no tumour; did you mean breast\? \(breast, gastric, c"):
        TUMOURS.named("brest")
    with pytest.raises(UsageError, match=r"'xyz' is no tumour \(breast"):
        TUMOURS.named("xyz")


def test_another_tumours_rulebook_is_refused() -> None:
    gastric = TUMOURS.named("gastric")
    for fitting in ("gastric-biopsy", "tumour-agnostic", "mine.toml"):
        TUMOURS.check(gastric, fitting)
    with pytest.raises(UsageError, match="breast-2018 is not for gastric tumours; choose one of gastric-res"):
        TUMOURS.check(gastric, "breast-2018")


def test_the_table_knows_every_rulebook_and_no_other() -> None:
    named = {rulebook for tumour in TUMOURS.tumours for rulebook in tumour.fits} | set(TUMOURS.fits_all)
    assert named == {rulebook.id for rulebook in list_rulebooks()}


@pytest.mark.parametrize("tumour", TUMOURS.tumours, ids=lambda tumour: tumour.name)
def test_what_is_picked_fits_the_tumour(tumour: Tumour) -> None:
    for specimen in get_args(Specimen):
        if tumour.rulebook is None and specimen not in tumour.rulebook_by_specimen:
            continue
        TUMOURS.check(tumour, tumour.pick(specimen))
    for specimen, rulebook in tumour.rulebook_by_specimen.items():
        load_rulebook(rulebook).check_specimen(specimen)


def test_no_spelling_means_two_tumours() -> None:
    spelt = [word.casefold() for tumour in TUMOURS.tumours for word in (tumour.name, *tumour.spelt)]
    assert len(spelt) == len(set(spelt))
